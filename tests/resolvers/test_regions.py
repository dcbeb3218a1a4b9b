"""The import of regions: the tree a file means, what a later file with a mapping changes, and where grants lead."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db.engine import Database
from db.models.places.region import Region
from db.models.system.audit_log import AuditLog
from permissions.regions import above, ranges_of
from permissions.viewer import subtree
from resolvers.commands.region_changes import Counts
from resolvers.commands.regions import read_source, write_regions
from resolvers.faults import Refused
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.regions import FILE, lines, written

pytestmark = pytest.mark.anyio
TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
NEXT_YEAR = dt.date(2024, 7, 1)


def imported(file: Path, mapping: Path | None = None, day: dt.date | None = None) -> Callable[[Connection], Counts]:
    source = read_source(file, mapping)
    return lambda connection: write_regions(connection, source, day)


def region(connection: Connection, code: str, *, valid: bool = True) -> Any:
    """The row of a code: the valid one, or the last that ended."""
    ended = TABLE.c.valid_to.is_(None) if valid else TABLE.c.valid_to.is_not(None)
    found = sa.select(TABLE).where(TABLE.c.code == code, ended).order_by(TABLE.c.valid_to.desc())
    return connection.execute(found).first()


def everything(connection: Connection) -> list[Any]:
    return list(connection.execute(sa.select(TABLE).order_by(TABLE.c.path)))


@pytest.fixture(scope="module")
def loaded(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    """A database with the regions of the small file."""
    import asyncio

    async def load(url: str) -> None:
        database = Database(Settings(database_url=url))
        await database.write(imported(FILE))
        await database.stop()

    url = migrated_database(database_kind)
    asyncio.run(load(url))
    return url


@pytest.fixture
async def database(loaded: str, database_kind: Kind, fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """A database of the test's own with these regions."""
    database = Database(Settings(database_url=fresh_database(database_kind, template=loaded)))
    yield database
    await database.stop()


# --- what a file means ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("_case", "code", "level", "parent", "path"),
    [
        ("the nation is the root", "000000000000", "NATION", None, "/"),
        ("a province stands below it", "320000000000", "PROVINCE", "000000000000", "/32/"),
        ("a city below its province", "320100000000", "CITY", "320000000000", "/32/01/"),
        ("a district below its city", "320102000000", "DISTRICT", "320100000000", "/32/01/02/"),
        ("a street below its district", "320102002000", "STREET", "320102000000", "/32/01/02/002/"),
        ("a community below its street", "320102002001", "VILLAGE", "320102002000", "/32/01/02/002/001/"),
        ("Dongguan, listed twice, is a city", "441900000000", "CITY", "440000000000", "/44/19/"),
        ("and its streets stand below it", "441900003000", "STREET", "441900000000", "/44/19/00003/"),
        ("Zhongshan too", "442000001000", "STREET", "442000000000", "/44/20/00001/"),
        ("Danzhou too", "460400100000", "STREET", "460400000000", "/46/04/00100/"),
        ("Kinmen, listed thrice, is a district", "350527000000", "DISTRICT", "350500000000", "/35/05/27/"),
        ("Xiantao stands below a virtual city", "429004000000", "DISTRICT", "429000000000", "/42/90/04/"),
        ("Shihezi of the corps too", "659001000000", "DISTRICT", "659000000000", "/65/90/01/"),
        ("a virtual street", "460202198000", "STREET", "460202000000", "/46/02/02/198/"),
    ],
)
async def test_the_tree_is_derived_from_the_codes(
    database: Database, _case: str, code: str, level: str, parent: str | None, path: str
) -> None:
    def look(connection: Connection) -> tuple[Any, Any]:
        row = region(connection, code)
        return row, connection.scalar(sa.select(TABLE.c.code).where(TABLE.c.id == row.parent_id))

    row, found = await database.look(look)
    assert (row.level, found, row.path) == (level, parent, path)


async def test_every_code_is_one_region_and_every_region_lies_below_its_parent(database: Database) -> None:
    rows = await database.look(everything)
    by_id = {row.id: row for row in rows}
    assert sorted(row.code for row in rows) == sorted({"000000000000", *(code for code, _, _ in lines())})
    for row in rows:
        parent = by_id[row.parent_id] if row.parent_id else row
        low, high = subtree(parent.path)
        assert low <= row.path < high
        assert row.path.rstrip("/").rpartition("/")[0] + "/" == parent.path or not row.parent_id


async def test_names_outside_the_basic_plane_come_back_as_they_were(database: Database) -> None:
    rows = await database.look(lambda c: [region(c, x) for x in ("420602006207", "441424103203", "451302107210")])
    assert [(row.name, row.short_name) for row in rows] == [
        ("莫𡐓村委会", "莫𡐓"),
        ("輋𣒍村委会", "輋𣒍"),
        ("那𡌶村委会", "那𡌶"),
    ]


# --- a second import --------------------------------------------------------------------------------------------------


