"""Screening reports: the clock opens them, people say what they found (BREADTH M-11)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from db.models.register.mediation_committee import CommitteeStatus
from resolvers.acting import Act, effect, timer
from resolvers.commands.clock import Clock


@timer("open")
def open_reports(clock: Clock) -> None:
    """A report for every committee that was there before the period began."""
    committee = clock.work.table("MediationCommittee")
    expected = (committee.c.established_on < clock.period.first, committee.c.status != CommitteeStatus.DISSOLVED.name)
    due_on = clock.period.last + dt.timedelta(days=2)
    for row in clock.work.living("MediationCommittee", *expected):
        clock.once("Report", committee_id=row["id"], period=clock.period.key, due_on=due_on)


@effect("submit", "confirmZero")
def say(act: Act) -> Mapping[str, Any]:
    """What was found, who says so and when."""
    content = "ZERO" if act.step.verb == "confirmZero" else "FOUND"
    return {"content": content, "submitted_at": act.work.now, "submitted_by_id": act.work.actor}
