"""From where an account may be used, and whose word about an address is believed."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
import time_machine
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient

from db.clock import now
from db.engine import Database
from db.models.system.user_account import UserAccount
from permissions.addresses import may_come_from, networks, proxy_options, tidy
from permissions.enrolments import CannotEnrol, Enrolment, enrol
from permissions.http import address_of
from permissions.identities import Identities
from permissions.kept_passwords import set_password
from permissions.sign_ins import Refusal, SignedIn, change_password, sign_in
from permissions.tokens import NoToken, create_token, revoke_named, tokens_of
from settings import Settings, get_settings
from tests.permissions.test_http import make_app
from tests.permissions.world import PASSWORD, World, in_database, password_hash
from tests.servers import Serving

ROOT = Path(__file__).parent.parent.parent
INSIDE, OUTSIDE = "10.32.1.9", "10.33.1.9"
LISTED = "10.32.0.0/16 2001:db8::/32 192.0.2.7"


@pytest.mark.parametrize(
    ("ip", "allowed"),
    [
        (INSIDE, True), (OUTSIDE, False), ("192.0.2.7", True), ("192.0.2.8", False), ("2001:db8::5", True),
        ("2001:db9::5", False), ("::ffff:10.32.1.9", True), ("::ffff:10.33.1.9", False), ("testclient", False),
        ("", False), (None, False),
    ],
)  # fmt: skip
def test_only_an_address_in_the_list_is_let_in(ip: str | None, allowed: bool) -> None:
    assert may_come_from(LISTED, ip) is allowed


def test_without_a_list_a_person_may_come_from_anywhere_and_a_program_from_nowhere() -> None:
    assert may_come_from(None, None)
    assert not may_come_from(None, INSIDE, needs_list=True)
    assert not may_come_from("", INSIDE, needs_list=True)


def test_a_list_written_past_the_commands_lets_nobody_in() -> None:
    assert not may_come_from("10.32.0.0/16 somewhere", INSIDE)


def test_lists_are_kept_tidy_and_mistakes_are_named() -> None:
    assert tidy("10.32.0.0/16，192.0.2.7;\n2001:DB8::/32") == "10.32.0.0/16 192.0.2.7/32 2001:db8::/32"
    assert tidy(" ") is None
    for wrong in ("10.32.0.5/16", "10.32", "localhost", "0.0.0.0/0x"):
        with pytest.raises(ValueError, match=wrong.replace(".", r"\.")):
            networks(f"192.0.2.7 {wrong}")


# --- programs ---------------------------------------------------------------------------------------------------------


@pytest.fixture
async def program(database: Database) -> str:
    """The key of a program's account that may come from LISTED."""
    wanted = Enrolment("feed", "省平台接口", "DIST", region="320102000000", service=LISTED)
    await database.write(lambda connection: enrol(connection, wanted, None))
    found = await database.look(lambda c: c.scalar(sa.select(UserAccount.id).where(UserAccount.login_name == "feed")))
    assert found
    return str(found)


async def test_a_token_of_a_program_is_looked_at_by_address_at_every_request(database: Database, program: str) -> None:
    token = await database.write(lambda connection: create_token(connection, program, "t"))
    identities = Identities(database)
    seen = [await identities.of_bearer(token, ip) for ip in (INSIDE, OUTSIDE, None, INSIDE)]
    assert [identity is not None for identity in seen] == [True, False, False, True]


async def test_a_shorter_list_is_felt_by_the_next_look(database: Database, program: str) -> None:
    token = await database.write(lambda connection: create_token(connection, program, "t"))
    assert await Identities(database).of_bearer(token, INSIDE) is not None
    await database.write(lambda connection: connection.execute(sa.update(UserAccount).values(addresses="192.0.2.7/32")))
    assert await Identities(database).of_bearer(token, INSIDE) is None


async def test_a_program_opens_no_session_whatever_its_row_holds(database: Database, program: str) -> None:
    for stored in (None, password_hash()):
        change = sa.update(UserAccount).values(password_hash=stored)
        await database.write(lambda connection, change=change: connection.execute(change))  # type: ignore[misc]
        entered = await sign_in(database, "feed", PASSWORD, INSIDE, None)
        assert isinstance(entered, Refusal)
        assert entered.zh == "登录名或口令不正确。"
    assert [r.at for r in await change_password(database, program, PASSWORD, "Ketten-Brücke-7", INSIDE)] == ["password"]
    with pytest.raises(LookupError):
        await database.write(lambda connection: set_password(connection, program, password_hash(), by=None))


async def test_a_program_without_addresses_gets_no_token(database: Database, program: str) -> None:
    await database.write(lambda connection: connection.execute(sa.update(UserAccount).values(addresses=None)))
    with pytest.raises(NoToken, match="系统对接账号须先填写来源地址"):
        await database.write(lambda connection: create_token(connection, program, "t"))


async def test_a_person_with_a_list_signs_in_from_it_only(database: Database, world: World) -> None:
    await database.write(lambda connection: connection.execute(sa.update(UserAccount).values(addresses="10.32.0.0/16")))
    inside = await sign_in(database, "district", PASSWORD, INSIDE, None)
    outside = await sign_in(database, "district", PASSWORD, OUTSIDE, None)
    assert isinstance(inside, SignedIn)
    assert isinstance(outside, Refusal)
    assert outside.zh == "登录名或口令不正确。"
    identities = Identities(database)
    assert await identities.of_session(inside.token, INSIDE) is not None
    assert await identities.of_session(inside.token, OUTSIDE) is None


