"""Nobody gives more than they have: by role, by place and by day; known cases, and random ones against a plain rule."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

import pytest

from db.clock import today
from db.identity import global_id
from resolvers.faults import Denied, Refused
from tests.resolvers.town import LONG_AGO, ONE_DAY, PATHS, Town, _account, _insert, code_of, codes

pytestmark = pytest.mark.anyio
REGIONS = {
    "PROV": ("province",), "CITY": ("city",), "DIST": ("district", "district4"), "DHR": ("district", "district4"),
    "AUDT": ("province", "city", "district", "street2", "village4"),
}  # fmt: skip
UNITS = {"OFFC": ("office2", "office3", "office4"), "PART": ("health", "wide")}
ENDLESS = dt.date(9999, 1, 1)

# Written once more, from the matrix: who gives what (DOMAIN 5.2, "User, role grants").
_OF_DISTRICT = {"DIST", "DHR", "OFFC", "PART", "AUDT", "COMM", "MEDR"}
GIVES = {
    "PROV": {"PROV", "CITY"} | _OF_DISTRICT, "CITY": {"CITY"} | _OF_DISTRICT, "DIST": _OF_DISTRICT,
    "OFFC": {"COMM", "MEDR"}, "SYS": {"SYS"},
}  # fmt: skip


@dataclass(frozen=True)
class Grant:
    """A grant in the town: a role, the name of what it is held for, and its days."""

    role: str
    place: str
    since: dt.date
    until: dt.date | None

    @property
    def anchor(self) -> tuple[str, str] | None:
        """The entity and the column of what it is held for."""
        if self.role in REGIONS:
            return "Region", "region"
        if self.role in UNITS:
            return "OrgUnit", "orgUnit"
        return {"COMM": ("MediationCommittee", "committee"), "MEDR": ("Mediator", "mediator")}.get(self.role)


async def peopled(town: Town) -> dict[str, list[str]]:
    """Places of the town that grants name, and for each the paths of all it reaches."""
    reached = {name: [PATHS[name]] for names in REGIONS.values() for name in names}
    reached |= {f"office{n}": [PATHS[f"street{n}"]] for n in (2, 3, 4)} | {"health": [PATHS["district"]]}
    for village in ("village1", "village4"):
        login = "office" if village == "village1" else "other"
        town.keys[f"committee-{village}"] = await town.found(login, village)
        town.keys[f"mediator-{village}"] = await town.person("district" if login == "office" else login, village)
        reached |= {f"{what}-{village}": [PATHS[village]] for what in ("committee", "mediator")}
    scoped = {"region_id": town.keys["district"], "scope_path": PATHS["district"]}

    def write(connection: Any) -> None:
        unit = _insert(connection, town.keys, "org_unit", "wide", kind="PARTNER", name="wide", **scoped)
        for place in ("district", "district4"):
            row = {**scoped, "region_id": town.keys[place], "org_unit_id": unit, "valid_from": LONG_AGO}
            _insert(connection, town.keys, "org_unit_coverage", f"wide-{place}", **row)

    await town.database.write(write)
    return reached | {"wide": [PATHS["district"], PATHS["district4"]]}


def draw(chance: random.Random, roles: list[str]) -> Grant:
    role = chance.choice(roles)
    names = REGIONS.get(role) or UNITS.get(role) or ("",)
    if role in ("COMM", "MEDR"):
        names = tuple(
            f"{'committee' if role == 'COMM' else 'mediator'}-{village}" for village in ("village1", "village4")
        )
    since = today() + ONE_DAY * chance.choice([-400, -30, -1, 0, 0, 3])
    until = None if chance.random() < 0.4 else max(since, today() + ONE_DAY * chance.choice([-20, -1, 0, 5, 90]))
    return Grant(role, chance.choice(names), since, until)


def lies_below(own: list[Grant], wanted: Grant, reached: dict[str, list[str]]) -> bool:
    """The plain rule: on each of its days, one of the giver's grants of today gives the role and holds all of it."""
    held = [each for each in own if each.since <= today() <= (each.until or ENDLESS)]

    def within(giver: Grant) -> bool:
        inside = all(any(w.startswith(g) for g in reached.get(giver.place, [])) for w in reached.get(wanted.place, []))
        return wanted.role in GIVES.get(giver.role, set()) and inside

    givers = [each for each in held if within(each)]
    ends = (wanted.since, wanted.until or ENDLESS)
    return all(any(each.since <= day <= (each.until or ENDLESS) for each in givers) for day in ends)


