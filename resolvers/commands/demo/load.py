"""The load as a whole: what is made in which order, and in which transactions."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import clock
from db.audit.records import COMMAND_LINE, enqueue
from db.engine import Database, analyze
from db.history import first_known
from db.models.places.region import RegionLevel
from db.models.register.committee_filing import CommitteeFiling
from db.models.register.mediation_committee import CommitteeType
from db.models.system.audit_log import AuditAction, AuditLog
from db.models.system.parameter import PARAMETERS, Parameter, ParameterKey
from db.registry import registry
from db.technical import DemoAccount, NumberSeries
from permissions.accounts import has_accounts
from permissions.passwords import generate_password, hash_password
from resolvers.commands.demo.accounts import LOGINS, Anchors, open_accounts
from resolvers.commands.demo.boards import Committee
from resolvers.commands.demo.cases import open_cases
from resolvers.commands.demo.filings import file_committee
from resolvers.commands.demo.hosts import seats
from resolvers.commands.demo.notices import notify_court
from resolvers.commands.demo.register import found_committee, plans
from resolvers.commands.demo.rows import Rows
from resolvers.commands.demo.scales import HOME, HOME_STREET, SCALES, Scale
from resolvers.commands.demo.stories import SETTLED, story
from resolvers.commands.demo.studios import open_studios
from resolvers.commands.demo.units import Bureaus, District, open_beside, open_district
from resolvers.commands.demo.world import TABLE, Place, World, at_level, below, parents_of_streets, places
from resolvers.commands.region_apply import silent
from resolvers.commands.region_files import Progress
from resolvers.commands.regions import read_source, write_regions
from resolvers.faults import Fault, Refused

_DATA = Path(__file__).resolve().parents[3] / "db" / "data"
_FILES = {False: _DATA / "regions-jiangsu-2023.csv.xz", True: _DATA / "regions-cn-2023.csv.xz"}
_LAW = dt.date(2011, 1, 1)
"""The day from which the People's Mediation Law holds."""
_BORDER = "320104000000"
"""The demo's second district: one committee, whose people and disputes cross the border."""


@dataclass(frozen=True)
class DemoResult:
    """What was made: rows by entity, the logins, and the password of all of them."""

    counts: dict[str, int]
    accounts: tuple[str, ...]
    password: str

    def __str__(self) -> str:
        """What was made; not the password, which is told once and never logged (``./run``)."""
        units = (("MediationCommittee", "个调委会"), ("Mediator", "名调解员"), ("MediationCase", "件案件"))
        made = "、".join(f"{self.counts.get(name, 0):,} {unit}" for name, unit in units)
        return f"已载入演示数据：{made}。登录名 {'、'.join(self.accounts)}，共用一个口令，"


@dataclass
class _Part:
    """A district to be filled: how many hosted committees and cases it gets; `only` one committee and its office."""

    place: Place
    neighbour: Place
    hosted: int
    cases: int
    only: bool = False


@dataclass
class _Load:
    """One run."""

    world: World
    scale: Scale
    password_hash: str
    name: str
    bureaus: Bureaus = field(default_factory=Bureaus)
    parts: list[_Part] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


async def seed_demo(
    database: Database, *, scale: str = "demo", seed: int = 1, progress: Progress | None = None,
    password: str | None = None, today: dt.date | None = None,
) -> DemoResult:  # fmt: skip
    """Fill an empty database. Raises Refused where there are accounts already, in production, or without such a scale.

    `today` is the day that all dates hang on. The demo is one transaction; the larger ones take one for each district,
    so an interrupted load leaves data behind and has to begin again with an empty database.
    """
    if scale not in SCALES:
        raise _refused("scale", f"没有 {scale} 这个规模；可选 {'、'.join(SCALES)}", f"there is no scale {scale!r}")
    if database.settings.production:
        raise _refused("database", "正式环境不载入演示数据", "a production server takes no demo data")
    progress = progress or silent
    await database.look(_must_be_empty)
    await _import_regions(database, SCALES[scale].nation, progress)
    password = password or database.settings.demo_password or generate_password()
    load = await _plan(database, scale, seed, today or clock.today(), await asyncio.to_thread(hash_password, password))
    steps = list(_steps(load, progress))
    if scale == "demo":
        await database.write(lambda connection: [step(connection) for step in steps], bulk=True)
    else:
        for step in steps:
            await database.write(step, bulk=True)
    await database.write(analyze, bulk=True)
    return DemoResult(dict(sorted(load.counts.items())), LOGINS, password)


