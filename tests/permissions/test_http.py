"""Sign-in over HTTP, and what every request passes before it reaches a route."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlalchemy.engine import Connection
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from db.clock import now
from db.engine import Database
from db.models.user_account import UserAccount
from db.technical import LoginSession
from permissions.http import health_routes, http_fault, session_routes, unauthenticated, viewer_of
from permissions.identities import Identities
from permissions.middleware import stack
from permissions.tokens import create_token
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.permissions.world import PASSWORD, World, in_database

CANARY = "320102199001011234"


def make_app(settings: Settings, remember: float = 0) -> Starlette:
    """The parts of the server that this layer has, and three routes to try them on.

    Identities are looked up by every request unless told otherwise: travel in time does not move the clock of memory.
    """
    database = Database(settings)
    identities = Identities(database, remember)

    async def whoami(request: Request) -> Response:
        viewer = viewer_of(request.scope)
        return JSONResponse({"login": viewer.login}) if viewer else unauthenticated(request.scope)

    async def echo(request: Request) -> Response:
        return JSONResponse({"length": len(await request.body())})

    async def boom(_request: Request) -> Response:
        def twice(connection: Connection) -> None:
            connection.execute(sa.insert(UserAccount).values(id=CANARY, person_name=CANARY))

        await database.write(twice)
        return Response()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await database.start()
        yield
        await database.stop()

    return Starlette(
        routes=[
            *health_routes(database),
            *session_routes(database, settings, identities),
            Route("/whoami", whoami, methods=["GET", "POST"]),
            Route("/echo", echo, methods=["POST"]),
            Route("/boom", boom),
        ],
        middleware=stack(settings, identities),
        exception_handlers={HTTPException: http_fault},
        lifespan=lifespan,
    )


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    with TestClient(make_app(Settings(database_url=url))) as client:
        yield client


def sign_in(client: TestClient, password: str = PASSWORD, **headers: str) -> Any:
    return client.post("/session", json={"login": "district", "password": password}, headers=headers)


def csrf(client: TestClient) -> dict[str, str]:
    return {"X-CSRFToken": client.cookies["csrftoken"]}


def bearer(url: str, world: World) -> dict[str, str]:
    token = in_database(url, lambda connection: create_token(connection, world.keys["@district"], "t"))
    return {"Authorization": f"Bearer {token}"}


def code(response: Any) -> tuple[int, str]:
    (error,) = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


def edit(url: str, model: Any, **values: Any) -> None:
    """Change every row of a table behind the server's back."""
    in_database(url, lambda connection: connection.execute(sa.update(model).values(**values)))


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_sign_in_opens_a_session(client: TestClient) -> None:
    response = sign_in(client)
    assert response.status_code == 200
    assert response.json() == {
        "login": "district",
        "name": "district",
        "mustChangePassword": False,
        "duty": None,
        "csrfToken": client.cookies["csrftoken"],
    }
    assert client.get("/whoami").json() == {"login": "district"}
    assert client.get("/session").json() == response.json()


def test_scripts_can_read_the_csrf_cookie_and_not_the_session(client: TestClient) -> None:
    cookies = {c.split("=")[0]: c.lower() for c in sign_in(client).headers.get_list("set-cookie")}
    assert "httponly" in cookies["session"]
    assert "httponly" not in cookies["csrftoken"]
    device = cookies.pop("device")
    assert all(part in device for part in ("httponly", "samesite=strict", "path=/session"))
    assert all("samesite=lax" in c and "path=/;" in c and "secure" not in c for c in cookies.values())


def test_in_production_cookies_and_the_browser_stay_on_https(url: str) -> None:
    with TestClient(make_app(Settings(database_url=url, production=True))) as client:
        response = sign_in(client)
    assert all("; secure" in c.lower() for c in response.headers.get_list("set-cookie"))
    assert response.headers["strict-transport-security"].startswith("max-age=")


def test_a_wrong_password_is_refused_in_the_language_of_the_client(client: TestClient) -> None:
    chinese, english = sign_in(client, "Wrong-12345"), sign_in(client, "Wrong-12345", **{"Accept-Language": "en-GB"})
    assert code(chinese) == code(english) == (401, "UNAUTHENTICATED")
    assert chinese.json()["errors"][0]["message"] == "登录名或口令不正确。"
    assert english.json()["errors"][0]["message"] == "The login or the password is wrong."
    assert "set-cookie" not in chinese.headers


def test_every_401_says_how_to_identify_oneself(client: TestClient) -> None:
    """RFC 9110, 11.6.1: no token, a wrong password, a session that is none."""
    for response in (client.get("/whoami"), sign_in(client, "Wrong-12345"), client.get("/session")):
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")


def test_a_wrong_token_reads_unlike_none(client: TestClient) -> None:
    """RFC 6750, 3.1: a program must learn that its token is what is wrong."""
    for token in ("wrong", "x" * 64):
        response = client.get("/whoami", headers={"Authorization": f"Bearer {token}"})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
        assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED", "reason": "INVALID_TOKEN"}
        assert response.json() != client.get("/whoami").json()


