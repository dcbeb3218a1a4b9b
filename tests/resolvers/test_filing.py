"""The filing of committees: every edge of the machine, its guards, its effects and who must not do what."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from db.clock import today
from db.facts import Role
from db.registry import registry
from permissions.actions import allowed_steps, may_delete, may_update, open_row, writable_columns
from resolvers.commands.dates import last_of_term, months_later
from resolvers.commands.snapshots import changed_fields, status_after
from resolvers.faults import Denied, Refused
from tests.resolvers.town import ONE_DAY, Town, codes, host

pytestmark = pytest.mark.anyio

INFO = registry()["CommitteeFiling"]
MACHINE = INFO.facts.machine
assert MACHINE is not None
VERBS = tuple(dict.fromkeys(step.verb for step in MACHINE.steps if step.sources))
# How a filing of a committee gets to each state, as (login, verb) from its draft on.
WAYS: dict[str, list[tuple[str, str]]] = {
    "DRAFT": [],
    "SUBMITTED": [("clerk", "submit")],
    "RETURNED": [("clerk", "submit"), ("office", "return")],
    "OFFICE_CHECKED": [("clerk", "submit"), ("office", "check")],
    "FILED": [("clerk", "submit"), ("office", "check"), ("district", "file")],
    "NOT_FILED": [("clerk", "submit"), ("office", "check"), ("district", "refuse")],
    "WITHDRAWN": [("clerk", "withdraw")],
}
WHO = {"submit": "clerk", "withdraw": "clerk", "check": "office", "return": "office", "file": "district2",
       "refuse": "district2", "correct": "district2"}  # fmt: skip
# What a committee's own submission leads to; the office's and the district's has a test of its own.
EDGES = {
    (source, step.verb): step.target
    for step in MACHINE.steps
    for source in step.sources
    if step.verb != "submit" or Role.COMM in step.roles
}


async def go(town: Town, filing: str, *steps: tuple[str, str]) -> None:
    for login, verb in steps:
        await town.take(login, filing, verb, reason="材料不全")


async def started(town: Town, state: str) -> tuple[str, str]:
    """A committee and its filing, started by its clerk and taken to `state`."""
    committee = await town.complete()
    filing = await town.filing(committee, await town.clerk(committee))
    await go(town, filing, *WAYS[state])
    assert (await town.row("CommitteeFiling", filing))["state"] == state
    return committee, filing


# --- the machine ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", WAYS)
async def test_every_edge_leads_where_the_model_says_and_nothing_else_leads_anywhere(town: Town, state: str) -> None:
    _, filing = await started(town, state)
    before = await town.row("CommitteeFiling", filing)
    for verb in VERBS:
        if (state, verb) not in EDGES:
            with pytest.raises(Refused) as refused:
                await town.take(WHO[verb], filing, verb, reason="理由")
            assert codes(refused.value) == {("by", "STATE")}, verb
    assert await town.row("CommitteeFiling", filing) == before


@pytest.mark.parametrize(("source", "verb"), EDGES)
async def test_an_edge_is_one_write_with_one_record(town: Town, source: str, verb: str) -> None:
    _, filing = await started(town, source)
    before, records = await town.row("CommitteeFiling", filing), len(await town.rows("AuditLog"))
    await town.take(WHO[verb], filing, verb, before["version"], "理由")
    after = await town.row("CommitteeFiling", filing)
    assert (after["state"], after["version"]) == (EDGES[source, verb], before["version"] + 1)
    *_, record = await town.rows("AuditLog")
    assert len(await town.rows("AuditLog")) == records + 1
    assert (record["action"], record["verb"], record["reason"]) == ("VERB", verb, "理由")


async def test_a_stale_version_stops_a_step(town: Town) -> None:
    _, filing = await started(town, "SUBMITTED")
    with pytest.raises(Refused) as refused:
        await town.take("office", filing, "check", 1)
    assert codes(refused.value) == {("ifVersion", "CONFLICT")}
    assert refused.value.details["changedBy"] == "clerk"
    assert {"state", "dueOn", "submittedBy"} <= set(refused.value.details["changedFields"])


@pytest.mark.parametrize(
    ("state", "verb"), [("SUBMITTED", "return"), ("OFFICE_CHECKED", "refuse"), ("FILED", "correct")]
)
async def test_some_steps_need_a_reason(town: Town, state: str, verb: str) -> None:
    _, filing = await started(town, state)
    for reason, code in ((None, "REQUIRED"), ("  ", "REQUIRED"), ("x" * 1001, "TOO_LONG"), ("\0", "PATTERN")):
        with pytest.raises(Refused) as refused:
            await town.take(WHO[verb], filing, verb, reason=reason)
        assert codes(refused.value) == {("reason", code)}


async def test_an_unknown_verb_is_bad_input(town: Town) -> None:
    _, filing = await started(town, "DRAFT")
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
    _, filing = await started(town, "FILED")
    with pytest.raises(Denied):
        await town.take("district", filing, "correct", reason="编号有误")
    await town.take("district2", filing, "correct", reason="编号有误")
    row = await town.row("CommitteeFiling", filing)
    year = today().year
    assert (row["filing_no"], row["superseded_nos"]) == (f"320102-{year}-0002", [f"320102-{year}-0001"])
    assert (row["return_reason"], row["filed_by_id"]) == ("编号有误", town.keys["@district"])


async def test_what_one_of_a_unit_began_another_of_it_goes_on_with_and_nobody_else(town: Town) -> None:
    committee, filing = await started(town, "DRAFT")
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
    committee, filing = await started(town, "SUBMITTED")

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
    committee, filing = await started(town, "DRAFT")
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
    _, filing = await started(town, "SUBMITTED")
    with pytest.raises(Refused) as refused:
        await town.update("clerk", "CommitteeFiling", filing, {"exceptionNote": "x"})
    assert codes(refused.value) == {("by", "STATE")}


# --- BR-01 to BR-05 ---------------------------------------------------------------------------------------------------


async def refused_rules(town: Town, committee: str) -> set[str]:
    filing = await town.filing(committee)
    with pytest.raises(Refused) as refused:
        await town.take("office", filing, "submit")
    assert {fault.path for fault in refused.value.faults} == {("by",)}
    row = await town.row("CommitteeFiling", filing)
    assert (row["state"], row["committee_snapshot"]) == ("DRAFT", None)
    return {fault.code for fault in refused.value.faults}


async def test_an_empty_committee_breaks_every_rule_at_once(town: Town) -> None:
    assert await refused_rules(town, await town.found()) == {"BR-01", "BR-02", "BR-03", "BR-05"}


@pytest.mark.parametrize(
    ("women", "men", "rules"), [(1, 1, {"BR-01"}), (1, 9, {"BR-01"}), (0, 3, {"BR-03"}), (3, 0, None), (1, 8, None)]
)
async def test_size_and_women(town: Town, women: int, men: int, rules: set[str] | None) -> None:
    key = await town.found()
    await town.term(key)
    await town.staff(key, women, men)
    if rules is None:
        await town.take("office", await town.filing(key), "submit")
    else:
        assert await refused_rules(town, key) == rules


async def test_there_must_be_a_director(town: Town) -> None:
    key = await town.found()
    await town.term(key)
    await town.staff(key, director=False)
    assert await refused_rules(town, key) == {"BR-02"}


async def test_engaged_people_are_no_members(town: Town) -> None:
    key = await town.found()
    await town.term(key)
    await town.staff(key, 1, 1)
    await town.appoint(key, await town.person(), "ENGAGED", basis="ENGAGED")
    assert await refused_rules(town, key) == {"BR-01"}


async def test_a_multi_ethnic_place_needs_a_minority_member(town: Town) -> None:
    await town.update("sysadmin", "Region", "village1", {"multiEthnic": True})
    key = await town.complete()
    assert await refused_rules(town, key) == {"BR-04"}
    await town.appoint(key, await town.person(ethnicity="HUI"))
    [filing] = await town.rows("CommitteeFiling")
    await town.take("office", filing["id"], "submit")


@pytest.mark.parametrize(("last", "fits"), [(0, True), (1, True), (-1, False), (2, False), (730, False)])
async def test_a_term_lasts_as_long_as_the_setting_says(town: Town, last: int, fits: bool) -> None:
    key = await town.found()
    since = (await town.row("MediationCommittee", key))["established_on"]
    await town.term(key, endsOn=last_of_term(since, 36) + last * ONE_DAY)
    await town.staff(key)
    if fits:
        await town.take("office", await town.filing(key), "submit")
    else:
        assert await refused_rules(town, key) == {"BR-05"}


async def test_a_term_that_has_run_out_is_not_filed(town: Town) -> None:
    key = await town.found(establishedOn=months_later(today(), -40))
    await town.term(key)
    await town.staff(key)
    assert await refused_rules(town, key) == {"BR-05"}


async def test_a_written_exception_answers_for_the_composition(town: Town) -> None:
    filing = await town.filing(await town.found(), exceptionNote="偏远村庄，委员暂缺")
    await town.take("office", filing, "submit")
    assert (await town.row("CommitteeFiling", filing))["committee_snapshot"]["term"] is None


# --- submission -------------------------------------------------------------------------------------------------------


async def test_a_submission_takes_a_snapshot_with_masks_only(town: Town) -> None:
    committee, filing = await started(town, "SUBMITTED")
    row = await town.row("CommitteeFiling", filing)
    copy = row["committee_snapshot"]
    assert row["due_on"] == row["event_on"] + dt.timedelta(days=30)
    assert row["submitted_by_id"] == town.keys["@clerk"]
    assert row["changed_fields"] is None
    assert (copy["name"], copy["region"], copy["term"]["termNo"]) == (
        "village1人民调解委员会", {"code": "320102002001", "name": "village1"}, 1,
    )  # fmt: skip
    assert [m["role"] for m in copy["members"]] == ["DIRECTOR", "MEMBER", "MEMBER"]
    assert all("*" in m["idNumber"] and "*" in m["mobile"] for m in copy["members"])
    assert "birthDate" not in str(copy)
    assert (await town.row("MediationCommittee", committee))["filing_status"] == "PENDING"


async def test_a_later_edit_does_not_alter_the_snapshot(town: Town) -> None:
    committee, filing = await started(town, "OFFICE_CHECKED")
    before = (await town.row("CommitteeFiling", filing))["committee_snapshot"]
    await town.update("district", "MediationCommittee", committee, {"name": "新名称人民调解委员会"})
    await town.take("district", filing, "file")
    assert (await town.row("CommitteeFiling", filing))["committee_snapshot"] == before
    assert (await town.row("MediationCommittee", committee))["filing_status"] == "OUTDATED", (
        "the filing does not cover it"
    )


# --- effects ----------------------------------------------------------------------------------------------------------


async def status(town: Town, committee: str) -> str:
    return str((await town.row("MediationCommittee", committee))["filing_status"])


async def test_a_filed_establishment_makes_the_committee_filed(town: Town) -> None:
    committee, filing = await started(town, "FILED")
    row = await town.row("CommitteeFiling", filing)
    assert (row["filing_no"], row["filed_by_id"]) == (f"320102-{today().year}-0001", town.keys["@district"])
    assert await status(town, committee) == "FILED"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([], "UNFILED"),
        ([("clerk", "submit")], "PENDING"),
        ([("clerk", "submit"), ("office", "return")], "PENDING"),
        ([("clerk", "submit"), ("clerk", "withdraw")], "UNFILED"),
        ([("clerk", "submit"), ("office", "check"), ("district", "refuse")], "UNFILED"),
    ],
)
async def test_a_first_filing_under_way_is_pending_and_leaves_nothing_when_it_fails(
    town: Town, steps: list[tuple[str, str]], expected: str
) -> None:
    committee = await town.complete()
    filing = await town.filing(committee, await town.clerk(committee))
    await go(town, filing, *steps)
    assert await status(town, committee) == expected


@pytest.mark.parametrize("verb", ["withdraw", "refuse"])
async def test_a_later_filing_that_fails_leaves_the_committee_as_it_was(town: Town, verb: str) -> None:
    committee = await town.complete()
    await town.filed(committee)
    await town.update("district", "MediationCommittee", committee, {"address": "枫桥路2号"})
    assert await status(town, committee) == "OUTDATED"
    filing = await town.filing(committee, await town.clerk(committee), "CHANGE")
    await town.take("clerk", filing, "submit")
    assert await status(town, committee) == "PENDING"
    await go(
        town,
        filing,
        *([("clerk", "withdraw")] if verb == "withdraw" else [("office", "check"), ("district", "refuse")]),
    )
    assert await status(town, committee) == "OUTDATED"


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("name", {"name": "新名称人民调解委员会"}),
    ("address", {"address": "枫桥路2号"}),
    ("type", {"type": "REGIONAL"}),
]


@pytest.mark.parametrize(("field", "patch"), CHANGES, ids=[field for field, _ in CHANGES])
async def test_a_change_of_what_was_filed_must_be_filed_again(town: Town, field: str, patch: dict[str, Any]) -> None:
    committee = await town.complete()
    await town.filed(committee)
    if field == "type":
        patch = patch | {"hostUnit": town.ref(await town.create("district", "HostUnit", host()), "HostUnit")}
    await town.update("district", "MediationCommittee", committee, {"phone": "025-7654321"})
    assert await status(town, committee) == "FILED", "not everything has to be filed"
    await town.update("district", "MediationCommittee", committee, patch)
    assert await status(town, committee) == "OUTDATED"
    before = await town.row("MediationCommittee", committee)
    filing = await town.filed(committee, "CHANGE")
    changed = (await town.row("CommitteeFiling", filing))["changed_fields"]
    assert changed[field]["to"] == before[field]
    assert changed.keys() <= {field, "phone", "hostUnit"}
    assert await status(town, committee) == "FILED"


async def test_another_member_or_director_must_be_filed_again(town: Town) -> None:
    committee = await town.complete()
    await town.filed(committee)
    await town.appoint(committee, await town.person(), "ENGAGED", basis="ENGAGED")
    assert await status(town, committee) == "FILED"
    person = await town.person(name="李四")
    await town.appoint(committee, person, startOn=today())
    assert await status(town, committee) == "OUTDATED"
    filing = await town.filed(committee, "CHANGE")
    changed = (await town.row("CommitteeFiling", filing))["changed_fields"]
    assert [len(changed["members"][side]) for side in ("from", "to")] == [3, 4]
    assert "李四" in str(changed["members"]["to"])
    assert await status(town, committee) == "FILED"
    [post] = await town.rows("MediatorAppointment", mediator_id=person)
    await town.update(
        "district",
        "MediatorAppointment",
        post["id"],
        {"endOn": today() - ONE_DAY, "endReason": "RESIGN", "startOn": today() - ONE_DAY},
    )
    assert await status(town, committee) == "OUTDATED"


async def test_a_re_election_opens_the_next_term_and_ends_the_last(town: Town) -> None:
    committee = await town.complete()
    people = [row["mediator_id"] for row in await town.rows("MediatorAppointment", committee_id=committee)]
    await town.filed(committee)
    begin = today() + ONE_DAY
    await town.term(committee, startsOn=begin, electionOn=today())
    renewed, new = people[:2], await town.person(female=True)
    await town.appoint(committee, renewed[0], startOn=begin)
    await town.appoint(committee, renewed[1], "DIRECTOR", startOn=begin)
    await town.appoint(committee, new, startOn=begin)
    assert await status(town, committee) == "FILED", "people of a term to come change nothing yet"
    filing = await town.filed(committee, "REELECTION")
    snapshot = (await town.row("CommitteeFiling", filing))["committee_snapshot"]
    assert (snapshot["term"]["termNo"], len(snapshot["members"]), snapshot["asOf"]) == (2, 3, str(begin))
    first, second = await town.rows("CommitteeTerm", committee_id=committee)
    assert (first["ends_on"], second["starts_on"]) == (today(), begin)
    posts = await town.rows("MediatorAppointment", committee_id=committee)
    assert [(p["end_on"], p["end_reason"]) for p in posts] == [(today(), "TERM_END")] * 3 + [(None, None)] * 3
    assert await status(town, committee) == "FILED"


async def test_a_re_election_needs_a_next_term(town: Town) -> None:
    committee = await town.complete()
    await town.filed(committee)
    filing = await town.filing(committee, kind="REELECTION")
    with pytest.raises(Refused) as refused:
        await town.take("office", filing, "submit")
    assert ("by", "BR-05") in codes(refused.value)


async def test_a_dissolution_ends_appointments_and_the_committee_for_good(town: Town) -> None:
    committee = await town.complete()
    await town.filed(committee)
    await town.filed(committee, "DISSOLVE")
    row = await town.row("MediationCommittee", committee)
    assert (row["status"], row["filing_status"]) == ("DISSOLVED", "FILED")
    posts = await town.rows("MediatorAppointment", committee_id=committee)
    assert {(p["end_on"], p["end_reason"]) for p in posts} == {(today(), "COMMITTEE_DISSOLVED")}
    for attempt in (
        town.filing(committee, kind="CHANGE"),
        town.term(committee),
        town.update("district", "MediationCommittee", committee, {"phone": "025-7654321"}),
    ):
        with pytest.raises(Refused) as refused:
            await attempt
        assert "STATE" in {code for _, code in codes(refused.value)}
    assert (await town.row("MediationCommittee", await town.found()))["code"][14:18] == "0002"


async def test_a_committee_with_an_open_case_is_not_dissolved(town: Town) -> None:
    committee = await town.complete()
    await town.filed(committee)
    filing = await town.filing(committee, kind="DISSOLVE")
    case = await town.case(committee, "MEDIATING")
    with pytest.raises(Refused) as refused:
        await town.take("office", filing, "submit")
    assert codes(refused.value) == {("by", "STATE")}
    await town.close_case(case)
    await town.take("office", filing, "submit")


# --- the one place where the filing status is decided -----------------------------------------------------------------

FACTS = {"name": "甲", "members": [{"mediatorNo": "1"}, {"mediatorNo": "2"}]}


@pytest.mark.parametrize(
    ("was", "filed", "pending", "expected"),
    [
        ("FILED", FACTS, True, "PENDING"),
        ("PENDING", None, False, "UNFILED"),
        ("PENDING", FACTS, False, "FILED"),
        ("PENDING", FACTS | {"name": "乙"}, False, "OUTDATED"),
        ("OUTDATED", {"name": "甲", "members": FACTS["members"][::-1]}, False, "FILED"),
        ("FILED", None, False, "OUTDATED"),
    ],
)
def test_the_filing_status_follows_from_what_was_filed_and_what_is(
    was: str, filed: dict[str, Any] | None, pending: bool, expected: str
) -> None:
    assert status_after(was, filed, FACTS, pending=pending) == expected


def test_changed_fields_name_both_sides() -> None:
    assert changed_fields(None, FACTS) is None
    assert changed_fields(FACTS, FACTS | {"asOf": "2026-01-01"}) == {}
    assert changed_fields({"name": "乙"}, FACTS) == {"name": {"from": "乙", "to": "甲"}}
