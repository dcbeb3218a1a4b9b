"""The second wall under matrices nobody wrote: conditions on the row, several grants of a role, every scope."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

import permissions.walls
from db.entity_info import EntityInfo
from db.facts import Grant, Role
from db.registry import Registry
from permissions.viewer import Viewer
from tests.databases import Kind, put_up_wall
from tests.permissions.test_walls import look
from tests.places import Place, place
from tests.proof.policy import random_policy
from tests.reference import Reference, read_rows
from tests.world import TODAY, Row, rows


class Behind(Reference):
    """The reference, but that whoever sees regions by ranges, or partners, climbs those above them unseen."""

    def _opens(self, info: EntityInfo, row: Row, viewer: Viewer, role: Role, grant: Grant) -> bool:
        climbs = info.name == "Region" and grant.scope in "PCDSKGL"
        climbed = climbs and any(low.startswith(row["path"]) for low, _ in viewer.reaches[role].ranges)
        return climbed or super()._opens(info, row, viewer, role, grant)


@pytest.fixture
def url(postgres_server: object, migrated_database: Callable[[Kind], str]) -> str:
    """A database behind the real wall. It comes before the policy: what other modules copy has the real wall, too."""
    return migrated_database("walled")


@pytest.fixture(params=[3, 13, 23])
def policy(url: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A random matrix, from which the wall is derived."""
    drawn = random_policy(request.param)
    monkeypatch.setattr(permissions.walls, "registry", lambda: drawn)
    return drawn


@pytest.fixture
def walled(url: str, policy: Registry) -> Iterator[Place]:
    put_up_wall(url)
    world = rows()
    world.entities = policy
    with place(url, world) as made:
        yield made


def test_the_database_alone_opens_exactly_the_rows_of_the_reference(walled: Place, policy: Registry) -> None:
    """For every viewer of the world and every entity, by conditions that are stated a second time."""
    reference = Behind(policy, read_rows(walled), TODAY)
    tested = sum(bool(grant.where) for info in policy.values() for grant in info.grants.values())
    assert tested > 20
    for name, viewer in sorted(walled.viewers.items()):
        for entity, info in policy.items():
            seen = {str(key) for key in look(walled, viewer, f"SELECT id FROM {info.table.name}")}
            counting = reference.counts_only(entity, viewer)
            opened = {row["id"] for row in reference.rows[entity] if reference.visible(entity, row, viewer, counting)}
            assert seen == opened, (name, entity)
