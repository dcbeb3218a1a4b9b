"""No question leads over what may not be read: not one list of which a viewer may read no row is told to be empty."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from db.entity_info import EntityInfo, Relation
from db.registry import registry
from tests.databases import Kind
from tests.detours import detours
from tests.places import Place, place
from tests.reference import Reference, read_rows
from tests.world import TODAY, rows, viewers

VIEWERS = sorted(viewers(rows()))


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as opened:
        yield opened


@pytest.fixture(scope="module")
def reference(store: Place) -> Reference:
    """Which relations a question may lead over, said once more."""
    return Reference(registry(), read_rows(store), TODAY)


def relations(reference: Reference, viewer: str, store: Place) -> Iterator[tuple[EntityInfo, Relation]]:
    """Every relation of what the viewer may read rows of."""
    for info in reference.entities.values():
        if reference.readers(info, store.viewers[viewer]):
            yield from ((info, relation) for relation in info.relations.values())


def codes(store: Place, viewer: str, document: str) -> list[str]:
    """The codes of the refusal, none of an answer."""
    answer = store.ask(viewer, document)
    assert not (answer.get("errors") and any((answer.get("data") or {}).values()))
    return [error["extensions"]["code"] for error in answer.get("errors") or ()]


@pytest.mark.parametrize("viewer", VIEWERS)
def test_every_relation_is_refused_in_every_place_where_it_leads_to_nothing_one_may_read(
    store: Place, reference: Reference, viewer: str
) -> None:
    for info, relation in relations(reference, viewer, store):
        ways = list(detours(reference.entities[relation.target], info, relation))
        barred = reference.barred(relation, store.viewers[viewer])
        if barred is None:
            assert not [way for way in ways[:1] if codes(store, viewer, way)], "what may be read is no less answered"
        else:
            assert not [way for way in ways if codes(store, viewer, way) != [barred]]


COUNTED = [
    ("none of its rows", "mediationCommittees(where: {mediationCases: {none: {}}}) { totalCount }"),
    ("some of its rows", "mediationCommittees(where: {mediationCases: {some: {}}}) { totalCount }"),
    ("every one of them",
     "mediationCommittees(where: {mediationCases: {every: {outcome: {eq: FAILED}}}}) { totalCount }"),
    ("their number", "mediationCommittees(where: {mediationCases: {count: {eq: 0}}}) { totalCount }"),
    ("their sum",
     'mediationCommittees(where: {mediationCases: {aggregate: {sum: {amountClaimed: {eq: "0"}}}}}) { totalCount }'),
    ("behind not", "mediationCommittees(where: {not: {mediationCases: {some: {}}}}) { totalCount }"),
    ("in one of several", "mediationCommittees(where: {or: [{mediationCases: {none: {}}}]}) { totalCount }"),
    ("two relations away",
     "regions(where: {mediationCommittees: {some: {mediationCases: {none: {}}}}}) { totalCount }"),
    ("an order by their number", "mediationCommittees(orderBy: [{mediationCases: {count: DESC}}]) { nodes { id } }"),
    ("an order by their sum",
     "mediationCommittees(orderBy: [{mediationCases: {sum: {amountClaimed: DESC}}}]) { nodes { id } }"),
    ("an order by their last day",
     "mediationCommittees(orderBy: [{mediationCases: {max: {concludedOn: ASC}}}]) { nodes { id } }"),
    ("in a list below a row",
     "regions { nodes { mediationCommittees(where: {mediationCases: {none: {}}}) { totalCount } } }"),
    ("in the rows of a group",
     "mediationCommittees(where: {mediationCases: {none: {}}}) { groupBy(by: [{type: true}]) { totalCount } }"),
]  # fmt: skip


@pytest.mark.parametrize("viewer", ["city", "prov"])
@pytest.mark.parametrize(("_case", "field"), COUNTED, ids=[case for case, _ in COUNTED])
def test_who_may_only_count_cases_is_not_told_that_there_are_none(
    store: Place, _case: str, field: str, viewer: str
) -> None:
    answer = store.ask(viewer, f"{{ {field} }}")
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "mediationCases" in error["message"]
    assert not any((answer.get("data") or {}).values())
    assert store.ask("dist", f"{{ {field} }}").get("errors") is None, "who reads them may ask"


def test_nothing_at_all_and_numbers_only_are_told_alike(store: Place) -> None:
    """The court may know nothing of cases, the city their number: neither refusal tells which it is."""

    def told(viewer: str) -> Any:
        return store.ask(viewer, "{ mediationCommittees(where: {mediationCases: {none: {}}}) { totalCount } }")[
            "errors"
        ]

    assert told("court") == told("city")


def test_one_who_may_only_count_hosts_orders_and_groups_no_committee_by_them(store: Place) -> None:
    for field in (
        "mediationCommittees(where: {hostUnit: {id: {isNull: true}}}) { totalCount }",
        "mediationCommittees(orderBy: [{hostUnit: {name: ASC}}]) { nodes { id } }",
        "mediationCommittees { groupBy(by: [{hostUnit: {kind: true}}]) { nodes { count } } }",
    ):
        assert codes(store, "prov", f"{{ {field} }}") == ["FORBIDDEN"]
        assert codes(store, "dist", f"{{ {field} }}") == []


def test_an_order_of_what_one_may_only_count_is_refused(store: Place) -> None:
    """There are no rows that it could order, and a mistake is told, not passed over."""
    assert codes(store, "city", "{ mediationCases(orderBy: [{concludedOn: ASC}]) { totalCount } }") == ["BAD_INPUT"]
