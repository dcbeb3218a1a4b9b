"""Mediation cases: their registration and what is entered about them (DOMAIN 2.5, 3.2; BR-24).

What happens to a case later (accepted, agreed, closed) is no matter of its columns but of steps of its own.
"""

from __future__ import annotations

import itertools

from db.clock import SHANGHAI
from db.models.cases.mediation_case import CaseDifficulty
from db.models.register.mediation_committee import CommitteeStatus
from permissions.scopes import grants_of
from resolvers.acting import allows, checks, prepares, rule
from resolvers.commands.work import Draft
from resolvers.faults import forbidden

ORDER = (
    "occurred_on", "registered_at", "accepted_on", "first_session_on", "concluded_on", "closed_on", "archived_on",
)  # fmt: skip
"""The days of a case, each on or after the ones before it (BR-24)."""


@prepares()
def prepare(draft: Draft) -> None:
    row, work = draft.row, draft.work
    if draft.new:
        row["registered_at"] = row["entered_at"] = work.now
        row["entry_channel"] = work.origin.channel.name
    difficulty = row.get("difficulty")
    row["is_major"] = difficulty == CaseDifficulty.MAJOR.name
    row["is_difficult"] = difficulty in (CaseDifficulty.DIFFICULT.name, CaseDifficulty.MAJOR.name)


@checks
def check(draft: Draft) -> None:
    if draft.new and draft.whole("committee_id"):
        committee = draft.work.get("MediationCommittee", draft.row["committee_id"])
        if committee is not None and committee["status"] == CommitteeStatus.DISSOLVED.name:
            draft.fault("committee_id", "STATE", "已撤销", "is dissolved")


@rule("BR-24", "案件各日期先后有序")
def days_in_order(draft: Draft) -> None:
    """Note a fault at every day that is before the one that must come first."""
    if not draft.changed(*ORDER):
        return
    days = [(name, draft.row[name]) for name in ORDER if draft.whole(name)]
    days = [(n, value.astimezone(SHANGHAI).date() if n == "registered_at" else value) for n, value in days]
    for (first, earlier), (second, later) in itertools.pairwise(days):
        if later < earlier:
            # Nobody enters the time of registration: what is wrong is the day beside it.
            wrong, other, zh, en = (
                (first, second, "晚于", "after") if second == "registered_at" else (second, first, "早于", "before")
            )
            label = draft.info.fields[other]
            draft.fault(wrong, "BR-24", f"{zh}{label.facts.zh}（BR-24）", f"is {en} {label.public} (BR-24)")


@allows
def allow(draft: Draft) -> None:
    """A mediator registers the cases of the committees that appointed them: one's own row may name any committee."""
    if not draft.new:
        return
    row, viewer = draft.row, draft.work.viewer
    reaches = [viewer.reaches[role] for role, _ in grants_of(draft.info, viewer, "C")]
    over = any(low <= row["scope_path"] < high for r in reaches if not r.committees for low, high in r.ranges)
    if not over and all(row["committee_id"] not in reach.committees for reach in reaches):
        raise forbidden("只能登记本人所在调委会的案件。", "You may register the cases of your own committees only.")
