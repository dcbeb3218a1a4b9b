"""Rows of which one person could have done what has to be done by several: for whoever looks after the register.

A report, not a rule: it also tells of what was done after an account's owner had made it theirs, because who made an
account may have set up its second factor, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo
from db.identity import global_id
from db.models.system.user_account import UserAccount
from db.registry import Registry
from db.technical import AccountHold

_EVERY_ROW = frozenset({"created_by_id", "updated_by_id"})
"""Accounts that every row names: who wrote it, whatever the act was."""


@dataclass(frozen=True)
class OneHand:
    """A row, and its acts with the logins that did them."""

    id: str
    number: str | None
    acts: str


def rows_of_one_hand(connection: Connection, entities: Registry) -> list[OneHand]:
    """The rows of which two acts may be one person's, by their ids, of every entity whose steps are kept apart."""
    hands = _hands(connection)
    logins = {row.id: row.login_name for row in connection.execute(sa.select(UserAccount.id, UserAccount.login_name))}
    return [
        found
        for info in entities.values()
        if any(step.apart for step in info.facts.steps)
        for found in _of(connection, info, hands, logins)
    ]


def _of(
    connection: Connection, info: EntityInfo, hands: dict[str, frozenset[str]], logins: dict[str, str]
) -> Iterator[OneHand]:
    accounts = (r for r in info.references if r.target == UserAccount.__name__ and r.near not in _EVERY_ROW)
    acts = [(relation.near, relation.zh.removesuffix("人")) for relation in accounts]
    number = next((field.column for field in info.fields.values() if field.facts.unique and field.name != "id"), "id")
    table = info.table
    columns = (table.c[name] for name in ("id", number, *(near for near, _ in acts)))
    rows = connection.execute(sa.select(*columns).where(table.c.deleted_at.is_(None)).order_by(table.c.id))
    for row in rows.mappings():
        # Two acts of one account are one where the steps allow it: an office submits and checks what it entered itself.
        done = {zh: row[near] for near, zh in acts if row[near]}
        if _meet([hands.get(key, frozenset({key})) for key in sorted(set(done.values()))]):
            said = "、".join(f"{zh} {logins.get(key, '?')}" for zh, key in done.items())
            key = global_id(info.facts.prefix, row["id"])
            yield OneHand(key, None if number == "id" else row[number], said)


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
