"""The derived writes: what a row gets, what is refused and how it is said, and what stays unwritten."""

from __future__ import annotations

import asyncio
import datetime as dt
import decimal
from typing import Any

import pytest

from db import crypto
from db.checksums import mod97
from db.clock import today
from db.identity import global_id, new_key
from db.registry import registry
from resolvers.commands.write import ARGUMENTS, under
from resolvers.faults import Denied, Fault, Refused
from tests.canaries import MARK
from tests.databases import WITH_WALL
from tests.resolvers.town import ONE_DAY, Town, citizen, code_of, codes, committee, host, mediator

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL


# --- create -----------------------------------------------------------------------------------------------------------


async def test_a_new_row_gets_everything_the_server_derives(town: Town) -> None:
    key = await town.found()
    row = await town.row("MediationCommittee", key)
    serial = code_of("village1") + "10" + "0001"
    assert row["code"] == serial + mod97(serial)
    assert (row["scope_path"], row["version"], row["status"], row["filing_status"]) == (
        "/32/01/02/002/001/", 1, "ACTIVE", "UNFILED",
    )  # fmt: skip
    assert (row["level"], row["guiding_office_id"], row["filing_bureau_id"], row["org_scope_id"]) == (
        "VILLAGE", town.keys["office2"], town.keys["bureau"], town.keys["office2"],
    )  # fmt: skip
    assert row["created_by_id"] == row["updated_by_id"] == town.keys["@office"]
    assert row["created_at"] == row["updated_at"] is not None


async def test_a_part_stands_where_its_owner_stands(town: Town) -> None:
    key = await town.found()
    row = await town.row("CommitteeTerm", await town.term(key))
    owner = await town.row("MediationCommittee", key)
    assert [row[c] for c in ("scope_path", "region_id", "org_scope_id")] == [
        owner[c] for c in ("scope_path", "region_id", "org_scope_id")
    ]


async def test_a_form_may_send_text_for_everything(town: Town) -> None:
    data = committee(
        establishedOn="2026-05-03", premisesArea="12.50", hasSignboard="true", standardized="false", sealNo="  ",
        longitude="",
        address="  枫桥路1号  ",
    )  # fmt: skip
    row = await town.row("MediationCommittee", await town.create("office", "MediationCommittee", data))
    assert row["established_on"] == dt.date(2026, 5, 3)
    assert (row["premises_area"], row["has_signboard"], row["standardized"]) == (decimal.Decimal("12.50"), True, False)
    assert (row["seal_no"], row["longitude"], row["address"]) == (None, None, "枫桥路1号")


async def test_an_encrypted_value_is_stored_as_ciphertext_digest_and_mask(town: Town) -> None:
    number = citizen(7)
    row = await town.row("Mediator", await town.create("district", "Mediator", mediator(7, idNumber=number.lower())))
    assert crypto.decrypt(row["id_number_cipher"], "mediator.id_number") == number
    assert row["id_number_digest"] == crypto.digest(number, "mediator.id_number")
    assert row["id_number_mask"] == number[:3] + "*" * 13 + number[-2:]
    assert number not in str(await town.rows("AuditLog"))


async def test_choices_are_kept_once_each_in_the_order_of_their_enumeration(town: Town) -> None:
    key = await town.person(specialties=["TRAFFIC", "FAMILY"], backgrounds="VETERAN,LAWYER")
    row = await town.row("Mediator", key)
    assert (row["specialties"], row["backgrounds"]) == (["FAMILY", "TRAFFIC"], ["LAWYER", "VETERAN"])


async def test_serial_numbers_count_by_place_and_are_never_given_again(town: Town) -> None:
    first = await town.found()
    await town.delete("office", "MediationCommittee", first)
    again = await town.row("MediationCommittee", await town.found())
    elsewhere = await town.row("MediationCommittee", await town.found("office", "village2"))
    assert (again["code"][14:18], elsewhere["code"][14:18]) == ("0002", "0001")
    people = [(await town.row("Mediator", await town.person()))["mediator_no"] for _ in range(2)]
    assert people == ["320102000001", "320102000002"]


