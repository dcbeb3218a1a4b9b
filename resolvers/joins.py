"""Steps between entities: how the rows of a relation hang on the row they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, or_, select

from db.entity_info import EntityInfo, Relation
from db.types import Choice, Day, Text
from permissions.columns import conditionable, reference_sight
from permissions.scopes import current, living
from permissions.viewer import subtree
from resolvers.binds import Call
from resolvers.faults import bad_input, forbidden
from resolvers.succession import within
from resolvers.values import checked_text, key_of

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

ANCESTORS = 5
"""Levels above a village: nation, province, city, district, street."""


def link(
    c: Compiler, relation: Relation, near: FromClause, far: FromClause, proven: bool = False, each_once: bool = False
) -> list[ColumnElement[bool]]:
    """What ties rows of `far` (the relation's target) to the row of `near` (its source).

    Rows that lie between are subject to the viewer's scope too, unless `proven` says that they cannot be outside.
    `each_once` is for lists and counts: two rows between the same two must not print one of them twice.
    """
    if relation.name == "ancestors" and relation.source == "Region":
        return [or_(*(far.c.id.in_(step) for step in _above(c, near.c.parent_id)))]
    if relation.through is None:
        return [far.c[relation.far] == near.c[relation.near], *_told(c, relation, near, far)]
    through = relation.through
    info = c.entities[through.via]
    via = c.alias(info)
    conditions = [
        via.c[through.near] == near.c[relation.near],
        *_named(c, info, through.near, via),
        *_named(c, info, through.far, via),
        *_named(c, c.entities[relation.source], relation.near, near),
        living(via) if proven else c.scope(info, via),
        *current(via, through.since, through.until, c.today()),
        *(via.c[column].in_([_constant(via.c[column], v) for v in values]) for column, values in through.where),
    ]
    # A joined set, not IN: with statistics at hand SQLite turns an IN round and reads the whole target.
    rows = select(via.c[through.far].label("far")).where(*conditions).correlate_except(via)
    ends = (rows.distinct() if each_once else rows).subquery(c.name())
    return [far.c.id == ends.c.far]


def the_first(c: Compiler, relation: Relation, near: FromClause, far: FromClause) -> ColumnElement[bool]:
    """`far` is the row that a to-one relation over rows between leads to: of several visible ones that of lowest id."""
    target = c.entities[relation.target]
    one = c.alias(target)
    rows = select(one.c.id).where(*link(c, relation, near, one), c.scope(target, one)).correlate_except(one)
    return far.c.id == rows.order_by(one.c.id).limit(sa.literal_column("1")).scalar_subquery()


def _told(c: Compiler, relation: Relation, near: FromClause, far: FromClause) -> list[ColumnElement[bool]]:
    """The reference must be a column that the viewer may read, on whichever side it is stored."""
    if relation.many:
        return _named(c, c.entities[relation.target], relation.far, far)
    return _named(c, c.entities[relation.source], relation.near, near)


def _named(c: Compiler, info: EntityInfo, column: str, table: FromClause) -> list[ColumnElement[bool]]:
    seen = reference_sight(c.entities, info, column, table, c.viewer)
    return [] if seen == "shown" else [sa.false()] if isinstance(seen, str) else [seen]


def _constant(column: ColumnElement[Any], value: str) -> ColumnElement[Any]:
    """An enum member that the model names: part of the statement, so that the planner sees it."""
    assert isinstance(column.type, Choice)
    assert value in column.type.members
    return sa.literal_column(f"'{value}'", column.type)


def _above(c: Compiler, start: ColumnElement[Any]) -> list[Any]:
    """The ids of the parents above, nearest first, each found by index look-ups."""
    steps: list[Any] = [[start]]
    for height in range(1, ANCESTORS):
        regions = [c.alias(c.entities["Region"]) for _ in range(height)]
        rows = _climb(regions).where(regions[0].c.id == start)
        steps.append([rows.correlate_except(*regions).scalar_subquery()])
    return steps


def _climb(regions: Sequence[FromClause]) -> sa.Select[Any]:
    """The parent of the last of several regions, each the parent of the one before. Joined, not nested: SQLite's
    parser holds a hundred open symbols at most."""
    steps = (above.c.id == below.c.parent_id for below, above in pairwise(regions))
    return select(regions[-1].c.parent_id).where(*steps)


def by_key(
    c: Compiler, info: EntityInfo, table: FromClause, by: Mapping[str, Any], where: str
) -> list[ColumnElement[bool]]:
    """The row of `table` that one of its keys names. Raises BAD_INPUT unless exactly one key is given."""
    given = [(name, value) for name, value in by.items() if value is not None]
    if len(given) != 1 or len(by) != 1:
        raise bad_input(f"{where}：要且只要给出一个键。", f"{where}: give exactly one key.")
    name, value = given[0]
    field = info.public_fields[name]
    if not field.kind.identity and not conditionable(info, field, c.viewer):
        raise forbidden(
            f"{where}：您看不到“{field.facts.zh}”，不能用来查找。",
            f"{where}: you may not read {name}, so it is no key.",
            about=info.name,
        )
    column = table.c[field.column]
    convert = key_of(info.facts.prefix) if field.kind.identity else checked_text
    conditions: list[ColumnElement[bool]] = [column == c.binds.add(value, column.type, convert)]
    if not isinstance(field.facts.unique, str):
        return conditions
    until = table.c[field.facts.unique.removesuffix(" IS NULL")]
    if c.past is None or not isinstance(until.type, Day):
        return [*conditions, until.is_(None)]
    return [*conditions, or_(until.is_(None), until >= c.today())]


def the_latest(c: Compiler, rows: sa.Select[Any], table: FromClause) -> sa.Select[Any]:
    """The row of `table` that a key names: in the past two may have had it for a day, where a change was entered late;
    then it is the later of them."""
    if c.past is None:
        return rows
    return rows.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(sa.literal_column("1"))


def region_step(
    c: Compiler, operator: str, table: FromClause, by: Mapping[str, Any], where: str, path: str = "path"
) -> ColumnElement[bool]:
    """``descendantOf`` (itself included), ``childOf`` and ``ancestorOf`` over `table`, whose `path` column is ranged.

    The region that `by` names is subject to the viewer's scope: one that cannot be seen has no rows around it.
    """
    info = c.entities["Region"]

    def named(what: Any) -> Any:
        region = c.alias(info)
        conditions = [*by_key(c, info, region, by, where), c.scope(info, region)]
        return the_latest(c, select(what(region)).where(*conditions).correlate_except(region), region)

    if operator == "childOf":
        return table.c.parent_id.in_(named(lambda r: r.c.id))
    if operator == "ancestorOf":
        return or_(*(table.c.id.in_(step) for step in _named_above(c, named)))
    if c.looks_up:
        looked = c.look_up(named(_path_to_street if c.counts_only else _path))
        if c.successors:
            low = sa.cast(c.binds.add(looked, sa.Text(), _low), Text())  # collated as the paths that follow from it
            return within(c, table.c[path], select(low.label("path")))
        low_mark, high_mark = (c.binds.add(looked, table.c[path].type, edge) for edge in (_low, _high))
        return sa.and_(table.c[path] >= low_mark, table.c[path] < high_mark)
    if c.successors:
        return within(c, table.c[path], named(lambda r: _path(r).label("path")))
    low = named(lambda r: r.c.path).scalar_subquery()
    # The path ends in a slash, and "0" is the character after it: the half-open range is the subtree.
    high = named(lambda r: _without_slash(r.c.path) + sa.literal_column("'0'", sa.Text()))
    return sa.and_(table.c[path] >= low, table.c[path] < high.scalar_subquery())


def _path(region: FromClause) -> ColumnElement[str]:
    return sa.cast(region.c.path, sa.Text())


def _path_to_street(region: FromClause) -> ColumnElement[str]:
    """The path of a region, or the sign that it lies below the streets: no dimension of who may only count (D5 `*`)."""
    village = region.c.level == sa.literal_column("'VILLAGE'", region.c.level.type)
    return sa.case((village, sa.literal_column(f"'{_BELOW_STREETS}'", sa.Text())), else_=_path(region))


_BELOW_STREETS = "!"


def _low(looked: Any, call: Call) -> str:
    """The path that was found; of none an edge above every path, so that the range is empty. Raises BAD_INPUT."""
    found = call.looked[looked.number]
    if found == _BELOW_STREETS.encode():
        raise bad_input(
            "只看汇总的角色按区划筛选只到街道（乡镇），不能到村（社区）。",
            "Roles that see aggregates only may narrow the region down to a street, not to a village.",
        )
    return (found or b"~").decode()


def _high(looked: Any, call: Call) -> str:
    found = call.looked[looked.number]
    return subtree(found.decode())[1] if found else ""


def _without_slash(path: ColumnElement[str]) -> ColumnElement[str]:
    one: ColumnElement[int] = sa.literal_column("1", sa.Integer())
    return sa.func.substr(path, one, sa.func.length(path) - one, type_=sa.Text())


def _named_above(c: Compiler, named: Any) -> list[Any]:
    steps = [named(lambda r: r.c.parent_id)]
    for height in range(1, ANCESTORS):
        regions = [c.alias(c.entities["Region"]) for _ in range(height)]
        steps.append(_climb(regions).where(regions[0].c.id.in_(steps[0])).correlate_except(*regions))
    return steps