async def test_the_same_file_again_changes_nothing(database: Database) -> None:
    before = await database.look(everything)
    counts = await database.write(imported(FILE))
    assert (counts.changed, counts.unchanged) == (0, len(before) - 1)
    assert await database.look(everything) == before


async def test_an_import_leaves_one_record_with_the_digest_and_the_counts(database: Database) -> None:
    records = await database.look(lambda c: list(c.execute(sa.select(AuditLog.__table__))))
    (record,) = records
    assert (record.action, record.entity, record.scope_path, record.technical) == ("IMPORT", "Region", "/", True)
    assert record.after["sha256"] == hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert record.after["opened"] == len({code for code, _, _ in lines()}) + 1


async def test_a_file_speaks_for_its_provinces_only(database: Database, tmp_path: Path) -> None:
    jiangsu = [line for line in lines() if line[0].startswith("32") and line[0] != "320102010000"]
    counts = await database.write(imported(written(tmp_path, jiangsu), day=NEXT_YEAR))
    assert (counts.opened, counts.renamed) == (0, 0)
    open_now, lake = await database.look(lambda c: (region(c, "441900000000"), region(c, "320102010000", valid=False)))
    assert open_now.valid_to is None
    assert lake.valid_to == NEXT_YEAR - dt.timedelta(1)


def next_year(tmp_path: Path) -> tuple[Path, Path]:
    """An invented file of the year after, and its mapping: everything that happens to regions."""
    renamed = {"320102008000": "红山新街道"}
    # Renumbered with its communities; merged from two; merged into one that stays; vanished without a word.
    renumbered = {"320104001": "320104011"}
    gone = {"320102005000", "320102007000", "320102009000", "320102010000", "320576000000"}
    rows = []
    for code, name, level in lines():
        new = renumbered.get(code[:9], code[:9]) + code[9:]
        if code not in gone and not code.startswith("320576"):
            rows.append((new, renamed.get(code, name), level))
    rows += [
        ("320102012000", "玄武门锁金街道", "4"),
        ("320102012001", "新社区居委会", "5"),
        ("320106000000", "鼓楼区", "3"),
    ]
    mapping = [
        ("320104001000", "320104011000", ""),
        ("320104001001", "320104011001", ""),
        ("320102005000", "320102012000", ""),
        ("320102007000", "320102012000", ""),
        ("320102009000", "320102008000", ""),
        ("320102003000", "320102003000", "320106000000"),
    ]
    return written(tmp_path, rows), written(tmp_path, mapping, "old_code,new_code,parent_code", "mapping.csv")


async def test_the_file_of_the_next_year_opens_renames_renumbers_merges_moves_and_closes(
    database: Database, tmp_path: Path
) -> None:
    file, mapping = next_year(tmp_path)
    before = {row.id: row for row in await database.look(everything)}
    counts = await database.write(imported(file, mapping, NEXT_YEAR))

    def look(connection: Connection) -> None:
        def successor(code: str) -> Any:
            old = region(connection, code, valid=False)
            assert old.valid_to == NEXT_YEAR - dt.timedelta(1)
            assert old.version in (2, 3), "it ended, and its successor was named"
            return connection.execute(sa.select(TABLE).where(TABLE.c.id == old.successor_id)).one_or_none()

        new = region(connection, "320102012000")
        assert (new.valid_from, new.path, new.version) == (NEXT_YEAR, "/32/01/02/012/", 1)
        named = region(connection, "320102008000")
        assert (named.name, named.short_name, named.version) == ("红山新街道", "红山新", 2)
        assert named.id in before
        assert successor("320104001000").code == "320104011000"
        assert successor("320104001001").code == "320104011001"
        assert successor("320104001002") is None, "the mapping does not name it"
        assert successor("320102005000").id == successor("320102007000").id == new.id
        assert successor("320102009000").id == named.id
        assert successor("320102010000") is None
        moved = region(connection, "320102003000")
        assert successor("320102003000").id == moved.id
        assert moved.path == "/32/01/06/c320102003000/"
        assert region(connection, "320102003001").path == "/32/01/06/c320102003000/001/"
        assert successor("320102003001").path == "/32/01/06/c320102003000/001/"

    await database.look(look)
    after = {row.id: row for row in await database.look(everything)}
    assert before.keys() < after.keys(), "no row is ever taken away"
    assert all(after[key].path == row.path and after[key].code == row.code for key, row in before.items())
    assert (counts.opened, counts.renamed, counts.moved) == (len(after) - len(before), 1, 7)
    again = await database.write(imported(file, mapping, NEXT_YEAR))
    assert again.changed == 0


async def test_a_region_that_moved_stays_there_although_its_digits_say_otherwise(
    database: Database, tmp_path: Path
) -> None:
    file, mapping = next_year(tmp_path)
    await database.write(imported(file, mapping, NEXT_YEAR))
    counts = await database.write(imported(file, day=dt.date(2025, 7, 1)))
    assert counts.changed == 0


