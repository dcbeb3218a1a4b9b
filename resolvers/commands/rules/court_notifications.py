"""Court notifications: a court, a period, and every filing it is still to be told of (BR-13)."""

from __future__ import annotations

from db.models.places.partner_institution import PartnerKind
from resolvers.commands.court_notices import roll, told_of, untold
from resolvers.commands.rules import Rules
from resolvers.commands.work import Draft
from resolvers.faults import Fault, Refused
from resolvers.periods import days_of

COURTS = frozenset({PartnerKind.COURT.name, PartnerKind.TRIBUNAL.name})


def _prepare(draft: Draft) -> None:
    if draft.new:
        draft.row["sent_on"] = draft.work.today


def _check(draft: Draft) -> None:
    if draft.whole("court_id"):
        partner = draft.work.table("PartnerInstitution")
        held = draft.work.living("PartnerInstitution", partner.c.org_unit_id == draft.row["court_id"])
        if not any(row["partner_kind"] in COURTS for row in held):
            draft.fault("court_id", "RANGE", "须为法院或人民法庭", "must be a court or a tribunal")
    if draft.whole("period") and days_of(draft.row["period"])[0] > draft.work.today:
        draft.fault("period", "RANGE", "还没有开始", "has not begun")


def _finish(draft: Draft) -> None:
    """Takes the filings up to the period's end; nothing to tell is no notification."""
    if not draft.new:
        return
    work, row = draft.work, draft.row
    filings = untold(work, row["court_id"], row["period"], hold=True)
    if not filings:
        zh, en = "没有尚未通报该法院的备案。", "There is no filing that the court is still to be told of."
        raise Refused([Fault(("period",), "STATE", zh, en)])
    committee = work.table("MediationCommittee")
    keys = {filing["committee_id"] for filing in filings}
    committees = {found["id"]: found for found in work.living("MediationCommittee", committee.c.id.in_(keys))}
    row["committee_snapshot"] = roll(filings, committees)


def _after(draft: Draft) -> None:
    """What was told is told once."""
    if not draft.new:
        return
    work, row = draft.work, draft.row
    for key in told_of(row["committee_snapshot"]):
        work.change("CommitteeFiling", key, court_notified_on=row["sent_on"], court_notification_id=row["id"])


RULES = Rules(prepare=_prepare, check=_check, finish=_finish, after=_after)
