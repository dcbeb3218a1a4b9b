"""Groups counted by hand over the twenty cases: every bucket, time zone, level, kind of key, order and page."""

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


# --- time ----------------------------------------------------------------------------------------------------------

BUCKETS = {
    # 2024: cases 1, 2. 2025: 3. 2026: 4 to 15. 2027: 16, 17, 18. Not concluded: 19, 20.
    "YEAR": [("2024", 2), ("2025", 1), ("2026", 12), ("2027", 3), (None, 2)],
    # 2026 until 30 June: 4 to 13; from 1 July: 14, 15.
    "HALF_YEAR": [("2024H2", 2), ("2025H2", 1), ("2026H1", 10), ("2026H2", 2), ("2027H1", 3), (None, 2)],
    # 2026Q1: 4 to 9 (31 March). Q2: 10 (1 April) to 13. Q3: 14. Q4: 15.
    "QUARTER": [
        ("2024Q4", 2), ("2025Q4", 1), ("2026Q1", 6), ("2026Q2", 4), ("2026Q3", 1), ("2026Q4", 1), ("2027Q1", 3),
        (None, 2),
    ],
    # January 2026: 4 to 7. June: 11, 12, 13.
    "MONTH": [
        ("2024-12", 2), ("2025-12", 1), ("2026-01", 4), ("2026-02", 1), ("2026-03", 1), ("2026-04", 1), ("2026-06", 3),
        ("2026-07", 1), ("2026-12", 1), ("2027-01", 3), (None, 2),
    ],
    # The 15th ends the first half (5 in January, 11 in June), the 16th begins the second (6, 12); the 31st: 7.
    "HALF_MONTH": [
        ("2024-12B", 2), ("2025-12B", 1), ("2026-01A", 2), ("2026-01B", 2), ("2026-02A", 1), ("2026-03B", 1),
        ("2026-04A", 1), ("2026-06A", 1), ("2026-06B", 2), ("2026-07A", 1), ("2026-12B", 1), ("2027-01A", 3), (None, 2),
    ],
    # ISO: 29 December 2024 is the Sunday of W52, the 30th the Monday of 2025-W01. 31 December 2025 and 1 January 2026
    # are both in 2026-W01, 31 January and 1 February in W05. 2026 has a 53rd week, with 1 and 3 January 2027 in it.
    "WEEK": [
        ("2024-W52", 1), ("2025-W01", 1), ("2026-W01", 2), ("2026-W03", 2), ("2026-W05", 2), ("2026-W14", 2),
        ("2026-W25", 2), ("2026-W27", 2), ("2026-W53", 3), ("2027-W01", 1), (None, 2),
    ],
    # One case each on its own day, as the table says.
    "DAY": [
        *((day, 1) for day in (
            "2024-12-29", "2024-12-30", "2025-12-31", "2026-01-01", "2026-01-15", "2026-01-16", "2026-01-31",
            "2026-02-01", "2026-03-31", "2026-04-01", "2026-06-15", "2026-06-16", "2026-06-30", "2026-07-01",
            "2026-12-31", "2027-01-01", "2027-01-03", "2027-01-04",
        )),
        (None, 2),
    ],
}  # fmt: skip


@pytest.mark.parametrize("granularity", BUCKETS)
def test_a_date_falls_into_its_period_and_the_undated_into_one_group_at_the_end(store: Place, granularity: str) -> None:
    by = f"[{{concludedOn: {{granularity: {granularity}}}}}]"
    assert one(counts(store, by, "concludedOn")) == BUCKETS[granularity]
    # A date is a date wherever one is.
    abroad = f'[{{concludedOn: {{granularity: {granularity}, timeZone: "America/New_York"}}}}]'
    assert one(counts(store, abroad, "concludedOn")) == BUCKETS[granularity]


ZONES = {
    # 15:59:59.999 UTC is the last moment of 2 May in China; 16:00 and 23:30 UTC belong to the next day (2, 3, with 4).
    # 5: 12:59 on 8 March. 6 and 7: 11:59 and 12:00 on the 9th. 8: 1 November. 9 and 10: 2 November.
    "Asia/Shanghai": [
        ("2026-03-08", 1), ("2026-03-09", 2), ("2026-05-02", 1), ("2026-05-03", 3), ("2026-08-01", 10),
        ("2026-11-01", 1), ("2026-11-02", 2),
    ],
    # By the hour of UTC itself: 1, 2 and 3 are still on 2 May.
    "UTC": [
        ("2026-03-08", 1), ("2026-03-09", 2), ("2026-05-02", 3), ("2026-05-03", 1), ("2026-08-01", 10),
        ("2026-11-01", 1), ("2026-11-02", 2),
    ],
    # New York, five hours behind in winter and four in summer. 5: 23:59 on 7 March (winter). 6: 23:59 on the 8th and 7:
    # midnight of the 9th (summer since that morning). 1 to 3: 2 May. 8: 23:59 on 31 October (summer). 9: 23:59 on
    # 1 November and 10: midnight of the 2nd (winter since that morning). 11 to 20: 20:00 on 31 July.
    "America/New_York": [
        ("2026-03-07", 1), ("2026-03-08", 1), ("2026-03-09", 1), ("2026-05-02", 3), ("2026-05-03", 1),
        ("2026-07-31", 10), ("2026-10-31", 1), ("2026-11-01", 1), ("2026-11-02", 1),
    ],
}  # fmt: skip


