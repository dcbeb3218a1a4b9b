"""Appointments: who belongs to a committee, in what office, and when (People's Mediation Law 8, 9, 13, 14; BR-14)."""

from __future__ import annotations

import sqlalchemy as sa

from db.models.people.mediator import MediatorKind
from db.models.people.mediator_appointment import AppointmentBasis, CommitteeRole
from db.models.register.mediation_committee import CommitteeStatus
from resolvers.acting import checks, follows, prepares, rule
from resolvers.acts.register.committee_term import term_at, terms_of
from resolvers.acts.register.snapshots import MEMBER_ROLES
from resolvers.acts.register.standing import refresh
from resolvers.commands.dates import age_on, overlap
from resolvers.commands.work import Draft, Row

ADULT = 18


@prepares()
def prepare(draft: Draft) -> None:
    if draft.whole("committee_id"):
        draft.work.hold("MediationCommittee", draft.row["committee_id"])
    if draft.whole("mediator_id"):
        draft.work.hold("Mediator", draft.row["mediator_id"])


@checks
def check(draft: Draft) -> None:
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
    if any(other["mediator_id"] == row["mediator_id"] for other in _beside(draft)):
        zh = "同一时间已在本调委会任职"
        draft.fault("mediator_id", "CONFLICT", zh, "already has an appointment in this committee at that time")


def _check_end(draft: Draft) -> None:
    row = draft.row
    if draft.whole("start_on", "end_on") and row["end_on"] < row["start_on"]:
        draft.fault("end_on", "RANGE", "早于任职日期", "is before startOn")


def _check_age(draft: Draft) -> None:
    person = draft.work.get("Mediator", draft.row["mediator_id"])
    if person and person["birth_date"] and age_on(person["birth_date"], draft.row["start_on"]) < ADULT:
        draft.fault("start_on", "RANGE", "时本人未满 18 周岁", "is before the person comes of age")


@rule("BR-02", "同一时间只有一名主任")
def one_director(draft: Draft) -> None:
    """A committee has one director at a time."""
    row = draft.row
    directs = draft.whole("role") and row["role"] == CommitteeRole.DIRECTOR.name
    if directs and any(o["role"] == row["role"] and o["mediator_id"] != row["mediator_id"] for o in _beside(draft)):
        zh, en = "：同一时间只能有 1 名主任（BR-02）", "there can be one director at a time only (BR-02)"
        draft.fault("role", "BR-02", zh, en)


@rule("BR-14", "专职调解员只在一个调委会")
def full_time_once(draft: Draft) -> None:
    """A person is full time in at most one committee at a time."""
    row = draft.row
    if not (draft.whole("kind") and row["kind"] == MediatorKind.FULL_TIME.name):
        return
    elsewhere = (
        o for o in _others(draft)
        if o["mediator_id"] == row["mediator_id"] and o["committee_id"] != row.get("committee_id")
    )  # fmt: skip
    if any(other["kind"] == row["kind"] for other in elsewhere):
        zh = "：本人同一时间已在其他调委会专职（BR-14）"
        draft.fault("kind", "BR-14", zh, "the person is full time in another committee at that time (BR-14)")


def _others(draft: Draft) -> list[Row]:
    """The person's and the committee's other appointments of the same days; none where the days are wrong."""
    if not draft.whole("mediator_id", "start_on") or "end_on" in draft.broken:
        return []
    table, row = draft.info.table, draft.row
    near = draft.once("near", lambda: draft.work.living("MediatorAppointment", table.c.id != row["id"], _near(draft)))
    return [o for o in near if overlap(row["start_on"], row.get("end_on"), o["start_on"], o["end_on"])]


def _beside(draft: Draft) -> list[Row]:
    """Those of them in the same committee and term."""
    row = draft.row
    if not draft.whole("committee_id"):
        return []
    terms = draft.once("terms", lambda: terms_of(draft, row["committee_id"]))
    return [o for o in _others(draft) if o["committee_id"] == row["committee_id"] and _same_term(terms, row, o)]


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


@follows
def follow(draft: Draft) -> None:
    """A change of the members or the director is to be filed."""
    roles = {draft.row["role"], (draft.before or draft.row)["role"]}
    if roles & set(MEMBER_ROLES):
        refresh(draft.work, draft.row["committee_id"])
