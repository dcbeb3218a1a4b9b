"""In whose hand an account is: what is done with it counts as done by whoever could act as it (separation of duties).

Who makes an account or gives it a fresh password or a token knows how to act as it, until its owner has both a password
of their own and a second factor. What was done meanwhile stays the holder's afterwards.
"""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.identity import new_key
from db.technical import AccountHold

HELD_ZH = "本人改口令并启用两步验证之前，用这个账号办的事算作您办的：您不能再审核它申报的备案。"


def hold(connection: Connection, account_id: str, holder_id: str | None) -> None:
    """From now on the account is in the hand of `holder_id`; None, the server itself, holds nothing."""
    if holder_id is None or holder_id == account_id:
        return
    values = {"id": new_key(), "account_id": account_id, "holder_id": holder_id, "since": now()}
    connection.execute(sa.insert(AccountHold).values(values))


def release(connection: Connection, account_id: str) -> None:
    """Its owner has a password of their own and a second factor: from now on it is in no other hand."""
    mine = (AccountHold.account_id == account_id, AccountHold.until.is_(None))
    connection.execute(sa.update(AccountHold).where(*mine).values(until=now()))


def is_held(connection: Connection, account_id: str) -> bool:
    """Whether somebody else can act as the account."""
    mine = (AccountHold.account_id == account_id, AccountHold.until.is_(None))
    return connection.scalar(sa.select(AccountHold.id).where(*mine).limit(1)) is not None


def hands(connection: Connection, account_id: str, at: dt.datetime | None = None) -> frozenset[str]:
    """The accounts that could act as an account at a moment (None: now), itself among them."""
    moment, found, ask = at or now(), {account_id}, [account_id]
    while ask:
        held = sa.select(AccountHold.holder_id).where(
            AccountHold.account_id.in_(ask), AccountHold.since <= moment,
            sa.or_(AccountHold.until.is_(None), AccountHold.until > moment),
        )  # fmt: skip
        ask = sorted(set(connection.scalars(held)) - found)
        found.update(ask)
    return frozenset(found)