@pytest.mark.parametrize("zone", ZONES)
def test_a_moment_falls_into_the_day_that_the_clocks_of_the_zone_show(store: Place, zone: str) -> None:
    by = f'[{{registeredAt: {{granularity: DAY, timeZone: "{zone}"}}}}]'
    assert one(counts(store, by, "registeredAt")) == ZONES[zone]


def test_moments_are_cut_in_china_unless_asked_otherwise(store: Place) -> None:
    assert one(counts(store, "[{registeredAt: {granularity: DAY}}]", "registeredAt")) == ZONES["Asia/Shanghai"]


def test_one_column_can_be_cut_twice_under_two_names(store: Place) -> None:
    by = '[{concludedOn: {granularity: YEAR, as: "year"}}, {concludedOn: {granularity: QUARTER, as: "quarter"}}]'
    answer = grouped(
        store, by, "nodes { key { y: concludedOn(as: \"year\") q: concludedOn(as: \"quarter\") } count }"
        " subtotals { key { y: concludedOn(as: \"year\") q: concludedOn(as: \"quarter\") } totalled count }",
        where='{concludedOn: {inPeriod: "2026"}}',
    )  # fmt: skip
    # 2026 by quarter as above: 6, 4, 1, 1; together 12.
    assert [(g["key"]["y"], g["key"]["q"], g["count"]) for g in answer["nodes"]] == [
        ("2026", "2026Q1", 6), ("2026", "2026Q2", 4), ("2026", "2026Q3", 1), ("2026", "2026Q4", 1),
    ]  # fmt: skip
    assert [(g["key"]["y"], g["key"]["q"], g["totalled"], g["count"]) for g in answer["subtotals"]] == [
        ("2026", None, ["quarter"], 12), (None, None, ["year", "quarter"], 12),
    ]  # fmt: skip


def test_a_key_that_is_not_grouped_by_prints_null(store: Place) -> None:
    keys = (
        'y: concludedOn(as: "year") other: concludedOn(as: "other") closedOn source region { name } orgScope { name }'
    )
    by = '[{concludedOn: {granularity: YEAR, as: "year"}}], first: 1'
    [node] = grouped(store, by, f"nodes {{ key {{ {keys} }} }}")["nodes"]
    assert node["key"] == {
        "y": "2024", "other": None, "closedOn": None, "source": None, "region": None,
        "orgScope": {"name": None},
    }  # fmt: skip


# --- places --------------------------------------------------------------------------------------------------------

LEVELS = {
    # Every place lies in the nation, and in the province.
    "NATION": [("nation", 20)],
    "PROVINCE": [("P", 20)],
    # N: D 4, M 3, X 2, QS 3, Q 1, S 2 and N itself 1. G: GT 2 and itself 1. 20 stands in the province, above it.
    "CITY": [("N", 16), ("G", 3), (None, 1)],
    # X: D 4, M 3, X 2. Q: QS 3, Q 1. The street S and the town GT have no district: they stand with their cities.
    # 18, 19 and 20 stand above the level.
    "DISTRICT": [("N", 2), ("X", 9), ("Q", 4), ("G", 2), (None, 3)],
    # M with its village: 3 + 4. Above the level: X 2, Q 1, G 1, N 1, P 1.
    "STREET": [("S", 2), ("M", 7), ("QS", 3), ("GT", 2), (None, 6)],
    "VILLAGE": [("D", 4), (None, 16)],
}


@pytest.mark.parametrize("level", LEVELS)
def test_rows_roll_up_to_a_level_and_the_leaves_sum_to_the_total(store: Place, level: str) -> None:
    found = one(counts(store, f"[{{region: {{level: {level}}}}}]", "region { name }"))
    assert found == LEVELS[level]
    assert sum(count for _, count in found) == 20


