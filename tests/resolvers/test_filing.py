"""The filing of committees: every edge of the machine, its guards, its effects and who must not do what."""

from __future__ import annotations

import datetime as dt

import pytest

from db.clock import today
from db.facts import Role
from db.registry import registry
from permissions.actions import allowed_steps, may_delete, may_update, open_row, writable_columns
from resolvers.faults import Denied, Refused
from tests.canaries import MARK
from tests.databases import WITH_WALL
from tests.resolvers.town import WAYS, Town, codes, host

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True, scope="session")]

INFO = registry()["CommitteeFiling"]
(MACHINE,) = INFO.facts.machines
assert MACHINE is not None
VERBS = tuple(dict.fromkeys(step.verb for step in MACHINE.steps if step.sources))
WHO = {"submit": "clerk", "withdraw": "clerk", "check": "office", "return": "office", "file": "district2",
       "refuse": "district2", "correct": "district2"}  # fmt: skip
# What a committee's own submission leads to; the office's and the district's has a test of its own.
EDGES = {
    (source, step.verb): step.target
    for step in MACHINE.steps
    for source in step.sources
    if step.verb != "submit" or Role.COMM in step.roles
}


# --- the machine ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", WAYS)
async def test_every_edge_leads_where_the_model_says_and_nothing_else_leads_anywhere(town: Town, state: str) -> None:
    _, filing = await town.started(state)
    before = await town.row("CommitteeFiling", filing)
    for verb in VERBS:
        if (state, verb) not in EDGES:
            with pytest.raises(Refused) as refused:
                await town.take(WHO[verb], filing, verb, reason="理由")
            assert codes(refused.value) == {("by", "STATE")}, verb
    assert await town.row("CommitteeFiling", filing) == before


@pytest.mark.parametrize(("source", "verb"), EDGES)
async def test_an_edge_is_one_write_with_one_record(town: Town, source: str, verb: str) -> None:
    _, filing = await town.started(source)
    before, records = await town.row("CommitteeFiling", filing), len(await town.rows("AuditLog"))
    await town.take(WHO[verb], filing, verb, before["version"], "理由")
    after = await town.row("CommitteeFiling", filing)
    assert (after["state"], after["version"]) == (EDGES[source, verb], before["version"] + 1)
    *_, record = await town.rows("AuditLog")
    assert len(await town.rows("AuditLog")) == records + 1
    assert (record["action"], record["verb"], record["reason"]) == ("VERB", verb, "理由")


async def test_a_stale_version_stops_a_step(town: Town) -> None:
    _, filing = await town.started("SUBMITTED")
    with pytest.raises(Refused) as refused:
        await town.take("office", filing, "check", 1)
    assert codes(refused.value) == {("ifVersion", "CONFLICT")}
    assert refused.value.details["changedBy"] == f"clerk{MARK}"
    assert {"state", "dueOn", "submittedBy"} <= set(refused.value.details["changedFields"])


@pytest.mark.parametrize(
    ("state", "verb"), [("SUBMITTED", "return"), ("OFFICE_CHECKED", "refuse"), ("FILED", "correct")]
)
async def test_some_steps_need_a_reason(town: Town, state: str, verb: str) -> None:
    _, filing = await town.started(state)
    for reason, code in ((None, "REQUIRED"), ("  ", "REQUIRED"), ("x" * 1001, "TOO_LONG"), ("\0", "PATTERN")):
        with pytest.raises(Refused) as refused:
            await town.take(WHO[verb], filing, verb, reason=reason)
        assert codes(refused.value) == {("reason", code)}


async def test_an_unknown_verb_is_bad_input(town: Town) -> None:
    _, filing = await town.started("DRAFT")
    for verb in ("start", "burn"):
        with pytest.raises(Denied) as denied:
            await town.take("office", filing, verb)
        assert denied.value.code == "BAD_INPUT"


# --- who --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["check", "return"])
async def test_who_started_a_filing_does_not_judge_it(town: Town, verb: str) -> None:
    committee = await town.complete()
    clerk = await town.clerk(committee)
    await town.create("city", "RoleGrant", {
        "account": town.ref(f"@{clerk}", "UserAccount"), "role": "OFFC", "orgUnit": town.ref("office2", "OrgUnit"),
        "validFrom": today(),
    })  # fmt: skip
    filing = await town.filing(committee, clerk)
    await town.take(clerk, filing, "submit")
    assert (await town.row("CommitteeFiling", filing))["state"] == "SUBMITTED", (
        "as a clerk: an office's submission is its check"
    )
    with pytest.raises(Denied) as denied:
        await town.take(clerk, filing, verb, reason="理由")
    assert (denied.value.code, denied.value.zh[:4]) == ("FORBIDDEN", "本人经办")
    await town.take("officer2", filing, verb, reason="理由")


@pytest.mark.parametrize("verb", ["file", "refuse", "return"])
async def test_a_district_officer_does_not_decide_on_their_own_filing(town: Town, verb: str) -> None:
    filing = await town.filing(await district_committee(town), "district")
    await town.take("district", filing, "submit")
    with pytest.raises(Denied) as denied:
        await town.take("district", filing, verb, reason="理由")
    assert denied.value.code == "FORBIDDEN"
    await town.take("district2", filing, verb, reason="理由")


