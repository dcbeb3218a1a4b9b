"""A town for the tests of commands: two districts, their units and accounts; everything else goes through commands.

32        province
  3201    city
    320102  district with its bureau: street 002 (villages 001, 002) and street 003 (village 001), an office each
    320104  another district with its bureau: street 001 (village 001) and its office
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.checksums import citizen_check_digit
from db.clock import now, today
from db.engine import Database
from db.identity import global_id, new_key
from db.registry import registry
from permissions.accounts import load_viewer
from permissions.viewer import Viewer
from resolvers.commands.write import Commands
from resolvers.faults import Refused
from settings import Settings
from tests.canaries import MARK, PHONE
from tests.databases import owner_of

LONG_AGO = dt.date(2020, 1, 1)
ONE_DAY = dt.timedelta(days=1)
PATHS = {
    "province": "/32/", "city": "/32/01/", "district": "/32/01/02/", "street2": "/32/01/02/002/",
    "village1": "/32/01/02/002/001/", "village2": "/32/01/02/002/002/", "street3": "/32/01/02/003/",
    "village3": "/32/01/02/003/001/", "district4": "/32/01/04/", "street4": "/32/01/04/001/",
    "village4": "/32/01/04/001/001/",
}  # fmt: skip
LEVELS = {3: "PROVINCE", 4: "CITY", 5: "DISTRICT", 6: "STREET", 7: "VILLAGE"}
UNITS = {
    "department": ("PROVINCIAL_DEPT", "province", None), "citybureau": ("CITY_BUREAU", "city", "department"),
    "bureau": ("DISTRICT_BUREAU", "district", "citybureau"), "bureau4": ("DISTRICT_BUREAU", "district4", "citybureau"),
    "office2": ("JUDICIAL_OFFICE", "street2", "bureau"), "office3": ("JUDICIAL_OFFICE", "street3", "bureau"),
    "office4": ("JUDICIAL_OFFICE", "street4", "bureau4"), "health": ("PARTNER", "district", None),
}  # fmt: skip
ACCOUNTS = {
    "province": ("PROV", {"region": "province"}), "city": ("CITY", {"region": "city"}),
    "district": ("DIST", {"region": "district"}), "district2": ("DIST", {"region": "district"}),
    "other": ("DIST", {"region": "district4"}), "office": ("OFFC", {"org_unit": "office2"}),
    "officer2": ("OFFC", {"org_unit": "office2"}), "auditor": ("AUDT", {"region": "district"}),
    "sysadmin": ("SYS", {}),
}  # fmt: skip

# How a filing of a committee gets to each state, as (login, verb) from its draft on.
WAYS: dict[str, list[tuple[str, str]]] = {
    "DRAFT": [],
    "SUBMITTED": [("clerk", "submit")],
    "RETURNED": [("clerk", "submit"), ("office", "return")],
    "OFFICE_CHECKED": [("clerk", "submit"), ("office", "check")],
    "FILED": [("clerk", "submit"), ("office", "check"), ("district", "file")],
    "NOT_FILED": [("clerk", "submit"), ("office", "check"), ("district", "refuse")],
    "WITHDRAWN": [("clerk", "withdraw")],
}


def code_of(place: str) -> str:
    """The code of a region of the town."""
    return PATHS[place].replace("/", "").ljust(12, "0")


def citizen(serial: int, *, female: bool = False, born: str = "19800101") -> str:
    """A well-formed citizen number; ``serial`` from 0 to 499."""
    first = f"320199{born}{serial * 2 + (0 if female else 1):03d}"
    return first + citizen_check_digit(first)


@dataclass
class Town:
    """A database with the town in it and commands over it."""

    database: Database
    keys: dict[str, str]
    people: int = 0
    viewers: dict[str, Viewer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.commands = Commands(self.database, registry())
        self.database = self.database.as_system()  # what tests look at by themselves

    async def viewer(self, login: str) -> Viewer:
        """The account of the town with its rights of now."""
        viewer = await self.database.look(
            lambda connection: load_viewer(connection, self.keys[f"@{login}"], "10.0.0.9")
        )
        assert viewer is not None
        return viewer

    async def as_owner(self, function: Callable[[Connection], Any]) -> None:
        """`function` in a transaction of who owns the tables: what no server may do behind the wall."""
        url = self.database.url.render_as_string(hide_password=False)
        owner = Database(Settings(database_url=owner_of(url)))
        try:
            await owner.write(function)
        finally:
            await owner.stop()

    async def rows(self, entity: str, **equal: Any) -> list[dict[str, Any]]:
        """The stored rows of an entity."""
        table = registry()[entity].table
        where = [table.c[name] == value for name, value in equal.items()]
        statement = sa.select(table).where(*where).order_by(table.c.id)
        return await self.database.look(lambda c: [dict(row) for row in c.execute(statement).mappings()])

    async def row(self, entity: str, key: str) -> dict[str, Any]:
        """The stored row."""
        return (await self.rows(entity, id=key))[0]

    def ref(self, name: str, entity: str) -> dict[str, str]:
        """``{"id": …}`` of a row of the town."""
        return {"id": global_id(registry()[entity].facts.prefix, self.keys.get(name, name))}

    async def create(self, login: str, entity: str, data: Mapping[str, Any]) -> str:
        return await self.commands.create(await self.viewer(login), entity, data)

    async def update(
        self, login: str, entity: str, key: str, patch: Mapping[str, Any], version: int | None = None
    ) -> str:
        return await self.commands.update(await self.viewer(login), entity, self.ref(key, entity), patch, version)

    async def delete(self, login: str, entity: str, key: str, version: int | None = None) -> str:
        return await self.commands.delete(await self.viewer(login), entity, self.ref(key, entity), version)

    async def take(
        self, login: str, key: str, verb: str, version: int | None = None, reason: str | None = None,
        entity: str = "CommitteeFiling",
    ) -> str:  # fmt: skip
        return await self.commands.take(await self.viewer(login), entity, self.ref(key, entity), verb, version, reason)

    async def found(self, login: str = "office", place: str = "village1", /, **more: Any) -> str:
        """A committee of `place`, without a term or members."""
        return await self.create(login, "MediationCommittee", committee(place) | more)

    async def person(self, login: str = "district", place: str = "village1", **more: Any) -> str:
        """A new mediator, a man unless said otherwise."""
        self.people += 1
        female = more.pop("female", False)
        return await self.create(login, "Mediator", mediator(self.people, place, female=female) | more)

    async def appoint(self, committee: str, person: str, role: str = "MEMBER", **more: Any) -> str:
        """An appointment from the committee's first day on."""
        since = (await self.row("MediationCommittee", committee))["established_on"]
        data = {
            "committee": self.ref(committee, "MediationCommittee"), "mediator": self.ref(person, "Mediator"),
            "role": role,
            "basis": "ELECTED", "kind": "PART_TIME", "startOn": since,
        }  # fmt: skip
        return await self.create("district", "MediatorAppointment", data | more)

    async def staff(
        self, committee: str, women: int = 1, men: int = 2, director: bool = True, **more: Any
    ) -> list[str]:
        """New members of a committee; the first is its director. Their keys."""
        people = [await self.person(female=i < women) for i in range(women + men)]
        for i, person in enumerate(people):
            await self.appoint(committee, person, "DIRECTOR" if director and i == 0 else "MEMBER", **more)
        return people

    async def term(self, committee: str, login: str = "district", /, **more: Any) -> str:
        """A term from the committee's first day on."""
        since = (await self.row("MediationCommittee", committee))["established_on"]
        data = {
            "committee": self.ref(committee, "MediationCommittee"), "startsOn": since, "electionOn": since,
            "electionMethod": "VILLAGERS_MEETING",
        }  # fmt: skip
        return await self.create(login, "CommitteeTerm", data | more)

    async def complete(self, **more: Any) -> str:
        """A committee with a term and three members, as the law wants it."""
        key = await self.found(**more)
        await self.term(key)
        await self.staff(key)
        return key

    async def clerk(self, committee: str, login: str = "clerk") -> str:
        """A new account with COMM for a committee; its login."""
        await self.account(login, "COMM", committee_id=committee)
        return login

    async def account(self, login: str, role: str, **anchor: str) -> None:
        """A new account with one grant."""
        await self.database.write(lambda connection: _account(connection, self.keys, login, role, anchor))

    async def grant(self, login: str, role: str, place: str) -> None:
        """One more grant for an account, over a region of the town."""
        anchor = {"account_id": self.keys[f"@{login}"], "role": role, "region_id": self.keys[place]}
        scoped = {"valid_from": LONG_AGO, "scope_path": PATHS[place]}
        await self.database.write(lambda c: _insert(c, self.keys, "role_grant", f"{login}-{role}", **anchor, **scoped))

    async def filing(self, committee: str, login: str = "office", kind: str = "ESTABLISH", **more: Any) -> str:
        """A draft of a filing."""
        data = {"committee": self.ref(committee, "MediationCommittee"), "type": kind, "eventOn": today()}
        return await self.create(login, "CommitteeFiling", data | more)

    async def filed(self, committee: str, kind: str = "ESTABLISH", **more: Any) -> str:
        """A filing taken all the way: by the office, then by the district."""
        key = await self.filing(committee, kind=kind, **more)
        await self.take("office", key, "submit")
        await self.take("district", key, "file")
        return key

    async def go(self, filing: str, *steps: tuple[str, str]) -> None:
        """Take a filing through steps, each by a login."""
        for login, verb in steps:
            await self.take(login, filing, verb, reason="材料不全")

    async def started(self, state: str) -> tuple[str, str]:
        """A committee and its filing, started by its clerk (the account ``clerk``) and taken to `state`."""
        committee = await self.complete()
        filing = await self.filing(committee, await self.clerk(committee))
        await self.go(filing, *WAYS[state])
        return committee, filing

    async def case(self, committee: str, state: str) -> str:
        """A case of a committee, as the register of cases would leave it."""
        owner = await self.row("MediationCommittee", committee)
        values = {
            "case_no": new_key()[:32], "title": f"邻里纠纷{MARK}", "summary": f"噪声{MARK}", "committee_id": committee,
            "state": state,
            "region_id": owner["region_id"], "scope_path": owner["scope_path"], "dispute_type": "NEIGHBOUR",
            "source": "PROACTIVE", "parties_relation": "CITIZEN_CITIZEN", "difficulty": "SIMPLE", "headcount": 2,
            "registered_at": now(), "entered_at": now(), "entry_channel": "PC",
        }  # fmt: skip
        return await self.database.write(lambda c: _insert(c, self.keys, "mediation_case", values["case_no"], **values))

    async def close_case(self, case: str) -> None:
        """End a case."""
        table = registry()["MediationCase"].table
        await self.database.write(
            lambda c: c.execute(sa.update(table).where(table.c.id == case).values(state="CLOSED"))
        )


