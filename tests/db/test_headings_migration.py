"""Headings that an older program took for districts are headings after the upgrade; regions stay what they are."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.engine import Database
from db.identity import new_key
from db.migrate import downgrade, upgrade
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind

ROWS = [
    ("320000000000", "江苏省", "江苏", "PROVINCE", "STANDARD"),
    ("320101000000", "市辖区", "市辖", "DISTRICT", "STANDARD"),
    ("320102000000", "玄武区", "玄武", "DISTRICT", "STANDARD"),
    ("320576000000", "苏州工业园区", "苏州工业园区", "DISTRICT", "FUNCTIONAL_ZONE"),
]


@pytest.fixture
def url(database_kind: Kind, fresh_database: FreshDatabase) -> str:
    return fresh_database(database_kind)


def change(url: str, function: Any) -> Any:
    async def run() -> Any:
        database = Database(Settings(database_url=url))
        try:
            return await database.write(function)
        finally:
            await database.stop()

    return asyncio.run(run())


def written(connection: Connection) -> None:
    table = sa.Table("region", sa.MetaData(), autoload_with=connection, resolve_fks=False)
    stamp: Any = now() if connection.dialect.name == "postgresql" else str(now())
    names = ("code", "name", "short_name", "level", "kind")
    for row in ROWS:
        more = {
            "id": new_key(), "path": f"/{row[0]}/", "multi_ethnic": False, "remote": False, "created_at": stamp,
            "updated_at": stamp, "version": 1,
            "valid_from": dt.date(2024, 1, 1) if connection.dialect.name == "postgresql" else "2024-01-01",
        }  # fmt: skip
        values = {**dict(zip(names, row, strict=True)), **more}
        marks = ", ".join(f":{name}" for name in values)
        connection.execute(sa.text(f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({marks})"), values)


def kinds(connection: Connection) -> list[tuple[str, ...]]:
    return [
        tuple(row) for row in connection.execute(sa.text("SELECT name, short_name, kind FROM region ORDER BY code"))
    ]


def test_headings_are_told_from_districts(url: str) -> None:
    upgrade(url, "0004")
    change(url, written)
    upgrade(url)
    after = [
        ("江苏省", "江苏", "STANDARD"), ("市辖区", "市辖区", "VIRTUAL"), ("玄武区", "玄武", "STANDARD"),
        ("苏州工业园区", "苏州工业园区", "FUNCTIONAL_ZONE"),
    ]  # fmt: skip
    assert change(url, kinds) == after
    downgrade(url, "0004")
    upgrade(url)
    assert change(url, kinds) == after
