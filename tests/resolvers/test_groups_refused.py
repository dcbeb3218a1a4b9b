"""What cannot be meant by an aggregate or a groupBy is refused with its path, before any statement runs."""

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
    assert answer.get("data") is None, answer
    return answer["errors"][0]["extensions"]["code"], answer["errors"][0]["message"]


DAY, MONTH = "{granularity: DAY}", "{granularity: MONTH}"
# What is wrong, the arguments of a groupBy of cases, what the message says.
GROUPS = [
    ("no key", "by: []", "by"),
    ("no key at all", "", "by"),
    ("a key that is not to be", "by: [{disputeType: false}]", "by[0].disputeType"),
    ("the same as the second key", "by: [{source: true}, {public: false}]", "by[1].public"),
    ("the same behind a relation", "by: [{committee: {type: false}}]", "by[0].committee.type"),
    ("an empty key", "by: [{}]", "one"),
    ("an empty key behind a relation", "by: [{committee: {}}]", "one"),
    ("two keys in one", "by: [{disputeType: true, source: true}]", "one"),
    ("a null key", "by: [{disputeType: null}]", "by[0]"),
    ("the same key twice", "by: [{disputeType: true}, {public: true}, {disputeType: true}]", "by[2]"),
    ("the same far key twice", "by: [{committee: {type: true}}, {committee: {type: true}}]", "by[1]"),
    ("a level twice", "by: [{region: {level: CITY}}, {region: {level: CITY}}]", "by[1]"),
    ("a date twice without names", f"by: [{{concludedOn: {DAY}}}, {{concludedOn: {MONTH}}}]", "by[1]"),
    ("a date twice under one name",
     'by: [{concludedOn: {granularity: DAY, as: "a"}}, {concludedOn: {granularity: YEAR, as: "a"}}]', "by[1]"),
    ("a region without a level", "by: [{region: {}}]", "level"),
    ("a region as such", "by: [{region: true}]", "region"),
    ("a column of a region", "by: [{region: {code: true}}]", "by[0].region"),
    ("a bucket of no date", f"by: [{{disputeType: {DAY}}}]", "disputeType"),
    ("a date as such", "by: [{concludedOn: true}]", "concludedOn"),
    ("a bucket of no size", 'by: [{concludedOn: {timeZone: "UTC"}}]', "granularity"),
    ("an unknown bucket", "by: [{concludedOn: {granularity: DECADE}}]", "DECADE"),
    ("an unknown time zone", 'by: [{registeredAt: {granularity: DAY, timeZone: "Asia/Nanjing"}}]',
     "by[0].registeredAt.timeZone"),
    ("a path as a time zone", 'by: [{registeredAt: {granularity: DAY, timeZone: "../../etc/passwd"}}]',
     "by[0].registeredAt.timeZone"),
    ("no time zone", 'by: [{registeredAt: {granularity: DAY, timeZone: ""}}]', "by[0].registeredAt.timeZone"),
    ("a list as a key, rolled up", "by: [{focusTags: {rollup: STAT}}]", "focusTags"),
    ("too many groups a page", "by: [{source: true}], first: 10001", "10000"),
    ("a negative page", "by: [{source: true}], first: -1", "10000"),
    ("an order by what is not grouped by", "by: [{source: true}], orderBy: [{key: {disputeType: ASC}}]",
     "orderBy[0].key.disputeType"),
    ("the same at the second place", "by: [{source: true}], orderBy: [{count: ASC}, {key: {region: {code: ASC}}}]",
     "orderBy[1].key.region"),
    ("an order behind a region that is no column of it",
     "by: [{region: {level: CITY}}], orderBy: [{key: {region: {parent: {code: ASC}}}}]",
     "orderBy[0].key.region.parent"),
    ("two orders in one", "by: [{source: true}], orderBy: [{count: ASC, sum: {headcount: ASC}}]", "one"),
    ("a null order", "by: [{source: true}], orderBy: [{count: null}]", "orderBy[0]"),
    ("eleven orders", f"by: [{{source: true}}], orderBy: [{', '.join(['{count: ASC}'] * 11)}]", "orderBy"),
    ("a null in having", "by: [{source: true}], having: {count: {eq: null}}", "having.count.eq"),
    ("a null number in having", "by: [{source: true}], having: {count: null}", "having.count"),
    ("a null column in having", "by: [{source: true}], having: {sum: {headcount: null}}", "having.sum.headcount"),
    ("a null deeper in having", "by: [{source: true}], having: {max: {concludedOn: {gte: null}}}",
     "having.max.concludedOn.gte"),
    ("no period in having", 'by: [{source: true}], having: {max: {concludedOn: {inPeriod: "2026-13"}}}', "period"),
    ("an end of between", "by: [{source: true}], having: {count: {between: [1]}}", "having.count.between"),
    ("a sum of a date", 'by: [{source: true}], having: {sum: {concludedOn: {eq: "1"}}}', "concludedOn"),
    ("no cursor", 'by: [{source: true}], after: "x"', "cursor"),
    ("an empty cursor", 'by: [{source: true}], after: ""', "cursor"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "arguments", "said"), GROUPS, ids=[case for case, _, _ in GROUPS])
