"""Which relations a question may lead over: none that would be answered as if nothing were there.

Of an entity of which the viewer may read no row (only count them, or nothing at all), and over a reference that no
grant of theirs shows, every condition, number, order and key would say of each row what it says of an empty list or
of null. That is not true, so it is refused, wherever it stands. Who may only count and who may nothing are told alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from db.entity_info import EntityInfo, Relation
from permissions.scopes import grants_of
from permissions.viewer import Viewer
from resolvers.faults import bad_input, forbidden

if TYPE_CHECKING:
    from resolvers.compiler import Compiler


def check_followed(c: Compiler, relation: Relation, at: str) -> None:
    """Raise FORBIDDEN where the viewer may read nothing of what the relation leads to or over, BAD_INPUT where no grant
    shows the reference itself (API 4)."""
    source, target = c.entities[relation.source], c.entities[relation.target]
    closed = None if grants_of(target, c.viewer, "R") else target
    named = [(target, relation.far) if relation.many else (source, relation.near)]
    if relation.through is not None:
        via = c.entities[relation.through.via]
        closed = closed or (None if grants_of(via, c.viewer, "R") else via)
        named = [(source, relation.near), (via, relation.through.near), (via, relation.through.far)]
    if closed is not None:
        raise forbidden(
            f"{at}：您看不到“{closed.facts.zh}”的明细，不能用来筛选、排序、分组或统计。",
            f"{at}: you may read no rows of {closed.name}, so it takes no condition, order, group or number.",
            about=closed.name,
        )
    if not all(_shown(info, column, c.viewer) for info, column in named):
        raise bad_input(
            f"{at}：您看不到“{relation.zh}”，不能用来筛选、排序、分组或统计。",
            f"{at}: you may not read this reference, so it takes no condition, order, group or number.",
            about=source.name,
        )


def _shown(info: EntityInfo, column: str, viewer: Viewer) -> bool:
    """Whether any grant shows the column; what may only be counted is told by its dimensions instead."""
    grants = grants_of(info, viewer, "R")
    return not grants or any(grant.touches("R", column) for _, grant in grants)
