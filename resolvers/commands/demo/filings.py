"""Filings in every state, with the dates, people and snapshots that brought them there."""

from __future__ import annotations

import datetime as dt
from typing import Any

from db.enums import FilingState, FilingType
from db.models.committee_filing import CommitteeFiling
from resolvers.commands.demo.register import Committee
from resolvers.commands.demo.scales import HOME
from resolvers.commands.demo.world import World, moment
from settings import get_settings

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
_RETURNED = "成员名单缺少一名委员的推选记录，请补正后重新提交。"
_REFUSED = "所附选举记录显示推选会议未达到法定人数，不符合人民调解法第九条的规定。"


def file_committee(world: World, committee: Committee) -> None:
    """The filings of a committee's story."""
    story = committee.story
    if story.first is not None:
        _filing(world, committee, FilingType.ESTABLISH, story.first, committee.row["established_on"])
    if story.then is not None:
        kind, state = story.then
        _filing(world, committee, kind, state, _event(world, committee, kind))


def _event(world: World, committee: Committee, kind: FilingType) -> dt.date:
    """The day of what a later filing attests."""
    if kind is FilingType.DISSOLVE and committee.ended_on:
        return committee.ended_on
    if kind is FilingType.REELECTION:
        elected: dt.date = committee.terms[-1]["election_on"]
        return min(elected, world.ago(6))
    return world.ago(world.chance.randint(9, 26) if committee.story.waiting else world.chance.randint(40, 100))


def _filing(world: World, committee: Committee, kind: FilingType, state: FilingState, event_on: dt.date) -> None:
    passed = _PASSED[state]
    days = _days(world, event_on, passed)
    times = [moment(day, 9 + step * 2, world.chance.randrange(60)) for step, day in enumerate(days)]
    started, submitted, checked, decided = (*times, None, None, None)[:4]
    maker, checker, filer = _people(world, committee)
    if state in (FilingState.RETURNED, FilingState.WITHDRAWN):
        last = times[-1] + dt.timedelta(hours=3)
    else:
        last = times[-1]
    values: dict[str, Any] = {
        "committee_id": committee.id, "type": kind.name, "state": state.name, "event_on": event_on,
        "due_on": event_on + dt.timedelta(days=get_settings().filing_days) if submitted else None, "submitted_at": submitted,
        "submitted_by_id": maker if submitted else None, "checked_at": checked, "checked_by_id": checker if checked else None,
        "filed_at": decided, "filed_by_id": filer if decided else None, "updated_at": last,
        "return_reason": {FilingState.RETURNED: _RETURNED, FilingState.NOT_FILED: _REFUSED}.get(state),
        "committee_snapshot": snapshot(committee) if submitted else None, "version": passed + (last != times[-1]),
    }  # fmt: skip
    if kind is FilingType.CHANGE and submitted:
        values["changed_fields"] = {"phone": {"from": _old_phone(committee), "to": committee.row["phone"]}}
    if state is FilingState.FILED and decided:
        values["filing_no"] = filing_no(world, committee, decided.year)
        values["court_notified_on"] = _court_notice(world, decided.date())
    world.add(CommitteeFiling, committee.place, committee.office.id, started, maker, **values)


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
    """Who started and submitted, who checked, who decided: never the same; None where the person has no account here."""
    if committee.place.code[:6] != HOME[:6]:
        return None, None, None
    accounts = world.accounts
    maker = accounts["committee"] if committee.id == world.own_committee else None
    checker = {"office": accounts["office"], "office2": accounts["office2"]}.get(world.office_logins.get(committee.office.id, ""))
    return maker, checker, accounts[world.chance.choice(("district", "district2"))]


def filing_no(world: World, committee: Committee, year: int) -> str:
    """District code, year and serial."""
    district = committee.place.code[:6]
    return f"{district}{year}{world.next(f'filing/{district}/{year}'):05d}"


def _court_notice(world: World, filed_on: dt.date) -> dt.date | None:
    """The court gets the list of a quarter on the tenth day after it (BR-13)."""
    year, month = divmod(filed_on.year * 12 + (filed_on.month - 1) // 3 * 3 + 3, 12)
    notice = dt.date(year, month + 1, 10)
    return notice if notice <= world.last else None


def _old_phone(committee: Committee) -> str:
    """The number that a change replaced."""
    phone = str(committee.row["phone"])
    return phone[:-1] + str((int(phone[-1]) + 1) % 10)


def snapshot(committee: Committee) -> dict[str, Any]:
    """What a submission attests: committee, term and members; of personal data the masks at most (D11)."""
    row, term = committee.row, committee.terms[-1]
    return {
        "code": row["code"], "name": row["name"], "type": row["type"], "industryDomain": row["industry_domain"],
        "level": row["level"], "region": {"code": committee.place.code, "name": committee.place.name},
        "hostUnit": None if committee.host is None else {"name": committee.host["name"], "creditCode": committee.host["credit_code"]},
        "address": row["address"], "phone": row["phone"], "establishedOn": row["established_on"],
        "term": {"termNo": term["term_no"], "startsOn": term["starts_on"], "endsOn": term["ends_on"]},
        "members": [
            {"mediatorNo": who.number, "name": who.name, "sex": "FEMALE" if who.female else "MALE", "role": post["role"],
             "basis": post["basis"], "kind": post["kind"], "startOn": post["start_on"]}
            for who, post in committee.members
        ],
    }  # fmt: skip