def test_a_place_that_the_viewer_does_not_see_counts_as_none(store: Place) -> None:
    # `street` sees the cases of c1 (1 to 7, in D and M) and of c2 (10, in QS of another district, which it cannot see).
    by = "[{region: {level: DISTRICT}}]"
    assert one(counts(store, by, "region { name }", viewer="street")) == [("X", 7), (None, 1)]


def test_two_levels_of_one_relation_are_told_apart_by_their_level(store: Place) -> None:
    keys = "c: region(level: CITY) { name } d: region(level: DISTRICT) { name }"
    by = "[{region: {level: CITY}}, {region: {level: DISTRICT}}]"
    answer = grouped(store, by, f"nodes {{ key {{ {keys} }} count }} subtotals {{ key {{ {keys} }} totalled count }}")
    # The districts as above; 19 (N), 18 (G) and 20 (P) stand above that level, each in its own city or none.
    assert [(flat(g["key"]["c"]), flat(g["key"]["d"]), g["count"]) for g in answer["nodes"]] == [
        ("N", "N", 2), ("N", "X", 9), ("N", "Q", 4), ("N", None, 1), ("G", "G", 2), ("G", None, 1), (None, None, 1),
    ]  # fmt: skip
    assert [(flat(g["key"]["c"]), g["totalled"], g["count"]) for g in answer["subtotals"]] == [
        ("N", ["region.DISTRICT"], 16), ("G", ["region.DISTRICT"], 3), (None, ["region.DISTRICT"], 1),
        (None, ["region.CITY", "region.DISTRICT"], 20),
    ]  # fmt: skip


def test_a_key_can_lie_behind_a_relation(store: Place) -> None:
    # Committees by the table: c1 has 1 to 7, c2 has 10, c4 has 16, 17, 18, and c3 the other nine.
    by = "[{committee: {name: true}}]"
    nodes = grouped(store, by, "nodes { key { committee { name type } source } count }")["nodes"]
    assert [(n["key"]["committee"]["name"], n["count"]) for n in nodes] == [("c1", 7), ("c2", 1), ("c3", 9), ("c4", 3)]
    # What is not grouped by prints null, beside a key and behind a relation alike.
    assert {(n["key"]["committee"]["type"], n["key"]["source"]) for n in nodes} == {(None, None)}
    # By the city of the committee, not of the dispute: N has c1, c2 and c3.
    by = "[{committee: {region: {level: CITY}}}]"
    nodes = grouped(store, by, "nodes { key { committee { region { name } } } count }")["nodes"]
    assert [(flat(n["key"]["committee"]["region"]), n["count"]) for n in nodes] == [("N", 17), ("G", 3)]


def test_a_relation_grouped_by_its_id_is_the_row_itself(store: Place) -> None:
    """One identity is one object: whole in every group, and told apart from a value that merely looks like it."""
    asked = "committee { __typename id name type region { name } ... on MediationCommittee { cases { totalCount } } }"
    asked = asked.replace("cases {", "mediationCases {")
    by = "[{committee: {id: true}}, {disputeType: true}]"
    found = grouped(store, by, f"nodes {{ key {{ {asked} }} }} subtotals {{ key {{ {asked} }} totalled count }}")
    rows = [node["key"]["committee"] for node in found["nodes"]]
    whole = {row["id"]: row for row in rows}
    assert all(row == whole[row["id"]] for row in rows)
    assert sorted((r["name"], r["region"]["name"], r["mediationCases"]["totalCount"]) for r in whole.values()) == [
        ("c1", "D", 7), ("c2", "M", 1), ("c3", "N", 9), ("c4", "G", 3)
    ]  # fmt: skip
    assert {(row["__typename"], row["type"] is None) for row in rows} == {("MediationCommittee", False)}
    # Where the id is totalled, nothing has it.
    *ids, total = found["subtotals"]
    assert [(s["key"]["committee"] == whole[s["key"]["committee"]["id"]]) for s in ids] == [True] * 4
    assert (total["key"]["committee"]["__typename"], total["key"]["committee"]["id"]) == (
        "MediationCommitteeGroupKey", None
    )  # fmt: skip


def test_a_relation_grouped_by_other_columns_has_no_identity(store: Place) -> None:
    asked = "committee { __typename id name ... on MediationCommitteeGroupKey { region(level: CITY) { name } } }"
    nodes = grouped(store, "[{committee: {region: {level: CITY}}}]", f"nodes {{ key {{ {asked} }} }}")["nodes"]
    assert [node["key"]["committee"] for node in nodes] == [
        {"__typename": "MediationCommitteeGroupKey", "id": None, "name": None, "region": {"name": name}}
        for name in ("N", "G")
    ]


