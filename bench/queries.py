"""The questions the bench asks: the GraphQL document, and by hand the SQL that prints the same bytes.

The SQL is the limit: the same rows, the same scope, the same limits per parent, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DISTRICT = "320102000000"


@dataclass(frozen=True)
class Question:
    """One query: its document with variables per request, and the limit's SQL with values per request."""

    name: str
    document: str
    variables: Callable[[int], dict[str, Any]]
    sql: dict[str, str]
    values: Callable[[int, dict[str, Any]], list[Any]]
    """Request number and facts of the database (the viewer's range, today) -> the SQL's parameters."""
    requests: int


_REGISTER = """
query Register($code: String!, $first: Int!, $offset: Int!) {
  mediationCommittees(where: {region: {descendantOf: {code: $code}}}, first: $first, offset: $offset) {
    nodes {
      id code name establishedOn filingStatus
      region { code name }
      director { id name }
      mediators { nodes { id name sex kind } }
    }
  }
}
"""

_TODAY = "a.deleted_at IS NULL AND a.start_on <= {today} AND (a.end_on IS NULL OR a.end_on >= {today})"
_SEEN = "m.deleted_at IS NULL AND m.scope_path >= {low} AND m.scope_path < {high}"
_REGION_SEEN = "r.deleted_at IS NULL AND (r.path >= {low} AND r.path < {high} OR r.path IN ({above}))"
_PAGE = """
  SELECT c.id, c.code, c.name, c.established_on, c.filing_status, c.region_id FROM mediation_committee c
  WHERE c.deleted_at IS NULL AND c.scope_path >= {low} AND c.scope_path < {high}
    AND c.scope_path >= (SELECT r.path FROM region r WHERE r.code = {code} AND r.valid_to IS NULL AND {region})
    AND c.scope_path < (SELECT substr(r.path, 1, length(r.path) - 1) || '0' FROM region r
                        WHERE r.code = {code} AND r.valid_to IS NULL AND {region})
  ORDER BY c.id LIMIT {first} OFFSET {offset}
"""


def _register(dialect: str) -> str:
    if dialect == "postgresql":
        names = dict(
            low="$1", high="$2", today="$3::date", code="$4", first="$5::int", offset="$6::int", above="$7, $8, $9"
        )
        text, joined = "to_json({})::text", "string_agg({}, ',')"

        def parts(*items: str) -> str:
            return f"concat({', '.join(items)})"
    else:
        names = dict(low="?1", high="?2", today="?3", code="?4", first="?5", offset="?6", above="?7, ?8, ?9")
        text, joined = "json_quote({})", "group_concat({}, ',')"

        def parts(*items: str) -> str:
            return f"({' || '.join(items)})"

    seen, now, region = _SEEN.format(**names), _TODAY.format(**names), _REGION_SEEN.format(**names)
    mediator = parts(
        '\'{"id":"md_\'',
        "m.id",
        '\'","name":\'',
        text.format("m.name"),
        '\',"sex":"\'',
        "m.sex",
        '\'","kind":"\'',
        "m.kind",
        "'\"}'",
    )
    mediators = f"""(SELECT coalesce({joined.format("x")}, '') FROM (SELECT {mediator} AS x
        FROM mediator_appointment a JOIN mediator m ON m.id = a.mediator_id
        WHERE a.committee_id = c.id AND {now} AND {seen} ORDER BY m.id LIMIT 200) l)"""
    person = parts('\'{"id":"md_\'', "m.id", '\'","name":\'', text.format("m.name"), "'}'")
    director = f"""coalesce((SELECT {person}
        FROM mediator_appointment a JOIN mediator m ON m.id = a.mediator_id
        WHERE a.committee_id = c.id AND a.role = 'DIRECTOR' AND {now} AND {seen} ORDER BY m.id LIMIT 1), 'null')"""
    region_text = parts("'{\"code\":'", text.format("r.code"), "',\"name\":'", text.format("r.name"), "'}'")
    place = f"""coalesce((SELECT {region_text}
        FROM region r WHERE r.id = c.region_id AND {region}), 'null')"""
    committee = parts(
        "'{\"id\":\"mc_'", "c.id", "'\",\"code\":'", text.format("c.code"), "',\"name\":'", text.format("c.name"),
        "',\"establishedOn\":\"'", "c.established_on", "'\",\"filingStatus\":\"'", "c.filing_status",
        "'\",\"region\":'", place, "',\"director\":'", director, "',\"mediators\":{\"nodes\":['", mediators, "']}}'",
    )  # fmt: skip
    page = _PAGE.format(**names, region=region)
    whole = parts('\'{"data":{"mediationCommittees":{"nodes":[\'', f"coalesce({joined.format('j')}, '')", "']}}}'")
    return f"SELECT {whole} FROM (SELECT {committee} AS j FROM ({page}) c) rows"


def _register_variables(number: int) -> dict[str, Any]:
    return {"code": DISTRICT, "first": 50, "offset": number % 40}


def _register_values(number: int, facts: dict[str, Any]) -> list[Any]:
    asked = _register_variables(number)
    return [
        facts["low"],
        facts["high"],
        facts["today"],
        asked["code"],
        asked["first"],
        asked["offset"],
        *facts["above"],
    ]


QUESTIONS = [
    Question(
        "register-50", _REGISTER, _register_variables,
        {dialect: _register(dialect) for dialect in ("postgresql", "sqlite")}, _register_values, 60,
    )
]  # fmt: skip
"""What ``./run bench`` asks, in order."""
