"""``explainAccess`` says what reads and writes do, and tells nothing that they would not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from db.identity import global_id
from tests.databases import Kind
from tests.places import Place, place
from tests.reference import Reference, read_rows
from tests.world import NEVER, TODAY, rows, viewers

VIEWERS = sorted(viewers(rows()))
ASK = """query ($type: String!, $id: ID, $field: String, $action: String!, $login: String) {
  explainAccess(type: $type, id: $id, field: $field, action: $action, login: $login) { allowed rule sentence } }"""


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on each database."""
    with place(migrated_database(request.param)) as found:
        yield found


def asked(store: Place, viewer: str, entity: str, key: str | None, action: str, **more: str) -> dict[str, Any]:
    """The explanation."""
    info = store.services.entities[entity]
    row = global_id(info.facts.prefix, key) if key else None
    answer = store.ask(viewer, ASK, {"type": entity, "id": row, "action": action, **more})
    assert answer.get("errors") is None
    found: dict[str, Any] = answer["data"]["explainAccess"]
    return found


@pytest.mark.parametrize("viewer", VIEWERS)
def test_a_row_is_explained_readable_exactly_where_reads_show_it(store: Place, viewer: str) -> None:
    reference = Reference(store.services.entities, read_rows(store), TODAY)
    reader = store.viewers[viewer]
    for entity, found in reference.rows.items():
        for row in found:
            allowed = asked(store, viewer, entity, row["id"], "READ")["allowed"]
            assert allowed == reference.visible(entity, row, reader), (entity, row["id"])


@pytest.mark.parametrize("viewer", ["prov", "dist", "offc", "comm", "medr", "mix", "audt"])
def test_a_field_is_explained_readable_exactly_where_reads_show_its_value(store: Place, viewer: str) -> None:
    reference = Reference(store.services.entities, read_rows(store), TODAY)
    reader, info = store.viewers[viewer], store.services.entities["Mediator"]
    for row in reference.rows["Mediator"]:
        if not reference.visible("Mediator", row, reader):
            continue
        for field in info.fields.values():
            found = asked(store, viewer, "Mediator", row["id"], "READ", field=field.public)
            opening = [
                grant for role, grant in reference.readers(info, reader)
                if reference._opens(info, row, reader, role, grant)
            ]  # fmt: skip
            shown = field.kind != "encrypted" and any(reference.shows(grant, field) for grant in opening)
            assert found["allowed"] == shown, field.name


@pytest.mark.parametrize("viewer", ["prov", "dist", "offc", "comm", "medr", "audt", "court"])
def test_a_reference_is_explained_readable_exactly_where_reads_show_what_it_names(store: Place, viewer: str) -> None:
    """An empty one and one that leads out of the scope read alike, and are explained alike."""
    info = store.services.entities["MediationCommittee"]
    reader = store.viewers[viewer]
    reference = Reference(store.services.entities, read_rows(store), TODAY)
    single = [relation.public for relation in info.references]
    asked_for = " ".join(f"{name} {{ id }}" for name in single)
    document = f"query ($id: ID!) {{ found: {info.single}(by: {{id: $id}}) {{ {asked_for} }} }}"
    for row in reference.rows["MediationCommittee"]:
        if not reference.visible("MediationCommittee", row, reader):
            continue
        read = store.ask(viewer, document, {"id": global_id(info.facts.prefix, row["id"])})
        for name in single:
            found = asked(store, viewer, "MediationCommittee", row["id"], "READ", field=name)
            assert found["allowed"] == (read["data"]["found"][name] is not None), name


def test_a_row_out_of_scope_and_one_that_is_not_there_are_explained_alike(store: Place) -> None:
    hidden = store.world.key("MediationCommittee", "c1")
    for action in ("READ", "UPDATE"):
        there = asked(store, "dist", "MediationCommittee", hidden, action)
        assert there == asked(store, "dist", "MediationCommittee", NEVER, action)
        assert there["rule"] == "SCOPE"


