"""Committees that name a partner unit go on naming the right one when partner institutions come in."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import now
from db.engine import Database
from db.migrate import differences, downgrade, upgrade
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind

REGION, COURT, HEALTH, COMMITTEE = (f"{n:08x}-0000-7000-8000-000000000000" for n in range(1, 5))
STAMP = {"created_at": now(), "updated_at": now(), "version": 1}
PLACED = {"scope_path": "/32/", "region_id": REGION, **STAMP}


def written(connection: Connection) -> None:
    """Rows as the first migration took them, without the models of today."""
    _insert(
        connection, "region", id=REGION, code="320000000000", name="省", short_name="省", level="PROVINCE",
        kind="STANDARD", path="/32/", valid_from=dt.date(2020, 1, 1), multi_ethnic=False, remote=False, **STAMP,
    )  # fmt: skip
    for key, name in ((COURT, "某区人民法院"), (HEALTH, "某区卫生健康委员会")):
        _insert(connection, "org_unit", id=key, kind="PARTNER", name=name, phone=None, org_scope_id=key, **PLACED)
    _insert(
        connection, "mediation_committee", id=COMMITTEE, code="1", name="医调委", type="PROFESSIONAL", level="PROVINCE",
        industry_domain="MEDICAL", guiding_office_id=COURT, filing_bureau_id=COURT, supervising_dept_id=HEALTH,
        established_on=dt.date(2021, 1, 1), status="ACTIVE", filing_status="UNFILED", address="路", phone="1",
        has_signboard=False, has_systems_posted=False, has_ledger=False, standardized=False, **PLACED,
    )  # fmt: skip


def _insert(connection: Connection, table: str, **values: Any) -> None:
    reflected = sa.Table(table, sa.MetaData(), autoload_with=connection, resolve_fks=False)
    on_sqlite = connection.dialect.name == "sqlite"
    plain = {
        name: str(value) if on_sqlite and isinstance(value, dt.datetime) else value for name, value in values.items()
    }
    connection.execute(sa.text(
        f"INSERT INTO {table} ({', '.join(plain)}) VALUES ({', '.join(f':{name}' for name in plain)})"
    ).bindparams(*(sa.bindparam(name, type_=_kind(reflected.c[name].type)) for name in plain)), plain)  # fmt: skip


def _kind(kind: Any) -> Any:
    return sa.Date() if isinstance(kind, sa.Date) else None


def change(url: str, function: Any) -> Any:
    async def run() -> Any:
        database = Database(Settings(database_url=url))
        try:
            return await database.write(function)
        finally:
            await database.stop()

    return asyncio.run(run())


@pytest.fixture
def url(database_kind: Kind, fresh_database: FreshDatabase) -> str:
    return fresh_database(database_kind)


def test_stored_references_to_partner_units_stay_right_both_ways(url: str) -> None:
    upgrade(url, "0001")
    change(url, written)
    upgrade(url)
    assert differences(url) == []

    def partners(connection: Connection) -> list[tuple[str, ...]]:
        found = "SELECT id, org_unit_id, name, partner_kind, level FROM partner_institution ORDER BY id"
        return [tuple(map(str, row)) for row in connection.execute(sa.text(found))]

    def supervisor(connection: Connection) -> str:
        return str(connection.scalar(sa.text("SELECT supervising_dept_id FROM mediation_committee")))

    assert change(url, partners) == [
        (COURT, COURT, "某区人民法院", "COURT", "PROVINCE"),
        (HEALTH, HEALTH, "某区卫生健康委员会", "OTHER", "PROVINCE"),
    ]
    assert change(url, supervisor) == HEALTH
    downgrade(url, "0001")
    assert change(url, supervisor) == HEALTH
