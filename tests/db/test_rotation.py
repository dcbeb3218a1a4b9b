"""The installation's secret is changed: nothing is lost, and everything is found before, during and after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

import settings as settings_module
from db import crypto, rotation
from db.audit.sealer import seal_all
from db.audit.verify import Anchor, anchor, verify
from db.checksums import citizen_check_digit
from db.clock import now
from db.engine import Database
from db.identity import new_key
from db.models.people.mediator import Mediator
from db.models.system.audit_log import AuditAction
from db.rotation import rotate
from permissions.events import record
from settings import Settings, get_settings
from tests.databases import Kind
from tests.permissions.world import LONG_AGO, PATHS, begin_tally, settle

OLD, NEW, NEWEST = ("secret-" + word * 12 for word in ("old", "new", "est"))
PEOPLE = 500
TABLE: Any = Mediator.__table__
pytestmark = pytest.mark.anyio


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """``secrets(current, *previous)``: the environment names these secrets from here on."""

    def know(current: str, *previous: str) -> None:
        monkeypatch.setenv("FENGQIAO_SECRET_KEY", current)
        monkeypatch.setenv("FENGQIAO_PREVIOUS_SECRET_KEYS", str(list(previous)).replace("'", '"'))
        forget()

    def forget() -> None:
        get_settings.cache_clear()
        crypto.forget_secrets()

    yield know
    monkeypatch.undo()
    forget()


@pytest.fixture
async def database(
    migrated_database: Callable[[Kind], str], database_kind: Kind, secrets: Callable[..., None]
) -> AsyncIterator[Database]:
    """A register of people that the old secret encrypted."""
    secrets(OLD)
    url = migrated_database(database_kind)
    database = Database(Settings(database_url=url))
    await database.write(begin_tally)
    await database.write(fill)
    yield database
    await database.stop()


def clear_of(number: int) -> dict[str, str | None]:
    """The personal data of a person: the second has no bank account, the third no address."""
    first = f"3201021980{number // 28 % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}"
    return {
        "id_number": f"{number:06d}" + (first + citizen_check_digit(first))[6:],
        "mobile": f"138{number:08d}",
        "bank_account": None if number % 2 else f"6222{number:015d}",
        "address": None if number % 3 else f"和平社区{number}号",
    }


def sealed(number: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, clear in clear_of(number).items():
        context = f"mediator.{name}"
        values[f"{name}_cipher"] = None if clear is None else crypto.encrypt(clear, context)
        values[f"{name}_digest"] = None if clear is None else crypto.digest(clear, context)
        values[f"{name}_mask"] = None if clear is None else crypto.MASKS[name](clear)
    return values


def person(connection: Connection, number: int) -> dict[str, Any]:
    region = connection.scalar(sa.text("SELECT id FROM region WHERE name = 'village'"))
    return {
        "id": new_key(), "created_at": now(), "updated_at": now(), "mediator_no": f"N{number}", "name": f"人{number}",
        "region_id": region, "scope_path": PATHS["village"], "ethnicity": "HAN", "education": "COLLEGE",
        "kind": "PART_TIME", "first_appointed_on": LONG_AGO, **sealed(number),
    }  # fmt: skip


def fill(connection: Connection) -> None:
    settle(connection)
    connection.execute(sa.delete(TABLE.metadata.tables["mediator_appointment"]))
    connection.execute(sa.delete(TABLE))
    connection.execute(sa.insert(Mediator), [person(connection, number) for number in range(PEOPLE)])
    deleted = sa.update(TABLE).where(TABLE.c.mediator_no == "N7").values(deleted_at=now())
    connection.execute(deleted)


async def stored(database: Database) -> dict[str, dict[str, Any]]:
    rows = await database.look(lambda c: c.execute(sa.select(TABLE)).mappings().all())
    return {row["mediator_no"]: dict(row) for row in rows}


def lost(rows: dict[str, dict[str, Any]]) -> list[str]:
    """The people whose data cannot be read, or would not be found by it."""
    wrong = []
    for number in range(PEOPLE):
        row = rows[f"N{number}"]
        for name, clear in clear_of(number).items():
            context, cipher = f"mediator.{name}", row[f"{name}_cipher"]
            read = None if cipher is None else crypto.decrypt(cipher, context)
            found = row[f"{name}_digest"] in ([None] if clear is None else crypto.digests(clear, context))
            if read != clear or not found:
                wrong.append(f"{number} {name}")
    return wrong


async def test_a_rotation_loses_nothing_and_leaves_nothing_of_the_old_secret(
    database: Database, secrets: Callable[..., None]
) -> None:
    before = await stored(database)
    secrets(NEW, OLD)
    assert lost(before) == []
    outcome = await rotate(database)
    after = await stored(database)
    assert (outcome.changed, outcome.left) == (PEOPLE, [])
    secrets(NEW)
    assert lost(after) == []
    kept = [name for name in (c.name for c in TABLE.c) if not name.endswith(("_cipher", "_digest"))]
    assert {n: [row[k] for k in kept] for n, row in after.items()} == {
        n: [row[k] for k in kept] for n, row in before.items()
    }
    assert not {row["id_number_digest"] for row in after.values()} & {r["id_number_digest"] for r in before.values()}


async def test_it_goes_on_where_it_was_broken_off(
    database: Database, secrets: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(Exception):
        pass

    def cut(done: int, _total: int, _stage: str) -> None:
        if done >= 200:
            raise PowerCut

    monkeypatch.setattr(rotation, "BATCH", 100)
    secrets(NEW, OLD)
    with pytest.raises(PowerCut):
        await rotate(database, cut)
    rows = await stored(database)
    fresh = [row for row in rows.values() if row["id_number_cipher"].startswith(crypto.fresh_prefix())]
    assert len(fresh) == 200
    assert lost(rows) == []
    outcome = await rotate(database)
    assert outcome.changed == PEOPLE - 200
    secrets(NEW)
    assert lost(await stored(database)) == []
    assert (await rotate(database)).changed == 0


async def test_what_is_written_meanwhile_is_not_written_over(database: Database, secrets: Callable[..., None]) -> None:
    secrets(NEW, OLD)
    fresh = "320102198001010018"

    async def change() -> None:
        for number in range(0, PEOPLE, 25):
            values = {"mobile_cipher": crypto.encrypt(fresh, "mediator.mobile"), "mobile_mask": "x"}
            values["mobile_digest"] = crypto.digest(fresh, "mediator.mobile")
            statement = sa.update(TABLE).where(TABLE.c.mediator_no == f"N{number}").values(values)
            await database.write(lambda c, s=statement: c.execute(s))  # type: ignore[misc]

    await asyncio.gather(rotate(database), change())
    secrets(NEW)
    rows = await stored(database)
    changed = [crypto.decrypt(rows[f"N{n}"]["mobile_cipher"], "mediator.mobile") for n in range(0, PEOPLE, 25)]
    assert changed == [fresh] * len(changed)
    assert {place.split()[0] for place in lost(rows)} == {str(n) for n in range(0, PEOPLE, 25)}


async def test_what_no_known_secret_opens_is_named_and_left(database: Database, secrets: Callable[..., None]) -> None:
    await database.write(
        lambda c: c.execute(sa.update(TABLE).where(TABLE.c.mediator_no == "N3").values(mobile_cipher="2.00000000.AAAA"))
    )
    secrets(NEW, OLD)
    outcome = await rotate(database)
    assert outcome.changed == PEOPLE - 1
    [said] = outcome.left
    assert said.startswith("mediator ")
    assert said.endswith("已知的密钥都解不开")


async def test_two_rows_of_one_number_are_named_and_both_stay(database: Database, secrets: Callable[..., None]) -> None:
    secrets(NEW, OLD)
    await database.write(lambda c: c.execute(sa.insert(Mediator), [person(c, 5) | {"mediator_no": "again"}]))
    outcome = await rotate(database)
    assert outcome.changed == PEOPLE - 1
    [said] = outcome.left
    assert "重复" in said
    assert len(await stored(database)) == PEOPLE + 1
    assert lost(await stored(database)) == []


async def test_values_from_before_secrets_had_ids_are_read_and_renewed(
    database: Database, secrets: Callable[..., None]
) -> None:
    def age(connection: Connection) -> None:
        found = sa.select(TABLE.c.id, TABLE.c.mobile_cipher).where(TABLE.c.mobile_cipher.is_not(None))
        for key, cipher in connection.execute(found).all():
            plain = "1." + cipher.split(".", 2)[2]
            connection.execute(sa.update(TABLE).where(TABLE.c.id == key).values(mobile_cipher=plain))

    await database.write(age)
    secrets(NEW, OLD)
    assert lost(await stored(database)) == []
    assert (await rotate(database)).left == []
    secrets(NEW)
    assert lost(await stored(database)) == []


async def test_seals_of_an_earlier_secret_hold_when_it_is_gone(
    database: Database, secrets: Callable[..., None]
) -> None:
    def tell(connection: Connection) -> None:
        record(connection, AuditAction.SIGN_IN, "登录", about=None, by=None, ip=None)

    await database.write(tell)
    await seal_all(database)
    kept: Anchor = await database.look(anchor)
    for current, previous in ((NEW, OLD), (NEWEST, NEW)):
        secrets(current, previous)
        await rotate(database)
        await database.write(tell)
        await seal_all(database)
        secrets(current)
        report = await database.look(lambda c: verify(c, kept))
        assert report.findings == []
    assert report.checked == 5
    log = "UPDATE audit_log SET summary = '改' WHERE id = (SELECT record_id FROM audit_seal WHERE seq = 1)"
    await database.write(lambda c: c.execute(sa.text(log)))
    assert [f.kind for f in (await database.look(verify)).findings] == ["CHANGED"]


# --- where the secret lies in a file ----------------------------------------------------------------------------------


def test_a_new_secret_goes_before_the_old_one_in_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    monkeypatch.setattr(settings_module, "SECRET_FILE", file)
    first = Settings().secrets()
    assert [len(secret) for secret in first] == [64]
    Settings().renew_secret()
    new, old = Settings().secrets()
    assert [old] == first != [new]
    assert file.stat().st_mode & 0o777 == 0o600
    Settings().drop_earlier_secrets()
    assert Settings().secrets() == [new]
