"""Writes that count once: the outcome of a write with an idempotency key is kept with it, and told again (API 4).

The key is claimed by the first statement of the transaction, so of two requests at once the later waits for the first
and then tells its outcome. What was refused leaves nothing behind and may be tried again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from db.technical import RememberedWrite
from resolvers.commands.work import Once, Work
from resolvers.faults import Fault, Refused

T = TypeVar("T")
KEPT = dt.timedelta(hours=24)
PATH = "Idempotency-Key"
_TABLE: sa.Table = RememberedWrite.__table__  # type: ignore[assignment]


def once(work: Work, act: Callable[[Work], T]) -> T:
    """What `act` returns (plain JSON), or what it returned to the same request before. Raises Refused: CONFLICT."""
    asked = work.origin.once
    if asked is None or work.actor is None:
        return act(work)
    mine = (_TABLE.c.account_id == work.actor, _TABLE.c.key == asked.key)
    if _claimed(work, asked):
        outcome = act(work)
        work.connection.execute(sa.update(_TABLE).where(*mine).values(outcome=outcome))
        return outcome
    kept = work.row(sa.select(_TABLE.c.digest, _TABLE.c.outcome).where(*mine))
    if kept is None or kept["digest"] != asked.digest:
        zh, en = "这个 Idempotency-Key 已用于另一个请求。", "This Idempotency-Key was used for another request."
        raise Refused([Fault((PATH,), "CONFLICT", zh, en)])
    return kept["outcome"]  # type: ignore[no-any-return]


def _claimed(work: Work, asked: Once) -> bool:
    """Whether the key is this transaction's: nobody used it for a day."""
    dialect: Any = sqlite if work.connection.dialect.name == "sqlite" else postgresql
    fresh = {"digest": asked.digest, "at": work.now, "outcome": None}
    claim = dialect.insert(_TABLE).values(account_id=work.actor, key=asked.key, **fresh)
    expired = _TABLE.c.at < work.now - KEPT
    claim = claim.on_conflict_do_update(index_elements=["account_id", "key"], set_=fresh, where=expired)
    return bool(work.connection.execute(claim).rowcount)


def forget_old(work: Work) -> None:
    """Drop the outcomes that are no longer told; the first thing a transaction does, so that none waits for another."""
    work.connection.execute(sa.delete(_TABLE).where(_TABLE.c.at < work.now - KEPT))
