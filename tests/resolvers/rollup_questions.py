"""Random cases, writes and groupings for the rollups, over a world whose tree skips levels."""

from __future__ import annotations

import datetime as dt
import decimal
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from db.bulk import insert_rows
from db.clock import now
from db.engine import Database
from db.facts import Role
from db.identity import new_key
from db.levels import fill_levels
from db.registry import registry
from db.rollups import rollups_of
from permissions.viewer import Reach, Viewer, subtree
from resolvers.services import make_services
from schema.fast import FastPath
from settings import Settings
from tests.databases import RUNTIME, owner_of
from tests.places import Place, place
from tests.world import LEVELS, PATHS, TODAY

CASE: sa.Table = registry()["MediationCase"].table
REGION: sa.Table = registry()["Region"].table
[STORED] = rollups_of(CASE)
# Regions of a tree that skips levels: streets right below a city and a province, a village below a district.
SKIPS = {
    "Dongguan": ("city2", "STREET", "/32/02/c901/"), "Dongguan1": ("Dongguan", "VILLAGE", "/32/02/c901/001/"),
    "lonely": ("city2", "VILLAGE", "/32/02/c902/"), "high": ("province", "STREET", "/32/c903/"),
    "short": ("C", "VILLAGE", "/32/02/05/c904/"), "corps": ("province", "DISTRICT", "/32/c905/"),
    "corps1": ("corps", "VILLAGE", "/32/c905/001/"),
}  # fmt: skip


@dataclass
class Both:
    """One database asked in both ways: with the rollups and without."""

    kept: Place
    real: Place
    keys: dict[str, str]
    """Ids of regions by name."""
    paths: dict[str, str]
    codes: dict[str, str]
    viewers: dict[str, Viewer]
    owner: Database
    """Who owns the tables: behind a wall the server itself deletes no case, and moves none."""
    levels: dict[str, str] = field(default_factory=dict)

    @property
    def server(self) -> Database:
        """The database as the server's own tasks see it."""
        return self.kept.services.database.as_system()

    def write(self, function: Any) -> Any:
        """`function` in one transaction of the owner."""
        return self.kept.runner.run(self.owner.write(function))

    def serve(self, function: Any) -> Any:
        """`function` in one transaction of the server."""
        return self.kept.runner.run(self.server.write(function))

    def answers(self, viewer: str, document: str, variables: dict[str, Any]) -> tuple[Any, Any]:
        """The data of the answer with the rollups, and without."""
        found = []
        for one in (self.kept, self.real):
            answer = orjson.loads(one.body(self.viewers[viewer], document, variables))
            assert "errors" not in answer, (answer, document, variables)
            found.append(answer["data"])
        return found[0], found[1]


@contextmanager
def both_ways(url: str) -> Iterator[Both]:
    """The world and the odd regions in the migrated, empty database at `url`."""
    with place(url) as there:
        settings = there.services.settings.model_copy(update={"suppress_below": 0})
        ways = []
        for use in (True, False):
            database = Database(settings.model_copy(update={"use_rollups": use}))
            there.runner.run(database.start())
            services = make_services(database.settings, database, there.services.entities)
            ways.append(replace(there, services=services, fast=FastPath(there.schema)))
        walled = make_url(url).username == RUNTIME
        owner = Database(Settings(database_url=owner_of(url))) if walled else ways[0].services.database
        found = Both(ways[0], ways[1], {}, {}, {}, dict(there.viewers), owner)
        for name, path in PATHS.items():
            row = there.world.named[f"Region:{name}"]
            found.keys[name], found.paths[name], found.codes[name] = row["id"], path, row["code"]
            found.levels[name] = row["level"]
        found.write(lambda connection: _skips(connection, found))
        for name, (region, *above) in WIDE.items():
            reach = Reach((subtree(found.paths[region]),), tuple(found.paths[a] for a in above))
            found.viewers[name] = Viewer(there.viewers["prov"].account_id, name, name, {Role.DIST: reach})
        yield found
        for database in (owner, *(way.services.database for way in ways)):
            there.runner.run(database.stop())


