"""What stands before every address of the admin: CSRF, origin, body limit, headers, cookies.

The addresses are read from the application, so a new one is asked by itself; one with a parameter that has no sample
here fails until it gets one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx2
import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from admin.bundle import build
from admin.site import inner_routes
from app import create_app
from db.engine import Database
from db.registry import registry
from permissions.middleware import LARGER, MAX_BODY
from resolvers.services import make_services
from schema.build import build_schema
from settings import Settings, get_settings
from tests.admin.person import PASSWORD, Person

People = Callable[[str], Person]
SAMPLES = {"table": "人民调解委员会", "row": "mc_01856aa0-c800-7fff-8fff-ffffffffffff", "code": "zh-CN", "version": "0",
           "entity": "HostUnit"}  # fmt: skip
SAFE = {"GET", "HEAD"}


def _addresses() -> list[tuple[str, str]]:
    settings = Settings(database_url="sqlite+aiosqlite://")
    routes: list[Route] = inner_routes(make_services(settings, Database(settings), registry()), build_schema().core)
    asset = next(name for name in build().assets if name.endswith(".js"))

    def filled(path: str) -> str:
        name = asset if path.startswith("/assets/") else "style.css"
        return quote("/admin" + path.format(**SAMPLES, name=name))

    return sorted({(method, filled(route.path)) for route in routes for method in route.methods or ()})


ADDRESSES = _addresses()
UNSAFE = [(method, path) for method, path in ADDRESSES if method not in SAFE]


def named(address: tuple[str, str]) -> str:
    return " ".join(address)


def test_there_are_addresses_to_ask() -> None:
    assert len(ADDRESSES) > 40
    assert {method for method, _ in UNSAFE} == {"POST", "PATCH", "DELETE"}


@pytest.mark.parametrize("address", UNSAFE, ids=named)
def test_nothing_is_changed_for_a_page_of_another_site(address: tuple[str, str], people: People) -> None:
    """Without the token, with another's, with an invented one, from another origin: 403, whatever the body."""
    office, other = people("office"), people("district")
    cookie = {"Cookie": office.headers["Cookie"]}
    own = office.headers["X-CSRFToken"]
    stolen = re.sub("csrftoken=[^;]+", "csrftoken=x", office.headers["Cookie"])
    tried = [
        cookie, {**cookie, "X-CSRFToken": ""}, {**cookie, "X-CSRFToken": "x" * 43},
        {**cookie, "X-CSRFToken": other.headers["X-CSRFToken"]}, {"Cookie": stolen, "X-CSRFToken": "x"},
        {**office.headers, "Origin": "https://evil.example"}, {**office.headers, "Origin": "null"},
        {**cookie, "Content-Type": "application/x-www-form-urlencoded"}, {**cookie, "Content-Type": "text/plain"},
    ]  # fmt: skip
    for headers in tried:
        assert office.client.request(*address, content=b"{}", headers=headers).status_code == 403, headers
    # The token is looked at where it belongs and nowhere else.
    assert office.client.request(*address, params={"csrftoken": own}, headers=cookie).status_code == 403
    assert office.client.request(*address, json={"csrftoken": own}, headers=cookie).status_code == 403


@pytest.mark.parametrize("address", UNSAFE, ids=named)
def test_a_body_has_a_limit_whether_or_not_it_says_how_long_it_is(address: tuple[str, str], people: People) -> None:
    office = people("office")

    most = next((size for path, size in LARGER.items() if address[1].startswith(path)), MAX_BODY)

    def pieces() -> Iterator[bytes]:
        for _ in range(most // 65536 + 2):
            yield b" " * 65536

    for body in (b" " * (most + 1), pieces()):
        headers = {**office.headers, "Content-Type": "application/json", "If-Match": '"1"'}
        answer = office.client.request(*address, content=body, headers=headers)
        # What needs no body does not read one: it is answered without it.
        assert answer.status_code == 413 or (address[0] in ("DELETE", "PATCH") and answer.status_code == 404)
        if answer.status_code == 413:
            assert answer.json()["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"


@pytest.mark.parametrize("address", ADDRESSES, ids=named)
@pytest.mark.parametrize("signed_in", [True, False], ids=["signed-in", "nobody"])
def test_every_answer_has_the_headers_of_a_careful_server(
    address: tuple[str, str], signed_in: bool, people: People
) -> None:
    office = people("office")
    answer = office.client.request(*address, headers=office.headers if signed_in else {})
    assert answer.status_code < 500
    policy = policies(answer)
    assert policy["script-src"] == ["'self'"]
    assert policy["object-src"] == policy["frame-ancestors"] == ["'none'"]
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'self'"]
    assert not {"*", "http:", "https:", "'unsafe-eval'"} & {source for sources in policy.values() for source in sources}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] in ("same-origin", "no-referrer")
    assert "server" not in answer.headers
    assert "x-powered-by" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    kind = answer.headers.get("content-type", "")
    if "json" in kind:
        # Words and documents of the pages hold nobody's data: a browser keeps them, and asks whether they changed.
        words = address[1].startswith("/admin/desk/") and answer.status_code == 200
        assert answer.headers["cache-control"] == ("private, no-cache" if words else "no-store")
    if kind.startswith("text/html"):
        assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|javascript:|style=", answer.text)
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", answer.text)


def policies(answer: httpx2.Response) -> dict[str, list[str]]:
    """The content policy, by directive; there is one."""
    [text] = answer.headers.get_list("content-security-policy")
    return {name: sources for name, *sources in (part.split() for part in text.split(";"))}


def cookies(server: TestClient) -> dict[str, set[str]]:
    """Name -> attributes of the cookies that signing in sets."""
    answer = server.post("/session", json={"login": "office", "password": PASSWORD})
    server.cookies.clear()
    lines = [line.split("; ") for line in answer.headers.get_list("set-cookie")]
    return {first.partition("=")[0]: {part.lower() for part in more} for first, *more in lines}


def test_the_session_is_a_cookie_that_no_script_and_no_other_site_gets(server: TestClient) -> None:
    found = cookies(server)
    assert set(found) == {"session", "csrftoken", "device"}
    # By what it signed in with before a browser is known at sign-in, and nowhere else.
    assert {"path=/session", "samesite=strict", "httponly"} <= found.pop("device")
    assert "httponly" in found["session"]
    assert "httponly" not in found["csrftoken"]
    for attributes in found.values():
        assert {"path=/", "samesite=lax"} <= attributes
        assert not [part for part in attributes if part.startswith("domain")]
        assert any(part.startswith("max-age=") for part in attributes)


def test_in_production_cookies_and_addresses_are_for_tls_only(demo_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", demo_url)
    monkeypatch.setenv("FENGQIAO_PRODUCTION", "true")
    get_settings.cache_clear()
    try:
        with TestClient(create_app(), base_url="https://testserver") as server:
            assert all("secure" in attributes for attributes in cookies(server).values())
            assert "max-age=" in server.get("/admin/").headers["strict-transport-security"]
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
