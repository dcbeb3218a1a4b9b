"""A database goes on only under the secrets it was written with: whoever lacks one of them is told so and stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

import app
from db import crypto
from db.engine import Database
from db.installation import WrongSecret, findings, remember, settle
from db.models.people.mediator import Mediator
from db.rotation import rotate
from db.technical import InstallationSecret
from settings import Settings, get_settings
from tests.databases import Kind
from tests.permissions.world import settle as settle_country

OLD, NEW, OTHER = ("secret-" + word * 12 for word in ("old", "new", "oth"))
Know = Callable[..., None]
pytestmark = pytest.mark.anyio


@pytest.fixture
def know(monkeypatch: pytest.MonkeyPatch) -> Iterator[Know]:
    """``know(current, *previous)``: a process with these secrets."""

    def change(current: str, *previous: str) -> None:
        monkeypatch.setenv("FENGQIAO_SECRET_KEY", current)
        monkeypatch.setenv("FENGQIAO_PREVIOUS_SECRET_KEYS", str(list(previous)).replace("'", '"'))
        get_settings.cache_clear()
        crypto.forget_secrets()

    yield change
    monkeypatch.undo()
    get_settings.cache_clear()
    crypto.forget_secrets()


@pytest.fixture
async def database(
    migrated_database: Callable[[Kind], str], database_kind: Kind, know: Know
) -> AsyncIterator[Database]:
    """A register of before, encrypted with the old secret, that no line tells of yet."""
    know(OLD)
    database = Database(Settings(database_url=migrated_database(database_kind)))
    await database.write(fill)
    yield database
    await database.stop()


def fill(connection: Connection) -> None:
    settle_country(connection)
    connection.execute(
        sa.update(Mediator).values(
            **{
                f"{name}_cipher": crypto.encrypt(value, f"mediator.{name}")
                for name, value in (("id_number", "320102198001010011"), ("mobile", "13800000000"))
            }
        )
    )


def lines(connection: Connection) -> set[str]:
    return set(connection.scalars(sa.select(InstallationSecret.secret)))


async def test_a_register_of_before_takes_the_secret_that_opens_it_and_no_other(database: Database, know: Know) -> None:
    know(OTHER)
    (sentence,) = await database.look(findings)
    assert "FENGQIAO_PREVIOUS_SECRET_KEYS" in sentence
    assert await database.look(lines) == set()
    know(OLD)
    assert await database.look(findings) == []
    for _ in range(2):  # as often as processes start
        await database.write(remember)
    assert await database.look(lines) == {crypto.current_secret()}


async def test_a_database_restored_under_another_secret_is_not_served(database: Database, know: Know) -> None:
    """Also where nothing in it is encrypted: what would be written now belonged to another installation."""
    await database.write(remember)
    await database.write(lambda c: c.execute(sa.update(Mediator).values(id_number_cipher="x", mobile_cipher="x")))
    know(OTHER)
    with pytest.raises(WrongSecret):
        await app.check_secrets(database)
    know(OLD)
    await app.check_secrets(database)


async def test_a_line_of_somebody_elses_making_opens_nothing(database: Database, know: Know) -> None:
    await database.write(remember)
    await database.write(lambda c: c.execute(sa.update(InstallationSecret).values(mark="0" * 64)))
    assert await database.look(findings)


async def test_a_change_of_secrets_needs_the_old_one_until_it_is_done(database: Database, know: Know) -> None:
    """New and old, the old processes still there, only the new too early; then rotated, and the old one can go."""
    await database.write(remember)
    know(NEW, OLD)
    await app.check_secrets(database)
    assert len(await database.look(lines)) == 2
    for known in ((NEW,), (OLD,)):  # one cannot read what was, the other not what is written now
        know(*known)
        assert await database.look(findings)
    know(OLD, NEW)
    assert await database.look(findings) == []
    know(NEW, OLD)
    assert (await rotate(database)).left == []
    await database.write(settle)
    know(NEW)
    assert await database.look(findings) == []
    know(OLD)
    assert await database.look(findings)
