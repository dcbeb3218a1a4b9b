"""Several root fields see one snapshot, and reports say of which moment they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db.registry import registry
from tests.databases import Kind
from tests.places import MOMENT, Place, place

TWICE = "{first: auditLogs {totalCount} nodes: auditLogs(first: 1) {nodes {id}} second: auditLogs {totalCount}}"
AS_OF = "2026-01-02T11:04:05.678+08:00"


@pytest.fixture
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as found:
        yield found


def write_between(store: Place, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on a record is written after each statement; the statements."""
    database, table = store.services.database, registry()["AuditLog"].table
    row = next(row for row in store.world.by_entity["AuditLog"] if row["technical"])
    seen: list[str] = []
    read, open_snapshot = database.read, database.snapshot

    async def disturb(sql: str) -> None:
        seen.append(sql)
        again = {**row, "id": f"{len(seen):08x}{row['id'][8:]}"}

        def write(connection: Connection) -> None:
            connection.execute(sa.insert(table).values({column.name: again[column.name] for column in table.c}))

        await database.write(write)

    async def read_and_write(sql: str, values: Any) -> bytes | None:
        found = await read(sql, values)
        await disturb(sql)
        return found

    async def snapshot() -> Any:
        opened = await open_snapshot()
        inner = opened.read

        async def read_and_write_there(sql: str, values: Any) -> bytes | None:
            found = await inner(sql, values)
            await disturb(sql)
            return found

        monkeypatch.setattr(opened, "read", read_and_write_there)
        return opened

    monkeypatch.setattr(database, "read", read_and_write)
    monkeypatch.setattr(database, "snapshot", snapshot)
    return seen


def test_the_root_fields_of_a_request_see_one_moment(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody writes after every statement: within a request nobody sees it, the next request does.

    The first request goes the long way, where graphql-core resolves root fields side by side, the others the short.
    """
    seen = write_between(here, monkeypatch)
    counts = []
    for _ in range(3):
        data = here.ask("sys", TWICE)["data"]
        assert data["first"] == data["second"]
        counts.append(data["first"]["totalCount"])
    assert len(seen) == 9
    assert [later - counts[0] for later in counts] == [0, 3, 6]


def test_a_single_root_field_needs_no_transaction(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One statement by itself is one moment already, and the shortest way there is."""

    async def refuse() -> Any:
        raise AssertionError("a transaction was opened")

    monkeypatch.setattr(here.services.database, "snapshot", refuse)
    for document in ("{auditLogs {totalCount}}", "{...f} fragment f on Query {auditLogs {totalCount}}"):
        for _ in range(2):
            assert "errors" not in here.ask("sys", document)


@pytest.mark.parametrize(
    ("document", "report"),
    [
        ("{regions {totalCount}}", True),
        ("{regions(first: 1) {nodes {children {totalCount}}}}", True),
        ('{region(by: {path: "/"}) {children {totalCount}}}', True),
        ("{a: regions(first: 1) {nodes {id}} b: regions {totalCount}}", True),
        ("{regions {aggregate {count}}}", True),
        ("{regions {groupBy(by: [{level: true}]) {nodes {count}}}}", True),
        ("{regions(first: 1) {nodes {id} edges {cursor} pageInfo {endCursor}}}", False),
        ('{region(by: {path: "/"}) {name}}', False),
        ("{me {login}}", False),
        ("query ($count: Boolean = false) {regions(first: 1) {nodes {id} totalCount @include(if: $count)}}", False),
    ],
)
def test_what_counts_or_measures_says_of_which_moment_it_is(here: Place, document: str, report: bool) -> None:
    """Both ways of answering, and only where something was counted."""
    assert MOMENT.isoformat() == "2026-01-02T03:04:05.678000+00:00"
    for _ in range(2):
        answer = here.ask("dist", document)
        assert "errors" not in answer
        assert answer.get("extensions", {}).get("dataAsOf") == (AS_OF if report else None)


def test_the_moment_of_several_reports_is_that_of_their_snapshot(here: Place) -> None:
    """A clock that goes on is asked once a snapshot."""
    ticks = iter(range(100))
    here.services.database.clock = lambda: MOMENT.replace(microsecond=next(ticks) * 1000)
    for expected in (".000", ".001"):
        answer = here.ask("dist", "{a: regions {totalCount} b: regions {totalCount} c: regions {totalCount}}")
        assert expected in answer["extensions"]["dataAsOf"]


def test_a_refused_field_beside_others_leaves_no_connection_behind(here: Place) -> None:
    """The province counts cases but sees none: that field is refused, the others are answered, time and again."""
    document = "{a: regions {totalCount} b: mediationCases {nodes {id}} c: regions {totalCount}}"
    for _ in range(3 * here.services.settings.pool_size):
        answer = here.ask("prov", document)
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "errors" not in here.ask("prov", "{a: regions {totalCount} c: regions {totalCount}}")
