"""Groups by statistical columns and by elements of lists, and medians: counted by hand over the twenty cases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.databases import Kind
from tests.places import Place, place
from tests.resolvers.twenty import counts, grouped, one, readers, twenty
from tests.world import Rows

# case: its focus topics; the other cases have none, case 6 has an empty list.
TAGS = {1: ["LABOUR"], 2: ["LABOUR", "MEDICAL"], 3: ["MEDICAL"], 4: ["REQUISITION", "LABOUR", "MEDICAL"], 6: []}


def tagged() -> Rows:
    """The twenty cases, some with focus topics."""
    world = twenty()
    for row in world.by_entity["MediationCase"]:
        row["focus_tags"] = TAGS.get(int(row["title"]))
    return world


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The twenty cases on one kind of database."""
    with place(migrated_database(database_kind), tagged(), readers()) as opened:
        yield opened


# --- statistical columns ---------------------------------------------------------------------------------------------


def test_codes_stand_together_by_the_column_they_roll_up_to_in_the_order_of_the_enumeration(store: Place) -> None:
    # FAMILY (01): 3, 6, 10, 11, 16. NEIGHBOUR (02): 1, 2, 4, 5, 7, 9, 12, 14, 15, 17, 19. DAMAGES (06): 8, 13, 18, 20.
    by = "[{disputeType: {rollup: STAT}}]"
    assert one(counts(store, by, "disputeTypeRollup")) == [("01", 5), ("02", 11), ("06", 4)]
    assert one(counts(store, by, "disputeType")) == [(None, 4)], "a column of the statistics is no code"


def test_a_code_and_its_column_are_two_keys_with_names_of_their_own(store: Place) -> None:
    by = "[{disputeType: {rollup: STAT}}, {disputeType: true}]"
    found = grouped(store, by, "nodes { key { disputeTypeRollup disputeType } count } subtotals { totalled count }")
    assert [(n["key"]["disputeTypeRollup"], n["key"]["disputeType"], n["count"]) for n in found["nodes"]] == [
        ("01", "FAMILY", 5), ("02", "NEIGHBOUR", 11), ("06", "DAMAGES", 4),
    ]  # fmt: skip
    assert found["subtotals"][0]["totalled"] == ["disputeType"]
    assert found["subtotals"][-1] == {"totalled": ["disputeType.STAT", "disputeType"], "count": 20}


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ('{eq: "06"}', 4), ('{in: ["01", "02"]}', 16), ('{neq: "02"}', 9), ("{isNull: true}", 0), ('{eq: "07"}', 0),
    ],
)  # fmt: skip
def test_a_column_of_the_statistics_is_a_condition(store: Place, condition: str, count: int) -> None:
    document = f"{{ mediationCases(where: {{disputeType: {{rollup: {condition}}}}}) {{ totalCount }} }}"
    assert store.ask("all", document) == {"data": {"mediationCases": {"totalCount": count}}} | {
        k: v for k, v in store.ask("all", document).items() if k == "extensions"
    }


def test_filling_adds_the_columns_without_rows(store: Place) -> None:
    document = """{ mediationCommittees(where: {type: {rollup: {isNull: false}}}) {
      groupBy(by: [{type: {rollup: STAT}}], fill: true) { nodes { key { typeRollup } count } } } }"""
    nodes = store.ask("all", document)["data"]["mediationCommittees"]["groupBy"]["nodes"]
    assert [n["key"]["typeRollup"] for n in nodes] == ["村", "居", "乡镇", "街道", "企事业单位", "社会团体和其他组织"]


def test_who_may_only_count_groups_by_columns_with_small_ones_put_together(store: Place) -> None:
    # 06 has 4 cases, below 5; it stands with the last of the others, 02: 4 + 11.
    found = grouped(
        store, "[{disputeType: {rollup: STAT}}]", "nodes { key { disputeTypeRollup } count suppressed }",
        viewer="counts",
    )["nodes"]  # fmt: skip
    assert [(n["key"]["disputeTypeRollup"], n["count"], n["suppressed"]) for n in found] == [
        ("01", 5, False), (None, 15, True),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ["false", "{rollup: NBS}", "{}", '"x"'])
