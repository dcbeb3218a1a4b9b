"""Guesses at the door: one count of all workers, who is not shut out by them, and what a flood of them writes."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa
import time_machine

from db.clock import now
from db.engine import Database
from db.models.system.audit_log import AuditLog
from db.technical import SignInAttempt
from permissions import devices
from permissions.sign_ins import Refusal, SignedIn, change_password, sign_in
from tests.permissions.test_accounts import ask, column, signed
from tests.permissions.world import PASSWORD, World


@pytest.mark.parametrize("login", ["district", "nobody"])
async def test_all_workers_share_one_count_of_known_and_unknown_logins(login: str, database: Database) -> None:
    """Two processes over one database look at five guesses together: who asks both learns no more than from one."""
    other = Database(database.settings).as_system()
    try:
        answers = [await ask(each, login, "Wrong-12345") for _ in range(4) for each in (database, other)]
    finally:
        await other.stop()
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes == ["UNAUTHENTICATED"] * 5 + ["RATE_LIMITED"] * 3


async def test_failures_that_are_over_are_forgotten(database: Database) -> None:
    """Every login that nobody has makes a row; an hour later the next sign-in takes them away."""
    for number in range(3):
        await ask(database, f"nobody-{number}", "Wrong-12345")
    assert len(await column(database, sa.select(SignInAttempt.name))) == 4  # and the address
    with time_machine.travel(now() + dt.timedelta(minutes=61), tick=True):
        await ask(database, "nobody", "Wrong-12345")
    assert len(await column(database, sa.select(SignInAttempt.name))) == 2


@pytest.mark.parametrize("login", ["district", "nobody"])
async def test_a_flood_of_sign_ins_that_have_to_wait_writes_nothing(login: str, database: Database) -> None:
    """Of fifty attempts while the login is locked one leaves a record, and no other is so much as a transaction."""
    for _ in range(5):
        await ask(database, login, "Wrong-12345")
    for _ in range(50):
        answer = await ask(database, login)
        assert isinstance(answer, Refusal)
        assert answer.code == "RATE_LIMITED"
    assert len(await column(database, sa.select(AuditLog.id))) == 6


async def test_a_known_device_is_not_shut_out_by_guesses_from_elsewhere(database: Database) -> None:
    """Somebody guesses from all over the place; who signed in here before still does, and everybody else waits."""
    device = (await signed(database)).device
    for number in range(8):
        await sign_in(database, "district", "Wrong-12345", f"10.9.0.{number}", None)
    assert isinstance(await ask(database), Refusal)
    assert isinstance(await sign_in(database, "district", PASSWORD, "10.0.0.1", None, device=device), SignedIn)
    # That takes the wait from nobody else.
    assert isinstance(await ask(database), Refusal)


async def test_a_device_that_guesses_waits_like_everybody_else(database: Database) -> None:
    """Five guesses are its own; then its cookie is worth nothing for a while. The account is counted on afresh."""
    device = (await signed(database)).device

    async def guess(password: str) -> str:
        answer = await sign_in(database, "district", password, "10.0.0.1", None, device=device)
        return "in" if isinstance(answer, SignedIn) else answer.code

    assert [await guess("Wrong-12345") for _ in range(11)] == ["UNAUTHENTICATED"] * 10 + ["RATE_LIMITED"]
    assert await guess(PASSWORD) == "RATE_LIMITED"


@pytest.mark.parametrize("forged", ["", "x", "a.b.9999999999.00", "用户.b.9999999999.00", "." * 500])
async def test_a_device_that_we_did_not_sign_is_none(forged: str, database: Database, world: World) -> None:
    """Nor is one of another account, one whose time is over, or one of another login."""
    for _ in range(5):
        await ask(database, password="Wrong-12345")
    with time_machine.travel(now() - dt.timedelta(days=181), tick=True):
        old = devices.issue(world.keys["@district"])
    mine = devices.issue(world.keys["@district"])
    moved = mine.replace(world.keys["@district"], "00000000-0000-7000-8000-000000000000")
    for device in (forged, old, moved, devices.issue("somebody"), mine[:-1] + ("0" if mine[-1] != "0" else "1")):
        answer = await sign_in(database, "district", PASSWORD, "10.0.0.1", None, device=device)
        assert isinstance(answer, Refusal)
        assert answer.code == "RATE_LIMITED"


async def test_who_is_signed_in_proves_their_password_whatever_strangers_guess(
    database: Database, world: World
) -> None:
    """Guesses at the door do not keep the owner of a session from changing the password that is being guessed."""
    for _ in range(6):
        await ask(database, password="Wrong-12345")
    assert await change_password(database, world.keys["@district"], PASSWORD, "Another-1978", None) == []
