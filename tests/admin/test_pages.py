"""Own pages: plain files, no script inside a page, nothing asked but the public API and the admin's menu."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from admin.own_pages import FOLDER
from admin.vocabulary import names, terms
from db.registry import registry
from schema.build import build_schema, sdl
from tests.admin.person import Person

PAGES, SCRIPTS = sorted(FOLDER.glob("*.html")), sorted(FOLDER.glob("*.js"))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_a_page_holds_no_script_and_names_only_files_that_are_served(page: Path, server: TestClient) -> None:
    source = page.read_text("utf-8")
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|style=", source)
    address = f"/admin/{page.stem}/"
    assert server.get(address).text == source
    for name in re.findall(r'(?:src|href)="\.\./(pages/[^"]+)"', source):
        assert server.get(f"/admin/{name}").status_code == 200


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_one_script_asks_the_server_and_only_for_what_is_public(script: Path) -> None:
    source = script.read_text("utf-8")
    asked = re.findall(r'(?:fetch|XMLHttpRequest|sendBeacon)\(?"?([^",)]*)', source)
    assert asked == [] or script.name == "asking.js"
    assert "/api/tables/" not in source.replace("api/tables/grouped/", "")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda p: p.name)
def test_a_script_imports_only_scripts_that_are_there(script: Path) -> None:
    for name in re.findall(r'from "\./([^"]+)"', script.read_text("utf-8")):
        assert (FOLDER / name).is_file()


def test_the_names_the_pages_use_are_in_the_schema() -> None:
    known = set(re.findall(r"\w+", sdl(build_schema())))
    used = {
        word
        for script in SCRIPTS
        for query in re.findall(r"`((?:query|mutation)[^`]*)`", script.read_text("utf-8"))
        for word in re.findall(r"[A-Za-z_]+", re.sub(r"\$\{[^}]*\}|\$\w+|(?:query|mutation) \w+", " ", query))
    }
    assert used - known - {"made", "created", "taken", "waiting", "include", "if"} == set()


def test_the_vocabulary_holds_every_enumeration() -> None:
    found = terms(registry())
    assert found["FilingState"]["DRAFT"] == "草稿"
    assert found["Ethnicity"]["HAN"] == "汉族"


def test_the_vocabulary_names_every_field_reference_and_step() -> None:
    known = names(registry())
    assert known["CommitteeFiling"]["steps"]["return"] == {"zh": "退回补正", "from": ["SUBMITTED", "OFFICE_CHECKED"]}
    assert known["Mediator"]["fields"]["idNumber"] == "身份证号"
    assert known["MediationCommittee"]["references"]["region"] == {"zh": "所在区划", "to": "Region"}
    assert not {"passwordHash", "idNumberCipher"} & {name for info in known.values() for name in info["fields"]}


def test_a_file_that_is_no_part_of_the_pages_is_not_served(people: Callable[[str], Person]) -> None:
    office = people("office")
    for name in ("workbench.html", "index.html", "__init__.py", "%2e%2e%2fsite.py"):
        assert office.client.get(f"/admin/pages/{name}").status_code == 404


def test_the_admin_without_its_slash_leads_to_it(server: TestClient) -> None:
    assert server.get("/admin", follow_redirects=False).status_code == 307