async def give(town: Town, login: str, account: str, wanted: Grant) -> bool:
    """Whether the giver may make the grant."""
    data: dict[str, Any] = {"account": {"id": global_id("ua", town.keys[account])}, "role": wanted.role}
    data |= {"validFrom": wanted.since, "validTo": wanted.until}
    if wanted.anchor:
        entity, column = wanted.anchor
        data[column] = town.ref(wanted.place, entity)
    try:
        await town.create(login, "RoleGrant", data)
    except (Refused, Denied):
        return False
    return True


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_grant_is_accepted_exactly_where_it_lies_below_the_givers_own(town: Town, seed: int) -> None:
    reached, chance = await peopled(town), random.Random(seed)
    columns = {"Region": "region_id", "OrgUnit": "org_unit_id", "MediationCommittee": "committee_id",
               "Mediator": "mediator_id"}  # fmt: skip
    over: dict[str, Any] = {"valid_to": LONG_AGO}
    everything = [*REGIONS, *UNITS, "COMM", "MEDR", "SYS"]
    outcomes = set()
    for number in range(24):
        own = [
            draw(chance, ["PROV", "CITY", "DIST", "DIST", "OFFC", "SYS", "AUDT"])
            for _ in range(chance.choice([1, 1, 2]))
        ]
        giver, target = f"giver{number}", f"target{number}"
        current = next((g for g in own if g.since <= today() <= (g.until or ENDLESS) and g.role in GIVES), own[0])
        path = reached.get(current.place, [PATHS["province"]])[0]
        home = next(name for name in ("village1", "village3", "village4") if PATHS[name].startswith(path))

        def write(
            connection: Any, own: list[Grant] = own, giver: str = giver, target: str = target, home: str = home
        ) -> None:
            for login in (giver, target):
                _account(connection, town.keys, login, "SYS", over)
            scoped = {"region_id": town.keys[home], "scope_path": PATHS[home]}
            table = town.commands.entities["UserAccount"].table
            connection.execute(table.update().where(table.c.id == town.keys[f"@{target}"]).values(**scoped))
            for i, grant in enumerate(own):
                anchor = {columns[grant.anchor[0]]: town.keys[grant.place]} if grant.anchor else {}
                days: dict[str, Any] = {"valid_from": grant.since, "valid_to": grant.until}
                held = {"account_id": town.keys[f"@{giver}"], "role": grant.role, "scope_path": PATHS["province"]}
                _insert(connection, town.keys, "role_grant", f"{giver}-{i}", **held, **days, **anchor)

        await town.database.write(write)
        for _ in range(8):
            wanted = draw(chance, everything)
            expected = lies_below(own, wanted, reached)
            assert await give(town, giver, f"@{target}", wanted) is expected, (own, wanted)
            outcomes.add((expected, wanted.role))
    assert {role for accepted, role in outcomes if accepted} >= {"DIST", "OFFC", "COMM"}
    assert {role for accepted, role in outcomes if not accepted} == set(everything)


