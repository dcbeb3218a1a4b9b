"""The order of changes: nothing is lost, no number is left out, and each row's versions stand in their order."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door, outbox
from db.audit import records
from db.audit.chain import seal_waiting
from db.audit.prune import prune
from db.audit.verify import verify
from db.clock import now
from db.engine import Database
from db.registry import registry
from settings import Settings
from tests.databases import Kind
from tests.db.test_door import HOST, START, host, region

pytestmark = pytest.mark.anyio
ROWS, WRITERS, TURNS = 5, 8, 12


class Gone(Exception):
    """A writer that thinks better of it."""


@pytest.fixture
async def database(migrated_database: Callable[[Kind], str], database_kind: Kind) -> AsyncIterator[Database]:
    opened = Database(Settings(database_url=migrated_database(database_kind)))
    yield opened
    await opened.stop()


def tell(connection: Connection, place: str) -> None:
    stamp = records.stamped(None, None)
    said = {"region_id": place, "scope_path": "/", "action": "UPDATE", "summary": "写", "technical": False}
    records.add(connection, {**stamp, **said, "entity": None, "entity_id": None, "before": None, "after": None})


def nap(connection: Connection, seconds: float) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
    else:
        time.sleep(seconds / 10)


async def filled(database: Database) -> tuple[str, list[str]]:
    def fill(connection: Connection) -> tuple[str, list[str]]:
        place = region(connection)
        rows = [host(place, START) for _ in range(ROWS)]
        for row in rows:
            door.insert(connection, HOST, row)
        tell(connection, place)
        return place, sorted(row["id"] for row in rows)

    return await database.write(fill)


async def test_eight_writers_some_slow_some_taken_back(database: Database) -> None:
    """Each act changes two of five shared rows; the sealer looks all the while, and a reader follows it."""
    place, keys = await filled(database)
    kept, running = 0, True
    seen: list[tuple[int, str, int]] = []

    async def writer(number: int) -> None:
        nonlocal kept
        dice = random.Random(number)
        for turn in range(TURNS):

            def act(connection: Connection, turn: int = turn) -> None:
                for key in sorted(dice.sample(keys, 2)):
                    door.change(connection, HOST, key, {"employee_count": number * 100 + turn}, at=now(), by=None)
                if number < 2:
                    nap(connection, dice.random() / 5)
                tell(connection, place)
                if dice.random() < 0.15:
                    raise Gone

            try:
                await database.write(act)
                kept += 1
            except Gone:
                pass

    async def sealer() -> None:
        while running:
            await database.write(lambda c: seal_waiting(c, 7))
            await read()
            await asyncio.sleep(0.005)

    async def read() -> None:
        last = seen[-1][0] if seen else 0
        found = await database.look(lambda c: outbox.after(c, last, 50))
        seen.extend((row["n"], row["entity_id"], row["version"]) for row in found)

    following = asyncio.create_task(sealer())
    await asyncio.gather(*(writer(number) for number in range(WRITERS)))
    running = False
    await following
    while await database.write(lambda c: seal_waiting(c, 7)):
        pass
    for _ in range(10):
        await read()

    hosts = [(n, key, version) for n, key, version in seen if key.startswith(registry()["HostUnit"].facts.prefix + "_")]
    assert [n for n, _, _ in seen] == list(range(1, len(seen) + 1))
    assert len(hosts) == ROWS + 2 * kept
    for key in keys:
        versions = [version for _, told, version in hosts if told.endswith(key)]
        assert versions == list(range(1, len(versions) + 1))
    assert (await database.look(verify)).findings == []


async def test_numbers_are_not_given_again_after_all_was_pruned(database: Database) -> None:
    place, keys = await filled(database)
    await database.write(seal_waiting)
    before = await database.look(lambda c: outbox.after(c, 0, 100))

    def act(connection: Connection) -> None:
        door.change(connection, HOST, keys[0], {"employee_count": 7}, at=now(), by=None)
        tell(connection, place)

    await database.write(lambda c: prune(c, -1))
    await database.write(act)
    await database.write(seal_waiting)
    after = await database.look(lambda c: outbox.after(c, 0, 100))

    assert [row["n"] for row in after] == [before[-1]["n"] + 1]
    assert (await database.look(verify)).findings == []


async def test_many_rows_of_one_act_are_told_as_a_number(database: Database) -> None:
    """501 rows are one line with their count, 500 are 500 lines; so for rows loaded and for rows changed by a set."""
    place, _ = await filled(database)
    columns = [c.name for c in HOST.c]

    def load(connection: Connection, count: int) -> None:
        rows = [host(place, START, name=f"厂{count}") for _ in range(count)]
        door.load(connection, HOST, columns, [tuple(row[name] for name in columns) for row in rows])
        tell(connection, place)

    def change(connection: Connection) -> None:
        few = [HOST.c.name == "厂500"]
        door.change_all(connection, HOST, few, {"employee_count": HOST.c.employee_count + 1}, at=now(), by=None)
        tell(connection, place)
        door.change_all(connection, HOST, [HOST.c.name == "厂501"], {"employee_count": 3}, at=now(), by=None)
        tell(connection, place)

    for count in (500, 501):
        await database.write(lambda c, count=count: load(c, count))  # type: ignore[misc]
    await database.write(change)
    while await database.write(seal_waiting):
        pass
    found = (await database.look(lambda c: outbox.after(c, 0, 10_000)))[ROWS + 1 :]

    sizes = [(row["change"], row["rows"]) for row in found]
    assert sizes == [("CREATED", 1)] * 500 + [("CREATED", 501)] + [("CHANGED", 1)] * 500 + [("CHANGED", 501)]
    assert {row["version"] for row in found[501:1001]} == {2}
    assert found[501]["changed"] == ["employeeCount"]


# --- forged lines -----------------------------------------------------------------------------------------------------


LINE = registry()["AuditLine"].table


def change_one(connection: Connection) -> None:
    connection.execute(sa.update(LINE).where(LINE.c.no == 2).values(version=9))


def remove_one(connection: Connection) -> None:
    connection.execute(sa.delete(LINE).where(LINE.c.no == 2))


def move_one(connection: Connection) -> None:
    connection.execute(sa.update(LINE).where(LINE.c.no == 2).values(scope_path="/99/"))


def swap_two(connection: Connection) -> None:
    for old, new in ((2, 90), (3, 2), (90, 3)):
        connection.execute(sa.update(LINE).where(LINE.c.no == old).values(no=new))


def add_one(connection: Connection) -> None:
    row = dict(connection.execute(sa.select(LINE).where(LINE.c.no == 1)).mappings().one())
    connection.execute(sa.insert(LINE).values({**row, "id": row["id"][:-4] + "beef", "no": 7}))


@pytest.mark.parametrize("forge", [change_one, remove_one, move_one, swap_two, add_one])
async def test_a_forged_line_is_told_with_its_record(database: Database, forge: Callable[[Connection], None]) -> None:
    await filled(database)
    await database.write(seal_waiting)
    await database.write(forge)

    (finding,) = (await database.look(verify)).findings

    assert (finding.kind, finding.seq) == ("CHANGED", 1)
    assert "逐行记录" in finding.zh
