"""Conditions, orders and pages: every operator over every kind of value, and everything that is refused."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from db.registry import registry
from resolvers.periods import days_of
from tests.databases import Kind
from tests.places import Place, place
from tests.reference import Ask, Reference, periods_of, read_rows
from tests.strategies import LISTS, MODES, OPERATORS, Document
from tests.world import TODAY

# A column of every kind with nulls where the kind allows them, and who may ask about it.
COLUMNS = {
    "id": ("Region", "id", "sys"), "text": ("HostUnit", "creditCode", "city"), "int": ("Region", "population", "sys"),
    "decimal": ("MediationCommittee", "longitude", "prov"), "bool": ("Region", "remote", "sys"),
    "date": ("Region", "populationOn", "sys"), "datetime": ("UserAccount", "lockedUntil", "sys"),
    "enum": ("Region", "urbanRuralCode", "sys"), "enums": ("OrgUnit", "keyFunctions", "prov"),
}  # fmt: skip
CASES = [(kind, operator) for kind, operators in OPERATORS.items() for operator in operators]


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as opened:
        yield opened


@pytest.fixture(scope="module")
def reference(store: Place) -> Reference:
    """The answers over its rows."""
    return Reference(registry(), read_rows(store), TODAY)


def values_for(kind: str, operator: str, stored: list[Any]) -> list[Any]:
    """Values of an operator that are met by some rows, by all and by none."""
    some = stored[len(stored) // 2]
    match operator:
        case "isNull":
            return [True, False]
        case "inPeriod":
            return sorted(periods_of(some))
        case "between":
            return [[min(stored), some], [some, min(stored)], [some, some]]
        case "contains" | "startsWith" | "endsWith":
            return ["", some, some[:1], some[-1:], "%", "_", some.upper() + "x"]
    if operator in LISTS:
        return [[], [some], stored[:3], [some, some]]
    extra = (
        [decimal.Decimal("116.0000004"), decimal.Decimal(10) ** 19, -(decimal.Decimal(10) ** 19)]
        if kind == "decimal"
        else []
    )
    return [some, stored[0], *extra]


@pytest.mark.parametrize(("kind", "operator"), CASES)
def test_an_operator_and_its_complement_part_the_rows_as_the_reference_does(
    store: Place, reference: Reference, kind: str, operator: str
) -> None:
    entity, name, viewer = COLUMNS[kind]
    info = registry()[entity]
    column = info.public_fields[name]
    known = sorted(
        {str(v): v for r in reference.rows[entity] if (v := reference.value(entity, column, r)) is not None}.items()
    )
    stored = [f"{info.facts.prefix}_{v}" if kind == "id" else v for _, v in known]
    stored = sorted({item for items in stored for item in items}) if kind == "enums" else stored
    everyone = [row for row in reference.rows[entity] if reference.visible(entity, row, store.viewers[viewer])]
    for value in values_for(kind, operator, stored):
        met = []
        for where in ({name: {operator: value}}, {"not": {name: {operator: value}}}):
            ask = Ask(entity, ["id"], where=where)
            for mode in MODES:
                document = Document(registry(), mode)
                answer = store.ask(viewer, document.text(ask), document.variables)
                assert answer.get("errors") is None
                assert answer["data"][info.plural] == reference.answer(ask, store.viewers[viewer]), (mode, where)
            met.append(answer["data"][info.plural]["totalCount"])
        assert sum(met) == len(everyone)


def test_a_row_whose_region_is_invisible_stands_nowhere(store: Place, reference: Reference) -> None:
    """Mediator m3 serves a1 but is registered in district B, which the clerk of a1 does not see."""
    nation, m3 = {"region": {"descendantOf": {"path": "/"}}}, store.id("Mediator", "m3")
    for viewer in store.viewers:
        for where in (nation, {"not": nation}, {"region": {"id": {"isNull": True}}}):
            ask = Ask("Mediator", ["id"], where=where)
            told = store.ask(viewer, Document(registry()).text(ask))
            barred = reference.barred(registry()["Mediator"].relations["region"], store.viewers[viewer])
            if barred is not None:
                assert [error["extensions"]["code"] for error in told["errors"]] == [barred]
                continue
            answer = told["data"]["mediators"]
            assert answer == reference.answer(ask, store.viewers[viewer])
            assert viewer != "comm" or ({"id": m3} in answer["nodes"]) == (where is not nation)


# --- refusals ------------------------------------------------------------------------------------------------------

MANY, LONG = ", ".join(['"1"'] * 1001), "x" * 1001
REFUSED = [
    ("a null operator", "dist", "mediationCommittees(where: {name: {eq: null}})", "where.name.eq"),
    ("a null field", "dist", "mediationCommittees(where: {name: null})", "where.name"),
    ("a null relation", "dist", "mediationCommittees(where: {region: null})", "where.region"),
    ("a null quantifier", "dist", "mediationCommittees(where: {mediators: {some: null}})", "where.mediators.some"),
    ("a null count", "dist", "mediationCommittees(where: {mediators: {count: {eq: null}}})",
     "where.mediators.count.eq"),
    ("a null below a relation", "dist", "mediationCommittees(where: {region: {name: {in: null}}})",
     "where.region.name.in"),
    ("null in and", "dist", "mediationCommittees(where: {and: null})", "where.and"),
    ("nothing in and", "dist", "mediationCommittees(where: {and: []})", "where.and"),
    ("{} in and", "dist", "mediationCommittees(where: {and: [{name: {eq: \"x\"}}, {}]})", "where.and[1]"),
    ("{} in or", "dist", "mediationCommittees(where: {or: [{}]})", "where.or[0]"),
    ("{} in not", "dist", "mediationCommittees(where: {not: {}})", "where.not"),
    ("a null descendantOf", "dist", "mediationCommittees(where: {region: {descendantOf: null}})",
     "where.region.descendantOf"),
    ("one end of between", "dist", "regions(where: {population: {between: [1]}})", "where.population.between"),
    ("three ends of between", "dist", "regions(where: {population: {between: [1, 2, 3]}})", "where.population.between"),
    ("too many values", "dist", f"regions(where: {{code: {{in: [{MANY}]}}}})", "where.code.in"),
    ("a condition on a masked column", "prov", "mediators(where: {birthDate: {isNull: true}})", "where.birthDate"),
    ("the same below or", "audt", "mediators(where: {or: [{politicalStatus: {eq: MASSES}}]})",
     "where.or[0].politicalStatus"),
    ("the same below not", "audt", "mediators(where: {not: {birthDate: {eq: \"2000-01-01\"}}})", "where.not.birthDate"),
    ("the same through a relation", "prov",
     "mediationCommittees(where: {mediators: {some: {birthDate: {isNull: true}}}})", "where.mediators.some.birthDate"),
    ("the same through a reference", "offc", "mediatorAppointments(where: {mediator: {birthDate: {isNull: true}}})",
     "where.mediator.birthDate"),
    ("an order by a masked column", "prov", "mediators(orderBy: [{name: ASC}, {birthDate: ASC}])",
     "orderBy[1].birthDate"),
    ("the same through a reference", "prov", "mediatorAppointments(orderBy: [{mediator: {birthDate: ASC}}])",
     "orderBy[0].mediator.birthDate"),
    ("the same where one role of two masks", "mix", "mediationCases(where: {placeText: {eq: \"x\"}})",
     "where.placeText"),
    ("no dimension for who only counts", "prov", "mediationCases(where: {headcount: {gt: 5}})", "where.headcount"),
    ("no relation for who only counts", "prov", "mediationCases(where: {committee: {name: {eq: \"x\"}}})",
     "where.committee"),
    ("an id for who only counts", "prov", "mediationCases(where: {id: {eq: \"cs_1\"}})", "where.id"),
    ("eleven keys of an order", "dist", f"regions(orderBy: [{', '.join(['{name: ASC}'] * 11)}])", "orderBy"),
    ("first too large", "dist", "regions(first: 10001)", "10000"),
    ("first below zero", "dist", "regions(first: -1)", "10000"),
    ("last too large", "dist", "regions(last: 10001)", "10000"),
    ("offset below zero", "dist", "regions(offset: -1)", "offset"),
    ("first and last", "dist", "regions(first: 1, last: 1)", "last"),
    ("after and before", "dist", "regions(after: \"x\", before: \"x\")", "before"),
    ("offset and a cursor", "dist", "regions(offset: 1, after: \"x\")", "offset"),
    ("offset and last", "dist", "regions(offset: 1, last: 1)", "offset"),
    ("no cursor", "dist", "regions(after: \"x\")", "cursor"),
    ("no cursor either", "dist", "regions(before: \"莫\")", "cursor"),
    ("an empty cursor", "dist", "regions(after: \"\")", "cursor"),
    ("no period", "dist", "regions(where: {validFrom: {inPeriod: \"2026-13\"}})", "period"),
    ("no period either", "dist", "regions(where: {createdAt: {inPeriod: \"\"}})", "period"),
    ("NUL in a condition", "dist", "regions(where: {name: {eq: \"a\\u0000b\"}})", "character"),
    ("NUL in a list", "dist", "regions(where: {name: {in: [\"\\u0000\"]}})", "character"),
    ("NUL in a key", "dist", "regions(where: {descendantOf: {code: \"\\u0000\"}})", "character"),
    ("a text too long", "dist", f'regions(where: {{name: {{contains: "{LONG}"}}}})', "1000"),
    ("two keys", "dist", "regions(where: {descendantOf: {code: \"1\", path: \"/\"}})", "one"),
    ("no key", "dist", "regions(where: {descendantOf: {}})", "one"),
    ("two fields in an order", "dist", "regions(orderBy: [{name: ASC, code: ASC}])", "one"),
    ("no field in an order", "dist", "regions(orderBy: [{}])", "one"),
    ("no day", "dist", "regions(where: {validFrom: {eq: \"2026-02-30\"}})", "day"),
    ("no moment", "dist", "regions(where: {createdAt: {eq: \"yesterday\"}})", "DateTime"),
    ("a moment before all moments", "dist", "regions(where: {createdAt: {gt: \"0001-01-01T00:00:00+08:00\"}})",
     "DateTime"),
    ("no decimal", "prov", "mediationCommittees(where: {longitude: {eq: \"NaN\"}})", "Decimal"),
    ("a condition on an encrypted column", "dist", "mediators(where: {mobile: {eq: \"1\"}})", "mobile"),
    ("an order by an encrypted column", "dist", "mediators(orderBy: [{idNumber: ASC}])", "idNumber"),
    ("an order by a document", "sys", "auditLogs(orderBy: [{before: ASC}])", "before"),
    ("a field that is not there", "dist", "regions(where: {passwordHash: {eq: \"x\"}})", "passwordHash"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "viewer", "field", "said"), REFUSED)
def test_what_cannot_be_meant_is_refused_and_says_where(
    store: Place, _case: str, viewer: str, field: str, said: str
) -> None:
    rows = viewer == "prov" and field.startswith("mediationCases")
    answer = store.ask(
        viewer, f"{{ {field} {{ {'totalCount' if rows else 'nodes { id } pageInfo { hasNextPage }'} }} }}"
    )
    assert answer.get("data") is None
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_INPUT"}
    assert said in answer["errors"][0]["message"]


@pytest.mark.parametrize(
    ("gtype", "argument", "value", "said"),
    [
        ("String", "where: {name: {eq: $v}}", None, "where.name.eq"),
        ("StringWhere", "where: {name: $v}", {"eq": None}, "where.name.eq"),
        ("RegionWhere", "where: $v", {"or": [{}]}, "where.or[0]"),
        ("RegionWhere", "where: $v", {"not": {"code": None}}, "where.not.code"),
        ("Boolean", "where: {remote: {isNull: $v}}", None, "where.remote.isNull"),
        ("[String!]", "where: {name: {in: $v}}", None, "where.name.in"),
        ("Int", "first: $v", 10001, "10000"),
        ("Int", "offset: $v", -1, "offset"),
        ("String", "after: $v", "AAAA", "cursor"),
        ("String", "where: {validFrom: {inPeriod: $v}}", "2026-5", "period"),
        ("String", "where: {name: {startsWith: $v}}", "\0", "character"),
        ("[RegionOrderBy!]", "orderBy: $v", [{"name": None}], "exactly one field"),
        ("RegionBy", "where: {childOf: $v}", {"code": None}, "code"),
    ],
)  # fmt: skip
def test_a_variable_is_refused_like_a_literal_after_the_document_is_known(
    store: Place, gtype: str, argument: str, value: Any, said: str
) -> None:
    document = f"query($v: {gtype}) {{ regions({argument}) {{ nodes {{ id }} }} }}"
    for _ in range(2):
        answer = store.ask("dist", document, {"v": value})
        assert answer.get("data") is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]
        assert said in answer["errors"][0]["message"]


def test_what_is_left_out_or_empty_is_no_condition(store: Place) -> None:
    plain = store.body("dist", "{ regions { totalCount nodes { id } } }")
    for arguments in (
        "where: {}",
        "where: {name: {}}",
        "where: null",
        "orderBy: []",
        "first: null",
        "where: {code: {notIn: []}}",
    ):
        assert store.body("dist", f"{{ regions({arguments}) {{ totalCount nodes {{ id }} }} }}") == plain
    document = "query($w: RegionWhere, $n: Int) { regions(where: $w, first: $n) { totalCount nodes { id } } }"
    assert store.body("dist", document) == plain


def test_messages_are_chinese_unless_english_is_asked_for(store: Place) -> None:
    body = store.body("dist", "{ regions(where: {name: null}) { totalCount } }", english=False)
    assert "where.name 不能为 null。".encode() in body


# --- cursors -------------------------------------------------------------------------------------------------------


def end_of(store: Place, viewer: str, arguments: str, entity: str = "regions") -> str:
    """The cursor of the last row of a first page."""
    answer = store.ask(viewer, f"{{ {entity}({arguments}) {{ pageInfo {{ endCursor }} }} }}")
    return str(answer["data"][entity]["pageInfo"]["endCursor"])


@pytest.mark.parametrize(
    ("_case", "viewer", "field"),
    [
        ("of another viewer", "dist2", "regions(orderBy: [{name: ASC}], first: 2, after: $c)"),
        ("of another order", "dist", "regions(orderBy: [{name: DESC}], first: 2, after: $c)"),
        ("of no order", "dist", "regions(first: 2, after: $c)"),
        ("of another condition", "dist", "regions(orderBy: [{name: ASC}], where: {remote: {eq: true}}, after: $c)"),
        ("of another entity", "dist", "orgUnits(orderBy: [{name: ASC}], first: 2, after: $c)"),
    ],
)
def test_a_cursor_serves_only_the_list_it_came_from(store: Place, _case: str, viewer: str, field: str) -> None:
    cursor = end_of(store, "dist", "orderBy: [{name: ASC}], first: 2")
    answer = store.ask(viewer, f"query($c: String) {{ {field} {{ nodes {{ id }} }} }}", {"c": cursor})
    assert answer["data"] is None
    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert "cursor" in answer["errors"][0]["message"]


def test_a_cursor_with_one_character_changed_is_refused(store: Place) -> None:
    cursor = end_of(store, "dist", "orderBy: [{name: ASC}], first: 2")
    document = "query($c: String) { regions(orderBy: [{name: ASC}], first: 2, after: $c) { nodes { id } } }"
    assert store.ask("dist", document, {"c": cursor})["data"]["regions"]["nodes"]
    for i in range(0, len(cursor) - 1, 3):
        forged = cursor[:i] + ("A" if cursor[i] != "A" else "B") + cursor[i + 1 :]
        assert store.ask("dist", document, {"c": forged})["data"] is None
    for forged in (cursor[:-2], cursor[16:], cursor * 2, cursor[:16]):
        assert store.ask("dist", document, {"c": forged})["data"] is None


def test_the_size_of_a_page_and_the_way_of_asking_may_change_between_pages(store: Place) -> None:
    cursor = end_of(store, "dist", 'orderBy: [{name: ASC}], where: {code: {startsWith: "32"}}, first: 2')
    ask = """query($c: String, $w: RegionWhere, $o: [RegionOrderBy!]) {
      regions(orderBy: $o, where: $w, first: 1, after: $c) { nodes { name } }
    }"""
    variables = {"c": cursor, "o": [{"name": "ASC"}], "w": {"code": {"startsWith": "32"}}}
    whole = store.ask(
        "dist", '{ regions(orderBy: [{name: ASC}], where: {code: {startsWith: "32"}}) { nodes { name } } }'
    )
    assert store.ask("dist", ask, variables)["data"]["regions"]["nodes"] == whole["data"]["regions"]["nodes"][2:3]


@pytest.mark.parametrize(
    ("arguments", "count", "before", "after", "ends"),
    [("first: 0", 0, False, True, False), ("last: 0", 0, True, False, False), ("first: 3", 3, False, True, True),
     ("last: 3", 3, True, False, True), ("first: 10000", 9, False, False, True), ("offset: 0, first: 1", 1, False,
      True, True),
     ("offset: 8", 1, True, False, True), ("offset: 9", 0, True, False, False)],
)  # fmt: skip
def test_page_info_tells_what_lies_around_a_page(
    store: Place, arguments: str, count: int, before: bool, after: bool, ends: bool
) -> None:
    answer = store.ask(
        "offc",
        f'{{ regions(where: {{path: {{startsWith: "/32/01/"}}}}, {arguments}) {{'
        "nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount } }",
    )
    page = answer["data"]["regions"]
    info = page["pageInfo"]
    assert (len(page["nodes"]), info["hasPreviousPage"], info["hasNextPage"]) == (count, before, after)
    assert (info["startCursor"] is not None, info["endCursor"] is not None) == (ends, ends)


# --- periods -------------------------------------------------------------------------------------------------------


def test_every_day_lies_in_exactly_the_periods_that_name_it() -> None:
    for offset in range(0, 2200):
        day = dt.date(2024, 12, 25) + dt.timedelta(offset)
        for period in periods_of(day):
            first, after = days_of(period)
            assert first <= day < after
