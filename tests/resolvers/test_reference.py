"""Every read equals the plainest Python over rows: all relations, all lists, and what Hypothesis thinks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from db.entity_info import EntityInfo, Relation
from db.registry import Registry, registry
from permissions.viewer import Viewer
from tests import databases
from tests.conftest import has_postgres
from tests.databases import Kind
from tests.places import Place, place
from tests.reference import Ask, Reference, read_rows
from tests.shares import share
from tests.strategies import MODES, Asks, Document
from tests.world import TODAY, rows, viewers

VIEWERS = sorted(viewers(rows()))
RELATIONS = [(info.name, relation.name) for info in registry().values() for relation in info.relations.values()]


@pytest.fixture(scope="module")
def places(migrated_database: Callable[[Kind], str]) -> Iterator[dict[Kind, Place]]:
    """The world on every kind of database there is."""
    with ExitStack() as stack:
        kinds = [kind for kind in databases.WITH_WALL if kind == "sqlite" or has_postgres()]
        yield {kind: stack.enter_context(place(migrated_database(kind))) for kind in kinds}


@pytest.fixture(scope="module")
def reference(places: dict[Kind, Place]) -> Reference:
    """The answers over the rows as they lie in the databases."""
    found = [read_rows(place) for place in places.values()]
    assert all(rows == found[0] for rows in found)
    return Reference(registry(), found[0], TODAY)


def everything(info: EntityInfo, **more: object) -> Ask:
    """All scalars of the rows of an entity."""
    return Ask(info.name, list(info.public_fields), **more)  # type: ignore[arg-type]


def same_answer(place: Place, reference: Reference, viewer: str, ask: Ask) -> None:
    """The database answers what the reference does."""
    info = reference.entities[ask.entity]
    answer = place.ask(viewer, Document(reference.entities).text(ask))
    assert answer.get("errors") is None
    assert answer["data"][info.plural] == reference.answer(ask, place.viewers[viewer])


@pytest.mark.parametrize("viewer", VIEWERS)
def test_every_list_shows_and_counts_the_rows_of_the_reference(
    places: dict[Kind, Place], reference: Reference, viewer: str
) -> None:
    for store in places.values():
        for info in reference.entities.values():
            hidden = reference.counts_only(info.name, store.viewers[viewer])
            same_answer(store, reference, viewer, everything(info, nodes=not hidden))


@pytest.mark.parametrize("viewer", VIEWERS)
def test_every_relation_shows_and_counts_the_rows_of_the_reference(
    places: dict[Kind, Place], reference: Reference, viewer: str
) -> None:
    for store in places.values():
        reader = store.viewers[viewer]
        for info in reference.entities.values():
            if not reference.counts_only(info.name, reader):
                for relations in batches(info):
                    nested = [(r.public, far) for r in relations if (far := readable(reference, r, reader)) is not None]
                    same_answer(store, reference, viewer, Ask(info.name, ["id"], nested, count=False))


def batches(info: EntityInfo) -> Iterator[list[Relation]]:
    """The relations of an entity, a few at a time."""
    relations = list(info.relations.values())
    return (relations[i : i + 6] for i in range(0, len(relations), 6))


def readable(reference: Reference, relation: Relation, viewer: Viewer) -> Ask | None:
    """All there is to see of a relation; None where its rows are only counted, which is not done below a row."""
    far = reference.entities[relation.target]
    return None if reference.counts_only(far.name, viewer) else everything(far)


# --- the world is hard enough --------------------------------------------------------------------------------------


def structural(entities: Registry, entity: str, relation: Relation) -> bool:
    """Whether a relation runs along the tree: to the row's owner or its region, or from an owner to its rows."""
    info, target = entities[entity], entities[relation.target]
    if relation.through is not None or relation.name == "ancestors":
        return False
    if relation.many:
        back = relation.far == "region_id" and target.table.c.region_id.info["facts"].computed
        return relation.far == f"{target.facts.owner}_id" or back
    copied = relation.name == "region" and relation.facts is not None and relation.facts.computed
    return copied or relation.name == info.facts.owner


