"""The printed matrix is the one that decides."""

from __future__ import annotations

from db.facts import OPERATIONS, SCOPES
from db.registry import registry
from permissions.matrix import markdown, rows
from settings import ROOT


def test_the_document_in_the_checkout_is_what_the_models_say() -> None:
    """After a change of a matrix run `./run schema export`."""
    assert (ROOT / "docs" / "permissions.md").read_text(encoding="utf-8") == markdown(registry())


def test_every_cell_names_each_operation_and_the_scope_of_its_grant() -> None:
    printed = dict(rows(registry()))
    for info in registry().values():
        for role, grant in info.grants.items():
            said = printed[info.facts.zh][role]
            assert {zh for letter, zh in OPERATIONS.items() if letter in grant.operations} <= {
                zh for zh in OPERATIONS.values() if zh in said
            }
            assert SCOPES[grant.scope] in said
            assert ("仅汇总" in said, "掩码" in said) == (grant.aggregate_only, grant.masked)
