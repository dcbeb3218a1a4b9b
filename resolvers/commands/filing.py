"""The filing of committees, step by step (DOMAIN 3.1; People's Mediation Law, article 10).

Who may take which step in which state is data of the model; here stands what a step does beyond that: its guard, the
columns it sets, and its effects on the committee, its terms and its appointments.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from db.facts import Step
from db.models.cases.mediation_case import CaseState
from db.models.people.mediator_appointment import AppointmentEndReason
from db.models.register.committee_filing import FilingState, FilingType
from db.models.register.mediation_committee import CommitteeStatus, FilingStatus
from permissions.actions import OpenRow
from resolvers.commands.composition import composition
from resolvers.commands.dates import ONE_DAY
from resolvers.commands.numbers import filing_no
from resolvers.commands.places import district_of
from resolvers.commands.snapshots import MEMBER_ROLES, changed_fields, snapshot_of
from resolvers.commands.standing import last_filed, refresh
from resolvers.commands.work import Row, Work
from resolvers.faults import Fault, Refused

_ENDED_CASES = tuple(s.name for s in (CaseState.NOT_ACCEPTED, CaseState.CLOSED, CaseState.ARCHIVED))


def submit(work: Work, row: OpenRow, step: Step, _reason: str | None) -> Mapping[str, Any]:
    """Judges the composition, takes the snapshot and sets the committee's filing pending."""
    committee = _committee(work, row)
    made = composition(work, committee, row["type"])
    # A written exception answers for the composition, not for anything else.
    faults = [] if row["exception_note"] else made.faults
    faults += _open_cases(work, row)
    if faults:
        raise Refused(faults)
    snapshot = snapshot_of(work, committee, made.term, made.members, made.as_of)
    refresh(work, committee["id"], pending=True)
    checked = step.target == FilingState.OFFICE_CHECKED.name
    return {
        "committee_snapshot": snapshot,
        "changed_fields": changed_fields(last_filed(work, committee["id"]), snapshot),
        "due_on": row["event_on"] + dt.timedelta(days=work.settings.filing_days),
        "submitted_at": work.now,
        "submitted_by_id": work.actor,
        # The submission of an office or the district is its check.
        "checked_at": work.now if checked else None,
        "checked_by_id": work.actor if checked else None,
    }


def check(work: Work, _row: OpenRow, _step: Step, _reason: str | None) -> Mapping[str, Any]:
    """Notes who checked."""
    return {"checked_at": work.now, "checked_by_id": work.actor}


def send_back(_work: Work, _row: OpenRow, _step: Step, reason: str | None) -> Mapping[str, Any]:
    """Back to the maker with a reason; the time limit keeps running and the committee's filing stays pending."""
    return {"return_reason": reason, "checked_at": None, "checked_by_id": None}


def file(work: Work, row: OpenRow, _step: Step, _reason: str | None) -> Mapping[str, Any]:
    """Gives the number and carries the effects of the filing's type."""
    committee = _committee(work, row)
    if faults := _open_cases(work, row):
        raise Refused(faults)
    if row["type"] == FilingType.REELECTION.name:
        _open_term(work, row)
    if row["type"] == FilingType.DISSOLVE.name:
        _dissolve(work, row, committee)
    else:
        refresh(work, committee["id"], pending=False, filed=row["committee_snapshot"])
    return {"filing_no": _number(work, row), "filed_at": work.now, "filed_by_id": work.actor}


def refuse(work: Work, row: OpenRow, _step: Step, reason: str | None) -> Mapping[str, Any]:
    """Not filed; the committee stands as it stood: unfiled, or by its last filing."""
    refresh(work, row["committee_id"], pending=False)
    return {"return_reason": reason, "filed_at": work.now, "filed_by_id": work.actor}


def withdraw(work: Work, row: OpenRow, _step: Step, _reason: str | None) -> Mapping[str, Any]:
    """Taken back by its maker; the committee stands as it stood."""
    refresh(work, row["committee_id"], pending=False)
    return {}


