"""Aggregates, numbers of lists and small cells counted by hand over the twenty cases."""

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


def data(store: Place, document: str, viewer: str = "all") -> Any:
    """The one root field of an answer without errors."""
    answer = store.ask(viewer, document)
    assert "errors" not in answer, answer
    [found] = answer["data"].values()
    return found


def aggregate(store: Place, asked: str, where: str = "", viewer: str = "all") -> Any:
    """The aggregate of the cases."""
    listed = f"(where: {where})" if where else ""
    return data(store, f"{{ mediationCases{listed} {{ aggregate {{ {asked} }} }} }}", viewer)["aggregate"]


# --- one function after the other -----------------------------------------------------------------------------------


def test_count_and_count_distinct(store: Place) -> None:
    # Three types; AGREED and FAILED, as null is no value; amounts of eleven cases, two of them equal; heads 2, 3, 4, 5,
    # 10; eighteen days; both truths.
    found = aggregate(
        store, "count countDistinct { disputeType outcome amountClaimed headcount concludedOn public closedOn id }"
    )
    assert found == {
        "count": 20,
        "countDistinct": {
            "disputeType": 3, "outcome": 2, "amountClaimed": 10, "headcount": 5, "concludedOn": 18, "public": 2,
            "closedOn": 0, "id": 20,
        },
    }  # fmt: skip


def test_sums_are_exact_to_the_last_digit(store: Place) -> None:
    # 0.1 + 0.2 is 0.30, no more: cases 1 and 2.
    tenths = '{title: {in: ["1", "2"]}}'
    assert aggregate(store, "sum { amountClaimed }", tenths) == {"sum": {"amountClaimed": "0.30"}}
    # Twice the largest amount there is (3, 4).
    largest = '{title: {in: ["3", "4"]}}'
    assert aggregate(store, "sum { amountClaimed }", largest) == {"sum": {"amountClaimed": "1999999999999.98"}}
    # 0.10 + 0.20 + 2 × 999999999999.99 + 0.00 + 12345678901.23 + 100.00 + 0.05 + 1.00 + 2.00 + 7.77;
    # heads: 2 3 2 2 5 2 4 10 2 make 32, and eleven more cases of two.
    # Longitudes: 0 + 0.000001 - 0.000001 + 0 - 180 + 179.999999.
    assert aggregate(store, "sum { amountClaimed headcount longitude }") == {
        "sum": {"amountClaimed": "2012345679012.33", "headcount": 54, "longitude": "-0.000001"}
    }


def test_averages_have_six_decimals_and_halves_go_away_from_zero(store: Place) -> None:
    # 1 and 2: (0 + 0.000001) / 2 = 0.0000005. To the even neighbour it would be zero.
    assert aggregate(store, "avg { longitude }", '{title: {in: ["1", "2"]}}') == {"avg": {"longitude": "0.000001"}}
    # 3 and 4, the same below zero; 7 has no longitude and does not count.
    below = '{title: {in: ["3", "4", "7"]}}'
    assert aggregate(store, "avg { longitude }", below) == {"avg": {"longitude": "-0.000001"}}
    # 54 / 20; 2012345679012.33 / 11 = 182940516273.8481818…
    assert aggregate(store, "avg { headcount amountClaimed }") == {
        "avg": {"headcount": "2.700000", "amountClaimed": "182940516273.848182"}
    }
    # 2, 2, 4 (3, 4, 7): 8 / 3 = 2.6666…
    assert aggregate(store, "avg { headcount }", below) == {"avg": {"headcount": "2.666667"}}


def test_least_and_greatest_print_like_the_column(store: Place) -> None:
    columns = "longitude amountClaimed headcount concludedOn registeredAt closedOn"
    found = aggregate(store, f"min {{ {columns} }} max {{ {columns} }}")
    assert found == {
        "min": {
            "longitude": "-180.000000", "amountClaimed": "0.00", "headcount": 2, "concludedOn": "2024-12-29",
            "registeredAt": "2026-03-08T12:59:00.000+08:00", "closedOn": None,
        },
        "max": {
            "longitude": "179.999999", "amountClaimed": "999999999999.99", "headcount": 10,
            "concludedOn": "2027-01-04", "registeredAt": "2026-11-02T13:00:00.000+08:00", "closedOn": None,
        },
    }  # fmt: skip


def test_numbers_of_nothing_are_zero_or_null(store: Place) -> None:
    asked = "count countDistinct { outcome } sum { amountClaimed headcount longitude } avg { headcount }"
    asked += " min { concludedOn } max { amountClaimed } suppressed"
    assert aggregate(store, asked, '{title: {eq: "none"}}') == {
        "count": 0, "countDistinct": {"outcome": 0},
        "sum": {"amountClaimed": "0.00", "headcount": 0, "longitude": "0.000000"}, "avg": {"headcount": None},
        "min": {"concludedOn": None}, "max": {"amountClaimed": None}, "suppressed": False,
    }  # fmt: skip


