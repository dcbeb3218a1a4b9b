"""The limit's SQL, by hand: for each read question the statement that prints the same bytes as our server.

The same rows, the same scope and the same limit for each parent; where a row's scope follows from its parent's by
hand-made proof (villages lie in their street), it is not tested again. Placeholders are numbered on both databases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.data import Facts


@dataclass(frozen=True)
class Dialect:
    """How a database prints JSON."""

    is_sqlite: bool

    def p(self, n: int, kind: str = "") -> str:
        """The n-th parameter, from 1; `kind` is its type on PostgreSQL."""
        return f"?{n}" if self.is_sqlite else f"${n}" + (f"::{kind}" if kind else "")

    def concat(self, *parts: str) -> str:
        """Texts in a row; JSON of ours among them is given as ``j('…')``."""
        return f"({' || '.join(parts)})" if self.is_sqlite else f"concat({', '.join(parts)})"

    def text(self, column: str) -> str:
        """A text with all escapes, quotes included."""
        return f"json_quote({column})" if self.is_sqlite else f"to_json({column}::text)::text"

    def plain(self, column: str) -> str:
        """A value without escapes that may be null, quotes included."""
        return f"coalesce('\"' || {column} || '\"', 'null')"

    def money(self, column: str) -> str:
        """An amount, quotes included, or null."""
        if not self.is_sqlite:
            return self.plain(column)
        printed = f"printf('\"%d.%02d\"', {column} / 100, {column} % 100)"
        return f"CASE WHEN {column} IS NULL THEN 'null' ELSE {printed} END"

    def joined(self, item: str) -> str:
        """The items of all rows with commas between them."""
        return f"coalesce({'group_concat' if self.is_sqlite else 'string_agg'}({item}, ','), '')"

    def wide(self, column: str) -> str:
        """A column of the viewer's own range, which holds everything asked for: no index is to be read by it.

        SQLite takes the first range it sees, and would read the whole province for a district; the plus tells it.
        """
        return f"+{column}" if self.is_sqlite else column

    def listed(self, item: str, source: str) -> str:
        """``{"nodes":[…]}`` of the rows of an ordered source."""
        whole = self.concat(j('{"nodes":['), self.joined("x"), j("]}"))
        return f"(SELECT {whole} FROM (SELECT {item} AS x {source}) l)"


def j(text: str) -> str:
    """JSON text of ours as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _inside(column: str, low: str, high: str) -> str:
    return f"{column} >= {low} AND {column} < {high}"


def _path_of(code: str, low: str, high: str) -> tuple[str, str]:
    """Both ends of the range below a region that the viewer sees."""
    seen = f"FROM region a WHERE a.code = {code} AND a.valid_to IS NULL AND a.deleted_at IS NULL AND " + _inside(
        "a.path", low, high
    )
    return f"(SELECT a.path {seen})", f"(SELECT substr(a.path, 1, length(a.path) - 1) || '0' {seen})"


def _mediators(d: Dialect, columns: tuple[str, ...], low: str, high: str, today: str) -> str:
    """The mediators appointed to the committee ``c`` today."""
    item = [j('{"id":"md_'), "m.id", j('","name":'), d.text("m.name")]
    for i, column in enumerate(columns):
        item += [j(f'{"" if i == 0 else chr(34)},"{column}":"'), f"m.{column}"]
    return d.listed(
        d.concat(*item, j('"}')),
        f"""FROM mediator m JOIN (SELECT DISTINCT a.mediator_id AS id FROM mediator_appointment a
          WHERE a.committee_id = c.id AND a.deleted_at IS NULL AND a.start_on <= {today}
          AND (a.end_on IS NULL OR a.end_on >= {today})) a ON m.id = a.id
        WHERE m.deleted_at IS NULL AND {_inside("m.scope_path", low, high)} ORDER BY m.id LIMIT 200""",
    )


# --- the questions ---------------------------------------------------------------------------------------------------


