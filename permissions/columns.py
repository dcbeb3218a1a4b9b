"""Entity and viewer -> which columns are shown, masked or withheld."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from sqlalchemy import ColumnElement, FromClause, or_

from db.entity_info import EntityInfo, Field
from db.facts import Grant, Role
from db.registry import Registry
from permissions.scopes import grants_of, role_condition
from permissions.viewer import Viewer

Sight = Literal["shown", "masked"] | ColumnElement[bool]
"""Shown to the viewer, masked (or withheld), or shown on the rows that meet a condition and masked on the others."""


def shows(grant: Grant, field: Field) -> bool:
    """Whether a grant to read shows the column as it is."""
    shown = not (grant.masked and field.maskable) and grant.touches("R", field.name)
    return shown and all(shows(grant, given) for given in field.inputs)


def sight(entities: Registry, info: EntityInfo, field: Field, table: FromClause, viewer: Viewer) -> Sight:
    """How the viewer sees a column of `table`. Roles add up row by row: a mask falls where one role shows."""
    return where_shown(entities, info, table, viewer, lambda _, grant: shows(grant, field))


def reference_sight(entities: Registry, info: EntityInfo, column: str, table: FromClause, viewer: Viewer) -> Sight:
    """How the viewer sees what a reference of `table`, stored in `column`, names: where masked, it leads nowhere."""
    return where_shown(entities, info, table, viewer, lambda _, grant: grant.touches("R", column))


def where_shown(
    entities: Registry, info: EntityInfo, table: FromClause, viewer: Viewer, shown: Callable[[Role, Grant], bool]
) -> Sight:
    """How the viewer sees what those of their grants show, on the rows of `table` that they open, that are `shown`."""
    grants = grants_of(info, viewer, "R")
    showing = [(role, grant) for role, grant in grants if shown(role, grant)]
    if len(showing) == len(grants):
        return "shown"
    if not showing:
        return "masked"
    return or_(*(role_condition(entities, info, table, viewer, role, grant, "R") for role, grant in showing))


def conditionable(info: EntityInfo, field: Field, viewer: Viewer) -> bool:
    """Whether the viewer may filter, order and group by a column: only what every grant of theirs shows."""
    grants = grants_of(info, viewer, "R", rows=False)
    return field.kind.askable and all(shows(grant, field) for _, grant in grants)
