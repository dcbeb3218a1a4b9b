"""Scope L by hand (DOMAIN 5.1): what a court, another partner and a mediation centre see of the world, and no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.databases import Kind
from tests.places import Place, place


@pytest.fixture(scope="module")
def world(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as store:
        yield store


def names(world: Place, viewer: str, entity: str) -> set[str]:
    """The rows of an entity that a viewer is shown, by their names in the world."""
    info = world.services.entities[entity]
    nodes = world.ask(viewer, f"{{ {info.plural} {{ nodes {{ id }} }} }}")["data"][info.plural]["nodes"]
    by_id = {f"{info.facts.prefix}_{row['id']}": key.partition(":")[2] for key, row in world.world.named.items()}
    return {by_id[node["id"]] for node in nodes}


SEEN = {
    # The court covers district A: what is filed there, whoever filed it.
    ("court", "MediationCommittee"): {"a1", "a2", "a3"},
    ("court", "Mediator"): {"m1", "m2", "m3", "m5", "m9"},
    ("court", "CourtNotification"): {"n1", "n2"},
    ("court", "PartnerInstitution"): {"court", "dept"},
    # The station covers A3 and B1: two committees are filed there, and it is told of no filing.
    ("part", "MediationCommittee"): {"a3", "b1"},
    ("part", "Mediator"): {"m1", "m5"},
    ("part", "CourtNotification"): set(),
    ("part", "CommitteeFiling"): set(),
    # The centre covers district B, whole and filed or not.
    ("cent", "MediationCommittee"): {"b1", "b2", "b9"},
    ("cent", "CourtNotification"): set(),
}


@pytest.mark.parametrize(("viewer", "entity"), SEEN)
def test_a_partner_sees_what_it_is_linked_to_and_no_more(world: Place, viewer: str, entity: str) -> None:
    assert names(world, viewer, entity) == SEEN[viewer, entity]


def test_the_court_sees_the_filings_of_its_own_notifications_wherever_they_were_filed(world: Place) -> None:
    answer = world.ask("court", "{ committeeFilings { nodes { committee { name } courtNotification { period } } } }")
    told = [node["courtNotification"]["period"] for node in answer["data"]["committeeFilings"]["nodes"]]
    assert sorted(told) == ["2026Q1", "2026Q1", "2026Q2"]


def one(world: Place, viewer: str, field: str, entity: str, name: str, what: str) -> Any:
    key = world.id(entity, name)
    return world.ask(viewer, f'{{ {field}(by: {{id: "{key}"}}) {{ {what} }} }}')["data"][field]


def test_the_court_reads_name_committees_and_grade_of_a_mediator_and_nothing_else(world: Place) -> None:
    what = "id name grade mediatorNo idNumber mobile birthDate education region { name } createdBy { id } createdAt"
    found = one(world, "court", "mediator", "Mediator", "m3", what + " committees { nodes { name } totalCount }")
    assert found["name"]
    assert found["grade"]
    assert found["committees"]["totalCount"] == 1
    hidden = ("mediatorNo", "idNumber", "mobile", "birthDate", "education", "region", "createdBy", "createdAt")
    assert [found[name] for name in hidden] == [None] * len(hidden)
    assert one(world, "part", "mediator", "Mediator", "m1", "name grade")["grade"] is None


def test_another_partner_reads_the_public_columns_of_a_committee_only(world: Place) -> None:
    what = "name type address phone filingStatus sealNo standardized guidingOffice { name } hostUnit { name }"
    found = one(world, "part", "mediationCommittee", "MediationCommittee", "a3", what)
    assert found["name"] is not None
    assert [found[n] for n in ("filingStatus", "sealNo", "standardized", "guidingOffice", "hostUnit")] == [None] * 5


REFUSED = (
    ("court", "mediators(where: {education: {eq: JUNIOR}}) { totalCount }"),
    ("court", 'mediators(where: {mediatorNo: {startsWith: "3"}}) { totalCount }'),
    ("court", "mediators(orderBy: [{birthDate: ASC}]) { totalCount nodes { id } }"),
    ("court", "mediators { groupBy(by: [{sex: true}]) { groups { count } } }"),
    ("court", "mediators { aggregate { max { firstAppointedOn } } }"),
    ("court", 'mediator(by: {mediatorNo: "u1"}) { name }'),
    ("part", "mediators(where: {grade: {eq: ONE}}) { totalCount }"),
    ("part", "mediationCommittees(where: {filingStatus: {eq: FILED}}) { totalCount }"),
    ("part", "mediationCommittees(orderBy: [{sealNo: DESC}]) { nodes { id } }"),
    ("part", "mediatorAppointments(where: {monthlyPay: {gt: 1}}) { totalCount }"),
)


@pytest.mark.parametrize(("viewer", "document"), REFUSED)
def test_what_is_withheld_is_no_condition_order_group_measure_or_key(world: Place, viewer: str, document: str) -> None:
    answer = world.ask(viewer, f"{{ {document} }}")
    assert answer["errors"][0]["extensions"]["code"] in ("BAD_INPUT", "FORBIDDEN")


def test_a_withheld_reference_leads_nowhere_from_either_side(world: Place) -> None:
    """Not asked for, not counted, not looked through: neither with a number nor with none."""
    region = world.id("Region", "A21")
    asked = {
        "region": f'mediators(where: {{region: {{id: {{eq: "{region}"}}}}}}) {{ totalCount }}',
        "below": f'mediators(where: {{region: {{descendantOf: {{id: "{region}"}}}}}}) {{ totalCount }}',
    }
    for document in asked.values():
        [error] = world.ask("court", f"{{ {document} }}")["errors"]
        assert error["extensions"]["code"] == "BAD_INPUT"
    back = world.ask("court", f'{{ region(by: {{id: "{region}"}}) {{ mediators {{ totalCount nodes {{ name }} }} }} }}')
    assert back["data"]["region"]["mediators"] == {"totalCount": 0, "nodes": []}


def test_a_second_role_shows_what_the_first_withholds_on_its_own_rows_only(world: Place) -> None:
    """Roles add up row by row: a court officer who is also with the bureau of B reads B's mediators whole."""
    court, dist = world.viewers["court"], world.viewers["dist2"]
    both = replace(court, reaches={**court.reaches, **dist.reaches})
    nodes = world.ask(both, "{ mediators { nodes { id mediatorNo region { name } } } }")["data"]["mediators"]["nodes"]
    shown = {node["id"]: node for node in nodes}
    own, linked = shown[world.id("Mediator", "m3")], shown[world.id("Mediator", "m1")]
    assert own["mediatorNo"] is not None
    assert own["region"] == {"name": "back\\slash"}
    assert (linked["mediatorNo"], linked["region"]) == (None, None)
