"""What an account amounts to: its grants of today as reaches, its password, its lock-out, its tokens."""

from __future__ import annotations

import asyncio
import datetime as dt
import subprocess
import sys
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.engine import Connection

from db.clock import now, today
from db.engine import Database
from db.facts import Role
from db.models.register.mediation_committee import MediationCommittee
from db.models.system.audit_log import AuditLog
from db.models.system.role_grant import RoleGrant
from db.models.system.user_account import UserAccount
from db.technical import ApiToken, LoginSession
from permissions import passwords
from permissions.accounts import load_viewer
from permissions.enrolments import CannotEnrol, Enrolment, enrol
from permissions.identities import Identities
from permissions.sessions import token_hash
from permissions.sign_ins import Refusal, SignedIn, change_password, sign_in, sign_out
from permissions.tokens import create_token, revoke_token
from permissions.viewer import Reach, subtree
from settings import ROOT
from tests.permissions.world import LONG_AGO, PASSWORD, PATHS, YESTERDAY, World, password_hash

pytestmark = pytest.mark.anyio


def people(connection: Connection, world: World) -> World:
    """The same country over another connection."""
    mine = World(connection)
    mine.keys = dict(world.keys)
    return mine


async def ask(database: Database, login: str = "district", password: str = PASSWORD) -> SignedIn | Refusal:
    return await sign_in(database, login, password, "10.0.0.1", "test")


async def signed(database: Database) -> SignedIn:
    result = await ask(database)
    assert isinstance(result, SignedIn)
    return result


async def column(database: Database, statement: sa.Select[Any]) -> list[Any]:
    return await database.look(lambda connection: list(connection.scalars(statement)))


# --- reaches ----------------------------------------------------------------------------------------------------------

