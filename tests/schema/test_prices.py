"""What a root field costs, held against what it does: statements and connections, counted beside the server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from schema.prices import STATEMENT, STATEMENTS
from tests.databases import Kind
from tests.places import Place, place

READER = "sys"
"""Who may manage accounts."""
READERS = ("sys", "dist", "city", "prov", "offc")
"""Of whom some go the whole way of each field."""


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as found:
        yield found


def asked(here: Place, document: str, viewer: str = READER) -> Any:
    """The answer with its price."""
    return orjson.loads(here.send(viewer, {"query": document}, cost=True).body)


def written_by_hand(here: Place) -> dict[str, str]:
    """The root fields that no entity derives, each with a document that asks for all of it."""
    account, filing = here.id("UserAccount", "dist"), f"cf_{here.world.by_entity['CommitteeFiling'][0]['id']}"
    of = f'of: {{id: "{account}"}}'
    login = next(r["login_name"] for r in here.world.by_entity["UserAccount"] if f"ua_{r['id']}" == account)
    return {
        "accountActs": f"accountActs({of})",
        "accountSessions": f"accountSessions({of}) {{id createdAt seenAt ip agent current}}",
        "accountTokens": f"accountTokens({of}) {{id name createdAt expiresAt}}",
        "allowedSteps": f'allowedSteps(id: "{filing}") '
        "{verb label target reasonRequired takes dueOn missing {code}}",
        "explainAccess": 'explainAccess(type: "CommitteeFiling", action: "READ", field: "state", '
        f'id: "{filing}", login: "{login}") {{allowed rule sentence}}',
        "grantableRoles": "grantableRoles {role label anchor level kind until}",
        "jobs": "jobs {name label every at nextAt}",
        "me": "me {login name}",
        "measures": 'measures(codes: ["cases.concluded"], period: "2026") {value}',
        "ownAccount": "ownAccount {secondFactor recoveryCodesLeft sessions {id} tokens {id}}",
    }


@contextmanager
def counted(here: Place) -> Iterator[list[str]]:
    """What is run meanwhile over the connections of look-ups and writes: statements, and transactions as one more."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    def begin(_connection: Any) -> None:
        found.append("BEGIN")

    engine = here.services.database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    sa.event.listen(engine, "begin", begin)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
        sa.event.remove(engine, "begin", begin)


def test_every_field_that_is_written_by_hand_has_a_price(here: Place) -> None:
    """A field that is added without one is found here."""
    query = here.schema.core.query_type
    assert query is not None
    derived = {"node", *here.schema.lists, *here.schema.singles}
    assert set(query.fields) - derived == set(STATEMENTS) == set(written_by_hand(here))


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_field_costs_what_it_does(here: Place, name: str) -> None:
    """Its price is that of the statements it runs at most, whoever asks, and of what it prints."""
    document, most, price = f"{{{written_by_hand(here)[name]}}}", 0, 0
    for viewer in READERS:
        with counted(here) as statements:
            answer = asked(here, document, viewer)
        most, price = max(most, len(statements)), answer["extensions"]["cost"]["price"]
    assert STATEMENTS[name] == most
    assert most * STATEMENT < price < most * STATEMENT + 300


@pytest.mark.parametrize("name", ["accountActs", "explainAccess", "accountSessions"])
def test_199_look_ups_in_one_request_are_too_many(here: Place, name: str) -> None:
    """What keeps a processor busy for seconds is refused before it begins, whoever asks."""
    field = written_by_hand(here)[name]
    with counted(here) as statements:
        answer = asked(here, "{" + " ".join(f"a{i}: {field}" for i in range(199)) + "}")
    assert answer["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"
    assert statements == []


def test_root_fields_of_a_request_hold_one_connection_at_a_time(here: Place) -> None:
    """However many look-ups a document has, the others' connections stay theirs."""
    pool = here.services.database.engine.sync_engine.pool
    out, most = [0], [0]

    def take(*_: Any) -> None:
        out[0] += 1
        most[0] = max(most[0], out[0])

    def give(*_: Any) -> None:
        out[0] -= 1

    sa.event.listen(pool, "checkout", take)
    sa.event.listen(pool, "checkin", give)
    fields = [text for name, text in written_by_hand(here).items() if STATEMENTS[name]]
    document = "{" + " ".join(f"a{i}{n}: {text}" for i in range(3) for n, text in enumerate(fields)) + "}"
    try:
        answer = asked(here, document)
    finally:
        sa.event.remove(pool, "checkout", take)
        sa.event.remove(pool, "checkin", give)
    assert len(answer["data"]) == 3 * len(fields)
    assert most == [1]


def test_a_write_costs_what_its_statements_do(here: Place) -> None:
    """Two hundred writes in one document would keep the one writer of SQLite for seconds."""
    field = 'deleteMediator(by: {id: "md_x"}) {deletedId}'
    answer = asked(here, "mutation {" + " ".join(f"a{i}: {field}" for i in range(60)) + "}")
    assert answer["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"
