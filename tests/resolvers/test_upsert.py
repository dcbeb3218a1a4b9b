"""Upsert: items that find their row by a key change it, the others create one; each item by itself, all together."""

from __future__ import annotations

from typing import Any

import pytest

from db.identity import global_id
from db.registry import registry
from resolvers.commands.upsert import keys_of
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint, faults
from tests.resolvers.town import Town, code_of, host

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL

COMMITTEES = """mutation Upsert($input: [MediationCommitteeInput!]!, $most: Int, $error: OnError, $dry: Boolean) {
  upsertMediationCommittees(input: $input, onConflict: CODE, atMost: $most, onError: $error, dryRun: $dry) {
    results { index mediationCommittee { id name version } errors { path code message } } errors { path code message } }
}"""
HOSTS = """mutation Upsert($input: [HostUnitInput!]!, $most: Int, $error: OnError, $dry: Boolean) {
  upsertHostUnits(input: $input, onConflict: CREDIT_CODE, atMost: $most, onError: $error, dryRun: $dry) {
    results { index hostUnit { id name creditCode employeeCount version } errors { path code message } }
    errors { path code message } } }"""
CODES = ("91320102MA1000001E", "91320102MA1000002H")


def unit(credit: str | None, **more: Any) -> dict[str, Any]:
    """The input of a host unit as a client of GraphQL sends it."""
    return host(region={"connect": {"code": code_of("village1")}}, creditCode=credit, **more)


def told(payload: dict[str, Any]) -> list[set[tuple[str, str]]]:
    """The faults of each item."""
    assert [result["index"] for result in payload["results"]] == list(range(len(payload["results"])))
    return [faults(result) for result in payload["results"]]


async def test_a_known_key_changes_its_row_and_a_new_one_makes_one(town: Town) -> None:
    ends = Endpoint(town)
    first = await town.create("district", "HostUnit", host(creditCode=CODES[0]))
    items = [unit(CODES[0], employeeCount=7), unit(CODES[1], name="枫桥纺织有限公司")]
    payload = await ends.data("district", HOSTS, {"input": items})
    assert (payload["errors"], told(payload)) == ([], [set(), set()])
    rows = await town.rows("HostUnit")
    assert [result["hostUnit"] for result in payload["results"]] == [
        {"id": global_id("hu", row["id"]), "name": row["name"], "creditCode": row["credit_code"],
         "employeeCount": row["employee_count"], "version": row["version"]} for row in rows
    ]  # fmt: skip
    assert [(row["id"] == first, row["employee_count"], row["version"]) for row in rows] == [
        (True, 7, 2), (False, 500, 1),
    ]  # fmt: skip
    assert [row["action"] for row in await town.rows("AuditLog")] == ["CREATE", "UPDATE", "CREATE"]


async def test_the_same_again_writes_nothing(town: Town) -> None:
    ends = Endpoint(town)
    items = [unit(CODES[0]), unit(CODES[1], name="枫桥纺织有限公司")]
    first = await ends.data("district", HOSTS, {"input": items})
    before, records = await town.rows("HostUnit"), await town.rows("AuditLog")
    assert await ends.data("district", HOSTS, {"input": items}) == first
    assert (await town.rows("HostUnit"), await town.rows("AuditLog")) == (before, records)


async def test_a_code_that_the_server_gives_finds_a_row_and_makes_none(town: Town) -> None:
    ends, key = Endpoint(town), await town.found()
    code = (await town.row("MediationCommittee", key))["code"]
    payload = await ends.data("office", COMMITTEES, {"input": [{"code": code, "name": "和平村人民调解委员会"}]})
    assert payload["results"] == [
        {
            "index": 0,
            "mediationCommittee": {"id": f"mc_{key}", "name": "和平村人民调解委员会", "version": 2},
            "errors": [],
        }
    ]
    payload = await ends.data("office", COMMITTEES, {"input": [{"code": "32010200200110000999", "name": "甲"}]})
    assert told(payload) == [{("input.0.code", "NOT_FOUND")}]
    create = "mutation C($i: MediationCommitteeInput!) { createMediationCommittee(input: $i) { errors { path code } } }"
    assert ("input.code", "READ_ONLY") in faults(await ends.data("office", create, {"i": {"code": code}}))


async def test_an_invisible_row_is_as_if_it_were_not_there(town: Town) -> None:
    ends, key = Endpoint(town), await town.found("district", "village3")
    code = (await town.row("MediationCommittee", key))["code"]
    hidden = await ends.body("office", COMMITTEES, {"input": [{"code": code, "name": "甲"}]})
    missing = await ends.body("office", COMMITTEES, {"input": [{"code": code[:-1] + "x", "name": "甲"}]})
    assert hidden == missing
    assert (await town.row("MediationCommittee", key))["version"] == 1


async def test_a_row_that_may_be_read_but_not_changed_is_a_fault_of_its_item(town: Town) -> None:
    ends = Endpoint(town)
    await town.create("district", "HostUnit", host(creditCode=CODES[0], region={"code": code_of("village3")}))
    payload = await ends.data("office", HOSTS, {"input": [unit(CODES[0])]})
    assert told(payload) == [{("input.0.creditCode", "NOT_UNIQUE")}]  # of another street: taken, nothing more is said


