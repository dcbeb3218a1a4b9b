"""Named measures counted by hand over the twenty cases: values, ratios, groups, comparisons and the way to the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from db.facts import Measure
from db.mistakes import ModelMistake
from db.registry import Registry, registry
from schema.build import build_schema
from tests.databases import WITH_WALL, Kind
from tests.places import Place, place
from tests.resolvers.twenty import readers, twenty

KINDS = WITH_WALL


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The twenty cases on one kind of database."""
    with place(migrated_database(database_kind), twenty(), readers()) as opened:
        yield opened


def measured(store: Place, arguments: str, asked: str = "code value", viewer: str = "all") -> Any:
    """What `measures` answers."""
    answer = store.ask(viewer, f"{{ measures({arguments}) {{ {asked} }} }}")
    assert "errors" not in answer, answer
    return answer["data"]["measures"]


def refused(store: Place, arguments: str, viewer: str = "all", asked: str = "value") -> Any:
    """The code of the refusal."""
    return store.ask(viewer, f"{{ measures({arguments}) {{ {asked} }} }}")["errors"][0]["extensions"]["code"]


def test_a_measure_is_counted_in_the_period_of_its_own_day(store: Place) -> None:
    # Concluded in 2026: 4 to 15. AGREED: 5, 7, 8, 10, 11, 13, 14, 15. FAILED: 4, 9. Neither: 6, 12.
    # Heads: 2 5 2 4 10 2 2 2 2 2 2 2 = 37. Amounts: 999999999999.99 0 12345678901.23 100 0.05 1 2; their middle is 2.
    codes = (
        '["cases.concluded", "cases.agreed", "cases.failed", "cases.decided", "cases.success_rate", "cases.people",'
        ' "cases.amount", "cases.amount_median"]'
    )
    found = measured(store, f'codes: {codes}, period: "2026"', "code value numerator denominator period frozenAt")
    told = {one["code"]: (one["value"], one["numerator"], one["denominator"]) for one in found}
    assert told == {
        "cases.concluded": ("12", None, None), "cases.agreed": ("8", None, None), "cases.failed": ("2", None, None),
        "cases.decided": ("10", None, None), "cases.success_rate": ("0.800000", "8", "10"),
        "cases.people": ("37", None, None), "cases.amount": ("1012345679004.27", None, None),
        "cases.amount_median": ("2.000", None, None),
    }  # fmt: skip
    assert {(one["period"], one["frozenAt"]) for one in found} == {("2026", None)}


def test_a_ratio_over_nothing_is_null(store: Place) -> None:
    [found] = measured(store, 'codes: ["cases.success_rate"], period: "2019"', "value numerator denominator")
    assert found == {"value": None, "numerator": "0", "denominator": "0"}


def test_a_moment_lies_in_the_period_of_its_chinese_day(store: Place) -> None:
    # Registered on 3 May in China: 2, 3, 4 (the first of 16:00 UTC the day before).
    assert measured(store, 'codes: ["cases.registered"], period: "2026-05-03"', "value") == [{"value": "3"}]


def test_a_region_takes_in_what_lies_below_it(store: Place) -> None:
    # 2026 under X: 4 to 9. Under N: all but G's, which are of 2027: 12.
    for code, count in (("320102000000", "6"), ("320100000000", "12"), ("320106000000", "0")):
        arguments = f'codes: ["cases.concluded"], period: "2026", region: {{code: "{code}"}}'
        assert measured(store, arguments, "value") == [{"value": count}]


def test_measures_are_parted_by_a_level_of_regions_and_by_a_code(store: Place) -> None:
    # 2026 by district: X 4-9: AGREED 5, 7, 8, FAILED 4, 9; Q 10-13: AGREED 10, 11, 13; S right under N: 14, 15 AGREED.
    asked = "keys { name value label } value numerator denominator"
    found = measured(store, 'codes: ["cases.success_rate"], period: "2026", by: [{region: DISTRICT}]', asked)
    told = [(one["keys"][0]["label"], one["value"], one["numerator"], one["denominator"]) for one in found]
    assert told == [
        ("N", "1.000000", "2", "2"), ("X", "0.600000", "3", "5"), ("Q", "1.000000", "3", "3"),
    ]  # fmt: skip
    assert found[1]["keys"] == [{"name": "region", "value": "320102000000", "label": "X"}]
    by = 'by: [{region: CITY}, {column: "disputeType"}]'
    found = measured(store, f'codes: ["cases.concluded"], period: "2027", {by}', asked)
    assert [(*(key["value"] for key in one["keys"]), one["keys"][1]["label"], one["value"]) for one in found] == [
        ("321900000000", "DAMAGES", "损害赔偿纠纷", "1"), ("321900000000", "FAMILY", "婚姻家庭纠纷", "1"),
        ("321900000000", "NEIGHBOUR", "邻里纠纷", "1"),
    ]  # fmt: skip


