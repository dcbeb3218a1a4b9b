"""A small country, counted by hand, and the accounts that live in it.

    32          province
      3201      city
        320102  district: street 002 with village 002001, street 003 with village 003001
        320104  another district
    Street 002 took the place of street 902, whose old rows stay at its path.

The office covers street 002, and covered street 003 until yesterday. Committee `a` stands in village 002001, `b` in
003001. The mediator serves `a`; the appointment by `b` has ended.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, make_url

from db.audit.chain import PURPOSE, tally_of
from db.base import Base
from db.clock import now, today
from db.crypto import current_secret, derived_key
from db.engine import Database
from db.identity import new_key
from db.levels import fill_levels
from db.registry import registry
from db.technical import AuditTally
from permissions.passwords import hash_password
from settings import Settings
from tests.canaries import MARK, PHONE, SECRET
from tests.databases import RUNTIME

T = TypeVar("T")
PASSWORD = "Fengqiao-1963"
YESTERDAY, LONG_AGO = today() - dt.timedelta(days=1), dt.date(2020, 1, 1)
PATHS = {
    "province": "/32/",
    "city": "/32/01/",
    "district": "/32/01/02/",
    "street": "/32/01/02/002/",
    "village": "/32/01/02/002/001/",
    "street3": "/32/01/02/003/",
    "village3": "/32/01/02/003/001/",
    "old": "/32/01/02/902/",
    "district4": "/32/01/04/",
}
LEVELS = {2: "PROVINCE", 3: "CITY", 4: "DISTRICT", 5: "STREET", 6: "VILLAGE"}


@functools.cache
def password_hash() -> str:
    """The hash of PASSWORD, made once a run."""
    return hash_password(PASSWORD)


def in_database(url: str, function: Callable[[Connection], T]) -> T:
    """`function` in one transaction of a database of its own, as another process would; behind a wall the server's."""

    async def run() -> T:
        database = Database(Settings(database_url=url, row_level_security=make_url(url).username == RUNTIME))
        try:
            return await database.as_system().write(function)
        finally:
            await database.stop()

    return asyncio.run(run())


class World:
    """Writes rows into an empty database and remembers their keys by name, those of accounts as ``@login``."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.keys: dict[str, str] = {}

    def add(self, table: str, name: str = "", /, **values: Any) -> str:
        """Insert a row with the columns that every row has; its key."""
        registry()  # every table is known from here on
        target = Base.metadata.tables[table]
        row = {"id": new_key(), "created_at": now(), "updated_at": now(), **values}
        if "scope_path" in target.c and "scope_path" not in row:
            row["scope_path"] = PATHS["district"]
        self.connection.execute(sa.insert(target).values(**row))
        self.keys[name or row["id"]] = row["id"]
        return str(row["id"])

    def regions(self) -> None:
        for name, path in PATHS.items():
            parent = next((n for n, p in PATHS.items() if p == path[: path[:-1].rfind("/") + 1]), None)
            code = path.replace("/", "").ljust(12, "0")
            self.add(
                "region", name, code=code, name=name, short_name=name, level=LEVELS[path.count("/")], path=path,
                parent_id=self.keys.get(parent or ""), valid_from=LONG_AGO,
                valid_to=YESTERDAY if name == "old" else None,
                successor_id=self.keys["street"] if name == "old" else None,
                successor_path=PATHS["street"] if name == "old" else None,
            )  # fmt: skip
        fill_levels(self.connection)

    def units(self) -> None:
        district = self.keys["district"]
        for name, kind in (("office", "JUDICIAL_OFFICE"), ("centre", "MEDIATION_CENTER"), ("court", "PARTNER")):
            self.add("org_unit", name, kind=kind, name=name, region_id=district)
        for unit, region, until in (
            ("office", "street", None),
            ("office", "street3", YESTERDAY),
            ("centre", "district", None),
            ("court", "street", None),
            ("court", "street3", None),
        ):
            keys = {"org_unit_id": self.keys[unit], "region_id": self.keys[region]}
            self.add("org_unit_coverage", **keys, valid_from=LONG_AGO, valid_to=until)

    def committees(self) -> None:
        office = self.keys["office"]
        for name, region in (("a", "village"), ("b", "village3")):
            self.add(
                "mediation_committee", name, code=f"code-{name}", name=name, type="VILLAGE", level="VILLAGE",
                region_id=self.keys[region], scope_path=PATHS[region], guiding_office_id=office, org_scope_id=office,
                filing_bureau_id=office, established_on=LONG_AGO, address=MARK, phone=PHONE,
            )  # fmt: skip
        enc = {f"{c}_{part}": f"{SECRET}{c}" for c in ("id_number", "mobile") for part in ("cipher", "digest")}
        enc |= {"id_number_mask": "x", "mobile_mask": "x"}
        self.add(
            "mediator", "mediator", mediator_no="M1", name=f"张三{MARK}", region_id=self.keys["village"],
            ethnicity="HAN", education="BACHELOR", kind="PART_TIME", first_appointed_on=LONG_AGO, **enc,
        )  # fmt: skip
        for committee, until in (("a", None), ("b", YESTERDAY)):
            self.add(
                "mediator_appointment", f"post-{committee}", mediator_id=self.keys["mediator"],
                committee_id=self.keys[committee], region_id=self.keys["village"], role="MEMBER", basis="ELECTED",
                kind="PART_TIME", start_on=LONG_AGO, end_on=until,
            )  # fmt: skip

    def account(self, login: str, **values: Any) -> str:
        """An active account with PASSWORD and without grants."""
        known = {"person_name": login, "region_id": self.keys["district"], "password_hash": password_hash()}
        return self.add("user_account", f"@{login}", login_name=login, **{**known, **values})

    def grant(
        self, login: str, role: str, since: dt.date = LONG_AGO, until: dt.date | None = None, **anchor: str
    ) -> str:
        """A grant of the account; the anchor by its name here."""
        anchors = {f"{column}_id": self.keys[name] for column, name in anchor.items()}
        account = self.keys[f"@{login}"]
        return self.add("role_grant", account_id=account, role=role, valid_from=since, valid_to=until, **anchors)


def settle(connection: Connection) -> World:
    """The whole country, with the account `district` that holds DIST there."""
    world = World(connection)
    world.regions()
    world.units()
    world.committees()
    world.account("district")
    world.grant("district", "DIST", region="district")
    return world


def begin_tally(connection: Connection, seq: int = 0) -> None:
    """The count of the audit log stands at `seq`, signed by the secret of now, as only who has it can."""
    told = tally_of(derived_key(PURPOSE), seq)
    connection.execute(sa.update(AuditTally).values(seq=seq, mark=told, secret=current_secret()))
