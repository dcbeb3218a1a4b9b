"""One answer speaks one language: every refusal of a document or a value, in Chinese and in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from graphql import GraphQLEnumType, GraphQLError, GraphQLInputObjectType, GraphQLNonNull, GraphQLScalarType
from graphql.utilities.validate_input_value import validate_input_value

from schema.messages import worded
from schema.sentences import in_chinese
from tests.databases import Kind
from tests.places import Place, place

HAN = re.compile("[\u3000-\u9fff\uff00-\uffef]")
SENTENCE = re.compile(r"\b[A-Za-z]+ [a-z]+\b")
"""Two words of English; names and types stand alone."""


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    with place(migrated_database(database_kind)) as found:
        yield found


def both(here: Place, document: str, variables: Any = None) -> None:
    """The document is refused, in Chinese without English sentences and in English without Chinese characters."""
    for english in (False, True):
        answer = orjson.loads(here.body("dist", document, variables, english))
        assert answer.get("errors"), document
        for error in answer["errors"]:
            message = error["message"]
            wrong = HAN.search(message) if english else SENTENCE.search(message) or not HAN.search(message)
            assert not wrong, (document, message)
            assert "请求有误。" not in message
            assert not re.search("[\x00-\x1f]", message)


DOCUMENTS = [
    "", "{", "{regions", "{regions(", "{regions {nodes {nmae}}}", "{regions(frist: 1) {totalCount}}", "{regions}",
    "{me {login {x}}}",
    "{me {...F}}", "{me {login} ...F} fragment F on Nope {x}", "fragment F on Viewer {login} {me {login}}",
    "{me {... on Region {id}}}",
    "fragment F on Viewer {...F} {me {...F}}", "{me {... on Int {x}}}", "query ($x: Int) {me {login}}",
    "query ($x: Viewer) {me {login}}",
    "query ($x: Nope) {me {login}}", "{regions(first: $n) {totalCount}}",
    "query ($n: String) {regions(first: $n) {totalCount}}",
    "query A {me {login}} query A {me {login}}", "{me {login}} {me {login}}",
    "query A {me {login}} query B {me {login}}",
    "subscription {x}", "mutation {x}", "type A {a: Int}", "{me {login @nope}}", "{me @skip {login}}",
    "query @skip(if: true) {me {login}}",
    "{me {login @skip(if: true) @skip(if: true)}}", "{me {a: login a: name}}",
    "{regions(first: 1, first: 2) {totalCount}}",
    "{regions(first: 1.) {totalCount}}", "{regions(first: 01) {totalCount}}", "{regions(first: .5) {totalCount}}",
    "{a: 'x'}", "{#", "{^}",
    '{regions(search: "x) {totalCount}}', '{regions(search: "\\q") {totalCount}}',
    '{regions(search: "\\u12") {totalCount}}', "{me {..login}}",
    "query ($a: Int = $b) {me {login}}", '"x" {me {login}}', "{region {id}}",
    "{region(by: {id: \"x\", code: \"y\"}) {id}}", "{region(by: null) {id}}",
    "{regions(where: {name: 1}) {totalCount}}", "{regions(where: {name: {eq: {a: 1}}}) {totalCount}}",
    "{regions(where: [1]) {totalCount}}",
    "{regions(where: {nam: {eq: 1}}) {totalCount}}", "{regions(first: \"x\") {totalCount}}",
    "{regions(first: 90000000000) {totalCount}}",
    "{regions(search: 1) {totalCount}}", "{regions(orderBy: [{name: UP}]) {totalCount}}",
    "{regions(orderBy: [{name: \"ASC\"}]) {totalCount}}",
    "{regions(search: \"\") {totalCount}}", "{regions(first: -1) {totalCount}}",
    "{regions(first: 1, last: 1) {totalCount}}",
    "{regions(after: \"x\", first: 1) {nodes {id}}}",
    "{__schema {types {fields {type {fields {type {fields {name}}}}}}}}",
]  # fmt: skip


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_mistake_in_a_document_is_told_in_one_language(here: Place, document: str) -> None:
    both(here, document)


ODD = [
    None,
    True,
    1,
    1.5,
    10**30,
    "x",
    "",
    "2026-02-30",
    "25:00",
    [],
    [[1]],
    {},
    {"nope": 1},
    {"a": None},
    float("nan"),
]


def test_every_kind_of_value_is_refused_in_one_language(here: Place) -> None:
    """All types of the schema that take input, each with values of every other kind."""
    schema = here.schema._schema
    told: set[str] = set()

    def hear(error: GraphQLError, _path: list[str | int]) -> None:
        told.add(error.message)
        for english in (False, True):
            message = worded(error, english)
            wrong = HAN.search(message) if english else SENTENCE.search(message) or not HAN.search(message)
            assert not wrong, message
            assert message != "请求有误。", error.message

    kinds = [
        k
        for k in schema.type_map.values()
        if isinstance(k, GraphQLEnumType | GraphQLScalarType | GraphQLInputObjectType)
    ]
    assert len(kinds) > 300
    for kind in kinds:
        for value in ODD:
            validate_input_value(value, kind, hear)
            validate_input_value(value, GraphQLNonNull(kind), hear)
    assert len(told) > 500


def test_a_sentence_that_nobody_translated_is_not_told_in_english() -> None:
    assert in_chinese("Something new of graphql-core.") == "请求有误。"