@pytest.mark.parametrize("service", ["10.32", "everywhere", "10.32.0.1/16"])
async def test_an_enrolment_with_a_wrong_network_is_refused(service: str, database: Database) -> None:
    wanted = Enrolment("feed", "接口", "DIST", region="320102000000", service=service)
    with pytest.raises(CannotEnrol, match="不是来源地址"):
        await database.write(lambda connection: enrol(connection, wanted, None))


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_program_and_its_token_are_made_on_the_command_line(url: str) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "run"), *words]
        environment = {**os.environ, "FENGQIAO_DATABASE_URL": url}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)

    who = ("--login", "feed", "--role", "DIST", "--region", "320102000000")
    wrong = run("user", "create", *who, "--service", "10.32")
    assert (wrong.returncode, "10.32 不是来源地址" in wrong.stderr) == (1, True)
    made = run("user", "create", *who, "--service", "10.32.0.0/16")
    assert (made.returncode, "口令" in made.stdout) == (0, False)
    long = run("token", "create", "--login", "feed", "--days", "366")
    assert (long.returncode, "令牌最长有效 365 天" in long.stderr) == (1, True)
    token = run("token", "create", "--login", "feed").stdout.split()[-1]
    headers = {"Authorization": f"Bearer {token}"}
    for ip, status in ((INSIDE, 200), (OUTSIDE, 401)):
        with TestClient(make_app(Settings(database_url=url)), client=(ip, 1)) as client:
            assert client.get("/whoami", headers=headers).status_code == status


# --- tokens -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [0, -1, 366, 10_000])
async def test_a_token_outlives_no_setting(days: int, database: Database, world: World) -> None:
    key = world.keys["@district"]
    with pytest.raises(NoToken, match="令牌最长有效 365 天"):
        await database.write(lambda connection: create_token(connection, key, "t", days))


async def test_every_token_ends(database: Database, world: World) -> None:
    key = world.keys["@district"]
    await database.write(lambda connection: create_token(connection, key, "t"))
    (token,) = await database.look(lambda connection: tokens_of(connection, key))
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days == 365


async def test_a_shorter_time_in_the_settings_ends_tokens_that_were_given_for_longer(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await database.write(lambda connection: create_token(connection, world.keys["@district"], "t"))
    monkeypatch.setenv("FENGQIAO_TOKEN_DAYS", "30")
    get_settings.cache_clear()
    try:
        for days, alive in ((29, True), (31, False)):
            with time_machine.travel(now() + dt.timedelta(days=days), tick=True):
                assert (await Identities(database).of_bearer(token, None) is not None) is alive
    finally:
        get_settings.cache_clear()


async def test_a_token_is_revoked_by_its_name_in_the_list_and_by_its_owner_only(
    database: Database, world: World, program: str
) -> None:
    key = world.keys["@district"]
    token = await database.write(lambda connection: create_token(connection, key, "t"))
    (listed,) = await database.look(lambda connection: tokens_of(connection, key))
    assert listed.id not in token
    assert not await database.write(lambda c: revoke_named(c, program, listed.id, by=None))
    assert await database.write(lambda c: revoke_named(c, key, listed.id, by=key))
    assert not await database.write(lambda c: revoke_named(c, key, listed.id, by=key))
    assert await Identities(database).of_bearer(token, None) is None


# --- proxies ----------------------------------------------------------------------------------------------------------


class _Behind(Serving):
    """A server with the options of ``./run serve`` for proxies."""

    def __init__(self, trusted: list[str]) -> None:
        super().__init__(lambda: _tell)
        config = uvicorn.Config(_tell, port=0, log_level="critical", **proxy_options(Settings(trusted_proxies=trusted)))
        self._server = uvicorn.Server(config)


async def _tell(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the address that the request comes from."""
    if scope["type"] == "http":
        await JSONResponse(address_of(Request(scope).scope))(scope, receive, send)


@pytest.mark.parametrize(
    ("trusted", "forwarded", "seen"),
    [
        (["127.0.0.1"], "203.0.113.5", "203.0.113.5"),
        (["127.0.0.1"], "10.32.1.9, 203.0.113.5", "203.0.113.5"),
        (["127.0.0.1", "203.0.113.0/24"], "10.32.1.9, 203.0.113.5", "10.32.1.9"),
        (["127.0.0.1"], None, "127.0.0.1"),
        (["192.0.2.1"], "10.32.1.9", "127.0.0.1"),
        ([], "10.32.1.9", "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_is_believed_and_only_about_its_own_client(
    trusted: list[str], forwarded: str | None, seen: str
) -> None:
    server = _Behind(trusted)
    server.start()
    try:
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        assert httpx2.get(server.address, headers=headers).json() == seen
    finally:
        server.stop()


def test_a_header_alone_brings_nobody_into_the_list(url: str, world: World) -> None:
    in_database(url, lambda c: c.execute(sa.update(UserAccount).values(addresses="10.32.0.0/16")))
    token = in_database(url, lambda connection: create_token(connection, world.keys["@district"], "t"))
    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(make_app(Settings(database_url=url)), client=(INSIDE, 1)) as inside:
        assert inside.get("/whoami", headers=headers).status_code == 200
    with TestClient(make_app(Settings(database_url=url)), client=(OUTSIDE, 1)) as outside:
        for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "X-Client-IP"):
            value = f"for={INSIDE}" if name == "Forwarded" else INSIDE
            assert outside.get("/whoami", headers={**headers, name: value}).status_code == 401, name
