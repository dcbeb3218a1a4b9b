"""Bulk writes: all rows that a condition selects, each checked like a single one, or none of them."""

from __future__ import annotations

from typing import Any

import pytest

from db.identity import global_id
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint, faults
from tests.resolvers.town import Town, code_of

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL

UPDATE = """mutation Bulk(
  $where: MediationCommitteeWhere!, $patch: MediationCommitteePatch!, $most: Int!, $dry: Boolean
) {
  updateMediationCommittees(where: $where, patch: $patch, atMost: $most, dryRun: $dry) {
    affectedCount errors { path code message id: row } } }"""
DELETE = """mutation Bulk($where: MediationCommitteeWhere!, $most: Int!, $dry: Boolean) {
  deleteMediationCommittees(where: $where, atMost: $most, dryRun: $dry) {
    affectedCount errors { path code message id: row } } }"""
ALL = {"type": {"eq": "VILLAGE"}}


async def three(town: Town) -> list[str]:
    """Committees of two villages of the office's street and of one of the next street."""
    return [
        await town.found("office", "village1"),
        await town.found("office", "village2"),
        await town.found("district", "village3"),
    ]


async def addresses(town: Town) -> list[str]:
    return [row["address"] for row in await town.rows("MediationCommittee")]


async def test_all_selected_rows_change_each_with_its_version_and_its_record(town: Town) -> None:
    ends, keys = Endpoint(town), await three(town)
    records = len(await town.rows("AuditLog"))
    asked = {"where": ALL, "patch": {"address": "枫桥路9号"}, "most": 3, "dry": False}
    assert await ends.data("district", UPDATE, asked) == {"affectedCount": 3, "errors": []}
    rows = await town.rows("MediationCommittee")
    assert [(row["address"], row["version"], row["updated_by_id"]) for row in rows] == [
        ("枫桥路9号", 2, town.keys["@district"])
    ] * 3
    told = (await town.rows("AuditLog"))[records:]
    assert [row["entity_id"] for row in told] == [global_id("mc", key) for key in keys]
    assert {(row["action"], frozenset(row["after"])) for row in told} == {("UPDATE", frozenset({"version", "address"}))}


async def test_rows_that_do_not_change_are_not_written_and_not_counted(town: Town) -> None:
    ends, keys = Endpoint(town), await three(town)
    await town.update("district", "MediationCommittee", keys[0], {"address": "枫桥路9号"})
    asked = {"where": ALL, "patch": {"address": "枫桥路9号"}, "most": 3}
    assert (await ends.data("district", UPDATE, asked))["affectedCount"] == 2
    assert [row["version"] for row in await town.rows("MediationCommittee")] == [2, 2, 2]


async def test_a_street_office_changes_nothing_outside_its_street_and_is_told_of_nothing_there(town: Town) -> None:
    ends = Endpoint(town)
    await three(town)
    asked = {"where": ALL, "patch": {"address": "枫桥路9号"}, "most": 2}
    assert (await ends.data("office", UPDATE, asked)) == {"affectedCount": 2, "errors": []}
    assert sorted(await addresses(town)) == ["枫桥路1号", "枫桥路9号", "枫桥路9号"]
    there = {"region": {"descendantOf": {"code": code_of("street3")}}}
    asked = {"where": there, "patch": {"address": "甲"}, "most": 9}
    assert (await ends.data("office", UPDATE, asked)) == {"affectedCount": 0, "errors": []}


async def test_rows_that_may_be_read_but_not_changed_stop_the_whole_write_and_are_named(town: Town) -> None:
    ends = Endpoint(town)
    own = await town.found()
    other = await town.found("office", "village1", name="另一个调委会")
    await town.grant(await town.clerk(own, "both"), "AUDT", "district")
    asked = {"where": ALL, "patch": {"address": "枫桥路9号"}, "most": 9}
    payload = await ends.data("both", UPDATE, asked)
    assert faults(payload) == {("patch", "FORBIDDEN")}
    assert (payload["affectedCount"], [error["id"] for error in payload["errors"]]) == (0, [global_id("mc", other)])
    assert await addresses(town) == ["枫桥路1号"] * 2


async def test_one_faulty_row_stops_all_and_every_faulty_row_is_named_in_chinese(town: Town) -> None:
    ends, keys = Endpoint(town), await three(town)
    payload = await ends.data("district", UPDATE, {"where": ALL, "patch": {"type": "COMMUNITY"}, "most": 3})
    assert payload["errors"] == []  # a village may be a community
    # The patch fits no committee of a village.
    payload = await ends.data("district", UPDATE, {"where": ALL | {"type": {"eq": "COMMUNITY"}},
                                                  "patch": {"type": "TOWNSHIP", "phone": "x"}, "most": 3})  # fmt: skip
    assert {error["id"] for error in payload["errors"]} == {global_id("mc", key) for key in keys}
    assert faults(payload) >= {("patch.phone", "PATTERN"), ("patch.region", "RANGE")}
    assert all(error["message"].endswith("。") for error in payload["errors"])
    assert {row["type"] for row in await town.rows("MediationCommittee")} == {"COMMUNITY"}