def _q1(d: Dialect) -> str:
    """$1 id, $2 and $3 the viewer's range."""
    row = d.concat(
        j('{"data":{"mediationCommittee":{"id":"mc_'), "c.id", j('","name":'), d.text("c.name"), j(',"phone":'),
        d.text("c.phone"), j(',"establishedOn":"'), "c.established_on", j('"}}}'),
    )  # fmt: skip
    scope = _inside("c.scope_path", d.p(2), d.p(3))
    return f"SELECT {row} FROM mediation_committee c WHERE c.id = {d.p(1)} AND c.deleted_at IS NULL AND {scope}"


def _q2(d: Dialect) -> str:
    """$1 and $2 the viewer's range, $3 the regions above it, $4 today, $5 the district's code."""
    low, high, above, today = d.p(1), d.p(2), d.p(3), d.p(4, "date")
    start, end = _path_of(d.p(5), low, high)
    name = d.concat(j('{"name":'), d.text("r.name"), j("}"))
    region = f"""coalesce((SELECT {name} FROM region r
        WHERE r.id = c.region_id AND r.deleted_at IS NULL
        AND ({_inside("r.path", low, high)} OR r.path = {above})), 'null')"""
    people = _mediators(d, ("sex", "kind"), low, high, today)
    committee = d.concat(
        j('{"id":"mc_'), "c.id", j('","name":'), d.text("c.name"), j(',"phone":'), d.text("c.phone"), j(',"region":'),
        region, j(',"mediators":'), people, j("}"),
    )  # fmt: skip
    page = f"""FROM (SELECT c.id, c.name, c.phone, c.region_id FROM mediation_committee c
        WHERE c.deleted_at IS NULL AND {_inside(d.wide("c.scope_path"), low, high)}
        AND {_inside("c.scope_path", start, end)} ORDER BY c.id LIMIT 50) c"""
    return "SELECT " + d.concat(j('{"data":{"mediationCommittees":'), d.listed(committee, page), j("}}"))


def _q3(d: Dialect) -> str:
    """$1 and $2 the viewer's range, $3 today, $4 the city's code, $5 the offset."""
    low, high, today = d.p(1), d.p(2), d.p(3, "date")
    start, end = _path_of(d.p(4), low, high)
    people = _mediators(d, ("sex", "kind", "education"), low, high, today)
    committee = d.concat(
        j('{"id":"mc_'), "c.id", j('","name":'), d.text("c.name"), j(',"type":"'), "c.type", j('","mediators":'),
        people, j("}"),
    )  # fmt: skip
    committees = d.listed(
        committee,
        """FROM (SELECT c.id, c.name, c.type FROM mediation_committee c WHERE c.region_id = v.id
        AND c.deleted_at IS NULL ORDER BY c.id LIMIT 200) c""",
    )
    village = d.concat(
        j('{"id":"rg_'), "v.id", j('","code":'), d.text("v.code"), j(',"name":'), d.text("v.name"),
        j(',"mediationCommittees":'), committees, j("}"),
    )  # fmt: skip
    villages = d.listed(
        village,
        """FROM (SELECT v.id, v.code, v.name FROM region v WHERE v.parent_id = r.id AND v.deleted_at IS NULL
        ORDER BY v.id LIMIT 200) v""",
    )
    street = d.concat(
        j('{"id":"rg_'), "r.id", j('","code":'), d.text("r.code"), j(',"name":'), d.text("r.name"), j(',"children":'),
        villages, j("}"),
    )  # fmt: skip
    page = f"""FROM (SELECT r.id, r.code, r.name FROM region r WHERE r.deleted_at IS NULL AND r.level = 'STREET'
        AND {_inside(d.wide("r.path"), low, high)} AND {_inside("r.path", start, end)}
        ORDER BY r.id LIMIT 20 OFFSET {d.p(5, "int")}) r"""
    return "SELECT " + d.concat(j('{"data":{"regions":'), d.listed(street, page), j("}}"))


