"""Requests that are legal but unusual, and ones that mean harm: the same plain answer on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.databases import Kind
from tests.places import Place, place


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as found:
        yield found


def code_of(answer: dict[str, object]) -> str:
    errors = answer["errors"]
    assert isinstance(errors, list)
    return str(errors[0]["extensions"]["code"])


def test_a_variable_may_be_called_id_beside_a_node(here: Place) -> None:
    """The row that a node or a payload prints never takes the place of the client's own variable."""
    committee = here.ask(
        "dist", "{mediationCommittees(first: 1) {nodes {id mediatorAppointments(first: 1) {nodes {id}}}}}"
    )
    row = committee["data"]["mediationCommittees"]["nodes"][0]
    wanted = row["mediatorAppointments"]["nodes"][0]["id"]
    inner = "mediatorAppointments(where: {id: {eq: $id}}) {nodes {id}}"
    document = f"query ($n: ID!, $id: ID!) {{node(id: $n) {{... on MediationCommittee {{{inner}}}}}}}"

    answer = here.ask("dist", document, {"n": row["id"], "id": wanted})

    assert answer["data"]["node"]["mediatorAppointments"]["nodes"] == [{"id": wanted}]


@pytest.mark.parametrize(
    "arguments",
    ["first: -1", "first: 10001", 'after: "garbage"', "offset: -3", "first: 1, last: 1", "orderBy: [{birthDate: ASC}]"],
)
def test_wrong_arguments_are_refused_even_where_only_a_count_is_asked(here: Place, arguments: str) -> None:
    assert code_of(here.ask("offc", f"{{mediators({arguments}) {{totalCount}}}}")) == "BAD_INPUT"


def test_a_small_document_that_unfolds_into_millions_is_refused_at_once(here: Place) -> None:
    levels = 14
    fragments = " ".join(
        f"fragment f{i} on Region {{a: parent {{...f{i + 1}}} b: parent {{...f{i + 1}}}}}" for i in range(levels)
    )
    document = f"{{regions {{nodes {{...f0}}}}}} {fragments} fragment f{levels} on Region {{name}}"

    answer = here.ask("dist", document)

    assert code_of(answer) == "TOO_EXPENSIVE"


def test_a_condition_that_nests_too_deep_is_refused_alike(here: Place) -> None:
    where = '{name: {eq: "x"}}'
    for _ in range(60):
        where = f"{{not: {where}}}"

    assert code_of(here.ask("dist", f"{{regions(where: {where}) {{totalCount}}}}")) == "TOO_EXPENSIVE"


def test_a_condition_with_too_many_values_is_refused_alike(here: Place) -> None:
    values = [f"x{i}" for i in range(1000)]
    document = "query ($v: [String!]!) {regions(where: {or: [" + "{name: {in: $v}}" * 31 + "]}) {totalCount}}"

    assert code_of(here.ask("dist", document, {"v": values})) == "TOO_EXPENSIVE"


def test_who_may_only_count_an_entity_does_not_read_of_it_in_the_audit_log(here: Place) -> None:
    """PROV sees no row of a filing, so it sees no record that quotes one."""
    told = here.ask("prov", "{auditLogs {nodes {entity}}}")["data"]["auditLogs"]["nodes"]

    assert {row["entity"] for row in told} & {"CommitteeFiling", "HostUnit", "MediationCase"} == set()


@pytest.mark.parametrize(
    "document",
    [
        "",
        "fragment A on Viewer {login}",
        "subscription {x}",
        "query A {me {login}} query B {me {name}}",
        'mutation B {deleteHostUnit(by: {id: "x"}) {deletedId}} query A {me {login}}',
        f"{{mediators(first: {'9' * 5000}) {{totalCount}}}}",
    ],
)
def test_a_document_without_one_operation_to_run_is_bad_input(here: Place, document: str) -> None:
    assert code_of(here.ask("dist", document)) == "BAD_INPUT"


def test_the_named_one_of_several_operations_runs(here: Place) -> None:
    document = "query A {me {login}} query B {me {name}}"

    assert list(here.ask("dist", document, operation="B")["data"]["me"]) == ["name"]


@pytest.mark.parametrize("document", ["parent", "where"])
def test_what_nests_without_end_is_too_expensive(here: Place, document: str) -> None:
    nested = "name" if document == "parent" else '{name: {eq: "x"}}'
    for _ in range(60):
        nested = f"parent {{{nested}}}" if document == "parent" else f"{{parent: {nested}}}"
    text = (
        f"{{regions {{nodes {{{nested}}}}}}}"
        if document == "parent"
        else f"{{regions(where: {nested}) {{totalCount}}}}"
    )
    answer = here.ask("dist", text)

    assert "errors" not in answer or code_of(answer) == "TOO_EXPENSIVE"


def test_a_refused_input_is_not_quoted(here: Place) -> None:
    """What was typed into a form must not lie in every error log on its way."""
    document = "mutation ($i: MediatorInput!) {createMediator(input: $i) {errors {code}}}"
    answer = here.body("dist", document, {"i": {"name": "某人", "idNumber": "320102198505053212", "nonsense": 1}})

    assert b"BAD_INPUT" in answer
    assert b"320102198505053212" not in answer
