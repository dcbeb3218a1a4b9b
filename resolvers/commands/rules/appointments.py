"""Appointments: who belongs to a committee, in what office, and when (People's Mediation Law 8, 9, 13, 14; BR-14)."""

from __future__ import annotations

import sqlalchemy as sa

from db.models.people.mediator import MediatorKind
from db.models.people.mediator_appointment import AppointmentBasis, CommitteeRole
from db.models.register.mediation_committee import CommitteeStatus
from resolvers.commands.dates import age_on, overlap
from resolvers.commands.rules import Rules
from resolvers.commands.rules.terms import term_at, terms_of
from resolvers.commands.snapshots import MEMBER_ROLES
from resolvers.commands.standing import refresh
from resolvers.commands.work import Draft, Row

ADULT = 18


def _prepare(draft: Draft) -> None:
    if draft.whole("committee_id"):
        draft.work.hold("MediationCommittee", draft.row["committee_id"])
    if draft.whole("mediator_id"):
        draft.work.hold("Mediator", draft.row["mediator_id"])


def _check(draft: Draft) -> None:
    row = draft.row
    _check_end(draft)
    if (
        draft.whole("role", "basis")
        and row["role"] == CommitteeRole.ENGAGED.name
        and row["basis"] == AppointmentBasis.ELECTED.name
    ):
        draft.fault(
            "basis", "RANGE", "与职务不符：聘任调解员的任职依据应为聘任", "must be ENGAGED for an engaged mediator"
        )
    committee = draft.work.get("MediationCommittee", row.get("committee_id")) if draft.whole("committee_id") else None
    if committee is not None and draft.whole("start_on"):
        if draft.new and committee["status"] == CommitteeStatus.DISSOLVED.name:
            draft.fault("committee_id", "STATE", "已撤销", "is dissolved")
        if row["start_on"] < committee["established_on"]:
            draft.fault(
                "start_on",
                "RANGE",
                f"早于调委会设立日期 {committee['established_on']}",
                "is before the committee's establishment",
            )
    if draft.whole("mediator_id", "start_on"):
        _check_age(draft)
        if "end_on" not in draft.broken:
            _check_others(draft)


def _check_end(draft: Draft) -> None:
    row = draft.row
    if draft.whole("start_on", "end_on") and row["end_on"] < row["start_on"]:
        draft.fault("end_on", "RANGE", "早于任职日期", "is before startOn")
    if draft.whole("end_on") and row.get("end_reason") is None and "end_reason" not in draft.broken:
        draft.fault("end_reason", "REQUIRED", "在填写离任日期时必填", "is required with endOn")
    if draft.whole("end_reason") and row.get("end_on") is None and "end_on" not in draft.broken:
        draft.fault("end_on", "REQUIRED", "在填写离任原因时必填", "is required with endReason")


def _check_age(draft: Draft) -> None:
    person = draft.work.get("Mediator", draft.row["mediator_id"])
    if person and person["birth_date"] and age_on(person["birth_date"], draft.row["start_on"]) < ADULT:
        draft.fault("start_on", "RANGE", "时本人未满 18 周岁", "is before the person comes of age")


def _check_others(draft: Draft) -> None:
    """What the person's and the committee's other appointments of the same days rule out."""
    table, row = draft.info.table, draft.row
    others = [
        other for other in draft.work.living("MediatorAppointment", table.c.id != row["id"], _near(draft))
        if overlap(row["start_on"], row.get("end_on"), other["start_on"], other["end_on"])
    ]  # fmt: skip
    terms = terms_of(draft, row["committee_id"]) if draft.whole("committee_id") else []
    here = [
        other for other in others if other["committee_id"] == row.get("committee_id") and _same_term(terms, row, other)
    ]
    if any(other["mediator_id"] == row["mediator_id"] for other in here):
        draft.fault(
            "mediator_id",
            "CONFLICT",
            "同一时间已在本调委会任职",
            "already has an appointment in this committee at that time",
        )
    directs = draft.whole("role") and row["role"] == CommitteeRole.DIRECTOR.name
    if directs and any(o["role"] == row["role"] and o["mediator_id"] != row["mediator_id"] for o in here):
        zh, en = "：同一时间只能有 1 名主任（BR-02）", "there can be one director at a time only (BR-02)"
        draft.fault("role", "BR-02", zh, en)
    if draft.whole("kind") and row["kind"] == MediatorKind.FULL_TIME.name:
        elsewhere = (
            o for o in others if o["mediator_id"] == row["mediator_id"] and o["committee_id"] != row.get("committee_id")
        )
        if any(other["kind"] == row["kind"] for other in elsewhere):
            draft.fault(
                "kind",
                "BR-14",
                "：本人同一时间已在其他调委会专职（BR-14）",
                "the person is full time in another committee at that time (BR-14)",
            )


def _near(draft: Draft) -> sa.ColumnElement[bool]:
    table, row = draft.info.table, draft.row
    own = table.c.mediator_id == row["mediator_id"]
    return sa.or_(own, table.c.committee_id == row["committee_id"]) if draft.whole("committee_id") else own


def _same_term(terms: list[Row], row: Row, other: Row) -> bool:
    """Whether two appointments stand beside each other: those of members made for another term follow each other.

    The next term's people are entered while the current ones are still there, who go when it is filed (DOMAIN 3.1).
    """
    if row.get("role") not in MEMBER_ROLES or other["role"] not in MEMBER_ROLES:
        return True
    ours, theirs = term_at(terms, row["start_on"]), term_at(terms, other["start_on"])
    return ours is None or theirs is None or ours["id"] == theirs["id"]


def _after(draft: Draft) -> None:
    """A change of the members or the director is to be filed."""
    roles = {draft.row["role"], (draft.before or draft.row)["role"]}
    if roles & set(MEMBER_ROLES):
        refresh(draft.work, draft.row["committee_id"])


RULES = Rules(prepare=_prepare, check=_check, after=_after)