def _skips(connection: Connection, both: Both) -> None:
    for name, (parent, level, path) in SKIPS.items():
        both.keys[name], both.paths[name], both.codes[name] = new_key(), path, f"9{len(both.keys):011d}"
        both.levels[name] = level
        connection.execute(
            sa.insert(REGION).values(
                id=both.keys[name], created_at=now(), updated_at=now(), code=both.codes[name], name=name,
                short_name=name, level=level, path=path, parent_id=both.keys[parent], valid_from=TODAY,
            )
        )  # fmt: skip
    fill_levels(connection)


# --- what happens ----------------------------------------------------------------------------------------------------


def random_row(chance: random.Random, both: Both) -> dict[str, Any]:
    """A case anywhere, at any time, with nulls."""
    template = chance.choice(both.kept.world.by_entity["MediationCase"])
    key = new_key()
    return {**template, "id": key, "case_no": key[-30:], **random_change(chance, both), "deleted_at": None}


def random_change(chance: random.Random, both: Both) -> dict[str, Any]:
    """New values for the columns that a rollup counts by or adds up."""
    day = dt.date(2026, 1, 1) + dt.timedelta(days=chance.randrange(-40, 200))
    living = [name for name in both.paths if name != "A2gone"]
    money = decimal.Decimal(chance.randrange(10**11)).scaleb(-2)
    return {
        "scope_path": both.paths[chance.choice(living)], "region_id": both.keys[chance.choice(living)],
        "concluded_on": chance.choice([day, day.replace(day=1), None]),
        "dispute_type": chance.choice(["NEIGHBOUR", "FAMILY", "CONTRACT"]),
        "outcome": chance.choice(["AGREED", "FAILED", None]),
        "amount_claimed": chance.choice([money, None]), "headcount": chance.randrange(2, 2_000_000_000),
    }  # fmt: skip


def random_write(chance: random.Random, both: Both, connection: Connection) -> None:
    """One of the ways in which rows come, change and go."""
    some = sa.select(CASE.c.id).order_by(CASE.c.id).limit(chance.randrange(1, 6)).offset(chance.randrange(8))
    keys = connection.scalars(some).all()
    match chance.randrange(7):
        case 0:
            rows = [random_row(chance, both) for _ in range(chance.randrange(1, 9))]
            connection.execute(sa.insert(CASE), rows)
        case 1:
            rows = [random_row(chance, both) for _ in range(40)]
            columns = [column.name for column in CASE.c]
            insert_rows(connection, CASE, columns, [tuple(row[name] for name in columns) for row in rows])
        case 2:
            connection.execute(sa.update(CASE).where(CASE.c.id.in_(keys)).values(random_change(chance, both)))
        case 3:
            one = random_change(chance, both)
            name = chance.choice(list(one))
            connection.execute(sa.update(CASE).where(CASE.c.id.in_(keys)).values({name: one[name]}))
        case 4:
            gone = chance.choice([now(), None])
            connection.execute(sa.update(CASE).where(CASE.c.id.in_(keys)).values(deleted_at=gone))
        case 5:
            connection.execute(sa.delete(CASE).where(CASE.c.id.in_(keys)))
        case 6:
            connection.execute(sa.update(CASE).where(CASE.c.id.in_(keys)).values(title="没有关系的改动"))


def reset(connection: Connection, both: Both) -> None:
    """The cases of the world, and no others."""
    connection.execute(sa.delete(CASE))
    connection.execute(sa.insert(CASE), both.kept.world.by_entity["MediationCase"])


# --- what is asked ---------------------------------------------------------------------------------------------------

KEYS = {
    "region { code name }": [f"{{region: {{level: {level}}}}}" for level in ("NATION", "PROVINCE", "CITY", "DISTRICT")],
    "disputeType": ["{disputeType: true}"],
    "outcome": ["{outcome: true}"],
    "concludedOn": [
        f"{{concludedOn: {{granularity: {name}}}}}" for name in ("MONTH", "QUARTER", "HALF_YEAR", "YEAR")
    ],
}  # fmt: skip
"""What a rollup covers: what is shown of a key -> the ways to group by it."""
OTHER_KEYS = {
    "region { code name }": ["{region: {level: STREET}}"], "state": ["{state: true}"],
    "concludedOn": ["{concludedOn: {granularity: WEEK}}"],
}  # fmt: skip
MEASURES = ["sum { amountClaimed headcount }", "avg { amountClaimed headcount }", "sum { headcount }", ""]
PERIODS = ["2026", "2026H1", "2026Q2", "2026-05", "2026-05A", "2026-W21", "2026-02B", "2026-05-03"]
DAYS = ["2026-01-01", "2026-02-28", "2026-03-15", "2026-06-30", "2026-05-01"]
WIDE = {
    "all": ("nation",), "skip": ("city2", "nation", "province"), "corps": ("corps", "nation", "province"),
    "street": ("Dongguan", "nation", "province", "city2"),
}  # fmt: skip
"""Viewers beside those of the world: their region, and the regions above it."""