def test_groups_that_cannot_be_meant_are_refused_where_they_are(
    store: Place, _case: str, arguments: str, said: str
) -> None:
    brackets = f"({arguments})" if arguments else ""
    code, message = refused(store, "all", f"{{ mediationCases {{ groupBy{brackets} {{ nodes {{ count }} }} }} }}")
    assert code == "BAD_INPUT"
    assert said in message


# The types of one variable, where it stands, its value, what the message says.
VARIABLES: list[tuple[str, str, Any, str]] = [
    ("CodeBucket!", "by: [{disputeType: $v}]", False, "by[0].disputeType"),
    ("Boolean!", "by: [{state: $v}]", False, "by[0].state"),
    ("[MediationCaseGroupBy!]!", "by: $v", [{"disputeType": False}], "by[0].disputeType"),
    ("[MediationCaseGroupBy!]!", "by: $v", [], "by"),
    ("[MediationCaseGroupBy!]!", "by: $v", [{"disputeType": True}, {"disputeType": True}], "by[1]"),
    ("MediationCaseGroupBy!", "by: [$v]", {"disputeType": True, "public": True}, "one"),
    ("TimeBucket!", "by: [{registeredAt: $v}]", {"granularity": "DAY", "timeZone": "Mars"}, "timeZone"),
    ("String!", "by: [{registeredAt: {granularity: DAY, timeZone: $v}}]", "Mars/Base", "by[0].registeredAt.timeZone"),
    ("Int", "by: [{source: true}], first: $v", 10_001, "10000"),
    ("MediationCaseHaving", "by: [{source: true}], having: $v", {"count": {"gt": None}}, "having.count.gt"),
    ("[MediationCaseGroupOrderBy!]", "by: [{source: true}], orderBy: $v", [{"key": {"title": "ASC"}}],
     "orderBy[0].key.title"),
    ("String", "by: [{source: true}], after: $v", "莫", "cursor"),
]  # fmt: skip


@pytest.mark.parametrize(("gtype", "arguments", "value", "said"), VARIABLES)
def test_variables_are_looked_at_as_closely(store: Place, gtype: str, arguments: str, value: Any, said: str) -> None:
    document = f"query($v: {gtype}) {{ mediationCases {{ groupBy({arguments}) {{ nodes {{ count }} }} }} }}"
    code, message = refused(store, "all", document, {"v": value})
    assert code == "BAD_INPUT"
    assert said in message


