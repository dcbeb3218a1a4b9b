"""The notification of the basic court (People's Mediation Law 10; BR-13): what is told, and that the court has it.

Every filing that was filed by the end of the period and that no notification has told of goes into the next one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from db.clock import SHANGHAI
from db.facts import Step
from db.identity import parse_global_id
from db.models.register.committee_filing import FilingState
from db.registry import registry
from permissions.actions import OpenRow
from permissions.regions import outermost, ranges_of
from permissions.scopes import current, scope
from resolvers.commands.work import Row, Work, public_id
from resolvers.periods import days_of

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


def acknowledge(work: Work, _row: OpenRow, _step: Step, _reason: str | None) -> Mapping[str, Any]:
    """Notes that the court has it, and who said so."""
    return {"ack_on": work.today, "ack_by_id": work.actor}


COURT_NOTICES: Mapping[str, Callable[[Work, OpenRow, Step, str | None], Mapping[str, Any]]] = {
    "acknowledge": acknowledge,
}