@pytest.mark.parametrize("day", [None, dt.date(2023, 6, 30), dt.date(2020, 1, 1)])
async def test_a_region_cannot_end_before_it_began(database: Database, tmp_path: Path, day: dt.date | None) -> None:
    before = await database.look(everything)
    fewer = [line for line in lines() if line[0] != "320102010000"]
    with pytest.raises(Refused, match="必须晚于"):
        await database.write(imported(written(tmp_path, fewer), day=day))
    assert await database.look(everything) == before


async def test_a_mapping_of_a_region_that_is_not_there_is_refused_whole(database: Database, tmp_path: Path) -> None:
    mapping = written(tmp_path, [("320199000000", "320102000000")], "old_code,new_code", "mapping.csv")
    before = await database.look(everything)
    with pytest.raises(Refused, match="320199000000 不是现行的区划"):
        await database.write(imported(FILE, mapping, NEXT_YEAR))
    assert await database.look(everything) == before


async def test_a_successor_must_not_stand_below_what_it_continues(database: Database, tmp_path: Path) -> None:
    fewer = [line for line in lines() if not line[0].startswith("320104")]
    mapping = written(tmp_path, [("320104000000", "320102002000")], "old_code,new_code", "mapping.csv")
    with pytest.raises(Refused, match="级别低于"):
        await database.write(imported(written(tmp_path, fewer), mapping, NEXT_YEAR))


# --- grants -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("_case", "code", "valid", "reach"),
    [
        ("a region that nothing happened to", "320102002000", True, ["/32/01/02/002/"]),
        ("a renumbered one reaches what it was", "320104011000", True, ["/32/01/04/001/", "/32/01/04/011/"]),
        ("a grant on what it was follows it", "320104001000", False, ["/32/01/04/001/", "/32/01/04/011/"]),
        (
            "a merged one reaches all it was",
            "320102012000",
            True,
            ["/32/01/02/005/", "/32/01/02/007/", "/32/01/02/012/"],
        ),
        ("a grant on one of them gains nothing", "320102005000", False, ["/32/01/02/005/"]),
        ("one that took another in", "320102008000", True, ["/32/01/02/008/", "/32/01/02/009/"]),
        ("a grant on the one taken in gains nothing", "320102009000", False, ["/32/01/02/009/"]),
        ("one that vanished keeps what it had", "320102010000", False, ["/32/01/02/010/"]),
        ("one that moved", "320102003000", True, ["/32/01/02/003/", "/32/01/06/c320102003000/"]),
        ("the district it moved to reaches what it was", "320106000000", True, ["/32/01/02/003/", "/32/01/06/"]),
        ("the district it left keeps the old rows", "320102000000", True, ["/32/01/02/"]),
        ("the city knows both already", "320100000000", True, ["/32/01/"]),
    ],
)
async def test_grants_follow_regions_and_never_widen(
    grown: Database, _case: str, code: str, valid: bool, reach: list[str]
) -> None:
    found = await grown.look(lambda c: ranges_of(c, region(c, code, valid=valid).id))
    assert found == sorted(map(subtree, reach))


async def test_ranges_reach_through_the_years(grown: Database, tmp_path: Path) -> None:
    """A region that was renumbered again reaches what it was before what it was before."""
    file, _ = next_year(tmp_path)
    again = file.read_text(encoding="utf-8").replace("320104011", "320104021")
    mapping = written(tmp_path, [("320104011000", "320104021000")], "old_code,new_code", "later.csv")
    file.write_text(again, encoding="utf-8")
    await grown.write(imported(file, mapping, dt.date(2025, 7, 1)))
    reach = sorted(subtree(f"/32/01/04/{n}/") for n in ("001", "011", "021"))
    assert await grown.look(lambda c: ranges_of(c, region(c, "320104021000").id)) == reach
    assert await grown.look(lambda c: ranges_of(c, region(c, "320104001000", valid=False).id)) == reach


async def test_the_regions_above_are_those_of_the_path(grown: Database) -> None:
    def look(connection: Connection) -> list[list[str]]:
        codes = [("000000000000", True), ("320102002001", True), ("320104001000", False)]
        return [above(connection, region(connection, code, valid=valid).id) for code, valid in codes]

    assert await grown.look(look) == [
        [],
        ["/", "/32/", "/32/01/", "/32/01/02/", "/32/01/02/002/"],
        ["/", "/32/", "/32/01/", "/32/01/04/"],
    ]


async def test_a_region_that_is_not_there_reaches_nothing(grown: Database) -> None:
    key = "01900000-0000-7000-8000-000000000000"
    assert await grown.look(lambda c: (ranges_of(c, key), above(c, key))) == ([], [])


@pytest.fixture
async def grown(database: Database, tmp_path: Path) -> Database:
    """The regions after the next year."""
    file, mapping = next_year(tmp_path)
    await database.write(imported(file, mapping, NEXT_YEAR))
    return database
