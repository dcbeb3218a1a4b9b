"""Who may only count gets one table of an entity in an answer, so that what is withheld cannot be worked out there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.databases import Kind
from tests.places import Place, place
from tests.resolvers.twenty import readers, twenty


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The twenty cases on one kind of database."""
    with place(migrated_database(database_kind), twenty(), readers()) as opened:
        yield opened


def refused(store: Place, viewer: str, document: str, variables: dict[str, Any] | None = None) -> tuple[str, str]:
    """Code and message of the refusal."""
    answer = store.ask(viewer, document, variables)
    assert not any((answer.get("data") or {}).values()), answer
    return answer["errors"][0]["extensions"]["code"], answer["errors"][0]["message"]


BELOW = [
    ("of a committee", "mediationCommittees { nodes { name mediationCases { totalCount } } }"),
    ("their sums", "mediationCommittees { nodes { mediationCases { aggregate { sum { headcount } } } } }"),
    ("their groups",
     "mediationCommittees { nodes { mediationCases { groupBy(by: [{outcome: true}]) { totalCount } } } }"),
    ("of one region", 'region(by: {code: "320100000000"}) { mediationCases { totalCount } }'),
    ("in edges", "mediationCommittees { edges { node { mediationCases { totalCount } } } }"),
    ("behind a reference", "mediationCommittees { nodes { region { mediationCases { totalCount } } } }"),
    ("in the rows of groups of others",
     "mediationCommittees { groupBy(by: [{type: true}]) { nodes { rows { nodes { mediationCases { totalCount } } } } }"
     " }"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "field"), BELOW, ids=[case for case, _ in BELOW])
def test_nothing_is_counted_row_by_row(store: Place, _case: str, field: str) -> None:
    """Counts below the rows of another entity stand side by side: committee c2 has one case, c4 three of twenty."""
    code, message = refused(store, "counts", f"{{ {field} }}")
    assert code == "FORBIDDEN"
    assert "mediationCases" in message
    assert store.ask("all", f"{{ {field} }}").get("errors") is None, "who sees the rows may count them anywhere"


TWO = [
    ("a total and the total without one type",
     "a: mediationCases { totalCount } b: mediationCases(where: {disputeType: {neq: DAMAGES}}) { totalCount }"),
    ("a list and a part of it, in groups",
     "a: mediationCases { totalCount } b: mediationCases(where: {public: {eq: true}}) { groupBy(by: [{outcome: true}])"
     " { totalCount } }"),
    ("a grouping and a finer one",
     "mediationCases { a: groupBy(by: [{outcome: true}]) { totalCount }"
     " b: groupBy(by: [{disputeType: true}, {outcome: true}]) { totalCount } }"),
    ("the same keys the other way round, in two lists",
     "a: mediationCases { groupBy(by: [{outcome: true}, {public: true}]) { totalCount } }"
     " b: mediationCases { groupBy(by: [{public: true}, {outcome: true}]) { totalCount } }"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "fields"), TWO, ids=[case for case, _ in TWO])
def test_a_second_table_in_one_answer_is_refused(store: Place, _case: str, fields: str) -> None:
    """Twenty cases, sixteen of them no damages: the four that are withheld would be a subtraction away."""
    for _ in range(2):  # a known document as well
        code, message = refused(store, "counts", f"{{ {fields} }}")
        assert code == "BAD_INPUT"
        assert "one query takes one" in message
    assert store.ask("all", f"{{ {fields} }}").get("errors") is None


def test_which_table_it_is_the_values_of_variables_say(store: Place) -> None:
    """One document with one plan: two periods are two tables, the same one twice is one."""
    document = """query ($a: String!, $b: String!) {
        a: mediationCases(where: {concludedOn: {inPeriod: $a}}) { totalCount }
        b: mediationCases(where: {concludedOn: {inPeriod: $b}}) { aggregate { count } } }"""
    same = store.ask("counts", document, {"a": "2026", "b": "2026"})
    assert same["data"] == {"a": {"totalCount": 12}, "b": {"aggregate": {"count": 12}}}
    assert refused(store, "counts", document, {"a": "2026", "b": "2026Q1"})[0] == "BAD_INPUT"
    assert store.ask("counts", document, {"a": "2026Q1", "b": "2026Q1"})["data"]["a"] == {"totalCount": 6}


def test_one_table_may_be_shown_in_several_ways(store: Place) -> None:
    """Totals, sums, pages and orders of the same groups are one table; so are lists of two entities."""
    document = """{ mediationCases { totalCount aggregate { count }
        a: groupBy(by: [{outcome: true}], first: 1) { nodes { count } subtotals { count } }
        b: groupBy(by: [{outcome: true}], orderBy: [{count: DESC}]) { nodes { count } } }
      committeeFilings { totalCount } }"""
    answer = store.ask("counts", document)
    assert answer.get("errors") is None
    assert answer["data"]["mediationCases"]["totalCount"] == 20


PLACES = [
    ("a village", '{descendantOf: {code: "320102002001"}}'),
    ("a village behind not", '{not: {descendantOf: {code: "320102002001"}}}'),
    ("a column of regions", '{name: {eq: "D"}}'),
    ("a code", '{code: {eq: "320102002001"}}'),
    ("the regions below one", '{childOf: {code: "320102002000"}}'),
    ("what else stands in the region", '{mediationCommittees: {some: {name: {eq: "c1"}}}}'),
    ("a column, deeper", '{or: [{descendantOf: {code: "320102000000"}}, {level: {eq: VILLAGE}}]}'),
]


@pytest.mark.parametrize(("_case", "region"), PLACES, ids=[case for case, _ in PLACES])
def test_the_region_is_a_dimension_down_to_streets(store: Place, _case: str, region: str) -> None:
    for asked in ("totalCount", "groupBy(by: [{public: true}]) { totalCount }"):
        document = f"{{ mediationCases(where: {{region: {region}}}) {{ {asked} }} }}"
        assert refused(store, "counts", document)[0] == "BAD_INPUT"
        assert store.ask("all", document).get("errors") is None


def test_a_village_named_by_a_variable_is_refused_and_a_street_is_not(store: Place) -> None:
    """One plan for both: what the region is, is known when it runs."""
    document = """query ($code: String!) {
        mediationCases(where: {region: {descendantOf: {code: $code}}}) { totalCount } }"""
    assert store.ask("counts", document, {"code": "320102002000"})["data"]["mediationCases"]["totalCount"] == 7
    assert refused(store, "counts", document, {"code": "320102002001"})[0] == "BAD_INPUT"
    assert store.ask("counts", document, {"code": "320102000000"})["data"]["mediationCases"]["totalCount"] == 9


def test_groups_by_region_end_at_streets(store: Place) -> None:
    document = "{ mediationCases { groupBy(by: [{region: {level: VILLAGE}}]) { totalCount } } }"
    code, message = refused(store, "counts", document)
    assert code == "BAD_INPUT"
    assert "by[0].region.level" in message
