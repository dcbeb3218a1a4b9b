"""How Alembic runs here: over the connection that ``db.migrate`` opened, in its transaction."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext
from alembic.runtime.migration import MigrationContext

import db.models
import db.technical  # noqa: F401  (both say what tables there are)
from db import types
from db.base import Base
from db.migrations.checks import PLUGIN
from db.search import GRAMS, follow_structure


def render_type(kind: str, value: Any, where: AutogenContext) -> str | Literal[False]:
    """The text of one of our column types in a migration: the portable type, never what one database makes of it."""
    if kind != "type" or type(value).__module__ != types.__name__:
        return False
    where.imports.add("from db import types")
    match value:
        case types.Text():  # a Choice too: its members stand in the CHECK
            return f"types.Text({value.length or ''})"
        case types.Number():
            return f"types.Number({value.precision}, {value.scale})"
        case _:
            return f"types.{type(value).__name__}()"


def differs(
    where: MigrationContext, _found: sa.Column[Any], _said: sa.Column[Any], found: Any, said: sa.types.TypeEngine[Any]
) -> bool:
    """Whether a column's type in the database is another than the model's: compared as this database spells them."""
    # The collation belongs to the type of every text column, and not every dialect reads it back.
    spelled = [kind.compile(where.dialect).partition(" COLLATE")[0] for kind in (found, said)]
    return spelled[0] != spelled[1]


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether the models say something about a table: SQLite's full-text index is several of its own."""
    return not (kind == "table" and name is not None and name.startswith(GRAMS))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=render_type,
    compare_type=differs,
    include_name=is_ours,
    transactional_ddl=True,
    autogenerate_plugins=["alembic.autogenerate.*", PLUGIN.name],
)
with context.begin_transaction():
    context.run_migrations()
    follow_structure(context.config.attributes["connection"])
