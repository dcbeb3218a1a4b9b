"""What a filing attests and brings about: BR-01 to BR-05, the snapshot, the committee's status and its people."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from db.clock import today
from resolvers.acts.register.snapshots import changed_fields, status_after
from resolvers.commands.dates import last_of_term, months_later
from resolvers.faults import Refused
from tests.canaries import MARK
from tests.resolvers.town import ONE_DAY, Town, codes, host

pytestmark = pytest.mark.anyio


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
    committee, filing = await town.started("SUBMITTED")
    row = await town.row("CommitteeFiling", filing)
    copy = row["committee_snapshot"]
    assert row["due_on"] == row["event_on"] + dt.timedelta(days=30)
    assert row["submitted_by_id"] == town.keys["@clerk"]
    assert row["changed_fields"] is None
    assert (copy["name"], copy["region"], copy["term"]["termNo"]) == (
        f"village1{MARK}人民调解委员会", {"code": "320102002001", "name": "village1"}, 1,
    )  # fmt: skip
    assert [m["role"] for m in copy["members"]] == ["DIRECTOR", "MEMBER", "MEMBER"]
    assert all("*" in m["idNumber"] and "*" in m["mobile"] for m in copy["members"])
    assert "birthDate" not in str(copy)
    assert (await town.row("MediationCommittee", committee))["filing_status"] == "PENDING"


async def test_a_later_edit_does_not_alter_the_snapshot(town: Town) -> None:
    committee, filing = await town.started("OFFICE_CHECKED")
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
    committee, filing = await town.started("FILED")
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
    await town.go(filing, *steps)
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
    refusal = [("office", "check"), ("district", "refuse")]
    await town.go(filing, *([("clerk", "withdraw")] if verb == "withdraw" else refusal))
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


async def test_what_follows_an_early_re_election_is_held_against_the_term_it_attested(town: Town) -> None:
    committee = await town.complete()
    people = [row["mediator_id"] for row in await town.rows("MediatorAppointment", committee_id=committee)]
    await town.filed(committee)
    begin = today() + ONE_DAY
    await town.term(committee, startsOn=begin, electionOn=today())
    for i, person in enumerate(people):
        await town.appoint(committee, person, "MEMBER" if i else "DIRECTOR", startOn=begin)
    await town.filed(committee, "REELECTION")
    await town.update("office", "MediationCommittee", committee, {"address": "新址一号"})
    filing = await town.filing(committee, kind="CHANGE")
    await town.take("office", filing, "submit")

    assert set((await town.row("CommitteeFiling", filing))["changed_fields"]) == {"address"}


async def test_a_dissolution_leaves_no_post_that_is_still_to_begin(town: Town) -> None:
    committee = await town.complete()
    person = await town.person(female=True)
    await town.filed(committee)
    await town.appoint(committee, person, startOn=today() + ONE_DAY)
    await town.filed(committee, "DISSOLVE")
    posts = await town.rows("MediatorAppointment", committee_id=committee)

    assert [row["mediator_id"] for row in posts if row["end_on"] is None and row["deleted_at"] is None] == []


async def test_a_board_that_will_fall_short_within_its_term_is_not_filed(town: Town) -> None:
    """BR-01: from three to nine members on every day of the term."""
    committee = await town.complete()
    posts = await town.rows("MediatorAppointment", committee_id=committee)
    leaving = next(row for row in posts if row["role"] == "MEMBER")
    end = {"endOn": str(today() + ONE_DAY), "endReason": "RESIGN"}
    await town.update("office", "MediatorAppointment", leaving["id"], end)
    filing = await town.filing(committee)
    with pytest.raises(Refused) as refused:
        await town.take("office", filing, "submit")

    assert ("by", "BR-01") in codes(refused.value)


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
