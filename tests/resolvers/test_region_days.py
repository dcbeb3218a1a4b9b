"""A list of regions for a day to come: before it everything is as it was, on it everything changes at once."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import Connection

from db.clock import SHANGHAI, now, today
from db.engine import Database
from db.models.places.region import Region
from db.models.system.audit_log import AuditLog
from db.technical import PendingRegions
from permissions.regions import ranges_of
from resolvers.commands.region_calendar import RegionCalendar, bring_regions_up_to_date
from resolvers.commands.region_changes import Counts
from resolvers.commands.region_pending import findings, listing, withdraw
from resolvers.commands.regions import read_source, write_regions
from resolvers.faults import Refused
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import WITH_WALL, Kind, owner_of
from tests.regions import FILE, Line, lines, written
from tests.resolvers.demo import Demo, jiangsu
from tests.resolvers.town import Town, code_of

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL
TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
OLD, NEW = "320102003001", "320102002001"
DAY = today().replace(month=6, day=1, year=today().year + 1)
MIDNIGHT = dt.datetime.combine(DAY, dt.time(), SHANGHAI)
PLACES = """{ old: region(by: {code: "320102003001"}) { name successor { code } }
  inside: mediationCommittees(where: {region: {descendantOf: {code: "320102003001"}}}) { totalCount }
  below: regions(where: {childOf: {code: "320102003000"}, validTo: {isNull: true}}) { totalCount }
  found: regions(search: "香铺营") { totalCount }
  byStreet: mediationCommittees { groupBy(by: [{region: {level: STREET}}]) {
    nodes { key { region { code } } count } } } }"""


def merged(folder: Path, rows: list[Line] | None = None, day: dt.date = DAY) -> Callable[[Connection], Counts]:
    """A list in which one community went into a community of another street."""
    rows = [line for line in rows or jiangsu() if line[0] != OLD]
    source = read_source(written(folder, rows), written(folder, [(OLD, NEW)], "old_code,new_code", "mapping.csv"))
    return lambda connection: write_regions(connection, source, day)


async def as_owner(demo: Demo, function: Callable[[Connection], Any]) -> Any:
    database = Database(Settings(database_url=owner_of(demo.database.url.render_as_string(hide_password=False))))
    try:
        return await database.write(function, bulk=True)
    finally:
        await database.stop()


async def places(demo: Demo) -> Any:
    answer = await demo.endpoint.ask("district", PLACES)
    assert "errors" not in answer, answer
    return answer["data"]


def register(connection: Connection) -> list[Any]:
    return list(connection.execute(sa.select(TABLE).order_by(TABLE.c.id)))


async def test_a_day_to_come_changes_nothing_before_it_and_then_everything(jiangsu_demo: Demo, tmp_path: Path) -> None:
    """Two processes run; the office of street 002 gets the community of street 003 that its own continues."""
    assert await jiangsu_demo.seen("office") == (12, 381)
    before, rows = await places(jiangsu_demo), await as_owner(jiangsu_demo, register)
    counts = await as_owner(jiangsu_demo, merged(tmp_path))
    assert (counts.closed, counts.succeeded) == (1, 1)
    other = Database(jiangsu_demo.database.settings)
    calendars = [RegionCalendar(database.as_system()) for database in (jiangsu_demo.database, other)]
    for calendar in calendars:
        await calendar.start()
    try:
        for moment in (now(), MIDNIGHT - dt.timedelta(seconds=1)):
            with time_machine.travel(moment, tick=False):
                assert await bring_regions_up_to_date(jiangsu_demo.database.as_system()) == 0
                assert await jiangsu_demo.seen("office") == (12, 381)
                assert await places(jiangsu_demo) == before
                assert await as_owner(jiangsu_demo, register) == rows
        with time_machine.travel(MIDNIGHT, tick=True), anyio.fail_after(60):
            while await jiangsu_demo.database.as_system().look(lambda c: c.scalar(sa.select(PendingRegions.id))):
                await anyio.sleep(0.05)
            assert await jiangsu_demo.seen("office") == (14, 441)
            after = await places(jiangsu_demo)
    finally:
        for calendar in calendars:
            await calendar.stop()
        await other.stop()
    assert (after["old"], after["inside"]["totalCount"]) == (None, 0)
    assert int(after["below"]["totalCount"]) == int(before["below"]["totalCount"]) - 1
    old = set(map(tuple, rows))
    changed = [row for row in await as_owner(jiangsu_demo, register) if tuple(row) not in old]
    assert [(row.code, row.valid_to) for row in changed] == [(OLD, DAY - dt.timedelta(1))]
    told = await as_owner(jiangsu_demo, lambda c: list(c.scalars(sa.select(AuditLog.summary).order_by(AuditLog.id))))
    assert [line[:6] for line in told if "行政区划" in line][-2:] == ["登记行政区划", "导入行政区划"]


async def test_rights_of_a_day_to_come_are_not_given_before_it(jiangsu_demo: Demo, tmp_path: Path) -> None:
    def reach(connection: Connection) -> Any:
        key = connection.scalar(sa.select(TABLE.c.id).where(TABLE.c.code == "320102002000"))
        return ranges_of(connection, str(key))

    before = await as_owner(jiangsu_demo, reach)
    await as_owner(jiangsu_demo, merged(tmp_path))
    assert await as_owner(jiangsu_demo, reach) == before
    with time_machine.travel(MIDNIGHT, tick=False):
        assert await bring_regions_up_to_date(jiangsu_demo.database.as_system()) == 1
        assert len(await as_owner(jiangsu_demo, reach)) == len(before) + 1


@pytest.fixture(scope="module")
def few(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    """A database with the regions of the small file and nothing else."""

    async def load(url: str) -> None:
        database = Database(Settings(database_url=owner_of(url)))
        await database.write(lambda connection: write_regions(connection, read_source(FILE)))
        await database.stop()

    url = migrated_database(database_kind)
    asyncio.run(load(url))
    return url


@pytest.fixture
async def small(few: str, database_kind: Kind, fresh_database: FreshDatabase) -> AsyncIterator[Demo]:
    url = fresh_database(database_kind, template=few)
    database = Database(Settings(database_url=url, row_level_security=database_kind == "walled"))
    yield Demo(database)
    await database.stop()


async def test_a_list_that_waits_is_shown_and_can_be_taken_back(small: Demo, tmp_path: Path) -> None:
    await as_owner(small, merged(tmp_path, lines()))
    key = await as_owner(small, lambda c: str(c.scalar(sa.select(PendingRegions.id))))
    shown = await as_owner(small, listing)
    assert key in shown
    assert str(DAY) in shown
    assert "停用" in shown
    assert "已撤回" in await as_owner(small, lambda c: withdraw(c, key))
    assert await as_owner(small, listing) == "没有等待生效的区划"
    with pytest.raises(Refused, match="没有登记过"):
        await as_owner(small, lambda c: withdraw(c, key))
    with time_machine.travel(MIDNIGHT, tick=False):
        assert await bring_regions_up_to_date(small.database.as_system()) == 0


async def test_the_same_list_waits_once(small: Demo, tmp_path: Path) -> None:
    await as_owner(small, merged(tmp_path, lines()))
    assert (await as_owner(small, merged(tmp_path, lines()))).changed == 0
    assert await as_owner(small, lambda c: c.scalar(sa.select(sa.func.count()).select_from(PendingRegions))) == 1


async def test_an_import_that_a_list_that_waits_could_not_follow_is_refused(small: Demo, tmp_path: Path) -> None:
    """The list closes the community as of its day; today's import may not end it before."""
    await as_owner(small, merged(tmp_path, lines()))
    rows = await as_owner(small, register)
    sooner = read_source(written(tmp_path, [line for line in lines() if line[0] != OLD], name="sooner.csv"))
    with pytest.raises(Refused, match=f"自 {DAY} 起生效的 file.csv 就不能生效.*{OLD} 不是现行的区划.*regions withdraw"):
        await as_owner(small, lambda c: write_regions(c, sooner, today()))
    assert await as_owner(small, register) == rows


