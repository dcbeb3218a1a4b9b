"""Records say who acted, as they were called then; the names are sealed like all the rest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db import crypto
from db.audit.chain import FIRST, LOG, PURPOSE, SEAL, mark, raw_columns, seal
from db.audit.records import COMMAND_LINE, stamped
from db.audit.sealer import seal_all
from db.audit.verify import verify
from db.clock import now
from db.engine import Database
from db.identity import new_key
from db.migrate import differences, downgrade, upgrade
from db.models.places.region import Region
from db.models.system.audit_log import AuditAction
from db.models.system.user_account import UserAccount
from permissions.accounts import account_by_id
from permissions.events import record
from permissions.sign_ins import sign_in
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.permissions.world import PASSWORD, World, in_database

NAMES = ("actor_login", "actor_name")
TYPED = "mima.Zhenshi-4711"


async def told(database: Database) -> list[tuple[str | None, str | None]]:
    """Login and name of every record, in order."""
    names = sa.select(LOG.c.actor_login, LOG.c.actor_name).order_by(LOG.c.id)
    return await database.look(lambda c: [(row[0], row[1]) for row in c.execute(names)])


def overwritten(column: str, value: str | None) -> Callable[[Connection], Any]:
    """Forges a column of every record."""
    return lambda connection: connection.execute(sa.update(LOG).values({column: value}))  # type: ignore[arg-type]


@pytest.mark.anyio
async def test_a_record_names_who_acted_whatever_becomes_of_the_account(database: Database, world: World) -> None:
    key = world.keys["@district"]
    account = await database.look(lambda c: account_by_id(c, key))
    await database.write(lambda c: record(c, AuditAction.SIGN_IN, "登录", about=account, by=key, ip=None))
    await seal_all(database)
    gone = {"login_name": "renamed", "person_name": "改名", "deleted_at": now()}
    await database.write(lambda c: c.execute(sa.update(UserAccount).where(UserAccount.id == key).values(gone)))
    assert await told(database) == [("district", "district")]
    assert (await database.look(verify)).findings == []


@pytest.mark.anyio
@pytest.mark.parametrize("value", [None, "别人"])
@pytest.mark.parametrize("column", NAMES)
async def test_a_name_taken_away_or_changed_is_found(
    database: Database, world: World, column: str, value: str | None
) -> None:
    key = world.keys["@district"]
    await database.write(lambda c: record(c, AuditAction.SIGN_IN, "登录", about=None, by=key, ip=None))
    await seal_all(database)
    await database.write(overwritten(column, value))
    assert [(f.kind, f.seq) for f in (await database.look(verify)).findings] == [("CHANGED", 1)]


@pytest.mark.anyio
async def test_who_acts_on_the_server_itself_is_the_command_line(database: Database) -> None:
    await database.write(lambda c: record(c, AuditAction.PRUNE, "清理", about=None, by=None, ip=None))
    assert await told(database) == [(None, COMMAND_LINE)]


@pytest.mark.anyio
async def test_a_failed_sign_in_names_the_account_tried_and_nobody_who_acted(database: Database) -> None:
    await sign_in(database, "district", TYPED, "10.0.0.1", None)
    assert await told(database) == [("district", None)]


@pytest.mark.anyio
@pytest.mark.parametrize("login", [TYPED, PASSWORD, "zhangsan", "district2", "district "[:4], "x" * 300, "DISTRICT\0"])
async def test_what_is_typed_for_no_account_is_stored_nowhere(database: Database, login: str) -> None:
    await sign_in(database, login, TYPED, "10.0.0.1", None)
    assert await told(database) == [(None, None)]
    rows = await database.look(lambda c: [str(dict(row)) for row in c.execute(sa.select(LOG)).mappings()])
    assert not any(login.strip().lower() in row.lower() or TYPED in row for row in rows)


# --- records of before ------------------------------------------------------------------------------------------------


def seal_as_before(connection: Connection) -> None:
    """One record and its seal, as the program made them that knew of no names."""
    region, moment = new_key(), now()
    stamp = {"created_at": moment, "updated_at": moment, "version": 1}
    place = {"code": "32", "name": "省", "short_name": "省", "level": "PROVINCE", "kind": "STANDARD", "path": "/32/"}
    days = {"valid_from": moment.date(), "multi_ethnic": False, "remote": False}
    connection.execute(sa.insert(Region).values({"id": region, **place, **days, **stamp}))
    known = {column.name for column in LOG.c} - {*NAMES, "lines_digest"}
    made = {name: value for name, value in stamped(None, "10.0.0.9").items() if name in known}
    made |= {"region_id": region, "scope_path": "/32/", "action": "SIGN_IN", "summary": "登录", "technical": True}
    connection.execute(sa.insert(LOG).values(made))  # type: ignore[arg-type]
    before = sa.select(*(column for column in LOG.c if column.name in known)).subquery()
    stored = connection.execute(sa.select(*raw_columns(connection, before))).mappings().one()
    key = crypto.derived_key(PURPOSE, crypto.current_secret())
    link = {"seq": 1, "record_id": stored["id"], "mark": mark(key, stored), "sealed_at": moment}
    sealed = {**link, "seal": seal(key, FIRST, link), "secret": crypto.current_secret()}
    connection.execute(sa.insert(SEAL).values(sealed))  # type: ignore[arg-type]


def test_records_sealed_before_there_were_names_stay_whole_and_take_none(
    database_kind: Kind, fresh_database: FreshDatabase
) -> None:
    url = fresh_database(database_kind)
    upgrade(url, "0003")
    in_database(url, seal_as_before)
    upgrade(url)
    assert differences(url) == []
    assert in_database(url, verify).findings == []
    for name in NAMES:
        in_database(url, overwritten(name, "补名"))
        assert [(f.kind, f.seq) for f in in_database(url, verify).findings] == [("CHANGED", 1)]
        in_database(url, overwritten(name, None))
    assert in_database(url, verify).findings == []
    downgrade(url, "0003")
    upgrade(url)
    assert (in_database(url, verify).findings, in_database(url, verify).checked) == ([], 1)
