"""The lines of an act: one for each row it touched, written with its record and covered by the record's mark.

The record keeps a digest of them, so a line that is changed, removed, added or moved is told by the record's own seal.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.audit.telling import is_technical, told
from db.entity_info import EntityInfo
from db.identity import global_id, new_key
from db.models.system.audit_line import AuditLine, LineChange
from db.models.system.audit_log import AuditLog
from db.prepared import prepared
from db.registry import registry
from db.touched import MOST, Many, Touch
from db.types import Json

LINE: sa.Table = AuditLine.__table__  # type: ignore[assignment]
Line = dict[str, Any]
AT_ONCE = 50
"""Lines of one statement."""
_JSON = frozenset(c.name for c in LINE.c if isinstance(c.type, Json))
_NAMES = tuple(c.name for c in LINE.c)
_SEALED = tuple(sorted({*_NAMES} - {"created_at", "updated_at", "deleted_at", "created_by_id", "updated_by_id"}))
"""What the digest covers: all but the stamps, which are those of the record."""


def lines_of(record: Mapping[str, Any], touches: Sequence[Touch | Many]) -> list[Line]:
    """The lines of an act from what it did, in the order in which it first touched the rows; stored columns, JSON as
    text. Rows of the audit log itself are none of an act's."""
    rows, counts = _merged(touches)
    if len(rows) > MOST:
        for touch, _ in rows:
            place = touch.table.name, _change(touch)
            counts[place] = counts.get(place, 0) + 1
        rows = []
    common = {
        "created_at": record["created_at"], "updated_at": record["created_at"], "deleted_at": None,
        "created_by_id": record["created_by_id"], "updated_by_id": record["created_by_id"],
        "audit_log_id": record["id"],
    }  # fmt: skip
    found = [*(_row_line(record, touch, once) for touch, once in rows), *_count_lines(record, counts)]
    return [{**common, "id": new_key(), "no": number, **line} for number, line in enumerate(found, 1)]


def _merged(touches: Sequence[Touch | Many]) -> tuple[list[tuple[Touch, bool]], dict[tuple[str, LineChange], int]]:
    """Each row once, as it was before the act and as it is after it, and whether it was touched but once; counts."""
    rows: dict[tuple[str, str], tuple[Touch, bool]] = {}
    counts: dict[tuple[str, LineChange], int] = {}
    for touch in touches:
        name = touch.table.name
        if name not in _told_of():
            continue
        if isinstance(touch, Many):
            place = name, LineChange.CREATED if touch.made else LineChange.CHANGED
            counts[place] = counts.get(place, 0) + touch.count
            continue
        key = name, touch.after["id"]
        first = rows.get(key)
        rows[key] = (Touch(touch.table, first[0].before, touch.after), False) if first else (touch, True)
    return list(rows.values()), counts


@functools.cache
def _told_of() -> Mapping[str, EntityInfo]:
    own = (AuditLog.__name__, AuditLine.__name__)
    return {info.table.name: info for info in registry().values() if info.name not in own}


def _change(touch: Touch) -> LineChange:
    if touch.after.get("deleted_at") is not None:
        return LineChange.REMOVED
    return LineChange.CREATED if touch.before is None else LineChange.CHANGED


def _row_line(record: Mapping[str, Any], touch: Touch, once: bool) -> Line:
    info, change = _told_of()[touch.table.name], _change(touch)
    identity = global_id(info.facts.prefix, touch.after["id"])
    is_main = once and identity == record.get("entity_id") and not (record.get("before") is record.get("after") is None)
    before = after = None
    if not is_main:
        now = None if change is LineChange.REMOVED else touch.after
        before, after = told(info, touch.before, now), told(info, now, touch.before)
    names = (record["after"] if is_main else after) or {}
    return {
        "entity": info.name, "entity_id": identity, "version": touch.after["version"], "change": change.name, "rows": 1,
        "changed": _json([name for name in names if name != "version"]) if change is LineChange.CHANGED else None,
        "before": _json(before), "after": _json(after), "technical": is_technical(info),
        "scope_path": (info.scope_column and touch.after.get(info.scope_column)) or record["scope_path"],
    }  # fmt: skip


def _count_lines(record: Mapping[str, Any], counts: Mapping[tuple[str, LineChange], int]) -> Iterator[Line]:
    for (name, change), count in counts.items():
        info = _told_of()[name]
        yield {
            "entity": info.name, "entity_id": None, "version": 0, "change": change.name, "rows": count,
            "changed": None, "before": None, "after": None, "technical": is_technical(info),
            "scope_path": record["scope_path"],
        }  # fmt: skip


def _json(value: Any) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def digest(lines: Iterable[Mapping[str, Any]]) -> str | None:
    """The digest of an act's lines as they are stored, in their order; None for none."""
    told_lines = [[_plain(line[name]) for name in _SEALED] for line in lines]
    return hashlib.sha256(orjson.dumps(told_lines, default=repr)).hexdigest() if told_lines else None


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def write(connection: Connection, lines: Sequence[Line]) -> None:
    """Store the lines of a record that is stored."""
    for start in range(0, len(lines), AT_ONCE):
        some = lines[start : start + AT_ONCE]
        values = bound(some)
        count = len(some)
        prepared(connection, ("audit_line", count), lambda count=count: insertion(count)).run(  # type: ignore[misc]
            connection, values
        )


def bound(lines: Sequence[Line]) -> dict[str, Any]:
    """The values of ``insertion``."""
    return {f"{name}{i}": value for i, line in enumerate(lines) for name, value in line.items()}


def insertion(count: int) -> sa.Insert:
    """The statement that stores so many lines."""

    def bind(name: str, number: int) -> sa.BindParameter[Any]:
        return sa.bindparam(f"{name}{number}", type_=sa.Text() if name in _JSON else LINE.c[name].type)

    return sa.insert(LINE).values([{name: bind(name, i) for name in _NAMES} for i in range(count)])


def stored(connection: Connection, records: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """The lines of some records as no tampering can make them unreadable, by record."""

    def raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        return sa.type_coerce(column, sa.Text()).label(column.name) if column.name in _JSON else column

    mine = LINE.c.audit_log_id.in_(records)
    found = sa.select(*(raw(LINE.c[name]) for name in _SEALED)).where(mine).order_by(LINE.c.audit_log_id, LINE.c.no)
    rows = connection.execute(found).mappings().all()
    return {key: [dict(row) for row in some] for key, some in groupby(rows, lambda row: row["audit_log_id"])}
