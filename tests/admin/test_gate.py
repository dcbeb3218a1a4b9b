"""Whatever is below /admin/ stands on the gate's list, and nothing else is let through."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from admin.gate import NOT_FOUND, PASSAGES, Gate
from admin.site import inner_routes
from db.engine import Database
from db.registry import registry
from resolvers.services import make_services
from schema.build import build_schema
from settings import Settings
from tests.admin.person import Person


def stated() -> set[tuple[str, str]]:
    return {(method, passage.path) for passage in PASSAGES for method in passage.methods}


def test_the_gate_knows_every_route_and_every_method_and_no_other() -> None:
    settings = Settings(database_url="sqlite+aiosqlite://")
    routes: list[Route] = inner_routes(make_services(settings, Database(settings), registry()), build_schema().core)
    made = {(method, route.path) for route in routes for method in (route.methods or set()) - {"HEAD"}}
    assert made == stated()


@pytest.mark.parametrize("passage", [p for p in PASSAGES if p.access == "signed in"], ids=lambda p: p.path)
def test_who_is_not_signed_in_gets_no_data(passage: object, server: TestClient) -> None:
    path = passage.path.replace("{table}", "备案").replace("{row}", "cf_1")  # type: ignore[attr-defined]
    for method in passage.methods:  # type: ignore[attr-defined]
        assert server.request(method, f"/admin{path}").status_code == 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/api/tables/备案/cf_1/"),
        ("DELETE", "/api/tables/备案/"),
        ("POST", "/api/media/"),
        ("GET", "/api/openapi.json"),
        ("GET", "/api/docs/"),
        ("GET", "/openapi.json"),
        ("GET", "/api/tables/备案/cf_1/secret/"),
        ("GET", "/api/tables//"),
        ("GET", "/assets/../../settings.py"),
        ("GET", "/pages/..%2F..%2Fsettings.py"),
        ("GET", "/pages/workbench.html"),
        ("GET", "/media-files/x"),
        ("OPTIONS", "/api/user/"),
    ],
)
def test_what_is_not_on_the_list_is_not_there(method: str, path: str, people: Callable[[str], Person]) -> None:
    office = people("office")
    answer = office.client.request(method, f"/admin{path}", headers=office.headers)
    assert answer.status_code == 404


def test_a_route_without_a_line_on_the_list_is_closed() -> None:
    assert Gate(lambda *_: None).access("GET", "/api/new-thing/") is None  # type: ignore[arg-type]


def test_a_table_that_may_not_be_seen_is_a_table_that_is_not_there(people: Callable[[str], Person]) -> None:
    mediator = people("mediator")
    for what in ("", "schema/", "count/", "ids/", "references/", "new/", "x/"):
        hidden, missing = (mediator.get(f"tables/{name}/{what}") for name in ("授权", "没有的表"))
        assert (
            (hidden.status_code, hidden.content) == (missing.status_code, missing.content) == (404, NOT_FOUND.encode())
        )


def test_a_login_is_known_however_it_was_pasted(server: TestClient, people: Callable[[str], Person]) -> None:
    """What nobody sees in a login is no part of it; a filter of a list is cleaned, too."""
    pasted = Person.signed_in(server, "\ufeffdis\u200btrict\u200e ")
    listed = pasted.rows("行政区划", 名称="玄武\u200b区", 名称__match="exact")
    assert [row["名称"] for row in listed] == ["玄武区"]
    assert listed == people("district").rows("行政区划", 名称="玄武区", 名称__match="exact")
