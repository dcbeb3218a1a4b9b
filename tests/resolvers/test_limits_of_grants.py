"""What a grant reaches, today and tomorrow, lies within what its giver may give: appointments, coverages, resets."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from db.clock import today
from db.facts import Role
from permissions.passwords import hash_password
from resolvers.commands import accounts
from resolvers.commands.work import Work
from resolvers.faults import Denied, Refused
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import LONG_AGO, ONE_DAY, PATHS, Town, _insert, code_of

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL
SEES = """{ mediationCommittees { nodes { id } } mediationCases { nodes { id } } mediators { nodes { name } } }"""


async def across(town: Town) -> dict[str, str]:
    """A mediator of the district who is appointed to a committee there and to one of the other district, with cases."""
    found = {"here": await town.found("office", "village1"), "there": await town.found("other", "village4")}
    found["person"] = await town.person("district", "village1")
    await town.appoint(found["here"], found["person"])
    await appoint_there(town, found)
    found |= {f"case {place}": await town.case(found[place], "REGISTERED") for place in ("here", "there")}
    return found


async def appoint_there(town: Town, found: dict[str, str]) -> None:
    """As somebody would who has a role in both districts: no single one of them sees both rows."""
    values: dict[str, Any] = {
        "mediator_id": found["person"],
        "committee_id": found["there"],
        "role": "MEMBER",
        "basis": "ELECTED",
    }
    values |= {"kind": "PART_TIME", "start_on": LONG_AGO, "region_id": town.keys["village4"]}
    scoped = {"scope_path": PATHS["village4"]}
    await town.database.write(lambda c: _insert(c, town.keys, "mediator_appointment", "post", **values, **scoped))


async def wrote_cases(town: Town, found: dict[str, str], login: str) -> None:
    """The cases are those that the account entered: a mediator reads its own."""
    table = town.commands.entities["MediationCase"].table
    keys = [found["case here"], found["case there"]]
    change = table.update().where(table.c.id.in_(keys)).values(created_by_id=town.keys[f"@{login}"])
    await town.as_owner(lambda c: c.execute(change))


async def run(town: Town, change: sa.Update) -> None:
    """A change of the table's owner, past all rules."""
    await town.as_owner(lambda connection: connection.execute(change))


async def enrolled(town: Town, login: str, by: str, role: str, **anchor: Any) -> None:
    """An account that somebody of the town made, with one grant of theirs."""

    def write(connection: Any) -> None:
        scoped = {"region_id": town.keys["village1"], "scope_path": PATHS["village1"]}
        _insert(connection, town.keys, "user_account", f"@{login}", login_name=login, person_name=login, **scoped)

    await town.database.write(write)
    data = {"account": town.ref(f"@{login}", "UserAccount"), "role": role, "validFrom": today(), **anchor}
    town.keys[f"{login}-grant"] = await town.create(by, "RoleGrant", data)


async def reached(town: Town, login: str) -> set[str]:
    """The keys of committees and cases that an account reads."""
    answer = (await Endpoint(town).ask(login, SEES))["data"]
    return {row["id"][3:] for name in ("mediationCommittees", "mediationCases") for row in answer[name]["nodes"]}


async def may_open_case(town: Town, login: str, committee: str, place: str) -> bool:
    data = {
        "committee": town.ref(committee, "MediationCommittee"), "region": {"code": code_of(place)}, "title": "宅基地",
        "disputeType": "NEIGHBOUR", "source": "APPLICATION", "partiesRelation": "CITIZEN_CITIZEN", "headcount": 2,
        "difficulty": "SIMPLE", "summary": "相邻通行",
    }  # fmt: skip
    try:
        await town.create(login, "MediationCase", data)
    except (Denied, Refused):
        return False
    return True


async def test_a_district_reaches_no_other_through_a_mediator(town: Town) -> None:
    """The account of a mediator opens the committees of whoever gave the grant, and no case elsewhere."""
    found = await across(town)
    await enrolled(town, "m", "district", "MEDR", mediator=town.ref(found["person"], "Mediator"))
    await wrote_cases(town, found, "m")
    assert await reached(town, "m") == {found["here"], found["case here"]}
    assert not await may_open_case(town, "m", found["there"], "village4")
    [grant] = await town.rows("RoleGrant", id=town.keys["m-grant"])
    assert [region["code"] for region in grant["within"]] == [code_of("district")]


async def test_whoever_may_grant_there_adds_it(town: Town) -> None:
    """A grant of the city's for the same mediator opens both districts; ended, it takes the other one back."""
    found = await across(town)
    person = {"mediator": town.ref(found["person"], "Mediator")}
    await enrolled(town, "m", "district", "MEDR", **person)
    await wrote_cases(town, found, "m")
    data = {"account": town.ref("@m", "UserAccount"), "role": "MEDR", "validFrom": today(), **person}
    await town.create("city", "RoleGrant", data)
    both = {found[name] for name in ("here", "there", "case here", "case there")}
    assert await reached(town, "m") == both
    # What the city opened the district does not get by a fresh password, and cannot lengthen or give away.
    with pytest.raises(Denied):
        await take_over(town, "district", "m")
    await take_over(town, "city", "m")
    assert await reached(town, "m") == both