# --- other keys, orders, conditions, pages ---------------------------------------------------------------------------


def test_keys_of_other_kinds_group_in_their_own_order(store: Place) -> None:
    # NEIGHBOUR 1 2 4 5 7 9 12 14 15 17 19; FAMILY 3 6 10 11 16; DAMAGES 8 13 18 20. Names in the order of the alphabet.
    assert one(counts(store, "[{disputeType: true}]", "disputeType")) == [
        ("DAMAGES", 4), ("FAMILY", 5), ("NEIGHBOUR", 11),
    ]  # fmt: skip
    # Nulls last: 6, 12, 18. Failed: 4, 9, 17.
    assert one(counts(store, "[{outcome: true}]", "outcome")) == [("AGREED", 14), ("FAILED", 3), (None, 3)]
    # Public: 1 to 5. False before true.
    assert one(counts(store, "[{public: true}]", "public")) == [(False, 15), (True, 5)]
    # Numbers by size, 10 after 5: 2 has fifteen cases, all but 2 (3), 7 (4), 5 (5) and 8 (10); 20 - 4 = 16.
    assert one(counts(store, "[{headcount: true}]", "headcount")) == [(2, 16), (3, 1), (4, 1), (5, 1), (10, 1)]
    # Money as text at its scale, by size: 0.00 (7) before 0.05 (10); the large one twice (3, 4); nine without.
    assert one(counts(store, "[{amountClaimed: true}]", "amountClaimed")) == [
        ("0.00", 1), ("0.05", 1), ("0.10", 1), ("0.20", 1), ("1.00", 1), ("2.00", 1), ("7.77", 1), ("100.00", 1),
        ("12345678901.23", 1), ("999999999999.99", 2), (None, 9),
    ]  # fmt: skip
    # Text by code point: "1", "10", "11" … "19", "2", "20", "3".
    found = one(counts(store, "[{title: true}]", "title"))
    assert found[:3] == [("1", 1), ("10", 1), ("11", 1)]
    assert found[10:14] == [("19", 1), ("2", 1), ("20", 1), ("3", 1)]


def test_groups_order_by_numbers_and_keys_with_nulls_where_they_belong(store: Place) -> None:
    def places(order: str) -> list[Any]:
        return [name for name, _ in one(counts(store, f"[{{region: {{level: DISTRICT}}}}], orderBy: {order}",
                                               "region { name }"))]  # fmt: skip

    # Counts: N 2, X 9, Q 4, G 2, none 3; the tie of N and G goes by code.
    assert places("[{count: DESC}]") == ["X", "Q", None, "N", "G"]
    assert places("[{count: ASC}]") == ["N", "G", None, "Q", "X"]
    # Sums of amounts: N 3.00 (14, 15); none 7.77 (18); Q 0.05 (10); G 0.00 (nothing); X the rest.
    assert places("[{sum: {amountClaimed: ASC}}]") == ["G", "Q", "N", None, "X"]
    # Longitudes lie in X alone: the least is null elsewhere, and those stay in the order of their codes.
    assert places("[{min: {longitude: ASC}}]") == ["X", "N", "Q", "G", None]
    assert places("[{min: {longitude: DESC}}]") == ["N", "Q", "G", None, "X"]
    assert places("[{min: {longitude: DESC_NULLS_LAST}}]") == ["X", "N", "Q", "G", None]
    assert places("[{avg: {longitude: ASC_NULLS_FIRST}}]") == ["N", "Q", "G", None, "X"]
    # By another column of the region: names.
    assert places("[{key: {region: {name: ASC}}}]") == ["G", "N", "Q", "X", None]
    assert places("[{key: {region: {name: DESC}}}]") == [None, "X", "Q", "N", "G"]
    # Two orders: no count twice but that of N and G.
    assert places("[{count: ASC}, {key: {region: {code: DESC}}}]") == ["G", "N", None, "Q", "X"]


