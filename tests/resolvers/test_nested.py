"""Rows created along with a row: all in one write, each by its own checks, every fault at its own place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from db.clock import today
from tests.resolvers.asking import Endpoint, faults
from tests.resolvers.town import Town, citizen, code_of, committee

pytestmark = pytest.mark.anyio

CREATE = """mutation Create($input: MediationCommitteeInput!) {
  createMediationCommittee(input: $input) {
    mediationCommittee { id name committeeTerms { nodes { termNo startsOn } }
      mediatorAppointments { nodes { role mediator { name } } } hostUnit { name } }
    errors { path code message } } }"""
SINCE = today() - dt.timedelta(days=300)
REGION = {"connect": {"code": code_of("village1")}}


def whole(**more: Any) -> dict[str, Any]:
    """The input of a village's committee with its first term and three members."""
    term = {"startsOn": SINCE, "electionOn": SINCE, "electionMethod": "VILLAGERS_MEETING"}
    members = [member(i, "DIRECTOR" if i == 0 else "MEMBER") for i in range(3)]
    lists = {"committeeTerms": {"create": [term]}, "mediatorAppointments": {"create": members}}
    return committee() | {"region": REGION} | lists | more


def member(serial: int, role: str = "MEMBER", **more: Any) -> dict[str, Any]:
    """The input of an appointment with its person."""
    person = {
        "name": f"成员{serial}", "region": REGION, "idNumber": citizen(serial, female=serial == 1), "ethnicity": "HAN",
        "mobile": f"1380000{serial:04d}", "education": "COLLEGE", "kind": "PART_TIME", "firstAppointedOn": SINCE,
        **more,
    }  # fmt: skip
    post = {"role": role, "basis": "ELECTED", "kind": "PART_TIME", "startOn": SINCE}
    return {**post, "mediator": {"create": person}}


async def counts(town: Town) -> dict[str, int]:
    """How many rows were written of each entity; records of refusals are written in any case."""
    names = ("MediationCommittee", "CommitteeTerm", "MediatorAppointment", "Mediator", "HostUnit", "AuditLog")
    found = {name: await town.rows(name) for name in names}
    found["AuditLog"] = [row for row in found["AuditLog"] if row["action"] != "REFUSED"]
    return {name: len(rows) for name, rows in found.items() if rows}


async def test_a_committee_comes_with_its_term_and_its_people_in_one_write(town: Town) -> None:
    payload = await Endpoint(town).data("district", CREATE, {"input": whole()})
    assert payload["errors"] == []
    made = payload["mediationCommittee"]
    assert made["committeeTerms"]["nodes"] == [{"termNo": 1, "startsOn": SINCE.isoformat()}]
    assert [(n["role"], n["mediator"]["name"]) for n in made["mediatorAppointments"]["nodes"]] == [
        ("DIRECTOR", "成员0"), ("MEMBER", "成员1"), ("MEMBER", "成员2"),
    ]  # fmt: skip
    # One record for each row.
    assert await counts(town) == {
        "MediationCommittee": 1, "CommitteeTerm": 1, "MediatorAppointment": 3, "Mediator": 3, "AuditLog": 8,
    }  # fmt: skip
    assert {row["created_by_id"] for row in await town.rows("Mediator")} == {town.keys["@district"]}


async def test_every_fault_stands_at_its_place_and_nothing_is_written(town: Town) -> None:
    faulty = [member(0, "DIRECTOR", idNumber="3201"), member(1) | {"role": None}, member(2)]
    data = whole(
        name="", mediatorAppointments={"create": faulty}, committeeTerms={"create": [{"startsOn": "2026-02-01"}]}
    )
    payload = await Endpoint(town).data("district", CREATE, {"input": data})
    assert payload["mediationCommittee"] is None
    assert faults(payload) == {
        ("input.name", "REQUIRED"),
        ("input.committeeTerms.0.electionMethod", "REQUIRED"),
        ("input.committeeTerms.0.electionOn", "REQUIRED"),
        ("input.mediatorAppointments.0.mediator.idNumber", "CHECKSUM"),
        ("input.mediatorAppointments.1.role", "REQUIRED"),
    }
    assert all(error["message"].endswith("。") for error in payload["errors"])
    assert await counts(town) == {}


async def test_a_rule_between_the_whole_and_its_parts_is_told_at_the_part(town: Town) -> None:
    term = {"startsOn": SINCE, "electionOn": SINCE, "electionMethod": "UNION"}
    members = [member(0, "DIRECTOR"), member(1, "DIRECTOR")]
    data = whole(committeeTerms={"create": [term]}, mediatorAppointments={"create": members})
    payload = await Endpoint(town).data("district", CREATE, {"input": data})
    assert faults(payload) == {
        ("input.committeeTerms.0.electionMethod", "BR-06"), ("input.mediatorAppointments.1.role", "BR-02"),
    }  # fmt: skip
    assert await counts(town) == {}


async def test_a_reference_may_be_created_with_the_row_that_refers_to_it(town: Town) -> None:
    unit = {"kind": "ENTERPRISE", "name": "枫桥纺织有限公司", "region": REGION, "industry": "C", "employeeCount": 600,
            "employeeCountOn": "2025-01-01"}  # fmt: skip
    data = committee(type="ENTERPRISE") | {"region": REGION, "hostUnit": {"create": unit}}
    payload = await Endpoint(town).data("district", CREATE, {"input": data})
    assert (payload["errors"], payload["mediationCommittee"]["hostUnit"]) == ([], {"name": "枫桥纺织有限公司"})
    faulty = {**data, "hostUnit": {"create": {**unit, "name": "", "employeeCount": -1}}}
    payload = await Endpoint(town).data("district", CREATE, {"input": faulty})
    assert faults(payload) == {("input.hostUnit.name", "REQUIRED"), ("input.hostUnit.employeeCount", "RANGE")}
    assert await counts(town) == {"HostUnit": 1, "MediationCommittee": 1, "AuditLog": 2}


