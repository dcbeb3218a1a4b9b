"""Documents that are asked for by name, and what a process keeps of documents."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import parse, validate

from admin.own_pages import FOLDER, documents
from db.registry import registry
from schema.caches import Bounded
from schema.fast import FastPath
from schema.plans import VARIANTS
from settings import Settings
from tests.databases import Kind
from tests.places import Place, place

ME = "{me {login}}"
REGIONS = "query Regions($n: Int = 2) {regions(first: $n) {nodes {code}}}"
NAMES = "query Names {regions(first: 2) {nodes {name}}}"


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as found:
        yield found


@pytest.fixture
def fresh(here: Place) -> Iterator[Place]:
    """The same, with nothing known of documents yet; a test may choose its own settings."""
    usual = here.fast
    here.fast = FastPath(here.schema)
    yield here
    here.fast = usual


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def persisted(short: Any, query: str | None = None, version: Any = 1) -> dict[str, Any]:
    """A request as Apollo's clients send it."""
    asked: dict[str, Any] = {"extensions": {"persistedQuery": {"version": version, "sha256Hash": short}}}
    return asked if query is None else {**asked, "query": query}


def told(here: Place, asked: Mapping[str, Any]) -> Any:
    return orjson.loads(here.send("dist", asked).body)


def refusal(answer: Any) -> tuple[str, str]:
    assert "data" not in answer
    return answer["errors"][0]["extensions"]["code"], answer["errors"][0]["message"]


# --- what clients register -------------------------------------------------------------------------------------------


def test_a_client_sends_the_hash_then_the_text_once_and_from_then_on_the_hash(fresh: Place) -> None:
    """As Apollo's clients do it: they know by the message that the text is wanted."""
    unknown = told(fresh, persisted(digest(REGIONS)))
    assert refusal(unknown) == ("BAD_INPUT", "PersistedQueryNotFound")
    assert unknown["errors"][0]["extensions"]["reason"] == "PERSISTED_QUERY_NOT_FOUND"

    first = fresh.send("dist", persisted(digest(REGIONS), REGIONS)).body
    for _ in range(2):
        assert fresh.send("dist", persisted(digest(REGIONS))).body == first
    assert fresh.body("dist", REGIONS) == first
    assert len(orjson.loads(first)["data"]["regions"]["nodes"]) == 2


def test_the_variables_of_a_registered_document_are_those_of_the_request(fresh: Place) -> None:
    fresh.send("dist", persisted(digest(REGIONS), REGIONS))

    found = told(fresh, {**persisted(digest(REGIONS)), "variables": {"n": 5}, "operationName": "Regions"})

    assert len(found["data"]["regions"]["nodes"]) == 5


def test_a_hash_of_another_text_is_refused_and_nothing_is_registered(fresh: Place) -> None:
    assert refusal(told(fresh, persisted(digest(NAMES), REGIONS)))[0] == "BAD_INPUT"
    assert refusal(told(fresh, persisted(digest(NAMES))))[1] == "PersistedQueryNotFound"


def test_what_is_no_valid_document_is_not_registered(fresh: Place) -> None:
    wrong = "{regions {nodes {nothing}}}"
    assert refusal(told(fresh, persisted(digest(wrong), wrong)))[0] == "BAD_INPUT"

    assert refusal(told(fresh, persisted(digest(wrong))))[1] == "PersistedQueryNotFound"


@pytest.mark.parametrize(
    "asked",
    [
        persisted("abc", ME),
        persisted(digest(ME).upper(), ME),
        persisted(7, ME),
        persisted(digest(ME), ME, version=2),
        {"extensions": {"persistedQuery": "x"}, "query": ME},
        {"documentId": "sha256:" + digest(ME), "query": ME},
        {"documentId": "nothing"},
        {"documentId": 7},
        {"extensions": {}},
        {"extensions": {"other": 1}},
        {"extensions": 1, "query": ME},
        {},
    ],
)
def test_a_request_that_names_no_document_rightly_is_bad_input(fresh: Place, asked: dict[str, Any]) -> None:
    response = fresh.send("dist", asked)

    assert response.status_code == 400
    assert refusal(orjson.loads(response.body))[0] == "BAD_INPUT"


def test_a_client_that_sends_other_extensions_is_answered(fresh: Place) -> None:
    assert "errors" not in told(fresh, {"query": ME, "extensions": {"clientLibrary": {"name": "x"}}})


# --- a registered list -----------------------------------------------------------------------------------------------


@pytest.fixture
def listed(fresh: Place, tmp_path: Path) -> Place:
    """A server that runs registered documents only: two from a file, one of its own pages."""
    path = tmp_path / "documents.json"
    path.write_text(json.dumps({digest(REGIONS): REGIONS, "names-v1": NAMES}), encoding="utf-8")
    fresh.fast = FastPath(fresh.schema, Settings(documents=path, only_registered_documents=True), own=[ME])
    return fresh


def test_a_registered_document_is_found_by_its_name_its_hash_and_its_text(listed: Place) -> None:
    short = digest(REGIONS)
    asked = [{"documentId": f"sha256:{short}"}, {"documentId": short}, persisted(short), {"query": REGIONS}]
    answers = {listed.send("dist", one).body for one in asked}

    assert len(answers) == 1
    assert "errors" not in orjson.loads(answers.pop())
    assert "errors" not in told(listed, {"documentId": "names-v1"})
    assert told(listed, {"query": ME}) == {"data": {"me": {"login": listed.viewers["dist"].login}}}


