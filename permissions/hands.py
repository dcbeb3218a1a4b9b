"""In whose hand an account is: what is done with it counts as done by whoever could act as it (separation of duties).

Who makes an account or gives it a fresh password or a token knows how to act as it, until its owner has both a password
of their own and a second factor. What was done meanwhile stays the holder's afterwards.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.identity import new_key
from db.technical import AccountHold

Asked = tuple[str, dt.datetime | None]
"""An account and the moment it is asked of."""
_Hold = sa.Row[str, str, dt.datetime, dt.datetime | None]
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
    return all_hands(connection, [(account_id, at)])[account_id, at]


def all_hands(connection: Connection, asked: Iterable[tuple[str, dt.datetime | None]]) -> dict[Asked, frozenset[str]]:
    """The same of many accounts, each at its moment: a statement for each hand between the first and the last."""
    asked, holds = list(asked), dict[str, list[_Hold]]()
    ask = {account for account, _ in asked}
    while ask:
        held = sa.select(AccountHold.account_id, AccountHold.holder_id, AccountHold.since, AccountHold.until)
        found = connection.execute(held.where(AccountHold.account_id.in_(sorted(ask)))).all()
        holds |= {account: [row for row in found if row.account_id == account] for account in ask}
        ask = {row.holder_id for row in found} - holds.keys()
    return {(account, at): _reached(holds, account, at or now()) for account, at in asked}


def _reached(holds: Mapping[str, Sequence[_Hold]], account: str, at: dt.datetime) -> frozenset[str]:
    found, ask = {account}, [account]
    while ask:
        rows = holds[ask.pop()]
        new = {row.holder_id for row in rows if row.since <= at and (row.until is None or row.until > at)} - found
        found |= new
        ask += new
    return frozenset(found)
