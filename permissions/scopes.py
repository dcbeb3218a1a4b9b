"""Entity and viewer -> the rows the viewer may touch, as one condition.

Roles add up: a row is open if any of the viewer's grants opens it. No rule, no row. The condition holds bind
parameters only, so one statement serves every viewer of a kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, false, or_, select, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

from db.entity_info import EntityInfo, Relation
from db.facts import OPERATIONS, REGION_SCOPES, Grant, Link, Role
from db.grants import Where
from db.registry import Registry
from db.types import Day, Key, Text
from permissions.viewer import Viewer

_SERVER = (Role.SYS, Grant(frozenset(OPERATIONS), "A"))


def grants_of(info: EntityInfo, viewer: Viewer, operation: str, rows: bool = True) -> list[tuple[Role, Grant]]:
    """The viewer's grants on an entity that hold `operation`; with `rows`, those that show rows at all."""
    if viewer.server:
        return [_SERVER]
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
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, operation: str = "R", *, rows: bool = True,
    narrowed: bool = False,
) -> ColumnElement[bool]:  # fmt: skip
    """The rows of `table` (an alias of the entity's) open to the viewer for `operation`.

    With ``rows=False`` grants for aggregates count too: only for counts and sums, never to show a row. `narrowed` says
    that the statement keeps to a subtree by a range of its own, which is then the one to look rows up by.
    """
    open_rows = [
        role_condition(entities, info, table, viewer, role, grant, operation, narrowed)
        for role, grant in grants_of(info, viewer, operation, rows)
    ]
    return and_(living(table), or_(false(), *open_rows), *_told_of(entities, info, table, viewer))


def _told_of(entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer) -> list[ColumnElement[bool]]:
    """Rows that tell of other rows are closed where those are; technical entities are told of to all who may ask."""
    if info.facts.about is None:
        return []
    readable = [name for name, other in entities.items() if other.facts.technical or _told(other, viewer)]
    column = table.c[info.facts.about]
    names = [sa.literal_column(f"'{name}'", Text()) for name in readable]
    return [or_(column.is_(None), column.in_(names))]


def _told(info: EntityInfo, viewer: Viewer) -> bool:
    """Whether records of an entity's rows are open: what a row was when it was told of, no condition can be asked."""
    return any(not grant.where for _, grant in grants_of(info, viewer, "R"))


def pure_ranges(info: EntityInfo, viewer: Viewer) -> frozenset[Role] | None:
    """The roles whose region ranges alone make up the viewer's read scope of an entity; None where more does.

    What the containment proof of the compiler rests on: two entities with the same answer are cut by the same ranges.
    """
    grants = grants_of(info, viewer, "R")
    if not grants or any(not g.by_regions or g.above for _, g in grants):
        return None
    return frozenset(role for role, _ in grants)


def region_follows(entities: Registry, info: EntityInfo, viewer: Viewer) -> bool:
    """Whether the viewer sees the owning region of every row of an entity that the viewer sees or counts.

    So where every grant goes by the range of that region, and the same role sees regions by the same ranges.
    """
    regions = grants_of(entities["Region"], viewer, "R")

    columns = [owner.near for owner in info.owners] or ["id"]

    def follows(grant: Grant, of_region: Grant) -> bool:
        if grant.scope not in REGION_SCOPES or not of_region.by_regions:
            return False
        if not all(grant.touches("R", column) for column in columns):
            return False  # whose region is not told
        return of_region.above or not grant.above

    return all(
        any(follows(grant, other) for held, other in regions if held is role)
        for role, grant in grants_of(info, viewer, "R", rows=False)
    )


def role_condition(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, grant: Grant, operation: str,
    narrowed: bool = False,
) -> ColumnElement[bool]:  # fmt: skip
    """The rows of `table` that one grant of a role opens for `operation`."""
    opened = _in_scope(entities, info, table, viewer, role, grant, operation, narrowed)
    return and_(*_met(table, grant.where), opened) if grant.where else opened


def _met(table: FromClause, where: Where) -> list[ColumnElement[bool]]:
    """The tests of a condition; true or false of every row, never unknown: a mask stands where it is not true."""
    return [and_(table.c[test.column].is_not(None), *_fixed(table, [(test.column, test.values)])) for test in where]


