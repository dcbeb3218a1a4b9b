"""Lists of regions for a day to come: checked and kept now, applied when the day has come, and never half.

The register itself holds only what is in force, so no read has to ask for the day: before its day a list changes
nothing, and then everything at once. Lists that wait are tried in the order of their days, each over those before it,
whenever one is added and after every import that takes effect: what would no longer fit is found then.
"""

from __future__ import annotations

import datetime as dt
import lzma
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now, today
from db.engine import Database
from db.identity import new_key
from db.models.places.region import Region
from db.technical import PendingRegions
from resolvers.commands.region_apply import Counts, Source, apply, note, undone
from resolvers.commands.region_files import Change
from resolvers.commands.region_preview import printed, touched
from resolvers.commands.region_tree import Node
from resolvers.faults import Fault, Refused

_TABLE: sa.Table = PendingRegions.__table__  # type: ignore[assignment]


def schedule(
    connection: Connection, source: Source, day: dt.date, close_at_most: int, actor_id: str | None = None
) -> Counts:
    """Keep a list for its day, after it was tried; what it would do. Raises Refused as an import of today would."""
    if connection.scalar(sa.select(sa.func.count()).select_from(Region)) == 0:
        zh = f"还没有区划，第一次导入不能等到 {day}：请去掉 --valid-from，或写今天以前的日期"
        raise Refused([Fault(("validFrom",), "RANGE", zh, "the first import cannot lie in the future")])
    row = {
        "id": new_key(), "day": day, "name": source.name[:200], "sha256": source.sha256,
        "mapping_sha256": source.mapping_sha256, "close_at_most": close_at_most, "content": _packed(source),
        "actor_id": actor_id, "created_at": now(), "problem": None,
    }  # fmt: skip
    counts, row["preview"] = rehearsed(connection, source, day, close_at_most)
    if counts.changed:
        connection.execute(sa.insert(_TABLE), row)
        must_still_fit(connection)
        summary = f"登记行政区划 {source.name[:100]}，自 {day} 起生效：{counts}"
        note(connection, summary, {"sha256": source.sha256, "validFrom": str(day), "pending": row["id"]}, actor_id)
    return counts


def rehearsed(
    connection: Connection, source: Source, day: dt.date, close_at_most: int | None = None
) -> tuple[Counts, str]:
    """What a list would do on its day, after those that take effect before it: counts, and a table. Nothing is kept."""
    with undone(connection):
        for row in waiting(connection, until=day):
            _tried(connection, row)
        run = apply(connection, source, day, close_at_most=close_at_most, rehearsal=True)
        return run.counts, printed(touched(connection, run.groups or {}))


def waiting(connection: Connection, until: dt.date | None = None) -> list[Any]:
    """The lists that wait, in the order of their days; those of `until` and before."""
    found = sa.select(_TABLE).order_by(_TABLE.c.day, _TABLE.c.id).with_for_update()
    return list(connection.execute(found if until is None else found.where(_TABLE.c.day <= until)))


def must_still_fit(connection: Connection) -> None:
    """Every list that waits can still be applied on its day. Raises Refused with the first that cannot.

    One whose day has passed without it is told of elsewhere (``findings``), and keeps nobody from importing.
    """
    with undone(connection):
        for row in waiting(connection):
            if row.problem is None and (problem := _tried(connection, row)) is not None:
                zh = f"这样一来，已登记自 {row.day} 起生效的 {row.name} 就不能生效：{problem}。" + _hint(row.id)
                en = f"the list that waits for {row.day} would no longer fit"
                raise Refused([Fault(("file",), "STATE", zh, en)])


def _tried(connection: Connection, row: Any) -> str | None:
    """Apply a list within a savepoint of its own; what kept it from fitting."""
    try:
        with connection.begin_nested():
            apply(connection, _unpacked(row), row.day, close_at_most=row.close_at_most, rehearsal=True)
    except Refused as refused:
        return refused.faults[0].zh
    return None


def is_due(connection: Connection) -> bool:
    """Whether the day of a list has come."""
    return connection.scalar(sa.select(sa.exists().where(_TABLE.c.day <= today()))) is True


def apply_due(connection: Connection) -> int:
    """Apply every list whose day has come; how many.

    A list that does not fit stays as it is with the reason beside it, told in the audit log once; nothing of it is
    applied. Processes that do this at once take turns: what one applied the next one finds no more.
    """
    done = 0
    for row in waiting(connection, until=today()):
        given: dict[str, Any] = {"actor_id": row.actor_id, "close_at_most": row.close_at_most}
        try:
            with connection.begin_nested():
                apply(connection, _unpacked(row), row.day, **given)
                connection.execute(sa.delete(_TABLE).where(_TABLE.c.id == row.id))
            done += 1
        except Refused as refused:
            problem = refused.faults[0].zh
            if problem != row.problem:
                connection.execute(sa.update(_TABLE).where(_TABLE.c.id == row.id).values(problem=problem))
                told = {"sha256": row.sha256, "pending": row.id, "problem": problem}
                note(connection, f"行政区划 {row.name[:100]} 没有在 {row.day} 生效：{problem}", told, row.actor_id)
    return done


def withdraw(connection: Connection, key: str) -> str:
    """Take a list back that waits; a line that says so. Raises Refused where there is none, or it is needed."""
    row = connection.execute(sa.select(_TABLE).where(_TABLE.c.id == key).with_for_update()).one_or_none()
    if row is None:
        zh = f"没有登记过 {key}；现有的用 ./run regions pending 查看"
        raise Refused([Fault(("id",), "NOT_FOUND", zh, "there is no such list")])
    connection.execute(sa.delete(_TABLE).where(_TABLE.c.id == key))
    must_still_fit(connection)
    done = f"撤回 {row.name[:100]}（自 {row.day} 起生效）"
    note(connection, done, {"sha256": row.sha256, "pending": row.id}, None)
    return f"已{done}"


def listing(connection: Connection) -> str:
    """What waits, for a terminal."""
    found = [
        f"{row.id}  自 {row.day} 起生效  {row.name}\n{row.preview}"
        + (f"\n没有生效：{row.problem}" if row.problem else "")
        for row in waiting(connection)
    ]
    return "\n".join(found) or "没有等待生效的区划"


async def findings(database: Database) -> list[str]:
    """What ``./run check`` has to say: lists that did not take effect on their day."""

    def look(connection: Connection) -> list[str]:
        if not sa.inspect(connection).has_table(_TABLE.name):
            return []
        late = sa.select(_TABLE).where(_TABLE.c.problem.is_not(None)).order_by(_TABLE.c.day)
        return [
            f"行政区划 {row.name} 没有在 {row.day} 生效：{row.problem}。{_hint(row.id)}"
            for row in connection.execute(late)
        ]

    return await database.look(look)


def _hint(key: str) -> str:
    return f"可以用 ./run regions withdraw {key} 撤回，改正之后再导入"


# --- the list as it is kept ------------------------------------------------------------------------------------------


def _packed(source: Source) -> bytes:
    mapping = [list(change) for change in source.mapping]
    provinces = {province: [list(node) for node in nodes] for province, nodes in source.provinces.items()}
    return lzma.compress(orjson.dumps([provinces, mapping]), preset=1)


def _unpacked(row: Any) -> Source:
    provinces, mapping = orjson.loads(lzma.decompress(row.content))
    nodes = {province: [Node(*node) for node in nodes] for province, nodes in provinces.items()}
    return Source(row.name, row.sha256, nodes, [Change(*change) for change in mapping], row.mapping_sha256)
