"""Removes records whose time is over from the beginning of the chain, which stays verifiable from there on."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import crypto, outbox
from db.audit.chain import LOG, PURPOSE, SEAL, checkpoint_mark
from db.audit.verify import first_broken
from db.clock import now
from db.technical import AuditCheckpoint


class CannotPrune(Exception):
    """What would be removed has been tampered with: it is evidence now. The message says what was found."""


def prune(connection: Connection, days: int) -> int:
    """Remove sealed records older than `days` from the beginning of the chain; how many. Raises CannotPrune.

    The first record that is not old ends it, so that what is left is one piece of the chain.
    """
    before = now() - dt.timedelta(days=days)
    until = _last_old(connection, before)
    if until is None:
        return 0
    if (broken := first_broken(connection, until)) is not None:
        raise CannotPrune(broken.zh)
    removed = sa.select(SEAL.c.record_id).where(SEAL.c.seq <= until)
    outbox.forget(connection, removed)
    connection.execute(sa.delete(LOG).where(LOG.c.id.in_(removed)))  # type: ignore[arg-type]
    seal = connection.scalar(sa.select(SEAL.c.seal).where(SEAL.c.seq == until))
    done = connection.execute(sa.delete(SEAL).where(SEAL.c.seq <= until)).rowcount  # type: ignore[arg-type]
    _begin_after(connection, until, str(seal))
    return done


def _last_old(connection: Connection, before: dt.datetime) -> int | None:
    young = sa.exists().where(LOG.c.id == SEAL.c.record_id, LOG.c.at >= before)
    first_young = connection.scalar(sa.select(SEAL.c.seq).where(young).order_by(SEAL.c.seq).limit(1))
    old = sa.select(sa.func.max(SEAL.c.seq))
    found: int | None = connection.scalar(old if first_young is None else old.where(SEAL.c.seq < first_young))
    return found


def _begin_after(connection: Connection, seq: int, seal: str) -> None:
    secret = crypto.current_secret()
    checkpoint = {"seq": seq, "seal": seal, "removed_at": now()}
    mark = checkpoint_mark(crypto.derived_key(PURPOSE, secret), checkpoint)
    connection.execute(sa.delete(AuditCheckpoint))
    connection.execute(sa.insert(AuditCheckpoint), [{**checkpoint, "mark": mark, "secret": secret}])
