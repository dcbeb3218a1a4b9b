"""What the schema says of itself: the truth to the last field, from kept bytes, for every way of asking."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from graphql import (
    build_client_schema,
    execute_sync,
    get_introspection_query,
    introspection_types,
    parse,
    print_schema,
)
from starlette.testclient import TestClient

from app import create_app
from permissions.tokens import create_token
from resolvers.faults import Denied
from schema import introspection
from schema.build import build_schema
from schema.introspection import Introspection, Told, _Printer
from settings import ROOT, get_settings
from tests.databases import Kind
from tests.permissions.world import in_database, settle

SCHEMA = build_schema()
WHOLE = get_introspection_query(
    specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True,
    one_of=True,
)  # fmt: skip
PARTS = [
    WHOLE,
    get_introspection_query(descriptions=False),
    "{ __schema { queryType { name } types { name kind isOneOf inputFields { name defaultValue } } } }",
    '{ a: __type(name: "Date") { name specifiedByURL } b: __type(name: "Nothing") { name } __typename }',
    '{ __type(name: "Mediator") { ...F ...F } } fragment F on __Type { fields { name type { ofType { name } } } }',
    "{ __schema { directives { name args(includeDeprecated: true) { name } } types @skip(if: true) { name } } }",
]


@pytest.fixture(scope="module")
def asked(migrated_database: Callable[[Kind], str]) -> Iterator[tuple[TestClient, dict[str, str]]]:
    """The whole server, and the token of somebody who may see the schema."""
    url = migrated_database("sqlite")

    def fill(connection: Any) -> str:
        world = settle(connection)
        return create_token(connection, world.keys["@district"], "schema")

    token = in_database(url, fill)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FENGQIAO_DATABASE_URL", url)
        get_settings.cache_clear()
        with TestClient(create_app()) as client:
            yield client, {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    get_settings.cache_clear()


def post(asked: tuple[TestClient, dict[str, str]], query: str, **more: Any) -> Any:
    client, headers = asked
    response = client.post("/graphql", json={"query": query, **more}, headers=headers)
    assert response.status_code == 200
    return response.json()


def test_the_live_schema_is_the_one_in_the_checkout_to_the_last_field(
    asked: tuple[TestClient, dict[str, str]],
) -> None:
    """@oneOf, @specifiedBy, @deprecated, defaults, descriptions: what generators read is what is enforced."""
    told = build_client_schema(post(asked, WHOLE)["data"])
    assert print_schema(told) + "\n" == (ROOT / "schema" / "schema.graphql").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", PARTS)
def test_every_question_is_answered_as_graphql_core_answers_it(
    asked: tuple[TestClient, dict[str, str]], document: str
) -> None:
    expected = execute_sync(SCHEMA.core, parse(document))
    assert expected.errors is None
    for _ in range(2):
        assert post(asked, document) == {"data": expected.data}


def test_beside_data_the_schema_says_the_same(asked: tuple[TestClient, dict[str, str]]) -> None:
    """Variables, flags and aliases mean what they mean; the data are read as ever."""
    answer = post(
        asked,
        "query($n: String!, $with: Boolean!) { me { login } t: __type(name: $n) { name @include(if: $with) kind }"
        " regions(first: 1) { nodes { __typename } } }",
        variables={"n": "Date", "with": False},
    )
    assert answer["data"] == {
        "me": {"login": "district"}, "t": {"kind": "SCALAR"}, "regions": {"nodes": [{"__typename": "Region"}]}
    }  # fmt: skip


def test_the_packed_answer_is_the_answer(asked: tuple[TestClient, dict[str, str]]) -> None:
    client, headers = asked
    for _ in range(2):
        with client.stream(
            "POST", "/graphql", json={"query": WHOLE}, headers=headers | {"Accept-Encoding": "gzip"}
        ) as r:
            raw = b"".join(r.iter_raw())
        assert (r.headers["content-encoding"], int(r.headers["content-length"])) == ("gzip", len(raw))
        assert "Accept-Encoding" in r.headers["vary"]
        assert orjson.loads(gzip.decompress(raw)) == post(asked, WHOLE)


class Asked:
    """A document read by the server's own path, as often as wanted."""

    wanted, wants_cost, cost = None, False, None

    def __init__(self) -> None:
        from schema.fast import FastPath

        self.documents = FastPath(SCHEMA).documents

    def work(self, query: str, **variables: Any) -> Any:
        return self.documents.work({"query": query, "variables": variables}, self)  # type: ignore[arg-type]


def tell(*asked: tuple[str, Any]) -> tuple[Introspection, list[Told]]:
    """What several viewers are told, one after the other."""
    found = Introspection(SCHEMA.core)

    async def all_() -> list[Told]:
        told = [await found.told(work, viewer) for viewer, work in asked]
        return [each[0] for each in told if each is not None]

    return found, asyncio.run(all_())


def test_what_asks_the_same_is_kept_once_however_it_is_written() -> None:
    read = Asked()
    _, (first, *others) = tell(
        ("a", read.work('{ __type(name: "Region") { name kind } }')),
        ("b", read.work('query Q { ...R } fragment R on Query { __type(name: "Region") { name ... { kind } } } # x')),
        ("c", read.work("query($n: String!) { __type(name: $n) { name kind } }", n="Region")),
        ("d", read.work('{ __type(name: "Region") { name kind } me @skip(if: true) { login } }')),
    )
    assert all(other is first for other in others)


def test_one_viewer_pushes_nobody_elses_answers_out() -> None:
    read = Asked()
    mine = ("me", read.work("{ __schema { queryType { name } } }"))
    flood = [("attacker", read.work(f"{{ a{n}: __schema {{ queryType {{ name }} }} }}")) for n in range(100)]
    found, told = tell(mine, *flood, mine)
    assert told[0] is told[-1]
    assert len(found._kept) <= 1 + introspection.KEPT_EACH


def test_an_answer_too_large_for_the_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Aliases would make hundreds of megabytes of a schema of one."""
    monkeypatch.setattr(introspection, "LARGEST", 10_000)
    read = Asked()
    with pytest.raises(Denied) as problem:
        tell(("a", read.work("{ __schema { types { name a: fields { name } b: fields { name } } } }")))
    assert problem.value.code == "TOO_EXPENSIVE"


def test_the_same_part_is_printed_once() -> None:
    """Not how long it takes, but how much is walked: each type in each selection."""
    read = Asked()
    parts, alone = Introspection(SCHEMA.core)._parts(read.work(WHOLE))
    printer = _Printer(SCHEMA.core)
    assert alone
    assert printer.told(parts).body == printer.told(parts).body
    named = {name for name in SCHEMA.core.type_map if name not in introspection_types}
    assert len(printer._printed) < 12 * len(named)
