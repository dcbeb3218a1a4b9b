"""CommitteeTerm 届."""

from __future__ import annotations

import datetime as dt

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.facts import Code, Entity, Link, choice, day, integer, ref


class ElectionMethod(Code):
    """产生方式. How a term's members came in (BR-06)."""

    VILLAGERS_MEETING = "VILLAGERS_MEETING", "村民会议"
    REPRESENTATIVES = "REPRESENTATIVES", "村（居）民代表会议"
    RESIDENTS = "RESIDENTS", "居民会议"
    WORKERS_CONGRESS = "WORKERS_CONGRESS", "职工大会或职工代表大会"
    UNION = "UNION", "工会组织"
    APPOINTED_BY_ORG = "APPOINTED_BY_ORG", "设立单位推选"


class CommitteeTerm(Scoped):
    """届：调委会的一届任期（人民调解法第九条），任期月数是按日期和类型取值的参数（D8）。

    A term of a committee (L9). Its length is a parameter of its first day, 36 months unless changed (BR-05).
    """

    __entity__ = Entity(
        zh="届",
        rules=("BR-06",),
        prefix="ct",
        label="term_no",
        owner="committee",
        committee="committee",
        menu="调解组织",
        listed=("committee_id", "term_no", "starts_on", "ends_on", "election_method"),
        unique=(("committee_id", "term_no"),),
        matrix=dict(
            PROV="R P", CITY="R C", DIST="RCUV D", SECT="R D", OFFC="RCUS S", CENT="R D", COMM="RCUS K", MEDR="R K",
            AUDT="R D", COURT="R L", PART="R L",
        ),
        linked=(Link("committee", where=(("filing_status", ("FILED",)),)),),
    )  # fmt: skip

    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "The committee.", fixed=True)
    term_no: Mapped[int] = integer("届次", "First term is 1.", low=1, high=99)
    starts_on: Mapped[dt.date] = day("任期开始", "First day.")
    ends_on: Mapped[dt.date] = day("任期届满", "Last day (BR-05).")
    election_method: Mapped[str] = choice(ElectionMethod, "产生方式", "How its members came in (BR-06).")
    election_on: Mapped[dt.date] = day("选举日期", "Day of the election.", future=False)