def test_an_aggregate_ignores_the_page_and_heeds_the_condition(store: Place) -> None:
    found = data(store, "{ mediationCases(where: {outcome: {eq: FAILED}}, first: 1, offset: 1) {"
                        " nodes { title } totalCount aggregate { count sum { amountClaimed } } } }")  # fmt: skip
    # 4, 9 and 17: 999999999999.99 + 100.00.
    assert found == {
        "nodes": [{"title": "9"}], "totalCount": 3,
        "aggregate": {"count": 3, "sum": {"amountClaimed": "1000000000099.99"}},
    }  # fmt: skip


# --- numbers of lists -----------------------------------------------------------------------------------------------


def names(store: Place, arguments: str, viewer: str = "all") -> list[str]:
    """The committees in the order asked for."""
    found = data(store, f"{{ mediationCommittees({arguments}) {{ nodes {{ name }} }} }}", viewer)
    return [node["name"] for node in found["nodes"]]


def test_a_nested_list_has_numbers_and_groups_of_its_own(store: Place) -> None:
    found = data(
        store, "{ mediationCommittees(orderBy: [{name: ASC}]) { nodes { name mediationCases {"
        " aggregate { count sum { amountClaimed } }"
        " groupBy(by: [{disputeType: true}]) { nodes { key { disputeType } count } } } } } }",
    )  # fmt: skip
    assert [
        (
            node["name"], node["mediationCases"]["aggregate"]["count"],
            node["mediationCases"]["aggregate"]["sum"]["amountClaimed"],
            {g["key"]["disputeType"]: g["count"] for g in node["mediationCases"]["groupBy"]["nodes"]},
        )
        for node in found["nodes"]
    ] == [
        # 1 to 7: 0.10 + 0.20 + 2 × 999999999999.99 + 0.00; family 3 and 6.
        ("c1", 7, "2000000000000.28", {"FAMILY": 2, "NEIGHBOUR": 5}),
        ("c2", 1, "0.05", {"FAMILY": 1}),
        # 8 9 11 12 13 14 15 19 20: 12345678901.23 + 100.00 + 1.00 + 2.00.
        ("c3", 9, "12345679004.23", {"DAMAGES": 3, "FAMILY": 1, "NEIGHBOUR": 5}),
        ("c4", 3, "7.77", {"DAMAGES": 1, "FAMILY": 1, "NEIGHBOUR": 1}),
        ("c5", 0, "0.00", {}),
    ]  # fmt: skip


def test_lists_can_be_asked_for_their_numbers(store: Place) -> None:
    def met(condition: str) -> list[str]:
        return names(store, f"where: {{mediationCases: {{aggregate: {condition}}}}}, orderBy: [{{name: ASC}}]")

    # Cases: c1 7, c2 1, c3 9, c4 3, c5 none.
    assert met("{count: {gt: 3}}") == ["c1", "c3"]
    assert met('{sum: {amountClaimed: {lte: "7.77"}}}') == ["c2", "c4", "c5"]
    # The mean of heads: c1 20 / 7, c3 26 / 9, c2 and c4 2, c5 null.
    assert met('{avg: {headcount: {eq: "2.857143"}}}') == ["c1"]
    assert met('{avg: {headcount: {neq: "2"}}}') == ["c1", "c3", "c5"]
    # Last day: c1 2026-01-31 (7), c2 2026-04-01, c3 2026-12-31 (15), c4 2027-01-04, c5 null.
    assert met('{max: {concludedOn: {inPeriod: "2026"}}}') == ["c1", "c2", "c3"]
    assert met("{max: {concludedOn: {isNull: true}}, count: {eq: 0}}") == ["c5"]


def test_lists_order_by_their_numbers(store: Place) -> None:
    assert names(store, "orderBy: [{mediationCases: {count: DESC}}]") == ["c3", "c1", "c4", "c2", "c5"]
    assert names(store, "orderBy: [{mediationCases: {sum: {amountClaimed: ASC}}}]") == ["c5", "c2", "c4", "c3", "c1"]
    last = "orderBy: [{mediationCases: {max: {concludedOn: %s}}}]"
    assert names(store, last % "ASC") == ["c1", "c2", "c3", "c4", "c5"]
    assert names(store, last % "DESC") == ["c5", "c4", "c3", "c2", "c1"]
    assert names(store, last % "DESC_NULLS_LAST") == ["c4", "c3", "c2", "c1", "c5"]


# --- small cells ----------------------------------------------------------------------------------------------------