def test_the_deciding_rule_is_named(store: Place) -> None:
    committee = store.world.key("MediationCommittee", "a1")
    told = {
        ("prov", "MediationCase", None, "READ", None): "AGGREGATES",
        ("audt", "MediationCommittee", committee, "UPDATE", None): "MATRIX",
        ("dist", "MediationCommittee", committee, "UPDATE", "code"): "COLUMN",
        ("dist", "MediationCommittee", committee, "UPDATE", "region"): "COLUMN",
        ("dist", "MediationCommittee", committee, "UPDATE", "name"): "SCOPE",
        ("dist", "Mediator", store.world.key("Mediator", "m1"), "READ", "idNumber"): "MASK",
        ("prov", "Mediator", store.world.key("Mediator", "m1"), "READ", "birthDate"): "MASK",
    }
    for (viewer, entity, key, action, field), rule in told.items():
        more = {"field": field} if field else {}
        assert asked(store, viewer, entity, key, action, **more)["rule"] == rule, (viewer, entity, action, field)


def test_who_may_change_an_account_may_ask_for_it_and_nobody_else(store: Place) -> None:
    committee = store.world.key("MediationCommittee", "a1")
    about = {"login": "offc"}
    assert asked(store, "dist", "MediationCommittee", committee, "UPDATE", **about)["allowed"]
    info = store.services.entities["MediationCommittee"]
    row = global_id(info.facts.prefix, committee or "")
    answers = [
        store.ask("offc", ASK, {"type": "MediationCommittee", "id": row, "action": "READ", "login": login})
        for login in ("dist", "nobody.at.all")
    ]
    assert [a["errors"][0]["extensions"]["code"] for a in answers] == ["FORBIDDEN"] * 2
    assert answers[0]["errors"][0]["message"] == answers[1]["errors"][0]["message"]


def test_what_is_asked_amiss_is_refused_with_what_may_be_meant(store: Place) -> None:
    for wrong, hint in (
        ({"type": "MediationComittee", "action": "READ"}, "MediationCommittee"),
        ({"type": "MediationCommittee", "action": "REED"}, "READ"),
    ):
        body = store.body("dist", ASK, wrong, english=False).decode()
        assert '"code":"BAD_INPUT"' in body
        assert hint in body


def test_of_another_one_is_told_no_row_that_one_may_not_read_oneself(store: Place) -> None:
    """The asker may change the account and knows an id: whether there is such a row, and its state, is not told."""
    about = {"sys": ("MediationCase", "CommitteeFiling", "HostUnit", "Studio"), "city": ("MediationCase",)}
    for asker, entities in about.items():
        for entity in entities:
            info = store.services.entities[entity]
            verbs = {step.verb for step in info.facts.steps}
            for action in ("READ", "UPDATE", "DELETE", "EXPORT", *sorted(verbs)):
                for login in ("dist", "offc", "comm", "medr"):
                    never = explained(store, asker, entity, NEVER, action, login)
                    rows_there = [row for row in store.world.by_entity[entity][:6] if row["deleted_at"] is None]
                    assert {explained(store, asker, entity, row["id"], action, login) for row in rows_there} == {never}


def explained(store: Place, asker: str, entity: str, key: str, action: str, login: str) -> bytes:
    """The whole answer about another."""
    row = global_id(store.services.entities[entity].facts.prefix, key)
    return store.body(asker, ASK, {"type": entity, "id": row, "action": action, "login": login})


def test_of_another_one_is_told_what_one_may_read_oneself(store: Place) -> None:
    committee = store.world.key("MediationCommittee", "a1") or ""
    assert asked(store, "dist", "MediationCommittee", committee, "READ", login="offc")["allowed"]
    assert asked(store, "dist", "MediationCommittee", committee, "READ", login="offc", field="region")["allowed"]