def committee(place: str = "village1", **more: Any) -> dict[str, Any]:
    """The input of a village's committee."""
    return {
        "name": f"{place}{MARK}人民调解委员会", "type": "VILLAGE", "region": {"code": code_of(place)},
        "establishedOn": today() - dt.timedelta(days=300), "address": "枫桥路1号", "phone": PHONE, **more,
    }  # fmt: skip


def mediator(serial: int, place: str = "village1", *, female: bool = False, **more: Any) -> dict[str, Any]:
    """The input of a mediator."""
    return {
        "name": f"调解员{serial}{MARK}", "region": {"code": code_of(place)}, "idNumber": citizen(serial, female=female),
        "mobile": f"160{serial:08d}"[:11].replace("160", "138"), "ethnicity": "HAN", "education": "COLLEGE",
        "kind": "PART_TIME", "firstAppointedOn": dt.date(2020, 1, 1), **more,
    }  # fmt: skip


def host(**more: Any) -> dict[str, Any]:
    """The input of a host unit."""
    return {
        "kind": "ENTERPRISE", "name": "枫桥精密机械有限公司", "region": {"code": code_of("village1")}, "industry": "C",
        "employeeCount": 500, "employeeCountOn": dt.date(2025, 1, 1), **more,
    }  # fmt: skip