ABOVE_STREET = ("province", "city", "district")
ABOVE_VILLAGE = (*ABOVE_STREET, "street")
CASES: dict[str, tuple[str, dict[str, str], tuple[str, ...], tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "a province officer reaches the province": ("PROV", {"region": "province"}, ("province",), (), {}),
    "a city officer the city": ("CITY", {"region": "city"}, ("city",), ("province",), {}),
    "a district officer the district": ("DIST", {"region": "district"}, ("district",), ("province", "city"), {}),
    "the personnel section the district": ("DHR", {"region": "district"}, ("district",), ("province", "city"), {}),
    "an auditor a street and what it was before": ("AUDT", {"region": "street"}, ("street", "old"), ABOVE_STREET, {}),
    "a payment officer the district": ("FINA", {"region": "district"}, ("district",), ("province", "city"), {}),
    "a section like an office": (
        "SECT", {"org_unit": "office"}, ("street", "old"), ABOVE_STREET, {"units": ("office",), "below": ("office",)},
    ),
    "an office what it covers today": (
        "OFFC", {"org_unit": "office"}, ("street", "old"), ABOVE_STREET, {"units": ("office",), "below": ("office",)},
    ),
    "a centre its district": (
        "CENT", {"org_unit": "centre"}, ("district",), ("province", "city"),
        {"units": ("centre",), "below": ("centre",)},
    ),
    "a court both its streets": (
        "COURT", {"org_unit": "court"}, ("street", "street3", "old"), ABOVE_STREET,
        {"units": ("court",), "below": ("court",)},
    ),
    "a partner the same way": (
        "PART", {"org_unit": "court"}, ("street", "street3", "old"), ABOVE_STREET,
        {"units": ("court",), "below": ("court",)},
    ),
    "a committee's clerk the committee and its region": (
        "COMM", {"committee": "a"}, ("village",), ABOVE_VILLAGE, {"committees": ("a",)},
    ),
    "a mediator and the committees of today": (
        "MEDR", {"mediator": "mediator"}, ("village",), ABOVE_VILLAGE,
        {"committees": ("a",), "mediators": ("mediator",)},
    ),
    "a system administrator no row of business": ("SYS", {}, (), (), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
async def test_a_grant_of_each_role_reaches_what_it_should(case: str, database: Database, world: World) -> None:
    role, anchor, below, above, own = CASES[case]

    def load(connection: Connection) -> Any:
        mine = people(connection, world)
        mine.account("someone")
        mine.grant("someone", role, LONG_AGO, None, **anchor)
        return load_viewer(connection, mine.keys["@someone"])

    viewer = await database.write(load)
    expected = Reach(
        ranges=tuple(sorted(subtree(PATHS[name]) for name in below)),
        above=tuple(sorted(PATHS[name] for name in above)),
        **{part: tuple(world.keys[name] for name in names) for part, names in own.items()},  # type: ignore[arg-type]
    )
    assert viewer.reaches == {Role[role]: expected}


async def test_several_grants_of_a_role_add_up_and_an_inner_region_adds_nothing(
    database: Database, world: World
) -> None:
    def load(connection: Connection) -> Any:
        mine = people(connection, world)
        mine.account("someone")
        for region in ("street", "district", "district4"):
            mine.grant("someone", "AUDT", region=region)
        mine.grant("someone", "COMM", committee="b")
        return load_viewer(connection, mine.keys["@someone"])

    viewer = await database.write(load)
    assert viewer.reaches[Role.AUDT].ranges == (subtree(PATHS["district"]), subtree(PATHS["district4"]))
    assert set(viewer.reaches) == {Role.AUDT, Role.COMM}


@pytest.mark.parametrize(
    ("_case", "since", "until", "valid"),
    [
        ("until today is valid", LONG_AGO, today(), True),
        ("from today is valid", today(), None, True),
        ("until yesterday is over", LONG_AGO, YESTERDAY, False),
        ("from tomorrow is not yet valid", today() + dt.timedelta(days=1), None, False),
    ],
)
async def test_a_grant_counts_on_its_days_only(
    _case: str, since: dt.date, until: dt.date | None, valid: bool, database: Database, world: World
) -> None:
    def load(connection: Connection) -> Any:
        mine = people(connection, world)
        mine.account("someone")
        mine.grant("someone", "SYS", since, until)
        return load_viewer(connection, mine.keys["@someone"])

    viewer = await database.write(load)
    assert bool(viewer.reaches) is valid


async def test_a_grant_whose_anchor_is_missing_or_deleted_reaches_nothing(database: Database, world: World) -> None:
    def load(connection: Connection) -> Any:
        mine = people(connection, world)
        mine.account("someone")
        mine.grant("someone", "DIST")
        mine.grant("someone", "COMM", committee="a")
        connection.execute(sa.update(MediationCommittee).values(deleted_at=now()))
        return load_viewer(connection, mine.keys["@someone"])

    viewer = await database.write(load)
    assert viewer.reaches == {}


@pytest.mark.parametrize("change", [{"is_active": False}, {"deleted_at": now()}])
async def test_an_inactive_or_deleted_account_is_nobody(
    change: dict[str, Any], database: Database, world: World
) -> None:
    def load(connection: Connection) -> Any:
        connection.execute(sa.update(UserAccount).values(**change))
        return load_viewer(connection, world.keys["@district"])

    assert await database.write(load) is None
    assert await ask(database) == await ask(database, "nobody")


async def test_an_ended_grant_is_gone_within_a_second(database: Database, world: World) -> None:
    token = await database.write(lambda connection: create_token(connection, world.keys["@district"], "t"))
    identities = Identities(database)
    before = await identities.of_bearer(token, None)
    await database.write(lambda connection: connection.execute(sa.update(RoleGrant).values(valid_to=YESTERDAY)))
    await asyncio.sleep(1)
    after = await identities.of_bearer(token, None)

    assert before is not None
    assert after is not None
    assert (set(before.viewer.reaches), set(after.viewer.reaches)) == ({Role.DIST}, set())


async def test_one_credential_is_looked_up_once_a_second_however_many_ask(database: Database, world: World) -> None:
    token = await database.write(lambda connection: create_token(connection, world.keys["@district"], "t"))
    identities = Identities(database, at_most=1)
    found = await asyncio.gather(*(identities.of_bearer(token, None) for _ in range(20)))
    assert len({id(identity) for identity in found}) == 1

    await asyncio.gather(*(identities.of_bearer(f"fq_{i}", None) for i in range(20)))
    assert len(identities._held) <= 1


# --- passwords --------------------------------------------------------------------------------------------------------


def test_passwords_are_kept_as_argon2id() -> None:
    """At the cost that RFC 9106 recommends where memory is short; asked of a process that the tests do not speed up."""
    assert password_hash().startswith("$argon2id$")
    asked = "from permissions.passwords import hash_password; print(hash_password('a'))"
    made = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert made.stdout.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert passwords.matches(PASSWORD, password_hash())
    assert not passwords.matches(PASSWORD + "x" * 300, password_hash())


async def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(database: Database, world: World) -> None:
    here, there = await signed(database), await signed(database)
    new = "Another-1978"
    key = world.keys["@district"]
    assert await change_password(database, key, PASSWORD, new, None, token_hash(here.token)) == []

    identities = Identities(database)
    assert await identities.of_session(here.token, None) is not None
    assert await identities.of_session(there.token, None) is None
    assert isinstance(await ask(database), Refusal)
    assert isinstance(await ask(database, password=new), SignedIn)


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [("wrong", "Another-1978", "password"), (PASSWORD, "Short-1", "newPassword"), (PASSWORD, PASSWORD, "newPassword")],
)
async def test_a_refused_change_leaves_the_password(
    old: str, new: str, at: str, database: Database, world: World
) -> None:
    refusals = await change_password(database, world.keys["@district"], old, new, None)
    assert [(refusal.code, refusal.at) for refusal in refusals] == [("BAD_INPUT", at)]
    assert isinstance(await ask(database), SignedIn)


# --- lock-out ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["district", "nobody", "kein login\0", "DISTRICT"])
async def test_five_failures_lock_a_login_whether_it_exists_or_not(login: str, database: Database) -> None:
    answers = [await ask(database, login, "Wrong-12345") for _ in range(7)]
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert codes == ["UNAUTHENTICATED"] * 5 + ["RATE_LIMITED"] * 2
    assert isinstance(answers[-1], Refusal)
    assert 590 <= (answers[-1].retry_after or 0) <= 600
    assert answers[-1].zh == "失败次数过多，请 10 分钟后再试。"


async def test_the_lock_outlives_the_process_and_ends_by_itself(database: Database) -> None:
    for _ in range(5):
        await ask(database, password="Wrong-12345")
    restarted = Database(database.settings).as_system()
    try:
        locked = await ask(restarted)
        with time_machine.travel(now() + dt.timedelta(minutes=11), tick=True):
            later = await ask(restarted)
    finally:
        await restarted.stop()
    assert isinstance(locked, Refusal)
    assert locked.code == "RATE_LIMITED"
    assert isinstance(later, SignedIn)


async def test_a_success_in_between_starts_the_count_afresh(database: Database) -> None:
    for _ in range(2):
        for _ in range(4):
            await ask(database, password="Wrong-12345")
        assert isinstance(await ask(database), SignedIn)


async def test_no_more_than_five_of_many_guesses_at_once_are_looked_at(database: Database) -> None:
    answers = await asyncio.gather(*(ask(database, password="Wrong-12345") for _ in range(12)))
    codes = sorted(answer.code for answer in answers if isinstance(answer, Refusal))
    assert codes == ["RATE_LIMITED"] * 7 + ["UNAUTHENTICATED"] * 5


async def test_an_address_that_fails_with_many_logins_is_locked_too(database: Database) -> None:
    for number in range(50):
        answer = await ask(database, f"nobody-{number}", "Wrong-12345")
        assert isinstance(answer, Refusal)
        assert answer.code == "UNAUTHENTICATED"
    locked = await ask(database)
    assert isinstance(locked, Refusal)
    assert locked.code == "RATE_LIMITED"
    assert isinstance(await sign_in(database, "district", PASSWORD, "10.0.0.2", None), SignedIn)


# --- records and secrets ----------------------------------------------------------------------------------------------


async def test_each_sign_in_failure_and_sign_out_is_one_record(database: Database, world: World) -> None:
    await ask(database, password="Wrong-12345")
    await ask(database, "nobody", "Wrong-12345")
    session = await signed(database)
    await sign_out(database, token_hash(session.token), "10.0.0.1")
    await sign_out(database, token_hash(session.token), "10.0.0.1")

    columns = sa.select(AuditLog.action, AuditLog.actor_id, AuditLog.ip, AuditLog.technical, AuditLog.scope_path)
    rows = await database.look(lambda connection: connection.execute(columns.order_by(AuditLog.id)).all())
    me, home, root = world.keys["@district"], PATHS["district"], PATHS["province"]
    assert [tuple(row) for row in rows] == [
        ("SIGN_IN_FAILED", None, "10.0.0.1", True, home),
        ("SIGN_IN_FAILED", None, "10.0.0.1", True, root),
        ("SIGN_IN", me, "10.0.0.1", True, home),
        ("SIGN_OUT", me, "10.0.0.1", True, home),
    ]


async def test_sessions_and_tokens_are_stored_as_hashes_only(database: Database, world: World) -> None:
    session = await signed(database)
    token = await database.write(lambda connection: create_token(connection, world.keys["@district"], "t"))
    rows = [
        *await database.look(lambda connection: connection.execute(sa.select(LoginSession.__table__)).all()),
        *await database.look(lambda connection: connection.execute(sa.select(ApiToken.__table__)).all()),
        *await database.look(lambda connection: connection.execute(sa.select(AuditLog.__table__)).all()),
    ]
    assert token.startswith("fq_")
    assert not any(secret in str(row) for row in rows for secret in (session.token, session.csrf, token, token[3:]))


async def test_ended_sessions_are_deleted_at_the_next_sign_in(database: Database) -> None:
    await signed(database)
    with time_machine.travel(now() + dt.timedelta(minutes=31), tick=True):
        await signed(database)
    assert len(await column(database, sa.select(LoginSession.token_hash))) == 1


@pytest.mark.parametrize("how", ["expired", "revoked", "garbage"])
async def test_a_token_that_has_ended_is_nobody(how: str, database: Database, world: World) -> None:
    token = await database.write(lambda connection: create_token(connection, world.keys["@district"], "t", days=30))
    assert await Identities(database).of_bearer(token, None) is not None
    if how == "revoked":
        assert await database.write(lambda connection: revoke_token(connection, token_hash(token)))
    with time_machine.travel(now() + dt.timedelta(days=31 if how == "expired" else 0), tick=True):
        assert await Identities(database).of_bearer(token + "x" * (how == "garbage"), None) is None


# --- enrolment --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "anchor", "ranges"),
    [
        ("DIST", {"region": "320102000000"}, ["district"]),
        ("OFFC", {"unit": "office"}, ["street", "old"]),
        ("COMM", {"committee": "code-a"}, ["village"]),
        ("MEDR", {"mediator": "M1"}, ["village"]),
        ("SYS", {}, []),
    ],
)
async def test_an_enrolled_account_can_sign_in_and_has_its_role(
    role: str, anchor: dict[str, str], ranges: list[str], database: Database
) -> None:
    wanted = Enrolment("newcomer", "新人", role, **anchor)
    await database.write(lambda connection: enrol(connection, wanted, password_hash()))
    result = await ask(database, "newcomer")
    assert isinstance(result, SignedIn)
    assert result.viewer.must_change_password
    assert set(result.viewer.reaches) == {Role[role]}
    assert result.viewer.reaches[Role[role]].ranges == tuple(subtree(PATHS[name]) for name in ranges)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Enrolment("newcomer", "新人", "BOSS"), "没有角色 BOSS"),
        (Enrolment("Newcomer", "新人", "SYS"), "登录名须以小写字母开头"),
        (Enrolment("district", "新人", "SYS"), "登录名 district 已存在"),
        (Enrolment("newcomer", "", "SYS"), "姓名须有"),
        (Enrolment("newcomer", "新人", "DIST"), "须用 --region"),
        (Enrolment("newcomer", "新人", "DIST", region="990000000000"), "没有区划 990000000000"),
        (Enrolment("newcomer", "新人", "OFFC", unit="nowhere"), "没有机构 nowhere"),
    ],
)
async def test_a_refused_enrolment_says_what_to_do(wanted: Enrolment, message: str, database: Database) -> None:
    with pytest.raises(CannotEnrol, match=message):
        await database.write(lambda connection: enrol(connection, wanted, password_hash()))
