"""To the byte as if the row did not exist: whatever takes an id says the same of a row out of reach and of none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from db.identity import global_id
from db.registry import registry
from tests.databases import Kind
from tests.places import Place, place
from tests.reference import Reference, read_rows
from tests.world import NEVER, TODAY


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as opened:
        yield opened


def documents(entity: str) -> Iterator[str]:
    """Every way to hand in the id of a row."""
    info = registry()[entity]
    yield f"query ($id: ID!) {{ {info.single}(by: {{id: $id}}) {{ id version }} }}"
    yield "query ($id: ID!) { node(id: $id) { id } }"
    named = f'type: "{entity}", id: $id'
    yield f'query ($id: ID!) {{ explainAccess({named}, action: "UPDATE") {{ allowed rule sentence }} }}'
    yield (f'mutation ($id: ID!) {{ reveal(type: "{entity}", id: $id, field: "idNumber", reason: "a good reason") {{'
           " value errors { path code message } } }")  # fmt: skip
    if not info.facts.written_by_commands and entity not in ("Region", "AuditLog"):
        yield (f"mutation ($id: ID!) {{ update{entity}(by: {{id: $id}}, patch: {{}}, ifVersion: 77) {{"
               " errors { path code message } } }")  # fmt: skip
        yield (f"mutation ($id: ID!) {{ delete{entity}(by: {{id: $id}}, ifVersion: 77) {{"
               " deletedId errors { path code message } } }")  # fmt: skip
    for verb in sorted({step.verb for step in info.facts.steps if step.sources}):
        taken = f"{verb}{entity}(by: {{id: $id}}, ifVersion: 77)"
        yield f"mutation ($id: ID!) {{ {taken} {{ errors {{ path code message }} }} }}"
    if entity == "UserAccount":
        for field in ("accountActs(of: {id: $id})", "accountSessions(of: {id: $id}) { id }",
                      "accountTokens(of: {id: $id}) { id }"):  # fmt: skip
            yield f"query ($id: ID!) {{ {field} }}"
        yield "mutation ($id: ID!) { resetPassword(by: {id: $id}) { errors { path code message } } }"


@pytest.mark.parametrize(
    "entity", ["MediationCase", "CommitteeFiling", "Mediator", "HostUnit", "UserAccount", "RoleGrant"]
)
@pytest.mark.parametrize("viewer", ["city", "prov", "dist", "sys", "court", "none"])
def test_a_row_out_of_reach_is_answered_as_none(store: Place, entity: str, viewer: str) -> None:
    reference, info = Reference(registry(), read_rows(store), TODAY), registry()[entity]
    reader = store.viewers[viewer]
    hidden = [row for row in reference.rows[entity] if not reference.visible(entity, row, reader)][:2]
    for document in documents(entity):
        ids = [global_id(info.facts.prefix, key) for key in (NEVER, *(row["id"] for row in hidden))]
        answers = {store.body(viewer, document, {"id": key}).replace(key.encode(), b"ID") for key in ids}
        assert len(answers) == 1, (document, answers)
