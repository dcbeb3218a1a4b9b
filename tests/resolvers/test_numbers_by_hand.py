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
    """Leaves and totals as `counts` gets them: key -> count, None where it is withheld."""
    asked = f"key {{ {key} }} count sum {{ headcount }} min {{ headcount }} suppressed"
    found = data(store, f"{{ mediationCases {{ groupBy(by: {by}{more}) {{ totalCount nodes {{ {asked} }}"
                        f" subtotals {{ {asked} }} }} }} }}", "counts")["groupBy"]  # fmt: skip
    for cell in found["nodes"] + found["subtotals"]:
        withheld = [cell["count"] is None, cell["sum"]["headcount"] is None, cell["suppressed"]]
        assert withheld in ([True] * 3, [False] * 3), "all numbers of a cell are withheld together"
        assert not cell["suppressed"] or cell["min"]["headcount"] is None
    leaves, totals = (
        {tuple(cell["key"].values()): cell["count"] for cell in found[part]} for part in ("nodes", "subtotals")
    )
    return leaves, totals


def test_who_may_only_count_gets_no_count_below_five(store: Place) -> None:
    asked = "count countDistinct { outcome } sum { amountClaimed } avg { headcount } max { concludedOn } suppressed"
    # Four cases of damages.
    assert aggregate(store, asked, "{disputeType: {eq: DAMAGES}}", "counts") == {
        "count": None, "countDistinct": {"outcome": None}, "sum": {"amountClaimed": None}, "avg": {"headcount": None},
        "max": {"concludedOn": None}, "suppressed": True,
    }  # fmt: skip
    # Five of family: 999999999999.99 + 0.05.
    assert aggregate(store, "count sum { amountClaimed } suppressed", "{disputeType: {eq: FAMILY}}", "counts") == {
        "count": 5, "sum": {"amountClaimed": "1000000000000.04"}, "suppressed": False,
    }  # fmt: skip
    # Nothing at all is no small number.
    nothing = '{concludedOn: {eq: "2020-01-01"}}'
    assert aggregate(store, "count suppressed", nothing, "counts") == {"count": 0, "suppressed": False}


def test_a_single_small_cell_takes_the_smallest_other_with_it(store: Place) -> None:
    # DAMAGES 4 is small and alone: 20 - 5 - 11 would tell it. FAMILY 5 is the smaller of the others.
    leaves, totals = cells(store, "[{disputeType: true}]", "disputeType")
    assert leaves == {("DAMAGES",): None, ("FAMILY",): None, ("NEIGHBOUR",): 11}
    assert totals == {(None,): 20}


def test_small_cells_that_sum_to_five_cover_each_other(store: Place) -> None:
    # AGREED 14; FAILED 3 and null 3 are two, and together 6. Below AGREED: NEIGHBOUR 7 (1 2 5 7 14 15 19), FAMILY 4
    # (3 10 11 16), DAMAGES 3 (8 13 20): 4 + 3 cover each other. Below FAILED: NEIGHBOUR 3. Below null: one each.
    leaves, totals = cells(store, "[{outcome: true}, {disputeType: true}]", "outcome disputeType")
    assert leaves == {
        ("AGREED", "DAMAGES"): None, ("AGREED", "FAMILY"): None, ("AGREED", "NEIGHBOUR"): 7,
        ("FAILED", "NEIGHBOUR"): None, (None, "DAMAGES"): None, (None, "FAMILY"): None, (None, "NEIGHBOUR"): None,
    }  # fmt: skip
    assert totals[("AGREED", None)] == 14
    assert totals[("FAILED", None)] is None
    assert totals[(None, None)] == 20


def test_a_withheld_total_withholds_one_of_its_parts(store: Place) -> None:
    # All cases are closed: each type has one cell below. FAMILY is withheld for the sake of DAMAGES, so the single
    # cell below it, five and not small, is withheld too.
    leaves, totals = cells(store, "[{disputeType: true}, {state: true}]", "disputeType state")
    assert leaves == {("DAMAGES", "CLOSED"): None, ("FAMILY", "CLOSED"): None, ("NEIGHBOUR", "CLOSED"): 11}
    assert totals == {("DAMAGES", None): None, ("FAMILY", None): None, ("NEIGHBOUR", None): 11, (None, None): 20}
    # NEIGHBOUR 11 is shown, of these 4 public (1 2 4 5): small and alone, so the other 7 are withheld too.
    leaves, totals = cells(store, "[{disputeType: true}, {public: true}]", "disputeType public")
    assert leaves == {
        ("DAMAGES", False): None, ("FAMILY", False): None, ("FAMILY", True): None, ("NEIGHBOUR", False): None,
        ("NEIGHBOUR", True): None,
    }  # fmt: skip
    assert totals[("NEIGHBOUR", None)] == 11


def test_withheld_numbers_are_null_to_conditions_and_orders_and_filled_cells_are_not_small(store: Place) -> None:
    # DAMAGES and FAMILY are withheld: no condition on a number holds for them, but that it is none.
    assert cells(store, "[{disputeType: true}]", "disputeType", ", having: {count: {lt: 6}}")[0] == {}
    assert set(cells(store, "[{disputeType: true}]", "disputeType", ", having: {count: {isNull: true}}")[0]) == {
        ("DAMAGES",), ("FAMILY",),
    }  # fmt: skip
    assert list(cells(store, "[{disputeType: true}]", "disputeType", ", orderBy: [{count: DESC}]")[0]) == [
        ("DAMAGES",), ("FAMILY",), ("NEIGHBOUR",),
    ]  # fmt: skip
    leaves, _ = cells(store, "[{outcome: true}], fill: true", "outcome")
    assert leaves == {
        ("AGREED",): 14, ("FAILED",): None, ("RECONCILED",): 0, ("REFUSED",): 0, ("TRANSFERRED_OUT",): 0,
        ("WITHDRAWN",): 0, (None,): None,
    }  # fmt: skip
