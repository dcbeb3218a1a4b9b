"""Migrations make the tables of the models, on both databases, and lose no row on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db.base import Base
from db.clock import now, today
from db.engine import Database
from db.identity import new_key
from db.migrate import VERSIONS, CannotMigrate, autogenerate, differences, downgrade, pending, upgrade
from db.registry import registry
from db.uniqueness import field_of_index, field_of_violation
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind

T = TypeVar("T")
REGION = registry()["Region"].table
# A later migration as people will write them: a column more and another taken away, on a table others refer to.
LATER = """
import sqlalchemy as sa
from alembic import op
from db import types

revision, down_revision, branch_labels, depends_on = "later", "LAST", None, None


def upgrade() -> None:
    with op.batch_alter_table("region") as region:
        region.add_column(sa.Column("area", types.Number(12, 2), nullable=True))
        region.drop_column("population_on")


def downgrade() -> None:
    with op.batch_alter_table("region") as region:
        region.add_column(sa.Column("population_on", types.Day(), nullable=True))
        region.drop_column("area")
"""


@pytest.fixture
def url(database_kind: Kind, fresh_database: FreshDatabase) -> str:
    return fresh_database(database_kind)


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    """The real migrations and a later one."""
    real = sorted(VERSIONS.glob("0*.py"))
    for file in real:
        (tmp_path / file.name).write_text(file.read_text())
    later = LATER.replace("LAST", real[-1].name[:4])
    (tmp_path / "later.py").write_text(later)
    return tmp_path


def change(url: str, function: Callable[[Connection], T]) -> T:
    async def run() -> T:
        database = Database(Settings(database_url=url))
        try:
            return await database.write(function)
        finally:
            await database.stop()

    return asyncio.run(run())


def region(**more: Any) -> dict[str, Any]:
    key = new_key()
    return {
        "id": key, "code": "320000000000", "name": "江苏省", "short_name": "江苏", "level": "PROVINCE",
        "path": f"/{key}/", "valid_from": today(), "created_at": now(), "updated_at": now(), "multi_ethnic": False,
        "remote": False, **more,
    }  # fmt: skip


def insert(*rows: dict[str, Any]) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        for row in rows:
            connection.execute(sa.insert(REGION).values(row))

    return run


def codes(connection: Connection) -> list[str]:
    return list(connection.scalars(sa.select(REGION.c.code).order_by(REGION.c.code)))


def test_after_an_upgrade_the_database_is_what_the_models_say(url: str) -> None:
    upgrade(url)
    assert differences(url) == []


def test_every_unique_index_of_the_models_is_in_the_database(url: str) -> None:
    upgrade(url)
    said = {i.name for t in Base.metadata.tables.values() for i in t.indexes if i.unique}

    def found(connection: Connection) -> set[str]:
        inspector = sa.inspect(connection)
        indexes = [index for table in inspector.get_table_names() for index in inspector.get_indexes(table)]
        # PostgreSQL keeps a unique constraint by an index of its name.
        return {str(i["name"]) for i in indexes if i["unique"] and "duplicates_constraint" not in i}

    assert {"uq_region_path", "uq_region_code", "uq_mediator_id_number_digest"} <= said
    assert change(url, found) == said


def test_a_fresh_sqlite_database_is_there_in_a_moment(fresh_database: FreshDatabase) -> None:
    """By the work it takes, which a busy machine does not change."""
    url, start = fresh_database("sqlite"), time.process_time()
    upgrade(url)
    assert time.process_time() - start < 1.5


def test_a_second_upgrade_does_nothing(url: str) -> None:
    upgrade(url)
    assert pending(url) == []
    assert "已是最新" in upgrade(url)


def test_migrations_run_inside_a_running_event_loop(url: str) -> None:
    async def run() -> str:
        return upgrade(url)

    assert "已升级" in asyncio.run(run())


def test_up_and_down_and_up_again_with_data(url: str) -> None:
    upgrade(url)
    change(url, insert(region()))
    downgrade(url, "base")
    assert pending(url)
    upgrade(url)
    assert differences(url) == []
    assert change(url, codes) == []


def test_a_later_migration_keeps_rows_references_checks_and_indexes(url: str, versions: Path) -> None:
    upgrade(url)
    parent = region()
    change(url, insert(parent, region(code="320100000000", level="CITY", parent_id=parent["id"])))
    assert pending(url, versions) == ["later"]
    upgrade(url, versions=versions)
    assert change(url, codes) == ["320000000000", "320100000000"]
    downgrade(url, "-1", versions=versions)
    assert differences(url) == []
    assert change(url, codes) == ["320000000000", "320100000000"]
    for wrong in (region(level="GALAXY", code="1"), region(parent_id=new_key(), code="2"), region()):
        with pytest.raises(sa.exc.IntegrityError):
            change(url, insert(wrong))


def test_a_migration_that_fails_half_way_leaves_nothing_behind(url: str, versions: Path) -> None:
    upgrade(url)
    whole = (versions / "later.py").read_text()
    broken = whole.replace("\n\n\ndef downgrade", "\n    raise ZeroDivisionError\n\n\ndef downgrade")
    (versions / "later.py").write_text(broken)
    with pytest.raises(ZeroDivisionError):
        upgrade(url, versions=versions)
    assert differences(url) == []
    assert pending(url, versions) == ["later"]


def test_a_database_newer_than_the_program_is_refused(url: str, versions: Path) -> None:
    upgrade(url, versions=versions)
    with pytest.raises(CannotMigrate, match="later"):
        upgrade(url)


def test_an_enumeration_with_another_member_is_a_difference(url: str) -> None:
    upgrade(url)

    def shrink(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            sql = connection.scalar(sa.text("SELECT sql FROM sqlite_master WHERE name = 'region'"))
            connection.exec_driver_sql("DROP TABLE region")
            connection.exec_driver_sql(str(sql).replace(", 'VIRTUAL'", ""))
        else:
            connection.exec_driver_sql("ALTER TABLE region DROP CONSTRAINT ck_region_kind")
            connection.exec_driver_sql("ALTER TABLE region ADD CONSTRAINT ck_region_kind CHECK (kind IN ('STANDARD'))")

    change(url, shrink)
    steps = {getattr(step[1], "name", None) for step in differences(url) if isinstance(step, tuple)}
    assert "ck_region_kind" in steps
    assert "ck_region_level" not in steps


@pytest.mark.parametrize(
    ("_case", "told", "changed"),
    [
        ("a longer text", "sa.Column('short_name', types.Text(100)", "sa.Column('short_name', types.Text(90)"),
        ("another kind", "sa.Column('population', sa.Integer()", "sa.Column('population', types.Text(100)"),
        (
            "a day that was a moment",
            "sa.Column('population_on', types.Day()",
            "sa.Column('population_on', types.Moment()",
        ),
        (
            "what may be left out",
            "types.Key(), nullable=True),\n    sa.Column('urban",
            "types.Key(), nullable=False),\n    sa.Column('urban",
        ),
    ],
)
def test_a_column_of_another_type_is_a_difference(
    url: str, tmp_path: Path, _case: str, told: str, changed: str
) -> None:
    autogenerate("all tables", tmp_path)
    file = tmp_path / "0001_all_tables.py"
    text = file.read_text()
    assert told in text  # once in the table, once in its shadow
    file.write_text(text.replace(told, changed, 1))
    upgrade(url, versions=tmp_path)
    assert len(differences(url)) == 1


def test_no_migration_is_written_where_nothing_changed(versions: Path) -> None:
    (versions / "later.py").unlink()
    before = sorted(versions.glob("*.py"))
    assert autogenerate("nothing", versions) is None
    assert sorted(versions.glob("*.py")) == before


def test_a_migration_written_from_the_models_brings_a_database_to_them(url: str, tmp_path: Path) -> None:
    assert autogenerate("all tables", tmp_path) == tmp_path / "0001_all_tables.py"
    upgrade(url, versions=tmp_path)
    assert differences(url) == []


@pytest.mark.parametrize(
    ("_case", "rows", "field"),
    [
        ("a valid code is there once", [{}, {}], ("region", ("code",))),
        ("a closed one may be used again", [{"valid_to": today()}, {"valid_to": today()}, {}], None),
        ("a deleted one does not count", [{"deleted_at": now()}, {}], None),
        ("a path is never used twice", [{"path": "/1/", "valid_to": today()}, {"path": "/1/"}], ("region", ("path",))),
    ],
)
def test_uniqueness_is_kept_and_named(
    migrated_database: Callable[[Kind], str], database_kind: Kind, _case: str, rows: list[dict[str, Any]], field: Any
) -> None:
    url = migrated_database(database_kind)
    found = None
    try:
        change(url, insert(*(region(**row) for row in rows)))
    except sa.exc.IntegrityError as error:
        found = field_of_violation(error)
    assert found == field


def test_an_index_on_a_digest_is_named_by_the_field_it_protects() -> None:
    assert field_of_index("uq_mediator_id_number_digest") == ("mediator", ("id_number",))
    assert field_of_index("uq_committee_term_committee_id_term_no") == ("committee_term", ("committee_id", "term_no"))
    assert field_of_index("ix_region_parent_id") is None