async def test_numbers_taken_at_the_same_time_differ(town: Town) -> None:
    await asyncio.gather(*(town.found() for _ in range(6)))
    assert sorted(row["code"][14:18] for row in await town.rows("MediationCommittee")) == [
        f"{n:04d}" for n in range(1, 7)
    ]


# --- what is refused --------------------------------------------------------------------------------------------------

BAD: list[tuple[str, str, dict[str, Any], set[tuple[str, str]]]] = [
    ("a missing value", "MediationCommittee", committee(name=None), {("name", "REQUIRED")}),
    ("an empty text", "MediationCommittee", committee(name="   "), {("name", "REQUIRED")}),
    ("a NUL byte", "MediationCommittee", committee(name="和平\0社区"), {("name", "PATTERN")}),
    ("a control character", "MediationCommittee", committee(name="和平\n社区"), {("name", "PATTERN")}),
    ("a lone surrogate", "MediationCommittee", committee(name="和平\ud800"), {("name", "PATTERN")}),
    ("over-long text", "MediationCommittee", committee(name="和" * 101), {("name", "TOO_LONG")}),
    ("no text", "MediationCommittee", committee(name=7), {("name", "PATTERN")}),
    ("a wrong phone", "MediationCommittee", committee(phone="call me"), {("phone", "PATTERN")}),
    ("an unknown choice", "MediationCommittee", committee(type="PALACE"), {("type", "PATTERN")}),
    ("a word for a number", "MediationCommittee", committee(premisesArea="large"), {("premisesArea", "PATTERN")}),
    ("no number", "MediationCommittee", committee(premisesArea=decimal.Decimal("NaN")), {("premisesArea", "RANGE")}),
    ("infinity", "MediationCommittee", committee(premisesArea=float("inf")), {("premisesArea", "RANGE")}),
    ("a negative area", "MediationCommittee", committee(premisesArea="-0.01"), {("premisesArea", "RANGE")}),
    ("an area out of range", "MediationCommittee", committee(premisesArea="1" * 30), {("premisesArea", "RANGE")}),
    ("too many decimals", "MediationCommittee", committee(premisesArea="1.005"), {("premisesArea", "RANGE")}),
    ("a longitude off the globe", "MediationCommittee", committee(longitude="180.000001"), {("longitude", "RANGE")}),
    ("no flag", "MediationCommittee", committee(hasLedger="perhaps"), {("hasLedger", "PATTERN")}),
    ("no date", "MediationCommittee", committee(establishedOn="yesterday"), {("establishedOn", "PATTERN")}),
    (
        "no day of the calendar",
        "MediationCommittee",
        committee(establishedOn="2025-02-29"),
        {("establishedOn", "PATTERN")},
    ),
    ("a day before time", "MediationCommittee", committee(establishedOn="1899-12-31"), {("establishedOn", "RANGE")}),
    ("a day to come", "MediationCommittee", committee(establishedOn=today() + ONE_DAY), {("establishedOn", "RANGE")}),
    ("a computed column", "MediationCommittee", committee(status="DISSOLVED"), {("status", "READ_ONLY")}),
    ("a wrong citizen number", "Mediator", mediator(1, idNumber="320199198001010011"), {("idNumber", "CHECKSUM")}),
    ("a short citizen number", "Mediator", mediator(1, idNumber="3201"), {("idNumber", "CHECKSUM")}),
    ("a mask as a value", "Mediator", mediator(1, mobile="138****1234"), {("mobile", "PATTERN")}),
    ("a choice twice", "Mediator", mediator(1, specialties=["FAMILY", "FAMILY"]), {("specialties", "PATTERN")}),
    ("a wrong credit code", "HostUnit", host(creditCode="91350100M000100Y44"), {("creditCode", "CHECKSUM")}),
    ("a negative count", "HostUnit", host(employeeCount=-1), {("employeeCount", "RANGE")}),
    ("a fraction of people", "HostUnit", host(employeeCount="1.5"), {("employeeCount", "PATTERN")}),
    ("a code that does not exist", "HostUnit", host(region={"code": "999999999999"}), {("region", "NOT_FOUND")}),
    ("an invisible place", "HostUnit", host(region={"code": code_of("village4")}), {("region", "NOT_FOUND")}),
]


