"""Whether what must be unique is taken already: asked before the write, and read from the database's refusal after.

What holds the value may be invisible to the viewer, so nothing is said but that it is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from db import crypto
from db.entity_info import EntityInfo, Field
from db.uniqueness import field_of_violation
from resolvers.commands.work import Draft, fault_at
from resolvers.faults import Fault, rate_limited

MOST_REGISTERED = 5
"""Registered numbers that one write is told of."""
_PAUSE = 60
"""Seconds: nothing is counted by the hour here, but who tries again at once does no better."""
_TAKEN = ("NOT_UNIQUE", "已被使用", "is already in use")


def check(draft: Draft) -> None:
    """Note a fault at every field whose value another living row has.

    What is encrypted is asked for last, and only of an input that has no other fault: one that is refused anyhow must
    not tell whose number is registered.
    """
    fields = sorted(draft.info.fields.values(), key=lambda field: field.kind.sealed)
    for columns in draft.info.facts.unique:
        if draft.whole(*columns) and _taken(draft, {column: draft.row[column] for column in columns}):
            draft.fault(columns[-1], *_TAKEN)
    for field in fields:
        known = field.facts.computed and field.column not in draft.given  # by a step
        if not field.facts.unique or known or field.name in draft.broken:
            continue
        if field.kind.sealed and (draft.early or not draft.sound):
            continue
        stored = f"{field.name}_digest" if field.kind.sealed else field.column
        partial = field.facts.unique if isinstance(field.facts.unique, str) else None
        if _taken(draft, {stored: draft.row.get(stored)}, partial, _digests(draft, field)):
            if field.kind.sealed:
                _count(draft)
            draft.fault(field.name, *_TAKEN)


def _count(draft: Draft) -> None:
    """Raise RATE_LIMITED where one write asks of so many people that it looks like a list being tried out.

    Nothing of the write is told then, also of a rehearsal: which of the numbers are registered stays unknown.
    """
    draft.work.registered += 1
    if draft.work.registered > MOST_REGISTERED:
        denied = rate_limited(
            f"一次写入中已被登记的号码超过 {MOST_REGISTERED} 个，没有写入，请稍后再试。",
            f"More than {MOST_REGISTERED} numbers of one write are registered already; nothing was written.",
            _PAUSE,
        )
        denied.about = draft.info.name
        raise denied


def _digests(draft: Draft, field: Field) -> list[str]:
    """All that another row with this encrypted value may hold while the secret is being changed."""
    clear = draft.clear.get(field.name)
    return [] if clear is None else crypto.digests(clear, f"{draft.info.key}.{field.name}")


def _taken(draft: Draft, values: dict[str, Any], partial: str | None = None, digests: Sequence[str] = ()) -> bool:
    if any(value is None for value in values.values()) or not draft.changed(*values):
        return False
    table = draft.info.table
    where: list[sa.ColumnElement[bool] | sa.TextClause] = [
        table.c[name].in_(digests) if digests else table.c[name] == value for name, value in values.items()
    ]
    if partial:
        where.append(sa.text(partial))
    statement = sa.select(table.c.id).where(*where, table.c.deleted_at.is_(None), table.c.id != draft.row["id"])
    return draft.work.row(statement) is not None


def fault_of(info: EntityInfo, error: IntegrityError) -> Fault | None:
    """The fault that a refusal of the database stands for; None where it is no question of uniqueness."""
    found = field_of_violation(error)
    if found is None:
        return None
    key, names = found
    return (
        fault_at(info, names[-1], *_TAKEN)
        if key == info.key
        else Fault((), _TAKEN[0], "编号已被使用，请重试。", "A number is taken; try again.")
    )
