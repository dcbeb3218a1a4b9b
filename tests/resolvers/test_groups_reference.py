"""Aggregates and groups equal the plainest Python over rows, for everybody, on both databases, in every mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.registry import registry
from tests import databases
from tests.asks import Ask
from tests.conftest import has_postgres
from tests.crowd import crowd
from tests.databases import Kind
from tests.documents import MODES, Document
from tests.places import Place, place
from tests.reference import Reference, read_rows
from tests.reference_groups import Grouping, TooManyGroups
from tests.shares import share
from tests.strategies_groups import GroupAsks
from tests.world import TODAY

ENTITIES = sorted(registry())


@pytest.fixture(scope="module")
def places(migrated_database: Callable[[Kind], str]) -> Iterator[dict[Kind, Place]]:
    """The crowded world on every kind of database there is."""
    with ExitStack() as stack:
        kinds = [kind for kind in databases.KINDS if kind == "sqlite" or has_postgres()]
        yield {kind: stack.enter_context(place(migrated_database(kind), crowd())) for kind in kinds}


@pytest.fixture(scope="module")
def reference(places: dict[Kind, Place]) -> Reference:
    """The answers over the rows as they lie in the databases."""
    found = [read_rows(place) for place in places.values()]
    assert all(rows == found[0] for rows in found)
    return Reference(registry(), found[0], TODAY)


quick = settings(
    derandomize=True, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


@pytest.mark.parametrize("entity", ENTITIES)
@settings(quick, max_examples=share(12))
@given(data=st.data())
def test_random_groups_equal_the_reference_in_every_mode_and_database(
    places: dict[Kind, Place], reference: Reference, entity: str, data: st.DataObject
) -> None:
    viewer, ask = data.draw(GroupAsks(reference, places["sqlite"].viewers).grouped(entity))
    found: dict[Kind, set[bytes]] = {kind: set() for kind in places}
    for kind, store in places.items():
        for mode in MODES:
            document = Document(reference.entities, mode)
            text = document.text(ask)
            # The first time it goes the long way, the second the short one.
            found[kind] |= {store.body(viewer, text, document.variables) for _ in range(2)}
    try:
        expected = reference.answer(ask, places["sqlite"].viewers[viewer])
    except TooManyGroups:
        assert all(too_much(body) for bodies in found.values() for body in bodies)
        return
    if all(too_much(body) for body in found["sqlite"]) and len(places) > 1:
        del found["sqlite"]  # SQLite nests less deep than PostgreSQL, and says so (docs/decisions.md)
    [body] = set().union(*found.values())
    answer = orjson.loads(body)
    assert answer.get("errors") is None
    assert answer["data"] == {reference.entities[entity].plural: expected}


def too_much(body: bytes) -> bool:
    """Whether a question was refused for its size."""
    errors = orjson.loads(body).get("errors") or []
    return [error["extensions"]["code"] for error in errors] == ["TOO_EXPENSIVE"]


@pytest.mark.parametrize("entity", ENTITIES)
@settings(quick, max_examples=share(5))
@given(data=st.data())
def test_pages_of_groups_bring_every_group_once_and_in_order(
    places: dict[Kind, Place], reference: Reference, entity: str, data: st.DataObject
) -> None:
    viewer, ask = data.draw(GroupAsks(reference, places["sqlite"].viewers).walks(entity))
    reader = places["sqlite"].viewers[viewer]
    assert ask.groups is not None
    counting = reference.counts_only(entity, reader)
    shown = [row for row in reference.rows[entity] if reference.visible(entity, row, reader, counting)]
    ask.groups.first, size = 10_000, ask.groups.first
    expected = Grouping(reference, ask, shown, reader).answer()["nodes"]
    ask.groups.first = None
    for store in places.values():
        assert walk(store, viewer, ask, size or 1) == expected


def walk(store: Place, viewer: str, ask: Ask, size: int) -> list[Any]:
    """The groups in the order in which pages bring them."""
    info = store.services.entities[ask.entity]
    assert ask.groups is not None
    spelled = Document(store.services.entities)
    arguments = spelled.group_arguments(info, ask.groups)
    wanted = spelled.group_fields(info, ask.groups)
    found: list[Any] = []
    cursor = None
    for _ in range(100):
        after = f', after: "{cursor}"' if cursor else ""
        page = store.ask(
            viewer,
            f"{{ {info.plural} {{ groupBy({arguments}, first: {size}{after}) {{ nodes {{ {wanted} }}"
            " pageInfo { hasNextPage hasPreviousPage endCursor } } } }",
        )["data"][info.plural]["groupBy"]
        assert page["pageInfo"]["hasPreviousPage"] == (cursor is not None)
        found += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        assert len(page["nodes"]) == size
        cursor = page["pageInfo"]["endCursor"]
    raise AssertionError("the pages never end")