async def test_whether_a_number_is_registered_is_told_of_a_faultless_input_only(town: Town) -> None:
    await town.person()
    known = {"mediatorAppointments": {"create": [member(9, idNumber=citizen(1))]}}
    payload = await Endpoint(town).data("district", CREATE, {"input": whole(**known, phone="x")})
    assert faults(payload) == {("input.phone", "PATTERN")}
    payload = await Endpoint(town).data("district", CREATE, {"input": whole(**known)})
    assert faults(payload) == {("input.mediatorAppointments.0.mediator.idNumber", "NOT_UNIQUE")}
    assert await counts(town) == {"Mediator": 1, "AuditLog": 1}


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"region": {}}, ("input.region", "REQUIRED")),
        ({"hostUnit": {}}, ("input.hostUnit", "REQUIRED")),
        ({"committeeTerms": None}, ("input.committeeTerms", "REQUIRED")),
        ({"region": {"connect": None}}, ("input.region", "REQUIRED")),
        ({"hostUnit": {"connect": {"id": "hu_1"}, "create": {}}}, ("input.hostUnit", "REQUIRED")),
        ({"hostUnit": {"create": []}}, ("input.hostUnit", "REQUIRED")),
        ({"hostUnit": {"create": [{}, {}]}}, ("input.hostUnit", "REQUIRED")),
        ({"committeeTerms": {"connect": {"id": "ct_1"}}}, ("input.committeeTerms", "REQUIRED")),
        ({"committeeTerms": {}}, ("input.committeeTerms", "REQUIRED")),
        ({"committeeTerms": {"create": [{"committee": {"connect": {"id": "mc_1"}}}]}},
         ("input.committeeTerms.0.committee", "READ_ONLY")),
    ],
)  # fmt: skip
async def test_a_reference_is_named_or_created_never_both_or_neither(
    town: Town, more: dict[str, Any], expected: tuple[str, str]
) -> None:
    payload = await Endpoint(town).data("district", CREATE, {"input": whole(**more)})
    assert expected in faults(payload)
    assert await counts(town) == {}


async def test_a_change_may_create_what_it_refers_to_but_no_parts(town: Town) -> None:
    ends, key = Endpoint(town), await town.found()
    document = """mutation Update($id: ID!, $patch: MediationCommitteePatch!) {
      updateMediationCommittee(by: {id: $id}, patch: $patch) {
        mediationCommittee { hostUnit { name } } errors { path code } } }"""
    unit = {"kind": "ENTERPRISE", "name": "枫桥纺织有限公司", "region": REGION, "industry": "C", "employeeCount": 600,
            "employeeCountOn": "2025-01-01"}  # fmt: skip
    patch = {"type": "ENTERPRISE", "hostUnit": {"create": unit}}
    payload = await ends.data("district", document, {"id": f"mc_{key}", "patch": patch})
    assert payload == {"mediationCommittee": {"hostUnit": {"name": "枫桥纺织有限公司"}}, "errors": []}
    answered = await ends.ask("district", document, {"id": f"mc_{key}", "patch": {"committeeTerms": {"create": []}}})
    assert "committeeTerms" in answered["errors"][0]["message"]


async def test_what_may_not_be_created_alone_may_not_be_created_along(town: Town) -> None:
    document = """mutation M($i: MediatorAppointmentInput!) {
      createMediatorAppointment(input: $i) { errors { path code } } }"""
    key = await town.found()
    login = await town.clerk(key)
    unit = {"kind": "ENTERPRISE", "name": "甲", "region": REGION, "industry": "C"}
    post = member(1) | {"committee": {"create": committee() | {"region": REGION, "hostUnit": {"create": unit}}}}
    assert (await Endpoint(town).refusal(login, document, {"i": post}))[0] == "FORBIDDEN"
    assert len(await town.rows("Mediator")) == 0


async def test_an_account_comes_with_its_grants(town: Town) -> None:
    document = """mutation U($i: UserAccountInput!) { createUserAccount(input: $i) {
      userAccount { roleGrants { nodes { role } } } errors { path code message } } }"""
    grant = {"role": "OFFC", "orgUnit": {"connect": {"id": f"ou_{town.keys['office2']}"}}, "validFrom": "2026-01-01"}
    account = {"loginName": "li.na", "personName": "李娜", "region": {"connect": {"code": code_of("district")}},
               "roleGrants": {"create": grant}}  # fmt: skip
    payload = await Endpoint(town).data("district", document, {"i": account})
    assert payload["errors"] == []
    assert payload["userAccount"]["roleGrants"]["nodes"] == [{"role": "OFFC"}]
    above = {**account, "loginName": "li.mei", "roleGrants": {"create": [{**grant, "role": "CITY"}]}}
    payload = await Endpoint(town).data("district", document, {"i": above})
    assert ("input.roleGrants.0.region", "REQUIRED") in faults(payload)


async def test_depth_and_number_are_bounded(town: Town) -> None:
    ends = Endpoint(town)
    many = {"committeeTerms": {"create": [{"startsOn": "2026-01-01"}] * 101}}
    assert (await ends.refusal("district", CREATE, {"input": whole(**many)}))[0] == "BAD_INPUT"
    deep: dict[str, Any] = {"name": "甲"}
    for _ in range(4):
        deep = {"name": "甲", "guidingOffice": {"create": {"name": "乙", "parent": {"create": deep}}}}
    assert (await ends.refusal("district", CREATE, {"input": {**deep, "hostUnit": None}}))[0] == "BAD_INPUT"
    assert await counts(town) == {}