# Somebody who may read cases and mediators with masks, and what touches a masked column.
MASKED = [
    ("as a key", "mediators { groupBy(by: [{birthDate: {granularity: YEAR}}]) { totalCount } }", "by[0].birthDate"),
    ("as a plain key", "mediators { groupBy(by: [{politicalStatus: true}]) { totalCount } }", "by[0].politicalStatus"),
    ("as a far key",
     "mediatorAppointments { groupBy(by: [{mediator: {birthDate: {granularity: DAY}}}]) { totalCount } }",
     "by[0].mediator.birthDate"),
    ("as a measure", "mediators { aggregate { min { birthDate } } }", "birthDate"),
    ("as a measure of groups", "mediators { groupBy(by: [{sex: true}]) { nodes { max { birthDate } } } }", "birthDate"),
    ("as a measure of totals", "mediators { groupBy(by: [{sex: true}]) { subtotals { max { birthDate } } } }",
     "birthDate"),
    ("as a number of values", "mediators { aggregate { countDistinct { birthDate } } }", "birthDate"),
    ("in having", 'mediators { groupBy(by: [{sex: true}], having: {max: {birthDate: {gt: "2000-01-01"}}})'
     " { totalCount } }", "having.max.birthDate"),
    ("in an order of groups", "mediators { groupBy(by: [{sex: true}], orderBy: [{min: {birthDate: ASC}}])"
     " { totalCount } }", "orderBy[0].min.birthDate"),
    ("in the numbers of a list",
     "mediationCommittees(where: {mediators: {aggregate: {max: {birthDate: {isNull: true}}}}})"
     " { totalCount }", "where.mediators.aggregate.max.birthDate"),
    ("in an order by a list", "mediationCommittees(orderBy: [{mediators: {max: {birthDate: ASC}}}]) { totalCount }",
     "orderBy[0].mediators.max.birthDate"),
    ("in text", "mediationCases { groupBy(by: [{placeText: true}]) { totalCount } }", "by[0].placeText"),
    ("in a nested list", "mediationCommittees { nodes { mediators { groupBy(by: [{birthDate: {granularity: DAY}}])"
     " { totalCount } } } }", "by[0].birthDate"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "field", "said"), MASKED, ids=[case for case, _, _ in MASKED])
def test_a_masked_column_tells_nothing_in_numbers_either(store: Place, _case: str, field: str, said: str) -> None:
    code, message = refused(store, "street", f"{{ {field} }}")
    assert code == "BAD_INPUT"
    assert said in message


COUNTS_ONLY = [
    ("nodes", "mediationCases { nodes { id } }", "FORBIDDEN", ""),
    ("edges", "mediationCases { edges { cursor } }", "FORBIDDEN", ""),
    ("rows of a group", "mediationCases { groupBy(by: [{public: true}]) { nodes { rows { totalCount } } } }",
     "FORBIDDEN", ""),
    ("a text as a key", "mediationCases { groupBy(by: [{title: true}]) { totalCount } }", "BAD_INPUT", "by[0].title"),
    ("a number as a key", "mediationCases { groupBy(by: [{public: true}, {headcount: true}]) { totalCount } }",
     "BAD_INPUT", "by[1].headcount"),
    ("an id as a key", "mediationCases { groupBy(by: [{id: true}]) { totalCount } }", "BAD_INPUT", "by[0].id"),
    ("a moment as a key", f"mediationCases {{ groupBy(by: [{{registeredAt: {DAY}}}]) {{ totalCount }} }}",
     "BAD_INPUT", "by[0].registeredAt"),
    ("a relation as a key", "mediationCases { groupBy(by: [{committee: {name: true}}]) { totalCount } }",
     "BAD_INPUT", "by[0].committee"),
    ("a condition on a number", "mediationCases(where: {headcount: {gt: 5}}) { aggregate { count } }",
     "BAD_INPUT", "where.headcount"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "field", "expected", "said"), COUNTS_ONLY, ids=[c for c, *_ in COUNTS_ONLY])
def test_who_may_only_count_gets_no_rows_and_no_keys_but_dimensions(
    store: Place, _case: str, field: str, expected: str, said: str
) -> None:
    code, message = refused(store, "counts", f"{{ {field} }}")
    assert code == expected
    assert said in message


# --- cursors ---------------------------------------------------------------------------------------------------------

BY = "by: [{region: {level: DISTRICT}}]"
ASKED = "{ nodes { count } edges: nodes { count } pageInfo { endCursor } }"


def cursor(store: Place, groups: str, where: str = "", viewer: str = "all") -> str:
    """The cursor at the end of the first page of some groups."""
    answer = store.ask(
        viewer, f"{{ mediationCases{where} {{ groupBy({groups}, first: 1) {{ pageInfo {{ endCursor }} }} }} }}"
    )
    return str(answer["data"]["mediationCases"]["groupBy"]["pageInfo"]["endCursor"])


