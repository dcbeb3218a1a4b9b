"""Columns whose printed value follows from other rows and today's date, and is therefore never stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, func, select

from permissions.scopes import living

if TYPE_CHECKING:
    from resolvers.compiler import Compiler


def _committee_status(c: Compiler, table: FromClause) -> ColumnElement[Any]:
    """ACTIVE becomes TERM_EXPIRED the day after the last begun term ends (DOMAIN 3.1, BR-05)."""
    term = c.alias(c.entities["CommitteeTerm"])
    today = sa.bindparam("v_today", type_=term.c.ends_on.type)
    ends = (
        select(func.max(term.c.ends_on, type_=term.c.ends_on.type))
        .where(term.c.committee_id == table.c.id, living(term), term.c.starts_on <= today)
        .correlate_except(term)
        .scalar_subquery()
    )
    active, expired = (sa.literal_column(f"'{name}'", table.c.status.type) for name in ("ACTIVE", "TERM_EXPIRED"))
    return case((sa.and_(table.c.status == active, ends < today), expired), else_=table.c.status)


DERIVED: dict[tuple[str, str], tuple[Callable[[Compiler, FromClause], ColumnElement[Any]], tuple[str, ...]]] = {
    ("MediationCommittee", "status"): (_committee_status, ("id", "status")),
}
"""(entity, field) -> its expression, and the stored columns the expression needs."""