def cells(store: Place, by: str, key: str, more: str = "") -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Leaves and totals as `counts` gets them: key -> count; what stands together without a key of its own under
    "rest" in the place of the first key that is not told."""
    asked = f"key {{ {key} }} count sum {{ headcount }} suppressed"
    found = data(store, f"{{ mediationCases {{ groupBy(by: {by}{more}) {{ totalCount nodes {{ {asked} }}"
                        f" subtotals {{ {asked} }} }} }} }}", "counts")["groupBy"]  # fmt: skip
    assert found["totalCount"] == len(found["nodes"])

    def told(cell: Any, keys: int) -> tuple[Any, ...]:
        values = list(cell["key"].values())[:keys]
        assert (cell["count"] is None) == (cell["sum"]["headcount"] is None)
        return (*values[:-1], "rest") if cell["suppressed"] and values else tuple(values)

    leaves = {told(cell, len(key.split())): cell["count"] for cell in found["nodes"]}
    totals = {
        tuple(cell["key"].values()) + ("rest",) * cell["suppressed"]: cell["count"] for cell in found["subtotals"]
    }
    assert len(leaves) == len(found["nodes"])
    return leaves, totals


def test_who_may_only_count_gets_no_count_below_five(store: Place) -> None:
    # Four cases of damages.
    asked = "count sum { amountClaimed headcount } suppressed"
    assert aggregate(store, asked, "{disputeType: {eq: DAMAGES}}", "counts") == {
        "count": None, "sum": {"amountClaimed": None, "headcount": None}, "suppressed": True,
    }  # fmt: skip
    # Five of family, all with heads (3 6 10 11 16), but only two with an amount (3 10): nearly the amount of 3.
    found = aggregate(store, asked, "{disputeType: {eq: FAMILY}}", "counts")
    assert (found["count"], found["suppressed"]) == (5, False)
    assert found["sum"]["amountClaimed"] is None
    assert found["sum"]["headcount"] == 10
    # Nothing at all is no small number.
    nothing = '{concludedOn: {inPeriod: "2020"}}'
    assert aggregate(store, "count sum { headcount } suppressed", nothing, "counts") == {
        "count": 0, "sum": {"headcount": 0}, "suppressed": False,
    }  # fmt: skip


def test_a_small_group_stands_together_with_the_last_one_without_a_key(store: Place) -> None:
    # DAMAGES 4 is small and alone: NEIGHBOUR 11, the last by key, joins it.
    leaves, totals = cells(store, "[{disputeType: true}]", "disputeType")
    assert leaves == {("FAMILY",): 5, ("rest",): 15}
    assert totals == {(None,): 20}


def test_below_a_total_that_is_told_the_small_ones_stand_together(store: Place) -> None:
    # AGREED 14; FAILED 3 and null 3 are small, and the only other joins them: all that is told is the total.
    leaves, totals = cells(store, "[{outcome: true}, {disputeType: true}]", "outcome disputeType")
    assert leaves == {(None, "rest"): 20}
    assert totals == {(None, None, "rest"): 20, (None, None): 20}
    # Below FAMILY 5 nothing is small: its cases are all closed. What is left of the types is not parted further.
    leaves, totals = cells(store, "[{disputeType: true}, {state: true}]", "disputeType state")
    assert leaves == {("FAMILY", "CLOSED"): 5, (None, "rest"): 15}
    assert totals == {("FAMILY", None): 5, (None, None, "rest"): 15, (None, None): 20}


def test_a_group_without_a_key_and_what_is_left_are_two_groups(store: Place) -> None:
    # 2024: 2, 2025: 1, 2026: 12, 2027: 3, without a day: 2. All but 2026 are small, and 2026 joins them.
    assert cells(store, "[{concludedOn: {granularity: YEAR}}]", "concludedOn")[0] == {("rest",): 20}
    # Of the first half of 2026 and later: 2026H1 10 (4 to 13), 2026H2 2, 2027H1 3.
    assert cells(store, "[{concludedOn: {granularity: HALF_YEAR}}]", "concludedOn")[0] == {("rest",): 20}


def test_a_whole_of_fewer_than_five_has_one_group_without_anything(store: Place) -> None:
    document = """{ mediationCases(where: {disputeType: {eq: DAMAGES}}) { totalCount groupBy(by: [{outcome: true}]) {
        totalCount nodes { key { outcome } count suppressed } subtotals { count suppressed } } } }"""
    assert data(store, document, "counts") == {
        "totalCount": None,
        "groupBy": {
            "totalCount": 1, "nodes": [{"key": {"outcome": None}, "count": None, "suppressed": True}],
            "subtotals": [{"count": None, "suppressed": True}],
        },
    }  # fmt: skip


def test_what_is_left_is_counted_ordered_and_paged_as_a_group(store: Place) -> None:
    by = "[{disputeType: true}]"
    assert cells(store, by, "disputeType", ", having: {count: {lt: 6}}")[0] == {("FAMILY",): 5}
    assert list(cells(store, by, "disputeType", ", orderBy: [{count: DESC}]")[0]) == [("rest",), ("FAMILY",)]
    assert list(cells(store, by, "disputeType", ", orderBy: [{key: {disputeType: DESC}}]")[0]) == [
        ("rest",), ("FAMILY",),
    ]  # fmt: skip


def test_no_empty_group_is_told_beside_what_is_left(store: Place) -> None:
    """Of the types that are printed as empty none is small: those that were missing then would be."""
    assert cells(store, "[{disputeType: true}], fill: true", "disputeType")[0] == {("FAMILY",): 5, ("rest",): 15}
    # All are closed: that the other states are empty is told.
    told = cells(store, "[{state: true}], fill: true", "state")[0]
    assert told.pop(("CLOSED",)) == 20
    assert set(told.values()) == {0}


REFUSED = [
    ("a smallest", "aggregate { min { concludedOn } }"),
    ("a largest", "aggregate { max { amountClaimed } }"),
    ("a mean", "aggregate { avg { headcount } }"),
    ("different values", "aggregate { countDistinct { outcome } }"),
    ("a largest of groups", "groupBy(by: [{outcome: true}]) { nodes { max { headcount } } }"),
    ("a smallest of totals", "groupBy(by: [{outcome: true}]) { subtotals { min { headcount } } }"),
    ("a condition on a largest",
     "groupBy(by: [{outcome: true}], having: {max: {headcount: {gt: 3}}}) { totalCount }"),
    ("an order by a smallest", "groupBy(by: [{outcome: true}], orderBy: [{min: {headcount: ASC}}]) { totalCount }"),
    ("days", "groupBy(by: [{concludedOn: {granularity: DAY}}]) { totalCount }"),
    ("weeks", "groupBy(by: [{concludedOn: {granularity: WEEK}}]) { totalCount }"),
    ("halves of months", "groupBy(by: [{concludedOn: {granularity: HALF_MONTH}}]) { totalCount }"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "field"), REFUSED, ids=[case for case, _ in REFUSED])
def test_who_may_only_count_gets_counts_and_sums_by_months(store: Place, _case: str, field: str) -> None:
    """What could be one row's value, or picks out one row, is refused, not withheld."""
    answer = store.ask("counts", f"{{ mediationCases {{ {field} }} }}")
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]
    assert store.ask("all", f"{{ mediationCases {{ {field} }} }}").get("errors") is None


