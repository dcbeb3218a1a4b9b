"""The filing status of a committee, brought up to date by every write that may change it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from db.models.register.committee_filing import FilingState
from db.models.register.mediation_committee import CommitteeStatus
from resolvers.acts.register.snapshots import members_on, snapshot_of, status_after
from resolvers.commands.work import Row, Work

OPEN_STATES = tuple(
    s.name for s in (FilingState.DRAFT, FilingState.SUBMITTED, FilingState.RETURNED, FilingState.OFFICE_CHECKED)
)
PENDING_STATES = OPEN_STATES[1:]


def last_filed(work: Work, committee_id: str) -> dict[str, Any] | None:
    """The snapshot of the committee's last filing that was filed."""
    return work.together("last filed", "MediationCommittee", committee_id, partial(_last_filed, work))


def _last_filed(work: Work, committees: Sequence[str]) -> dict[str, dict[str, Any] | None]:
    filing = work.table("CommitteeFiling")
    found = work.rows(
        sa.select(filing.c.committee_id, filing.c.committee_snapshot)
        .where(
            filing.c.committee_id.in_(committees), filing.c.deleted_at.is_(None),
            filing.c.state == FilingState.FILED.name, filing.c.committee_snapshot.is_not(None),
        )
        .order_by(filing.c.filed_at, filing.c.id)
    )  # fmt: skip
    return {**dict.fromkeys(committees), **{row["committee_id"]: row["committee_snapshot"] for row in found}}


def filings_in(work: Work, committee_id: str, states: tuple[str, ...]) -> list[Row]:
    """The committee's filings in one of `states`."""
    filing = work.table("CommitteeFiling")
    return work.living("CommitteeFiling", filing.c.committee_id == committee_id, filing.c.state.in_(states))


def status_of(work: Work, committee: Row, *, pending: bool | None = None, filed: dict[str, Any] | None = None) -> str:
    """The filing status that a committee has now, by its facts; `pending` and `filed` where this write decides them."""
    if committee["status"] == CommitteeStatus.DISSOLVED.name:
        return str(committee["filing_status"])
    key = committee["id"]
    pending = bool(filings_in(work, key, PENDING_STATES)) if pending is None else pending
    filed = filed or last_filed(work, key)
    as_of = max(work.today, dt.date.fromisoformat(filed["asOf"])) if filed and "asOf" in filed else work.today
    now = snapshot_of(work, committee, None, members_on(work, key, as_of), as_of)
    return status_after(committee["filing_status"], filed, now, pending=pending)


def refresh(work: Work, committee_id: str, *, pending: bool | None = None, filed: dict[str, Any] | None = None) -> None:
    """Store the filing status of a committee where it is another than before."""
    committee = work.hold("MediationCommittee", committee_id)
    if committee is None:
        return
    status = status_of(work, committee, pending=pending, filed=filed)
    if status != committee["filing_status"]:
        work.change("MediationCommittee", committee_id, filing_status=status)
