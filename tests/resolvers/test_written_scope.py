"""What a row's own columns say about who may write it is what the database says, for every viewer and every row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from permissions.scopes import open_by_columns, scope
from permissions.viewer import Viewer
from tests.databases import Kind
from tests.places import Place, place


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as opened:
        yield opened


def test_columns_decide_as_the_scope_does_wherever_they_decide_at_all(store: Place) -> None:
    entities, told = store.world.entities, Counter[bool | None]()

    def compare(connection: Connection) -> None:
        for viewer in store.viewers.values():
            for name, written in store.world.by_entity.items():
                for letter in "CU":
                    open_keys = _open(connection, store, viewer, name, letter)
                    for row in written:
                        said = open_by_columns(entities, entities[name], viewer, row, letter)
                        told[said] += 1
                        living = row.get("deleted_at") is None
                        if living and said is not None:
                            assert said == (row["id"] in open_keys), (viewer.login, name, letter, row["id"])

    store.runner.run(store.services.database.look(compare))
    assert told[True] > 100, told
    assert told[False] > 100, told


def _open(connection: Connection, store: Place, viewer: Viewer, entity: str, letter: str) -> set[str]:
    info = store.world.entities[entity]
    table = info.table.alias()
    found = sa.select(table.c.id).where(scope(store.world.entities, info, table, viewer, letter))
    return set(connection.execute(found, viewer.binds).scalars())