def _refused(where: str, zh: str, en: str) -> Refused:
    return Refused([Fault((where,), "STATE", zh, en)])


def _must_be_empty(connection: Connection) -> None:
    if has_accounts(connection):
        zh = "数据库里已有账号；演示数据只载入空库，请用 FENGQIAO_DATABASE_URL 指定另一个数据库，或先移走现有的数据库"
        raise _refused("database", zh, "the database is not empty: name another one with FENGQIAO_DATABASE_URL")


async def _import_regions(database: Database, nation: bool, progress: Progress) -> None:
    """The regions of the official file; a register that holds what the scale fills stays as it is."""
    if await database.look(lambda connection: _holds(connection, nation)):
        return
    file = _FILES[nation]
    if not file.exists():
        zh = f"没有区划文件 {file.name}；请先用 ./run regions import 导入{'全国' if nation else '江苏省'}的区划"
        raise _refused("regions", zh, f"there is no file {file.name}: import the regions first")
    source = await asyncio.to_thread(read_source, file, None, progress)
    await database.write(lambda connection: write_regions(connection, source, progress=progress), bulk=True)


def _holds(connection: Connection, nation: bool) -> bool:
    provinces = places(connection, at_level(RegionLevel.PROVINCE))
    return bool(places(connection, TABLE.c.code == HOME)) and (not nation or len(provinces) > 1)


# --- planning --------------------------------------------------------------------------------------------------------


async def _plan(database: Database, name: str, seed: int, today: dt.date, password_hash: str) -> _Load:
    return await database.look(lambda connection: _planned(connection, name, seed, today, password_hash))


def _planned(connection: Connection, name: str, seed: int, today: dt.date, password_hash: str) -> _Load:
    scale = SCALES[name]
    world = World(seed, today, scale.years, {})
    world.accounts = {login: next(world.keys) for login in LOGINS}
    load = _Load(world, scale, password_hash, name)
    area = places(connection, TABLE.c.code == scale.area)[0] if scale.area else None
    districts = parents_of_streets(connection, area)
    border = places(connection, TABLE.c.code == _BORDER)
    load.parts = _shared(scale, districts, border)
    return load


def _shared(scale: Scale, districts: list[tuple[Place, int]], border: list[Place]) -> list[_Part]:
    """Every district with its share of what is to be made, by the number of its streets and villages."""
    total = sum(size for _, size in districts)
    hosted, cases = max(scale.committees - total, 0), scale.cases * scale.years
    if scale.area == HOME:
        hosted = max(hosted - 1, 0)
    parts, seen = [], 0
    order = [place for place, _ in districts] + ([] if scale.area != HOME else border)
    for i, (place, size) in enumerate(districts):
        part = _Part(place, order[(i + 1) % len(order)], 0, 0)
        part.hosted = hosted * (seen + size) // total - hosted * seen // total
        part.cases = cases * (seen + size) // total - cases * seen // total
        parts.append(part)
        seen += size
    if scale.area == HOME and border:
        few = 12
        parts[0].cases -= few
        parts.append(_Part(border[0], parts[0].place, 0, few, only=True))
    return parts


# --- making ----------------------------------------------------------------------------------------------------------


def _steps(load: _Load, progress: Progress) -> Iterator[Callable[[Connection], None]]:
    """The transactions of a load, in order."""
    total = len(load.parts) + 1
    for done, part in enumerate(load.parts):

        def fill(connection: Connection, done: int = done, part: _Part = part) -> None:
            if done == 0:
                _must_be_empty(connection)
            progress(done, total, part.place.name)
            _write(load, connection, lambda: _fill(load, connection, part))

        yield fill

    def finish(connection: Connection) -> None:
        progress(total - 1, total, "编号和审计")
        _write(load, connection, lambda: _finish(load, connection))
        progress(total, total, "完成")

    yield finish


