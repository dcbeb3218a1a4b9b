"""Idempotency keys: requests with one key are one write, and every one of them is told what it came to."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from db.clock import now
from db.technical import RememberedWrite
from resolvers.commands import once
from tests.resolvers.asking import Endpoint, faults
from tests.resolvers.town import Town, code_of, host

pytestmark = pytest.mark.anyio

CREATE = """mutation Create($input: HostUnitInput!) {
  createHostUnit(input: $input) { hostUnit { id name version } errors { path code message } } }"""


def unit(**more: Any) -> dict[str, Any]:
    """The input of a host unit as a client of GraphQL sends it."""
    return {"input": host(region={"connect": {"code": code_of("village1")}}, **more)}


async def remembered(town: Town) -> list[Any]:
    return await town.database.look(lambda c: list(c.execute(sa.select(RememberedWrite.__table__)).mappings()))


async def test_fifty_equal_submits_at_once_make_one_row_and_fifty_equal_answers(town: Town) -> None:
    ends = Endpoint(town)
    gate = asyncio.Semaphore(ends.services.settings.requests_in_work)  # so many of them the server lets in at once

    async def submit() -> bytes:
        async with gate:
            return await ends.body("district", CREATE, unit(), key="one")

    answers = await asyncio.gather(*(submit() for _ in range(50)))
    assert len(set(answers)) == 1
    assert b'"errors":[]' in answers[0]
    assert (len(await town.rows("HostUnit")), len(await town.rows("AuditLog"))) == (1, 1)


async def test_without_a_key_every_request_is_a_write_of_its_own(town: Town) -> None:
    ends = Endpoint(town)
    for _ in range(2):
        await ends.data("district", CREATE, unit())
    assert len(await town.rows("HostUnit")) == 2
    assert await remembered(town) == []


async def test_another_body_under_the_same_key_is_a_conflict(town: Town) -> None:
    ends = Endpoint(town)
    await ends.data("district", CREATE, unit(), key="one")
    payload = await ends.data("district", CREATE, unit(name="另一家"), key="one")
    assert faults(payload) == {("Idempotency-Key", "CONFLICT")}
    assert payload["errors"][0]["message"] == "这个 Idempotency-Key 已用于另一个请求。"
    assert len(await town.rows("HostUnit")) == 1


async def test_a_key_belongs_to_its_account(town: Town) -> None:
    ends = Endpoint(town)
    for login in ("district", "district2"):
        assert (await ends.data(login, CREATE, unit(), key="one"))["errors"] == []
    assert len(await town.rows("HostUnit")) == 2


async def test_what_was_refused_may_be_sent_again(town: Town) -> None:
    ends = Endpoint(town)
    for _ in range(2):
        payload = await ends.data("district", CREATE, unit(name=""), key="one")
        assert faults(payload) == {("input.name", "REQUIRED")}
    assert await remembered(town) == []
    assert (await ends.data("district", CREATE, unit(), key="one"))["errors"] == []


async def test_each_field_of_a_document_is_a_write_of_its_own(town: Town) -> None:
    ends = Endpoint(town)
    both = """mutation Both($input: HostUnitInput!) {
      a: createHostUnit(input: $input) { hostUnit { id } } b: createHostUnit(input: $input) { hostUnit { id } } }"""
    first, second = [await ends.ask("district", both, unit(), key="one") for _ in range(2)]
    assert first == second
    assert first["data"]["a"] != first["data"]["b"]
    assert len(await town.rows("HostUnit")) == 2


async def test_every_kind_of_write_is_told_again(town: Town) -> None:
    ends, key = Endpoint(town), await town.found()
    document = """mutation All($id: ID!, $code: String!) {
      u: updateMediationCommittee(by: {id: $id}, patch: {name: "甲村人民调解委员会"}, ifVersion: 1) {
        mediationCommittee { version } errors { code } }
      m: updateMediationCommittees(where: {id: {eq: $id}}, patch: {address: "乙"}, atMost: 1) {
        affectedCount errors { code } }
      c: upsertMediationCommittees(input: [{code: $code, phone: "025-7654321"}, {code: "1"}], onConflict: CODE,
        onError: CONTINUE) { results { index mediationCommittee { id } errors { path code message } } }
      d: deleteMediationCommittee(by: {id: $id}) { deletedId errors { code } } }"""
    code = (await town.row("MediationCommittee", key))["code"]
    asked = {"id": f"mc_{key}", "code": code}
    first = (await ends.ask("office", document, asked, key="one"))["data"]
    assert (first["u"]["errors"], first["m"]["affectedCount"], first["d"]["deletedId"]) == ([], 1, f"mc_{key}")
    assert first["c"]["results"][1]["errors"][0]["path"] == ["input", "1", "code"]
    before, records = await town.rows("MediationCommittee"), await town.rows("AuditLog", action="UPDATE")
    again = (await ends.ask("office", document, asked, key="one"))["data"]
    # The row is read as it stands: by now it is deleted.
    assert again == {**first, "u": {"mediationCommittee": None, "errors": []}, "c": again["c"]}
    assert [result["errors"] for result in again["c"]["results"]] == [r["errors"] for r in first["c"]["results"]]
    assert await town.rows("MediationCommittee") == before
    assert await town.rows("AuditLog", action="UPDATE") == records


async def test_a_rehearsal_is_not_remembered(town: Town) -> None:
    ends, key = Endpoint(town), await town.found()
    document = """mutation Dry($id: ID!, $dry: Boolean!) {
      updateMediationCommittees(where: {id: {eq: $id}}, patch: {address: "乙"}, atMost: 1, dryRun: $dry) {
        affectedCount } }"""
    for dry in (True, False):
        assert await ends.data("office", document, {"id": f"mc_{key}", "dry": dry}, key="one") == {"affectedCount": 1}
    assert (await town.row("MediationCommittee", key))["address"] == "乙"


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "a\tb", "a\x7fb"])
async def test_a_key_that_is_none_is_refused_before_anything_is_written(town: Town, key: str) -> None:
    assert (await Endpoint(town).refusal("district", CREATE, unit(), key=key))[0] == "BAD_INPUT"
    assert await town.rows("HostUnit") == []


async def test_after_a_day_a_key_is_free_again_and_old_ones_are_dropped(town: Town) -> None:
    ends = Endpoint(town)
    await ends.data("district", CREATE, unit(), key="one")
    await ends.data("district2", CREATE, unit(), key="two")
    with time_machine.travel(now() + once.KEPT - dt.timedelta(minutes=5), tick=False):
        await ends.data("district", CREATE, unit(), key="one")
        assert len(await town.rows("HostUnit")) == 2
    with time_machine.travel(now() + once.KEPT + dt.timedelta(minutes=5), tick=False):
        assert (await ends.data("district", CREATE, unit(name="次日"), key="one"))["errors"] == []
    assert len(await town.rows("HostUnit")) == 3
    assert len(await remembered(town)) == 1


async def test_nothing_of_what_was_sent_is_kept(town: Town) -> None:
    ends = Endpoint(town)
    await ends.data("district", CREATE, unit(), key="the key of a client")
    [row] = await remembered(town)
    assert "client" not in str(row)
    assert "枫桥" not in str(row)