async def test_one_fault_undoes_all_and_every_item_says_its_own(town: Town) -> None:
    ends = Endpoint(town)
    items = [unit(CODES[0]), unit(CODES[1], employeeCount=-1, name=""), unit(None)]
    payload = await ends.data("district", HOSTS, {"input": items})
    assert told(payload) == [
        set(), {("input.1.name", "REQUIRED"), ("input.1.employeeCount", "RANGE")}, {("input.2.creditCode", "REQUIRED")}
    ]  # fmt: skip
    assert [result["hostUnit"] for result in payload["results"]] == [None] * 3
    assert all(e["message"].endswith("。") for result in payload["results"] for e in result["errors"])
    assert await town.rows("HostUnit") == [] == await town.rows("AuditLog")


async def test_the_faulty_items_may_be_left_out(town: Town) -> None:
    ends = Endpoint(town)
    items = [unit(CODES[0]), unit(CODES[1], employeeCount=-1), unit(CODES[1], name="枫桥纺织有限公司")]
    payload = await ends.data("district", HOSTS, {"input": items, "error": "CONTINUE"})
    assert told(payload)[:2] == [set(), {("input.1.employeeCount", "RANGE")}]
    assert told(payload)[2] == {("input.2.creditCode", "NOT_UNIQUE")}
    [row] = await town.rows("HostUnit")
    assert payload["results"][0]["hostUnit"]["id"] == global_id("hu", row["id"])


async def test_a_key_twice_in_one_input_is_refused_at_the_later_item(town: Town) -> None:
    ends = Endpoint(town)
    items = [unit(CODES[0]), unit(CODES[0].lower(), name="枫桥纺织有限公司")]
    payload = await ends.data("district", HOSTS, {"input": items})
    assert told(payload) == [set(), {("input.1.creditCode", "NOT_UNIQUE")}]
    assert await town.rows("HostUnit") == []


async def test_a_rehearsal_tells_all_and_keeps_nothing(town: Town) -> None:
    ends = Endpoint(town)
    payload = await ends.data("district", HOSTS, {"input": [unit(CODES[0])], "dry": True})
    assert payload["results"] == [{"index": 0, "hostUnit": None, "errors": []}]
    payload = await ends.data("district", HOSTS, {"input": [unit(CODES[0]), unit("x")], "dry": True})
    assert told(payload) == [set(), {("input.1.creditCode", "CHECKSUM")}]
    assert await town.rows("HostUnit") == [] == await town.rows("AuditLog")


async def test_more_items_than_expected_are_refused(town: Town) -> None:
    ends = Endpoint(town)
    payload = await ends.data("district", HOSTS, {"input": [unit(CODES[0]), unit(CODES[1])], "most": 1})
    assert (payload["results"], faults(payload)) == ([], {("atMost", "RANGE")})
    assert await town.rows("HostUnit") == []


async def test_who_may_write_nothing_is_refused_at_once(town: Town) -> None:
    assert (await Endpoint(town).refusal("auditor", HOSTS, {"input": []}))[0] == "FORBIDDEN"


async def test_rows_unique_by_several_columns_are_found_by_all_of_them(town: Town) -> None:
    ends, key = Endpoint(town), await town.found()
    term = await town.term(key)
    document = """mutation T($input: [CommitteeTermInput!]!) {
      upsertCommitteeTerms(input: $input, onConflict: COMMITTEE_TERM_NO) {
      results { index committeeTerm { id electionMethod } errors { path code } } } }"""
    item = {"committee": {"connect": {"id": f"mc_{key}"}}, "termNo": 1, "electionMethod": "REPRESENTATIVES"}
    payload = await ends.data("district", document, {"input": [item, {"termNo": 1}]})
    assert told(payload) == [set(), {("input.1.committee", "REQUIRED")}]
    payload = await ends.data("district", document, {"input": [item]})
    assert payload["results"][0]["committeeTerm"] == {"id": f"ct_{term}", "electionMethod": "REPRESENTATIVES"}


def test_personal_data_is_never_a_key() -> None:
    for info in registry().values():
        for columns in keys_of(info).values():
            facts = [info.table.c[c].info["facts"] for c in columns if c in info.table.c]
            assert len(facts) == len(columns), (info.name, columns)
            assert not any(f.personal or f.hidden or f.kind == "encrypted" for f in facts), (info.name, columns)


async def test_all_rows_of_an_answer_are_read_together(town: Town) -> None:
    ends = Endpoint(town)
    items = [unit(CODES[0]), unit(CODES[1], name="枫桥纺织有限公司")]
    reads, read = [], ends.services.database.read

    async def counted(sql: str, values: Any) -> bytes | None:
        reads.append(sql)
        return await read(sql, values)

    ends.services.database.read = counted  # type: ignore[method-assign]
    payload = await ends.data("district", HOSTS, {"input": items})
    assert (len(reads), [bool(result["hostUnit"]) for result in payload["results"]]) == (1, [True, True])
