"""What the register says of today, counted by hand: hosts with a committee (BR-11), what is filed, who works."""

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
MEDIATORS = [
    ("FULL_TIME", "ACTIVE", "FEMALE"), ("PART_TIME", "ACTIVE", "MALE"), ("PART_TIME", "ACTIVE", "FEMALE"),
    ("FULL_TIME", "LEFT", "FEMALE"),
]  # fmt: skip


def hosts() -> Rows:
    """The country of the twenty cases with five host units in M; c5, of h5, lies in Q."""
    world = twenty()
    for n in range(1, 6):
        region = world.key("Region", "M")
        world.add("HostUnit", f"h{n}", id=key(700 + n), name=f"h{n}", region_id=region, status="ACTIVE")
    for row in world.by_entity["MediationCommittee"]:
        host, status, filed = HOSTED[row["name"]]
        row |= {"host_unit_id": world.key("HostUnit", host), "status": status, "filing_status": filed}
    for n, (kind, status, sex) in enumerate(MEDIATORS):
        world.add(
            "Mediator", f"m{n}", id=key(800 + n), name=f"m{n}", region_id=world.key("Region", "M"), kind=kind,
            status=status, sex=sex,
        )  # fmt: skip
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


def test_named_measures_say_what_stands_today(store: Place) -> None:
    """Five committees at work, c1, c3 and c5 of them filed; three mediators at work, one full time, two women."""
    codes = (
        '["committees.active", "committees.filed", "committees.filed_rate", "mediators.active",'
        ' "mediators.full_time", "mediators.full_time_share", "mediators.women"]'
    )
    answer = store.ask("all", f'{{ measures(codes: {codes}, period: "2026") {{ code value }} }}')
    assert "errors" not in answer, answer
    assert {one["code"]: one["value"] for one in answer["data"]["measures"]} == {
        "committees.active": "5", "committees.filed": "3", "committees.filed_rate": "0.600000",
        "mediators.active": "3", "mediators.full_time": "1", "mediators.full_time_share": "0.333333",
        "mediators.women": "2",
    }  # fmt: skip
    by = 'measures(codes: ["mediators.active"], period: "2026", by: [{column: "kind"}]) { keys { label } value }'
    found = store.ask("all", f"{{ {by} }}")["data"]["measures"]
    assert [(one["keys"][0]["label"], one["value"]) for one in found] == [("专职", "1"), ("兼职", "2")]