def codes(refused: Refused) -> set[tuple[str, str]]:
    """Path and code of every fault, the paths joined by dots."""
    return {(".".join(fault.path), fault.code) for fault in refused.faults}


# --- building ---------------------------------------------------------------------------------------------------------


def build(connection: Connection) -> dict[str, str]:
    """Write the town into an empty database; the keys of its rows by name, those of accounts as ``@login``."""
    keys: dict[str, str] = {}
    for name, path in PATHS.items():
        above = next((n for n, p in PATHS.items() if p == path[: path[:-1].rfind("/") + 1]), None)
        _insert(
            connection, keys, "region", name, code=code_of(name), name=name, short_name=name, 
            level=LEVELS[path.count("/") + 1],
            path=path, parent_id=keys.get(above or ""), valid_from=LONG_AGO,
        )  # fmt: skip
    for name, (kind, place, above) in UNITS.items():
        scoped = {"region_id": keys[place], "scope_path": PATHS[place]}
        key = _insert(
            connection, keys, "org_unit", name, kind=kind, name=name, parent_id=keys.get(above or ""), **scoped
        )
        more = {"org_unit_id": key, "org_scope_id": key, "valid_from": LONG_AGO}
        _insert(connection, keys, "org_unit_coverage", f"{name}-covers", **scoped, **more)
    _partner(connection, keys, "health", "HEALTH")
    for login, (role, anchor) in ACCOUNTS.items():
        _account(connection, keys, login, role, {f"{column}_id": keys[name] for column, name in anchor.items()})
    return keys


def _partner(connection: Connection, keys: dict[str, str], unit: str, kind: str) -> None:
    """What a partner unit of the town is to mediation, as ``unit-partner``."""
    scoped = {"region_id": keys[UNITS[unit][1]], "scope_path": PATHS[UNITS[unit][1]], "org_scope_id": keys[unit]}
    _insert(
        connection, keys, "partner_institution", f"{unit}-partner", org_unit_id=keys[unit], name=unit, 
        partner_kind=kind, level="DISTRICT", contact_name=unit, contact_phone="025-1234567", **scoped,
    )  # fmt: skip


def _account(connection: Connection, keys: dict[str, str], login: str, role: str, anchor: Mapping[str, str]) -> None:
    place = {"PROV": "province", "CITY": "city", "SYS": "province"}.get(role, "district")
    scoped = {"scope_path": PATHS[place]}
    _insert(
        connection,
        keys,
        "user_account",
        f"@{login}",
        login_name=login,
        person_name=f"{login}{MARK}",
        region_id=keys[place],
        **scoped,
    )
    named = {"account_id": keys[f"@{login}"], "role": role, "valid_from": LONG_AGO, **anchor}
    _insert(connection, keys, "role_grant", f"{login}-grant", **named, **scoped)


def _insert(connection: Connection, keys: dict[str, str], table: str, name: str, /, **values: Any) -> str:
    key = new_key()
    row = {"id": key, "created_at": now(), "updated_at": now(), **values}
    connection.execute(sa.insert(registry().by_key(table).table).values(**row))
    keys[name] = key
    return key
