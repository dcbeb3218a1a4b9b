"""The own account over the whole server: what has to be done first bars all else, and GraphQL leads out of it."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy import make_url
from starlette.testclient import TestClient

import permissions.identities
from app import create_app
from db.audit.verify import Report, verify
from db.clock import now
from db.models.system.audit_log import AuditLog
from db.models.system.user_account import UserAccount
from permissions.tokens import create_token
from settings import get_settings
from tests.databases import RUNTIME, WITH_WALL
from tests.permissions.test_second_factor import MINUTE
from tests.permissions.world import PASSWORD, World, in_database

NEW = "Ketten-Brücke-7"
ME = "{ me { login grants { role } rights { entity } } }"
OWN = "{ ownAccount { duty secondFactor secondFactorRequired sessions { present ip } tokens { id name } } }"
ERRORS = "errors { path code message }"
CHANGE = f"mutation ($p: String!, $n: String!) {{ changePassword(password: $p, newPassword: $n) {{ {ERRORS} }} }}"
ENROL = f"mutation ($p: String!) {{ enrolSecondFactor(password: $p) {{ secret uri {ERRORS} }} }}"
CONFIRM = f"mutation ($o: String!) {{ confirmSecondFactor(otp: $o) {{ recoveryCodes {ERRORS} }} }}"
DISABLE = f"mutation ($p: String!, $o: String!) {{ disableSecondFactor(password: $p, otp: $o) {{ {ERRORS} }} }}"
TOKEN = (
    "mutation ($p: String!, $n: String!, $d: Int) {"
    f" createOwnToken(password: $p, name: $n, days: $d) {{ token {ERRORS} }} }}"
)
REVOKE = f"mutation ($id: ID!) {{ revokeOwnToken(id: $id) {{ {ERRORS} }} }}"
CLOSE = f"mutation ($id: ID!) {{ closeOwnSession(id: $id) {{ {ERRORS} }} }}"
BARRED = {
    "lists": "{ mediationCommittees { totalCount } }",
    "one": '{ mediationCommittee(by: {code: "code-a"}) { name } }',
    "by id": '{ node(id: "mc_1") { id } }',
    "explain": '{ explainAccess(type: "MediationCommittee", action: "READ") { allowed } }',
    "beside me": "{ me { login } mediationCommittees { totalCount } }",
    "in a fragment": "{ ...F } fragment F on Query { ...G } fragment G on Query { regions { totalCount } }",
    "inline": "{ ... on Query { ... { regions { totalCount } } } }",
    "under another name": "{ me: regions { totalCount } }",
    "the schema": "{ __schema { queryType { name } } }",
    "a write": 'mutation { createMediationCommittee(input: {name: "x"}) { errors { code } } }',
    "a reveal": 'mutation { reveal(type: "Mediator", id: "md_1", field: "mobile", reason: "why not") { value } }',
    "a token": f'mutation {{ createOwnToken(password: "{PASSWORD}", name: "x") {{ token }} }}',
    "the second factor away": 'mutation { disableSecondFactor(password: "x", otp: "x") { errors { code } } }',
}


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """The whole server; identities are looked up by every request."""
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", url)
    monkeypatch.setenv("FENGQIAO_ROW_LEVEL_SECURITY", str(make_url(url).username == RUNTIME))
    monkeypatch.setattr(permissions.identities.Identities.__init__, "__defaults__", (0.0, 10_000))
    get_settings.cache_clear()
    with TestClient(create_app()) as client:
        yield client
    get_settings.cache_clear()


def edit(url: str, **values: Any) -> None:
    in_database(url, lambda connection: connection.execute(sa.update(UserAccount).values(**values)))


def enter(client: TestClient, password: str = PASSWORD, otp: str | None = None) -> Any:
    """The answer to a sign-in."""
    asked = {"login": "district", "password": password} | ({"otp": otp} if otp is not None else {})
    return client.post("/session", json=asked)


def ask(client: TestClient, query: str, headers: dict[str, str] | None = None, **variables: Any) -> Any:
    """What GraphQL answers to who is signed in, or brings a token."""
    headers = headers or {"X-CSRFToken": client.cookies["csrftoken"]}
    return client.post("/graphql", json={"query": query, "variables": variables}, headers=headers).json()


def one(answer: Any) -> Any:
    """The only field of an answer without error."""
    assert "errors" not in answer, answer
    (found,) = answer["data"].values()
    return found


@pytest.fixture(params=["session", "token"])
def barred(request: pytest.FixtureRequest, client: TestClient, url: str, world: World) -> dict[str, str]:
    """The headers of somebody who has to change the password first, by session or by token."""
    token = in_database(url, lambda connection: create_token(connection, world.keys["@district"], "t"))
    edit(url, must_change_password=True)
    if request.param == "token":
        return {"Authorization": f"Bearer {token}"}
    enter(client)
    return {"X-CSRFToken": client.cookies["csrftoken"]}


# --- the password first -----------------------------------------------------------------------------------------------


def test_nothing_is_open_before_the_password_is_changed(client: TestClient, barred: dict[str, str]) -> None:
    for name, query in BARRED.items():
        answer = ask(client, query, barred)
        (error,) = answer["errors"]
        assert error["extensions"] == {"code": "FORBIDDEN", "duty": "CHANGE_PASSWORD"}, name
        assert error["message"] == "请先修改口令，然后才能办理其他事项。"
        assert not answer.get("data")


def test_a_document_that_is_known_already_is_no_way_around(client: TestClient, url: str) -> None:
    enter(client)
    for _ in range(3):
        assert one(ask(client, BARRED["lists"]))["totalCount"] == 2
    edit(url, must_change_password=True)
    assert ask(client, BARRED["lists"])["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    edit(url, must_change_password=False)
    assert one(ask(client, BARRED["lists"]))["totalCount"] == 2


def test_paths_are_barred_unless_they_are_named(client: TestClient, barred: dict[str, str]) -> None:
    tables = "/admin/api/tables"
    for path in (
        f"{tables}/调委会/",
        f"{tables}/调委会/count/",
        "/files/x",
        "/reports/x.json",
        "/nowhere",
        "/sessions",
    ):
        answer = client.get(path, headers=barred)
        assert answer.status_code == 403, path
        assert answer.json()["errors"][0]["extensions"] == {"code": "FORBIDDEN", "duty": "CHANGE_PASSWORD"}
    for path in (f"{tables}/", "/admin/api/user/", "/admin/", "/admin/account/", "/session", "/healthz"):
        assert client.get(path, headers=barred).status_code == 200, path


def test_the_menu_of_somebody_barred_holds_no_table(client: TestClient, barred: dict[str, str]) -> None:
    assert client.get("/admin/api/tables/", headers=barred).json() == []
    assert client.get("/admin/api/links/", headers=barred).json()["我的账号"] == "./account/"
    assert client.get("/admin/api/user/", headers=barred).json()["duty"] == "CHANGE_PASSWORD"


def test_who_is_barred_learns_who_they_are_and_that_they_reach_nothing(
    client: TestClient, barred: dict[str, str]
) -> None:
    assert one(ask(client, ME, barred)) == {"login": "district", "grants": [], "rights": []}
    assert one(ask(client, OWN, barred))["duty"] == "CHANGE_PASSWORD"


@pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)
def test_changing_the_password_opens_everything(client: TestClient, barred: dict[str, str]) -> None:
    assert one(ask(client, CHANGE, barred, p=PASSWORD, n=NEW)) == {"errors": []}
    assert one(ask(client, BARRED["lists"], barred))["totalCount"] == 2


def test_the_password_can_be_changed_by_the_path_for_it_too(client: TestClient, url: str) -> None:
    edit(url, must_change_password=True)
    signed = enter(client).json()
    assert (signed["mustChangePassword"], signed["duty"]) == (True, "CHANGE_PASSWORD")
    headers = {"X-CSRFToken": signed["csrfToken"]}
    body = {"password": PASSWORD, "newPassword": NEW}
    assert client.post("/session/password", json=body, headers=headers).status_code == 204
    assert client.get("/session").json()["duty"] is None
    assert one(ask(client, BARRED["lists"]))["totalCount"] == 2


def test_who_is_barred_can_sign_out(client: TestClient, url: str) -> None:
    edit(url, must_change_password=True)
    enter(client)
    assert client.delete("/session", headers={"X-CSRFToken": client.cookies["csrftoken"]}).status_code == 204


def test_a_refused_new_password_says_all_that_is_wrong_where_it_is(client: TestClient) -> None:
    enter(client)
    assert [(e["path"], e["code"]) for e in one(ask(client, CHANGE, p=PASSWORD, n="district"))["errors"]] == [
        (["newPassword"], "RANGE"),
        (["newPassword"], "PATTERN"),
        (["newPassword"], "PATTERN"),
    ]
    (wrong,) = one(ask(client, CHANGE, p="Wrong-12345", n=NEW))["errors"]
    assert (wrong["path"], wrong["message"]) == (["password"], "当前口令不正确。")


def test_guessing_the_password_of_an_open_session_locks_the_account(client: TestClient) -> None:
    enter(client)
    answers = [ask(client, ENROL, p=f"Wrong-1234{guess}") for guess in range(6)]
    assert [answer.get("errors", [{}])[0].get("extensions", {}).get("code") for answer in answers] == [
        *[None] * 5,
        "RATE_LIMITED",
    ]
    client.cookies.clear()  # what a stolen session does not have is the device
    assert enter(client).status_code == 429


# --- the second factor ------------------------------------------------------------------------------------------------


def set_up(client: TestClient) -> tuple[pyotp.TOTP, list[str]]:
    begun = one(ask(client, ENROL, p=PASSWORD))
    generator = pyotp.TOTP(begun["secret"])
    assert begun["uri"].startswith("otpauth://totp/")
    return generator, one(ask(client, CONFIRM, o=generator.now()))["recoveryCodes"]


def test_a_code_is_asked_for_at_the_sign_in_and_only_then(client: TestClient) -> None:
    enter(client)
    generator, codes = set_up(client)
    assert one(ask(client, OWN))["secondFactor"] is True
    lacking, wrong = enter(client), enter(client, otp="000000")
    for answer in (lacking, wrong):
        (error,) = answer.json()["errors"]
        assert answer.status_code == 401
        assert error["extensions"] == {"code": "UNAUTHENTICATED", "path": ["otp"], "otpRequired": True}
        assert "set-cookie" not in answer.headers
    with time_machine.travel(now() + MINUTE, tick=False):
        assert enter(client, otp=generator.now()).status_code == 200
    assert enter(client, otp=codes[0]).status_code == 200
    assert client.post("/session", json={"login": "district", "password": PASSWORD, "otp": 123456}).status_code == 400


def test_a_token_needs_no_code(client: TestClient, url: str, world: World) -> None:
    enter(client)
    set_up(client)
    token = in_database(url, lambda connection: create_token(connection, world.keys["@district"], "t"))
    assert one(ask(client, ME, {"Authorization": f"Bearer {token}"}))["login"] == "district"


def test_a_role_that_requires_it_can_only_set_it_up(
    client: TestClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGQIAO_SECOND_FACTOR_ROLES", '["DIST"]')
    get_settings.cache_clear()
    assert enter(client).json()["duty"] == "ENROL_SECOND_FACTOR"
    for query in [*BARRED.values(), CHANGE]:
        answer = ask(client, query, p=PASSWORD, n=NEW)
        assert answer["errors"][0]["extensions"] == {"code": "FORBIDDEN", "duty": "ENROL_SECOND_FACTOR"}, query
    body = {"password": PASSWORD, "newPassword": NEW}
    by_path = client.post("/session/password", json=body, headers={"X-CSRFToken": client.cookies["csrftoken"]})
    assert by_path.status_code == 403
    assert one(ask(client, OWN))["secondFactorRequired"] is True
    _, codes = set_up(client)
    assert one(ask(client, BARRED["lists"]))["totalCount"] == 2
    assert one(ask(client, DISABLE, p=PASSWORD, o=codes[0])) == {"errors": []}
    assert ask(client, BARRED["lists"])["errors"][0]["extensions"]["duty"] == "ENROL_SECOND_FACTOR"


def test_the_password_comes_before_the_second_factor(
    client: TestClient, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FENGQIAO_SECOND_FACTOR_ROLES", '["DIST"]')
    get_settings.cache_clear()
    edit(url, must_change_password=True)
    assert enter(client).json()["duty"] == "CHANGE_PASSWORD"
    assert ask(client, ENROL, p=PASSWORD)["errors"][0]["extensions"]["duty"] == "CHANGE_PASSWORD"
    assert one(ask(client, CHANGE, p=PASSWORD, n=NEW)) == {"errors": []}
    assert client.get("/session").json()["duty"] == "ENROL_SECOND_FACTOR"


# --- sessions and tokens ----------------------------------------------------------------------------------------------


def test_one_sees_and_ends_ones_own_sessions(client: TestClient) -> None:
    enter(client)
    other = client.cookies["session"]
    client.cookies.clear()
    enter(client)
    listed = one(ask(client, "{ ownAccount { sessions { id present ip agent createdAt } } }"))["sessions"]
    assert sorted(session["present"] for session in listed) == [False, True]
    theirs = next(session["id"] for session in listed if not session["present"])
    assert one(ask(client, CLOSE, id=theirs)) == {"errors": []}
    assert [e["code"] for e in one(ask(client, CLOSE, id=theirs))["errors"]] == ["STATE"]
    assert len(one(ask(client, OWN))["sessions"]) == 1
    client.cookies.clear()
    assert client.get("/session", headers={"Cookie": f"session={other}"}).status_code == 401


def test_the_other_sessions_end_in_one_go(client: TestClient) -> None:
    for _ in range(3):
        client.cookies.clear()
        enter(client)
    assert one(ask(client, f"mutation {{ closeOtherSessions {{ {ERRORS} }} }}")) == {"errors": []}
    assert [session["present"] for session in one(ask(client, OWN))["sessions"]] == [True]


@pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)
def test_a_token_of_ones_own_is_made_with_the_password_used_and_revoked(client: TestClient) -> None:
    enter(client)
    wrong = one(ask(client, TOKEN, p="Wrong-12345", n="接口"))
    assert (wrong["token"], [e["path"] for e in wrong["errors"]]) == (None, [["password"]])
    long = one(ask(client, TOKEN, p=PASSWORD, n="接口", d=366))
    assert [(e["path"], e["code"]) for e in long["errors"]] == [(["days"], "RANGE")]
    nameless = one(ask(client, TOKEN, p=PASSWORD, n=" "))
    assert [(e["path"], e["code"]) for e in nameless["errors"]] == [(["name"], "RANGE")]

    made = one(ask(client, TOKEN, p=PASSWORD, n="接口", d=30))
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert one(ask(client, ME, headers))["login"] == "district"
    (listed,) = one(ask(client, OWN))["tokens"]
    assert one(ask(client, REVOKE, id=listed["id"])) == {"errors": []}
    assert client.post("/graphql", json={"query": ME}, headers=headers).status_code == 401
    assert one(ask(client, OWN))["tokens"] == []


def test_nobody_ends_what_is_somebody_elses(client: TestClient, url: str, world: World) -> None:
    enter(client)
    mine = one(ask(client, "{ ownAccount { sessions { id } } }"))["sessions"][0]["id"]

    def another(connection: Any) -> str:
        other = World(connection)
        other.keys = dict(world.keys)
        return create_token(connection, other.account("someone"), "t")

    headers = {"Authorization": f"Bearer {in_database(url, another)}"}
    assert [e["code"] for e in one(ask(client, CLOSE, headers, id=mine))["errors"]] == ["STATE"]
    assert one(ask(client, "{ ownAccount { sessions { id } } }", headers))["sessions"] == []
    assert client.get("/session").status_code == 200


# --- addresses --------------------------------------------------------------------------------------------------------


def test_addresses_are_set_by_who_manages_the_account_and_kept_tidy(client: TestClient, url: str, world: World) -> None:
    def another(connection: Any) -> str:
        other = World(connection)
        other.keys = dict(world.keys)
        other.account("someone")
        return create_token(connection, world.keys["@district"], "t")

    headers = {"Authorization": f"Bearer {in_database(url, another)}"}

    def change(login: str, addresses: str) -> Any:
        mutation = (
            "mutation ($l: String!, $a: String!) { updateUserAccount(by: {loginName: $l}, patch: {addresses: $a})"
            " { userAccount { addresses } errors { path code message } } }"
        )
        return ask(client, mutation, headers, l=login, a=addresses)

    assert one(change("someone", "10.32.0.0/16,192.0.2.7"))["userAccount"] == {"addresses": "10.32.0.0/16 192.0.2.7/32"}
    (fault,) = one(change("someone", "10.32.0.0/16 10.33"))["errors"]
    assert (fault["path"], fault["code"]) == (["patch", "addresses"], "PATTERN")
    assert "10.33 不是地址或网段" in fault["message"]
    own = change("district", "0.0.0.0/0")
    assert own["errors"][0]["extensions"]["code"] == "FORBIDDEN"


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)
def test_every_act_is_recorded_and_no_secret_is_in_a_record(client: TestClient, url: str) -> None:
    enter(client)
    generator, codes = set_up(client)
    token = one(ask(client, TOKEN, p=PASSWORD, n="接口"))["token"]
    ask(client, CHANGE, p=PASSWORD, n=NEW)
    ask(client, f"mutation {{ closeOtherSessions {{ {ERRORS} }} }}")

    rows = in_database(url, lambda c: [dict(row) for row in c.execute(sa.select(AuditLog.__table__)).mappings()])
    said = [row["summary"] for row in sorted(rows, key=lambda row: row["id"])]
    assert said == ["登录", "启用两步验证", "签发访问令牌：接口", "修改口令", "退出其他各处登录"]
    assert all(row["ip"] == "testclient" and row["technical"] for row in rows)
    secrets = [generator.secret, token, PASSWORD, NEW, *codes]
    assert [s for s, row in itertools.product(secrets, rows) if s in str(row)] == []


@pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)
def test_what_is_done_is_sealed_by_the_running_server_without_any_further_act(client: TestClient, url: str) -> None:
    enter(client, "Wrong-12345")
    enter(client)
    deadline = time.monotonic() + 20
    while (report := in_database(url, _verified)).last < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (report.last, report.findings) == (2, [])


def _verified(connection: sa.Connection) -> Report:
    report = verify(connection)
    assert connection.scalar(sa.select(sa.func.count()).select_from(AuditLog)) == 2
    return report
