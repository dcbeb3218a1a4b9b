"""The triggers and cells of rollups beside migrations, and beside the hands that take them away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.base import Base
from db.migrate import VERSIONS, downgrade, upgrade
from db.registry import registry
from db.rollup_triggers import missing, remove
from db.rollup_upkeep import differences, rebuild
from db.rollups import rollups_of
from tests.databases import Kind
from tests.db.test_levels import write
from tests.world import rows

CASE: sa.Table = registry()["MediationCase"].table
[STORED] = rollups_of(CASE)
# A later migration as people will write them: it makes both tables anew on SQLite, and changes rows.
LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "later", "LAST", None, None


def upgrade() -> None:
    for table in ("region", "mediation_case"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("later", sa.Integer(), nullable=True))
    op.execute("UPDATE mediation_case SET headcount = headcount + 1, concluded_on = '2026-07-09'")


def downgrade() -> None:
    op.execute("UPDATE mediation_case SET headcount = headcount - 1")
    for table in ("region", "mediation_case"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("later")
"""


@pytest.fixture
def url(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    """A database with the world in it."""
    found = migrated_database(database_kind)
    world = rows()

    def fill(connection: Connection) -> None:
        for entity, written in world.by_entity.items():
            connection.execute(sa.insert(world.entities[entity].table), written)

    write(found, fill)
    return found


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """The real migrations and a later one."""
    real = sorted(VERSIONS.glob("0*.py"))
    for file in real:
        (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "later.py").write_text(LATER.replace("LAST", real[-1].stem[:4]))
    return tmp_path


def counted(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.sum(STORED.table.c.headcount_sum))) or 0


def test_rows_written_in_any_way_are_counted_from_the_first_migration_on(url: str) -> None:
    assert write(url, lambda c: missing(c, STORED)) == []
    assert write(url, lambda c: differences(c, STORED)) == []
    assert write(url, counted) > 0


def test_a_later_migration_keeps_triggers_and_cells(url: str, versions: Path) -> None:
    before = write(url, counted)
    living = sum(row["deleted_at"] is None for row in rows().by_entity["MediationCase"])
    upgrade(url, versions=versions)
    assert write(url, lambda c: (missing(c, STORED), differences(c, STORED))) == ([], [])
    assert write(url, counted) == before + living
    write(url, lambda c: c.execute(sa.update(CASE).values(headcount=CASE.c.headcount + 10)))
    assert write(url, counted) == before + 11 * living
    assert write(url, lambda c: differences(c, STORED)) == []
    downgrade(url, sorted(VERSIONS.glob("0*.py"))[-1].stem[:4], versions=versions)
    assert write(url, lambda c: (missing(c, STORED), differences(c, STORED))) == ([], [])


def test_down_to_before_the_rollup_and_up_again(url: str) -> None:
    """Rows that are there before the rollup is are counted when it comes."""
    before = write(url, counted)
    downgrade(url, "0001")
    assert write(url, lambda c: sa.inspect(c).has_table(STORED.table.name)) is False
    upgrade(url)
    assert write(url, counted) == before
    assert write(url, lambda c: (missing(c, STORED), differences(c, STORED))) == ([], [])


def test_triggers_that_are_gone_or_switched_off_are_told_and_made_anew(url: str, database_kind: Kind) -> None:
    names = [f"{STORED.table.name}_{event}" for event in ("insert", "update", "delete")]
    write(url, lambda c: remove(c, STORED))
    assert write(url, lambda c: missing(c, STORED)) == names
    write(url, lambda c: c.execute(sa.update(CASE).values(headcount=7)))
    assert write(url, lambda c: differences(c, STORED)) != []
    heard: list[Any] = []
    write(url, lambda c: rebuild(c, STORED, lambda *what: heard.append(what)))
    assert heard[-1][0] == heard[-1][1] == len(heard) - 1
    assert write(url, lambda c: (missing(c, STORED), differences(c, STORED))) == ([], [])
    if database_kind == "postgresql":
        off = f"ALTER TABLE {CASE.name} DISABLE TRIGGER {names[0]}"
        write(url, lambda c: c.exec_driver_sql(off))
        assert write(url, lambda c: missing(c, STORED)) == names[:1]


def test_a_table_of_rollups_belongs_to_no_entity() -> None:
    assert STORED.table.name in Base.metadata.tables
    assert STORED.table.name not in {info.key for info in registry().values()}
