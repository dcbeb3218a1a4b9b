"""Surfaces beside the lists: the admin's addresses, and writes that name what one may not see.

Every write here is refused, or only rehearsed: the data stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import orjson
from starlette.types import Message

from admin.api import MOST_FOUND
from admin.tables import Tables
from db.entity_info import EntityInfo, Relation
from permissions.actions import may_delete
from permissions.viewer import Viewer
from tests.documents import Document
from tests.proof.prober import Prober, dice
from tests.proof.reads import chosen
from tests.strategies import Asks
from tests.world import NEVER, Row

MOST_LISTED = 100
"""Rows of a page of the admin."""

# --- the admin --------------------------------------------------------------------------------------------------------


def get(prober: Prober, viewer: str, path: str, **params: Any) -> tuple[int, bytes]:
    """What the admin answers below /admin/api/tables/ to a viewer of the server."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    here = f"/api/tables/{path}"
    scope: dict[str, Any] = {
        "type": "http", "method": "GET", "path": here, "raw_path": quote(here).encode(), "root_path": "",
        "query_string": urlencode(params).encode(), "headers": [], "scheme": "http", "server": ("test", 80),
        "http_version": "1.1", "client": ("127.0.0.1", 1), "state": {"viewer": prober.place.viewers[viewer]},
    }  # fmt: skip

    async def ask() -> None:
        await asyncio.wait_for(prober.admin(scope, receive, send), 60)

    prober.place.runner.run(ask())
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def admin(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A table of the admin: its list, count, picker, references, and the form of rows seen and unseen."""
    chance, copies = dice(draw), prober.copies
    tables = Tables(copies.entities)
    table = chance.choice(sorted(tables.values(), key=lambda table: table.wire))
    info = table.info
    for name in family:
        viewer = prober.viewers[name]
        if not copies.readers(info, viewer):
            status, _ = get(prober, name, f"{table.wire}/")
            prober.compare("admin list", name, table.wire, 404, status)
            continue
        seen = {f"{info.facts.prefix}_{row['id']}": row for row in copies.seen_rows(info.name, viewer)}
        status, body = get(prober, name, f"{table.wire}/", __page_size=MOST_LISTED)
        rows = orjson.loads(body).get("rows", ()) if status == 200 else ()
        listed, most = {row["编号"] for row in rows}, min(len(seen), MOST_LISTED)
        prober.compare("admin list", name, table.wire, (200, most, set()), (status, len(rows), listed - set(seen)))
        prober.compare("admin list", name, f"cells of {table.wire}", [], wrong_cells(prober, table, viewer, rows, seen))
        status, body = get(prober, name, f"{table.wire}/count/")
        prober.compare("admin list", name, f"{table.wire}/count", len(seen), orjson.loads(body).get("count"))
        status, body = get(prober, name, f"{table.wire}/ids/")
        ends = info.fields.get("valid_to") if info.name == "Region" else None
        told = ends is not None and copies.conditionable(info.name, ends, viewer)
        offered = {key for key, row in seen.items() if not told or row["valid_to"] is None}
        picked = set(orjson.loads(body))  # what the labels say is compared in the lists
        if len(offered) > MOST_FOUND:
            offered = set(sorted(offered & picked)[:MOST_FOUND])
        prober.compare("admin ids", name, f"{table.wire}/ids", offered, picked)
        references(prober, tables, table, name)
        form(prober, table, name, chance.choice([*chosen(prober, info, viewer), *copies.rows[info.name]]))


def wrong_cells(prober: Prober, table: Any, viewer: Viewer, rows: Any, seen: Mapping[str, Row]) -> list[Any]:
    """Cells of plain columns that do not print what the copy holds."""
    found = []
    for row in rows:
        for column in table.columns.values():
            field = column.scalar
            if field is None or column.wire not in row or field.kind not in ("text", "int") or row["编号"] not in seen:
                continue
            told = prober.copies.shown(table.info.name, field, seen[row["编号"]], viewer)
            if column is table.link and not told:
                continue  # the front end needs something to click on
            if row[column.wire] != told and str(row[column.wire]) != str(told):
                found.append((row["编号"], column.wire, told, row[column.wire]))
    return found


def references(prober: Prober, tables: Tables, table: Any, name: str) -> None:
    """Which tables name this one: only tables of which the viewer sees rows."""
    viewer = prober.viewers[name]
    _, body = get(prober, name, f"{table.wire}/references/")
    open_to = {t.wire for t in tables.values() if prober.copies.readers(t.info, viewer)}
    told = {found["tableName"] for found in orjson.loads(body).get("references", [{"tableName": "?"}])}
    prober.compare("admin references", name, table.wire, set(), told - open_to)


def form(prober: Prober, table: Any, name: str, row: Row) -> None:
    """A row's form where it is seen; else the very answer of a row that never was."""
    info, viewer = table.info, prober.viewers[name]
    if not prober.copies.visible(info.name, row, viewer):
        never = get(prober, name, f"{table.wire}/{info.facts.prefix}_{NEVER}/")
        answer = get(prober, name, f"{table.wire}/{info.facts.prefix}_{row['id']}/")
        prober.compare("admin detail", name, f"{table.wire} {row['id']}", (404, never), (answer[0], answer))
        return
    status, body = get(prober, name, f"{table.wire}/{info.facts.prefix}_{row['id']}/")
    found = orjson.loads(body)
    wrong = wrong_cells(prober, table, viewer, [found], {found.get("编号", ""): row}) if status == 200 else [body]
    prober.compare("admin detail", name, f"{table.wire} {row['id']}", [], wrong)


# --- writes -----------------------------------------------------------------------------------------------------------


def foreign_keys(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A new row that names a row one may not see: refused as one that names a row that never was."""
    chance, copies = dice(draw), prober.copies
    mutations = prober.place.schema.core.mutation_type
    assert mutations is not None
    creatable = [i for i in copies.entities.values() if f"create{i.name}" in mutations.fields]
    info = chance.choice(creatable)
    relations = [r for r in info.references if input_takes(prober, info, r)]
    if not relations:
        return
    relation = chance.choice(relations)
    target = copies.entities[relation.target]
    for name in family:
        hidden = copies.hidden_rows(target.name, prober.viewers[name])
        if not hidden:
            continue
        foreign, never = f"{target.facts.prefix}_{chance.choice(hidden)['id']}", f"{target.facts.prefix}_{NEVER}"
        text = "mutation M($key: ID!) { create%s(input: {%s: {connect: {id: $key}}}) { errors { path code message } } }"
        text %= (info.name, relation.public)
        same(prober, "foreign key", name, text, {"key": foreign}, {"key": never})


def input_takes(prober: Prober, info: EntityInfo, relation: Relation) -> bool:
    """Whether the input of a new row takes a reference."""
    given = prober.place.schema.core.get_type(f"{info.name}Input")
    return given is not None and relation.public in given.fields  # type: ignore[attr-defined]


def same(
    prober: Prober, surface: str, name: str, text: str, foreign: Mapping[str, Any], never: Mapping[str, Any]
) -> None:
    """What is answered of a row that one may not see is answered of one that never was, and is a refusal."""
    one, other = (prober.place.ask(name, text, variables) for variables in (foreign, never))
    old, new = str(foreign), str(never)
    prober.compare(surface, name, f"{text} {old}", scrubbed(other, never), scrubbed(one, foreign))
    refused = "'code'" in str(one) and "'INTERNAL'" not in str(one)
    prober.compare(surface, name, f"{text} {new}", "refused", "refused" if refused else one)


def scrubbed(answer: Any, variables: Mapping[str, Any]) -> str:
    """An answer without what the question itself held, and without its reference number."""
    text = str(answer)
    for value in variables.values():
        text = text.replace(str(value), "KEY")
    return text


def by_key(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """Changing or deleting a row one may not see: refused as for a row that never was."""
    chance, copies = dice(draw), prober.copies
    mutations = prober.place.schema.core.mutation_type
    assert mutations is not None
    verb = chance.choice(("update", "delete"))
    info = chance.choice([i for i in copies.entities.values() if f"{verb}{i.name}" in mutations.fields])
    patch = ", patch: {}" if verb == "update" else ""
    text = f"mutation M($key: ID!) {{ {verb}{info.name}(by: {{id: $key}}{patch}, ifVersion: 1)"
    text += " { errors { path code message } } }"
    for name in family:
        hidden = copies.hidden_rows(info.name, prober.viewers[name])
        if hidden:
            foreign = f"{info.facts.prefix}_{chance.choice(hidden)['id']}"
            same(prober, "error text", name, text, {"key": foreign}, {"key": f"{info.facts.prefix}_{NEVER}"})


def unwritable(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """Changing or deleting a row that one may see and no more is FORBIDDEN."""
    chance, copies = dice(draw), prober.copies
    mutations = prober.place.schema.core.mutation_type
    assert mutations is not None
    verb, letter = chance.choice((("update", "U"), ("update", "U"), ("delete", "C")))
    info = chance.choice([i for i in copies.entities.values() if f"{verb}{i.name}" in mutations.fields])
    patch = ", patch: {}" if verb == "update" else ""
    text = f"mutation M($key: ID!) {{ {verb}{info.name}(by: {{id: $key}}{patch}, ifVersion: 0)"
    text += " { errors { path code } } }"
    for name in family:
        viewer = prober.viewers[name]
        seen = copies.seen_rows(info.name, viewer)
        closed = [row for row in seen if not copies.writes(info, row, viewer, letter)]
        for row in chance.sample(closed, min(len(closed), 3)):
            answer = prober.place.ask(name, text, {"key": f"{info.facts.prefix}_{row['id']}"})
            got = "FORBIDDEN" if "'FORBIDDEN'" in str(answer) else answer
            prober.compare("beyond one's right", name, f"{text} {row['id']}", "FORBIDDEN", got)


def bulk(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """A rehearsed deletion of what meets a condition counts, holds and names the rows that are seen, and no others."""
    chance, copies = dice(draw), prober.copies
    mutations = prober.place.schema.core.mutation_type
    assert mutations is not None
    reader = prober.viewers[family[0]]
    known = [info for info in copies.entities.values() if f"delete{camel_plural(info)}" in mutations.fields]
    deletable = [info for info in known if copies.readers(info, reader) and may_delete(info, reader)]
    if not deletable:
        return
    info = chance.choice(deletable)
    where = draw(Asks(copies, {}).where(info.name, reader, 1))
    text = f"mutation {{ delete{camel_plural(info)}(where: {Document(copies.entities).where(info, where)}, atMost: 1, "
    text += "dryRun: true) { affectedCount errors { code path id message } } }"
    for name in family:
        viewer = prober.viewers[name]
        met = [row for row in copies.seen_rows(info.name, viewer) if copies.meets(info.name, row, where, viewer)]
        answer = prober.place.ask(name, text)
        payload = next(iter((answer.get("data") or {"": None}).values()))
        if payload is None:
            prober.compare("bulk", name, text, "a count", answer)
        elif len(met) > 1:
            error = {
                "code": "RANGE",
                "path": ["atMost"],
                "id": None,
                "message": f"There are {len(met)} rows, more than 1.",
            }
            prober.compare("bulk", name, text, {"affectedCount": 0, "errors": [error]}, payload)
        else:
            named = {error["id"] for error in payload["errors"]}
            expected = {f"{info.facts.prefix}_{row['id']}" for row in met}
            prober.compare("bulk", name, text, expected, named if named or not payload["affectedCount"] else expected)


def upsert(prober: Prober, draw: Any, family: Sequence[str]) -> None:
    """An item whose key is that of a row one may not see never changes it and tells nothing of what it holds."""
    chance, copies = dice(draw), prober.copies
    wanted = (("MediationCommittee", "code", "CODE"), ("HostUnit", "credit_code", "CREDIT_CODE"))
    entity, column, key = chance.choice(wanted)
    info = copies.entities[entity]
    for name in family:
        hidden = [row for row in copies.hidden_rows(entity, prober.viewers[name]) if row[column]]
        if len(hidden) < 2:
            continue
        one, other = chance.sample(hidden, 2)
        public = info.fields[column].public
        text = f"mutation M($key: String!) {{ upsert{camel_plural(info)}(input: [{{{public}: $key}}], "
        text += f"onConflict: {key}, dryRun: true) {{ results {{ errors {{ path code message }} }} "
        text += "errors { path code message } } }"
        same(prober, "upsert", name, text, {"key": one[column]}, {"key": other[column]})
        answer = str(prober.place.ask(name, text, {"key": one[column]}))
        told = [v for v in one.values() if isinstance(v, str) and len(v) > 8 and v != one[column] and v in answer]
        prober.compare("upsert", name, text, [], told)


def camel_plural(info: EntityInfo) -> str:
    """``HostUnits``."""
    return info.plural[0].upper() + info.plural[1:]


ALL_DOORS = [(admin, 3), (foreign_keys, 2), (by_key, 2), (unwritable, 2), (bulk, 2), (upsert, 1)]