def test_an_unknown_login_gets_the_same_answer_to_the_byte(client: TestClient) -> None:
    unknown = client.post("/session", json={"login": "nobody", "password": PASSWORD})
    assert unknown.content == sign_in(client, "Wrong-12345").content


def test_a_locked_account_is_told_when_to_come_back(client: TestClient) -> None:
    for _ in range(5):
        sign_in(client, "Wrong-12345")
    locked = sign_in(client)
    assert code(locked) == (429, "RATE_LIMITED")
    assert 590 <= int(locked.headers["retry-after"]) <= 600


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"login": "district"}', b'{"login": 1, "password": 2}', b'"\\ud800"']
)
def test_what_is_no_sign_in_is_bad_input(body: bytes, client: TestClient) -> None:
    response = client.post("/session", content=body, headers={"Content-Type": "application/json"})
    assert code(response) == (400, "BAD_INPUT")


def test_a_form_cannot_sign_in(client: TestClient) -> None:
    assert client.post("/session", data={"login": "district", "password": PASSWORD}).status_code == 415


def test_signing_out_ends_the_session_at_once_however_long_it_is_remembered(url: str) -> None:
    with TestClient(make_app(Settings(database_url=url), remember=600)) as client:
        sign_in(client)
        cookie = {"Cookie": f"session={client.cookies['session']}"}
        assert client.get("/whoami", headers=cookie).status_code == 200
        assert client.delete("/session", headers=csrf(client)).status_code == 204
        assert set(client.cookies) == {"device"}, "only that it is a known device is remembered"
        assert code(client.get("/whoami", headers=cookie)) == (401, "UNAUTHENTICATED")
        assert client.delete("/session").status_code == 204


def test_a_session_without_activity_ends_after_half_an_hour(client: TestClient, url: str) -> None:
    sign_in(client)
    edit(url, LoginSession, seen_at=now() - dt.timedelta(minutes=29))
    assert client.get("/whoami").status_code == 200
    edit(url, LoginSession, seen_at=now() - dt.timedelta(minutes=31))
    assert client.get("/whoami").status_code == 401


def test_activity_puts_the_idle_end_off_but_not_the_absolute_one(client: TestClient, url: str) -> None:
    sign_in(client)
    start = now()
    for minutes in range(20, 12 * 60, 20):
        with time_machine.travel(start + dt.timedelta(minutes=minutes), tick=True):
            assert client.get("/whoami").status_code == 200, minutes
    with time_machine.travel(start + dt.timedelta(hours=12, seconds=1), tick=True):
        assert client.get("/whoami").status_code == 401


def test_activity_is_written_at_most_once_a_minute(client: TestClient, url: str) -> None:
    def seen() -> dt.datetime:
        found: dt.datetime = in_database(url, lambda c: c.execute(sa.select(LoginSession.seen_at)).scalar_one())
        return found

    sign_in(client)
    first, start = seen(), now()
    with time_machine.travel(start + dt.timedelta(seconds=50), tick=True):
        client.get("/whoami")
    unchanged = seen()
    with time_machine.travel(start + dt.timedelta(seconds=70), tick=True):
        client.get("/whoami")
    assert (unchanged, seen() > first) == (first, True)


def test_an_account_that_is_switched_off_is_out(client: TestClient, url: str) -> None:
    sign_in(client)
    assert client.get("/whoami").status_code == 200
    edit(url, UserAccount, is_active=False)
    assert client.get("/whoami").status_code == 401
    assert code(sign_in(client)) == (401, "UNAUTHENTICATED")


def test_a_password_is_changed_over_http(client: TestClient) -> None:
    sign_in(client)
    weak = client.post("/session/password", json={"password": PASSWORD, "newPassword": "holzweg"}, headers=csrf(client))
    good = {"password": PASSWORD, "newPassword": "Another-1978"}
    wrong = client.post("/session/password", json={**good, "password": "Wrong-12345"}, headers=csrf(client))
    said = [(error["message"], error["extensions"]) for error in weak.json()["errors"]]
    at = {"code": "BAD_INPUT", "path": ["newPassword"]}
    assert (weak.status_code, said) == (
        400,
        [
            ("口令至少 10 个字符。", {**at, "fault": "RANGE"}),
            ("口令须包含小写字母、大写字母、数字、符号中的至少 3 种。", {**at, "fault": "PATTERN"}),
        ],
    )
    assert wrong.json()["errors"][0]["extensions"] == {"code": "BAD_INPUT", "path": ["password"]}
    assert client.post("/session/password", json=good, headers=csrf(client)).status_code == 204
    assert client.get("/whoami").status_code == 200
    assert sign_in(client, "Another-1978").status_code == 200