async def test_more_rows_than_expected_are_refused_with_their_number(town: Town) -> None:
    ends = Endpoint(town)
    await three(town)
    payload = await ends.data("district", UPDATE, {"where": ALL, "patch": {"address": "甲"}, "most": 2})
    assert (payload["affectedCount"], faults(payload)) == (0, {("atMost", "RANGE")})
    assert "3 条" in payload["errors"][0]["message"]
    assert await addresses(town) == ["枫桥路1号"] * 3


@pytest.mark.parametrize("most", [0, -1, 10_001])
async def test_at_most_has_bounds(town: Town, most: int) -> None:
    payload = await Endpoint(town).data("district", UPDATE, {"where": ALL, "patch": {"address": "甲"}, "most": most})
    assert faults(payload) == {("atMost", "RANGE")}


@pytest.mark.parametrize(
    "where", [{}, {"name": {}}, {"region": {}}, {"region": {"code": {}}}, {"mediators": {"every": {}}}, {"and": []},
              {"not": {}}, {"name": None}, {"name": {"eq": None}}],
)  # fmt: skip
async def test_a_condition_that_says_nothing_is_no_condition(town: Town, where: dict[str, Any]) -> None:
    ends = Endpoint(town)
    await town.found()
    for document, more in ((UPDATE, {"patch": {"address": "甲"}}), (DELETE, {})):
        code, _ = await ends.refusal("district", document, {"where": where, "most": 10, **more})
        assert code == "BAD_INPUT"
    assert await addresses(town) == ["枫桥路1号"]


async def test_a_rehearsal_tells_all_and_keeps_nothing(town: Town) -> None:
    ends, keys = Endpoint(town), await three(town)
    before, records = await town.rows("MediationCommittee"), await town.rows("AuditLog")
    asked = {"where": ALL, "patch": {"address": "枫桥路9号"}, "most": 3, "dry": True}
    assert await ends.data("district", UPDATE, asked) == {"affectedCount": 3, "errors": []}
    assert await ends.data("district", DELETE, {"where": ALL, "most": 3, "dry": True}) == {
        "affectedCount": 3, "errors": [],
    }  # fmt: skip
    payload = await ends.data("district", UPDATE, asked | {"patch": {"phone": "x"}})
    assert {error["id"] for error in payload["errors"]} == {global_id("mc", key) for key in keys}
    assert (await town.rows("MediationCommittee"), await town.rows("AuditLog")) == (before, records)


async def test_who_may_change_no_row_at_all_is_refused_at_once(town: Town) -> None:
    ends = Endpoint(town)
    await town.found()
    code, _ = await ends.refusal("auditor", UPDATE, {"where": ALL, "patch": {"address": "甲"}, "most": 9})
    assert code == "FORBIDDEN"
    assert (await ends.refusal("auditor", DELETE, {"where": ALL, "most": 9}))[0] == "FORBIDDEN"


async def test_deletion_takes_all_or_none(town: Town) -> None:
    ends, keys = Endpoint(town), await three(town)
    await town.term(keys[1])
    payload = await ends.data("district", DELETE, {"where": ALL, "most": 3})
    assert (faults(payload), payload["errors"][0]["id"]) == ({("where", "CONFLICT")}, global_id("mc", keys[1]))
    assert [row["deleted_at"] for row in await town.rows("MediationCommittee")] == [None] * 3
    others = {"id": {"neq": global_id("mc", keys[1])}}
    assert await ends.data("district", DELETE, {"where": others, "most": 3}) == {"affectedCount": 2, "errors": []}
    assert [row["deleted_at"] is None for row in await town.rows("MediationCommittee")] == [False, True, False]


async def test_an_effect_of_one_row_is_seen_by_the_next(town: Town) -> None:
    ends = Endpoint(town)
    key = await town.found()
    people = [await town.person() for _ in range(2)]
    posts = [await town.appoint(key, person) for person in people]
    document = """mutation {
      updateMediatorAppointments(where: {role: {eq: MEMBER}}, patch: {role: DIRECTOR}, atMost: 5) {
      affectedCount errors { path code id: row } } }"""
    payload = await ends.data("district", document)
    assert (faults(payload), payload["errors"][0]["id"]) == ({("patch.role", "BR-02")}, global_id("ma", posts[1]))
    assert {row["role"] for row in await town.rows("MediatorAppointment")} == {"MEMBER"}
