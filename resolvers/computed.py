"""Computed columns as a viewer reads them (``db.computed``).

Over the rows of a list they say what the viewer's own question to that list would: of the rows they see. A stored one
is of all rows. Either way who may read nothing of what the list leads to gets null where it is printed, and is refused
where it would decide anything (``resolvers.followed``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause

from db.computed import Children, of_children, of_row
from db.entity_info import EntityInfo, Field
from permissions.columns import conditionable
from resolvers.faults import Denied, bad_input
from resolvers.followed import check_followed
from resolvers.joins import link

if TYPE_CHECKING:
    from resolvers.compiler import Compiler


def value(c: Compiler, info: EntityInfo, field: Field, table: FromClause) -> ColumnElement[Any]:
    """The value of a computed column on `table`. Raises Denied where the viewer may not read what it is of."""
    check(c, info, field)
    formula = field.formula
    assert formula is not None
    if field.stored:
        return table.c[field.column]
    if not isinstance(formula, Children):
        found = of_row(formula, lambda name: c.column(info, info.fields[name], table), c.today())
    else:
        relation = info.relations[formula.relation]
        target = c.entities[relation.target]
        far = c.alias(target)
        conditions = [*link(c, relation, table, far, each_once=True), c.scope(target, far)]
        found = of_children(formula, far, lambda name: c.column(target, target.fields[name], far), conditions)
    return sa.type_coerce(found, field.type)


def check(c: Compiler, info: EntityInfo, field: Field) -> None:
    """Raise Denied where the viewer may not read the list, or of its rows a column, that a computed column is of."""
    formula, at = field.formula, f"{info.single}.{field.public}"
    if not isinstance(formula, Children):
        return
    relation = info.relations[formula.relation]
    check_followed(c, relation, at)
    target = c.entities[relation.target]
    names = {formula.column, formula.by, *(when.column for when in formula.where)} - {None}
    if not all(conditionable(target, target.fields[name], c.viewer) for name in names if name):
        raise bad_input(
            f"{at}：您看不到“{target.facts.zh}”中它所依据的内容，不能用来筛选、排序、分组或统计。",
            f"{at}: you may not read what it is computed of, so it takes no condition, order, group or number.",
            about=target.name,
        )


def readable(c: Compiler, info: EntityInfo, field: Field) -> bool:
    """Whether the viewer may read what a computed column is of."""
    try:
        check(c, info, field)
    except Denied:
        return False
    return True


def needs(info: EntityInfo, field: Field) -> tuple[str, ...]:
    """The stored columns that its value is made of."""
    if field.stored:
        return (field.column,)
    if isinstance(field.formula, Children):
        return (info.relations[field.formula.relation].near,)
    return tuple(known.column for known in field.inputs)