def _in_scope(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, grant: Grant, operation: str,
    narrowed: bool = False,
) -> ColumnElement[bool]:  # fmt: skip
    match grant.scope:
        case "A":
            return true()
        case "T":
            return table.c.technical.is_(true())
        case "P" | "C" | "D" | "S":
            return _in_ranges(info, table, viewer, role, grant, operation, narrowed)
        case "K":
            if info.facts.committee is None:
                return _in_ranges(info, table, viewer, role, grant, operation)
            return or_(
                false(),  # of nothing but nothing SQLAlchemy makes no condition at all
                *_own(entities, info, table, viewer, role, "committee", info.facts.committee),
                *_made(entities, info, table),
            )
        case "B" if info.unit is not None:
            return or_(false(), *_own(entities, info, table, viewer, role, "below", info.unit))
        case "G":
            if info.facts.grid is None:
                return _in_ranges(info, table, viewer, role, grant, operation)
            return or_(false(), *_own(entities, info, table, viewer, role, "grid", info.facts.grid))
        case "O":
            if info.facts.mediator is None:
                return false()
            return or_(false(), *_own(entities, info, table, viewer, role, "mediator", info.facts.mediator))
        case "L":
            ways = [linked(entities, info, table, viewer, role, link) for link in info.facts.linked]
            return or_(false(), *ways, *_above(info, table, viewer, role, grant, operation))
        case _:
            return false()


def open_by_columns(
    entities: Registry, info: EntityInfo, viewer: Viewer, row: Mapping[str, Any], operation: str
) -> bool | None:
    """What ``scope`` says of a living row whose columns are known, where they alone decide; else None: ask it."""
    verdicts = [
        _open_by(entities, info, viewer, row, role, grant) for role, grant in grants_of(info, viewer, operation)
    ]
    if True in verdicts:
        return True if info.facts.about is None else None
    return None if None in verdicts else False


def _open_by(
    entities: Registry, info: EntityInfo, viewer: Viewer, row: Mapping[str, Any], role: Role, grant: Grant
) -> bool | None:
    if not all(test.met(row) for test in grant.where):
        return False
    reach, scope_column = viewer.reaches[role], info.scope_column
    match grant.scope:
        case "A":
            return True
        case "P" | "C" | "D" | "S" if scope_column is not None:
            return any(low <= row[scope_column] < high for low, high in reach.ranges)
        case "K" if info.facts.committee is not None and info.facts.maker is None:
            return _owns(entities, info, row, info.facts.committee, reach.committees)
        case "B" if info.unit is not None:
            return _owns(entities, info, row, info.unit, reach.below)
        case "G" if info.facts.grid is not None:
            return _owns(entities, info, row, info.facts.grid, reach.grids)
        case "O" if info.facts.mediator is not None:
            steps = entities.walk(info, info.facts.mediator)
            mine = (viewer.account_id,) if steps and steps[-1].target == "UserAccount" else reach.mediators
            owns = _owns(entities, info, row, info.facts.mediator, mine)
            path = row[scope_column] if scope_column is not None else "/"
            return owns and any(low <= path < high for low, high in reach.limits)
        case _:
            return None


def _owns(entities: Registry, info: EntityInfo, row: Mapping[str, Any], path: str, mine: Sequence[str]) -> bool | None:
    """Whether the row's own reference at the end of `path` is one of `mine`; None where the path goes further."""
    steps = entities.walk(info, path)
    if len(steps) > 1 or (steps and (steps[0].many or steps[0].through)):
        return None
    return row[steps[0].near if steps else "id"] in mine


def _in_ranges(
    info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, grant: Grant, operation: str,
    narrowed: bool = False,
) -> ColumnElement[bool]:  # fmt: skip
    return or_(_ranges(info, table, viewer, role, narrowed), *_above(info, table, viewer, role, grant, operation))


class Checked(FunctionElement[str]):
    """A column that is compared, but not what rows are looked up by where something narrower is there.

    SQLite takes the first range it meets, and a viewer's may be a province beside a street: a column with a plus
    before it is none to its planner. PostgreSQL counts, and needs no hint.
    """

    type = Text()
    inherit_cache = False


@compiles(Checked, "postgresql")
def _(element: Checked, compiler: Any, **kw: Any) -> str:
    return compiler.process(element.clauses, **kw)  # type: ignore[no-any-return]


@compiles(Checked, "sqlite")
def _(element: Checked, compiler: Any, **kw: Any) -> str:
    return f"+{compiler.process(element.clauses, **kw)}"


def _ranges(
    info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, narrowed: bool = False
) -> ColumnElement[bool]:
    """Rows whose owner's region lies in what the role reaches."""
    if info.scope_column is None:
        return false()
    path: ColumnElement[str] = table.c[info.scope_column]
    path = Checked(path) if narrowed else path
    return _between(path, role, ("low", "high"), len(viewer.reaches[role].ranges))


