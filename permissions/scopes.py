"""Entity and viewer -> the rows the viewer may touch, as one condition.

Roles add up: a row is open if any of the viewer's grants opens it. No rule, no row. The condition holds bind
parameters only, so one statement serves every viewer of a kind.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, false, or_, select, true

from db.facts import REGION_SCOPES, Grant, Role
from db.registry import EntityInfo, Registry, Relation
from db.types import Day, Key, Text
from permissions.viewer import Viewer


def grants_of(info: EntityInfo, viewer: Viewer, operation: str, rows: bool = True) -> list[tuple[Role, Grant]]:
    """The viewer's grants on an entity that hold `operation`; with `rows`, those that show rows at all."""
    return [
        (role, grant)
        for role, grant in info.grants.items()
        if role in viewer.reaches and operation in grant.operations and not (rows and grant.aggregate_only)
    ]


def aggregates_only(info: EntityInfo, viewer: Viewer) -> bool:
    """Whether the viewer may count the entity's rows but see none of them."""
    return not grants_of(info, viewer, "R") and bool(grants_of(info, viewer, "R", rows=False))


def may(info: EntityInfo, viewer: Viewer, operation: str) -> bool:
    """Whether any grant of the viewer holds `operation` on some rows of the entity."""
    return bool(grants_of(info, viewer, operation))


def living(table: FromClause) -> ColumnElement[bool]:
    """Rows that are not deleted."""
    return table.c.deleted_at.is_(None)


def scope(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, operation: str = "R", *, rows: bool = True
) -> ColumnElement[bool]:
    """The rows of `table` (an alias of the entity's) open to the viewer for `operation`.

    With ``rows=False`` grants for aggregates count too: only for counts and sums, never to show a row.
    """
    open_rows = [
        role_condition(entities, info, table, viewer, role, grant, operation)
        for role, grant in grants_of(info, viewer, operation, rows)
    ]
    return and_(living(table), or_(false(), *open_rows), *_told_of(entities, info, table, viewer))


def _told_of(entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer) -> list[ColumnElement[bool]]:
    """Rows that tell of other rows are closed where those are; technical entities are told of to all who may ask."""
    if info.facts.about is None:
        return []
    readable = [name for name, other in entities.items() if other.facts.technical or grants_of(other, viewer, "R")]
    column = table.c[info.facts.about]
    names = [sa.literal_column(f"'{name}'", Text()) for name in readable]
    return [or_(column.is_(None), column.in_(names))]


def pure_ranges(info: EntityInfo, viewer: Viewer) -> frozenset[Role] | None:
    """The roles whose region ranges alone make up the viewer's read scope of an entity; None where more does.

    What the containment proof of the compiler rests on: two entities with the same answer are cut by the same ranges.
    """
    grants = grants_of(info, viewer, "R")
    if not grants or any(g.scope not in REGION_SCOPES or g.above for _, g in grants):
        return None
    return frozenset(role for role, _ in grants)


def region_follows(entities: Registry, info: EntityInfo, viewer: Viewer) -> bool:
    """Whether the viewer sees the owning region of every row of an entity that the viewer sees or counts.

    So where every grant goes by the range of that region, and the same role sees regions by the same ranges.
    """
    regions = dict(grants_of(entities["Region"], viewer, "R"))

    def follows(grant: Grant, of_region: Grant | None) -> bool:
        if of_region is None or not {grant.scope, of_region.scope} <= REGION_SCOPES:
            return False
        return of_region.above or not grant.above

    return all(follows(grant, regions.get(role)) for role, grant in grants_of(info, viewer, "R", rows=False))


def role_condition(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, grant: Grant, operation: str
) -> ColumnElement[bool]:
    match grant.scope:
        case "A":
            return true()
        case "T":
            return table.c.technical.is_(true())
        case "P" | "C" | "D" | "S":
            return _in_ranges(info, table, viewer, role, grant, operation)
        case "K":
            if info.facts.committee is None:
                return _in_ranges(info, table, viewer, role, grant, operation)
            return or_(
                *_own(entities, info, table, viewer, role, "committee", info.facts.committee),
                *_made(info, table, viewer),
            )
        case "O":
            if info.facts.mediator is None:
                return false()
            return or_(false(), *_own(entities, info, table, viewer, role, "mediator", info.facts.mediator))
        case _:
            return false()


def _in_ranges(
    info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, grant: Grant, operation: str
) -> ColumnElement[bool]:
    reach = viewer.reaches[role]
    if info.scope_column is None:
        return false()
    path = table.c[info.scope_column]
    parts = [
        and_(path >= _bind(f"v_{role.name}_low{i}", Text()), path < _bind(f"v_{role.name}_high{i}", Text()))
        for i in range(len(reach.ranges))
    ]
    if grant.above and operation == "R" and reach.above:
        parts.append(path.in_([_bind(f"v_{role.name}_above{i}", Text()) for i in range(len(reach.above))]))
    return or_(false(), *parts)


def _own(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, what: str, path: str
) -> list[ColumnElement[bool]]:
    """Rows whose `path` of relations ends at one of the committees or mediators that the role's grants name."""
    count = len(getattr(viewer.reaches[role], f"{what}s"))
    mine = [_bind(f"v_{role.name}_{what}{i}", Key()) for i in range(count)]
    steps = entities.walk(info, path)
    end = steps[-1].target if steps else info.name
    if end == "UserAccount":
        mine = [_bind("v_account", Key())]
    return [_reaches(entities, table, steps, mine)] if mine else []


def _reaches(entities: Registry, table: FromClause, steps: list[Relation], mine: list[Any]) -> ColumnElement[bool]:
    if not steps:
        return table.c.id.in_(mine)
    step, *rest = steps
    if not rest and not step.many:
        return table.c[step.near].in_(mine)
    near = entities[step.target].table.alias()
    return sa.exists(
        select(sa.literal_column("1"))
        .select_from(near)
        .where(near.c[step.far] == table.c[step.near], living(near), _reaches(entities, near, rest, mine))
        .correlate_except(near)
    )


def _made(info: EntityInfo, table: FromClause, viewer: Viewer) -> list[ColumnElement[bool]]:
    """A person whom a clerk just entered belongs to no committee yet: the clerk must find the row to appoint it."""
    if info.name != "Mediator":
        return []
    return [table.c.created_by_id == _bind("v_account", Key())]


def _bind(name: str, kind: sa.types.TypeEngine[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind)


def current(table: FromClause, since: str | None, until: str | None) -> list[ColumnElement[bool]]:
    """Rows of a table that hold today, by its date columns."""
    day = _bind("v_today", Day())
    parts: list[ColumnElement[bool]] = []
    if since:
        parts.append(table.c[since] <= day)
    if until:
        parts.append(or_(table.c[until].is_(None), table.c[until] >= day))
    return parts
