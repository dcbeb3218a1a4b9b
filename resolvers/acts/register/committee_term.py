"""Terms of a committee (People's Mediation Law 9; BR-05, BR-06).

What is entered must not contradict itself; its length is judged when it is filed, because terms of other lengths do
exist (D8). A term that has not begun may run into the current one: an early re-election, closed by its filing.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa

from db.models.register.committee_term import ElectionMethod
from db.models.register.mediation_committee import CommitteeStatus, CommitteeType
from db.models.system.parameter import ParameterKey
from resolvers.acting import checks, prepares, rule
from resolvers.commands.dates import last_of_term, overlap
from resolvers.commands.parameters import param
from resolvers.commands.work import Draft, Row, Work

_M, _T = ElectionMethod, CommitteeType
_STAFF = frozenset({_M.WORKERS_CONGRESS, _M.UNION})
METHODS: dict[CommitteeType, frozenset[ElectionMethod]] = {
    _T.VILLAGE: frozenset({_M.VILLAGERS_MEETING, _M.REPRESENTATIVES}),
    _T.COMMUNITY: frozenset({_M.RESIDENTS, _M.REPRESENTATIVES}),
    _T.ENTERPRISE: _STAFF,
    _T.INSTITUTION: _STAFF,
}
_OTHERS = frozenset({_M.APPOINTED_BY_ORG, _M.REPRESENTATIVES, _M.WORKERS_CONGRESS, _M.UNION})


def methods_for(kind: str) -> frozenset[ElectionMethod]:
    """How the members of a committee of this type may come in (BR-06)."""
    return METHODS.get(CommitteeType[kind], _OTHERS)


def _terms(draft: Draft) -> list[Row]:
    table = draft.info.table
    mine = (table.c.committee_id == draft.row["committee_id"], table.c.id != draft.row["id"])
    return draft.work.living("CommitteeTerm", *mine)


@prepares("ends_on", "term_no")
def prepare(draft: Draft) -> None:
    row, work = draft.row, draft.work
    if draft.whole("committee_id"):
        # Whatever is decided about a committee's terms and people is decided one after another.
        committee = work.hold("MediationCommittee", row["committee_id"])
        if draft.new and row.get("term_no") is None and "term_no" not in draft.broken:
            row["term_no"] = max((term["term_no"] for term in _terms(draft)), default=0) + 1
        if committee and draft.whole("starts_on") and row.get("ends_on") is None and "ends_on" not in draft.broken:
            row["ends_on"] = last_of_term(row["starts_on"], lawful_months(work, committee, row["starts_on"]))


def lawful_months(work: Work, committee: Row, starts_on: dt.date) -> int:
    """How many months a term lasts that begins on a day: by the parameter of that day, for the committee's type."""
    return param(work, ParameterKey.TERM_MONTHS, committee["scope_path"], starts_on, by=committee["type"])


@checks
def check(draft: Draft) -> None:
    row = draft.row
    if draft.whole("starts_on", "ends_on") and row["ends_on"] < row["starts_on"]:
        draft.fault("ends_on", "RANGE", "早于任期开始", "is before startsOn")
    if draft.whole("starts_on", "election_on") and row["election_on"] > row["starts_on"]:
        draft.fault("election_on", "RANGE", "晚于任期开始", "is after startsOn")
    if not draft.whole("committee_id"):
        return
    committee = draft.work.get("MediationCommittee", row["committee_id"])
    if committee is None:
        return
    if committee["status"] == CommitteeStatus.DISSOLVED.name:
        draft.fault("committee_id", "STATE", "已撤销", "is dissolved")
    if draft.whole("starts_on") and row["starts_on"] < committee["established_on"]:
        draft.fault(
            "starts_on",
            "RANGE",
            f"早于调委会设立日期 {committee['established_on']}",
            "is before the committee's establishment",
        )
    if draft.whole("starts_on", "ends_on") and "term_no" not in draft.broken:
        _check_order(draft)


@rule("BR-06", "产生方式与调委会类型相符")
def method_fits(draft: Draft) -> None:
    """A village elects its members, an enterprise through its workers' congress or union."""
    committee = draft.work.get("MediationCommittee", draft.row["committee_id"]) if draft.whole("committee_id") else None
    if committee is None or not draft.whole("election_method"):
        return
    if ElectionMethod[draft.row["election_method"]] not in methods_for(committee["type"]):
        zh = CommitteeType[committee["type"]].zh
        draft.fault(
            "election_method",
            "BR-06",
            f"不适用于{zh}（BR-06）",
            f"does not fit a {committee['type']} committee (BR-06)",
        )


def _check_order(draft: Draft) -> None:
    row, today = draft.row, draft.work.today
    for other in _terms(draft):
        if (other["starts_on"] < row["starts_on"]) != (other["term_no"] < row["term_no"]) and other["term_no"] != row[
            "term_no"
        ]:
            draft.fault(
                "term_no",
                "RANGE",
                f"与第 {other['term_no']} 届的先后不符",
                f"is out of order with term {other['term_no']}",
            )
            return
        early, late = sorted((other, row), key=lambda term: term["starts_on"])
        upcoming = late["starts_on"] > today and late["starts_on"] > early["starts_on"]
        if overlap(row["starts_on"], row["ends_on"], other["starts_on"], other["ends_on"]) and not upcoming:
            draft.fault(
                "starts_on", "RANGE", f"与第 {other['term_no']} 届的任期重叠", f"overlaps with term {other['term_no']}"
            )
            return


def term_at(terms: list[Row], day: object) -> Row | None:
    """The term to which something that begins on `day` belongs: the last one begun by then."""
    begun = [term for term in terms if term["starts_on"] <= day]
    return max(begun, key=lambda term: term["starts_on"], default=None)


def terms_of(draft: Draft, committee_id: str) -> list[Row]:
    """The living terms of a committee."""
    table: sa.Table = draft.work.table("CommitteeTerm")
    return draft.work.living("CommitteeTerm", table.c.committee_id == committee_id)