@pytest.mark.parametrize(
    "asked", [{"query": ME + " "}, persisted(digest("{me {name}}"), "{me {name}}"), persisted("0" * 64)]
)
def test_where_only_registered_documents_run_every_other_is_refused_and_told_so(
    listed: Place, asked: dict[str, Any]
) -> None:
    for _ in range(2):
        code, message = refusal(told(listed, asked))
        assert code == "FORBIDDEN"
        assert "documentId" in message


@pytest.mark.parametrize(
    ("text", "said"),
    [("[]", "JSON 对象"), ("{", "读不出"), ('{"a": 1}', "JSON 对象"), (json.dumps({"0" * 64: ME}), "SHA-256")],
)
def test_a_registered_list_that_cannot_be_right_stops_the_start(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "documents.json"
    path.write_text(text, encoding="utf-8")
    from schema.persisted import Persisted

    with pytest.raises(ValueError, match=said):
        Persisted(Settings(documents=path))


def test_a_list_that_is_not_there_is_a_problem_of_the_settings(tmp_path: Path) -> None:
    assert "FENGQIAO_DOCUMENTS" in Settings(documents=tmp_path / "none.json").problems()[0]


# --- the own pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", documents())
def test_every_document_of_the_own_pages_is_valid(here: Place, text: str) -> None:
    assert validate(here.schema.core, parse(text)) == []


def test_every_question_of_the_own_pages_is_among_their_documents() -> None:
    """Whatever a script asks is a document that was found, or a name for one that was written out above."""
    known = documents()
    for path in FOLDER.glob("*.js"):
        script = path.read_text(encoding="utf-8")
        for argument in re.findall(r"(?:await|return) ask\(\s*([`\"]|\w+)", script):
            # `mutation` is what the buttons and forms of a page hand on, which is written out there.
            assert argument in ("`", '"', "mutation") or argument.isupper(), path.name
        written = re.findall(r"[`\"]((?:query|mutation) \w+\(|\{ me )", script)
        assert all(any(text.startswith(start) for text in known) for start in written), path.name


def test_the_filing_page_knows_every_step_of_a_filing() -> None:
    for step in registry()["CommitteeFiling"].facts.steps:
        assert not step.sources or any(f"{step.verb}CommitteeFiling(" in text for text in documents()), step.verb


def test_the_own_pages_work_where_only_registered_documents_run(fresh: Place) -> None:
    settings = Settings(only_registered_documents=True)
    fresh.fast = FastPath(fresh.schema, settings, documents())
    counts = next(text for text in documents() if "query Counts" in text)

    assert "errors" not in told(fresh, {"query": counts, "variables": {"waits": False}})
    assert refusal(told(fresh, {"query": ME}))[0] == "FORBIDDEN"


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_a_bounded_cache_lets_go_of_what_was_used_least_by_number_and_by_size() -> None:
    cache: Bounded[str, str] = Bounded(3, 100)
    for name in "abc":
        cache.put(name, name.upper(), 10)
    assert cache.get("a") == "A"
    cache.put("d", "D", 10)
    assert [name for name in "abcd" if name in cache] == ["a", "c", "d"]

    cache.put("a", "AA", 25)
    assert (cache.get("a"), cache.held) == ("AA", 45)
    for name in ("e", "f", "g"):
        cache.put(name, name, 25)
    assert cache.held <= 100
    cache.put("large", "x", 26)
    assert "large" not in cache
    cache.put("e", "now too large", 99)
    assert "e" not in cache


def test_what_clients_register_is_bounded(fresh: Place) -> None:
    """A thousand long texts do not fill the memory; the oldest are asked for again."""
    kept = fresh.fast.documents.persisted._sent
    for i in range(30):
        text = f"{{me {{login}}}} #{i}" + "x" * 90_000
        fresh.send("dist", persisted(digest(text), text))

    assert kept.held <= kept.size
    assert 0 < len(kept) < 30
    assert refusal(told(fresh, persisted(digest("{me {login}} #0" + "x" * 90_000))))[1] == "PersistedQueryNotFound"


def test_both_ways_run_the_same_plan(fresh: Place) -> None:
    """What the long way compiled the short way finds: one plan a document."""
    document = "query ($n: Int) {regions(first: $n) {nodes {code name shortName}}}"
    plans = fresh.schema.plans._kept
    before = len(plans)
    for n in (1, 2, 3):
        fresh.ask("dist", document, {"n": n})

    work = fresh.fast.documents._kept.get(document)
    assert work is not None
    assert work.operations[0].is_quick
    assert len(plans) == before + 1
    found = plans.get(id(work.operations[0].node))
    assert found is not None
    assert len(found.kept) == 1


def test_flags_cannot_fill_the_cache_of_plans(fresh: Place) -> None:
    """Eight flags make 256 statements of one document; the process keeps the last of them only."""
    flags = [f"$f{i}: Boolean!" for i in range(8)]
    names = ["code", "name", "shortName", "kind", "level", "version", "path", "validFrom"]
    parts = " ".join(f"{name} @include(if: $f{i})" for i, name in enumerate(names))
    document = f"query ({', '.join(flags)}) {{regions(first: 1) {{nodes {{id {parts}}}}}}}"
    for bits in range(100):
        asked = {f"f{i}": bool(bits >> i & 1) for i in range(8)}
        answer = fresh.ask("dist", document, asked)
        shown = {name for i, name in enumerate(names) if asked[f"f{i}"]}
        assert set(answer["data"]["regions"]["nodes"][0]) == {"id", *shown}

    known = fresh.fast.documents._kept.get(document)
    assert known is not None
    found = fresh.schema.plans._kept.get(id(known.operations[0].node))
    assert found is not None
    assert len(found.kept) == VARIANTS
