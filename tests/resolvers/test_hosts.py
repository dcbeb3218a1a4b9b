"""Which host units have a committee (BR-11): a column that is computed of their committees, counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.databases import WITH_WALL, Kind
from tests.places import Place, place
from tests.resolvers.twenty import key, readers, twenty
from tests.world import Rows

KINDS = WITH_WALL
# committee: the unit that hosts it, its state, its filing
HOSTED = {
    "c1": ("h1", "ACTIVE", "FILED"), "c2": ("h2", "ACTIVE", "UNFILED"), "c3": ("h3", "RECTIFYING", "FILED"),
    "c4": ("h1", "ACTIVE", "UNFILED"), "c5": ("h5", "ACTIVE", "FILED"),
}  # fmt: skip


def hosts() -> Rows:
    """The country of the twenty cases with five host units in M; c5, of h5, lies in Q."""
    world = twenty()
    for n in range(1, 6):
        region = world.key("Region", "M")
        world.add("HostUnit", f"h{n}", id=key(700 + n), name=f"h{n}", region_id=region, status="ACTIVE")
    for row in world.by_entity["MediationCommittee"]:
        host, status, filed = HOSTED[row["name"]]
        row |= {"host_unit_id": world.key("HostUnit", host), "status": status, "filing_status": filed}
    later = ("MediationCommittee", "MediationCase")  # they refer to the hosts
    for entity in later:
        world.by_entity[entity] = world.by_entity.pop(entity)
    return world


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The host units on one kind of database."""
    with place(migrated_database(database_kind), hosts(), readers()) as opened:
        yield opened


def asked(store: Place, arguments: str, wanted: str, viewer: str = "all") -> Any:
    """What the list of host units answers."""
    answer = store.ask(viewer, f"{{ hostUnits{arguments} {{ {wanted} }} }}")
    assert "errors" not in answer, answer
    return answer["data"]["hostUnits"]


def test_a_host_has_a_committee_where_a_filed_one_works(store: Place) -> None:
    """h1: one of two. h2: not filed. h3: not working. h4: none. h5: one."""
    nodes = asked(store, "(orderBy: [{name: ASC}])", "nodes { name hasCommittee }")["nodes"]
    assert [(node["name"], node["hasCommittee"]) for node in nodes] == [
        ("h1", True), ("h2", False), ("h3", False), ("h4", False), ("h5", True),
    ]  # fmt: skip
    assert asked(store, "(where: {hasCommittee: {eq: false}})", "totalCount") == {"totalCount": 3}
    grouped = asked(store, "", "groupBy(by: [{hasCommittee: true}]) { nodes { key { hasCommittee } count } }")
    assert [(n["key"]["hasCommittee"], n["count"]) for n in grouped["groupBy"]["nodes"]] == [(False, 3), (True, 2)]
    first = asked(store, "(orderBy: [{hasCommittee: DESC}, {name: DESC}], first: 1)", "nodes { name }")
    assert first == {"nodes": [{"name": "h5"}]}


def test_it_is_computed_of_the_committees_that_the_viewer_sees(store: Place) -> None:
    """The committee of h5 lies in another district than the office."""
    nodes = asked(store, "(orderBy: [{name: ASC}])", "nodes { name hasCommittee }", "street")["nodes"]
    assert [(node["name"], node["hasCommittee"]) for node in nodes] == [
        ("h1", True), ("h2", False), ("h3", False), ("h4", False), ("h5", False),
    ]  # fmt: skip


def test_who_may_only_count_hosts_does_not_part_them_by_it(store: Place) -> None:
    document = "{ hostUnits { groupBy(by: [{hasCommittee: true}]) { totalCount } } }"
    assert store.ask("counts", document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
