"""Changes the secret of everything that is encrypted: ciphertexts and digests are made anew with the current one.

A ciphertext says which secret made it, so a rotation that was broken off is simply run again, and reads, look-ups and
uniqueness hold meanwhile: what asks by a digest asks by those of all secrets (``db.crypto.digests``). Masks stay as
they are, and neither version nor history of a row changes: the row says what it said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.engine import Connection, RowMapping
from sqlalchemy.exc import IntegrityError

from db import crypto, door
from db.audit import records
from db.audit.chain import ChainKeys
from db.base import Base
from db.engine import Database
from db.history import shadowed
from db.models.places.region import Region
from db.models.system.audit_log import AuditAction
from db.registry import registry

BATCH = 500
_CIPHER = "_cipher"
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Sealed:
    """A table with the names of its encrypted columns."""

    table: sa.Table
    names: tuple[str, ...]

    def cipher(self, name: str) -> sa.Column[str]:
        """The column of the ciphertext."""
        return self.table.c[name + _CIPHER]

    @property
    def context(self) -> str:
        """The table that its ciphertexts were made for: a shadow holds those of its entity."""
        return shadowed(self.table) or self.table.name

    @property
    def key(self) -> tuple[sa.Column[Any], ...]:
        """What tells one row from another."""
        return tuple(self.table.primary_key)

    def stale(self) -> sa.ColumnElement[bool]:
        """Rows with a ciphertext of another secret than the current one."""
        return sa.or_(*(~self.cipher(name).startswith(crypto.fresh_prefix(), autoescape=True) for name in self.names))


@dataclass
class Outcome:
    """Rows that were changed, and a sentence for each that was not."""

    changed: int = 0
    left: list[str] = field(default_factory=list)


def sealed_tables() -> Iterator[Sealed]:
    """Every table that holds something encrypted: a column ``…_cipher`` whose context is ``table.…``."""
    registry()  # every table is known from here on
    for table in Base.metadata.sorted_tables:
        names = tuple(c.name.removesuffix(_CIPHER) for c in table.c if c.name.endswith(_CIPHER))
        if names:
            yield Sealed(table, names)


async def rotate(database: Database, progress: Progress | None = None) -> Outcome:
    """Encrypt all of it anew, a batch a transaction; safe to run while the server does, and to run again."""
    outcome = Outcome()
    await database.write(lambda connection: ChainKeys(connection).keep(connection))
    for sealed in sealed_tables():
        stale = sa.select(sa.func.count()).select_from(sealed.table).where(sealed.stale())
        total = await database.look(lambda c, stale=stale: c.scalar(stale) or 0, bulk=True)  # type: ignore[misc]
        done, last = 0, ()
        while True:
            step = _Step(sealed, last)
            read = await database.write(step)
            if not read:
                break
            done, last = done + read, step.last
            outcome.changed += step.changed
            outcome.left += step.left
            if progress is not None:
                progress(done, max(total, done), f"更换密钥 {sealed.table.name}")
    if outcome.changed:
        await database.write(lambda connection: _tell(connection, outcome))
    return outcome


class _Step:
    """One batch: the stale rows after `last`, by their keys."""

    def __init__(self, sealed: Sealed, last: tuple[Any, ...]) -> None:
        self.sealed, self.last = sealed, last
        self.changed, self.left = 0, list[str]()

    def __call__(self, connection: Connection) -> int:
        """How many rows were read; 0 at the end."""
        key = self.sealed.key
        stale = sa.select(self.sealed.table).where(self.sealed.stale()).order_by(*key).limit(BATCH)
        if self.last:
            stale = stale.where(sa.tuple_(*key) > sa.tuple_(*self.last, types=[column.type for column in key]))
        # Who changes such a row meanwhile is waited for: nobody's new value is written over.
        rows = connection.execute(stale.with_for_update()).mappings().all()
        fresh = [values for row in rows if (values := self._fresh(row)) is not None]
        try:
            self._store(connection, fresh)
        except IntegrityError:
            # Two processes with different secrets wrote the same value at once, each unseen by the other.
            for values in fresh:
                self._store_alone(connection, values)
        if rows:
            self.last = tuple(rows[-1][column.name] for column in key)
        return len(rows)

    def _fresh(self, row: RowMapping) -> dict[str, Any] | None:
        """A row's key and its encrypted columns as the current secret makes them; None where one is unreadable."""
        table = self.sealed.table
        fresh: dict[str, Any] = {f"key_{column.name}": row[column.name] for column in self.sealed.key}
        for name in self.sealed.names:
            stored, context = row[name + _CIPHER], f"{self.sealed.context}.{name}"
            try:
                clear = None if stored is None else crypto.decrypt(stored, context)
            except (InvalidTag, crypto.UnknownSecret, ValueError):
                self.left.append(f"{table.name} {row['id']}: 已知的密钥都解不开")
                return None
            fresh[name + _CIPHER] = None if clear is None else crypto.encrypt(clear, context)
            if f"{name}_digest" in table.c:
                fresh[f"{name}_digest"] = None if clear is None else crypto.digest(clear, context)
        return fresh

    def _store(self, connection: Connection, fresh: list[dict[str, Any]]) -> None:
        if fresh:
            with connection.begin_nested():
                door.reseal(connection, self.sealed.table, fresh)
            self.changed += len(fresh)

    def _store_alone(self, connection: Connection, values: dict[str, Any]) -> None:
        try:
            self._store(connection, [values])
        except IntegrityError:
            self.left.append(f"{self.sealed.table.name} {values['key_id']}: 与另一行的值重复, 请先核对这两行")


def _tell(connection: Connection, outcome: Outcome) -> None:
    """One record of the whole rotation, at the root region."""
    root = connection.execute(
        sa.select(Region.id, Region.path).where(Region.parent_id.is_(None)).order_by(Region.path).limit(1)
    ).one_or_none()
    if root is None:
        return  # no region, no row that could have been encrypted
    told = {"rows": outcome.changed, "left": len(outcome.left), "secret": crypto.current_secret()}
    record = {**records.stamped(None, None), "region_id": root[0], "scope_path": root[1], "technical": True}
    summary = f"更换加密的密钥：{outcome.changed} 行"
    records.add(connection, {**record, "action": AuditAction.ROTATE.name, "summary": summary, "after": told})