def _q4(d: Dialect) -> str:
    """$1 and $2 the viewer's range, $3 the id before the page, $4 how many rows."""
    row = d.concat(
        j('{"id":"cs_'), "c.id", j('","caseNo":'), d.text("c.case_no"), j(',"disputeType":"'), "c.dispute_type",
        j('","state":"'), "c.state", j('","outcome":'), d.plain("c.outcome"), j(',"acceptedOn":'),
        d.plain("c.accepted_on"), j(',"amountClaimed":'), d.money("c.amount_claimed"), j(',"headcount":'),
        "c.headcount", j("}"),
    )  # fmt: skip
    scope = _inside(d.wide("c.scope_path"), d.p(1), d.p(2))
    page = f"""FROM (SELECT c.id, c.case_no, c.dispute_type, c.state, c.outcome, c.accepted_on, c.amount_claimed,
        c.headcount FROM mediation_case c WHERE c.deleted_at IS NULL AND {scope}
        AND c.id > {d.p(3)} ORDER BY c.id LIMIT {d.p(4, "int")}) c"""
    return "SELECT " + d.concat(j('{"data":{"mediationCases":'), d.listed(row, page), j("}}"))


def _q5(d: Dialect) -> str:
    """$1 and $2 the viewer's range, $3 and $4 first day and day after the last, $5 and $6 that of the region.

    The range was looked up before: knowing it, PostgreSQL reads the rows once; a subquery it takes for a few rows, and
    it then looks them up place by place in five times the time.
    """
    low, high = d.p(1), d.p(2)
    row = d.concat(
        j('{"key":{"region":{"code":'), d.text("g.code"), j(',"name":'), d.text("g.name"), j('},"disputeType":"'),
        "g.dispute_type", j('"},"count":'), "g.n", j(',"sum":{"amountClaimed":'), d.money("g.total"), j("}}"),
    )  # fmt: skip
    groups = f"""SELECT p.district_id, c.dispute_type, count(*) AS n,
        coalesce(sum(c.amount_claimed), {"0" if d.is_sqlite else "0.00"}) AS total
        FROM mediation_case c JOIN region p ON p.id = c.region_id
        WHERE c.deleted_at IS NULL AND {_inside(d.wide("c.scope_path"), low, high)} AND c.headcount >= 2
        AND c.concluded_on >= {d.p(3, "date")} AND c.concluded_on < {d.p(4, "date")}
        AND p.deleted_at IS NULL AND {_inside("p.path", d.p(5), d.p(6))} GROUP BY p.district_id, c.dispute_type"""
    page = f"""FROM (SELECT g.*, r.code, r.name FROM ({groups}) g JOIN region r ON r.id = g.district_id
        ORDER BY r.code, g.dispute_type LIMIT 10000) g"""
    return "SELECT " + d.concat(j('{"data":{"mediationCases":{"groupBy":'), d.listed(row, page), j("}}}"))


SQL: dict[str, Callable[[Dialect], str]] = {
    "Q1": _q1, "Q2": _q2, "Q3": _q3, "Q4": _q4, "Q5": _q5, "Q5r": _q5, "Q5c": _q5,
}  # fmt: skip
"""Question -> its statement. Q6 is a transaction: ``bench.transaction``."""


def path_of(d: Dialect) -> str:
    """What is asked before a report: the path of the region with the code $1 in the viewer's range, $2 and $3."""
    seen = _inside("path", d.p(2), d.p(3))
    return f"SELECT path FROM region WHERE code = {d.p(1)} AND valid_to IS NULL AND deleted_at IS NULL AND {seen}"


def values(name: str, asked: dict[str, Any], facts: Facts, is_sqlite: bool, path: str = "") -> list[Any]:
    """The parameters of a question's statement for the variables `asked` of our document; `path` is for reports."""

    def day(text: str) -> Any:
        return text if is_sqlite else dt.date.fromisoformat(text)

    seen = [facts.low, facts.high]
    match name:
        case "Q1":
            return [asked["id"][3:], *seen]
        case "Q2":
            return [*seen, facts.above[0], day(facts.today), asked["code"]]
        case "Q3":
            return [*seen, day(facts.today), asked["code"], asked["offset"]]
        case "Q4":
            return [*seen, asked["id"], asked["first"]]
        case _:
            year = int(asked["year"])
            return [*seen, day(f"{year}-01-01"), day(f"{year + 1}-01-01"), path, path[:-1] + "0"]