FOREIGN = [
    ("other keys", "by: [{disputeType: true}]", "", "all"),
    ("another level", "by: [{region: {level: CITY}}]", "", "all"),
    ("another condition over groups", f"{BY}, having: {{count: {{gt: 0}}}}", "", "all"),
    ("another order", f"{BY}, orderBy: [{{count: DESC}}]", "", "all"),
    ("another condition over rows", BY, "(where: {public: {eq: false}})", "all"),
    ("other groups, filled", f"{BY}, fill: true", "", "all"),
    ("another viewer", BY, "", "other"),
]


@pytest.mark.parametrize(("_case", "groups", "where", "viewer"), FOREIGN, ids=[case for case, *_ in FOREIGN])
def test_a_cursor_of_other_groups_is_no_cursor(store: Place, _case: str, groups: str, where: str, viewer: str) -> None:
    mine, foreign = cursor(store, BY), cursor(store, groups, where, viewer)
    document = '{{ mediationCases {{ groupBy({}, first: 2, after: "{}") {{ nodes {{ count }} }} }} }}'
    assert "errors" not in store.ask("all", document.format(BY, mine))
    assert refused(store, "all", document.format(BY, foreign))[0] == "BAD_INPUT"


def test_a_cursor_of_rows_or_with_another_letter_is_no_cursor_of_groups(store: Place) -> None:
    document = '{{ mediationCases {{ groupBy({}, after: "{}") {{ nodes {{ count }} }} }} }}'
    answer = store.ask("all", "{ mediationCases(first: 1) { pageInfo { endCursor } } }")
    row = answer["data"]["mediationCases"]["pageInfo"]["endCursor"]
    assert refused(store, "all", document.format(BY, row))[0] == "BAD_INPUT"
    mine = cursor(store, BY)
    for n in range(0, len(mine), 7):
        forged = mine[:n] + ("A" if mine[n] != "A" else "B") + mine[n + 1 :]
        assert refused(store, "all", document.format(BY, forged))[0] == "BAD_INPUT"
    # And the other way round: a cursor of groups opens no page of rows.
    code, _ = refused(store, "all", f'{{ mediationCases(first: 1, after: "{mine}") {{ nodes {{ id }} }} }}')
    assert code == "BAD_INPUT"


def test_rows_of_a_group_page_by_their_own_cursors_only(store: Place) -> None:
    document = "{{ mediationCases {{ groupBy(by: [{{disputeType: true}}], first: 1) {{ nodes {{ {} }} }} }} }}"
    for arguments in ("first: 10001", "first: -1", 'after: "x"', f'after: "{cursor(store, BY)}"'):
        rows = f"rows({arguments}) {{ nodes {{ id }} }}"
        assert refused(store, "all", document.format(rows))[0] == "BAD_INPUT"


def test_more_groups_than_an_answer_may_have_are_refused_before_they_are_made(store: Place) -> None:
    where = '(where: {concludedOn: {between: ["1900-01-01", "2199-12-31"]}})'
    document = f"{{ mediationCases{where} {{ groupBy(by: [{{concludedOn: {DAY}}}], fill: true) {{ totalCount }} }} }}"
    # Three hundred years have 109,573 days.
    assert refused(store, "all", document)[0] == "TOO_EXPENSIVE"


def test_buckets_that_lie_beyond_what_is_counted_out_are_too_many_and_not_left_away(store: Place) -> None:
    """10,000 days are answered, a day more is refused, though every case lies within the first of them."""
    document = """query ($last: Date!) { mediationCases(where: {concludedOn: {between: ["2024-01-01", $last]}}) {
        groupBy(by: [{concludedOn: {granularity: DAY}}], fill: true) { totalCount } } }"""
    answer = store.ask("all", document, {"last": "2051-05-18"})
    assert answer["data"]["mediationCases"]["groupBy"]["totalCount"] == 10_000
    assert refused(store, "all", document, {"last": "2051-05-19"})[0] == "TOO_EXPENSIVE"
    assert refused(store, "all", document, {"last": "2190-01-01"})[0] == "TOO_EXPENSIVE"
