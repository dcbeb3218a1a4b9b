"""Finds enumerations that grew or shrank: Alembic compares CHECK constraints by name only, and the name stays."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.runtime.plugins import Plugin
from alembic.util import PriorityDispatchResult


def _members(sql: str) -> frozenset[str]:
    """The texts a condition lists; PostgreSQL prints a condition back in words of its own, but keeps these."""
    return frozenset(re.findall(r"'([^']*)'", sql))


def _compare(
    where: AutogenContext, change: ops.ModifyTableOps, schema: str | None, name: str,
    found: sa.Table | None, said: sa.Table | None,
) -> PriorityDispatchResult:  # fmt: skip
    """Add the steps that make the named CHECKs of a table those of its model."""
    if found is None or said is None or where.inspector is None:
        return PriorityDispatchResult.CONTINUE
    stored = where.inspector.get_check_constraints(name, schema=schema)
    old = {str(c["name"]): c["sqltext"] for c in stored if c["name"]}
    new: dict[str, Any] = {str(c.name): c for c in said.constraints if isinstance(c, sa.CheckConstraint) and c.name}
    for key in sorted(old.keys() | new.keys()):
        if key in old and key in new and _members(old[key]) == _members(str(new[key].sqltext)):
            continue
        if key in old:
            gone = sa.CheckConstraint(old[key], name=sa.schema.conv(key), table=found)
            change.ops.append(ops.DropConstraintOp.from_constraint(gone))
        if key in new:
            change.ops.append(ops.AddConstraintOp.from_constraint(new[key]))
    return PriorityDispatchResult.CONTINUE


PLUGIN = Plugin("fengqiao.checks")
PLUGIN.add_autogenerate_comparator(_compare, "table", "checks")
