"""Entity and viewer -> which columns are shown, masked or withheld."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import ColumnElement, FromClause, or_

from db.facts import Grant
from db.registry import EntityInfo, Field, Registry
from permissions.scopes import grants_of, role_condition
from permissions.viewer import Viewer

Sight = Literal["shown", "masked"] | ColumnElement[bool]
"""Shown to the viewer, masked, or shown on the rows that meet a condition and masked on the others."""


def shows(grant: Grant, field: Field) -> bool:
    """Whether a grant to read shows the column as it is."""
    named = grant.columns.get("R")
    return not (grant.masked and field.maskable) and (named is None or field.name in named)


def sight(entities: Registry, info: EntityInfo, field: Field, table: FromClause, viewer: Viewer) -> Sight:
    """How the viewer sees a column of `table`. Roles add up row by row: a mask falls where one role shows."""
    grants = grants_of(info, viewer, "R")
    showing = [(role, grant) for role, grant in grants if shows(grant, field)]
    if len(showing) == len(grants):
        return "shown"
    if not showing:
        return "masked"
    return or_(*(role_condition(entities, info, table, viewer, role, grant, "R") for role, grant in showing))


def conditionable(info: EntityInfo, field: Field, viewer: Viewer) -> bool:
    """Whether the viewer may filter, order and group by a column: only what every grant of theirs shows."""
    grants = grants_of(info, viewer, "R", rows=False)
    return field.kind not in ("encrypted", "json") and all(shows(grant, field) for _, grant in grants)
