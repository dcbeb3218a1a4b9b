"""The one way a record gets into the audit log: it, and its place in the line of those to be sealed, or neither.

Whoever writes signs what it wrote, as it is stored: the sealer takes nothing that somebody else put into the line.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert, ReturningInsert

from db import crypto, touched
from db.audit.chain import LOG, PURPOSE, Stored, mark, raw_columns
from db.audit.lines import AT_ONCE, bound, digest, insertion, lines_of, write
from db.clock import now
from db.identity import new_key
from db.models.places.region import Region
from db.models.system.audit_log import AuditLog
from db.models.system.user_account import UserAccount
from db.prepared import prepared
from db.technical import AuditWaiting

COMMAND_LINE = "命令行"
"""Who acts without an account: whoever may run the tasks of the server, where it runs."""
CLOCK = "系统"
"""Who takes the steps of the server when they are due."""
_ACCOUNT, _REGION = UserAccount.__table__, Region.__table__
_PLACED = sa.insert(AuditLog).values(
    # By the path, not by a column of the row: a case's region is the place of the dispute, a grant's may be none.
    # Of the living ones, for those the index knows; a region that is deleted itself, its own record names.
    region_id=sa.func.coalesce(
        sa.select(_REGION.c.id)
        .where(_REGION.c.path == sa.bindparam("path_of_region"), _REGION.c.deleted_at.is_(None))
        .scalar_subquery(),
        sa.bindparam("own_region", type_=_REGION.c.id.type),
    )
)


def stamped(actor: str | None, ip: str | None, name: str = COMMAND_LINE) -> dict[str, Any]:
    """The columns of a record that say who acted when and from where, its own id among them.

    ``add`` writes down how the account was called then; nobody else knows that once it is renamed.
    `name` is who acts without one.
    """
    at = now()
    made = {"id": new_key(), "created_at": at, "updated_at": at, "version": 1, "at": at}
    who = {"created_by_id": actor, "updated_by_id": actor, "actor_id": actor, "ip": ip}
    return {**made, **who} if actor else {**made, **who, "actor_login": None, "actor_name": name}


def by_clock(at: dt.datetime) -> dict[str, Any]:
    """As ``stamped``, of what the server does by itself as of a moment, whenever it comes to do it."""
    return {**stamped(None, None), "actor_name": CLOCK, "at": at}


def add(connection: Connection, record: Mapping[str, Any]) -> None:
    """Write a record in the transaction of its act, with a line for each row the act has touched since the last one.

    It stands at the region that it names, or at that of its ``scope_path``, and where none has it at ``own_region``.

    If it cannot be written, the act does not happen: what is raised here ends the transaction.
    """
    lines = lines_of(record, touched.take(connection))
    record = {**record, "lines_digest": digest(lines)}
    columns = tuple(record)
    made = prepared(connection, ("audit_log", *columns), lambda: _stored(connection, record), columns)
    binds = {**record, "acting": record["actor_id"], "path_of_region": record["scope_path"]}
    stored = made.rows(connection, binds)[0]
    if connection.dialect.name == "postgresql" and 0 < len(lines) <= AT_ONCE:
        line = _place(stored)  # in one round trip
        values = {f"at_{name}": value for name, value in line.items()} | bound(lines)
        key = ("audit_waiting", len(lines))
        prepared(connection, key, lambda: _with_lines(len(lines), line)).run(connection, values)
    else:
        write(connection, lines)
        _wait(connection, stored)


def _stored(connection: Connection, record: Mapping[str, Any]) -> ReturningInsert[Any]:
    """The insertion with the account's login and name as they are stored now, unless the record tells them; it returns
    the record as it is kept."""
    made = sa.insert(AuditLog) if "region_id" in record else _PLACED

    def called(column: str) -> sa.ScalarSelect[Any]:
        return sa.select(_ACCOUNT.c[column]).where(_ACCOUNT.c.id == sa.bindparam("acting")).scalar_subquery()

    if "actor_name" not in record:
        made = made.values(actor_login=called("login_name"), actor_name=called("person_name"))
    return made.returning(*raw_columns(connection, LOG))


def enqueue(connection: Connection, key: str) -> None:
    """Let the sealer find a record that this transaction wrote in a way of its own: it counts what it did itself,
    and has no lines."""
    touched.take(connection)
    stored = sa.select(*raw_columns(connection, LOG)).where(LOG.c.id == key)
    _wait(connection, connection.execute(stored).mappings().one())


def _with_lines(count: int, line: Mapping[str, Any]) -> Insert:
    place = AuditWaiting.__table__
    values = {name: sa.bindparam(f"at_{name}", type_=place.c[name].type) for name in line}
    return sa.insert(AuditWaiting).inline().values(values).add_cte(insertion(count).cte("lines"))


def _place(stored: Stored) -> dict[str, Any]:
    secret = crypto.current_secret()
    signed = mark(crypto.derived_key(PURPOSE, secret), stored)
    return {"record_id": stored["id"], "mark": signed, "secret": secret, "numbered": False}


def _wait(connection: Connection, stored: Stored) -> None:
    """Sign a record and put it in line. Writers only ever add lines, so that none of them waits for another."""
    line = _place(stored)
    statement = prepared(connection, ("audit_waiting",), lambda: sa.insert(AuditWaiting).inline(), tuple(line))
    statement.run(connection, line)
