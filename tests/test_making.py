"""Whatever the registry holds can be made by its name, and is read by whom the matrix lets read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from db.facts import REGION_SCOPES, Grant
from db.registry import registry
from permissions.viewer import Reach, Viewer, subtree
from tests.databases import Kind
from tests.making import Making
from tests.places import Place, place

ENTITIES = sorted(registry())


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """A row of every entity, and another one."""
    world = Making()
    for entity in (*ENTITIES, *ENTITIES):
        world.make(entity)
    with place(migrated_database(database_kind), world, {}) as opened:
        yield opened


def shows(grant: Grant) -> bool:
    """Whether a grant shows every row in the ranges of its role."""
    rows = grant.scope in REGION_SCOPES | {"A"} and not grant.where
    return rows and "R" in grant.operations and not grant.aggregate_only


@pytest.mark.parametrize("entity", ENTITIES)
def test_a_row_that_is_made_by_its_name_is_read(store: Place, entity: str) -> None:
    info = store.services.entities[entity]
    role = next(role for role, grant in info.grants.items() if shows(grant))
    reader = Viewer("00000000-0000-7000-8000-000000000000", "all", "all", {role: Reach((subtree("/"),))})
    answer = store.ask(reader, f"{{ {info.plural} {{ totalCount nodes {{ id }} }} }}")["data"][info.plural]
    about = info.facts.about
    told = [row for row in store.world.by_entity[entity] if about is None or row[about] is None]
    assert answer["totalCount"] >= len(told)
    assert {row["id"] for row in told} <= {node["id"].partition("_")[2] for node in answer["nodes"]}