async def test_each_level_makes_the_accounts_of_the_next_and_none_above(town: Town) -> None:
    await peopled(town)
    cases = {
        ("province", "CITY", "city"): True, ("city", "DIST", "district"): True, ("city", "DIST", "district4"): True,
        ("district", "OFFC", "office2"): True, ("district", "PART", "health"): True,
        ("office", "COMM", "committee-village1"): True, ("office", "MEDR", "mediator-village1"): True,
        ("city", "PROV", "province"): False, ("district", "CITY", "city"): False, ("office", "DIST", "district"): False,
        ("office", "OFFC", "office2"): False, ("district", "OFFC", "office4"): False,
        ("district", "DIST", "district4"): False, ("other", "OFFC", "office2"): False,
        ("office", "COMM", "committee-village4"): False, ("auditor", "AUDT", "district"): False,
        ("sysadmin", "DIST", "district"): False, ("sysadmin", "SYS", ""): True, ("province", "SYS", ""): False,
        # At home in the district, but it covers another one, too.
        ("district", "PART", "wide"): False, ("city", "PART", "wide"): True,
    }  # fmt: skip
    for number, ((login, role, place), expected) in enumerate(cases.items()):
        target = f"new{number}"
        home = "village4" if login == "other" else "village1"

        def write(connection: Any, target: str = target, home: str = home) -> None:
            scoped = {"region_id": town.keys[home], "scope_path": PATHS[home]}
            named = {"login_name": target, "person_name": target, **scoped}
            _insert(connection, town.keys, "user_account", f"@{target}", **named)

        await town.database.write(write)
        wanted = Grant(role, place, today(), None)
        assert await give(town, login, f"@{target}", wanted) is expected, (login, role, place)


async def test_what_one_gives_ends_with_ones_own_grant(town: Town) -> None:
    last = today() + 5 * ONE_DAY
    await town.update("city", "RoleGrant", "district2-grant", {"validTo": last})
    grant = {"account": town.ref("@office", "UserAccount"), "role": "DHR", "region": {"code": code_of("district")}}
    for days, fault in (
        ({"validFrom": today()}, "validTo"),
        ({"validFrom": today(), "validTo": last + ONE_DAY}, "validTo"),
        ({"validFrom": LONG_AGO - ONE_DAY, "validTo": last}, "validFrom"),
    ):
        with pytest.raises(Refused) as refused:
            await town.create("district2", "RoleGrant", grant | days)
        assert codes(refused.value) == {(fault, "RANGE")}
    key = await town.create("district2", "RoleGrant", grant | {"validFrom": today(), "validTo": last})
    # What somebody else gave for longer may be ended, and not be given more.
    await town.update("district", "RoleGrant", key, {"validTo": None})
    with pytest.raises(Refused):
        await town.update("district2", "RoleGrant", key, {"validFrom": LONG_AGO - ONE_DAY})
    await town.update("district2", "RoleGrant", key, {"validTo": last})
    with pytest.raises(Refused):
        await town.update("district2", "RoleGrant", key, {"validTo": last + ONE_DAY})


async def test_nobody_lengthens_their_own_grant(town: Town) -> None:
    await town.update("city", "RoleGrant", "district-grant", {"validTo": today() + ONE_DAY})
    with pytest.raises((Refused, Denied)):
        await town.update("district", "RoleGrant", "district-grant", {"validTo": None})
    await town.update("district", "RoleGrant", "district-grant", {"validTo": today()})


async def test_a_unit_covers_no_more_than_its_maker_reaches(town: Town) -> None:
    """Whoever could widen a unit's coverage over the city could give the unit's people the city."""
    data = {"kind": "PARTNER", "name": "甲", "region": {"code": code_of("district")},
            "parent": town.ref("department", "OrgUnit")}  # fmt: skip
    unit = await town.create("district", "OrgUnit", data)
    for place, allowed in (("province", False), ("city", False), ("street2", True)):
        wanted = {"orgUnit": town.ref(unit, "OrgUnit"), "region": {"code": code_of(place)}, "validFrom": today()}
        if allowed:
            await town.create("district", "OrgUnitCoverage", wanted)
            continue
        with pytest.raises((Refused, Denied)):
            await town.create("district", "OrgUnitCoverage", wanted)


async def test_who_has_left_a_higher_office_is_no_longer_above(town: Town) -> None:
    await town.account("moved", "AUDT", region_id=town.keys["city"])  # of the whole city, working in the district
    with pytest.raises(Denied):
        await town.update("district", "UserAccount", "@moved", {"personName": "张三"})
    await town.update("city", "RoleGrant", "moved-grant", {"validTo": today() - ONE_DAY})
    await town.update("district", "UserAccount", "@moved", {"personName": "张三"})
