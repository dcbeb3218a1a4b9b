"""The rules of each entity: what is supplied, what contradicts, and who may touch whom."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from db.clock import today
from db.models.register.committee_term import ElectionMethod
from db.models.register.mediation_committee import CommitteeType
from resolvers.acts.register.committee_term import methods_for
from resolvers.commands.dates import age_on, last_of_term, months_later, overlap
from resolvers.faults import Denied, Refused
from tests.resolvers.town import ONE_DAY, Town, citizen, code_of, codes, committee, host, mediator

pytestmark = pytest.mark.anyio


def test_months_end_where_a_month_has_no_such_day() -> None:
    assert months_later(dt.date(2024, 1, 31), 1) == dt.date(2024, 2, 29)
    assert months_later(dt.date(2026, 3, 1), -36) == dt.date(2023, 3, 1)
    assert last_of_term(dt.date(2023, 5, 3), 36) == dt.date(2026, 5, 2)
    assert [age_on(dt.date(2000, 2, 29), dt.date(2018, 2, day)) for day in (28, 27)] == [17, 17]
    assert age_on(dt.date(2000, 2, 29), dt.date(2018, 3, 1)) == 18
    assert overlap(dt.date(2026, 1, 1), None, dt.date(2025, 1, 1), dt.date(2026, 1, 1))
    assert not overlap(dt.date(2026, 1, 2), None, dt.date(2025, 1, 1), dt.date(2026, 1, 1))


# --- committees -------------------------------------------------------------------------------------------------------


async def test_an_industry_committee_needs_its_trade_its_department_and_a_host(town: Town) -> None:
    unit = await town.create("district", "HostUnit", host(kind="SOCIAL_ORG", region={"code": code_of("district")}))
    data = committee("district", type="INDUSTRY", industryDomain="MEDICAL")
    data |= {
        "supervisingDept": town.ref("health-partner", "PartnerInstitution"),
        "hostUnit": town.ref(unit, "HostUnit"),
    }
    row = await town.row("MediationCommittee", await town.create("district", "MediationCommittee", data))
    assert (row["level"], row["guiding_office_id"]) == ("DISTRICT", town.keys["bureau"])
    with pytest.raises(Refused) as refused:
        await town.create("district", "MediationCommittee", data | {"supervisingDept": town.ref("office2", "OrgUnit")})
    assert codes(refused.value) == {("supervisingDept", "NOT_FOUND")}


async def test_a_village_committee_has_no_host_and_an_enterprise_one_must(town: Town) -> None:
    unit = town.ref(await town.create("district", "HostUnit", host()), "HostUnit")
    with pytest.raises(Refused) as refused:
        await town.found(hostUnit=unit)
    assert codes(refused.value) == {("hostUnit", "RANGE")}
    with pytest.raises(Refused) as refused:
        await town.found(type="ENTERPRISE")
    assert codes(refused.value) == {("hostUnit", "REQUIRED")}
    assert await town.found(type="ENTERPRISE", hostUnit=unit)


async def test_type_level_and_region_fit_each_other(town: Town) -> None:
    for place, more, expected in (
        ("street2", {}, ("region", "RANGE")),
        ("village1", {"type": "SUBDISTRICT"}, ("region", "RANGE")),
        ("village1", {"level": "STREET"}, ("level", "RANGE")),
    ):
        with pytest.raises(Refused) as refused:
            await town.found("district", place, **more)
        assert codes(refused.value) == {expected}
    assert (await town.row("MediationCommittee", await town.found("office", "street2", type="SUBDISTRICT")))[
        "level"
    ] == "STREET"


async def test_a_committee_is_guided_and_filed_where_it_stands(town: Town) -> None:
    await town.account("both", "DIST", region_id=town.keys["district"])
    await town.create("city", "RoleGrant", {
        "account": town.ref("@both", "UserAccount"), "role": "DIST", "region": {"code": code_of("district4")},
        "validFrom": today(),
    })  # fmt: skip
    units = {"guidingOffice": town.ref("office4", "OrgUnit"), "filingBureau": town.ref("bureau4", "OrgUnit")}
    with pytest.raises(Refused) as refused:
        await town.found("both", **units)
    assert codes(refused.value) == {("guidingOffice", "RANGE"), ("filingBureau", "RANGE")}
    assert "须为所在区县的司法局" in refused.value.faults[0].zh
    with pytest.raises(Refused) as refused:
        await town.found("district", guidingOffice=town.ref("office3", "OrgUnit"))
    assert codes(refused.value) == {("guidingOffice", "RANGE")}
    with pytest.raises(Refused) as refused:
        await town.found("district", guidingOffice=town.ref("bureau", "OrgUnit"))
    assert codes(refused.value) == {("guidingOffice", "RANGE")}


async def test_what_belongs_to_a_committee_follows_it_to_another_office(town: Town) -> None:
    key = await town.found()
    term = await town.term(key)
    closed = {"validTo": today() - ONE_DAY}
    await town.update("district", "OrgUnitCoverage", "office2-covers", closed)
    await town.create("district", "OrgUnitCoverage", {
        "orgUnit": town.ref("office3", "OrgUnit"), "region": {"code": code_of("street2")}, "validFrom": today(),
    })  # fmt: skip
    await town.update("district", "MediationCommittee", key, {"guidingOffice": town.ref("office3", "OrgUnit")})
    assert (await town.row("CommitteeTerm", term))["org_scope_id"] == town.keys["office3"]


# --- terms ------------------------------------------------------------------------------------------------------------


async def test_a_term_counts_on_and_ends_by_the_setting(town: Town) -> None:
    key = await town.found(establishedOn=today())
    row = await town.row("CommitteeTerm", await town.term(key))
    assert (row["term_no"], row["ends_on"]) == (1, last_of_term(today(), 36))
    later = {"startsOn": row["ends_on"] + ONE_DAY, "electionOn": today()}
    assert (await town.row("CommitteeTerm", await town.term(key, **later)))["term_no"] == 2


@pytest.mark.parametrize(
    ("patch", "expected"),
    [
        ({"endsOn": -1}, {("endsOn", "RANGE")}),
        ({"electionOn": 1}, {("electionOn", "RANGE")}),
        ({"startsOn": -1, "electionOn": -1}, {("startsOn", "RANGE")}),
        ({"electionMethod": "UNION"}, {("electionMethod", "BR-06")}),
    ],
)
async def test_a_term_must_not_contradict_itself(
    town: Town, patch: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    key = await town.found()
    since = (await town.row("MediationCommittee", key))["established_on"]
    data = {name: since + value * ONE_DAY if isinstance(value, int) else value for name, value in patch.items()}
    with pytest.raises(Refused) as refused:
        await town.term(key, **data)
    assert codes(refused.value) == expected


async def test_terms_follow_each_other(town: Town) -> None:
    key = await town.found()
    await town.term(key)
    since = (await town.row("MediationCommittee", key))["established_on"]
    with pytest.raises(Refused) as refused:
        await town.term(key, startsOn=today(), electionOn=today(), termNo=2)
    assert codes(refused.value) == {("startsOn", "RANGE")}
    with pytest.raises(Refused) as refused:
        await town.term(key, startsOn=months_later(since, 40), electionOn=today(), termNo=1)
    assert codes(refused.value) == {("termNo", "NOT_UNIQUE")}
    early = {"startsOn": today() + ONE_DAY, "electionOn": today()}
    assert await town.term(key, **early), "an early re-election may begin before the current term ends"


def test_how_members_come_in_fits_the_type() -> None:
    table = {t.name: {m.name for m in methods_for(t.name)} for t in CommitteeType}
    assert table["VILLAGE"] == {"VILLAGERS_MEETING", "REPRESENTATIVES"}
    assert table["COMMUNITY"] == {"RESIDENTS", "REPRESENTATIVES"}
    assert table["ENTERPRISE"] == table["INSTITUTION"] == {"WORKERS_CONGRESS", "UNION"}
    assert ElectionMethod.APPOINTED_BY_ORG.name in table["SUBDISTRICT"] & table["INDUSTRY"]


# --- mediators --------------------------------------------------------------------------------------------------------


async def test_sex_and_birth_come_from_the_citizen_number(town: Town) -> None:
    row = await town.row("Mediator", await town.create("district", "Mediator", mediator(3, female=True)))
    assert (row["sex"], row["birth_date"]) == ("FEMALE", dt.date(1980, 1, 1))


async def test_what_contradicts_the_citizen_number_is_an_error(town: Town) -> None:
    wrong = mediator(3, sex="FEMALE", birthDate=dt.date(1981, 1, 1))
    with pytest.raises(Refused) as refused:
        await town.create("district", "Mediator", wrong)
    assert codes(refused.value) == {("sex", "BR-25"), ("birthDate", "BR-25")}
    key = await town.create("district", "Mediator", mediator(3))
    with pytest.raises(Refused) as refused:
        await town.update("district", "Mediator", key, {"birthDate": "1980-01-02"})
    assert codes(refused.value) == {("birthDate", "BR-25")}
    await town.update("district", "Mediator", key, {"idNumber": citizen(3, female=True, born="19810203")})
    row = await town.row("Mediator", key)
    assert (row["sex"], row["birth_date"]) == ("FEMALE", dt.date(1981, 2, 3))


async def test_a_mediator_is_of_age(town: Town) -> None:
    with pytest.raises(Refused) as refused:
        await town.create("district", "Mediator", mediator(3, firstAppointedOn=dt.date(1997, 12, 31)))
    assert codes(refused.value) == {("firstAppointedOn", "RANGE")}


# --- appointments -----------------------------------------------------------------------------------------------------


async def test_a_second_director_of_the_same_days_is_refused(town: Town) -> None:
    key = await town.complete()
    with pytest.raises(Refused) as refused:
        await town.appoint(key, await town.person(), "DIRECTOR")
    assert codes(refused.value) == {("role", "BR-02")}


async def test_one_director_may_follow_another(town: Town) -> None:
    key = await town.complete()
    [director] = await town.rows("MediatorAppointment", role="DIRECTOR")
    await town.update(
        "district", "MediatorAppointment", director["id"], {"endOn": today() - ONE_DAY, "endReason": "RESIGN"}
    )
    await town.appoint(key, await town.person(), "DIRECTOR", startOn=today())


async def test_an_end_and_its_reason_go_together(town: Town) -> None:
    key = await town.complete()
    post = (await town.rows("MediatorAppointment", committee_id=key))[0]
    for patch, expected in (
        ({"endOn": today()}, ("endReason", "REQUIRED")),
        ({"endReason": "RESIGN"}, ("endOn", "REQUIRED")),
        ({"endOn": post["start_on"] - ONE_DAY, "endReason": "RESIGN"}, ("endOn", "RANGE")),
    ):
        with pytest.raises(Refused) as refused:
            await town.update("district", "MediatorAppointment", post["id"], patch)
        assert codes(refused.value) == {expected}


async def test_a_person_serves_a_committee_once_at_a_time(town: Town) -> None:
    key = await town.found()
    [person, *_] = await town.staff(key)
    with pytest.raises(Refused) as refused:
        await town.appoint(key, person, "ENGAGED", basis="ENGAGED")
    assert codes(refused.value) == {("mediator", "CONFLICT")}


async def test_a_person_is_full_time_in_one_committee_only(town: Town) -> None:
    here, there = await town.found(), await town.found("office", "village2")
    person = await town.person()
    await town.appoint(here, person, kind="FULL_TIME")
    await town.appoint(there, person, kind="PART_TIME")
    [post] = await town.rows("MediatorAppointment", committee_id=there)
    with pytest.raises(Refused) as refused:
        await town.update("district", "MediatorAppointment", post["id"], {"kind": "FULL_TIME"})
    assert codes(refused.value) == {("kind", "BR-14")}


async def test_a_minor_is_not_appointed(town: Town) -> None:
    born = months_later(today(), -12 * 18)
    person = await town.person(idNumber=citizen(4, born=born.strftime("%Y%m%d")), firstAppointedOn=today())
    key = await town.found()
    with pytest.raises(Refused) as refused:
        await town.appoint(key, person)
    assert codes(refused.value) == {("startOn", "RANGE")}
    assert await town.appoint(key, person, startOn=today())


async def test_a_clerk_enters_a_person_and_appoints_them_in_the_own_committee_only(town: Town) -> None:
    mine, other = await town.found(), await town.found("office", "village2")
    clerk = await town.clerk(mine)
    person = await town.create(clerk, "Mediator", mediator(9))
    post = {
        "mediator": town.ref(person, "Mediator"), "role": "MEMBER", "basis": "ELECTED", "kind": "PART_TIME",
        "startOn": today(),
    }  # fmt: skip
    assert await town.create(clerk, "MediatorAppointment", post | {"committee": town.ref(mine, "MediationCommittee")})
    with pytest.raises(Refused) as refused:
        await town.create(clerk, "MediatorAppointment", post | {"committee": town.ref(other, "MediationCommittee")})
    assert codes(refused.value) == {("committee", "NOT_FOUND")}


# --- hosts, units, coverage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, True), ({"employeeCount": 499}, False), ({"kind": "MARKET"}, False), ({"status": "CLOSED"}, False)],
)
async def test_an_active_enterprise_of_500_must_have_a_committee(
    town: Town, more: dict[str, Any], expected: bool
) -> None:
    key = await town.create("district", "HostUnit", host(**more))
    assert (await town.row("HostUnit", key))["must_have_committee"] is expected


def unit(kind: str, place: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": f"{place}新机构", "region": {"code": code_of(place)}, **more}


async def test_units_are_made_by_the_level_above(town: Town) -> None:
    bureau = town.ref("bureau", "OrgUnit")
    assert await town.create("district", "OrgUnit", unit("JUDICIAL_OFFICE", "street3", parent=bureau))
    assert await town.create("district", "OrgUnit", unit("PARTNER", "district"))
    assert await town.create(
        "city", "OrgUnit", unit("DISTRICT_BUREAU", "district4", parent=town.ref("citybureau", "OrgUnit"))
    )
    assert await town.create("province", "OrgUnit", unit("CITY_BUREAU", "city"))
    for login, data in (
        ("district", unit("DISTRICT_BUREAU", "district")),
        ("city", unit("JUDICIAL_OFFICE", "street3", parent=bureau)),
        ("city", unit("CITY_BUREAU", "city")),
        ("office", unit("PARTNER", "street2")),
    ):
        with pytest.raises(Denied) as denied:
            await town.create(login, "OrgUnit", data)
        assert denied.value.code == "FORBIDDEN"
    with pytest.raises(Denied):
        await town.update("district", "OrgUnit", "bureau", {"phone": "025-1234567"})


async def test_a_unit_hangs_on_one_of_the_right_kind(town: Town) -> None:
    for data, expected in (
        (unit("JUDICIAL_OFFICE", "street3"), ("parent", "REQUIRED")),
        (unit("JUDICIAL_OFFICE", "street3", parent=town.ref("citybureau", "OrgUnit")), ("parent", "RANGE")),
        (unit("BUREAU_SECTION", "district", parent=town.ref("office2", "OrgUnit")), ("parent", "RANGE")),
    ):
        with pytest.raises(Refused) as refused:
            await town.create("district", "OrgUnit", data)
        assert codes(refused.value) == {expected}


async def test_offices_do_not_share_a_place_on_the_same_day(town: Town) -> None:
    data = {"orgUnit": town.ref("office3", "OrgUnit"), "region": {"code": code_of("village1")}, "validFrom": today()}
    with pytest.raises(Refused) as refused:
        await town.create("district", "OrgUnitCoverage", data)
    assert codes(refused.value) == {("region", "CONFLICT")}
    await town.update("district", "OrgUnitCoverage", "office2-covers", {"validTo": today() - ONE_DAY})
    assert await town.create("district", "OrgUnitCoverage", data)


# --- accounts and grants ----------------------------------------------------------------------------------------------


async def newcomer(town: Town, login: str = "district") -> dict[str, str]:
    """A new account in the district, made by `login`."""
    place = "street2" if login == "office" else "district"
    data = {"loginName": f"new.{login}", "personName": "新人", "region": {"code": code_of(place)}}
    return town.ref(await town.create(login, "UserAccount", data), "UserAccount")


async def test_nobody_grants_more_than_they_hold(town: Town) -> None:
    account = await newcomer(town)
    await town.create("district", "RoleGrant", {
        "account": account, "role": "OFFC", "orgUnit": town.ref("office2", "OrgUnit"), "validFrom": today(),
    })  # fmt: skip
    for grant in (
        {"role": "CITY", "region": {"code": code_of("city")}},
        {"role": "PROV", "region": {"code": code_of("province")}},
        {"role": "SYS"},
    ):
        with pytest.raises(Denied) as denied:
            await town.create("district", "RoleGrant", {"account": account, "validFrom": today(), **grant})
        assert denied.value.code == "FORBIDDEN"
    with pytest.raises(Denied):
        await town.create("sysadmin", "RoleGrant", {
            "account": account, "role": "DIST", "region": {"code": code_of("district")}, "validFrom": today(),
        })  # fmt: skip


async def test_an_office_grants_clerks_and_mediators_of_its_own_only(town: Town) -> None:
    account = await newcomer(town, "office")
    mine = await town.found()
    grant = {
        "account": account,
        "role": "COMM",
        "committee": town.ref(mine, "MediationCommittee"),
        "validFrom": today(),
    }
    assert await town.create("office", "RoleGrant", grant)
    office = {"role": "OFFC", "committee": None, "orgUnit": town.ref("office2", "OrgUnit")}
    with pytest.raises(Denied):
        await town.create("office", "RoleGrant", grant | office)


async def test_a_grant_names_exactly_the_one_thing_its_role_is_held_for(town: Town) -> None:
    account = await newcomer(town)
    office, place = town.ref("office2", "OrgUnit"), {"code": code_of("district")}
    for grant, expected in (
        ({"role": "OFFC"}, {("orgUnit", "REQUIRED")}),
        ({"role": "OFFC", "orgUnit": office, "region": place}, {("region", "RANGE")}),
        ({"role": "DIST", "orgUnit": office}, {("region", "REQUIRED"), ("orgUnit", "RANGE")}),
        ({"role": "OFFC", "orgUnit": town.ref("health", "OrgUnit")}, {("orgUnit", "RANGE")}),
        ({"role": "DHR", "region": {"code": code_of("street2")}}, {("region", "RANGE")}),
    ):
        with pytest.raises(Refused) as refused:
            await town.create("district", "RoleGrant", {"account": account, "validFrom": today(), **grant})
        assert codes(refused.value) == expected


async def test_a_grant_ends_by_its_last_day(town: Town) -> None:
    await town.update("district", "RoleGrant", "officer2-grant", {"validTo": today() - ONE_DAY})
    assert (await town.viewer("officer2")).reaches == {}


async def test_the_technical_administrator_ends_what_others_gave_and_no_more(town: Town) -> None:
    await town.update("sysadmin", "RoleGrant", "office-grant", {"validTo": today()})
    with pytest.raises(Denied):
        await town.update("sysadmin", "RoleGrant", "office-grant", {"validTo": None})


async def test_the_account_of_somebody_with_more_rights_is_not_ones_to_change(town: Town) -> None:
    await town.account("guest", "AUDT", region_id=town.keys["city"])  # of the whole city, working in the district
    with pytest.raises(Denied):
        await town.update("district", "UserAccount", "@guest", {"isActive": False})
    await town.update("sysadmin", "UserAccount", "@guest", {"isActive": False})
    await town.update("district", "UserAccount", "@office", {"isActive": False})


# --- regions ----------------------------------------------------------------------------------------------------------


async def test_a_region_made_by_hand_gets_its_place_in_the_tree(town: Town) -> None:
    data = {
        "code": "320102002009", "name": "新村", "shortName": "新", "level": "VILLAGE",
        "parent": {"code": code_of("street2")},
        "validFrom": today(),
    }  # fmt: skip
    row = await town.row("Region", await town.create("sysadmin", "Region", data))
    assert row["path"] == "/32/01/02/002/009/"
    with pytest.raises(Refused) as refused:
        await town.create("sysadmin", "Region", data | {"level": "STREET", "parent": None})
    assert codes(refused.value) == {("code", "NOT_UNIQUE"), ("parent", "REQUIRED")}
    with pytest.raises(Refused) as refused:
        await town.create("sysadmin", "Region", data | {"code": "320102002010", "level": "CITY"})
    assert codes(refused.value) == {("level", "RANGE")}
