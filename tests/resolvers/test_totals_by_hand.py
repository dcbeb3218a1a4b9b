"""Subtotals, filled groups and the rows of groups counted by hand over the twenty cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.databases import Kind
from tests.places import Place, place
from tests.resolvers.twenty import counts, flat, grouped, one, readers, twenty


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The twenty cases on one kind of database."""
    with place(migrated_database(database_kind), twenty(), readers()) as opened:
        yield opened


def test_totals_of_three_keys_are_of_rows_and_not_of_averages(store: Place) -> None:
    # The nine cases of X by street, type and outcome. Street M has 1 to 7, X itself 8 and 9.
    by = "[{region: {level: STREET}}, {disputeType: true}, {outcome: true}]"
    cells = "key { region { name } disputeType outcome } count sum { headcount } avg { headcount }"
    where = '{region: {descendantOf: {code: "320102000000"}}}'
    answer = grouped(store, by, f"totalCount nodes {{ {cells} }} subtotals {{ {cells} totalled }}", where=where)

    def row(cell: Any) -> tuple[Any, ...]:
        keys = tuple(map(flat, cell["key"].values()))
        return (*keys, cell["count"], cell["sum"]["headcount"], cell["avg"]["headcount"])

    assert answer["totalCount"] == 6
    assert [row(node) for node in answer["nodes"]] == [
        ("M", "FAMILY", "AGREED", 1, 2, "2.000000"),  # 3
        ("M", "FAMILY", None, 1, 2, "2.000000"),  # 6
        ("M", "NEIGHBOUR", "AGREED", 4, 14, "3.500000"),  # 1, 2, 5, 7: 2 + 3 + 5 + 4
        ("M", "NEIGHBOUR", "FAILED", 1, 2, "2.000000"),  # 4
        (None, "DAMAGES", "AGREED", 1, 10, "10.000000"),  # 8
        (None, "NEIGHBOUR", "FAILED", 1, 2, "2.000000"),  # 9
    ]
    assert [(*row(cell), cell["totalled"]) for cell in answer["subtotals"]] == [
        ("M", "FAMILY", None, 2, 4, "2.000000", ["outcome"]),
        ("M", "NEIGHBOUR", None, 5, 16, "3.200000", ["outcome"]),  # 16 / 5
        (None, "DAMAGES", None, 1, 10, "10.000000", ["outcome"]),
        (None, "NEIGHBOUR", None, 1, 2, "2.000000", ["outcome"]),
        ("M", None, None, 7, 20, "2.857143", ["disputeType", "outcome"]),  # 20 / 7, not the mean of 2 and 3.2
        (None, None, None, 2, 12, "6.000000", ["disputeType", "outcome"]),
        (None, None, None, 9, 32, "3.555556", ["region", "disputeType", "outcome"]),  # 32 / 9
    ]


def test_filling_adds_the_periods_between(store: Place) -> None:
    by = "[{concludedOn: {granularity: MONTH}}], fill: true"
    # DAMAGES in February (8) and June 2026 (13) and January 2027 (18), one not concluded (20): all months between.
    found = counts(store, by, "concludedOn", where="{disputeType: {eq: DAMAGES}}")
    months = [f"2026-{month:02}" for month in range(2, 13)]
    hits = {"2026-02": 1, "2026-06": 1}
    assert one(found) == [(month, hits.get(month, 0)) for month in months] + [("2027-01", 1), (None, 1)]
    # The periods of a condition are all there, also beyond the rows: July 2026 has 14.
    found = counts(store, by, "concludedOn", where='{concludedOn: {inPeriod: "2026Q3"}}')
    assert one(found) == [("2026-07", 1), ("2026-08", 0), ("2026-09", 0)]
    found = counts(store, by, "concludedOn", where='{concludedOn: {between: ["2026-02-15", "2026-06-15"]}}')
    # 9 in March, 10 in April, 11 on 15 June; the first of February is outside.
    assert one(found) == [("2026-02", 0), ("2026-03", 1), ("2026-04", 1), ("2026-05", 0), ("2026-06", 1)]


def test_filling_adds_members_truths_and_places(store: Place) -> None:
    damages = "{disputeType: {eq: DAMAGES}}"
    # 8, 13, 20 agreed; 18 has no outcome; the other five members have none, and the null group stays last.
    found = counts(store, "[{outcome: true}], fill: true", "outcome", where=damages)
    assert one(found) == [
        ("AGREED", 3), ("FAILED", 0), ("RECONCILED", 0), ("REFUSED", 0), ("TRANSFERRED_OUT", 0), ("WITHDRAWN", 0),
        (None, 1),
    ]  # fmt: skip
    assert one(counts(store, "[{public: true}], fill: true", "public", where=damages)) == [(False, 4), (True, 0)]
    # Districts inside N: E has no case, OLD has ended; N stands for S, which has no district; 19 stands above.
    found = counts(
        store, "[{region: {level: DISTRICT}}], fill: true", "region { name }",
        where='{region: {descendantOf: {code: "320100000000"}}}',
    )  # fmt: skip
    assert one(found) == [("N", 2), ("X", 9), ("Q", 4), ("E", 0), (None, 1)]


