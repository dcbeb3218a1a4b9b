"""The limit of Q6: what creating a case takes, written by hand over the bare driver.

The same steps as the command's, in one transaction: the committee in scope and held, the place in scope, the next
number, the row, its entries in the search, the audit record; then the answer. Triggers keep the rollups for both.
"""

from __future__ import annotations

import datetime as dt
import decimal
import sqlite3
from collections.abc import Mapping
from typing import Any

import orjson

from db.clock import now, today
from db.grams import cells, grams, text_of
from db.identity import new_key
from db.sounds import fold
from db.types import gram_word

_COMMITTEE = """SELECT c.code, c.name, c.status, c.scope_path, c.org_scope_id, c.region_id, r.code AS region_code,
    r.name AS region_name FROM mediation_committee c JOIN region r ON r.id = c.region_id
    WHERE c.id = {0} AND c.deleted_at IS NULL AND c.scope_path >= {1} AND c.scope_path < {2}"""
_PLACE = """SELECT id FROM region WHERE code = {0} AND valid_to IS NULL AND deleted_at IS NULL
    AND (path >= {1} AND path < {2})"""
_NUMBER = """INSERT INTO number_series (name, last) VALUES ({0}, 1)
    ON CONFLICT (name) DO UPDATE SET last = number_series.last + 1 RETURNING last"""
_COLUMNS = (
    "id", "case_no", "title", "summary", "committee_id", "region_id", "dispute_type", "source", "parties_relation",
    "difficulty", "amount_claimed", "headcount", "accepted_on", "registered_at", "entered_at", "entry_channel",
    "state", "mediation_times", "public", "is_major", "is_difficult", "confirmation_state", "litigation_result",
    "subsidy_state", "late_entry", "scope_path", "org_scope_id", "created_at", "updated_at", "version",
    "created_by_id", "updated_by_id",
)  # fmt: skip
_RECORD = (
    "id", "actor_id", "action", "verb", "entity", "entity_id", "summary", "after", "at", "ip", "technical",
    "scope_path", "region_id", "org_scope_id", "created_at", "updated_at", "version", "created_by_id",
    "updated_by_id",
)  # fmt: skip


def _insert(table: str, columns: tuple[str, ...], mark: str) -> str:
    marks = ", ".join(f"{mark}{i}" for i in range(1, len(columns) + 1))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def _statements(mark: str) -> dict[str, str]:
    def numbered(sql: str) -> str:
        return sql.format(*(f"{mark}{i}" for i in range(1, 4)))

    entries = ("row_id", "field", "cells", "grams") if mark == "$" else ("id", "row_id", "field", "cells")
    return {
        "committee": numbered(_COMMITTEE) + (" FOR KEY SHARE OF c" if mark == "$" else ""),
        "place": numbered(_PLACE) + (" FOR KEY SHARE" if mark == "$" else ""),
        "number": numbered(_NUMBER),
        "case": _insert("mediation_case", _COLUMNS, mark),
        "entry": _insert("search_entry", entries, mark),
        "record": _insert("audit_log", _RECORD, mark),
    }


POSTGRES, SQLITE = _statements("$"), _statements("?")


def _case(asked: Mapping[str, Any], committee: Any, place: str, number: int, account: str) -> dict[str, Any]:
    """The new row, as Python values."""
    at, year = now(), today().year
    return {
        "id": new_key(), "case_no": f"{committee['code']}{year}{number:06d}", "title": asked["title"],
        "summary": asked["summary"], "committee_id": asked["committee"]["connect"]["id"][3:], "region_id": place,
        "dispute_type": asked["disputeType"], "source": asked["source"],
        "parties_relation": asked["partiesRelation"], "difficulty": asked["difficulty"],
        "amount_claimed": decimal.Decimal(asked["amountClaimed"]), "headcount": asked["headcount"],
        "accepted_on": dt.date.fromisoformat(asked["acceptedOn"]), "registered_at": at, "entered_at": at,
        "entry_channel": "API", "state": "REGISTERED", "mediation_times": 0, "public": False, "is_major": False,
        "is_difficult": False, "confirmation_state": "NOT_APPLIED", "litigation_result": "NONE",
        "subsidy_state": "NONE", "late_entry": False, "scope_path": committee["scope_path"],
        "org_scope_id": _text(committee["org_scope_id"]), "created_at": at, "updated_at": at, "version": 1,
        "created_by_id": account, "updated_by_id": account,
    }  # fmt: skip