def test_having_cuts_groups_and_leaves_the_totals_alone(store: Place) -> None:
    def met(having: str) -> list[Any]:
        answer = grouped(store, f"[{{disputeType: true}}], having: {having}",
                         "totalCount nodes { key { disputeType } } subtotals { count }")  # fmt: skip
        assert answer["subtotals"] == [{"count": 20}]
        assert answer["totalCount"] == len(answer["nodes"])
        return [node["key"]["disputeType"] for node in answer["nodes"]]

    # DAMAGES 4, FAMILY 5, NEIGHBOUR 11.
    assert met("{count: {gt: 4}}") == ["FAMILY", "NEIGHBOUR"]
    assert met("{count: {in: [4, 11]}}") == ["DAMAGES", "NEIGHBOUR"]
    # FAMILY claims 999999999999.99 (3) and 0.05 (10).
    assert met('{sum: {amountClaimed: {eq: "1000000000000.04"}}}') == ["FAMILY"]
    # Heads: DAMAGES 10 + 2 + 2 + 2 = 16 over 4 cases; FAMILY 2 each; NEIGHBOUR 2+3+2+5+4+2+2+2+2+2+2 = 28 over 11.
    assert met('{avg: {headcount: {eq: "4"}}}') == ["DAMAGES"]
    assert met('{avg: {headcount: {eq: "2.545455"}}}') == ["NEIGHBOUR"]
    assert met('{max: {concludedOn: {inPeriod: "2027"}}, min: {headcount: {eq: 2}}}') == [
        "DAMAGES", "FAMILY", "NEIGHBOUR",
    ]  # fmt: skip
    # No case is closed: the greatest day is null, which is not 2026-01-01.
    assert met('{max: {closedOn: {eq: "2026-01-01"}}}') == []
    assert met('{max: {closedOn: {neq: "2026-01-01"}}}') == ["DAMAGES", "FAMILY", "NEIGHBOUR"]


def test_pages_of_groups_follow_each_other_to_the_end(store: Place) -> None:
    asked = "totalCount nodes { key { region { name } } count } pageInfo { hasNextPage hasPreviousPage endCursor }"
    found, after = [], ""
    for page in (1, 2, 3):
        answer = grouped(
            store, f"[{{region: {{level: DISTRICT}}}}], orderBy: [{{count: DESC}}], first: 2{after}", asked
        )
        assert (answer["totalCount"], answer["pageInfo"]["hasPreviousPage"]) == (5, page > 1)
        assert answer["pageInfo"]["hasNextPage"] == (page < 3)
        found.append([flat(node["key"]["region"]) for node in answer["nodes"]])
        after = f', after: "{answer["pageInfo"]["endCursor"]}"'
    assert found == [["X", "Q"], [None, "N"], ["G"]]
    nothing = grouped(store, "[{disputeType: true}], first: 0", asked.replace("region { name }", "disputeType"))
    assert (nothing["nodes"], nothing["totalCount"], nothing["pageInfo"]["hasNextPage"]) == ([], 3, True)


# --- what a condition says is filled, rows or not --------------------------------------------------------------------


def filled(store: Place, column: str, condition: str, bucket: str) -> dict[Any, int]:
    """Bucket -> count, of the cases that meet a condition over a column."""
    nodes = store.ask(
        "all",
        f"{{ mediationCases(where: {{{column}: {condition}}}) {{ groupBy(by: [{{{column}: {bucket}}}], fill: true) {{ "
        f"nodes {{ key {{ {column} }} count }} }} }} }}",
    )["data"]["mediationCases"]["groupBy"]["nodes"]
    return {node["key"][column]: node["count"] for node in nodes}


def test_a_period_without_any_case_is_filled_as_well(store: Place) -> None:
    found = filled(store, "concludedOn", '{inPeriod: "2030Q2"}', "{granularity: MONTH}")
    assert found == {"2030-04": 0, "2030-05": 0, "2030-06": 0}
    backward = filled(store, "concludedOn", '{between: ["2030-06-01", "2030-04-01"]}', "{granularity: MONTH}")
    assert backward == {}, "from June to April there is no month"


def test_the_ends_of_the_calendar_are_filled_in_years(store: Place) -> None:
    """No day lies before the first of January of the year 1 or after the last of December 9999, in any zone."""
    found = store.ask(
        "all",
        """{ mediationCases(where: {registeredAt: {between: ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]}}) {
        groupBy(by: [{registeredAt: {granularity: YEAR}}], fill: true) { totalCount } } }""",
    )
    assert found["data"]["mediationCases"]["groupBy"]["totalCount"] == 9999


def test_a_period_of_moments_is_filled_in_the_days_of_the_zone(store: Place) -> None:
    """China's fourth of May begins at noon of the third in New York; an evening in UTC is the next morning in China."""
    day = filled(store, "registeredAt", '{inPeriod: "2026-05-04"}', '{granularity: DAY, timeZone: "America/New_York"}')
    assert day == {"2026-05-03": 0, "2026-05-04": 0}
    ends = '{between: ["2026-05-02T17:00:00Z", "2026-05-03T17:00:00Z"]}'
    assert filled(store, "registeredAt", ends, "{granularity: DAY}") == {"2026-05-03": 2, "2026-05-04": 0}