DAYS = [
    ('{eq: "2026-01-01"}', False), ('{neq: "2026-01-01"}', False), ('{in: ["2026-01-01"]}', False),
    ('{gte: "2026-01-02"}', False), ('{gte: "2026-01-01"}', True), ('{lt: "2026-01-31"}', False),
    ('{lt: "2026-02-01"}', True), ('{lte: "2026-01-30"}', False), ('{lte: "2026-01-31"}', True),
    ('{gt: "2026-01-31"}', True), ('{gt: "2026-01-01"}', False), ('{inPeriod: "2026-01"}', True),
    ('{inPeriod: "2026-01A"}', False), ('{inPeriod: "2026-W05"}', False), ('{inPeriod: "2026-01-31"}', False),
    ('{between: ["2026-01-01", "2026-02-28"]}', True), ('{between: ["2026-01-01", "2026-02-27"]}', False),
    ("{isNull: true}", True),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "allowed"), DAYS, ids=[condition for condition, _ in DAYS])
def test_conditions_of_who_may_only_count_tell_no_days_of_a_month_apart(
    store: Place, condition: str, allowed: bool
) -> None:
    for wrapped in (f"{{concludedOn: {condition}}}", f"{{not: {{or: [{{concludedOn: {condition}}}]}}}}"):
        for asked in ("totalCount", "groupBy(by: [{public: true}]) { totalCount }"):
            answer = store.ask("counts", f"{{ mediationCases(where: {wrapped}) {{ {asked} }} }}")
            codes = [error["extensions"]["code"] for error in answer.get("errors") or ()]
            assert codes == ([] if allowed else ["BAD_INPUT"])


def test_a_day_in_a_variable_is_looked_at_each_time(store: Place) -> None:
    """One plan for all values."""
    document = "query ($w: MediationCaseWhere) { mediationCases(where: $w) { totalCount } }"
    for day, allowed in (("2026-01-01", True), ("2026-01-02", False), ("2025-01-01", True), ("2025-01-03", False)):
        answer = store.ask("counts", document, {"w": {"concludedOn": {"gte": day}}})
        assert (answer.get("errors") is None) == allowed
