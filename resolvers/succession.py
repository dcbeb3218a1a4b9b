"""``successors: true``: what stands at a region that ended is counted with the region that took its place.

Rows stay at the region they were written at (DOMAIN 5). So after a merger the new code alone counts what was written
since, and the old code what was written before; with their successors the old rows are counted with the new region.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, func, select

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

_LONGEST = sa.literal_column("50", sa.Integer())
"""Steps from a region to the last that took its place: no register has so many, and no circle goes on for ever."""
_ONE: ColumnElement[int] = sa.literal_column("1", sa.Integer())


def beyond(path: ColumnElement[str]) -> ColumnElement[str]:
    """The end of a subtree. A path ends in a slash, and "0" is the character after it: the half-open range is all."""
    return func.substr(path, _ONE, func.length(path) - _ONE, type_=sa.Text()) + sa.literal_column("'0'", sa.Text())


def within(c: Compiler, path: ColumnElement[str], named: sa.Select[Any]) -> ColumnElement[bool]:
    """Whether a path lies below the region whose path `named` selects, or below one that went into a region there."""
    info, name = c.entities["Region"], c.name()
    tree = named.cte(name, recursive=True)
    gone = c.alias(info)
    inside = sa.and_(gone.c.successor_path >= tree.c.path, gone.c.successor_path < beyond(tree.c.path))
    tree = tree.union(select(sa.cast(gone.c.path, sa.Text())).where(inside, c.scope(info, gone)))
    return sa.exists(select(_ONE).select_from(tree).where(path >= tree.c.path, path < beyond(tree.c.path)))


def heir(c: Compiler, region: FromClause) -> ColumnElement[Any]:
    """The id of the region that stands for `region` in the end: itself, where neither it nor one above was followed."""
    info = c.entities["Region"]
    gone, later = c.alias(info), c.alias(info)
    first = select(sa.cast(gone.c.path, sa.Text()).label("path"), gone.c.successor_id.label("heir"), _ONE.label("n"))
    steps = first.where(gone.c.successor_path.is_not(None), c.scope(info, gone)).cte(c.name(), recursive=True)
    on = select(steps.c.path, later.c.successor_id, steps.c.n + _ONE)
    steps = steps.union_all(
        on.where(later.c.id == steps.c.heir, later.c.successor_path.is_not(None), steps.c.n < _LONGEST)
    )
    nearest = select(steps.c.heir).where(region.c.path >= steps.c.path, region.c.path < beyond(steps.c.path))
    found = nearest.order_by(func.length(steps.c.path).desc(), steps.c.n.desc()).limit(_ONE)
    return func.coalesce(found.correlate_except(steps).scalar_subquery(), region.c.id, type_=region.c.id.type)
