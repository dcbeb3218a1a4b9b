"""The second factor: set up, asked for, used up, locked out, lost and taken away; nothing of it is stored in clear."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.engine import Connection

from db.clock import now
from db.engine import Database
from db.facts import Role
from db.models.system.audit_log import AuditLog
from db.models.system.user_account import UserAccount
from db.rotation import rotate
from db.technical import LoginSession, RecoveryCode, SecondFactor
from permissions import own_account, second_factor
from permissions.accounts import account_by_login, load_viewer
from permissions.identities import Identities
from permissions.sign_ins import NEEDS_OTP, WRONG_OTP, WRONG_PASSWORD, Refusal, SignedIn, sign_in
from permissions.viewer import Viewer
from settings import get_settings
from tests.permissions.world import PASSWORD, World

MINUTE = dt.timedelta(minutes=1)


async def enter(database: Database, otp: str | None = None, password: str = PASSWORD) -> SignedIn | Refusal:
    return await sign_in(database, "district", password, "10.0.0.1", "test", otp)


async def viewer(database: Database, session: str | None = None) -> Viewer:
    """The account `district`, as the holder of a session sees it."""

    def load(connection: Connection) -> Viewer:
        account = account_by_login(connection, "district")
        found = load_viewer(connection, account.id, "10.0.0.1") if account else None
        assert found is not None
        return found

    return await database.look(load)


async def set_up(database: Database) -> tuple[pyotp.TOTP, list[str]]:
    """The account has a second factor from now on: its generator and its recovery codes."""
    me = await viewer(database)
    begun = await own_account.enrol(database, me, PASSWORD)
    assert isinstance(begun, tuple)
    generator = pyotp.TOTP(begun[0])
    codes = await own_account.confirm(database, me, generator.now())
    assert isinstance(codes, list)
    return generator, codes


async def said(database: Database) -> list[str]:
    """What the audit log says, in order."""
    return await database.look(lambda c: list(c.scalars(sa.select(AuditLog.summary).order_by(AuditLog.id))))


async def count(database: Database, table: Any) -> int:
    return await database.look(lambda c: c.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


# --- setting it up ----------------------------------------------------------------------------------------------------


async def test_it_counts_only_once_a_code_was_shown(database: Database) -> None:
    me = await viewer(database)
    begun = await own_account.enrol(database, me, PASSWORD)
    assert isinstance(begun, tuple)
    assert begun[1] == pyotp.TOTP(begun[0]).provisioning_uri(name="district", issuer_name="枫桥")
    assert isinstance(await enter(database), SignedIn)

    wrong = await own_account.confirm(database, me, "000000")
    assert wrong is WRONG_OTP
    assert isinstance(await enter(database), SignedIn)

    codes = await own_account.confirm(database, me, pyotp.TOTP(begun[0]).now())
    assert isinstance(codes, list)
    assert len(set(codes)) == 10
    assert await enter(database) is NEEDS_OTP


async def test_it_is_begun_with_the_password_only(database: Database) -> None:
    assert await own_account.enrol(database, await viewer(database), "Wrong-12345") is WRONG_PASSWORD
    assert await count(database, SecondFactor) == 0


async def test_a_second_one_waits_until_the_first_is_removed(database: Database) -> None:
    await set_up(database)
    assert await own_account.enrol(database, await viewer(database), PASSWORD) is own_account.THERE_IS_ONE


async def test_the_other_sessions_end_when_it_is_set_up(database: Database) -> None:
    here, there = await enter(database), await enter(database)
    assert isinstance(here, SignedIn)
    assert isinstance(there, SignedIn)
    identity = await Identities(database).of_session(here.token, "10.0.0.1")
    assert identity is not None
    begun = await own_account.enrol(database, identity.viewer, PASSWORD)
    assert isinstance(begun, tuple)
    await own_account.confirm(database, identity.viewer, pyotp.TOTP(begun[0]).now())
    assert await Identities(database).of_session(here.token, "10.0.0.1") is not None
    assert await Identities(database).of_session(there.token, "10.0.0.1") is None


# --- signing in -------------------------------------------------------------------------------------------------------


async def test_a_code_opens_a_session_once(database: Database) -> None:
    generator, _ = await set_up(database)
    with time_machine.travel(now() + MINUTE, tick=False):
        code = generator.now()
        assert isinstance(await enter(database, code), SignedIn)
        assert await enter(database, code) is WRONG_OTP


async def test_the_code_that_set_it_up_opens_nothing_any_more(database: Database) -> None:
    moment = now()
    with time_machine.travel(moment, tick=False):
        generator, _ = await set_up(database)
        assert await enter(database, generator.now()) is WRONG_OTP


async def test_of_two_sign_ins_with_one_code_at_once_one_succeeds(database: Database) -> None:
    generator, _ = await set_up(database)
    with time_machine.travel(now() + MINUTE, tick=False):
        code = generator.now()
        answers = await asyncio.gather(*(enter(database, code) for _ in range(4)))
    assert [isinstance(answer, SignedIn) for answer in answers].count(True) == 1


async def test_an_earlier_code_does_not_count_after_a_later_one(database: Database) -> None:
    generator, _ = await set_up(database)
    moment = now() + MINUTE
    with time_machine.travel(moment, tick=False):
        earlier, later = generator.now(), generator.at(moment + dt.timedelta(seconds=30))
        assert isinstance(await enter(database, later), SignedIn)
        assert await enter(database, earlier) is WRONG_OTP


@pytest.mark.parametrize(("seconds", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
async def test_a_telephone_may_be_half_a_minute_off(seconds: int, counts: bool, database: Database) -> None:
    generator, _ = await set_up(database)
    moment = now() + 5 * MINUTE
    with time_machine.travel(moment, tick=False):
        code = generator.at(moment + dt.timedelta(seconds=seconds))
        assert isinstance(await enter(database, code), SignedIn) is counts


async def test_codes_are_read_as_people_type_them(database: Database) -> None:
    generator, codes = await set_up(database)
    with time_machine.travel(now() + MINUTE, tick=False):
        code = generator.now()
        assert isinstance(await enter(database, f" {code[:3]} {code[3:]} "), SignedIn)
    assert isinstance(await enter(database, codes[0].lower().replace("-", " ")), SignedIn)


@pytest.mark.parametrize("otp", ["", "٠١٢٣٤٥", "1" * 5000, "\0", "\ud800", "------", "NONE"])
async def test_rubbish_is_no_code(otp: str, database: Database) -> None:
    await set_up(database)
    refusal = await enter(database, otp)
    assert refusal is (WRONG_OTP if otp else NEEDS_OTP)


async def test_who_has_no_second_factor_is_not_asked_and_may_send_anything(database: Database) -> None:
    assert isinstance(await enter(database, "123456"), SignedIn)


async def test_a_wrong_password_tells_nothing_about_the_second_factor(database: Database) -> None:
    generator, _ = await set_up(database)
    for otp in (None, "123456", generator.at(now() + MINUTE)):
        refusal = await enter(database, otp, "Wrong-12345")
        assert isinstance(refusal, Refusal)
        assert (refusal.zh, refusal.details) == ("登录名或口令不正确。", None)


async def test_guessing_codes_locks_the_account(database: Database) -> None:
    generator, codes = await set_up(database)
    with time_machine.travel(now() + MINUTE, tick=False):
        answers = [await enter(database, f"{guess:06}") for guess in range(5)]
        assert [answer is WRONG_OTP for answer in answers] == [True] * 5
        for otp in (generator.now(), codes[0], None):
            locked = await enter(database, otp)
            assert isinstance(locked, Refusal)
            assert locked.code == "RATE_LIMITED"


async def test_a_second_factor_is_not_shut_out_by_guesses_of_the_password(database: Database) -> None:
    """While strangers wait, the password and a code together still open; without the right ones all hear the same."""
    generator, _ = await set_up(database)
    with time_machine.travel(now() + MINUTE, tick=False):
        for number in range(6):
            await sign_in(database, "district", "Wrong-12345", f"10.9.0.{number}", None)
        for password, otp in ((PASSWORD, None), ("Wrong-12345", generator.now()), (PASSWORD, "000000")):
            refused = await enter(database, otp, password)
            assert isinstance(refused, Refusal)
            assert (refused.code, refused.details) == ("RATE_LIMITED", None)
        assert isinstance(await enter(database, generator.now()), SignedIn)


async def test_guesses_with_a_code_are_counted_while_one_has_to_wait(database: Database) -> None:
    """The door for who has a second factor is none for guesses: after five from one address it is shut there."""
    generator, _ = await set_up(database)
    with time_machine.travel(now() + MINUTE, tick=False):
        for _ in range(5):
            await enter(database, None, "Wrong-12345")
        for _ in range(5):
            await enter(database, "000000", "Wrong-12345")
        refused = await enter(database, generator.now())
        assert isinstance(refused, Refusal)
        assert refused.code == "RATE_LIMITED"


async def test_asking_for_the_code_does_not_start_the_count_of_guesses_afresh(database: Database) -> None:
    await set_up(database)
    codes = []
    for guess in range(6):
        await enter(database)
        answer = await enter(database, f"{guess:06}")
        assert isinstance(answer, Refusal)
        codes.append(answer.code)
    assert codes == ["UNAUTHENTICATED"] * 5 + ["RATE_LIMITED"]


async def test_guessing_while_one_sets_it_up_locks_the_account(database: Database) -> None:
    me = await viewer(database)
    await own_account.enrol(database, me, PASSWORD)
    answers = [await own_account.confirm(database, me, f"{guess:06}") for guess in range(6)]
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == ["UNAUTHENTICATED"] * 5 + [
        "RATE_LIMITED"
    ]


# --- recovery codes ---------------------------------------------------------------------------------------------------


async def test_a_recovery_code_counts_once(database: Database) -> None:
    _, codes = await set_up(database)
    assert isinstance(await enter(database, codes[3]), SignedIn)
    assert await enter(database, codes[3]) is WRONG_OTP
    assert isinstance(await enter(database, codes[4]), SignedIn)
    assert await database.look(lambda c: second_factor.codes_left(c, _key(c))) == 8
    assert "使用恢复码，还剩 9 个" in await said(database)


async def test_new_recovery_codes_end_the_old_ones(database: Database) -> None:
    _, codes = await set_up(database)
    me = await viewer(database)
    fresh = await own_account.renew_codes(database, me, PASSWORD, codes[0])
    assert isinstance(fresh, list)
    assert set(fresh).isdisjoint(codes)
    assert await enter(database, codes[1]) is WRONG_OTP
    assert isinstance(await enter(database, fresh[1]), SignedIn)


def _key(connection: Connection) -> str:
    account = account_by_login(connection, "district")
    assert account is not None
    return account.id


# --- taking it away ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "right_code", "taken"),
    [(PASSWORD, True, True), ("Wrong-12345", True, False), (PASSWORD, False, False)],
)
async def test_it_is_removed_by_who_shows_both(
    password: str, right_code: bool, taken: bool, database: Database
) -> None:
    _, codes = await set_up(database)
    done = await own_account.disable(database, await viewer(database), password, codes[0] if right_code else "000000")
    assert (done is True) is taken
    assert isinstance(await enter(database), SignedIn) is taken
    assert [await count(database, table) == 0 for table in (SecondFactor, RecoveryCode)] == [taken, taken]


async def test_a_reset_by_somebody_else_ends_what_was_open(database: Database) -> None:
    _, codes = await set_up(database)
    assert isinstance(await enter(database, codes[0]), SignedIn)

    def reset(connection: Connection) -> bool:
        account = account_by_login(connection, "district")
        assert account is not None
        return second_factor.remove(connection, account, by=None, ip=None)

    assert await database.write(reset)
    assert not await database.write(reset)
    assert await count(database, LoginSession) == 0
    assert isinstance(await enter(database), SignedIn)
    assert (await said(database)).count("重置两步验证") == 1


# --- a role that requires it ------------------------------------------------------------------------------------------


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> Any:
    """DIST needs a second factor."""
    monkeypatch.setenv("FENGQIAO_SECOND_FACTOR_ROLES", '["DIST"]')
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.mark.usefixtures("required")
async def test_a_role_that_requires_it_reaches_nothing_without_it(database: Database) -> None:
    async def present() -> Viewer:
        entered = await enter(database, codes[-1] if codes else None)
        assert isinstance(entered, SignedIn)
        identity = await Identities(database).of_session(entered.token, "10.0.0.1")
        assert identity is not None
        return identity.viewer

    codes: list[str] = []
    before = await present()
    _, codes = await set_up(database)
    after = await present()
    assert (before.duty, set(before.reaches)) == ("ENROL_SECOND_FACTOR", set())
    assert (after.duty, set(after.reaches)) == (None, {Role.DIST})


@pytest.mark.usefixtures("required")
async def test_another_role_and_a_program_need_none(database: Database, world: World) -> None:
    def change(connection: Connection) -> None:
        connection.execute(sa.update(UserAccount).values(is_service=True))

    await database.write(change)
    assert (await viewer(database)).duty is None


# --- what is kept -----------------------------------------------------------------------------------------------------


async def test_neither_secret_nor_codes_are_stored_or_recorded_in_clear(database: Database) -> None:
    generator, codes = await set_up(database)
    await enter(database, codes[0])
    tables = (SecondFactor, RecoveryCode, AuditLog, UserAccount)
    kept = [str(row) for table in tables for row in await _rows(database, table)]
    secrets = [generator.secret, *codes, *(code.replace("-", "") for code in codes)]
    assert [secret for secret in secrets if any(secret in row for row in kept)] == []


async def _rows(database: Database, table: Any) -> list[Any]:
    return await database.look(lambda c: list(c.execute(sa.select(table.__table__)).all()))


async def test_every_act_is_one_record(database: Database) -> None:
    _, codes = await set_up(database)
    await enter(database)
    await enter(database, "000000")
    await enter(database, codes[0])
    await own_account.disable(database, await viewer(database), PASSWORD, codes[1])
    assert await said(database) == [
        "启用两步验证",
        "登录未完成：须输入动态验证码",
        "登录失败：动态验证码或恢复码不正确",
        "使用恢复码，还剩 9 个",
        "登录",
        "使用恢复码，还剩 8 个",
        "停用两步验证",
    ]


async def test_a_new_key_of_the_installation_leaves_it_usable(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from db import crypto

    first, second = "a" * 20 + "first secret 0123456789", "b" * 20 + "second secret 9876543210"
    try:
        monkeypatch.setenv("FENGQIAO_SECRET_KEY", first)
        _forget(crypto)
        generator, _ = await set_up(database)
        monkeypatch.setenv("FENGQIAO_SECRET_KEY", second)
        monkeypatch.setenv("FENGQIAO_PREVIOUS_SECRET_KEYS", f'["{first}"]')
        _forget(crypto)
        outcome = await rotate(database)
        monkeypatch.delenv("FENGQIAO_PREVIOUS_SECRET_KEYS")
        _forget(crypto)
        with time_machine.travel(now() + MINUTE, tick=False):
            entered = await enter(database, generator.now())
        assert [line for line in outcome.left if line.startswith("second_factor")] == []
        assert isinstance(entered, SignedIn)
    finally:
        monkeypatch.undo()
        _forget(crypto)


def _forget(crypto: Any) -> None:
    get_settings.cache_clear()
    crypto.forget_secrets()