class Question:
    """A random grouping, or the numbers of a whole list, that a viewer may ask; `text` and `variables` say it."""

    def __init__(self, chance: random.Random, both: Both, viewer: str) -> None:
        self.chance, self.both = chance, both
        counts_only = set(both.viewers[viewer].reaches) <= {Role.PROV, Role.CITY}
        self.months = counts_only  # and sums: API 4, aggregates only
        measures = [asked for asked in MEASURES if not (counts_only and "avg" in asked)]
        self.codes = [code for name, code in both.codes.items() if not (counts_only and both.levels[name] == LEVELS[5])]
        self.variables: dict[str, str] = {}
        keys = dict(chance.sample(list(KEYS.items()), chance.randrange(1, 4)))
        if chance.random() < 0.1:
            others = [{shown: way} for shown, way in OTHER_KEYS.items() if not (counts_only and shown == "concludedOn")]
            keys |= chance.choice(others)
        by = ", ".join(chance.choice(ways) for ways in keys.values())
        conditions = ", ".join(self._condition() for _ in range(chance.choice([0, 1, 1, 1, 2])))
        declared = ", ".join(f"${name}: {name.rstrip('0123456789')}!" for name in self.variables)
        fill = ", fill: true" if chance.random() < 0.15 else ""
        groups = f"""groupBy(by: [{by}]{fill}, first: 1000) {{ totalCount
                nodes {{ key {{ {" ".join(keys)} }} count {chance.choice(measures)} }}
                subtotals {{ totalled count sum {{ amountClaimed }} }} }}"""
        whole = f"aggregate {{ count suppressed {chance.choice(measures)} }}"
        asked = chance.choice([f"totalCount {groups}", f"{whole} {groups}", f"totalCount {whole}", whole, "totalCount"])
        self.text = f"""query {f"({declared})" if declared else ""} {{
            mediationCases{f"(where: {{and: [{conditions}]}})" if conditions else ""} {{ {asked} }} }}"""

    def _told(self, value: str, kind: str) -> str:
        """A value as a literal or as a variable."""
        if self.chance.random() < 0.5:
            return f'"{value}"'
        name = f"{kind}{len(self.variables)}"
        self.variables[name] = value
        return f"${name}"

    def _condition(self) -> str:
        made = self._plain()
        if self.chance.random() < 0.2:
            made = f"{{not: {made}}}"
        return f"{{or: [{made}, {self._plain()}]}}" if self.chance.random() < 0.15 else made

    def _plain(self) -> str:
        chance = self.chance
        match chance.randrange(10):
            case 0 | 1 | 2:
                periods = PERIODS[:4] if self.months else PERIODS
                return f"{{concludedOn: {{inPeriod: {self._told(chance.choice(periods), 'String')}}}}}"
            case 3:
                operator = chance.choice(["gt", "gte", "lt", "lte"])
                whole = DAYS[::4] if operator in ("gte", "lt") else DAYS[1:4:2]
                day = self._told(chance.choice(whole if self.months else DAYS), "Date")
                return f"{{concludedOn: {{{operator}: {day}}}}}"
            case 4:
                return f"{{concludedOn: {{between: [{self._told(DAYS[0], 'Date')}, {self._told(DAYS[3], 'Date')}]}}}}"
            case 5:
                return f"{{concludedOn: {{isNull: {chance.choice(['true', 'false'])}}}}}"
            case 6 | 7:
                return f"{{region: {{descendantOf: {{code: {self._told(chance.choice(self.codes), 'String')}}}}}}}"
            case 8:
                return chance.choice(["{disputeType: {in: [NEIGHBOUR, CONTRACT]}}", "{outcome: {neq: AGREED}}"])
            case _:
                return chance.choice(["{state: {neq: CLOSED}}", "{outcome: {isNull: true}, disputeType: {eq: FAMILY}}"])
