"""Every code that an answer may carry is listed, with meaning and remedy, on a page made from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLEnumType

from db.codes import RULES, ErrorCode, FaultCode, Reason, kind_of
from resolvers.faults import RETRY, Denied, Fault, rate_limited
from schema import codes
from schema.build import build_schema
from settings import ROOT

LISTED = {*FaultCode.__members__, *ErrorCode.__members__, *RULES}
RAISING = {"Fault", "Denied", "Refusal", "Refused", "fault", "_fault", "Bad", "Draft", "refuse"}
PARTS = ("db", "permissions", "resolvers", "schema", "admin")
_CODE = re.compile(r"BR-\d\d|[A-Z][A-Z]+(_[A-Z]+)*")


def sources() -> Iterator[Path]:
    for part in PARTS:
        yield from (ROOT / part).rglob("*.py")


def raised() -> Iterator[tuple[str, str]]:
    """Codes as they stand in the source: where something is refused, the first word in capitals."""
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in RAISING:
                    words = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
                    yield from ((str(path.relative_to(ROOT)), w) for w in words if _CODE.fullmatch(w))


def test_every_code_that_is_raised_is_listed() -> None:
    found = set(raised())
    assert len({code for _, code in found}) > 20
    assert [(where, code) for where, code in found if code not in LISTED] == []


def test_every_rule_that_the_source_refuses_by_is_listed() -> None:
    said = {
        node.value
        for path in (ROOT / "resolvers").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"BR-\d\d", node.value)
    }
    assert said == RULES.keys()


def test_nothing_raises_a_code_that_is_not_listed() -> None:
    with pytest.raises(KeyError):
        Fault((), "NEW_CODE", "新", "New.")
    with pytest.raises(KeyError):
        Denied("NEW_CODE", "新", "New.")


def test_the_pages_are_what_the_source_says() -> None:
    """After a change run `./run schema export`."""
    assert codes.ERRORS.read_text(encoding="utf-8") == codes.errors_page()
    page = codes.CLIENTS.read_text(encoding="utf-8")
    assert codes.clients_page(page) == page
    for code in LISTED | {*Reason.__members__}:
        assert f"`{code}`" in codes.errors_page()


def test_the_schema_has_both_lists_as_enums() -> None:
    types = build_schema().core.type_map
    for listed in (FaultCode, ErrorCode):
        gtype = types[listed.__name__]
        assert isinstance(gtype, GraphQLEnumType)
        assert gtype.values.keys() == listed.__members__.keys()


def test_a_rule_is_of_the_kind_rule_and_a_code_of_its_own() -> None:
    assert (kind_of("BR-02"), kind_of("REQUIRED")) == (FaultCode.RULE, FaultCode.REQUIRED)


def test_who_has_to_wait_is_told_how_long() -> None:
    """Whole seconds, and never none."""
    assert [rate_limited("等", "Wait.", seconds).details[RETRY] for seconds in (0.0, 1.2, 3600)] == [1, 2, 3600]
    lazy = [
        (str(path.relative_to(ROOT)), node.lineno)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Denied" and node.args
        and isinstance(node.args[0], ast.Constant) and node.args[0].value == "RATE_LIMITED"
    ]  # fmt: skip
    assert [where for where, _ in lazy] == ["resolvers/faults.py"]
