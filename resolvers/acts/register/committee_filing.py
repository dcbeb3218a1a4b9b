"""The filing of committees (DOMAIN 3.1; People's Mediation Law, article 10): its start, its draft, its steps.

Who may take which step in which state is data of the model; here stands what a step does beyond that: its guard, the
columns it sets, and its effects on the committee, its terms and its appointments.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from db.facts import Role
from db.models.cases.mediation_case import CaseState
from db.models.people.mediator_appointment import AppointmentEndReason
from db.models.register.committee_filing import FilingState, FilingType
from db.models.register.mediation_committee import CommitteeStatus, FilingStatus
from db.models.system.parameter import ParameterKey
from permissions.actions import OpenRow, Verdict, choose_step
from resolvers.acting import Act, allows, checks, effect, guards, rule
from resolvers.acts.register.composition import Composition, composition
from resolvers.acts.register.mediation_committee import DISTRICT_FILED_TYPES, works_above_streets
from resolvers.acts.register.snapshots import MEMBER_ROLES, changed_fields, snapshot_of
from resolvers.acts.register.standing import OPEN_STATES, filings_in, last_filed, refresh
from resolvers.commands.dates import ONE_DAY
from resolvers.commands.parameters import param
from resolvers.commands.work import Draft, Row, Work
from resolvers.faults import Fault, Refused, forbidden

_LATER = frozenset({FilingType.CHANGE.name, FilingType.REELECTION.name})


@checks
def check(draft: Draft) -> None:
    if not draft.whole("committee_id"):
        return
    # One filing at a time: two that start at once take turns here.
    committee = draft.work.hold("MediationCommittee", draft.row["committee_id"])
    if committee is None:
        return
    if draft.whole("event_on") and draft.row["event_on"] < committee["established_on"]:
        draft.fault(
            "event_on",
            "RANGE",
            f"早于调委会设立日期 {committee['established_on']}",
            "is before the committee's establishment",
        )
    if draft.new:
        _check_start(draft, committee)


def _check_start(draft: Draft, committee: Row) -> None:
    if committee["status"] == CommitteeStatus.DISSOLVED.name:
        draft.fault("committee_id", "STATE", "已撤销，不能再备案", "is dissolved and cannot be filed")
        return
    if filings_in(draft.work, committee["id"], OPEN_STATES):
        draft.fault("committee_id", "CONFLICT", "已有一件未办结的备案", "has a filing under way")
    elif not _may_start(draft, committee):
        draft.fault(
            "committee_id", "RANGE", "应由调委会或司法所办理；区县局只办行业性、专业性、社会团体、区域性和区县级的",
            "is filed by itself or its judicial office, not by the district bureau",
        )  # fmt: skip
    if draft.whole("type"):
        filed = committee["filing_status"] in (FilingStatus.FILED.name, FilingStatus.OUTDATED.name)
        if draft.row["type"] == FilingType.ESTABLISH.name and filed:
            draft.fault("type", "STATE", "不对：调委会已作设立备案", "is wrong: the establishment is filed already")
        if draft.row["type"] in _LATER and committee["filing_status"] == FilingStatus.UNFILED.name:
            draft.fault("type", "STATE", "不对：应先作设立备案", "is wrong: the establishment is not filed yet")


def _may_start(draft: Draft, committee: Row) -> bool:
    reaches, path = draft.work.viewer.reaches, committee["scope_path"]
    if Role.COMM in reaches and committee["id"] in reaches[Role.COMM].committees:
        return True
    if Role.OFFC in reaches and any(low <= path < high for low, high in reaches[Role.OFFC].ranges):
        return True
    return committee["type"] in DISTRICT_FILED_TYPES or works_above_streets(committee)


@allows
def allow(draft: Draft) -> None:
    """Who may submit a draft may write it, and nobody else."""
    if draft.open is None:
        return
    _, verdict = choose_step(draft.info, draft.work.viewer, draft.open, "submit")
    if verdict is Verdict.MAKER:
        raise forbidden("只能由经办人或本单位的人修改。", "Only its makers can change the filing.")


# --- steps -----------------------------------------------------------------------------------------------------------


def _composition(draft: Draft) -> Composition:
    """What the filing attests: term, members and what is wrong with them, judged once for all rules."""
    committee = _committee(draft.work, draft.row)
    return draft.once("composition", lambda: composition(draft.work, committee, draft.row["type"]))


def _judge(draft: Draft, code: str) -> None:
    """A written exception answers for the composition, and for nothing else."""
    if not draft.row["exception_note"]:
        draft.faults += [fault for fault in _composition(draft).faults if fault.code == code]


@rule("BR-01", "委员 3 至 9 人")
def members(draft: Draft) -> None:
    """Three to nine members, on every day of the term."""
    _judge(draft, "BR-01")


@rule("BR-02", "有且只有一名主任")
def director(draft: Draft) -> None:
    """Exactly one director."""
    _judge(draft, "BR-02")


@rule("BR-03", "应有妇女委员")
def women(draft: Draft) -> None:
    """A woman among the members."""
    _judge(draft, "BR-03")


@rule("BR-04", "多民族居住地区应有人数较少民族的委员")
def minorities(draft: Draft) -> None:
    """A member of a less populous nationality where several live."""
    _judge(draft, "BR-04")


@rule("BR-05", "任期届数、起止与法定年限相符")
def term(draft: Draft) -> None:
    """The term is entered, runs, and has the lawful length."""
    _judge(draft, "BR-05")


_ENDED_CASES = tuple(s.name for s in (CaseState.NOT_ACCEPTED, CaseState.CLOSED, CaseState.ARCHIVED))


@effect("submit")
def submit(act: Act) -> Mapping[str, Any]:
    """Takes the snapshot and sets the committee's filing pending."""
    committee, made = _committee(act.work, act.row), _composition(act.draft)
    snapshot = snapshot_of(act.work, committee, made.term, made.members, made.as_of)
    refresh(act.work, committee["id"], pending=True)
    checked = act.step.target == FilingState.OFFICE_CHECKED.name
    days = param(act.work, ParameterKey.FILING_DAYS, act.row["scope_path"], act.row["event_on"])
    return {
        "committee_snapshot": snapshot,
        "changed_fields": changed_fields(last_filed(act.work, committee["id"]), snapshot),
        "due_on": act.row["event_on"] + dt.timedelta(days=days),
        "submitted_at": act.work.now,
        "submitted_by_id": act.work.actor,
        # The submission of an office or the district is its check.
        "checked_at": act.work.now if checked else None,
        "checked_by_id": act.work.actor if checked else None,
    }