def test_what_is_neither_true_nor_a_column_is_refused(store: Place, value: str) -> None:
    document = f"{{ mediationCases {{ groupBy(by: [{{disputeType: {value}}}]) {{ totalCount }} }} }}"
    assert store.ask("all", document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"


# --- elements of lists -----------------------------------------------------------------------------------------------

# LABOUR: 1, 2, 4. MEDICAL: 2, 3, 4. REQUISITION: 4. None: the 16 others.
BY_TAG = [("LABOUR", 3), ("MEDICAL", 3), ("REQUISITION", 1), (None, 16)]


def test_each_element_of_a_list_is_a_group_and_the_total_says_how_many_rows_there_are(store: Place) -> None:
    found = grouped(store, "[{focusTags: true}]", "totalCount nodes { key { focusTags } count } subtotals { count }")
    assert [(n["key"]["focusTags"], n["count"]) for n in found["nodes"]] == BY_TAG
    assert found["totalCount"] == 4
    assert found["subtotals"] == [{"count": 20}], "not the sum of the groups, which is 23"


def test_totals_above_and_below_an_element_are_of_rows_not_of_groups(store: Place) -> None:
    # Tagged: 1, 2, 3 AGREED, 4 FAILED. AGREED: 1-3, 5, 7, 8, 10, 11, 13-16, 19, 20: 14. FAILED: 4, 9, 17.
    # Without an outcome: 6, 12, 18.
    asked = "nodes { key { outcome focusTags } count } subtotals { key { outcome focusTags } totalled count }"
    found = grouped(store, "[{outcome: true}, {focusTags: true}]", asked)
    cells = [(n["key"]["outcome"], n["key"]["focusTags"], n["count"]) for n in found["nodes"]]
    assert cells == [
        ("AGREED", "LABOUR", 2), ("AGREED", "MEDICAL", 2), ("AGREED", None, 11), ("FAILED", "LABOUR", 1),
        ("FAILED", "MEDICAL", 1), ("FAILED", "REQUISITION", 1), ("FAILED", None, 2), (None, None, 3),
    ]  # fmt: skip
    totals = [(s["key"]["outcome"], s["totalled"], s["count"]) for s in found["subtotals"]]
    assert totals == [
        ("AGREED", ["focusTags"], 14), ("FAILED", ["focusTags"], 3), (None, ["focusTags"], 3),
        (None, ["outcome", "focusTags"], 20),
    ]  # fmt: skip
    other = grouped(store, "[{focusTags: true}, {outcome: true}]", "subtotals { key { focusTags } count }")
    assert [(s["key"]["focusTags"], s["count"]) for s in other["subtotals"]] == [*BY_TAG, (None, 20)]


def test_a_group_of_an_element_leads_to_its_rows(store: Place) -> None:
    nodes = grouped(store, "[{focusTags: true}]", "nodes { rows { totalCount nodes { title } } }")["nodes"]
    assert [[row["title"] for row in n["rows"]["nodes"]] for n in nodes[:3]] == [
        ["1", "2", "4"], ["2", "3", "4"], ["4"],
    ]  # fmt: skip
    assert nodes[3]["rows"]["totalCount"] == 16


def test_elements_over_regions_and_filled(store: Place) -> None:
    # D: 1, 2 (6 in D has an empty list); M: 3, 4: all under street M.
    found = grouped(
        store, "[{region: {level: DISTRICT}}, {focusTags: true}]", "nodes { key { region { name } focusTags } count }",
        where="{focusTags: {hasSome: [LABOUR, MEDICAL]}}",
    )["nodes"]  # fmt: skip
    assert [(n["key"]["region"]["name"], n["key"]["focusTags"], n["count"]) for n in found] == [
        ("X", "LABOUR", 3), ("X", "MEDICAL", 3), ("X", "REQUISITION", 1),
    ]  # fmt: skip
    document = "{ mediationCases { groupBy(by: [{focusTags: true}], fill: true) { totalCount } } }"
    assert store.ask("all", document)["data"]["mediationCases"]["groupBy"]["totalCount"] == 8  # seven topics and none


def test_who_may_only_count_does_not_group_by_elements(store: Place) -> None:
    document = "{ mediationCases { groupBy(by: [{focusTags: true}]) { totalCount } } }"
    assert store.ask("counts", document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"


# --- medians ---------------------------------------------------------------------------------------------------------


def test_the_median_of_a_list_is_exact(store: Place) -> None:
    document = """{ mediationCases { aggregate { median { headcount amountClaimed longitude } }}
      large: mediationCases(where: {amountClaimed: {gt: "999"}}) { aggregate { count median { amountClaimed } } }
      none: mediationCases(where: {amountClaimed: {gt: "9999999999999"}}) { aggregate { median { amountClaimed } } }}"""
    answer = store.ask("all", document)
    assert "errors" not in answer, answer
    # Headcounts: 15 times 2, then 3, 4, 5, 10: 2. Amounts: 0.00 0.05 0.10 0.20 1.00 | 2.00 7.77 …: eleven.
    # Longitudes: -180 -0.000001 0 0 0.000001 179.999999.
    assert answer["data"]["mediationCases"]["aggregate"]["median"] == {
        "headcount": "2.0", "amountClaimed": "2.000", "longitude": "0.0000000",
    }  # fmt: skip
    # 12345678901.23 999999999999.99 999999999999.99.
    assert answer["data"]["large"]["aggregate"] == {"count": 3, "median": {"amountClaimed": "999999999999.990"}}
    assert answer["data"]["none"]["aggregate"] == {"median": {"amountClaimed": None}}


def test_medians_of_groups_and_totals_are_each_of_their_own_rows(store: Place) -> None:
    asked = "nodes { key { %s } count median { amountClaimed headcount } } subtotals { median { amountClaimed } }"
    found = grouped(store, "[{disputeType: true}]", asked % "disputeType")
    told: Any = [(n["median"]["amountClaimed"], n["median"]["headcount"]) for n in found["nodes"]]
    # DAMAGES: 7.77 and 12345678901.23 -> 6172839454.5. FAMILY: 0.05 and 999999999999.99 -> 500000000000.02.
    # NEIGHBOUR: 0.00 0.10 0.20 | 1.00 | 2.00 100.00 999999999999.99; headcounts 2 3 2 5 4 2 2 2 2 2 2 -> 2.
    assert told == [("6172839454.500", "2.0"), ("500000000000.020", "2.0"), ("1.000", "2.0")]
    assert found["subtotals"] == [{"median": {"amountClaimed": "2.000"}}]
    # By city: P stands above (20, without an amount); N: 1-4, 7-10, 14, 15 -> ten amounts: 0.00 0.05 0.10 0.20 1.00 |
    # 2.00 100.00 12345678901.23 and twice the largest: 1.50. G: 7.77.
    found = grouped(store, "[{region: {level: CITY}}]", asked % "region { name }")["nodes"]
    assert [(n["key"]["region"] and n["key"]["region"]["name"], n["median"]["amountClaimed"]) for n in found] == [
        ("N", "1.500"), ("G", "7.770"), (None, None),
    ]  # fmt: skip


def test_regions_that_are_not_seen_have_one_median_together(store: Place) -> None:
    # `street` sees the regions of street M and those above; its own cases are those of c1 and c2. Elsewhere: QS (10).
    found = grouped(
        store, "[{region: {level: STREET}}]", "nodes { key { region { name } } count median { amountClaimed } }",
        viewer="street",
    )["nodes"]  # fmt: skip
    # M: 1-7: 0.00 0.10 | 0.20 | 999999999999.99 twice -> 0.20.
    told = [(n["key"]["region"], n["count"], n["median"]["amountClaimed"]) for n in found]
    assert told == [({"name": "M"}, 7, "0.200"), (None, 1, "0.050")]


def test_who_may_only_count_gets_no_median(store: Place) -> None:
    document = "{ mediationCases { aggregate { median { headcount } } } }"
    assert store.ask("counts", document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
