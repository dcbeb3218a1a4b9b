"""What bad input gets: a code, a place and a hint, before any statement, the same on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from tests.canaries import watch
from tests.databases import Kind
from tests.places import Place, place

COUNT = "totalCount"


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as found:
        yield found


def wrong(here: Place, document: str, variables: Any = None, english: bool = False) -> dict[str, Any]:
    """The one error of a document that is not run."""
    answer = orjson.loads(here.body("dist", document, variables, english))
    assert "data" not in answer
    error: dict[str, Any] = answer["errors"][0]
    return error


@pytest.mark.parametrize(
    ("document", "zh", "en"),
    [
        (
            "{regions {nodes {nmae}}}",
            "类型 Region 没有字段 nmae。是不是要写 name？",
            "Cannot query field 'nmae' on type 'Region'. Did you mean 'name'?",
        ),
        (
            "{regions(frist: 1) {totalCount}}",
            "frist：字段 Query.regions 没有参数 frist。是不是要写 first、last？",
            "frist: Unknown argument 'frist' on field 'Query.regions'. Did you mean 'first' or 'last'?",
        ),
        (
            "{regions(where: {level: {eq: CITI}}) {totalCount}}",
            "where.level.eq：RegionLevel 没有 CITI 一项。是不是要写 CITY？",
            "where.level.eq: Value 'CITI' does not exist in 'RegionLevel' enum. Did you mean the enum value 'CITY'?",
        ),
        ("{regions", "语法错误：应是 名称，现在是 文末。", "Syntax Error: Expected Name, found <EOF>."),
        ("{regions(first: $n) {totalCount}}", "first：变量 $n 没有声明。", "first: Variable '$n' is not defined."),
        ("{regions}", "字段 regions（RegionConnection!）要写出所取的子字段。是不是要写 regions { ... }？",
         "Field 'regions' of type 'RegionConnection!' must have a selection of subfields. "
         "Did you mean 'regions { ... }'?"),
        ("{me {...F}}", "没有片段 F。", "Unknown fragment 'F'."),
        ("query A {me {login}} query A {me {login}}", "A 只能写一次。", "There can be only one operation named 'A'."),
        ("subscription {x}", "不支持 subscription 操作。",
         "The subscription operation is not supported by the schema."),
    ],
)  # fmt: skip
def test_a_mistake_in_a_document_is_told_in_both_languages_with_the_hint(
    here: Place, document: str, zh: str, en: str
) -> None:
    assert wrong(here, document)["message"] == zh
    assert wrong(here, document, english=True)["message"] == en
    assert wrong(here, document)["extensions"]["code"] == "BAD_INPUT"


LEAVES: list[tuple[str, Any, str, str]] = [
    ("where.establishedOn.eq", "2026-13-01", "Date", "没有这一天"),
    ("where.establishedOn.gte", 7, "Date", "日期应写成"),
    ("where.establishedOn.in[1]", ["2026-05-03", "x"], "Date", "日期应写成"),
    ("where.updatedAt.lt", "yesterday", "DateTime", "时间应写成"),
    ("where.name.eq", 3, "String", "应是文字"),
    ("where.type.eq", "VILAGE", "CommitteeType", "CommitteeType 没有 VILAGE 一项"),
    ("where.and[1].not.name.isNull", "yes", "Boolean", "true 或 false"),
    ("where.mediators.count.gt", 1.5, "Int", "整数"),
    ("first", "x", "Int", "整数"),
    ("first", 9_000_000_000, "Int", "整数超出范围"),
    ("where.nam", {"eq": "x"}, "", "没有 nam 一项"),
]


def _tree(path: str, value: Any) -> tuple[str, Any]:
    """A path and the wrong value there, or in its list -> the argument's name and its whole value."""
    name, *steps = path.replace("[", ".").replace("]", "").split(".")
    if path.endswith("in[1]"):
        steps.pop()
    for step in reversed(steps):
        value = [{"name": {"eq": "x"}}, value] if step.isdigit() else {step: value}
    return name, value


def _literal(value: Any, enum: bool) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_literal(inner, enum)}" for name, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_literal(inner, enum) for inner in value) + "]"
    return value if enum and value == "VILAGE" else orjson.dumps(value).decode()


@pytest.mark.parametrize(("path", "value", "kind", "said"), LEAVES)
def test_a_wrong_value_is_told_by_its_path_wherever_it_was_written(
    here: Place, path: str, value: Any, kind: str, said: str
) -> None:
    """As a literal, in a variable for the whole argument, and in a variable for the value alone."""
    argument, tree = _tree(path, value)
    steps = path.replace("[", ".").replace("]", "").split(".")
    whole = "MediationCommitteeWhere" if argument == "where" else "Int"
    errors = [
        wrong(here, f"{{mediationCommittees({argument}: {_literal(tree, True)}) {{totalCount}}}}"),
        wrong(here, f"query ($v: {whole}) {{mediationCommittees({argument}: $v) {{totalCount}}}}", {"v": tree}),
    ]
    if kind and not path.endswith("]"):
        _, slot = _tree(path, "VILAGE")
        text = _literal(slot, True).replace('"VILAGE"', "$v").replace("VILAGE", "$v")
        document = f"query ($v: {kind}) {{mediationCommittees({argument}: {text}) {{totalCount}}}}"
        errors.append(wrong(here, document, {"v": value}))
    for error in errors:
        assert error["extensions"] == {"code": "BAD_INPUT", "path": steps}
        assert error["message"].startswith(f"{path}：")
        assert said in error["message"]
        assert error["locations"]