def test_a_measure_stands_beside_that_of_the_period_before_and_of_the_year_before(store: Place) -> None:
    # 2026Q1: 4-9, Q2: 10-13. 2025Q4: 3. 2025Q1, Q2: none. 2027Q1: 16, 17, 18.
    asked = "value compared { comparison period value }"
    compare = "compare: [PREVIOUS, SAME_LAST_YEAR]"
    [found] = measured(store, f'codes: ["cases.concluded"], period: "2026Q2", {compare}', asked)
    assert found == {
        "value": "4",
        "compared": [
            {"comparison": "PREVIOUS", "period": "2026Q1", "value": "6"},
            {"comparison": "SAME_LAST_YEAR", "period": "2025Q2", "value": "0"},
        ],
    }
    [found] = measured(store, f'codes: ["cases.success_rate"], period: "2027Q1", {compare}', asked)
    # AGREED 16, FAILED 17: 1/2. 2026Q4: 15 AGREED. 2026Q1: AGREED 5, 7, 8, FAILED 4, 9: 3/5.
    assert (found["value"], [one["value"] for one in found["compared"]]) == ("0.500000", ["1.000000", "0.600000"])


def test_groups_of_either_period_stand_in_one_table(store: Place) -> None:
    # 2027: DAMAGES 18, FAMILY 16, NEIGHBOUR 17. 2026: NEIGHBOUR 4 5 7 9 12 14 15, FAMILY 6 10 11, DAMAGES 8 13.
    arguments = 'codes: ["cases.agreed"], period: "2027", by: [{column: "disputeType"}], compare: [PREVIOUS]'
    found = measured(store, arguments, "keys { value } value compared { value }")
    told = {one["keys"][0]["value"]: (one["value"], one["compared"][0]["value"]) for one in found}
    # AGREED 2027: FAMILY 16. 2026: 5, 7, 14, 15; 10, 11; 8, 13.
    assert told == {"FAMILY": ("1", "2"), "NEIGHBOUR": ("0", "4"), "DAMAGES": ("0", "2")}


def test_each_number_leads_to_its_rows_page_by_page(store: Place) -> None:
    rows = "rows(first: 2) { ... on MediationCaseConnection { totalCount nodes { title } pageInfo { endCursor } } }"
    [found] = measured(store, 'codes: ["cases.success_rate"], period: "2026"', f"numerator {rows}")
    assert (found["numerator"], found["rows"]["totalCount"]) == ("8", 8)
    assert [row["title"] for row in found["rows"]["nodes"]] == ["5", "7"]
    after = found["rows"]["pageInfo"]["endCursor"]
    more = rows.replace("first: 2", f'first: 2, after: "{after}"')
    [found] = measured(store, 'codes: ["cases.success_rate"], period: "2026"', more)
    assert [row["title"] for row in found["rows"]["nodes"]] == ["8", "10"]
    by = 'codes: ["cases.concluded"], period: "2027", by: [{column: "disputeType"}]'
    nodes = "one: rows { ... on MediationCaseConnection { nodes { title } } } __typename"
    found = measured(store, by, nodes)
    assert [[row["title"] for row in one["one"]["nodes"]] for one in found] == [["18"], ["16"], ["17"]]


def test_a_stock_is_of_today(store: Place) -> None:
    # The clock of the store stands at 2 January 2026. Five committees; what their states are the world says.
    states = [row["status"] for row in store.world.by_entity["MediationCommittee"]]
    filed = [row["filing_status"] for row in store.world.by_entity["MediationCommittee"]]
    active = [s in ("ACTIVE", "TERM_EXPIRED", "RECTIFYING") for s in states]
    arguments = 'codes: ["committees.active", "committees.filed"], period: "2026-01", compare: [SAME_LAST_YEAR]'
    found = measured(store, arguments, "value compared { value }")
    both = sum(a and f == "FILED" for a, f in zip(active, filed, strict=True))
    assert [one["value"] for one in found] == [str(sum(active)), str(both)]
    assert [one["compared"] for one in found] == [[{"value": None}]] * 2
    assert refused(store, 'codes: ["committees.active"], period: "2025"') == "BAD_INPUT"


