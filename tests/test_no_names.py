"""The mechanism names no entity of the field: what one is and does is told by its model and its acts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.registry import registry
from settings import ROOT

HOUSE = ("db", "permissions", "resolvers", "schema", "admin")
FIELD = (
    "db/models/", "resolvers/acts/", "resolvers/reports/", "resolvers/commands/demo/", "db/migrations/",
    "admin/own_pages.py",
)  # fmt: skip
"""Where the field is told, loaded, moved, or given a page of its own."""
PILLARS = frozenset({
    "Region", "OrgUnit", "OrgUnitCoverage", "UserAccount", "RoleGrant", "AuditLog", "AuditLine", "Parameter",
})  # fmt: skip
"""What rights and rules themselves stand on: the tree, units and what they cover, accounts, grants, the audit, dated
parameters."""


def named(source: str) -> set[str]:
    """The entities that a source names outside of its documentation."""
    tree = ast.parse(source)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return set(_words(tree, docs)) & (set(registry()) - PILLARS)


def _words(tree: ast.AST, docs: set[int]) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield from node.value.replace("，", " ").replace("。", " ").split()


def mechanism() -> Iterator[tuple[str, Path]]:
    for path in sorted(p for folder in HOUSE for p in (ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(FIELD):
            yield name, path


def test_the_mechanism_names_no_entity() -> None:
    found = {name: words for name, path in mechanism() if (words := named(path.read_text()))}
    assert not found


@pytest.mark.parametrize(
    "line",
    [
        "if info.name == 'Mediator': pass", "from db.models.people.mediator import Mediator", "x = models.Mediator",
        "help = '如 Mediator。'",
    ],
)  # fmt: skip
def test_a_name_is_found_wherever_it_stands(line: str) -> None:
    assert named(line) == {"Mediator"}


def test_the_documentation_may_give_examples() -> None:
    assert named('"""As ``Mediator`` does: Mediator."""\n') == set()
