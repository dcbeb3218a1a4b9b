"""Brings a database to the structure of the models, and writes the file that does so after the models changed.

Everything runs in one transaction on both databases: a migration is done whole or not at all, and two processes that
start at once take turns.
"""

from __future__ import annotations

import asyncio
import tempfile
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from db import private
from db.base import Base
from db.rollup_upkeep import put_back, set_aside

T = TypeVar("T")
FOLDER = Path(__file__).resolve().parent / "migrations"
VERSIONS = FOLDER / "versions"
_LOCK = 7_235_011  # any number, the same in every process


class CannotMigrate(Exception):
    """The database is of another making than these migrations; the message says what to do."""


def upgrade(url: str, revision: str = "head", versions: Path = VERSIONS) -> str:
    """Bring the database at `url` to `revision`; a line that says what was done. A new SQLite file is created."""
    parsed = make_url(url)
    if revision == "head" and not pending(url, versions):
        return f"数据库结构已是最新（{_script(versions).get_current_head()}）"
    if parsed.get_backend_name() == "sqlite":
        private.make_file(Path(str(parsed.database)).absolute())
    _change(parsed, lambda connection: command.upgrade(_config(versions, connection), revision))
    return f"数据库已升级到 {_run(parsed, _current)}"


def downgrade(url: str, revision: str, versions: Path = VERSIONS) -> str:
    """Take the database back to `revision` (``base``: no tables at all); a line that says what was done."""
    parsed = make_url(url)
    _change(parsed, lambda connection: command.downgrade(_config(versions, connection), revision))
    return f"数据库已退回到 {_run(parsed, _current) or '空库'}"


def pending(url: str, versions: Path = VERSIONS) -> list[str]:
    """The revisions the database still lacks, oldest first. Raises CannotMigrate where it has one unknown here."""
    return lacking(url, revisions(versions))


def revisions(versions: Path = VERSIONS) -> list[str]:
    """All revisions there are, newest first; read from files, whatever the database does."""
    return [step.revision for step in _script(versions).walk_revisions()]


def lacking(url: str, known: Sequence[str]) -> list[str]:
    """Those of the `known` revisions, newest first, that the database lacks, oldest first. Raises CannotMigrate."""
    parsed = make_url(url)
    absent = parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists()
    current = None if absent else _run(parsed, _current)
    if current is not None and current not in known:
        raise CannotMigrate(f"数据库的结构版本是 {current}，本程序只到 {known[0]}：请使用与数据库相符或更新的程序")
    return list(reversed(known[: known.index(current)] if current else known))


def differences(url: str) -> list[Any]:
    """What a new migration would change, were it made now against the database at `url`; empty when models agree."""

    def compare(connection: Connection) -> list[Any]:
        found: list[Any] = []

        def look(_revision: Any, context: MigrationContext) -> list[Any]:
            found.extend(compare_metadata(context, context.opts["target_metadata"]))
            return []

        config = _config(VERSIONS, connection)
        script = ScriptDirectory.from_config(config)
        with EnvironmentContext(config, script, fn=look, dont_mutate=True):
            script.run_env()
        return found

    return _run(make_url(url), compare)


def autogenerate(message: str, versions: Path = VERSIONS) -> Path | None:
    """Write the migration from the last revision to the models; None where nothing changed.

    The models are compared with a scratch database, so that the state of nobody's own database matters. One file
    serves both databases, since it names our portable types.
    """
    number = max((int(each.revision) for each in _script(versions).walk_revisions()), default=0) + 1
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{folder}/scratch.db"
        if number > 1:
            upgrade(url, versions=versions)

        def write(connection: Connection) -> Any:
            config = _config(versions, connection)
            return command.revision(
                config, message, autogenerate=True, rev_id=f"{number:04}", process_revision_directives=_unless_empty
            )

        made = _run(make_url(url), write)
    return Path(made.path) if made else None


def _unless_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


def _config(versions: Path, connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection}, cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _script(versions: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(versions))


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


# --- connections ------------------------------------------------------------------------------------------------------


def _change(url: URL, migrate: Callable[[Connection], None]) -> None:
    """`migrate` alone in the database, in one transaction."""

    def alone(connection: Connection) -> None:
        if connection.dialect.name != "sqlite":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            _with_rollups(connection, migrate)
            return
        # Batch mode drops and renames tables, so references are off meanwhile and looked over at the end.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _with_rollups(connection, migrate)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
            raise CannotMigrate(f"迁移后有 {len(broken)} 处引用失效，第一处在表 {broken[0][0]}；数据库未作改动")

    _run(url, alone)


def _with_rollups(connection: Connection, migrate: Callable[[Connection], None]) -> None:
    """`migrate` without the triggers of rollups in its way; afterwards these and their cells are made anew."""
    import db.models  # noqa: F401  (says which there are)

    set_aside(connection, Base.metadata)
    migrate(connection)
    put_back(connection, Base.metadata)


def _run(url: URL, function: Callable[[Connection], T]) -> T:
    """`function` over a connection of its own, committed at the end; callable inside a running event loop too."""
    if url.get_backend_name() == "sqlite":
        return _on_sqlite(url, function)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _on_postgres(url, function)).result()


def _on_sqlite(url: URL, function: Callable[[Connection], T]) -> T:
    engine = sa.create_engine(url.set(drivername="sqlite"), poolclass=NullPool)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # else the driver commits before every CREATE TABLE
        for pragma in ("busy_timeout=15000", "journal_mode=WAL", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")

    with engine.begin() as connection:
        return function(connection)


async def _on_postgres(url: URL, function: Callable[[Connection], T]) -> T:
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(function)
    finally:
        await engine.dispose()