def _record(case: Mapping[str, Any], committee: Any, account: str, ip: str) -> dict[str, Any]:
    """The audit record of the row."""
    told = {name: value for name, value in case.items() if name not in ("scope_path", "org_scope_id")}
    at = case["created_at"]
    return {
        "id": new_key(), "actor_id": account, "action": "CREATE", "verb": "register", "entity": "MediationCase",
        "entity_id": f"cs_{case['id']}", "summary": f"登记 调解案件：{committee['name']} {case['title']}",
        "after": orjson.dumps(told, default=str).decode(), "at": at, "ip": ip, "technical": False,
        "scope_path": case["scope_path"], "region_id": _text(committee["region_id"]),
        "org_scope_id": case["org_scope_id"], "created_at": at, "updated_at": at, "version": 1,
        "created_by_id": account, "updated_by_id": account,
    }  # fmt: skip


def _entries(case: Mapping[str, Any]) -> list[tuple[str, str, str, list[int]]]:
    """What the search keeps of the row."""
    found = []
    for name in ("case_no", "title"):
        held = cells(fold(case[name]))
        found.append((case["id"], f"mediation_case.{name}", held, grams("mediation_case", text_of(held))))
    return found


def _answer(case: Mapping[str, Any], committee: Any) -> bytes:
    row = {
        "id": f"cs_{case['id']}", "caseNo": case["case_no"], "disputeType": case["dispute_type"],
        "state": case["state"], "acceptedOn": str(case["accepted_on"]), "amountClaimed": str(case["amount_claimed"]),
        "committee": {
            "id": f"mc_{case['committee_id']}", "name": committee["name"],
            "region": {"code": committee["region_code"], "name": committee["region_name"]},
        },
    }  # fmt: skip
    return orjson.dumps({"data": {"createMediationCase": {"mediationCase": row, "errors": []}}})


def _text(key: Any) -> str | None:
    return None if key is None else str(key)


async def on_postgres(pool: Any, asked: Mapping[str, Any], facts: Mapping[str, Any]) -> bytes:
    """Create the case over an asyncpg pool."""
    sql, scope = POSTGRES, (facts["clerk_low"], facts["clerk_high"])
    async with pool.acquire() as connection, connection.transaction():
        committee = await connection.fetchrow(sql["committee"], asked["committee"]["connect"]["id"][3:], *scope)
        place = await connection.fetchval(sql["place"], asked["region"]["connect"]["code"], *scope)
        if committee is None or place is None or committee["status"] == "DISSOLVED":
            raise LookupError("no such committee or place")
        number = await connection.fetchval(sql["number"], f"case/{committee['code']}/{today().year}")
        case = _case(asked, committee, str(place), number, facts["account"])
        await connection.execute(sql["case"], *case.values())
        await connection.executemany(sql["entry"], _entries(case))
        record = _record(case, committee, facts["account"], "127.0.0.1")
        await connection.execute(sql["record"], *record.values())
    return _answer(case, committee)


def on_sqlite(connection: sqlite3.Connection, asked: Mapping[str, Any], facts: Mapping[str, Any]) -> bytes:
    """Create the case over a connection without a transaction."""
    sql, scope = SQLITE, (facts["clerk_low"], facts["clerk_high"])
    connection.execute("BEGIN IMMEDIATE")
    try:
        found = connection.execute(sql["committee"], (asked["committee"]["connect"]["id"][3:], *scope)).fetchone()
        place = connection.execute(sql["place"], (asked["region"]["connect"]["code"], *scope)).fetchone()
        if found is None or place is None:
            raise LookupError("no such committee or place")
        names = ("code", "name", "status", "scope_path", "org_scope_id", "region_id", "region_code", "region_name")
        committee = dict(zip(names, found, strict=True))
        series = f"case/{committee['code']}/{today().year}"
        number = connection.execute(sql["number"], (series,)).fetchall()[0][0]
        case = _case(asked, committee, place[0], number, facts["account"])
        connection.execute(sql["case"], [_stored(value) for value in case.values()])
        last = connection.execute("SELECT max(id) FROM search_entry").fetchone()[0] or 0
        for i, (row, field, held, numbers) in enumerate(_entries(case), last + 1):
            connection.execute(sql["entry"], (i, row, field, held))
            words = " ".join(map(gram_word, numbers))
            connection.execute("INSERT INTO search_gram (rowid, grams) VALUES (?, ?)", (i, words))
        record = _record(case, committee, facts["account"], "127.0.0.1")
        connection.execute(sql["record"], [_stored(value) for value in record.values()])
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return _answer(case, committee)


def _stored(value: Any) -> Any:
    """A value as SQLite keeps it."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" ", "milliseconds")
    if isinstance(value, dt.date):
        return value.isoformat()
    return int(value * 100) if isinstance(value, decimal.Decimal) else value
