"""Where grants are held, told by the grant's own references: which entities those are, their models say.

A grant for a committee reaches it; one for a mediator reaches the committees that appoint the mediator, by the way the
mediator's model declares from one to the other (``Through``).
"""

from __future__ import annotations

import functools

import sqlalchemy as sa

from db.clock import today
from db.entity_info import EntityInfo
from db.facts import Through
from db.models.system.role_grant import RoleGrant
from db.registry import registry

UNIT, COMMITTEE, MEDIATOR = "org_unit_id", "committee_id", "mediator_id"
"""The columns of a grant for a unit, for a committee, and for a mediator."""


def held_at(column: str) -> EntityInfo:
    """The entity that a column of the grant refers to."""
    entities = registry()
    return entities[entities[RoleGrant.__name__].reference(column).target]


@functools.cache
def _way() -> Through:
    """From a mediator to the committees."""
    ways = ((relation, relation.through) for relation in held_at(MEDIATOR).relations.values() if relation.through)
    return next(way for relation, way in ways if relation.target == held_at(COMMITTEE).name)


def appointed(mediator: str | None, *, to_come: bool = False) -> sa.Select[tuple[str, str]]:
    """Key and region of the living committees that a mediator is appointed to today, or (`to_come`) will be."""
    way, committee = _way(), held_at(COMMITTEE).table
    post = registry()[way.via].table
    assert way.since
    assert way.until
    until = post.c[way.until]
    holds = [sa.or_(until.is_(None), until >= today()), *([] if to_come else [post.c[way.since] <= today()])]
    found = sa.select(committee.c.id, committee.c.region_id).join(post, post.c[way.far] == committee.c.id).distinct()
    living = post.c.deleted_at.is_(None), committee.c.deleted_at.is_(None)
    return found.where(post.c[way.near] == mediator, *living, *holds)
