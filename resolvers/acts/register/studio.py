"""Studios: led by a mediator of their committee; a stationed one sits with a partner (DOMAIN 2.3)."""

from __future__ import annotations

import sqlalchemy as sa

from db.models.register.mediation_committee import CommitteeStatus
from db.models.register.studio import StudioStatus
from resolvers.acting import checks
from resolvers.commands.work import Draft


@checks
def check(draft: Draft) -> None:
    row = draft.row
    committee = draft.work.get("MediationCommittee", row["committee_id"]) if draft.whole("committee_id") else None
    if committee is None:
        return
    if draft.new and committee["status"] == CommitteeStatus.DISSOLVED.name:
        draft.fault("committee_id", "STATE", "已撤销", "is dissolved")
    if draft.whole("opened_on") and row["opened_on"] < committee["established_on"]:
        zh = f"早于调委会设立日期 {committee['established_on']}"
        draft.fault("opened_on", "RANGE", zh, "is before the committee's establishment")
    works = row.get("status") != StudioStatus.CLOSED.name
    if works and draft.whole("leader_id") and draft.changed("leader_id", "status") and not _serves(draft):
        draft.fault("leader_id", "RANGE", "须为本调委会在任的调解员", "must be appointed in the committee today")


def _serves(draft: Draft) -> bool:
    post, today = draft.work.table("MediatorAppointment"), draft.work.today
    mine = (post.c.committee_id == draft.row["committee_id"], post.c.mediator_id == draft.row["leader_id"])
    held = (post.c.start_on <= today, sa.or_(post.c.end_on.is_(None), post.c.end_on >= today))
    return bool(draft.work.living("MediatorAppointment", *mine, *held))
