"""What changed, in the order in which it took effect: the lines of acts, numbered without a gap by whoever seals them.

Acts put their lines down in any order and are seen when they commit. An act draws the number of its place in line
(``AuditWaiting.id``) while it holds every row it touched; so of two acts on one row the later one's is higher, and it
becomes visible later. Numbered are those that are seen, by that number: the order is right for every row, and nothing
comes in below what was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, RowMapping

from db.audit.lines import LINE
from db.technical import AuditWaiting, NumberSeries, OutboxEntry

SERIES = "outbox"
"""The number series of the places; it outlives the entries."""
_ENTRY: sa.Table = OutboxEntry.__table__  # type: ignore[assignment]
_WAITING: sa.Table = AuditWaiting.__table__  # type: ignore[assignment]
_LAST = sa.select(NumberSeries.last).where(NumberSeries.name == SERIES).scalar_subquery()


def number(connection: Connection, waiting: Sequence[int]) -> int:
    """Give the lines of acts that wait their places; how many. Only ever by one process at a time."""
    place = sa.func.row_number().over(order_by=(_WAITING.c.id, LINE.c.no))
    lines = sa.join(_WAITING, LINE, LINE.c.audit_log_id == _WAITING.c.record_id)
    placed = (
        sa.select(sa.func.coalesce(_LAST, 0) + place, LINE.c.id)
        .select_from(lines)
        .where(_WAITING.c.id.in_(waiting), ~_WAITING.c.numbered)
    )
    done = connection.execute(sa.insert(_ENTRY).from_select(["n", "line_id"], placed)).rowcount
    if done:
        series = sa.update(NumberSeries).where(NumberSeries.name == SERIES)
        if not connection.execute(series.values(last=NumberSeries.last + done)).rowcount:
            connection.execute(sa.insert(NumberSeries).values(name=SERIES, last=done))
    return done


def after(connection: Connection, n: int, most: int) -> Sequence[RowMapping]:
    """The changes after place `n`, at most so many: ``n``, ``entity``, ``entity_id``, ``version``, ``change``,
    ``changed``, ``rows`` and ``scope_path``. What `n` is of the last row is asked next; nothing comes in between."""
    columns: list[Any] = [
        LINE.c[name] for name in ("entity", "entity_id", "version", "change", "changed", "rows", "scope_path")
    ]
    placed = sa.select(_ENTRY.c.n, *columns).join(LINE, LINE.c.id == _ENTRY.c.line_id)
    return connection.execute(placed.where(_ENTRY.c.n > n).order_by(_ENTRY.c.n).limit(most)).mappings().all()


def forget(connection: Connection, records: sa.Select[Any]) -> None:
    """Remove the lines of records that are removed, and their places; the numbers are never given again."""
    gone = sa.select(LINE.c.id).where(LINE.c.audit_log_id.in_(records))
    connection.execute(sa.delete(_ENTRY).where(_ENTRY.c.line_id.in_(gone)))
    connection.execute(sa.delete(LINE).where(LINE.c.audit_log_id.in_(records)))
