"""Imports run one way: db <- permissions <- resolvers <- {schema, admin} <- app."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# What each part may import of ours, beside itself. `app` and `bench` stand above the layers; only `run` and tests,
# which belong to no layer, import those.
ALLOWED = {
    "settings": set(),
    "db": {"settings"},
    "permissions": {"settings", "db"},
    "resolvers": {"settings", "db", "permissions"},
    "schema": {"settings", "db", "permissions", "resolvers"},
    "admin": {"settings", "db", "permissions", "resolvers"},
    "app": {"settings", "db", "permissions", "resolvers", "schema", "admin"},
    "bench": {"settings", "db", "permissions", "resolvers", "schema", "tests"},
}
OURS = ALLOWED.keys() | {"tests"}


def imported(source: str) -> set[str]:
    """The top-level names that `source` imports, also inside functions and under TYPE_CHECKING."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(str(node.module))
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_only_what_is_below_it(layer: str) -> None:
    files = [ROOT / f"{layer}.py"] if (ROOT / f"{layer}.py").is_file() else sorted((ROOT / layer).rglob("*.py"))
    wrong = {
        str(file.relative_to(ROOT)): found
        for file in files
        if (found := imported(file.read_text()) & OURS - ALLOWED[layer] - {layer})
    }
    assert wrong == {}


def test_imports_are_found_wherever_they_stand() -> None:
    source = "import app.x\ndef f():\n    from schema.build import y\nfrom . import z\nimport os, db.base"
    assert imported(source) == {"app", "schema", "os", "db"}
