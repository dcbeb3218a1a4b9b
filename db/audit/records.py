"""The one way a record gets into the audit log: it, and its place in the line of those to be sealed, or neither."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.sql.dml import Insert

from db.clock import now
from db.identity import new_key
from db.models.audit_log import AuditLog
from db.prepared import prepared
from db.technical import AuditWaiting


def stamped(actor: str | None, ip: str | None) -> dict[str, Any]:
    """The columns of a record that say who acted when and from where, its own id among them."""
    at = now()
    made = {"id": new_key(), "created_at": at, "updated_at": at, "version": 1, "at": at}
    return {**made, "created_by_id": actor, "updated_by_id": actor, "actor_id": actor, "ip": ip}


def add(connection: Connection, record: Mapping[str, Any], statement: Insert | None = None) -> None:
    """Write a record in the transaction of its act; `statement` inserts it in a way of its own.

    If it cannot be written, the act does not happen: what is raised here ends the transaction.
    """
    columns = tuple(record)
    made = prepared(
        connection, (statement, columns), lambda: sa.insert(AuditLog) if statement is None else statement, columns
    )
    made.run(connection, record)
    enqueue(connection, record["id"])


def enqueue(connection: Connection, key: str) -> None:
    """Let the sealer find a record. Writers only ever add lines, so that none of them waits for another."""
    prepared(connection, ("audit_waiting",), lambda: sa.insert(AuditWaiting), ("record_id",)).run(
        connection, {"record_id": key}
    )
