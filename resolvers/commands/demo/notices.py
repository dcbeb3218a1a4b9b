"""Notifications of the basic court: quarter by quarter, with every filing of the quarter (BR-13)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from db.models.register.committee_filing import FilingState
from db.models.register.court_notification import CourtNotification, CourtNotificationState
from resolvers.acts.register.court_notification import roll
from resolvers.commands.demo.boards import Committee
from resolvers.commands.demo.scales import HOME
from resolvers.commands.demo.units import District
from resolvers.commands.demo.world import World, moment

_ACKNOWLEDGED_AFTER = 4


def notify_court(
    world: World, district: District, committees: Sequence[Committee], filings: list[dict[str, Any]]
) -> None:
    """The court of a district gets the list of each quarter on the tenth day after it, and says so but for the last."""
    if not district.court:
        return
    known = {committee.id: committee.row for committee in committees}
    quarters: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for row in filings:
        if row["state"] == FilingState.FILED.name:
            filed = row["filed_at"].date()
            quarters.setdefault((filed.year, (filed.month - 1) // 3 + 1), []).append(row)
    sent = {quarter: _sent_on(*quarter) for quarter in sorted(quarters)}
    due = [quarter for quarter, day in sent.items() if day <= world.last]
    for year, quarter in due:
        told = sorted(quarters[year, quarter], key=lambda row: (row["filed_at"], row["id"]))
        notice = _notice(world, district, f"{year}Q{quarter}", sent[year, quarter], (year, quarter) == due[-1])
        notice["committee_snapshot"] = roll(told, known)
        for row in told:
            row["court_notified_on"], row["court_notification_id"] = notice["sent_on"], notice["id"]


def _sent_on(year: int, quarter: int) -> dt.date:
    over, month = divmod(quarter * 3, 12)
    return dt.date(year + over, month + 1, 10)


def _notice(world: World, district: District, period: str, sent_on: dt.date, last: bool) -> dict[str, Any]:
    home = district.place.code == HOME
    ack_on = sent_on + dt.timedelta(days=_ACKNOWLEDGED_AFTER)
    done = not last and ack_on <= world.last
    by, court = (world.accounts["district"], world.accounts["court"]) if home else (None, None)
    state = CourtNotificationState.ACKNOWLEDGED if done else CourtNotificationState.SENT
    return world.add(
        CourtNotification, district.place, district.court, moment(sent_on, 10, 0), by, court_id=district.court,
        period=period, state=state.name, sent_on=sent_on, ack_on=ack_on if done else None,
        ack_by_id=court if done else None, version=2 if done else 1,
        updated_by_id=court if done else by, updated_at=moment(ack_on if done else sent_on, 10, 0),
    )  # fmt: skip