def test_at_most_a_handful_of_mistakes_is_told(here: Place) -> None:
    document = "{regions {nodes {" + " ".join(f"x{i}" for i in range(300)) + "}}}"
    answer = orjson.loads(here.body("dist", document))
    variables = orjson.loads(
        here.body("dist", "query ($v: [String!]) {regions(where: {code: {in: $v}}) {totalCount}}", {"v": [1] * 900})
    )

    for found in (answer, variables):
        assert len(found["errors"]) <= 6
        assert len(orjson.dumps(found)) < 4_000


IN_NAME = "{regions(where: {name: {contains: VALUE}}) {totalCount}}"
HOSTILE: dict[str, tuple[str, Any, str]] = {
    "a string of a million characters in a variable": ("query ($v: String) " + IN_NAME, "x" * 900_000, "BAD_INPUT"),
    "a long string in the text": (IN_NAME.replace("VALUE", '"' + "x" * 50_000 + '"'), None, "BAD_INPUT"),
    "a million characters in a key": (
        "query ($v: String) {region(by: {code: VALUE}) {name}}", "9" * 900_000, "BAD_INPUT",
    ),
    "a million characters in a cursor": (
        "query ($v: String) {regions(after: VALUE) {totalCount}}", "x" * 900_000, "BAD_INPUT",
    ),
    "half a character": (IN_NAME.replace("VALUE", '"\\uD800"'), None, "BAD_INPUT"),
    "half a character in a block": (IN_NAME.replace("VALUE", '"""\\uD800 \x00"""'), None, "BAD_INPUT"),
    "NUL": ("query ($v: String) " + IN_NAME, "a\x00b", "BAD_INPUT"),
    "a number of 5,000 digits": (f"{{regions(first: {'9' * 5000}) {{totalCount}}}}", None, "BAD_INPUT"),
    "a decimal of 5,000 digits": (
        f"{{mediationCases(where: {{amountClaimed: {{eq: {'9' * 5000}.5}}}}) {{totalCount}}}}", None, "BAD_INPUT",
    ),
    "an exponent": ("{mediationCases(where: {amountClaimed: {eq: 1e999999999}}) {totalCount}}", None, "BAD_INPUT"),
    "300 kB of fields": ("{regions {nodes {" + "name " * 60_000 + "}}}", None, "TOO_EXPENSIVE"),
    "300 kB of commas": ("{me {login}}" + "," * 300_000, None, "TOO_EXPENSIVE"),
    "300 kB of comments": ("#\n" * 150_000 + "{me {login}}", None, "TOO_EXPENSIVE"),
    "90 kB of quotes": ('"' * 90_000, None, "TOO_EXPENSIVE"),
    "braces without end": ("{a" * 900, None, "TOO_EXPENSIVE"),
    "lists without end": ("{regions(where: " + "[" * 3000 + ") {totalCount}}", None, "TOO_EXPENSIVE"),
    "a condition without end": ("query ($v: RegionWhere) {regions(where: VALUE) {totalCount}}", None, "TOO_EXPENSIVE"),
    "a list of 40,000": (
        "query ($v: [String!]) {regions(where: {name: {in: VALUE}}) {totalCount}}", ["x"] * 40_000, "BAD_INPUT",
    ),
}  # fmt: skip
HOSTILE_TREE: dict[str, Any] = {"name": {"eq": "x"}}
for _ in range(150):
    HOSTILE_TREE = {"not": HOSTILE_TREE}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_means_harm_is_refused_in_a_few_words(here: Place, name: str) -> None:
    """Whatever its length, the refusal is short, has a code, and quotes nothing of it; twice it is the same."""
    document, value, code = HOSTILE[name]
    variables = None
    if "VALUE" in document:
        document = document.replace("VALUE", "$v")
        variables = {"v": HOSTILE_TREE if value is None else value}

    answers = {here.body("dist", document, variables, english) for english in (True, True)}
    body = answers.pop()

    assert not answers
    assert orjson.loads(body)["errors"][0]["extensions"]["code"] == code
    assert len(body) < 1_000
    assert b"xxxx" not in body
    assert b"9999" not in body


@pytest.mark.parametrize(
    "body",
    [b'{"query": "{me {login}}", "variables": {"v": ' + b"9" * 5000 + b"}}", b'{"query": "\\ud800"}', b"[" * 2000,
     b'{"query": "{me {login}}", "variables": {"v": NaN}}', b"\xff\xfe", b"0", b"null", b'"x"'],
)  # fmt: skip
def test_a_body_that_is_no_request_is_bad_input(here: Place, body: bytes) -> None:
    from starlette.requests import Request

    from schema.http import answer

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    headers = [(b"content-type", b"application/json")]
    state = {"viewer": here.viewers["dist"]}
    request = Request({"type": "http", "method": "POST", "headers": headers, "state": state}, receive)
    response = here.runner.run(answer(request, here.schema, here.fast, here.services))
    watch.answer("GraphQL", response.status_code, response.raw_headers, bytes(response.body))

    assert response.status_code == 400
    assert orjson.loads(response.body)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