async def take_over(town: Town, login: str, account: str) -> None:
    """A fresh password for an account, with which somebody signs in and changes it."""
    hashed, viewer = hash_password("a password of nobody 1"), await town.viewer(login)

    def run(connection: Any) -> str:
        work = Work(connection, town.commands.entities, viewer, town.database.settings)
        return accounts.reset_password(work, town.ref(f"@{account}", "UserAccount"), None, hashed)

    await town.database.write(run)
    table = town.commands.entities["UserAccount"].table
    changed = table.update().where(table.c.id == town.keys[f"@{account}"]).values(must_change_password=False)
    await town.database.write(lambda connection: connection.execute(changed))


async def test_a_later_appointment_elsewhere_adds_nothing(town: Town) -> None:
    """Neither to a grant that was given before, nor to an account that was taken over before."""
    found = {"here": await town.found("office", "village1"), "there": await town.found("other", "village4")}
    found["person"] = await town.person("district", "village1")
    await town.appoint(found["here"], found["person"])
    person = {"mediator": town.ref(found["person"], "Mediator")}
    await enrolled(town, "given", "district", "MEDR", **person)
    await enrolled(town, "taken", "city", "MEDR", **person)
    await enrolled(town, "citys", "city", "MEDR", **person)
    await take_over(town, "district", "taken")
    await appoint_there(town, found)
    assert await reached(town, "given") == await reached(town, "taken") == {found["here"]}
    assert await reached(town, "citys") == {found["here"], found["there"]}


async def test_two_committees_of_one_district_stay_open(town: Town) -> None:
    """By the district's word, across its streets; by an office's, in the streets that it covers."""
    here, beside = await town.found("office", "village1"), await town.found("district", "village3")
    person = await town.person("district", "village1")
    for committee in (here, beside):
        await town.appoint(committee, person)
    anchor = {"mediator": town.ref(person, "Mediator")}
    await enrolled(town, "byoffice", "office", "MEDR", **anchor)
    await enrolled(town, "bydistrict", "district", "MEDR", **anchor)
    assert await reached(town, "bydistrict") == {here, beside}
    assert await reached(town, "byoffice") == {here}


async def test_a_later_coverage_elsewhere_adds_nothing(town: Town) -> None:
    """Neither to the people of a unit whose grants the district gave, nor to what an officer's own grants give."""
    here, there = await town.found("office", "village1"), await town.found("other", "village4")
    for key in (here, there):
        table = town.commands.entities["MediationCommittee"].table
        await run(town, table.update().where(table.c.id == key).values(filing_status="FILED"))
    await enrolled(town, "partner", "district", "PART", orgUnit=town.ref("health", "OrgUnit"))
    assert await reached(town, "partner") == {here}
    coverage = {"org_unit_id": town.keys["health"], "region_id": town.keys["district4"], "valid_from": LONG_AGO}
    scoped = {"scope_path": PATHS["district"]}
    await town.database.write(lambda c: _insert(c, town.keys, "org_unit_coverage", "wider", **coverage, **scoped))
    assert await reached(town, "partner") == {here}
    # It is still the district's to end.
    await town.update("district", "RoleGrant", "partner-grant", {"validTo": today()})


async def test_a_committee_or_mediator_that_moved_away_is_no_longer_reached(town: Town) -> None:
    """By a grant of the district it left."""
    committee, person = await town.found("office", "village1"), await town.person("district", "village1")
    await enrolled(town, "clerk", "district", "COMM", committee=town.ref(committee, "MediationCommittee"))
    await enrolled(town, "m", "district", "MEDR", mediator=town.ref(person, "Mediator"))
    assert await reached(town, "clerk") == {committee}
    moved = {"region_id": town.keys["village4"], "scope_path": PATHS["village4"]}
    for entity, key in (("MediationCommittee", committee), ("Mediator", person)):
        table = town.commands.entities[entity].table
        await run(town, table.update().where(table.c.id == key).values(**moved))
    assert await reached(town, "clerk") == set()
    answer = (await Endpoint(town).ask("m", SEES))["data"]
    assert answer["mediators"]["nodes"] == []


async def test_more_days_by_somebody_else_mean_what_they_may_give(town: Town) -> None:
    """An office that lengthens a grant of the district's vouches for its own streets only."""
    here, beside = await town.found("office", "village1"), await town.found("district", "village3")
    person = await town.person("district", "village1")
    await town.appoint(here, person)
    await enrolled(town, "m", "district", "MEDR", mediator=town.ref(person, "Mediator"), validTo=today() + ONE_DAY)
    later: dt.date = today() + 9 * ONE_DAY
    await town.update("office", "RoleGrant", "m-grant", {"validTo": later})
    [grant] = await town.rows("RoleGrant", id=town.keys["m-grant"])
    assert [region["code"] for region in grant["within"]] == [code_of("street2")]
    await town.appoint(beside, person)
    assert await reached(town, "m") == {here}


async def test_what_the_server_gives_is_limited_by_nobody(town: Town) -> None:
    """The command line and the demo data give what they name."""
    found = await across(town)
    await town.account("root", "MEDR", mediator_id=found["person"])
    viewer = await town.viewer("root")
    assert set(viewer.reaches[Role.MEDR].committees) == {found["here"], found["there"]}
    assert not viewer.reaches[Role.MEDR].limited