async def test_a_list_that_does_not_fit_on_its_day_changes_nothing_and_is_told(small: Demo, tmp_path: Path) -> None:
    await as_owner(small, merged(tmp_path, lines()))
    ended = sa.update(TABLE).where(TABLE.c.code == OLD).values(valid_to=dt.date(2025, 1, 1))
    await as_owner(small, lambda c: c.execute(ended) and None)
    rows = await as_owner(small, register)
    system = small.database.as_system()
    assert await findings(system) == []
    with time_machine.travel(MIDNIGHT, tick=False):
        for _ in range(2):
            assert await bring_regions_up_to_date(system) == 0
    assert await as_owner(small, register) == rows
    [said] = await findings(system)
    assert f"没有在 {DAY} 生效" in said
    assert f"{OLD} 不是现行的区划" in said
    told = await as_owner(small, lambda c: list(c.scalars(sa.select(AuditLog.summary))))
    assert sum("没有在" in line for line in told) == 1, "it is told once"


async def test_lists_that_wait_build_on_one_another(small: Demo, tmp_path: Path) -> None:
    """The year after, the community that took the other in is renamed; both lists come due while no server ran."""
    await as_owner(small, merged(tmp_path, lines()))
    later = DAY.replace(year=DAY.year + 1)
    rows = [(c, "并后社区居委会" if c == NEW else name, level) for c, name, level in lines() if c != OLD]
    source = read_source(written(tmp_path, rows, name="later.csv"))
    counts = await as_owner(small, lambda c: write_regions(c, source, later))
    assert (counts.closed, counts.renamed) == (0, 1), "what the list before it does is counted there"
    with time_machine.travel(MIDNIGHT.replace(year=later.year), tick=False):
        assert await bring_regions_up_to_date(small.database.as_system()) == 2
    found = await as_owner(small, register)
    assert {row.valid_to for row in found if row.code == OLD} == {DAY - dt.timedelta(1)}
    assert [row.name for row in found if row.code == NEW] == ["并后社区居委会"]


async def test_the_first_list_of_an_empty_register_cannot_wait(
    migrated_database: Any, database_kind: Any, tmp_path: Path
) -> None:
    database = Database(Settings(database_url=owner_of(migrated_database(database_kind))))
    with pytest.raises(Refused, match="第一次导入不能等到"):
        await database.write(merged(tmp_path, lines()))
    await database.stop()


async def test_nobody_makes_a_region_of_a_day_to_come_by_hand(town: Town) -> None:
    """What is in the register is in force: only a list can wait."""
    made = {
        "code": "320102099000", "name": "新街道", "shortName": "新", "level": "STREET",
        "parent": {"code": code_of("district")}, "validFrom": today() + dt.timedelta(1),
    }  # fmt: skip
    with pytest.raises(Refused) as caught:
        await town.create("sysadmin", "Region", made)
    assert (("validFrom",), "RANGE") in {(fault.path, fault.code) for fault in caught.value.faults}