# --- who may only count ----------------------------------------------------------------------------------------------


def test_small_numbers_are_withheld_of_each_period(store: Place) -> None:
    # 2026: 12. 2025: 1, fewer than 5.
    asked = "value suppressed compared { value suppressed }"
    arguments = 'codes: ["cases.concluded"], period: "2026", compare: [SAME_LAST_YEAR]'
    [found] = measured(store, arguments, asked, "counts")
    assert found == {"value": "12", "suppressed": False, "compared": [{"value": None, "suppressed": True}]}


def test_a_ratio_is_told_only_where_both_cells_are_and_what_is_left_is_not_few(store: Place) -> None:
    # 2026: 8 of 10 agreed; the 2 others could be worked out.
    asked = "value numerator denominator suppressed"
    [found] = measured(store, 'codes: ["cases.success_rate"], period: "2026"', asked, "counts")
    assert found == {"value": None, "numerator": None, "denominator": "10", "suppressed": True}


def test_small_groups_stand_together(store: Place) -> None:
    # 2026: NEIGHBOUR 7; FAMILY 3 and DAMAGES 2 are small, and NEIGHBOUR, the last of the others, joins them.
    arguments = 'codes: ["cases.concluded"], period: "2026", by: [{column: "disputeType"}], compare: [SAME_LAST_YEAR]'
    [found] = measured(store, arguments, "keys { value } value suppressed compared { value suppressed }", "counts")
    assert found == {
        "keys": [{"value": None}], "value": "12", "suppressed": True,
        "compared": [{"value": None, "suppressed": True}],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "asked", "code"),
    [
        ('codes: ["cases.amount_median"], period: "2026"', "value", "BAD_INPUT"),
        ('codes: ["cases.concluded"], period: "2026-01-05"', "value", "BAD_INPUT"),
        ('codes: ["cases.concluded"], period: "2026", by: [{region: VILLAGE}]', "value", "BAD_INPUT"),
        ('codes: ["cases.concluded", "cases.agreed"], period: "2026"', "value", "BAD_INPUT"),
        ('codes: ["cases.concluded"], period: "2026"',
         "rows { ... on MediationCaseConnection { nodes { id } } }", "FORBIDDEN"),
    ],
)  # fmt: skip
def test_who_may_only_count_asks_no_more_than_of_a_list(store: Place, arguments: str, asked: str, code: str) -> None:
    assert refused(store, arguments, "counts", asked) == code


