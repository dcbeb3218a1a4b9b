"""Custom views on other origins: those that are named sign people in and change things, and no others read or write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from permissions import origins
from settings import Settings
from tests.permissions.test_http import code, csrf, make_app, sign_in

FRIEND, NEIGHBOUR = "https://views.example", "https://views.example:8443"
STRANGERS = (
    "https://evil.example", "http://views.example", "https://views.example.evil.example", "https://views.example:444",
    "https://xviews.example", "https://VIEWS.example", "https://views.example/", "null", "*", "https://a.views.example",
)  # fmt: skip


@pytest.fixture
def client(url: str) -> Iterator[TestClient]:
    with TestClient(make_app(Settings(database_url=url, cors_origins=[FRIEND, NEIGHBOUR]))) as client:
        yield client


@pytest.mark.parametrize("origin", [FRIEND, NEIGHBOUR])
def test_a_named_origin_signs_in_reads_and_changes(origin: str, client: TestClient) -> None:
    signed = sign_in(client, Origin=origin)
    assert signed.headers["access-control-allow-origin"] == origin
    assert signed.headers["access-control-allow-credentials"] == "true"
    read = client.get("/session", headers={"Origin": origin})
    assert read.json()["csrfToken"] == signed.json()["csrfToken"]
    changed = client.post("/whoami", headers={"Origin": origin, "X-CSRFToken": read.json()["csrfToken"]})
    assert changed.status_code == 200


@pytest.mark.parametrize("origin", STRANGERS)
def test_no_other_origin_reads_signs_in_or_changes_anything(origin: str, client: TestClient) -> None:
    assert code(sign_in(client, Origin=origin)) == (403, "FORBIDDEN")
    sign_in(client)
    read = client.get("/session", headers={"Origin": origin})
    assert "access-control-allow-origin" not in read.headers
    assert code(client.post("/whoami", headers={"Origin": origin, **csrf(client)})) == (403, "FORBIDDEN")
    assert code(client.delete("/session", headers={"Origin": origin, **csrf(client)})) == (403, "FORBIDDEN")
    assert client.get("/whoami").status_code == 200


def test_a_named_origin_needs_the_csrf_token_like_our_own_pages(client: TestClient) -> None:
    sign_in(client, Origin=FRIEND)
    for token in ({}, {"X-CSRFToken": "x"}):
        assert code(client.post("/whoami", headers={"Origin": FRIEND, **token})) == (403, "FORBIDDEN")


def test_a_browser_may_remember_for_an_hour_that_it_may_ask(client: TestClient) -> None:
    asked = {
        "Origin": FRIEND,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type,x-csrftoken,idempotency-key",
    }
    answer = client.options("/graphql", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-max-age"] == "3600"
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert {"content-type", "x-csrftoken"} <= set(answer.headers["access-control-allow-headers"].lower().split(", "))
    assert "Origin" in answer.headers["vary"]


def preflight(client: TestClient, *headers: str) -> int:
    asked = {"Origin": FRIEND, "Access-Control-Request-Method": "POST"}
    return client.options("/graphql", headers=asked | {"Access-Control-Request-Headers": ",".join(headers)}).status_code


@pytest.mark.parametrize(
    "header",
    [
        "apollographql-client-name", "apollographql-client-version", "x-apollo-operation-name",
        "apollo-require-preflight", "traceparent", "tracestate", "baggage", "sentry-trace", "x-requested-with",
        "accept-language", "idempotency-key", "graphql-cost", "authorization",
    ],
)  # fmt: skip
def test_what_clients_and_their_tracing_add_by_themselves_is_allowed(header: str, client: TestClient) -> None:
    assert preflight(client, "content-type", header) == 200


def test_other_headers_are_allowed_by_setting_alone(url: str, client: TestClient) -> None:
    assert preflight(client, "x-our-office") == 400
    settings = Settings(database_url=url, cors_origins=[FRIEND], cors_headers=["X-Our-Office"])
    with TestClient(make_app(settings)) as other:
        assert preflight(other, "x-our-office") == 200
        assert preflight(other, "x-another") == 400
    assert Settings(cors_headers=["*"]).problems() != []
    assert Settings(cors_headers=["X-Our-Office"]).problems() == []


def test_a_page_of_a_named_origin_may_read_how_long_to_wait(client: TestClient) -> None:
    told = client.get("/session", headers={"Origin": FRIEND}).headers["access-control-expose-headers"]
    assert {"Retry-After", "WWW-Authenticate", "ETag"} <= set(told.split(", "))


@pytest.mark.parametrize("origin", STRANGERS)
def test_another_origin_is_told_that_it_may_not_ask(origin: str, client: TestClient) -> None:
    asked = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    answer = client.options("/graphql", headers=asked)
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (400, None)


def test_answers_are_kept_apart_by_origin(client: TestClient) -> None:
    assert "Origin" in client.get("/session", headers={"Origin": FRIEND}).headers["vary"]


def test_without_the_setting_no_origin_may_read(url: str) -> None:
    with TestClient(make_app(Settings(database_url=url))) as client:
        assert "access-control-allow-origin" not in client.get("/session", headers={"Origin": FRIEND}).headers
        assert code(sign_in(client, Origin=FRIEND)) == (403, "FORBIDDEN")


def test_a_star_in_the_settings_opens_nothing(url: str) -> None:
    with TestClient(make_app(Settings(database_url=url, cors_origins=["*", "null"]))) as client:
        for origin in (FRIEND, "*", "null"):
            answer = client.get("/session", headers={"Origin": origin})
            assert "access-control-allow-origin" not in answer.headers
            assert code(sign_in(client, Origin=origin)) == (403, "FORBIDDEN")


@pytest.mark.parametrize(
    ("origin", "good"),
    [
        ("https://views.example", True), ("http://127.0.0.1:5500", True), ("https://views.example:8443", True),
        ("*", False), ("https://*.example", False), ("views.example", False), ("https://views.example/", False),
        ("https://views.example/app", False), ("https://Views.example", False), ("ftp://views.example", False),
        ("https://", False), ("https://u:p@views.example", False), ("https://views.example:99999", False),
        ("null", False), ("https://views.example?x", False),
    ],
)  # fmt: skip
def test_an_origin_is_written_in_full(origin: str, good: bool) -> None:
    assert (origins.mistake(origin) is None) is good


def test_in_production_origins_are_https() -> None:
    assert origins.mistakes(["http://127.0.0.1:5500"], production=True) == ["http://127.0.0.1:5500 须为 https"]
    assert origins.mistakes(["http://127.0.0.1:5500"], production=False) == []
