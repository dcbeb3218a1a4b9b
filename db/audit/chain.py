"""The chain of seals: each seal is an HMAC over the seal before it and the record it stands for.

Records lie in ``audit_log`` and never change; seals lie beside them. The key comes from the installation's secret, so
whoever can write the database, but does not have the secret, cannot change, remove or reorder a sealed record unseen.
The order is that of sealing: a record that was committed late is sealed late.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection, RowMapping

from db import crypto, outbox
from db.clock import now
from db.models.system.audit_log import AuditLog
from db.technical import AuditCheckpoint, AuditSeal, AuditTally, AuditWaiting, KeptKey
from db.types import Json, Moment

BATCH = 500
FIRST = "0" * 64
"""What stands before the first seal."""
_LOCK = 7_235_012
"""PostgreSQL's lock of who seals; any number that nobody else uses."""
LOG, SEAL = AuditLog.__table__, AuditSeal.__table__
PURPOSE, _CONTEXT = "audit chain", "kept_key.wrapped"
Stored = Mapping[str, Any] | RowMapping
"""A row as it is stored, or as it is about to be."""
log_of_process = structlog.get_logger()


# --- what is sealed ---------------------------------------------------------------------------------------------------


def raw_columns(connection: Connection, table: sa.FromClause, prefix: str = "") -> list[sa.Label[Any]]:
    """The columns of a table as text that no tampering can make unreadable, labelled with their names."""

    def raw(column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        as_stored = isinstance(column.type, Json)
        as_stored |= isinstance(column.type, Moment) and connection.dialect.name == "sqlite"
        return sa.type_coerce(column, sa.Text()) if as_stored else column

    return [raw(column).label(f"{prefix}{column.name}") for column in table.c]


def canonical(record: Stored) -> bytes:
    """A record as bytes, the same on both databases. Empty columns are left out: one that comes later changes none."""
    told = {name: _plain(name, value) for name, value in record.items() if value is not None}
    return orjson.dumps(told, default=repr, option=orjson.OPT_SORT_KEYS)


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(" ", "milliseconds")[:23]
    return bool(value) if isinstance(LOG.c[name].type, sa.Boolean) else value


def mark(key: bytes, record: Stored) -> str:
    """The HMAC of a record by itself: it tells a changed record from a changed order."""
    return hmac.digest(key, b"record\0" + canonical(record), "sha256").hex()


def seal(key: bytes, before: str, link: Stored) -> str:
    """The seal of a link (``seq``, ``record_id``, ``mark``, ``sealed_at``) after the seal `before`."""
    parts = [before, int(link["seq"]), str(link["record_id"]), link["mark"], _moment(link["sealed_at"])]
    return hmac.digest(key, b"link\0" + orjson.dumps(parts), "sha256").hex()


def checkpoint_mark(key: bytes, checkpoint: Stored) -> str:
    """The HMAC of the place where the chain begins."""
    parts = [int(checkpoint["seq"]), checkpoint["seal"], _moment(checkpoint["removed_at"])]
    return hmac.digest(key, b"checkpoint\0" + orjson.dumps(parts), "sha256").hex()


def _moment(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(" ", "milliseconds")[:23]
    return str(value)


# --- keys -------------------------------------------------------------------------------------------------------------


class ChainKeys:
    """The keys of the chain by the ids of their secrets; those of secrets that are gone were kept, wrapped."""

    def __init__(self, connection: Connection) -> None:
        kept = connection.execute(sa.select(KeptKey.secret, KeptKey.wrapped)).all()
        self._keys = {secret: crypto.derived_key(PURPOSE, secret) for secret in crypto.secrets()}
        for secret, wrapped in kept:
            if secret not in self._keys:
                with contextlib.suppress(crypto.UnknownSecret):  # given up (``./run keys adopt``): verifying tells it
                    self._keys[secret] = crypto.unwrap(wrapped, f"{_CONTEXT}.{secret}")

    def get(self, secret: str) -> bytes | None:
        """The key of a secret; None for one that nobody knows here."""
        return self._keys.get(secret)

    def known(self) -> list[str]:
        """The ids of all of them."""
        return list(self._keys)

    def keep(self, connection: Connection) -> None:
        """Wrap the keys of all earlier secrets with the current one, so that these secrets can go."""
        connection.execute(sa.delete(KeptKey))
        for secret, key in self._keys.items():
            if secret != crypto.current_secret():
                wrapped = crypto.wrap(key, f"{_CONTEXT}.{secret}")
                connection.execute(sa.insert(KeptKey), [{"secret": secret, "wrapped": wrapped}])


# --- how far it came --------------------------------------------------------------------------------------------------


def tally_of(key: bytes, seq: int) -> str:
    """The HMAC of how far the chain has come."""
    return hmac.digest(key, b"tally\0%d" % seq, "sha256").hex()


def told_tally(connection: Connection, keys: ChainKeys) -> int | None:
    """How far the chain has ever come; None where the count is gone or is not ours."""
    found = connection.execute(sa.select(AuditTally.seq, AuditTally.secret, AuditTally.mark)).one_or_none()
    key = keys.get(found.secret) if found else None
    if found is None or key is None or not hmac.compare_digest(tally_of(key, found.seq), found.mark):
        return None
    return int(found.seq)


# --- sealing ----------------------------------------------------------------------------------------------------------


def is_waiting(connection: Connection) -> bool:
    """Whether any record is to be sealed that this process can judge."""
    if connection.scalar(sa.select(AuditWaiting.record_id).limit(1)) is None:
        return False
    mine = AuditWaiting.secret.in_(ChainKeys(connection).known())
    return connection.scalar(sa.select(AuditWaiting.record_id).where(mine).limit(1)) is not None


def seal_waiting(connection: Connection, most: int = BATCH) -> int:
    """Seal records that wait, as they came, and number their lines; how many were looked at. One process does so at a
    time, the others find nothing. What no writer signed is not sealed: it leaves the line, and is found as a record
    without a seal."""
    if not _is_my_turn(connection):
        return 0
    log, keys = LOG.alias("r"), ChainKeys(connection)
    line = [AuditWaiting.__table__.c[name].label(f"line_{name}") for name in ("id", "secret", "mark")]
    waiting = sa.select(*raw_columns(connection, log), *line).join(AuditWaiting, AuditWaiting.record_id == log.c.id)
    # Who signed with a secret that this process lacks waits for one that has it, and keeps nobody waiting.
    mine = waiting.where(AuditWaiting.secret.in_(keys.known())).order_by(AuditWaiting.id).limit(most)
    found = [dict(row) for row in connection.execute(mine).mappings()]
    if not found:
        return 0
    _number(connection, [row.pop("line_id") for row in found], keys)
    signs = [(keys.get(row.pop("line_secret")), row.pop("line_mark")) for row in found]
    genuine = [row for row, (key, sign) in zip(found, signs, strict=True) if key and _is_signed(key, row, sign)]
    if genuine:
        links = _links(connection, keys, genuine)
        connection.execute(sa.insert(AuditSeal), links)
    if len(genuine) < len(found):
        log_of_process.error("audit_forged", records=len(found) - len(genuine))
    connection.execute(
        sa.delete(AuditWaiting.__table__).where(AuditWaiting.record_id == sa.bindparam("done")),  # type: ignore[arg-type]
        [{"done": row["id"]} for row in found],
    )
    return len(found)


def _number(connection: Connection, waiting: list[int], keys: ChainKeys) -> None:
    """Number the lines of what is sealed now, and of what came before it and waits for who knows its secret: the order
    of changes does not wait for seals."""
    before = AuditWaiting.id < waiting[-1], AuditWaiting.secret.not_in(keys.known()), ~AuditWaiting.numbered
    strangers = list(connection.scalars(sa.select(AuditWaiting.id).where(*before)))
    outbox.number(connection, [*waiting, *strangers])
    if strangers:
        connection.execute(sa.update(AuditWaiting).where(AuditWaiting.id.in_(strangers)).values(numbered=True))


def _is_signed(key: bytes, record: Stored, sign: str) -> bool:
    """Whether whoever wrote a record vouched for it; what stood in line when nobody did was signed by its id."""
    earlier = hmac.digest(key, b"waited\0" + str(record["id"]).encode(), "sha256").hex()
    return hmac.compare_digest(mark(key, record), sign) or hmac.compare_digest(earlier, sign)


def last_link(connection: Connection) -> tuple[int, str]:
    """Number and seal of the end of the chain; ``(0, FIRST)`` where there is none yet."""
    link = sa.select(SEAL.c.seq, SEAL.c.seal).order_by(SEAL.c.seq.desc()).limit(1)
    begun = sa.select(AuditCheckpoint.seq, AuditCheckpoint.seal).order_by(AuditCheckpoint.seq.desc()).limit(1)
    found = connection.execute(link).one_or_none() or connection.execute(begun).one_or_none()
    return (found[0], found[1]) if found else (0, FIRST)


def _links(connection: Connection, keys: ChainKeys, records: Sequence[Stored]) -> list[dict[str, Any]]:
    secret, sealed_at = crypto.current_secret(), now()
    key = crypto.derived_key(PURPOSE, secret)
    seq, before = last_link(connection)
    told = told_tally(connection, keys)
    # Numbers are never given twice: a chain that was cut keeps its gap.
    seq = max(seq, told or 0)
    links = []
    for record in records:
        seq += 1
        link = {"seq": seq, "record_id": record["id"], "mark": mark(key, record), "sealed_at": sealed_at}
        before = seal(key, before, link)
        links.append({**link, "seal": before, "secret": secret})
    if told is not None:  # one that is gone stays gone: who took it shall not get another
        connection.execute(sa.update(AuditTally).values(seq=seq, mark=tally_of(key, seq), secret=secret))
    return links


def _is_my_turn(connection: Connection) -> bool:
    """SQLite has one writer at a time anyhow."""
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(_LOCK))))
