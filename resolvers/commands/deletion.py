"""What still refers to a row: while anything living does, it cannot be deleted (DOMAIN 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from db.entity_info import EntityInfo
from resolvers.commands.work import Work, listed
from resolvers.faults import Fault


def referring(work: Work, info: EntityInfo, key: str) -> list[tuple[str, int]]:
    """The Chinese names of the entities with living rows that refer to the row or to one of its child rows, which go
    with it, and how many there are of each."""
    going = {info.name: [key]}
    for relation, child in work.entities.parts_of(info):
        going[child.name] = [str(row["id"]) for row in work.living(child.name, child.table.c[relation.far] == key)]
    counts: dict[str, int] = {}
    for name, keys in going.items():
        for zh, count in _referring(work, work.entities[name], keys, going):
            counts[zh] = counts.get(zh, 0) + count
    return list(counts.items())


def _referring(work: Work, info: EntityInfo, keys: list[str], going: dict[str, list[str]]) -> Iterator[tuple[str, int]]:
    for other in work.entities.values():
        columns = [c for c in other.table.c if c.foreign_keys and c.info["facts"].target == info.name]
        if other.name == "AuditLog" and info.name != "UserAccount":
            continue  # the record of a row's own life holds no row
        if columns and keys:
            where = sa.or_(*(column.in_(keys) for column in columns))
            living = (where, other.table.c.deleted_at.is_(None), other.table.c.id.not_in(going.get(other.name, [])))
            count = work.connection.execute(
                sa.select(sa.func.count()).select_from(other.table).where(*living)
            ).scalar_one()
            if count:
                yield other.facts.zh, count


def fault_of(info: EntityInfo, found: list[tuple[str, int]]) -> Fault:
    """The refusal to delete a row that is still referred to."""
    zh = listed(f"{count} 条{name}" for name, count in found)
    return Fault(
        ("by",), "CONFLICT", f"还有{zh}引用这条{info.facts.zh}，不能删除。", "Other rows still refer to this row."
    )
