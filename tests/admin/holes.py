"""What the tests of the stock admin's holes share: rows of others, what is stored, and what may never be shown."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import sqlalchemy as sa

from db import crypto
from db.engine import Database
from db.identity import global_id
from db.models.people.mediator import Mediator
from settings import Settings
from tests.admin.person import Person

People = Callable[[str], Person]
COMMITTEES, PEOPLE, FILINGS, CASES, REGIONS = "人民调解委员会", "人民调解员", "备案", "调解案件", "行政区划"
MISSING = "mc_01856aa0-c800-7fff-8fff-ffffffffffff"
NOT_THERE = (404, "没有找到，或者无权查看。".encode())
_COLUMNS = {"id_number": "身份证号", "mobile": "手机号", "bank_account": "银行账号"}
Row = dict[str, Any]


def stored(url: str, statement: Any) -> list[Row]:
    """What the database holds, read past every permission."""

    async def look() -> list[Row]:
        database = Database(Settings(database_url=url))
        try:
            return await database.look(lambda c: [dict(row) for row in c.execute(statement).mappings()])
        finally:
            await database.stop()

    return asyncio.run(look())


def committee(url: str, key: str) -> Row:
    """A committee as stored; `key` is its global id."""
    table = Mediator.metadata.tables["mediation_committee"]
    [found] = stored(url, sa.select(table).where(table.c.id == key.partition("_")[2]))
    return found


def theirs(people: People) -> str:
    """A committee that office2 has and office may not see."""
    return str(people("office2").rows(COMMITTEES)[0]["编号"])


def mine(people: People) -> str:
    """A committee of office."""
    return str(people("office").rows(COMMITTEES)[0]["编号"])


def same(answer: httpx2.Response) -> tuple[int, bytes]:
    """What of an answer a client can tell apart."""
    return answer.status_code, answer.content


def secrets_of(url: str) -> dict[str, str]:
    """Every plain number of every mediator -> whose it is."""
    table = Mediator.__table__
    found: dict[str, str] = {}
    for row in stored(url, sa.select(table)):
        for name in _COLUMNS:
            if row.get(f"{name}_cipher"):
                found[crypto.decrypt(row[f"{name}_cipher"], f"mediator.{name}")] = global_id("md", row["id"])
    return found


def digits(text: str) -> set[str]:
    """Every run of a text that could be an identity card, a telephone or an account."""
    return set(re.findall(r"\d{10,}[0-9X]", text))


def answers(person: Person, table: str) -> Iterator[httpx2.Response]:
    """Every way in which a table shows rows."""
    yield person.get(f"tables/{table}/", __readable="true", __page_size=100)
    yield person.get(f"tables/{table}/", __page_size=1000)
    yield person.get(f"tables/{table}/ids/")
    yield person.get(f"tables/{table}/schema/")
    for row in person.rows(table)[:5]:
        yield person.get(f"tables/{table}/{row['编号']}/", __readable="true")