@effect("check")
def note_check(act: Act) -> Mapping[str, Any]:
    """Notes who checked."""
    return {"checked_at": act.work.now, "checked_by_id": act.work.actor}


@effect("return")
def send_back(act: Act) -> Mapping[str, Any]:
    """Back to the maker with a reason; the time limit keeps running and the committee's filing stays pending."""
    return {"return_reason": act.reason, "checked_at": None, "checked_by_id": None}


@effect("file")
def file(act: Act) -> Mapping[str, Any]:
    """Carries the effects of the filing's type."""
    committee = _committee(act.work, act.row)
    if act.row["type"] == FilingType.REELECTION.name:
        _open_term(act.work, act.row)
    if act.row["type"] == FilingType.DISSOLVE.name:
        _dissolve(act.work, act.row, committee)
    else:
        refresh(act.work, committee["id"], pending=False, filed=act.row["committee_snapshot"])
    return {"filed_at": act.work.now, "filed_by_id": act.work.actor}


@effect("refuse")
def refuse(act: Act) -> Mapping[str, Any]:
    """Not filed; the committee stands as it stood: unfiled, or by its last filing."""
    refresh(act.work, act.row["committee_id"], pending=False)
    return {"return_reason": act.reason, "filed_at": act.work.now, "filed_by_id": act.work.actor}


@effect("withdraw")
def withdraw(act: Act) -> Mapping[str, Any]:
    """Taken back by its maker; the committee stands as it stood."""
    refresh(act.work, act.row["committee_id"], pending=False)
    return {}


@effect("correct")
def correct(act: Act) -> Mapping[str, Any]:
    """A new number; the old one is kept as superseded."""
    superseded = [*(act.row["superseded_nos"] or []), act.row["filing_no"]]
    return {"superseded_nos": superseded, "return_reason": act.reason}


def _committee(work: Work, row: OpenRow | Row) -> Row:
    committee = work.hold("MediationCommittee", row["committee_id"])
    if committee is None or committee["deleted_at"]:
        raise Refused([Fault(("by",), "STATE", "调委会已不存在。", "The committee no longer exists.")])
    return committee


@guards("submit", "file")
def no_open_cases(draft: Draft) -> None:
    """A committee with open cases cannot be dissolved."""
    work, row = draft.work, draft.row
    if row["type"] != FilingType.DISSOLVE.name:
        return
    count = work.together("open cases", "MediationCommittee", row["committee_id"], partial(_open_cases, work))
    if count:
        zh, en = f"调委会还有 {count} 件未结案件，不能撤销。", f"The committee still has {count} open cases."
        draft.faults.append(Fault(("by",), "STATE", zh, en))


def _open_cases(work: Work, committees: Sequence[str]) -> dict[str, int]:
    case = work.table("MediationCase")
    where = (case.c.committee_id.in_(committees), case.c.deleted_at.is_(None), case.c.state.not_in(_ENDED_CASES))
    counted = sa.select(case.c.committee_id, sa.func.count().label("n")).where(*where).group_by(case.c.committee_id)
    return {**dict.fromkeys(committees, 0), **{row["committee_id"]: row["n"] for row in work.rows(counted)}}


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