def _limits(info: EntityInfo, table: FromClause, viewer: Viewer, role: Role) -> list[ColumnElement[bool]]:
    """What rows of one's own have to meet besides: to stand where who gave the role may give it."""
    reach = viewer.reaches[role]
    if info.scope_column is None or not reach.limited:
        return []
    return [_between(Checked(table.c[info.scope_column]), role, ("first", "last"), len(reach.limits))]


def _between(path: ColumnElement[str], role: Role, ends: tuple[str, str], count: int) -> ColumnElement[bool]:
    names = [tuple(f"v_{role.name}_{end}{i}" for end in ends) for i in range(count)]
    return or_(false(), *(and_(path >= _bind(low, Text()), path < _bind(high, Text())) for low, high in names))


def _above(
    info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, grant: Grant, operation: str
) -> list[ColumnElement[bool]]:
    """Rows of the regions above what the role reaches, where it may read them."""
    above = viewer.reaches[role].above
    if info.scope_column is None or not (grant.above and operation == "R" and above):
        return []
    return [table.c[info.scope_column].in_([_bind(f"v_{role.name}_above{i}", Text()) for i in range(len(above))])]


def _own(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, what: str, path: str
) -> list[ColumnElement[bool]]:
    """Rows whose `path` of relations ends at one of those that the role reaches by name (``Reach.named``)."""
    count = len(viewer.reaches[role].named[what])
    mine = [_bind(f"v_{role.name}_{what}{i}", Key()) for i in range(count)]
    steps = entities.walk(info, path)
    end = steps[-1].target if steps else info.name
    if end == "UserAccount":
        mine = [_bind("v_account", Key())]
    limits = _limits(info, table, viewer, role) if what == "mediator" else []  # the others are those within the limits
    return [and_(_reaches(entities, table, steps, mine), *limits)] if mine else []


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


def linked(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, link: Link
) -> ColumnElement[bool]:
    """Rows of `table` that one way of scope L ties to a unit of the role's grants."""
    return _leads(entities, info, table, entities.walk(info, link.path), viewer, role, link)


def _leads(
    entities: Registry, info: EntityInfo, table: FromClause, steps: list[Relation], viewer: Viewer, role: Role,
    link: Link,
) -> ColumnElement[bool]:  # fmt: skip
    """The rows at the end are found once, not row by row: a unit covers few of all there are."""
    if not steps:
        return and_(_tied(info, table, viewer, role, link), *_fixed(table, link.where))
    step, *rest = steps
    target = entities[step.target]
    far = target.table.alias()
    ends = and_(living(far), _leads(entities, target, far, rest, viewer, role, link))
    if step.through is None:
        return table.c[step.near].in_(select(far.c[step.far]).select_from(far).where(ends))
    through, via = step.through, entities[step.through.via].table.alias()
    between = and_(
        living(via), *current(via, through.since, through.until), *_fixed(via, through.where),
        via.c[through.far] == far.c.id,
    )  # fmt: skip
    return table.c[step.near].in_(select(via.c[through.near]).select_from(via.join(far, between)).where(ends))


def _tied(info: EntityInfo, table: FromClause, viewer: Viewer, role: Role, link: Link) -> ColumnElement[bool]:
    if link.unit is None:
        return _ranges(info, table, viewer, role)
    units = [_bind(f"v_{role.name}_unit{i}", Key()) for i in range(len(viewer.reaches[role].units))]
    return and_(table.c[link.unit].in_(units), *_limits(info, table, viewer, role)) if units else false()


def _fixed(table: FromClause, where: Sequence[tuple[str, tuple[str | bool, ...]]]) -> list[ColumnElement[bool]]:
    """Columns that the model fixes; the values are its own words, and part of the statement for the planner."""
    return [
        table.c[column].in_([sa.literal_column(_said(value), table.c[column].type) for value in values])
        for column, values in where
    ]


def _said(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"'{value}'"


def _made(entities: Registry, info: EntityInfo, table: FromClause) -> list[ColumnElement[bool]]:
    """A person whom a clerk just entered belongs to no committee yet: the clerk must find the row to appoint it."""
    if info.facts.maker is None:
        return []
    return [_reaches(entities, table, entities.walk(info, info.facts.maker), [_bind("v_account", Key())])]


def _bind(name: str, kind: sa.types.TypeEngine[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=kind)


def current(
    table: FromClause, since: str | None, until: str | None, day: ColumnElement[Any] | None = None
) -> list[ColumnElement[bool]]:
    """Rows of a table that hold today, or on another `day`, by its date columns."""
    day = _bind("v_today", Day()) if day is None else day
    parts: list[ColumnElement[bool]] = []
    if since:
        parts.append(table.c[since] <= day)
    if until:
        parts.append(or_(table.c[until].is_(None), table.c[until] >= day))
    return parts
