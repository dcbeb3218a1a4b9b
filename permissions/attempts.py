"""Failures in a row, counted in the database: one count of all workers, restart or not.

They are counted where the failure is recorded, in its transaction: a flood of guesses writes no more than it did. Whose
counts they are (addresses, logins as typed, devices) is kept as a keyed digest only.
"""

from __future__ import annotations

import datetime as dt
import hmac
import math

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from db.clock import now
from db.crypto import derived_key
from db.technical import SignInAttempt

KEPT = dt.timedelta(hours=1)
"""What nobody adds to for so long is forgotten; what has to wait longer is kept longer."""
_TABLE = SignInAttempt.__table__


def key(kind: str, who: str | None) -> str:
    """The name of a count: of what kind, and whose."""
    said = f"{kind}:{(who or '')[:100]}".encode("utf-8", "surrogatepass")
    return hmac.digest(derived_key("attempts"), said, "sha256").hex()


def waits(connection: Connection, *keys: str) -> list[int]:
    """Seconds that each of the keys still has to wait; 0 where it need not."""
    known = sa.select(_TABLE.c.name, _TABLE.c.until).where(_TABLE.c.name.in_(keys), _TABLE.c.until.is_not(None))
    until = {name: moment for name, moment in connection.execute(known)}
    return [max(0, math.ceil((until[each] - now()).total_seconds())) if each in until else 0 for each in keys]


def hold(connection: Connection, key: str) -> int:
    """As ``waits`` of one key, which nobody else may change before the transaction ends."""
    _add(connection, key, 0)
    return waits(connection, key)[0]


def fail(connection: Connection, key: str, limit: int, seconds: float) -> int:
    """Count a failure; after `limit` in a row the key has to wait so long. The seconds to wait from now on."""
    if _add(connection, key, 1) >= limit:
        shut(connection, key, seconds)
    return waits(connection, key)[0]


def shut(connection: Connection, key: str, seconds: float) -> None:
    """The key has to wait so long, and its count begins anew."""
    _add(connection, key, 0)
    until = now() + dt.timedelta(seconds=seconds)
    changed = sa.update(SignInAttempt).where(SignInAttempt.name == key)
    connection.execute(changed.values(failures=0, until=until, ends_at=until + KEPT))


def forget(connection: Connection, *keys: str) -> None:
    """The keys start afresh."""
    connection.execute(sa.delete(SignInAttempt).where(SignInAttempt.name.in_(keys)))


def purge(connection: Connection) -> None:
    """Delete what is over; rows that another transaction is busy with are left to it."""
    over = sa.select(SignInAttempt.name).where(SignInAttempt.ends_at <= now()).with_for_update(skip_locked=True)
    connection.execute(sa.delete(SignInAttempt).where(SignInAttempt.name.in_(over)))


def _add(connection: Connection, key: str, failures: int) -> int:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    ends_at = now() + KEPT
    made = insert(SignInAttempt).values(name=key, failures=failures, ends_at=ends_at)
    later = sa.case((SignInAttempt.ends_at > ends_at, SignInAttempt.ends_at), else_=ends_at)
    changed = {"failures": SignInAttempt.failures + failures, "ends_at": later}
    counted = made.on_conflict_do_update(index_elements=["name"], set_=changed).returning(SignInAttempt.failures)
    return int(connection.execute(counted).scalar_one())