@pytest.mark.parametrize(("_case", "entity", "data", "expected"), BAD, ids=[case[0] for case in BAD])
async def test_bad_input_is_refused_at_its_field(
    town: Town, _case: str, entity: str, data: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    with pytest.raises(Refused) as refused:
        await town.create("district", entity, data)
    assert codes(refused.value) == expected
    assert all("“" in fault.zh and fault.zh.endswith("。") and fault.en for fault in refused.value.faults)
    assert await town.rows(entity) == []
    assert {row["action"] for row in await town.rows("AuditLog")} <= {"REFUSED"}


async def test_all_faults_come_at_once_and_nothing_is_written(town: Town) -> None:
    data = committee(
        name="", phone="x", establishedOn="2199-01-01", region={"code": "0"}, premisesArea="1.234", type="INDUSTRY"
    )
    with pytest.raises(Refused) as refused:
        await town.create("district", "MediationCommittee", data)
    assert codes(refused.value) == {
        ("name", "REQUIRED"), ("phone", "PATTERN"), ("establishedOn", "RANGE"), ("region", "NOT_FOUND"),
        ("premisesArea", "RANGE"), ("industryDomain", "REQUIRED"),
        ("supervisingDept", "REQUIRED"), ("hostUnit", "REQUIRED"),
    }  # fmt: skip
    assert await town.rows("MediationCommittee") == []


async def test_an_invisible_reference_and_a_missing_one_are_the_same_to_the_byte(town: Town) -> None:
    hidden = await town.found("other", "village4")
    said = []
    for key in (hidden, new_key()):
        with pytest.raises(Refused) as refused:
            await town.create("district", "CommitteeFiling", {
                "committee": town.ref(key, "MediationCommittee"), "type": "ESTABLISH", "eventOn": today(),
            })  # fmt: skip
        said.append([(f.path, f.code, f.zh, f.en) for f in refused.value.faults])
        with pytest.raises(Refused) as refused:
            await town.update("district", "MediationCommittee", key, {"name": "x"})
        said[-1] += [(f.path, f.code, f.zh, f.en) for f in refused.value.faults]
    assert said[0] == said[1]
    assert said[0][1][:2] == (("by",), "NOT_FOUND")


@pytest.mark.parametrize("by", [{"id": "mc_nothing"}, {"id": f"hu_{new_key()}"}, {"code": "x\0"}, {"code": "1" * 20}])
async def test_what_names_no_row_is_not_found(town: Town, by: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        await town.commands.update(await town.viewer("district"), "MediationCommittee", by, {}, None)
    assert codes(refused.value) == {("by", "NOT_FOUND")}


async def test_a_row_is_named_by_exactly_one_key(town: Town) -> None:
    for by in ({}, {"id": "a", "code": "b"}, {"name": "和平"}):
        with pytest.raises(Denied) as denied:
            await town.commands.update(await town.viewer("district"), "MediationCommittee", by, {}, None)
        assert denied.value.code == "BAD_INPUT"


async def test_a_unique_value_is_refused_also_where_an_invisible_row_has_it(town: Town) -> None:
    await town.create("other", "Mediator", mediator(1, "village4"))
    with pytest.raises(Refused) as refused:
        await town.create("district", "Mediator", mediator(1))
    assert [(f.path, f.code, f.zh) for f in refused.value.faults] == [
        (("idNumber",), "NOT_UNIQUE", "“身份证号”已被使用。")
    ]


async def test_one_value_taken_twice_at_the_same_time_is_stored_once(town: Town) -> None:
    tries = (town.create("district", "Mediator", mediator(1)) for _ in range(4))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
    assert len(refused) == 3
    assert all(codes(r) == {("idNumber", "NOT_UNIQUE")} for r in refused)


async def test_a_row_cannot_be_made_outside_ones_own_range(town: Town) -> None:
    with pytest.raises(Refused) as refused:
        await town.create("district", "HostUnit", host(region={"code": code_of("city")}))
    assert codes(refused.value) == {("region", "RANGE")}
    assert await town.rows("HostUnit") == []


async def test_a_role_without_the_right_is_denied_before_anything_is_looked_at(town: Town) -> None:
    key = await town.found()
    for attempt in (
        town.create("auditor", "MediationCommittee", {}),
        town.update("auditor", "MediationCommittee", key, {}),
        town.delete("auditor", "MediationCommittee", new_key()),
        town.take("sysadmin", new_key(), "file"),
        town.create("district", "MediationCase", {}),
        town.create("district", "AuditLog", {}),
    ):
        with pytest.raises(Denied) as denied:
            await attempt
        assert denied.value.code == "FORBIDDEN"


# --- update -----------------------------------------------------------------------------------------------------------


async def test_an_update_changes_what_it_names_and_counts_the_version(town: Town) -> None:
    key = await town.found()
    await town.update("district", "MediationCommittee", key, {"phone": "025-7654321"}, 1)
    row = await town.row("MediationCommittee", key)
    assert (row["phone"], row["version"], row["updated_by_id"]) == ("025-7654321", 2, town.keys["@district"])
    assert row["created_by_id"] == town.keys["@office"]


async def test_a_patch_that_changes_nothing_writes_nothing(town: Town) -> None:
    key = await town.found()
    row = await town.row("MediationCommittee", key)
    patch = {
        "id": global_id("mc", key), "code": row["code"], "name": row["name"], "status": "ACTIVE", "version": 1,
        "region": {"code": code_of("village1")}, "guidingOffice": town.ref("office2", "OrgUnit"), "hostUnit": None,
        "createdAt": row["created_at"].isoformat(),
    }  # fmt: skip
    await town.update("office", "MediationCommittee", key, patch, 1)
    assert await town.row("MediationCommittee", key) == row
    assert len(await town.rows("AuditLog")) == 1


async def test_fixed_and_computed_columns_cannot_be_changed(town: Town) -> None:
    key = await town.found()
    patch = {
        "code": "x",
        "status": "DISSOLVED",
        "filingStatus": "FILED",
        "version": 9,
        "region": {"code": code_of("village2")},
    }
    with pytest.raises(Refused) as refused:
        await town.update("district", "MediationCommittee", key, patch)
    assert codes(refused.value) == {(name, "READ_ONLY") for name in patch}


async def test_a_mask_sent_back_leaves_the_value(town: Town) -> None:
    key = await town.person()
    before = await town.row("Mediator", key)
    patch = {"idNumber": before["id_number_mask"], "mobile": before["mobile_mask"], "certificateNo": "A1"}
    await town.update("district", "Mediator", key, patch)
    after = await town.row("Mediator", key)
    kept = ("id_number_cipher", "id_number_digest", "mobile_cipher", "sex", "birth_date")
    assert [before[c] for c in kept] == [after[c] for c in kept]
    with pytest.raises(Refused) as refused:
        await town.update("district", "Mediator", key, {"mobile": "139****0000"})
    assert codes(refused.value) == {("mobile", "PATTERN")}


async def test_who_sees_a_mask_cannot_wipe_what_is_under_it(town: Town) -> None:
    key = await town.person()
    await town.update("office", "Mediator", key, {"birthDate": None, "politicalStatus": "", "certificateNo": "A1"})
    row = await town.row("Mediator", key)
    assert (row["birth_date"], row["certificate_no"]) == (dt.date(1980, 1, 1), "A1")


async def test_a_grant_on_columns_opens_those_only(town: Town) -> None:
    await town.update("district", "Region", "village1", {"name": "和平社区", "shortName": "和平"})
    assert (await town.row("Region", town.keys["village1"]))["short_name"] == "和平"
    with pytest.raises(Refused) as refused:
        await town.update("district", "Region", "village1", {"multiEthnic": True})
    assert codes(refused.value) == {("multiEthnic", "READ_ONLY")}


async def test_a_visible_row_out_of_writing_reach_is_forbidden(town: Town) -> None:
    with pytest.raises(Denied) as denied:
        await town.update("district", "Region", "province", {"name": "江苏"})
    assert denied.value.code == "FORBIDDEN"


async def test_a_stale_version_tells_who_changed_what(town: Town) -> None:
    key = await town.found()
    await town.update("district", "MediationCommittee", key, {"phone": "025-7654321"}, 1)
    await town.update("district", "MediationCommittee", key, {"officeHours": "9-17"}, 2)
    with pytest.raises(Refused) as refused:
        await town.update("office", "MediationCommittee", key, {"name": "x"}, 1)
    assert codes(refused.value) == {("ifVersion", "CONFLICT")}
    assert refused.value.details == {"changedBy": f"district{MARK}", "changedFields": ["phone", "officeHours"]}
    assert (await town.row("MediationCommittee", key))["version"] == 3


async def test_parallel_updates_lose_none_silently(town: Town) -> None:
    key = await town.found()
    tries = (town.update("district", "MediationCommittee", key, {"sealNo": f"S{n}"}, 1) for n in range(20))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    stale = [o for o in outcomes if isinstance(o, Refused)]
    assert len(stale) == 19
    assert all(codes(r) == {("ifVersion", "CONFLICT")} for r in stale)
    row = await town.row("MediationCommittee", key)
    assert (row["version"], row["seal_no"]) == (2, f"S{[o == key for o in outcomes].index(True)}")


async def test_parallel_updates_without_a_version_happen_one_after_another(town: Town) -> None:
    key = await town.found()
    await asyncio.gather(*(town.update("district", "MediationCommittee", key, {"sealNo": f"S{n}"}) for n in range(8)))
    assert (await town.row("MediationCommittee", key))["version"] == 9
    assert len(await town.rows("AuditLog", action="UPDATE")) == 8


# --- delete -----------------------------------------------------------------------------------------------------------


async def test_a_deleted_row_stays_but_is_gone_for_everybody(town: Town) -> None:
    key = await town.found()
    await town.delete("office", "MediationCommittee", key, 1)
    assert (await town.row("MediationCommittee", key))["deleted_at"] is not None
    with pytest.raises(Refused) as refused:
        await town.update("district", "MediationCommittee", key, {"name": "x"})
    assert codes(refused.value) == {("by", "NOT_FOUND")}


async def test_what_is_referred_to_cannot_be_deleted(town: Town) -> None:
    key = await town.found()
    await town.term(key)
    with pytest.raises(Refused) as refused:
        await town.delete("office", "MediationCommittee", key)
    [fault] = refused.value.faults
    assert (fault.path, fault.code, fault.zh) == (("by",), "CONFLICT", "还有1 条届引用这条人民调解委员会，不能删除。")


async def test_only_a_draft_of_a_workflow_can_be_deleted(town: Town) -> None:
    key = await town.complete()
    filing = await town.filing(key)
    await town.take("office", filing, "submit")
    with pytest.raises(Refused) as refused:
        await town.delete("office", "CommitteeFiling", filing)
    assert codes(refused.value) == {("by", "STATE")}


# --- the interface ----------------------------------------------------------------------------------------------------


def test_faults_stand_under_the_argument_they_belong_to() -> None:
    assert under(Fault(("name",), "REQUIRED", "", ""), "input").path == ("input", "name")
    assert under(Fault((), "STATE", "", ""), "patch").path == ("patch",)
    assert under(Fault(("ifVersion",), "CONFLICT", "", ""), "patch").path == ("ifVersion",)


def test_no_field_that_clients_write_is_called_like_an_argument() -> None:
    for info in registry().values():
        names = {f.public for f in info.fields.values() if f.writable} if not info.facts.written_by_commands else set()
        assert not names & ARGUMENTS