# --- forged requests and tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("_case", "headers", "status"),
    [
        ("without the token", {}, 403),
        ("with another token", {"X-CSRFToken": "x"}, 403),
        ("with the token", {"X-CSRFToken": "MINE"}, 200),
        ("with the token, from our own page", {"X-CSRFToken": "MINE", "Origin": "http://testserver"}, 200),
        ("with the token, from another site", {"X-CSRFToken": "MINE", "Origin": "https://evil.example"}, 403),
        ("with the token, from nowhere", {"X-CSRFToken": "MINE", "Origin": "null"}, 403),
    ],
)
def test_a_session_cookie_alone_changes_nothing(
    _case: str, headers: dict[str, str], status: int, client: TestClient
) -> None:
    sign_in(client)
    sent = {name: client.cookies["csrftoken"] if value == "MINE" else value for name, value in headers.items()}
    response = client.post("/whoami", headers=sent)
    assert response.status_code == status
    if status == 403:
        assert code(response) == (403, "FORBIDDEN")


def test_another_site_cannot_sign_a_browser_in(client: TestClient) -> None:
    assert code(sign_in(client, Origin="https://evil.example")) == (403, "FORBIDDEN")


def test_who_is_signed_in_may_sign_in_again_without_the_token(client: TestClient) -> None:
    sign_in(client)
    assert sign_in(client).status_code == 200


def test_a_bearer_token_needs_no_csrf_token_and_no_cookie(
    client: TestClient, url: str, country: tuple[str, World]
) -> None:
    headers = {**bearer(url, country[1]), "Origin": "https://program.example"}
    assert client.post("/whoami", headers=headers).json() == {"login": "district"}


def test_a_wrong_bearer_token_is_not_saved_by_a_good_cookie(client: TestClient) -> None:
    sign_in(client)
    assert code(client.get("/whoami", headers={"Authorization": "Bearer fq_x"})) == (401, "UNAUTHENTICATED")


def test_a_session_token_is_no_bearer_token_and_the_reverse(
    client: TestClient, url: str, country: tuple[str, World]
) -> None:
    sign_in(client)
    session = client.cookies["session"]
    token = bearer(url, country[1])["Authorization"].removeprefix("Bearer ")
    client.cookies.clear()
    assert client.get("/whoami", headers={"Authorization": f"Bearer {session}"}).status_code == 401
    assert client.get("/whoami", headers={"Cookie": f"session={token}"}).status_code == 401


def test_only_named_origins_may_read_answers(url: str) -> None:
    friend, stranger = "https://views.example", "https://evil.example"
    with TestClient(make_app(Settings(database_url=url, cors_origins=[friend]))) as client:
        assert sign_in(client, Origin=friend).headers["access-control-allow-origin"] == friend
        assert client.post("/whoami", headers={**csrf(client), "Origin": friend}).status_code == 200
        assert "access-control-allow-origin" not in client.get("/whoami", headers={"Origin": stranger}).headers
        asked = {"Origin": friend, "Access-Control-Request-Method": "POST"}
        assert client.options("/whoami", headers=asked).headers["access-control-allow-credentials"] == "true"


# --- every answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/session", "/healthz", "/nowhere", "/boom", "/whoami"])
def test_every_answer_carries_the_headers_of_a_careful_server(path: str, client: TestClient) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["content-type"] == "application/json"
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_more_than_a_megabyte_is_refused(chunked: bool, client: TestClient) -> None:
    def send(length: int) -> Any:
        body = b"x" * length
        return client.post("/echo", content=iter([body[:1000], body[1000:]]) if chunked else body)

    assert send(1024 * 1024).json() == {"length": 1024 * 1024}
    assert code(send(1024 * 1024 + 1)) == (413, "TOO_EXPENSIVE")


def test_an_internal_error_tells_a_reference_and_nothing_else(client: TestClient) -> None:
    with capture_logs() as lines:
        response = client.get("/boom")
    (line,) = lines
    reference = line["reference"]
    assert code(response) == (500, "INTERNAL")
    assert response.json()["errors"][0]["message"] == f"服务器内部错误，编号 {reference}"
    assert line["error"][0] in {"IntegrityError", "DBAPIError"}
    for secret in (CANARY, "INSERT", "user_account", "person_name"):
        assert secret not in response.text
        assert secret not in str(line)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/session", 405)])
def test_wrong_paths_and_methods_are_answered_in_json(method: str, path: str, status: int, client: TestClient) -> None:
    assert code(client.request(method, path)) == (status, "BAD_INPUT")


# --- health -----------------------------------------------------------------------------------------------------------


def test_a_server_over_its_database_lives_and_is_ready(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/healthz", "/readyz", "/readyz")] == [200, 200, 200]


def test_a_server_whose_tables_are_not_ours_lives_and_is_not_ready(
    database_kind: Kind, fresh_database: FreshDatabase
) -> None:
    with TestClient(make_app(Settings(database_url=fresh_database(database_kind)))) as client, capture_logs() as lines:
        answers = [client.get(path).status_code for path in ("/healthz", "/readyz")]
    assert answers == [200, 503]
    assert [line["event"] for line in lines] == ["not_ready"]


def test_a_server_with_migrations_to_come_is_not_ready(client: TestClient, url: str) -> None:
    in_database(url, lambda connection: connection.exec_driver_sql("DELETE FROM alembic_version"))
    assert client.get("/readyz").json() == {"status": "migrations pending"}