@pytest.mark.parametrize(
    "arguments",
    [
        'codes: [], period: "2026"', 'codes: ["cases.none"], period: "2026"',
        'codes: ["cases.agreed", "cases.agreed"], period: "2026"', 'codes: ["cases.agreed"], period: "last year"',
        'codes: ["cases.agreed"], period: "2026", by: [{column: "title"}]',
        'codes: ["cases.agreed"], period: "2026", by: [{column: "nothing"}]',
        'codes: ["cases.agreed"], period: "2026", by: [{region: CITY}, {region: CITY}]',
        'codes: ["cases.agreed"], period: "2026", reading: FROZEN',
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(store: Place, arguments: str) -> None:
    assert refused(store, arguments) == "BAD_INPUT"


def test_variables_and_pages_by_variables_are_read_anew(store: Place) -> None:
    document = """query ($codes: [String!]!, $period: String!, $n: Int) { measures(codes: $codes, period: $period) {
      value rows(first: $n) { ... on MediationCaseConnection { nodes { title } } } } }"""
    for period, n, titles in (("2026", 1, ["4"]), ("2027", 2, ["16", "17"]), ("2027", 1, ["16"])):
        variables = {"codes": ["cases.concluded"], "period": period, "n": n}
        [found] = store.ask("all", document, variables)["data"]["measures"]
        assert [row["title"] for row in found["rows"]["nodes"]] == titles


# --- ratios beside the other numbers ---------------------------------------------------------------------------------

OF = 'ratio(of: "cases.success_rate") { value numerator denominator }'


def test_a_ratio_is_a_number_of_lists_groups_and_totals(store: Place) -> None:
    # AGREED: 1-3 5 7 8 10 11 13-16 19 20: 14; FAILED: 4 9 17. DAMAGES 8 13 20 and none. FAMILY 3 10 11 16 and none.
    # NEIGHBOUR: AGREED 1 2 5 7 14 15 19, FAILED 4 9 17.
    by = "groupBy(by: [{disputeType: true}])"
    document = f"{{ mediationCases {{ aggregate {{ {OF} }} {by} {{ nodes {{ {OF} }} subtotals {{ {OF} }} }} }} }}"
    found = store.ask("all", document)["data"]["mediationCases"]
    whole = {"value": "0.823529", "numerator": 14, "denominator": 17}
    assert found["aggregate"]["ratio"] == whole
    assert found["groupBy"]["subtotals"] == [{"ratio": whole}]
    told = [tuple(node["ratio"].values()) for node in found["groupBy"]["nodes"]]
    assert told == [("1.000000", 3, 3), ("1.000000", 4, 4), ("0.700000", 7, 10)]
    empty = store.ask("all", f'{{ mediationCases(where: {{title: {{eq: "6"}}}}) {{ aggregate {{ {OF} }} }} }}')
    nothing = {"value": None, "numerator": 0, "denominator": 0}
    assert empty["data"]["mediationCases"]["aggregate"]["ratio"] == nothing


def test_who_may_only_count_is_told_no_ratio_that_tells_of_few(store: Place) -> None:
    # Three failed: fewer than five could be worked out from 14 and 17.
    found = store.ask("counts", f"{{ mediationCases {{ aggregate {{ {OF} count }} }} }}")["data"]["mediationCases"]
    withheld = {"value": None, "numerator": None, "denominator": 17}
    assert found["aggregate"] == {"ratio": withheld, "count": 20}
    # By type: all groups stand together but NEIGHBOUR, whose parts are no fewer withheld than those of the whole.
    document = f"{{ mediationCases {{ groupBy(by: [{{disputeType: true}}]) {{ nodes {{ count {OF} }} }} }} }}"
    nodes = store.ask("counts", document)["data"]["mediationCases"]["groupBy"]["nodes"]
    assert all(node["ratio"]["numerator"] is None and node["ratio"]["value"] is None for node in nodes)


def test_a_ratio_that_is_none_is_refused(store: Place) -> None:
    for code in ("cases.agreed", "cases.none", "committees.filed_rate"):
        document = f'{{ mediationCases {{ aggregate {{ ratio(of: "{code}") {{ value }} }} }} }}'
        assert store.ask("all", document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"


# --- what a model may not say ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measure", "wrong"),
    [
        (Measure("cases.agreed", "甲", "乙"), "stands twice"),
        (Measure("x", "甲", "乙", ratio=("cases.agreed", "cases.none")), "no measure that counts"),
        (Measure("x", "甲", "乙", ratio=("cases.agreed", "cases.success_rate")), "no measure that counts"),
        (Measure("x", "甲", "乙", day="title"), "is no date"),
        (Measure("x", "甲", "乙", counting="sum", column="nothing"), "is no column"),
        (Measure("x", "甲", "乙", counting="sum"), "is no column"),
        (Measure("x", "甲", "乙", region="committee"), "no reference to a region"),
        (Measure("x", "甲", "乙", {"outcome": {"eq": "AGREE"}}), "its condition is none"),
        (Measure("x", "甲", "乙", {"outcom": {"eq": "AGREED"}}), "it cannot be asked|its condition is none"),
        (Measure("x", "甲", "乙", counting="sum", column="title"), "its column adds up to nothing"),
    ],
)  # fmt: skip
def test_a_measure_that_cannot_be_asked_stops_the_start(measure: Measure, wrong: str) -> None:
    entities = Registry([info.model for info in registry().values()])
    info = entities["MediationCase"]
    info.facts = replace(info.facts, measures=(*info.facts.measures, measure))
    with pytest.raises(ModelMistake, match=wrong) as mistake:
        build_schema(entities)
    assert "MediationCase" in str(mistake.value)
