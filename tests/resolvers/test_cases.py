"""Mediation cases: what registering one gives it, what is refused, and who may do it where."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from db.clock import SHANGHAI, now, today
from db.engine import Database
from resolvers.faults import Denied, Refused
from tests.databases import WITH_WALL, Kind
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import ONE_DAY, Town, code_of, codes

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL


def case(committee: str, /, **more: Any) -> dict[str, Any]:
    """The input of a case of a committee."""
    return {
        "committee": {"id": f"mc_{committee}"}, "title": "邻里噪声纠纷", "summary": "楼上夜间装修，双方多次争执。",
        "region": {"code": code_of("village1")}, "disputeType": "NEIGHBOUR", "source": "PROACTIVE",
        "partiesRelation": "CITIZEN_CITIZEN", "difficulty": "SIMPLE", "headcount": 2, **more,
    }  # fmt: skip


async def test_a_new_case_gets_everything_the_server_derives(town: Town) -> None:
    key = await town.found()
    before = now()
    row = await town.row("MediationCase", await town.create("office", "MediationCase", case(key)))
    owner = await town.row("MediationCommittee", key)
    assert row["case_no"] == f"{owner['code']}{today().year}000001"
    assert (row["state"], row["entry_channel"], row["late_entry"]) == ("REGISTERED", "PC", False)
    assert row["registered_at"] == row["entered_at"] >= before
    assert (row["scope_path"], row["org_scope_id"]) == (owner["scope_path"], owner["org_scope_id"])
    again = await town.row("MediationCase", await town.create("office", "MediationCase", case(key)))
    assert again["case_no"].endswith("000002")


@pytest.mark.parametrize(
    ("difficulty", "expected"),
    [("SIMPLE", (False, False)), ("GENERAL", (False, False)), ("DIFFICULT", (False, True)), ("MAJOR", (True, True))],
)
async def test_what_is_major_or_difficult_follows_from_the_difficulty(
    town: Town, difficulty: str, expected: tuple[bool, bool]
) -> None:
    key = await town.found()
    made = await town.create("office", "MediationCase", case(key, difficulty=difficulty))
    row = await town.row("MediationCase", made)
    assert (row["is_major"], row["is_difficult"]) == expected
    await town.update("office", "MediationCase", made, {"difficulty": "MAJOR"})
    row = await town.row("MediationCase", made)
    assert (row["is_major"], row["is_difficult"], row["version"]) == (True, True, 1 + (difficulty != "MAJOR"))


async def test_a_case_entered_by_a_program_says_so(town: Town) -> None:
    key = await town.found()
    data = case(key) | {
        "committee": {"connect": {"id": f"mc_{key}"}},
        "region": {"connect": {"code": code_of("village1")}},
    }
    document = """mutation Create($input: MediationCaseInput!) { createMediationCase(input: $input) {
      mediationCase { caseNo state entryChannel committee { name region { name } } } errors { path code message } } }"""
    payload = await Endpoint(town).data("office", document, {"input": data})
    assert payload["errors"] == []
    assert (payload["mediationCase"]["state"], payload["mediationCase"]["entryChannel"]) == ("REGISTERED", "API")
    assert payload["mediationCase"]["committee"]["region"] == {"name": "village1"}


LATE = today() - 3 * ONE_DAY
BAD: list[tuple[str, dict[str, Any], set[tuple[str, str]]]] = [
    ("one person", {"headcount": 1}, {("headcount", "RANGE")}),
    ("a day to come", {"occurredOn": today() + ONE_DAY}, {("occurredOn", "RANGE")}),
    ("accepted before it was registered", {"acceptedOn": today() - ONE_DAY}, {("acceptedOn", "BR-24")}),
    ("ended before it began", {"occurredOn": LATE, "acceptedOn": today(), "concludedOn": LATE},
     {("concludedOn", "BR-24")}),
    ("a state of one's own", {"state": "CLOSED"}, {("state", "READ_ONLY")}),
    ("a number of one's own", {"caseNo": "1"}, {("caseNo", "READ_ONLY")}),
    ("no dispute", {"summary": "", "disputeType": None}, {("summary", "REQUIRED"), ("disputeType", "REQUIRED")}),
    ("an invisible committee", {"committee": {"id": "mc_01900000-0000-7000-8000-000000000000"}},
     {("committee", "NOT_FOUND")}),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "more", "expected"), BAD, ids=[bad[0] for bad in BAD])
async def test_bad_input_is_refused_at_its_field(
    town: Town, _case: str, more: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    key = await town.found()
    with pytest.raises(Refused) as refused:
        await town.create("office", "MediationCase", case(key, **more))
    assert codes(refused.value) == expected
    assert all("“" in fault.zh and fault.zh.endswith("。") for fault in refused.value.faults)
    assert await town.rows("MediationCase") == []


async def test_the_days_of_a_case_stand_in_order_when_it_is_changed_too(town: Town) -> None:
    key = await town.found()
    made = await town.create("office", "MediationCase", case(key, occurredOn=today() - ONE_DAY))
    with time_machine.travel(now() + dt.timedelta(days=10), tick=False):
        with pytest.raises(Refused) as refused:
            await town.update("office", "MediationCase", made, {"occurredOn": today()})
        assert codes(refused.value) == {("occurredOn", "BR-24")}
        await town.update("office", "MediationCase", made, {"acceptedOn": today(), "concludedOn": today()})
    row = await town.row("MediationCase", made)
    assert row["accepted_on"] == row["concluded_on"] > row["registered_at"].astimezone(SHANGHAI).date()


async def test_a_dissolved_committee_registers_nothing(town: Town) -> None:
    key = await town.complete()
    await town.filed(key)
    await town.filed(key, "DISSOLVE")
    with pytest.raises(Refused) as refused:
        await town.create("office", "MediationCase", case(key))
    assert codes(refused.value) == {("committee", "STATE")}


async def test_numbers_registered_at_the_same_time_differ(town: Town) -> None:
    key = await town.found()
    await asyncio.gather(*(town.create("office", "MediationCase", case(key)) for _ in range(6)))
    assert sorted(row["case_no"][-6:] for row in await town.rows("MediationCase")) == [f"{n:06d}" for n in range(1, 7)]


# --- who and where ----------------------------------------------------------------------------------------------------


async def test_the_office_the_committee_and_its_mediators_register_cases_and_nobody_else(town: Town) -> None:
    key = await town.found()
    clerk = await town.clerk(key)
    person = await town.person()
    await town.appoint(key, person)
    await town.account("mediator", "MEDR", mediator_id=person)
    for login in ("office", clerk, "mediator"):
        row = await town.row("MediationCase", await town.create(login, "MediationCase", case(key)))
        assert row["created_by_id"] == town.keys[f"@{login}"]
    for login in ("district", "auditor", "sysadmin"):
        with pytest.raises(Denied) as denied:
            await town.create(login, "MediationCase", case(key))
        assert denied.value.code == "FORBIDDEN"
    assert len(await town.rows("MediationCase")) == 3


async def test_a_mediator_registers_cases_of_the_committees_that_appointed_them_only(town: Town) -> None:
    key, other = await town.found(), await town.found("office", "village2")
    person = await town.person()
    await town.appoint(key, person)
    await town.account("mediator", "MEDR", mediator_id=person)
    await town.grant("mediator", "AUDT", "district")  # so that the other one can be named at all
    with pytest.raises(Denied) as denied:
        await town.create("mediator", "MediationCase", case(other))
    assert denied.value.code == "FORBIDDEN"
    await town.create("mediator", "MediationCase", case(key))
    assert [row["committee_id"] for row in await town.rows("MediationCase")] == [key]


async def test_a_clerk_and_an_office_register_nothing_for_others(town: Town) -> None:
    key, other = await town.found(), await town.found("district", "village3")
    for login in ("office", await town.clerk(key)):
        with pytest.raises(Refused) as refused:
            await town.create(login, "MediationCase", case(other))
        assert codes(refused.value) == {("committee", "NOT_FOUND")}
    await town.grant("clerk", "AUDT", "district")
    with pytest.raises(Denied):
        await town.create("clerk", "MediationCase", case(other))
    assert await town.rows("MediationCase") == []


async def test_an_archived_case_is_changed_no_more_and_only_a_fresh_one_is_deleted(town: Town) -> None:
    key = await town.found()
    archived, accepted = await town.case(key, "ARCHIVED"), await town.case(key, "ACCEPTED")
    fresh = await town.create("office", "MediationCase", case(key))
    with pytest.raises(Refused) as refused:
        await town.update("office", "MediationCase", archived, {"title": "甲"})
    assert codes(refused.value) == {("by", "STATE")}
    await town.update("office", "MediationCase", accepted, {"title": "甲"})
    with pytest.raises(Refused) as refused:
        await town.delete("office", "MediationCase", accepted)
    assert codes(refused.value) == {("by", "STATE")}
    await town.delete("office", "MediationCase", fresh)
    assert (await town.row("MediationCase", fresh))["deleted_at"] is not None


# --- what it costs ----------------------------------------------------------------------------------------------------


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What SQLite is asked to run, one text a statement; what triggers do inside is told as comments and left out."""
    told: list[str] = []

    def listen(connection: Any, *_: Any) -> None:
        connection.run_async(lambda driver: driver.set_trace_callback(told.append))

    sa.event.listen(database.engine.sync_engine, "checkout", listen)
    try:
        yield told
    finally:
        sa.event.remove(database.engine.sync_engine, "checkout", listen)
        told[:] = [sql for sql in told if not sql.startswith("--")]


async def test_a_case_is_written_in_few_statements(town: Town, database_kind: Kind) -> None:
    """Committee, place, number, row, record, line and its place, and the search entries: each is a round trip."""
    if database_kind != "sqlite":
        pytest.skip("the statements are the same, and SQLite tells them")
    key = await town.found()
    viewer, data = await town.viewer("office"), case(key)
    await town.commands.create(viewer, "MediationCase", data)
    with statements(town.database) as told:
        await town.commands.create(viewer, "MediationCase", data)
    # A statement is told again where a trigger of its table begins.
    own = [sql.split() for sql in dict.fromkeys(told) if "search_" not in sql[:60]]
    written = [words[2] for words in own if words[0] == "INSERT"]
    assert written == ["number_series", "mediation_case", "audit_log", "audit_line", "audit_waiting"]
    assert [words[0] for words in own if words[0] != "INSERT"] == ["BEGIN", "SELECT", "SELECT", "COMMIT"]
