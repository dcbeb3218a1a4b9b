"""The start of a filing and the changes of its draft (DOMAIN 3.1); its steps are in ``resolvers.commands.filing``."""

from __future__ import annotations

from db.facts import Role
from db.models.register.committee_filing import FilingType
from db.models.register.mediation_committee import CommitteeStatus, FilingStatus
from permissions.actions import Verdict, choose_step
from resolvers.commands.rules import Rules
from resolvers.commands.rules.committees import DISTRICT_FILED_TYPES, works_above_streets
from resolvers.commands.standing import OPEN_STATES, filings_in
from resolvers.commands.work import Draft, Row
from resolvers.faults import forbidden

_LATER = frozenset({FilingType.CHANGE.name, FilingType.REELECTION.name})


def _check(draft: Draft) -> None:
    if not draft.whole("committee_id"):
        return
    # One filing at a time: two that start at once take turns here.
    committee = draft.work.hold("MediationCommittee", draft.row["committee_id"])
    if committee is None:
        return
    if draft.whole("event_on") and draft.row["event_on"] < committee["established_on"]:
        draft.fault(
            "event_on",
            "RANGE",
            f"早于调委会设立日期 {committee['established_on']}",
            "is before the committee's establishment",
        )
    if draft.new:
        _check_start(draft, committee)


def _check_start(draft: Draft, committee: Row) -> None:
    if committee["status"] == CommitteeStatus.DISSOLVED.name:
        draft.fault("committee_id", "STATE", "已撤销，不能再备案", "is dissolved and cannot be filed")
        return
    if filings_in(draft.work, committee["id"], OPEN_STATES):
        draft.fault("committee_id", "CONFLICT", "已有一件未办结的备案", "has a filing under way")
    elif not _may_start(draft, committee):
        draft.fault(
            "committee_id", "RANGE", "应由调委会或司法所办理；区县局只办行业性、专业性、社会团体、区域性和区县级的",
            "is filed by itself or its judicial office, not by the district bureau",
        )  # fmt: skip
    if draft.whole("type"):
        filed = committee["filing_status"] in (FilingStatus.FILED.name, FilingStatus.OUTDATED.name)
        if draft.row["type"] == FilingType.ESTABLISH.name and filed:
            draft.fault("type", "STATE", "不对：调委会已作设立备案", "is wrong: the establishment is filed already")
        if draft.row["type"] in _LATER and committee["filing_status"] == FilingStatus.UNFILED.name:
            draft.fault("type", "STATE", "不对：应先作设立备案", "is wrong: the establishment is not filed yet")


def _may_start(draft: Draft, committee: Row) -> bool:
    reaches, path = draft.work.viewer.reaches, committee["scope_path"]
    if Role.COMM in reaches and committee["id"] in reaches[Role.COMM].committees:
        return True
    if Role.OFFC in reaches and any(low <= path < high for low, high in reaches[Role.OFFC].ranges):
        return True
    return committee["type"] in DISTRICT_FILED_TYPES or works_above_streets(committee)


def _allow(draft: Draft) -> None:
    """Who may submit a draft may write it, and nobody else."""
    if draft.open is None:
        return
    _, verdict = choose_step(draft.info, draft.work.viewer, draft.open, "submit")
    if verdict is Verdict.MAKER:
        raise forbidden("只能由经办人或本单位的人修改。", "Only its makers can change the filing.")


RULES = Rules(check=_check, allow=_allow)