def test_numbers_of_an_empty_group_are_zero_or_null_and_totals_do_not_count_it(store: Place) -> None:
    cells = "count sum { amountClaimed headcount } avg { headcount } max { concludedOn } suppressed"
    answer = grouped(
        store, "[{public: true}], fill: true",
        f"totalCount nodes {{ key {{ public }} {cells} rows {{ totalCount nodes {{ id }} }} }} subtotals {{ count }}",
        where="{disputeType: {eq: DAMAGES}}",
    )  # fmt: skip
    assert answer["nodes"][1] == {
        "key": {"public": True}, "count": 0, "sum": {"amountClaimed": "0.00", "headcount": 0},
        "avg": {"headcount": None}, "max": {"concludedOn": None}, "suppressed": False,
        "rows": {"totalCount": 0, "nodes": []},
    }  # fmt: skip
    assert (answer["totalCount"], answer["subtotals"]) == (2, [{"count": 4}])
    # Having looks at filled groups too.
    assert one(counts(store, "[{public: true}], fill: true, having: {count: {eq: 0}}", "public",
                      where="{disputeType: {eq: DAMAGES}}")) == [(True, 0)]  # fmt: skip


def test_two_filled_keys_make_every_combination(store: Place) -> None:
    where = '{concludedOn: {between: ["2026-06-01", "2026-07-31"]}, disputeType: {in: [NEIGHBOUR, FAMILY]}}'
    found = counts(store, "[{concludedOn: {granularity: MONTH}}, {public: true}], fill: true",
                   "concludedOn public", where=where)  # fmt: skip
    # June: 11 (FAMILY), 12 (NEIGHBOUR). July: 14. None of them public.
    assert found == {("2026-06", False): 2, ("2026-06", True): 0, ("2026-07", False): 1, ("2026-07", True): 0}


def test_from_a_number_to_its_rows_in_the_order_of_the_list(store: Place) -> None:
    def titles(arguments: str) -> dict[str, Any]:
        asked = f"nodes {{ key {{ disputeType }} rows{arguments} {{ totalCount nodes {{ title }}"
        asked += " pageInfo { hasNextPage hasPreviousPage endCursor } aggregate { sum { headcount } } } }"
        nodes = grouped(store, "[{disputeType: true}]", asked, order="[{headcount: DESC}]")["nodes"]
        return {node["key"]["disputeType"]: node["rows"] for node in nodes}

    first = titles("(first: 3)")
    # NEIGHBOUR by heads: 5 (five), 7 (four), 2 (three), then those of two by id; DAMAGES: 8 (ten), then 13, 18, 20.
    assert [row["title"] for row in first["NEIGHBOUR"]["nodes"]] == ["5", "7", "2"]
    assert [row["title"] for row in first["DAMAGES"]["nodes"]] == ["8", "13", "18"]
    assert (first["NEIGHBOUR"]["totalCount"], first["NEIGHBOUR"]["pageInfo"]["hasNextPage"]) == (11, True)
    assert first["NEIGHBOUR"]["aggregate"] == {"sum": {"headcount": 28}}
    cursor = first["NEIGHBOUR"]["pageInfo"]["endCursor"]
    rest = titles(f'(first: 20, after: "{cursor}")')["NEIGHBOUR"]
    assert [row["title"] for row in rest["nodes"]] == ["1", "4", "9", "12", "14", "15", "17", "19"]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)


def test_no_rows_have_no_groups_but_a_total(store: Place) -> None:
    answer = grouped(
        store, "[{disputeType: true}, {public: true}]",
        "totalCount nodes { count } subtotals { key { disputeType public } totalled count sum { amountClaimed } }"
        " pageInfo { hasNextPage hasPreviousPage startCursor endCursor }",
        where='{title: {eq: "none"}}',
    )  # fmt: skip
    assert answer == {
        "totalCount": 0, "nodes": [],
        "subtotals": [{"key": {"disputeType": None, "public": None}, "totalled": ["disputeType", "public"],
                       "count": 0, "sum": {"amountClaimed": "0.00"}}],
        "pageInfo": {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None},
    }  # fmt: skip
