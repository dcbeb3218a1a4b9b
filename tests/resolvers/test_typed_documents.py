"""Typed documents: checked with every fault by its path, read part by part, under the rights of what they copy."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from graphql import GraphQLNonNull, GraphQLObjectType

from db.facts import Shaped, told
from db.kinds import Bad, Several
from db.kinds.shape import parts_of
from db.typed import shape_of
from schema.build import build_schema, sdl
from tests.databases import Kind
from tests.places import Place
from tests.shelf import CLERK, KEEPER, WITH_PAPERS, PaperPlan, shelf

PLAN = {
    "title": "一稿", "pages": 3, "tone": "SOLEMN", "dueOn": "2026-05-03",
    "authors": [{"name": "张三", "birthDate": "1970-02-03", "share": "0.5"}, {"name": "李四", "share": "0.25"}],
    "words": ["甲", 'quoted "乙"'],
}  # fmt: skip
STORED = {**PLAN, "authors": [PLAN["authors"][0], {"name": "李四", "birthDate": None, "share": "0.25"}]}  # type: ignore[index]
CREATE = """mutation ($plan: PaperPlanInput, $name: String) {
  createPaper(input: {name: $name, plan: $plan, region: {connect: {code: "000000000000"}}}) {
    paper { id version plan { title } } errors { path code message } } }"""


@pytest.fixture(scope="module")
def papers(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    with shelf(migrated_database(database_kind), [{"name": "none"}, {"name": "one", "plan": STORED}]) as opened:
        yield opened


def create(papers: Place, plan: Any, name: str = "new") -> Any:
    answer = papers.ask(KEEPER, CREATE, {"plan": plan, "name": name})
    assert "errors" not in answer, answer
    return answer["data"]["createPaper"]


def read(papers: Place, selected: str, viewer: Any = KEEPER) -> dict[str, Any]:
    document = f'{{ papers(where: {{name: {{in: ["one", "none"]}}}}) {{ nodes {{ name plan {selected} }} }} }}'
    answer = papers.ask(viewer, document)
    assert "errors" not in answer, answer
    return {node["name"]: node["plan"] for node in answer["data"]["papers"]["nodes"]}


def test_what_is_selected_is_printed_and_nothing_else_in_the_order_of_the_selection(papers: Place) -> None:
    selected = "{ __typename words first: title authors { share who: name __typename } dueOn tone }"
    authors = [
        {"share": share, "who": who, "__typename": "PaperAuthor"} for share, who in (("0.5", "张三"), ("0.25", "李四"))
    ]
    wanted = {
        "__typename": "PaperPlan", "words": PLAN["words"], "first": "一稿", "authors": authors, "dueOn": "2026-05-03",
        "tone": "SOLEMN",
    }  # fmt: skip
    for _ in range(2):  # read, and read again by the kept plan
        found = read(papers, selected)
        assert found == {"one": wanted, "none": None}
        assert list(found["one"]) == list(wanted)


def test_a_document_is_stored_as_the_model_says(papers: Place) -> None:
    """Codes by name, decimals as text, what is not given as null, texts without what nobody sees."""
    made = create(papers, {**PLAN, "title": " 一\u200b稿 "}, "stored")
    assert made["errors"] == []
    everything = "{ title pages tone dueOn authors { name birthDate share } words }"
    document = f'{{ papers(where: {{name: {{eq: "stored"}}}}) {{ nodes {{ plan {everything} }} }} }}'
    [node] = papers.ask(CLERK, document)["data"]["papers"]["nodes"]
    assert node["plan"] == STORED


def test_each_fault_is_told_by_its_path_and_all_at_once(papers: Place) -> None:
    plan = {
        "title": "一二三四五六七八九十一", "pages": 0, "words": ["好", "a\u0007b"],
        "authors": [{"name": "张三", "share": "1.5"}, {"share": "0.1"}],
    }  # fmt: skip
    made = create(papers, plan)
    assert made["paper"] is None
    assert {(".".join(fault["path"]), fault["code"]) for fault in made["errors"]} == {
        ("input.plan.title", "TOO_LONG"), ("input.plan.pages", "RANGE"), ("input.plan.authors.0.share", "RANGE"),
        ("input.plan.authors.1.name", "REQUIRED"), ("input.plan.words.1", "PATTERN"),
    }  # fmt: skip


def test_no_text_of_a_document_takes_what_no_text_takes(papers: Place) -> None:
    """A citizen number, where nothing masks it."""
    made = create(papers, {**PLAN, "words": ["11010119900307803X"]})
    assert [(fault["path"][-1], fault["code"]) for fault in made["errors"]] == [("0", "PATTERN")]


@pytest.mark.parametrize(
    ("part", "wrong", "code"),
    [
        ("tone", "2", "PATTERN"), ("dueOn", 0, "PATTERN"), ("dueOn", "2026-02-30", "PATTERN"),
        ("pages", True, "PATTERN"),
        ("dueOn", "1899-12-31", "RANGE"), ("title", "", "REQUIRED"), ("words", "甲", "PATTERN"), ("more", 1, "PATTERN"),
        ("authors", [5], "PATTERN"), ("pages", None, "REQUIRED"),
    ],
)  # fmt: skip
def test_a_leaf_is_read_as_a_column_of_its_kind_is(part: str, wrong: Any, code: str) -> None:
    """A code by its name only, no day by a number, no truth for a number: forms send what they like."""
    facts = WITH_PAPERS["Paper"].fields["plan"].facts
    with pytest.raises(Several) as told:
        facts.kind.read(facts, json.dumps({**PLAN, part: wrong}), dt.date(2026, 1, 1))
    [fault] = told.value.faults
    assert (fault.path[0], fault.code) == (part, code)


def test_what_is_no_document_is_refused() -> None:
    facts = WITH_PAPERS["Paper"].fields["plan"].facts
    with pytest.raises(Bad, match="JSON"):
        facts.kind.read(facts, "{", dt.date(2026, 1, 1))
    for wrong in ("[]", "5"):
        with pytest.raises(Several):
            facts.kind.read(facts, wrong, dt.date(2026, 1, 1))


def test_an_unchanged_document_is_no_change_and_a_form_may_send_it_as_text(papers: Place) -> None:
    made = create(papers, PLAN, "again")["paper"]
    commands, by = papers.services.commands, {"id": made["id"]}
    papers.runner.run(commands.update(KEEPER, "Paper", by, {"plan": json.dumps(STORED)}, 1))
    [node] = papers.ask(KEEPER, '{ papers(where: {name: {eq: "again"}}) { nodes { version } } }')["data"]["papers"][
        "nodes"
    ]
    assert node["version"] == made["version"] == 1


def test_a_copy_is_read_with_the_rights_of_what_it_copies(papers: Place) -> None:
    """A province reads mediators without their days of birth, a district bureau reads them whole."""
    for viewer, born in ((CLERK, "1970-02-03"), (KEEPER, None)):
        found = read(papers, "{ title authors { share born: birthDate } }", viewer)["one"]
        authors = [{"share": "0.5", "born": born}, {"share": "0.25", "born": None}]
        assert found == {"title": "一稿", "authors": authors}


def test_the_types_say_what_is_there_in_both_languages() -> None:
    schema = build_schema(WITH_PAPERS)
    plan: Any = schema.core.type_map["PaperPlan"]
    assert isinstance(plan, GraphQLObjectType)
    assert list(plan.fields) == ["title", "pages", "tone", "dueOn", "authors", "words"]
    assert plan.fields["title"].description == "标题。Title."
    assert isinstance(plan.fields["title"].type, GraphQLNonNull)
    author: Any = schema.core.type_map["PaperAuthor"]
    assert not isinstance(author.fields["name"].type, GraphQLNonNull)  # a copy may be kept from who reads
    text = sdl(schema)
    assert "plan: PaperPlan\n" in text
    assert "plan: PaperPlanInput\n" in text


def test_what_a_document_copies_follows_from_its_model() -> None:
    shape = shape_of(PaperPlan)
    assert shape.own == ("title", "pages", "tone", "dueOn", "words")
    [copy] = shape.parts["authors"].copies
    assert (copy.entity, copy.names, shape.parts["authors"].own) == ("Mediator", ("name", "birthDate"), ("share",))


def test_a_model_holds_only_what_can_be_printed_and_read() -> None:
    class Loose(Shaped):
        anything: dict[str, int] = told("任意", "Anything.")

    with pytest.raises(TypeError, match=r"Loose\.anything"):
        parts_of(Loose)
