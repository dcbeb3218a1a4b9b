"""A role of one's own committees that names none opens no row: a choice of nothing is no condition left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from db.entity_info import EntityInfo
from db.facts import Role
from db.identity import global_id
from db.registry import registry
from permissions.viewer import Reach, Viewer
from resolvers.commands.write import Commands
from resolvers.faults import Refused
from tests.databases import WITH_WALL, Kind
from tests.places import Place, place

KINDS = WITH_WALL
OWN = [
    (role, info)
    for info in registry().values()
    for role in (Role.COMM, Role.MEDR)
    if any(grant.scope in "KO" and not grant.aggregate_only for grant in info.grants.of(role))
    if info.name not in ("AuditLog", "AuditLine")
]
"""What these roles read of their own; records are everybody's own, committee or not."""


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as opened:
        yield opened


def somebody(store: Place, reaches: Mapping[Role, Reach]) -> Viewer:
    """An account that made no row, with other rights than it has."""
    return Viewer(store.viewers["audt"].account_id, "audt", "audt", reaches)


def keys(store: Place, viewer: Viewer, info: EntityInfo) -> set[str]:
    """The rows of a list; none where there is no right to it."""
    answer = store.ask(viewer, f"{{ {info.plural}(first: 200) {{ totalCount nodes {{ id }} }} }}")
    if answer.get("errors"):
        assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN", answer
        return set()
    page = answer["data"][info.plural]
    found = {node["id"] for node in page["nodes"]}
    assert page["totalCount"] == len(found)
    return found


@pytest.mark.parametrize(("role", "info"), OWN, ids=[f"{role.name}-{info.name}" for role, info in OWN])
def test_it_opens_no_row_by_any_way(store: Place, role: Role, info: EntityInfo) -> None:
    viewer = somebody(store, {role: Reach()})
    stored = [global_id(info.facts.prefix, row["id"]) for row in store.world.by_entity[info.name]]
    assert stored
    assert keys(store, viewer, info) == set()
    numbers = f"{{ {info.plural} {{ totalCount aggregate {{ count }} }} }}"
    assert store.ask(viewer, numbers)["data"][info.plural] == {"totalCount": 0, "aggregate": {"count": 0}}
    for key in stored:
        document = f'{{ node(id: "{key}") {{ id }} {info.single}(by: {{id: "{key}"}}) {{ id }} }}'
        assert store.ask(viewer, document)["data"] == {"node": None, info.single: None}
    for relation in info.relations.values():
        # A condition over a relation, be it met by all or by none, opens nothing either.
        every = f"{{ {info.plural}(where: {{not: {{{relation.public}: {{id: {{eq: null}}}}}}}}) {{ totalCount }} }}"
        answer = store.ask(viewer, every)
        assert answer.get("errors") or answer["data"][info.plural]["totalCount"] == 0


@pytest.mark.parametrize("role", [Role.COMM, Role.MEDR])
def test_beside_another_role_it_adds_nothing(store: Place, role: Role) -> None:
    for name in ("dist2", "audt", "city", "court"):
        alone = somebody(store, store.viewers[name].reaches)
        both = somebody(store, {**alone.reaches, role: Reach()})
        for _, info in OWN:
            assert keys(store, both, info) == keys(store, alone, info), (name, info.name)


def test_nested_rows_stay_closed(store: Place) -> None:
    """Below a region that another role opens."""
    viewer = somebody(store, {Role.COMM: Reach(), Role.AUDT: Reach()})
    nested = "mediationCommittees { totalCount } mediators { totalCount }"
    answer = store.ask(viewer, f"{{ regions {{ nodes {{ id {nested} }} }} {nested} }}")
    assert answer["data"] == {
        "regions": {"nodes": []}, "mediationCommittees": {"totalCount": 0}, "mediators": {"totalCount": 0}
    }  # fmt: skip


@pytest.mark.parametrize("entity", ["MediationCommittee", "MediationCase", "Mediator"])
def test_nothing_can_be_written(store: Place, entity: str) -> None:
    commands = Commands(store.services.database, store.services.entities)
    viewer = somebody(store, {Role.COMM: Reach()})
    for row in store.world.by_entity[entity]:
        by = {"id": global_id(registry()[entity].facts.prefix, row["id"])}
        with pytest.raises(Refused) as refused:
            store.runner.run(commands.update(viewer, entity, by, {}, None))
        assert [fault.code for fault in refused.value.faults] == ["NOT_FOUND"]
