"""Court notifications (People's Mediation Law 10; BR-13): a court, a period, every filing it is still to be told of.

Every filing that was filed by the end of the period and that no notification has told of goes into the next one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from db.clock import SHANGHAI
from db.identity import parse_global_id
from db.models.places.partner_institution import PartnerKind
from db.models.register.committee_filing import FilingState
from db.registry import registry
from permissions.regions import outermost, ranges_of
from permissions.scopes import current, scope
from resolvers.acting import Act, checks, effect, finishes, follows, prepares
from resolvers.commands.work import Draft, Row, Work, public_id
from resolvers.faults import Fault, Refused
from resolvers.periods import days_of

COURTS = frozenset({PartnerKind.COURT.name, PartnerKind.TRIBUNAL.name})


@prepares()
def prepare(draft: Draft) -> None:
    if draft.new:
        draft.row["sent_on"] = draft.work.today


@checks
def check(draft: Draft) -> None:
    if draft.whole("court_id"):
        partner = draft.work.table("PartnerInstitution")
        held = draft.work.living("PartnerInstitution", partner.c.org_unit_id == draft.row["court_id"])
        if not any(row["partner_kind"] in COURTS for row in held):
            draft.fault("court_id", "RANGE", "须为法院或人民法庭", "must be a court or a tribunal")
    if draft.whole("period") and days_of(draft.row["period"])[0] > draft.work.today:
        draft.fault("period", "RANGE", "还没有开始", "has not begun")


@finishes
def finish(draft: Draft) -> None:
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


@follows
def follow(draft: Draft) -> None:
    """What was told is told once."""
    if not draft.new:
        return
    work, row = draft.work, draft.row
    for key in told_of(row["committee_snapshot"]):
        work.change("CommitteeFiling", key, court_notified_on=row["sent_on"], court_notification_id=row["id"])


@effect("acknowledge")
def acknowledge(act: Act) -> Mapping[str, Any]:
    """Notes that the court has it, and who said so."""
    return {"ack_on": act.work.today, "ack_by_id": act.work.actor}


# --- what is told ---------------------------------------------------------------------------------------------------

_COMMITTEE = ("code", "name", "type", "region", "address", "phone")
_MEMBER = ("name", "role")


def untold(work: Work, court_id: str, period: str, *, hold: bool = False) -> list[Row]:
    """The filings of the viewer's district that the court is still to be told of, the earliest first.

    With `hold` no other notification takes them before this transaction ends.
    """
    info = work.entities["CommitteeFiling"]
    table = info.table.alias("t")
    found = (
        sa.select(table)
        .where(
            scope(work.entities, info, table, work.viewer, "V"), _covered(work, table, court_id),
            table.c.state == FilingState.FILED.name, table.c.filed_at < _end_of(period),
            table.c.court_notified_on.is_(None), table.c.court_notification_id.is_(None),
        )
        .order_by(table.c.filed_at, table.c.id)
    )  # fmt: skip
    return work.rows(found.with_for_update(of=table, key_share=True) if hold else found)


def _end_of(period: str) -> dt.datetime:
    """The midnight in China after the last day of a period."""
    return dt.datetime.combine(days_of(period)[1], dt.time(), SHANGHAI)


def _covered(work: Work, table: sa.FromClause, court_id: str) -> sa.ColumnElement[bool]:
    """Rows in the regions that the court covers today."""
    coverage = work.table("OrgUnitCoverage")
    today_only = current(coverage, "valid_from", "valid_to")
    regions = {
        row["region_id"] for row in work.living("OrgUnitCoverage", coverage.c.org_unit_id == court_id, *today_only)
    }
    ranges = outermost(pair for region in regions for pair in ranges_of(work.connection, region))
    path = table.c.scope_path
    return sa.or_(sa.false(), *(sa.and_(path >= low, path < high) for low, high in ranges))


def roll(filings: Sequence[Row], committees: Mapping[str, Row]) -> dict[str, Any]:
    """The list that is sent: the committees with their members as they were filed, nobody's personal data."""
    return {"filings": [_entry(filing, committees[filing["committee_id"]]) for filing in filings]}


def told_of(snapshot: Mapping[str, Any]) -> list[str]:
    """The keys of the filings in a list that was sent."""
    parsed = (parse_global_id(entry["id"]) for entry in snapshot["filings"])
    return [found[1] for found in parsed if found is not None]


def _entry(filing: Row, committee: Row) -> dict[str, Any]:
    # What came with a bulk load may have no snapshot: then the register is what was filed.
    told = filing["committee_snapshot"] or {
        name: committee.get(name) for name in ("code", "name", "type", "address", "phone")
    }
    return {
        "id": public_id(registry()["CommitteeFiling"], filing["id"]),
        "filingNo": filing["filing_no"], "type": filing["type"],
        "filedOn": str(filing["filed_at"].astimezone(SHANGHAI).date()),
        "committee": {name: told.get(name) for name in _COMMITTEE},
        "members": [{name: person.get(name) for name in _MEMBER} for person in told.get("members") or []],
    }  # fmt: skip
