"""BR-01 to BR-05: what a committee must be made of when it is filed (People's Mediation Law, articles 8 and 9)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from db.models.people.mediator import Sex
from db.models.people.mediator_appointment import CommitteeRole
from db.models.register.committee_filing import FilingType
from resolvers.acts.register.committee_term import lawful_months
from resolvers.acts.register.snapshots import MEMBER_ROLES, members_on
from resolvers.acts.register.standing import last_filed
from resolvers.commands.dates import ONE_DAY, last_of_term
from resolvers.commands.work import Row, Work
from resolvers.faults import Fault

_AT = ("by",)
_NOT_MINORITY = {"HAN", "OTHER", "NATURALIZED"}


@dataclass
class Composition:
    """The term a filing attests, its members on the day they are judged, and what is wrong with them."""

    term: Row | None
    members: list[Row]
    as_of: dt.date
    faults: list[Fault] = field(default_factory=list)

    def fault(self, rule: str, zh: str, en: str) -> None:
        """Note that a rule is broken."""
        self.faults.append(Fault(_AT, rule, f"{zh}（{rule}）。", f"{en} ({rule})."))


def composition(work: Work, committee: Row, filing_type: str) -> Composition:
    """The current term and its members, for a re-election the next ones; judged by BR-01 to BR-05.

    For the end of a committee nothing is judged: it need not be complete to be dissolved.
    """
    term = _term(work, committee, filing_type)
    upcoming = term is not None and (term["starts_on"] > work.today or filing_type == FilingType.REELECTION.name)
    as_of = max(work.today, term["starts_on"]) if term else work.today
    members = members_on(work, committee["id"], as_of, since=term["starts_on"] if term and upcoming else None)
    made = Composition(term, members, as_of)
    if filing_type != FilingType.DISSOLVE.name:
        _judge_members(made, _multi_ethnic(work, committee))
        if term and not upcoming:
            _judge_days_to_come(made, work, committee)
        _judge_term(made, work, committee, filing_type)
    return made


def _term(work: Work, committee: Row, filing_type: str) -> Row | None:
    terms = sorted(work.parts("CommitteeTerm", "committee_id", committee["id"]), key=lambda t: t["starts_on"])
    attested = ((last_filed(work, committee["id"]) or {}).get("term") or {}).get("termNo", 0)
    if filing_type == FilingType.REELECTION.name:
        return terms[-1] if len(terms) > 1 and terms[-1]["term_no"] > attested else None
    begun = [term for term in terms if term["starts_on"] <= work.today]
    # A re-election that was filed before its term begins has attested that term: what comes after is held against it.
    filed = [term for term in terms if term["starts_on"] > work.today and term["term_no"] == attested]
    return next(iter(filed or begun[-1:] or terms), None)


def _multi_ethnic(work: Work, committee: Row) -> bool:
    region = work.get("Region", committee["region_id"])
    return bool(region and region["multi_ethnic"])


def _judge_days_to_come(made: Composition, work: Work, committee: Row) -> None:
    """BR-01 holds on every day of the term: posts whose end or beginning is known already are looked ahead to."""
    assert made.term is not None
    terms = work.parts("CommitteeTerm", "committee_id", committee["id"])
    next_terms = [term for term in terms if term["starts_on"] > made.as_of]
    last = min([made.term["ends_on"], *(term["starts_on"] - ONE_DAY for term in next_terms)])
    posts = work.parts("MediatorAppointment", "committee_id", committee["id"])
    posts = [post for post in posts if post["role"] in MEMBER_ROLES]
    days = {row["start_on"] for row in posts} | {row["end_on"] + ONE_DAY for row in posts if row["end_on"]}
    for day in sorted(day for day in days if made.as_of < day <= last):
        count = len(members_on(work, committee["id"], day))
        if not 3 <= count <= 9:
            said = f"自 {day} 起委员为 {count} 人，任期内每天都应有 3 至 9 人"
            made.fault(
                "BR-01", said, f"From {day} there are {count} members; there must be 3 to 9 on every day of the term"
            )
            return


def _judge_members(made: Composition, multi_ethnic: bool) -> None:
    count = len(made.members)
    if not 3 <= count <= 9:
        made.fault("BR-01", f"委员应为 3 至 9 人，现为 {count} 人", f"There must be 3 to 9 members, there are {count}")
    directors = sum(member["role"] == CommitteeRole.DIRECTOR.name for member in made.members)
    if directors != 1:
        made.fault(
            "BR-02",
            f"应有且只有 1 名主任，现为 {directors} 名",
            f"There must be exactly one director, there are {directors}",
        )
    if not any(member["sex"] == Sex.FEMALE.name for member in made.members):
        made.fault("BR-03", "应有妇女委员", "There must be a woman among the members")
    if multi_ethnic and all(member["ethnicity"] in _NOT_MINORITY for member in made.members):
        made.fault(
            "BR-04", "多民族居住地区应有人数较少民族的委员", "There must be a member of a less populous ethnic group"
        )


def _judge_term(made: Composition, work: Work, committee: Row, filing_type: str) -> None:
    term = made.term
    if term is None:
        missing = "没有录入下一届" if filing_type == FilingType.REELECTION.name else "没有录入任期"
        made.fault("BR-05", missing, "The term is not entered")
    elif term["ends_on"] < work.today:
        made.fault("BR-05", f"第 {term['term_no']} 届已于 {term['ends_on']} 届满", "The term has expired")
    else:
        months = lawful_months(work, committee, term["starts_on"])
        # Some count a term to the same day of the month, some to the day before: both are the same length.
        if term["ends_on"] - last_of_term(term["starts_on"], months) not in (0 * ONE_DAY, ONE_DAY):
            made.fault("BR-05", f"任期应为 {months} 个月", f"A term lasts {months} months")
