"""What a database says when it is away, full or not to be written, as opposed to a mistake in what it was asked.

Waiting helps, or whoever runs the machine: nobody else is told of it as of a fault of theirs or of ours.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import asyncpg
import sqlalchemy.exc

ROOM = 4 * 1024 * 1024
"""Bytes that a write and its log may need; with fewer left the next one may fail half-way."""
_SQLITE = frozenset(
    {
        sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PROTOCOL,
    }
)  # fmt: skip
_NO_ROOM = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY})
_POSTGRES = frozenset({"53000", "53100", "53200", "53300", "58000", "58030", "25006"})
"""Out of disk, memory or connections; the disk fails; the server takes no writes. Not 53400: a question's own limit."""
_POSTGRES_NO_ROOM = frozenset({"53100", "58030", "25006"})
_AWAY = (
    OSError, sqlalchemy.exc.TimeoutError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError, asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,  # what asyncpg makes of a server's last word that crosses a statement
)  # fmt: skip


def is_outage(problem: BaseException) -> bool:
    """Whether the database could not be reached or used, as opposed to a mistake of ours."""
    if isinstance(problem, sqlalchemy.exc.DBAPIError):
        if problem.connection_invalidated or isinstance(problem, sqlalchemy.exc.InterfaceError):
            return True
        if problem.orig is not None and _is_said(problem.orig, _SQLITE, _POSTGRES):
            return True
        # A server that is coming or going says so in words that SQLAlchemy takes for a statement's fault.
        cause = problem.orig and problem.orig.__cause__
        return isinstance(cause, Exception) and is_outage(cause)
    return isinstance(problem, _AWAY) or _is_said(problem, _SQLITE, _POSTGRES)


def takes_no_writes(problem: BaseException) -> bool:
    """Whether a write failed because nothing can be written now: the disk is full, broken or only to be read."""
    said = problem.orig if isinstance(problem, sqlalchemy.exc.DBAPIError) else problem
    return said is not None and _is_said(said, _NO_ROOM, _POSTGRES_NO_ROOM)


def has_room(path: Path, room: int = ROOM) -> bool:
    """Whether the disk under a file has room for what is written next. SQLite writes over old parts of its log for a
    while after a disk is full, so that a small write going well does not tell it."""
    disk = os.statvfs(path.parent)
    return not disk.f_flag & os.ST_RDONLY and disk.f_bavail * disk.f_frsize >= room


def _is_said(problem: BaseException, sqlite: frozenset[int], postgres: frozenset[str]) -> bool:
    code = getattr(problem, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in sqlite
    return getattr(problem, "sqlstate", None) in postgres
