"""The server as a whole: every part is in its place, behind the same door."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app import create_app
from permissions.tokens import create_token
from settings import get_settings
from tests.conftest import FreshDatabase
from tests.databases import Kind, free_port
from tests.permissions.world import PASSWORD, World, in_database, settle

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def country(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, World]:
    url = migrated_database(database_kind)
    return url, in_database(url, settle)


@pytest.fixture
def url(country: tuple[str, World], database_kind: Kind, fresh_database: FreshDatabase) -> str:
    return fresh_database(database_kind, template=country[0])


@pytest.fixture
def client(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    with TestClient(create_app()) as client:
        yield client
    get_settings.cache_clear()


def sign_in(client: TestClient) -> dict[str, str]:
    """Sign in; the headers a page sends with what it changes."""
    answer = client.post("/session", json={"login": "district", "password": PASSWORD}).json()
    return {"X-CSRFToken": answer["csrfToken"]}


def ask(client: TestClient, headers: dict[str, str]) -> Any:
    return client.post("/graphql", json={"query": "{ me { login } }"}, headers=headers)


def test_who_comes_by_hand_is_led_to_the_admin(client: TestClient) -> None:
    response = client.get("/", follow_redirects=False)
    assert (response.status_code, response.headers["location"]) == (307, "/admin/")
    assert client.get("/admin/").status_code == 200


def test_the_api_asks_who_is_there(client: TestClient) -> None:
    response = ask(client, {})
    assert response.status_code == 401
    assert response.json()["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


def test_one_session_opens_the_api_and_the_admin(client: TestClient) -> None:
    headers = sign_in(client)
    assert ask(client, headers).json() == {"data": {"me": {"login": "district"}}}
    assert client.get("/admin/api/user/").status_code == 200
    assert ask(client, {}).status_code == 403


def test_a_bearer_token_opens_the_api(client: TestClient, url: str, country: tuple[str, World]) -> None:
    token = in_database(url, lambda connection: create_token(connection, country[1].keys["@district"], "t"))
    assert ask(client, {"Authorization": f"Bearer {token}"}).json() == {"data": {"me": {"login": "district"}}}


@pytest.mark.parametrize("path", ["/", "/admin/", "/graphql", "/session", "/healthz", "/readyz", "/nowhere"])
def test_every_path_carries_the_headers_of_a_careful_server(path: str, client: TestClient) -> None:
    headers = client.get(path, headers={"Accept": "text/html"}, follow_redirects=False).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_server_over_its_database_is_ready(client: TestClient) -> None:
    assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


# --- ./run serve ------------------------------------------------------------------------------------------------------


@pytest.fixture
def served(country: tuple[str, World], fresh_database: FreshDatabase) -> Iterator[tuple[str, float]]:
    """The address of a server with two workers, started by ``./run serve``, and the seconds until it answered."""
    port = free_port()
    environment = {
        **os.environ,
        "FENGQIAO_DATABASE_URL": fresh_database("sqlite", template=country[0]),
        "FENGQIAO_SECRET_KEY": "a secret for tests of thirty-two characters",
    }
    command = [sys.executable, str(ROOT / "run"), "serve", "--port", str(port), "--workers", "2"]
    start = time.monotonic()
    # A group of its own: the server ends with its workers.
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, start_new_session=True)
    address = f"http://127.0.0.1:{port}"
    try:
        while not answers(address):
            if process.poll() is not None or time.monotonic() - start > 60:
                raise RuntimeError(f"the server did not start: {process.returncode}")
            time.sleep(0.05)
        yield address, time.monotonic() - start
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def answers(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/healthz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_session_holds_in_every_worker(served: tuple[str, float]) -> None:
    address, _ = served
    asked = {"login": "district", "password": PASSWORD}
    opened = httpx2.post(f"{address}/session", json=asked)
    cookie = {"Cookie": f"session={opened.cookies['session']}"}
    # A connection for each request, so that both workers get some.
    seen = [httpx2.get(f"{address}/session", headers=cookie) for _ in range(20)]
    assert {response.status_code for response in seen} == {200}
    assert {json.loads(response.content)["login"] for response in seen} == {"district"}
    assert "server" not in opened.headers
