"""The one way a record gets into the audit log: it, and its place in the line of those to be sealed, or neither.

Whoever writes signs what it wrote, as it is stored: the sealer takes nothing that somebody else put into the line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert, ReturningInsert

from db import crypto
from db.audit.chain import LOG, PURPOSE, Stored, mark, raw_columns
from db.clock import now
from db.identity import new_key
from db.models.system.audit_log import AuditLog
from db.models.system.user_account import UserAccount
from db.prepared import prepared
from db.technical import AuditWaiting

COMMAND_LINE = "命令行"
"""Who acts without an account: whoever may run the tasks of the server, where it runs."""
_ACCOUNT = UserAccount.__table__


def stamped(actor: str | None, ip: str | None, name: str = COMMAND_LINE) -> dict[str, Any]:
    """The columns of a record that say who acted when and from where, its own id among them.

    ``add`` writes down how the account was called then; nobody else knows that once it is renamed.
    `name` is who acts without one.
    """
    at = now()
    made = {"id": new_key(), "created_at": at, "updated_at": at, "version": 1, "at": at}
    who = {"created_by_id": actor, "updated_by_id": actor, "actor_id": actor, "ip": ip}
    return {**made, **who} if actor else {**made, **who, "actor_login": None, "actor_name": name}


def add(connection: Connection, record: Mapping[str, Any], statement: Insert | None = None) -> None:
    """Write a record in the transaction of its act; `statement` inserts it in a way of its own.

    If it cannot be written, the act does not happen: what is raised here ends the transaction.
    """
    columns = tuple(record)
    made = prepared(connection, (statement, columns), lambda: _stored(connection, statement, record), columns)
    _wait(connection, made.rows(connection, {**record, "acting": record["actor_id"]})[0])


def _stored(connection: Connection, statement: Insert | None, record: Mapping[str, Any]) -> ReturningInsert[Any]:
    """The insertion with the account's login and name as they are stored now, unless the record tells them; it returns
    the record as it is kept."""
    made = sa.insert(AuditLog) if statement is None else statement

    def called(column: str) -> sa.ScalarSelect[Any]:
        return sa.select(_ACCOUNT.c[column]).where(_ACCOUNT.c.id == sa.bindparam("acting")).scalar_subquery()

    if "actor_name" not in record:
        made = made.values(actor_login=called("login_name"), actor_name=called("person_name"))
    return made.returning(*raw_columns(connection, LOG))


def enqueue(connection: Connection, key: str) -> None:
    """Let the sealer find a record that this transaction wrote in a way of its own."""
    stored = sa.select(*raw_columns(connection, LOG)).where(LOG.c.id == key)
    _wait(connection, connection.execute(stored).mappings().one())


def _wait(connection: Connection, stored: Stored) -> None:
    """Sign a record and put it in line. Writers only ever add lines, so that none of them waits for another."""
    secret = crypto.current_secret()
    line = {"record_id": stored["id"], "mark": mark(crypto.derived_key(PURPOSE, secret), stored), "secret": secret}
    prepared(connection, ("audit_waiting",), lambda: sa.insert(AuditWaiting), tuple(line)).run(connection, line)
