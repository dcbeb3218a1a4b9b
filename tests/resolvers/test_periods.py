"""A column of periods: read, ordered, compared, grouped and written the same on both databases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from db.clock import today
from db.kinds import PERIOD, Bad
from db.periods import Granularity, days_of, granularity_of
from tests.databases import Kind
from tests.places import Place
from tests.reference_values import compares
from tests.shelf import COUNTER, KEEPER, WITH_PAPERS, Paper, shelf

ORDERED = [
    "2025", "2025-12B", "2025-W52", "2026-W01", "2025-12-31", "2026-01-01", "2026-01A", "2026-01", "2026Q1", "2026H1",
    "2026", "2026-01B", "2026-02",
]  # fmt: skip
"""By hand: by the first day (the weeks begin on 22 and 29 December), then the shorter first."""


@pytest.fixture(scope="module")
def papers(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    rows = [{"name": each, "period": each} for each in sorted(ORDERED)]
    with shelf(migrated_database(database_kind), [*rows, {"name": "none"}]) as opened:
        yield opened


def names(papers: Place, arguments: str) -> list[str]:
    answer = papers.ask(KEEPER, f"{{ papers({arguments}) {{ nodes {{ name period }} }} }}")
    assert "errors" not in answer, answer
    return [node["period"] or node["name"] for node in answer["data"]["papers"]["nodes"]]


def test_periods_are_ordered_by_their_first_day_and_of_those_the_shorter_first(papers: Place) -> None:
    assert names(papers, "orderBy: [{period: ASC}]") == [*ORDERED, "none"]
    assert names(papers, "orderBy: [{period: DESC}]") == ["none", *reversed(ORDERED)]


def test_pages_of_periods_join_to_the_whole_list(papers: Place) -> None:
    found, after = [], "null"
    while True:
        document = f"{{ papers(first: 3, after: {after}, orderBy: [{{period: ASC}}]) {{ nodes {{ name }} "
        page = papers.ask(KEEPER, document + "pageInfo { hasNextPage endCursor } } }")["data"]["papers"]
        found += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = f'"{page["pageInfo"]["endCursor"]}"'
    assert found == [*ORDERED, "none"]


@pytest.mark.parametrize("operator", ["gt", "gte", "lt", "lte"])
def test_comparisons_agree_with_the_order(papers: Place, operator: str) -> None:
    for i, mark in enumerate(ORDERED):
        wanted = {"gt": ORDERED[i + 1 :], "gte": ORDERED[i:], "lt": ORDERED[:i], "lte": ORDERED[: i + 1]}[operator]
        assert names(papers, f'where: {{period: {{{operator}: "{mark}"}}}}, orderBy: [{{period: ASC}}]') == wanted


@pytest.mark.parametrize("operator", ["eq", "neq", "gt", "gte", "lt", "lte", "inPeriod"])
def test_every_operator_agrees_with_a_loop_over_days(papers: Place, operator: str) -> None:
    """The reference knows a period by its days alone, which it finds by trying."""
    field = WITH_PAPERS["Paper"].fields["period"]
    for wanted in ORDERED:
        found = names(papers, f'where: {{period: {{{operator}: "{wanted}"}}}}')
        met = [each for each in [*ORDERED, None] if compares(each, operator, wanted, field, "pp")]
        assert sorted(found) == sorted(each or "none" for each in met), wanted


@pytest.mark.parametrize(
    ("condition", "wanted"),
    [
        ('{eq: "2026-01a"}', ["2026-01A"]),
        ('{in: ["2026", "2025"]}', ["2025", "2026"]),
        ('{between: ["2026-01", "2026H1"]}', ["2026-01", "2026Q1", "2026H1"]),
        ('{inPeriod: "2026-01"}', ["2026-01-01", "2026-01A", "2026-01", "2026-01B"]),
        ('{inPeriod: "2025"}', ["2025-12B", "2025-12-31", "2025"]),
        ("{isNull: true}", ["none"]),
    ],
)
def test_conditions_by_hand(papers: Place, condition: str, wanted: list[str]) -> None:
    """What lies in a period lies in it from its first day to its last: the 52nd week of 2025 ends in 2025, too."""
    found = names(papers, f"where: {{period: {condition}}}, orderBy: [{{period: ASC}}]")
    weeks = ["2025-W52"] if condition == '{inPeriod: "2025"}' else []
    assert sorted(found) == sorted([*wanted, *weeks])


@pytest.mark.parametrize("condition", ['{eq: "2026-13"}', '{gt: "soon"}', '{inPeriod: "2026Q5"}', '{in: ["2026W1"]}'])
def test_what_is_no_period_is_refused(papers: Place, condition: str) -> None:
    answer = papers.ask(KEEPER, f"{{ papers(where: {{period: {condition}}}) {{ totalCount }} }}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


def test_groups_are_buckets_of_the_first_days(papers: Place) -> None:
    document = "{ papers { groupBy(by: [{period: {granularity: YEAR}}]) { nodes { key { period } count } } } }"
    found = papers.ask(KEEPER, document)["data"]["papers"]["groupBy"]["nodes"]
    starts = [days_of(period)[0].year for period in ORDERED]
    counted = {str(year): starts.count(year) for year in starts} | {None: 1}
    assert {group["key"]["period"]: group["count"] for group in found} == counted


def test_who_may_only_count_asks_for_periods_of_months(papers: Place) -> None:
    """Days, weeks and half-months would tell the days of a month apart."""
    for asked, fine in (('{eq: "2026-01-01"}', False), ('{gte: "2026-W01"}', False), ('{in: ["2026Q1"]}', True)):
        answer = papers.ask(COUNTER, f"{{ papers(where: {{period: {asked}}}) {{ aggregate {{ count }} }} }}")
        assert ("errors" not in answer) == fine, answer


def test_a_write_keeps_the_days_beside_the_period(papers: Place) -> None:
    """Given in small letters it is stored in capitals; changed, its days change; cleared, they are cleared."""
    region = '{connect: {code: "000000000000"}}'
    made = papers.ask(
        KEEPER, f'mutation {{ createPaper(input: {{name: "new", period: "2024h2", region: {region}}}) '
        "{ paper { id period version } errors { path code } } }",
    )  # fmt: skip
    assert "errors" not in made, made
    made = made["data"]["createPaper"]
    assert made["errors"] == []
    key = made["paper"]["id"]

    def stored() -> tuple[Any, ...]:
        table: sa.Table = Paper.__table__  # type: ignore[assignment]
        one = sa.select(table.c.period, table.c.period_start, table.c.period_end).where(table.c.name == "new")
        return tuple(papers.runner.run(papers.services.database.write(lambda c: c.execute(one).one())))

    assert stored() == ("2024H2", dt.date(2024, 7, 1), dt.date(2024, 12, 31))
    for said, wanted in (
        ('"2024-02B"', ("2024-02B", dt.date(2024, 2, 16), dt.date(2024, 2, 29))), ("null", (None, None, None)),
    ):  # fmt: skip
        document = f'mutation {{ updatePaper(by: {{id: "{key}"}}, patch: {{period: {said}}}) {{ errors {{ code }} }} }}'
        assert papers.ask(KEEPER, document)["data"]["updatePaper"]["errors"] == []
        assert stored() == wanted
    papers.ask(KEEPER, f'mutation {{ deletePaper(by: {{id: "{key}"}}) {{ errors {{ code }} }} }}')


def test_only_the_declared_lengths_are_taken_and_only_what_has_begun() -> None:
    facts = Paper.__table__.c.half.info["facts"]
    assert PERIOD.read(facts, "2026-05b", today()) == "2026-05B"
    for wrong, code in (("2026", "PATTERN"), ("2026-05-01", "PATTERN"), ("2026-00", "PATTERN"), (5, "PATTERN"),
                        ("2199-12", "RANGE"), ("1899-12", "RANGE")):  # fmt: skip
        with pytest.raises(Bad) as told:
            PERIOD.read(facts, wrong, today())
        assert told.value.code == code


def test_each_length_has_its_form() -> None:
    forms = ("2026-05-03", "2026-W21", "2026-05A", "2026-05", "2026Q2", "2026H1", "2026")
    assert [granularity_of(form) for form in forms] == list(Granularity)
