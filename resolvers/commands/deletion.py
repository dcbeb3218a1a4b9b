"""What still refers to a row: while anything living does, it cannot be deleted (DOMAIN 5.1)."""

from __future__ import annotations

import sqlalchemy as sa

from db.registry import EntityInfo
from resolvers.commands.work import Work, listed
from resolvers.faults import Fault


def referring(work: Work, info: EntityInfo, key: str) -> list[tuple[str, int]]:
    """The Chinese names of the entities with living rows that refer to the row, and how many there are of each."""
    found = []
    for other in work.entities.values():
        columns = [c for c in other.table.c if c.foreign_keys and c.info["facts"].target == info.name]
        if other.name == "AuditLog" and info.name != "UserAccount":
            continue  # the record of a row's own life holds no row
        if columns:
            where = sa.or_(*(column == key for column in columns))
            living = (where, other.table.c.deleted_at.is_(None), other.table.c.id != key)
            count = work.connection.execute(
                sa.select(sa.func.count()).select_from(other.table).where(*living)
            ).scalar_one()
            found += [(other.facts.zh, count)] if count else []
    return found


def fault_of(info: EntityInfo, found: list[tuple[str, int]]) -> Fault:
    """The refusal to delete a row that is still referred to."""
    zh = listed(f"{count} 条{name}" for name, count in found)
    return Fault(
        ("by",), "CONFLICT", f"还有{zh}引用这条{info.facts.zh}，不能删除。", "Other rows still refer to this row."
    )
