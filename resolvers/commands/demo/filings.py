"""Filings in every state, with the dates, people and snapshots that brought them there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from db.models.register.committee_filing import CommitteeFiling, FilingState, FilingType
from db.models.system.parameter import PARAMETERS, ParameterKey
from db.registry import registry
from resolvers.acts.register.snapshots import MEMBER_ROLES, changed_fields, compose
from resolvers.commands.demo.boards import Committee
from resolvers.commands.demo.scales import HOME
from resolvers.commands.demo.world import World, moment
from resolvers.commands.work import Row

# The moments that a filing has passed when it is in a state: started, submitted, checked, decided.
_PASSED = {
    FilingState.DRAFT: 1,
    FilingState.SUBMITTED: 2,
    FilingState.RETURNED: 2,
    FilingState.WITHDRAWN: 2,
    FilingState.OFFICE_CHECKED: 3,
    FilingState.NOT_FILED: 4,
    FilingState.FILED: 4,
}
_FILING_DAYS = PARAMETERS[ParameterKey.FILING_DAYS].default
_RETURNED = "成员名单缺少一名委员的推选记录，请补正后重新提交。"
_FORMER_ADDRESS = "{}（旧址）"
_REFUSED = "所附选举记录显示推选会议未达到法定人数，不符合人民调解法第九条的规定。"


def file_committee(world: World, committee: Committee) -> list[dict[str, Any]]:
    """The filings of a committee's story, still to be added: the court is told of them first."""
    story, made = committee.story, []
    if story.first is not None:
        established = committee.row["established_on"]
        made.append(_filing(world, committee, FilingType.ESTABLISH, story.first, established, None))
    if story.then is not None:
        kind, state = story.then
        filed = made[0]["committee_snapshot"] if made else None
        made.append(_filing(world, committee, kind, state, _event(world, committee, kind), filed))
    return made


def _event(world: World, committee: Committee, kind: FilingType) -> dt.date:
    """The day of what a later filing attests."""
    if kind is FilingType.DISSOLVE and committee.ended_on:
        return committee.ended_on
    if kind is FilingType.REELECTION:
        elected: dt.date = committee.terms[-1]["election_on"]
        return min(elected, world.ago(6))
    return world.ago(world.chance.randint(9, 26) if committee.story.waiting else world.chance.randint(40, 100))


def _filing(
    world: World, committee: Committee, kind: FilingType, state: FilingState, event_on: dt.date,
    filed: dict[str, Any] | None,
) -> dict[str, Any]:  # fmt: skip
    """One filing. `filed` is what was attested before it."""
    passed, chance = _PASSED[state], world.chance
    days = _days(world, event_on, passed)
    times = [moment(day, 9 + step * 2, chance.randrange(60)) for step, day in enumerate(days)]
    started, submitted, checked, decided = (*times, None, None, None)[:4]
    maker, checker, filer = _people(world, committee)
    sent_back = state in (FilingState.RETURNED, FilingState.WITHDRAWN)
    last_by = filer if decided else checker if checked or state is FilingState.RETURNED else maker
    attested = _attested(world, committee, kind, submitted.date()) if submitted else None
    return world.row(
        committee.place, committee.office.id, started, maker,
        committee_id=committee.id, type=kind.name, state=state.name, event_on=event_on,
        due_on=event_on + dt.timedelta(days=_FILING_DAYS) if submitted else None,
        submitted_at=submitted, submitted_by_id=maker if submitted else None,
        checked_at=checked, checked_by_id=checker if checked else None,
        filed_at=decided, filed_by_id=filer if decided else None,
        filing_no=_number(world, committee, decided.year) if decided and state is FilingState.FILED else None,
        return_reason={FilingState.RETURNED: _RETURNED, FilingState.NOT_FILED: _REFUSED}.get(state),
        committee_snapshot=attested, changed_fields=changed_fields(filed, attested) if attested else None,
        version=passed + sent_back, updated_by_id=last_by,
        updated_at=times[-1] + dt.timedelta(hours=3 if sent_back else 0),
    )  # fmt: skip


def _days(world: World, event_on: dt.date, passed: int) -> list[dt.date]:
    """The days of the first `passed` steps, in order, none of them after yesterday."""
    room = (world.last - event_on).days
    slack = 1 if room < 45 else world.chance.choice((2, 4, 6, 9))
    days, day = [], event_on + dt.timedelta(days=1)
    for step in range(passed):
        days.append(min(day, world.last))
        day += dt.timedelta(days=slack * (2 if step == 0 else 1))
    return days


def _people(world: World, committee: Committee) -> tuple[str | None, str | None, str | None]:
    """Who submitted, checked and decided: never the same account; None where the person has none here."""
    if committee.place.code[:6] != HOME[:6]:
        return None, None, None
    accounts = world.accounts
    maker = accounts["committee"] if committee.id == world.own_committee else None
    checker = {"office": accounts["office"], "office2": accounts["office2"]}.get(
        world.office_logins.get(committee.office.id, "")
    )
    return maker, checker, accounts[world.chance.choice(("district", "district2"))]


def _number(world: World, committee: Committee, year: int) -> str:
    return world.number(CommitteeFiling.filing_no, district_code=committee.place.code, year=str(year))


# --- what is attested ------------------------------------------------------------------------------------------------


def _attested(world: World, committee: Committee, kind: FilingType, submitted_on: dt.date) -> dict[str, Any]:
    """The snapshot of a submission, by the commands' own hand."""
    entities = registry()
    number = -1 if kind is FilingType.REELECTION or len(committee.terms) == 1 else 0
    term, row = committee.terms[number], committee.row
    if kind is FilingType.ESTABLISH and committee.story.then and committee.story.then[0] is FilingType.CHANGE:
        row = {**row, "address": _FORMER_ADDRESS.format(row["address"])}
    members = sorted(
        committee.boards[number], key=lambda post: (MEMBER_ROLES.index(post[1]["role"]), post[0].row["mediator_no"])
    )
    posts = [
        {
            **who.row,
            "role": post["role"],
            "basis": post["basis"],
            "appointed_as": post["kind"],
            "start_on": post["start_on"],
        }
        for who, post in members
    ]
    as_of = max(submitted_on, term["starts_on"])
    return compose(entities["MediationCommittee"], row, _targets(world, committee), term, posts, as_of)


def _targets(world: World, committee: Committee) -> dict[str, Row | None]:
    """The rows that a committee refers to, as far as a snapshot names them."""
    row, place = committee.row, committee.place

    def unit(column: str) -> dict[str, Any] | None:
        key = row[column]
        return None if key is None else {"name": world.unit_names[key]}

    return {
        "region": {"code": place.code, "name": place.name}, "hostUnit": committee.host,
        "guidingOffice": unit("guiding_office_id"), "filingBureau": unit("filing_bureau_id"),
        "supervisingDept": unit("supervising_dept_id"),
    }  # fmt: skip