def correct(work: Work, row: OpenRow, _step: Step, reason: str | None) -> Mapping[str, Any]:
    """A new number; the old one is kept as superseded."""
    superseded = [*(row["superseded_nos"] or []), row["filing_no"]]
    return {"filing_no": _number(work, row), "superseded_nos": superseded, "return_reason": reason}


FILING: Mapping[str, Callable[[Work, OpenRow, Step, str | None], Mapping[str, Any]]] = {
    "submit": submit, "check": check, "return": send_back, "file": file, "refuse": refuse, "withdraw": withdraw,
    "correct": correct,
}  # fmt: skip


def _committee(work: Work, row: OpenRow) -> Row:
    committee = work.hold("MediationCommittee", row["committee_id"])
    if committee is None or committee["deleted_at"]:
        raise Refused([Fault(("by",), "STATE", "调委会已不存在。", "The committee no longer exists.")])
    return committee


def _number(work: Work, row: OpenRow) -> str:
    return filing_no(work.connection, district_of(work, row["scope_path"])["code"], work.today.year)


def _open_cases(work: Work, row: OpenRow) -> list[Fault]:
    """A committee with open cases cannot be dissolved."""
    if row["type"] != FilingType.DISSOLVE.name:
        return []
    case = work.table("MediationCase")
    where = (case.c.committee_id == row["committee_id"], case.c.deleted_at.is_(None), case.c.state.not_in(_ENDED_CASES))
    count = work.connection.execute(sa.select(sa.func.count()).select_from(case).where(*where)).scalar_one()
    if not count:
        return []
    return [
        Fault(
            ("by",),
            "STATE",
            f"调委会还有 {count} 件未结案件，不能撤销。",
            f"The committee still has {count} open cases.",
        )
    ]


def _open_term(work: Work, row: OpenRow) -> None:
    """Close the terms before the one that was filed, and end the appointments that were made for them."""
    number = ((row["committee_snapshot"] or {}).get("term") or {}).get("termNo")
    table = work.table("CommitteeTerm")
    terms = {t["term_no"]: t for t in work.living("CommitteeTerm", table.c.committee_id == row["committee_id"])}
    opened = terms.get(number)
    if opened is None:
        return  # filed by a written exception, without a term
    last_day = opened["starts_on"] - ONE_DAY
    for term in terms.values():
        if term["starts_on"] < opened["starts_on"] and term["ends_on"] > last_day:
            work.change("CommitteeTerm", term["id"], ends_on=last_day)
    post = work.table("MediatorAppointment")
    earlier = (post.c.role.in_(MEMBER_ROLES), post.c.start_on < opened["starts_on"])
    _end_appointments(work, row["committee_id"], last_day, AppointmentEndReason.TERM_END, *earlier)


def _dissolve(work: Work, row: OpenRow, committee: Row) -> None:
    _end_appointments(work, committee["id"], row["event_on"], AppointmentEndReason.COMMITTEE_DISSOLVED)
    done = {"status": CommitteeStatus.DISSOLVED.name, "filing_status": FilingStatus.FILED.name}
    work.change("MediationCommittee", committee["id"], **done)


def _end_appointments(
    work: Work, committee_id: str, day: dt.date, reason: AppointmentEndReason, *where: sa.ColumnElement[bool]
) -> None:
    post = work.table("MediatorAppointment")
    going_on = sa.or_(post.c.end_on.is_(None), post.c.end_on > day)
    for appointment in work.living("MediatorAppointment", post.c.committee_id == committee_id, going_on, *where):
        if appointment["start_on"] > day:
            # A post that never began is withdrawn; ended on its first day it would still have been held that day.
            work.change("MediatorAppointment", appointment["id"], deleted_at=work.now)
        else:
            work.change("MediatorAppointment", appointment["id"], end_on=day, end_reason=reason.name)
