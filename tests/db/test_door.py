"""The door: what goes through it leaves the past behind it, exactly, on both databases."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import door
from db.engine import Database
from db.history import as_of, shadow_of
from db.identity import new_key
from db.registry import registry
from settings import Settings
from tests.databases import Kind

HOST: sa.Table = registry()["HostUnit"].table
START = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


@pytest.fixture
async def database(migrated_database: Callable[[Kind], str], database_kind: Kind) -> AsyncIterator[Database]:
    opened = Database(Settings(database_url=migrated_database(database_kind)))
    yield opened
    await opened.stop()


def region(connection: Connection) -> str:
    """A region to stand in."""
    table, key = registry()["Region"].table, new_key()
    row = dict.fromkeys((c.name for c in table.c), None) | {
        "id": key, "code": "000000000000", "name": "中国", "short_name": "中国", "level": "NATION",
        "kind": "STANDARD", "path": "/", "valid_from": dt.date(2000, 1, 1), "multi_ethnic": False,
        "remote": False,
        "created_at": START, "updated_at": START, "version": 1,
    }  # fmt: skip
    door.insert(connection, table, row)
    return key


def host(place: str, at: dt.datetime, **values: Any) -> dict[str, Any]:
    made = dict.fromkeys((c.name for c in HOST.c), None)
    return made | {
        "id": new_key(), "name": "厂", "kind": "ENTERPRISE", "region_id": place, "scope_path": "/",
        "industry": "C", "employee_count": 1, "employee_count_on": START.date(), "must_have_committee": False,
        "union_exists": False, "status": "ACTIVE", "created_at": at, "updated_at": at, "version": 1, **values,
    }  # fmt: skip


def stored(connection: Connection) -> dict[str, dict[str, Any]]:
    rows = connection.execute(sa.select(HOST)).mappings()
    return {row["id"]: dict(row) for row in rows}


async def test_every_moment_shows_the_rows_that_stood_then(database: Database) -> None:
    """After 120 random writes, single and by sets: the past at each moment is what was stored then."""
    dice, moments = random.Random(11), list[tuple[dt.datetime, dict[str, dict[str, Any]]]]()
    place = await database.write(region)

    for turn in range(120):
        at = START + dt.timedelta(minutes=turn)

        def write(connection: Connection, at: dt.datetime = at, turn: int = turn) -> None:
            keys = sorted(stored(connection))
            match dice.randrange(5):
                case 0 | 1:
                    door.insert(connection, HOST, host(place, at, name=f"厂{turn}"))
                case 2 | 3 if keys:
                    key, said = dice.choice(keys), {"employee_count": turn, "name": f"改{turn}"}
                    assert door.change(connection, HOST, key, said, at=at, by=None) == 1
                case 4 if keys:
                    few = [HOST.c.id.in_(dice.sample(keys, min(3, len(keys))))]
                    door.change_all(
                        connection, HOST, few, {"employee_count": HOST.c.employee_count + 1}, at=at, by=None
                    )

        await database.write(write)
        moments.append((at, await database.look(stored)))

    def past(connection: Connection) -> None:
        for at, rows in moments:
            found = connection.execute(sa.select(as_of(HOST)("t")), {"as_of": at}).mappings().all()
            assert {row["id"]: dict(row) for row in found} == rows
            assert len(found) == len(rows)

    await database.look(past)


async def test_a_change_that_began_before_the_last_one_leaves_one_row_at_every_moment(database: Database) -> None:
    """Who waited for another's lock writes with an earlier moment: the row's own moments still go forward."""

    def late(connection: Connection) -> None:
        row = host(region(connection), START)
        door.insert(connection, HOST, row)
        for minutes, count in ((10, 2), (5, 3), (20, 4)):
            at = START + dt.timedelta(minutes=minutes)
            assert door.change(connection, HOST, row["id"], {"employee_count": count}, at=at, by=None) == 1
        for minutes, counts in ((0, [1]), (5, [1]), (9, [1]), (10, [3]), (19, [3]), (20, [4])):
            at = START + dt.timedelta(minutes=minutes)
            rows = as_of(HOST)("t")
            found = connection.execute(sa.select(rows.c.employee_count), {"as_of": at}).scalars().all()
            assert found == counts, minutes

    await database.write(late)


async def test_a_stale_version_changes_nothing_and_leaves_no_past(database: Database) -> None:
    """A change of a version that is not there any more touches no row, and its shadow stays empty."""

    def stale(connection: Connection) -> None:
        row = host(region(connection), START)
        door.insert(connection, HOST, row)
        at = START + dt.timedelta(minutes=1)
        assert door.change(connection, HOST, row["id"], {"employee_count": 9}, at=at, by=None, version=7) == 0
        shadow = shadow_of(HOST)
        assert shadow is not None
        assert connection.execute(sa.select(sa.func.count()).select_from(shadow)).scalar_one() == 0
        assert stored(connection)[row["id"]]["employee_count"] == 1

    await database.write(stale)


def test_only_what_says_nothing_of_a_row_is_noted_without_a_past() -> None:
    """A column that people read cannot be set past version and history."""
    account: sa.Table = registry()["UserAccount"].table
    with pytest.raises(ValueError, match="person_name"):
        door.note(None, account, "x", person_name="张三")  # type: ignore[arg-type]
