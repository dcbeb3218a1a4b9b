"""The columns of a region that name the region at each level above it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.engine import Database
from db.levels import COLUMNS, fill_levels
from db.models.places.region import Region
from resolvers.commands.regions import read_source, write_regions
from settings import Settings
from tests.databases import Kind
from tests.world import LEVELS, levels_of

DATA = Path(__file__).resolve().parents[2]
JIANGSU = DATA / "db" / "data" / "regions-jiangsu-2023.csv.xz"
ODD = DATA / "tests" / "data" / "regions-odd-cases.csv"
TABLE: sa.Table = Region.__table__  # type: ignore[assignment]


def write(url: str, function: Callable[[Connection], Any]) -> Any:
    async def run() -> Any:
        database = Database(Settings(database_url=url))
        try:
            return await database.write(function)
        finally:
            await database.stop()

    return asyncio.run(run())


def regions(connection: Connection) -> dict[str, dict[str, Any]]:
    return {row["id"]: dict(row) for row in connection.execute(sa.select(TABLE)).mappings()}


def test_every_region_names_its_lowest_region_at_or_above_each_level(
    migrated_database: Callable[[Kind], str], database_kind: Kind
) -> None:
    """Over all of Jiangsu, and the regions of the small file that skip levels: equal to a walk up the parents."""
    url = migrated_database(database_kind)
    for file in (ODD, JIANGSU):
        source = read_source(file)
        write(url, partial(write_regions, source=source))
    rows = write(url, regions)
    assert len(rows) > 20_000
    for row in rows.values():
        assert {name: row[name] for name in COLUMNS.values()} == levels_of(row, rows), row["code"]


def test_where_the_tree_skips_a_level_the_lowest_region_above_it_stands_in(
    migrated_database: Callable[[Kind], str], database_kind: Kind
) -> None:
    url = migrated_database(database_kind)
    source = read_source(ODD)
    write(url, lambda connection: write_regions(connection, source))
    rows = write(url, regions)
    by_code = {row["code"]: row for row in rows.values()}
    dongguan, street = by_code["441900000000"], by_code["441900003000"]
    assert (dongguan["level"], street["level"]) == ("CITY", "STREET")
    assert (street["district_id"], street["city_id"], street["street_id"]) == (
        dongguan["id"], dongguan["id"], street["id"],
    )  # fmt: skip
    assert (dongguan["city_id"], dongguan["district_id"], dongguan["street_id"]) == (dongguan["id"], None, None)
    assert [by_code["000000000000"][name] for name in COLUMNS.values()] == [None] * 4


def test_filling_sets_what_lacks_and_nothing_else(
    migrated_database: Callable[[Kind], str], database_kind: Kind
) -> None:
    """As the migration of a database that has regions already does."""
    url = migrated_database(database_kind)
    source = read_source(ODD)
    write(url, lambda connection: write_regions(connection, source))
    before = write(url, regions)
    write(url, lambda connection: connection.execute(sa.update(TABLE).values(dict.fromkeys(COLUMNS.values()))))
    write(url, fill_levels)
    assert write(url, regions) == before
    assert {row["level"] for row in before.values()} == set(LEVELS)