def _write(load: _Load, connection: Connection, make: Callable[[], None]) -> None:
    rows = load.world.rows = Rows(connection)
    make()
    rows.flush()
    for name, count in rows.counts.items():
        load.counts[name] = load.counts.get(name, 0) + count


def _fill(load: _Load, connection: Connection, part: _Part) -> None:
    """A district with everything in it."""
    world, home = load.world, part.place.code == HOME
    world.begin(part.place.code)
    elsewhere = next(iter(places(connection, at_level(RegionLevel.VILLAGE), below(part.neighbour))), part.neighbour)
    district = open_district(world, connection, load.bureaus, part.place, elsewhere, only_office=part.only)
    committees = _found(world, district, part, home)
    if home:
        _settle(load, connection, district, committees)
    filings = [row for committee in committees for row in file_committee(world, committee)]
    notify_court(world, district, committees, filings)
    for row in filings:
        world.rows.add(CommitteeFiling, row)
    open_studios(world, district, committees)
    open_cases(world, district, committees, part.cases)


def _found(world: World, district: District, part: _Part, home: bool) -> list[Committee]:
    only = district.all_villages[0] if part.only else None
    hosted = seats(world, district, part.hosted)
    committees: list[Committee] = []
    for plan in plans(district, hosted, only):
        # Streets had their committees all along; what is told by number happens to the others.
        nth = None if plan.place.level == RegionLevel.STREET.name else world.count(f"told/{part.place.code}") - 1
        committees.append(found_committee(world, plan, SETTLED if only else story(world.chance, nth, home=home)))
    return committees


def _settle(load: _Load, connection: Connection, district: District, committees: list[Committee]) -> None:
    """The accounts: `committee` is the first community of its street, `office2` works in the next one."""
    world, places_of = load.world, load.bureaus
    street = next(s for s in district.streets if s.code == HOME_STREET)
    after = district.streets[district.streets.index(street) + 1]
    own = next(c for c in committees if c.place.parent_id == street.id and c.type is CommitteeType.COMMUNITY)
    province = places_of.parent(connection, district.city) or district.city
    offices = district.offices[street.id], district.offices[after.id]
    world.own_committee = own.id
    world.office_logins = {office.id: login for office, login in zip(offices, ("office", "office2"), strict=True)}
    beside = open_beside(world, district, street)
    anchors = Anchors(province, district.city, district, offices, own, district.court, street, beside)
    open_accounts(world, anchors, load.password_hash)
    for neighbour in places(connection, TABLE.c.parent_id == district.city.id, at_level(RegionLevel.DISTRICT)):
        places_of.bureau(world, connection, neighbour)
    for place, key in ((province, ParameterKey.TERM_MONTHS), (district.place, ParameterKey.FILING_DAYS)):
        value = str(PARAMETERS[key].default)  # what the rest of the demo lives by
        world.add(Parameter, place, None, key=key.name, value=value, valid_from=_LAW)


def _finish(load: _Load, connection: Connection) -> None:
    """Where the server's number series go on, and the one audit record of the load."""
    world = load.world
    for name, last in sorted(world.series.items()):
        world.rows.add(NumberSeries, {"name": name, "last": last})
    world.rows.flush()
    root = places(connection, TABLE.c.parent_id.is_(None))
    owner = root[0] if root else load.parts[0].place
    made = {name: count for name, count in load.counts.items() if name != NumberSeries.__name__}
    summary = f"载入演示数据（规模 {load.name}，种子 {world.seed}）"
    row = world.add(
        AuditLog, owner, None, clock.now(), action=AuditAction.IMPORT.name, summary=summary, after=made,
        actor_name=COMMAND_LINE,
    )  # fmt: skip
    row["at"] = row["created_at"]
    world.rows.flush()
    enqueue(connection, row["id"])
    for table in (info.table for info in registry().values()):
        if (known := first_known(table)) is not None:
            connection.execute(known)
    marks = [{"account_id": key} for key in world.accounts.values()]
    connection.execute(sa.insert(DemoAccount), marks)
