"""What the pages of the desk are made of: their documents, their modules, their policy and their size."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from graphql import parse, validate
from starlette.testclient import TestClient

from admin import site
from admin.desk import fields, files
from admin.desk.documents import Documents
from admin.desk.faces import faces
from admin.desk.site import PAGES
from db.registry import registry
from schema.build import build_schema
from tests.admin.person import Person

FIRST_VIEW = 100_000
"""What a page may take before anything is kept: bytes, compressed."""
SCRIPTS = sorted(files.FOLDER.glob("*.js"))


@pytest.fixture(scope="module")
def documents() -> Documents:
    return Documents(build_schema().core, registry())


def test_every_document_of_every_entity_is_valid_and_registered(documents: Documents) -> None:
    texts = list(documents.everything())
    wrong = [f"{text[:60]}: {found[0]}" for text in texts if (found := validate(documents.core, parse(text)))]
    assert wrong == []
    assert set(texts) <= set(site.documents(documents.core, registry()))
    for name in registry():
        assert {"list", "pick", "record", "export"} <= documents.of(name).keys()


def test_what_is_known_of_an_entity_is_named(documents: Documents) -> None:
    known = faces(documents)["entities"]
    assert known["Mediator"]["sortable"]["region"] == ["region", "code"]
    assert known["CommitteeFiling"]["within"] == ["committee", "region"]
    for name, face in known.items():
        told = fields.info(documents, registry()[name])
        assert [field["name"] for field in told["fields"]] == face["columns"]
        assert all(field["label"] for field in told["fields"])
        assert set(face["listed"]) <= set(face["columns"])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_strict_policy_and_is_small(page: str, people: Callable[[str], Person]) -> None:
    """The scripts, styles, words and documents that the first view asks for, over a slow line."""
    office = people("office")
    answer = office.client.get(f"/admin/{page}/")
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\ssrc=)|\son\w+=|style=", answer.text)
    size = len(gzip.compress(answer.content))
    paths = re.findall(r'(?:src|href)="\.\./(desk/[^"]+)"', answer.text)
    paths += ["desk/faces.json", "desk/documents/MediationCommittee.json"]
    for path in paths:
        got = office.client.get(f"/admin/{path}", headers={**office.headers, "Accept-Encoding": "gzip"})
        assert got.status_code == 200, path
        assert got.headers["content-encoding"] == "gzip"
        size += int(got.headers["content-length"])
    assert size <= FIRST_VIEW


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_module_is_short_names_what_is_there_and_asks_in_one_place(script: Path) -> None:
    source = script.read_text("utf-8")
    assert source.startswith("// ")
    assert len(source.splitlines()) <= 250
    named = {name.removeprefix("./") for _, name in files._IMPORT.findall(source)}
    assert named <= {path.name for path in SCRIPTS} | {Path(name).name for name in files.PACKAGES}
    assert "fetch(" not in source or script.name == "api.js"
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|unsafe", source)


def test_modules_of_packages_name_files_that_are_served(server: TestClient) -> None:
    for name in files.PACKAGES:
        text = server.get(f"/admin/desk/now/{Path(name).name}").text
        named = {found.removeprefix("./") for _, found in files._IMPORT.findall(text)}
        assert named <= {Path(other).name for other in files.PACKAGES}
    assert server.get("/admin/desk/0/list.js").status_code == 404


def test_words_and_documents_are_for_who_is_signed_in_and_kept_by_their_tag(people: Callable[[str], Person]) -> None:
    office = people("office")
    for path in ("/admin/desk/faces.json", "/admin/desk/documents/Mediator.json"):
        assert office.client.get(path).status_code == 401
        first = office.client.get(path, headers=office.headers)
        assert orjson.loads(first.content)
        kept = {**office.headers, "If-None-Match": first.headers["etag"]}
        assert office.client.get(path, headers=kept).status_code == 304
    assert office.client.get("/admin/desk/documents/Nobody.json", headers=office.headers).status_code == 404
