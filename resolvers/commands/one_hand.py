"""Filings of which one person could have done what has to be done by several: for whoever looks after the register.

A report, not a rule: it also tells of what was done after an account's owner had made it theirs, because who made an
account may have set up its second factor, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.identity import global_id
from db.models.register.committee_filing import CommitteeFiling
from db.models.system.user_account import UserAccount
from db.technical import AccountHold

_ACTS = {"申报": "submitted_by_id", "核验": "checked_by_id", "办结": "filed_by_id"}


@dataclass(frozen=True)
class OneHand:
    """A filing, and its acts with the logins that did them."""

    id: str
    number: str | None
    acts: str


def filings_of_one_hand(connection: Connection) -> list[OneHand]:
    """The filings of which two acts may be one person's, by their ids."""
    hands = _hands(connection)
    logins = {row.id: row.login_name for row in connection.execute(sa.select(UserAccount.id, UserAccount.login_name))}
    table = CommitteeFiling.__table__
    columns = (table.c[name] for name in _ACTS.values())
    rows = connection.execute(
        sa.select(table.c.id, table.c.filing_no, *columns).where(table.c.deleted_at.is_(None)).order_by(table.c.id)
    )
    found = []
    for row in rows.mappings():
        # An office files what it entered itself: submitting and checking are then one act.
        done = {zh: row[name] for zh, name in _ACTS.items() if row[name]}
        if _meet([hands.get(key, frozenset({key})) for key in done.values()]):
            acts = "、".join(f"{zh} {logins.get(key, '?')}" for zh, key in done.items())
            found.append(OneHand(global_id("cf", row["id"]), row["filing_no"], acts))
    return found


def _meet(several: list[frozenset[str]]) -> bool:
    return any(one & other for i, one in enumerate(several) for other in several[i + 1 :])


def _hands(connection: Connection) -> dict[str, frozenset[str]]:
    """Each account that was ever in another hand, with all the hands it was in."""
    holders: dict[str, set[str]] = {}
    for row in connection.execute(sa.select(AccountHold.account_id, AccountHold.holder_id)):
        holders.setdefault(row.account_id, set()).add(row.holder_id)
    return {account: frozenset(_closed(account, holders)) for account in holders}


def _closed(account: str, holders: dict[str, set[str]]) -> Iterable[str]:
    found, ask = {account}, [account]
    while ask:
        more = holders.get(ask.pop(), set()) - found
        found |= more
        ask += more
    return found