async def test_another_person_than_who_filed_corrects_and_the_old_number_is_kept(town: Town) -> None:
    _, filing = await town.started("FILED")
    with pytest.raises(Denied):
        await town.take("district", filing, "correct", reason="编号有误")
    await town.take("district2", filing, "correct", reason="编号有误")
    row = await town.row("CommitteeFiling", filing)
    year = today().year
    assert (row["filing_no"], row["superseded_nos"]) == (f"320102-{year}-0002", [f"320102-{year}-0001"])
    assert (row["return_reason"], row["filed_by_id"]) == ("编号有误", town.keys["@district"])


async def test_what_one_of_a_unit_began_another_of_it_goes_on_with_and_nobody_else(town: Town) -> None:
    committee, filing = await town.started("DRAFT")
    with pytest.raises(Denied) as denied:
        await town.take("office", filing, "submit")
    assert denied.value.zh == "只能由经办人或本单位的人提交。"
    with pytest.raises(Denied):
        await town.update("office", "CommitteeFiling", filing, {"exceptionNote": "x"})
    colleague = await town.clerk(committee, "colleague")
    await town.update(colleague, "CommitteeFiling", filing, {"exceptionNote": "说明"})
    await town.take(colleague, filing, "submit")
    with pytest.raises(Denied) as denied:
        await town.take("clerk", filing, "withdraw")
    assert denied.value.zh == "只能由经办人撤回。"
    await town.take(colleague, filing, "withdraw")


async def test_the_submission_of_an_office_is_its_check(town: Town) -> None:
    filing = await town.filing(await town.complete())
    await town.take("officer2", filing, "submit")
    row = await town.row("CommitteeFiling", filing)
    assert (row["state"], row["checked_by_id"], row["submitted_by_id"]) == (
        "OFFICE_CHECKED", town.keys["@officer2"], town.keys["@officer2"],
    )  # fmt: skip


async def district_committee(town: Town) -> str:
    unit = await town.create("district", "HostUnit", host(kind="SOCIAL_ORG"))
    kind = {"type": "REGIONAL", "hostUnit": town.ref(unit, "HostUnit")}
    key = await town.found(**kind)
    await town.term(key, electionMethod="APPOINTED_BY_ORG")
    await town.staff(key)
    return key


async def test_the_district_starts_filings_of_its_own_kind_of_committee_only(town: Town) -> None:
    with pytest.raises(Refused) as refused:
        await town.filing(await town.found(), "district")
    assert codes(refused.value) == {("committee", "RANGE")}
    assert await town.filing(await district_committee(town), "district")


async def test_what_is_offered_is_what_is_open(town: Town) -> None:
    committee, filing = await town.started("SUBMITTED")

    async def offered(login: str) -> tuple[set[str], bool, bool]:
        viewer = await town.viewer(login)
        row = await town.database.look(lambda c: open_row(c, registry(), INFO, viewer, filing))
        assert row is not None
        return (
            {s.verb for s in allowed_steps(INFO, viewer, row)},
            may_update(INFO, viewer, row),
            may_delete(INFO, viewer, row),
        )

    assert await offered("clerk") == ({"withdraw"}, False, False)
    assert await offered("office") == ({"check", "return"}, False, False)
    assert await offered("district") == ({"return"}, False, False)
    assert await offered("auditor") == (set(), False, False)
    await town.take("office", filing, "return", reason="补正")
    assert await offered("clerk") == ({"submit"}, True, False)
    assert writable_columns(INFO, await town.viewer("clerk")) == {"committee", "type", "event_on", "exception_note"}
    assert committee


# --- the start --------------------------------------------------------------------------------------------------------


async def test_a_committee_has_one_filing_under_way(town: Town) -> None:
    committee, filing = await town.started("DRAFT")
    with pytest.raises(Refused) as refused:
        await town.filing(committee)
    assert codes(refused.value) == {("committee", "CONFLICT")}
    await town.take("clerk", filing, "withdraw")
    assert await town.filing(committee)


async def test_a_filing_fits_what_is_filed_already(town: Town) -> None:
    committee = await town.complete()
    with pytest.raises(Refused) as refused:
        await town.filing(committee, kind="CHANGE", eventOn=dt.date(2001, 1, 1))
    assert codes(refused.value) == {("type", "STATE"), ("eventOn", "RANGE")}
    await town.filed(committee)
    with pytest.raises(Refused) as refused:
        await town.filing(committee)
    assert codes(refused.value) == {("type", "STATE")}


async def test_a_submitted_filing_is_not_edited(town: Town) -> None:
    _, filing = await town.started("SUBMITTED")
    with pytest.raises(Refused) as refused:
        await town.update("clerk", "CommitteeFiling", filing, {"exceptionNote": "x"})
    assert codes(refused.value) == {("by", "STATE")}