def borders(reference: Reference, viewer: Viewer, entity: str, relation: Relation) -> int:
    """How many visible rows the relation leads from to a living row that the viewer may not see."""
    if not reference.readers(reference.entities[relation.target], viewer):
        return 0  # nothing of that entity is open to the viewer: no border runs through it
    seen = [row for row in reference.rows[entity] if reference.visible(entity, row, viewer)]
    return sum(len(reference.linked(relation, row)) > len(reference.related(relation, row, viewer)) for row in seen)


@pytest.mark.parametrize(("entity", "name"), RELATIONS)
def test_every_relation_that_leaves_the_tree_has_border_rows(
    reference: Reference, places: dict[Kind, Place], entity: str, name: str
) -> None:
    relation = reference.entities[entity].relations[name]
    found = {who: borders(reference, viewer, entity, relation) for who, viewer in places["sqlite"].viewers.items()}
    assert structural(reference.entities, entity, relation) or any(found.values()), (
        f"WEAK: no border row of {entity}.{name}: {found}"
    )


# --- random reads --------------------------------------------------------------------------------------------------

quick = settings(
    derandomize=True, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


@pytest.mark.parametrize("entity", sorted(registry()))
@settings(quick, max_examples=share(15))
@given(data=st.data())
def test_a_random_read_equals_the_reference_in_every_mode_and_database(
    places: dict[Kind, Place], reference: Reference, entity: str, data: st.DataObject
) -> None:
    viewer, ask = data.draw(Asks(reference, places["sqlite"].viewers).reads(entity))
    bodies = set()
    for store in places.values():
        for mode in MODES:
            document = Document(reference.entities, mode)
            text = document.text(ask)
            # The first time it goes the long way, the second the short one.
            bodies |= {store.body(viewer, text, document.variables) for _ in range(2)}
    assert len(bodies) == 1
    answer = orjson.loads(bodies.pop())
    assert answer.get("errors") is None
    assert answer["data"] == {
        reference.entities[entity].plural: reference.answer(ask, places["sqlite"].viewers[viewer])
    }


@pytest.mark.parametrize("entity", sorted(registry()))
@settings(quick, max_examples=share(8))
@given(data=st.data())
def test_pages_walk_every_row_once_and_in_order_both_ways(
    places: dict[Kind, Place], reference: Reference, entity: str, data: st.DataObject
) -> None:
    viewer, ask = data.draw(Asks(reference, places["sqlite"].viewers).orders(entity))
    info, reader = reference.entities[entity], places["sqlite"].viewers[viewer]
    shown = [row for row in reference.rows[entity] if reference.visible(entity, row, reader)]
    expected = [f"{info.facts.prefix}_{row['id']}" for row in reference.ordered(entity, shown, ask.order, reader)]
    for store in places.values():
        assert walk(store, viewer, ask, "first", "after", "endCursor", "hasNextPage") == expected
        backward = walk(store, viewer, ask, "last", "before", "startCursor", "hasPreviousPage")
        assert backward == expected[::-1]


def walk(store: Place, viewer: str, ask: Ask, size: str, mark: str, end: str, more: str) -> list[str]:
    """The ids in the order in which pages bring them; backward the last comes first."""
    info = registry()[ask.entity]
    order = Document(registry()).order(ask.order)
    found: list[str] = []
    cursor = None
    for _ in range(100):
        here = f"orderBy: {order}, {size}: {ask.first}" + (f', {mark}: "{cursor}"' if cursor else "")
        answer = store.ask(
            viewer, f"{{ {info.plural}({here}) {{ nodes {{ id }} edges {{ cursor }} pageInfo {{ {more} {end} }} }} }}"
        )
        page = answer["data"][info.plural]
        ids = [node["id"] for node in page["nodes"]]
        assert page["pageInfo"][end] == (page["edges"][-1 if size == "first" else 0]["cursor"] if ids else None)
        found += ids if size == "first" else ids[::-1]
        if not page["pageInfo"][more]:
            return found
        cursor = page["pageInfo"][end]
    raise AssertionError("the pages never end")
