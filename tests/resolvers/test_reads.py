"""What every read keeps to: one statement a field, the same bytes everywhere, absence, masks, GraphQL's own rules."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from db.crypto import decrypt
from db.registry import registry
from permissions.viewer import Viewer
from tests.conftest import has_postgres
from tests.databases import Kind
from tests.places import Place, place
from tests.world import rows

MISSING = "00000000-0000-7000-8000-00000000ffff"
WIDE = """
query Wide($name: String, $more: Boolean = true) {
  committees: mediationCommittees(
    where: {name: {neq: $name}}, orderBy: [{region: {name: DESC}}, {status: ASC}], first: 5
  ) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    edges { cursor node { ...Committee } }
  }
  mediationCases(first: 3, offset: 1) @include(if: $more) { nodes { ...Case } }
  regions(orderBy: [{path: ASC}]) {
    nodes { code name population populationOn multiEthnic ancestors { nodes { name } } }
  }
  auditLogs { nodes { at before after } }
  mediators { nodes { name birthDate idNumber mobile bankAccount address committees { totalCount } } }
}
fragment Committee on MediationCommittee {
  id name status director { id name } mediators { totalCount nodes { name idNumber } } hostUnit { name }
}
fragment Case on MediationCase { __typename caseNo title longitude amountClaimed registeredAt focusTags }
"""


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as opened:
        yield opened


@pytest.fixture(scope="module")
def stores(migrated_database: Callable[[Kind], str]) -> Iterator[list[Place]]:
    """The world on SQLite and on PostgreSQL."""
    if not has_postgres():
        pytest.skip("no PostgreSQL here")
    with place(migrated_database("sqlite")) as one, place(migrated_database("postgresql")) as other:
        yield [one, other]


class Statements:
    """Every statement a database reads while this is in force."""

    def __init__(self, store: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        database = store.services.database
        read = database.read

        async def recorded(sql: str, values: Sequence[Any]) -> bytes | None:
            self.seen.append(sql)
            return await read(sql, values)

        async def snapshot() -> Any:
            found = await open_snapshot()
            inner = found.read

            async def recorded_there(sql: str, values: Any) -> bytes | None:
                self.seen.append(sql)
                return await inner(sql, values)

            monkeypatch.setattr(found, "read", recorded_there)
            return found

        open_snapshot = database.snapshot
        monkeypatch.setattr(database, "read", recorded)
        monkeypatch.setattr(database, "snapshot", snapshot)


# --- statements and bytes ------------------------------------------------------------------------------------------


def test_each_root_field_is_one_statement_and_more_rows_make_no_more(
    migrated_database: Callable[[Kind], str], database_kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place(migrated_database(database_kind)) as store:
        statements = Statements(store, monkeypatch)
        for viewer in ("dist", "comm"):
            statements.seen.clear()
            store.ask(viewer, WIDE)
            assert len(statements.seen) == 5
        before = store.ask("dist", WIDE)["data"]
        store.runner.run(store.services.database.write(lambda connection: double(connection, store)))
        statements.seen.clear()
        after = store.ask("dist", WIDE)["data"]
        assert len(statements.seen) == 5
        assert len(after["auditLogs"]["nodes"]) == 2 * len(before["auditLogs"]["nodes"])


def double(connection: sa.Connection, store: Place) -> None:
    """Write the rows of three entities once more, under other ids."""
    unique = ("case_no", "mediator_no", "id_number_digest")
    for entity in ("AuditLog", "Mediator", "MediationCase"):
        table = registry()[entity].table
        copies = [
            row | {"id": f"f{row['id'][1:]}"} | {name: f"{row[name]}x" for name in unique if name in row}
            for row in store.world.by_entity[entity]
        ]  # fmt: skip
        connection.execute(sa.insert(table), [{c.name: row[c.name] for c in table.c} for row in copies])


@pytest.mark.parametrize("viewer", ["prov", "dist", "offc", "comm", "medr", "mix", "sys", "none"])
def test_both_databases_answer_with_the_same_bytes(stores: list[Place], viewer: str) -> None:
    # The province only counts cases, and hosts: it may not ask for the rows.
    variables = {"name": "莫𡐓村", "more": viewer != "prov"}
    answers = {store.body(viewer, WIDE, variables) for store in stores for _ in range(3)}
    assert len(answers) == 1
    # Who may read nothing at all may not order by it either.
    assert (b'"errors"' in answers.pop()) == (viewer == "none")


def test_text_with_every_awkward_character_arrives_as_it_was_written(store: Place) -> None:
    answer = store.ask("sys", "{ regions { nodes { id name shortName } } }")["data"]["regions"]["nodes"]
    stored = {f"rg_{r['id']}": (r["name"], r["short_name"]) for r in rows().by_entity["Region"] if not r["deleted_at"]}
    assert {r["id"]: (r["name"], r["shortName"]) for r in answer} == stored


def test_values_print_in_their_one_form(store: Place) -> None:
    """Times in +08:00 with milliseconds, decimals as text with their scale, documents and lists as they were stored."""
    cases = store.ask(
        "comm",
        "{ mediationCases { nodes { longitude latitude amountClaimed registeredAt focusTags headcount public } } }",
    )
    for case in cases["data"]["mediationCases"]["nodes"]:
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00", case["registeredAt"])
        for name, digits in (("longitude", 6), ("latitude", 6), ("amountClaimed", 2)):
            assert case[name] is None or re.fullmatch(rf"-?\d+\.\d{{{digits}}}", case[name])
        assert case["focusTags"] is None or isinstance(case["focusTags"], list)
        assert (type(case["headcount"]), type(case["public"])) == (int, bool)
    body = store.body("sys", "{ auditLogs { nodes { before after } } }")
    for record in rows().by_entity["AuditLog"]:
        if record["technical"] and record["before"] is not None:
            assert b'"before":' + orjson.dumps(record["before"]) in body


@pytest.mark.parametrize("levels", [1, 2, 3, 4, 5])
def test_lists_may_nest_as_deep_as_people_ask(store: Place, levels: int) -> None:
    inside = "id"
    for _ in range(levels):
        inside = f"id children(orderBy: [{{parent: {{name: ASC}}}}]) {{ totalCount nodes {{ {inside} }} }}"
    answer = store.ask("prov", f'{{ region(by: {{path: "/"}}) {{ {inside} }} }}')
    assert "errors" not in answer
    assert answer["data"]["region"]["children"]["totalCount"] == 1


def test_a_read_too_deep_for_the_database_is_refused_in_words(store: Place) -> None:
    inside = "id"
    for _ in range(11):
        inside = f"id children(first: 1) {{ nodes {{ {inside} }} pageInfo {{ hasNextPage }} }}"
    answer = store.ask("prov", f"{{ regions {{ nodes {{ {inside} }} }} }}")
    if store.services.database.is_sqlite and answer["data"] is None:
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["TOO_EXPENSIVE"]
    else:
        assert "errors" not in answer


# --- what is absent, counted only, or masked -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("viewer", "entity", "name"),
    [("dist", "MediationCommittee", "b1"), ("comm", "MediationCommittee", "a2"), ("dist", "Mediator", "m3"), ("none",
        "Region", "A"),
     ("dist", "MediationCommittee", "gone"), ("medr", "HostUnit", "a")],
)  # fmt: skip
def test_an_invisible_row_answers_to_the_byte_as_a_missing_one(
    store: Place, viewer: str, entity: str, name: str
) -> None:
    info = registry()[entity]
    hidden, missing = store.id(entity, name), f"{info.facts.prefix}_{MISSING}"
    for document in (
        f"query($id: ID!) {{ {info.single}(by: {{id: $id}}) {{ id version }} }}",
        "query($id: ID!) { node(id: $id) { id __typename } }",
        f"query($id: ID!) {{ {info.plural}(where: {{id: {{eq: $id}}}}) {{ totalCount nodes {{ id }} }} }}",
    ):
        assert store.body(viewer, document, {"id": hidden}) == store.body(viewer, document, {"id": missing})
    assert store.ask("city", "query($id: ID!) { node(id: $id) { id } }", {"id": missing}) == {"data": {"node": None}}


@pytest.mark.parametrize(
    "text",
    ["", "x", "mc_", "zz_00000000-0000-7000-8000-00000000ffff", "mc_莫", "rg_00000000-0000-4000-8000-00000000ffff"],
)
def test_text_that_is_no_id_names_no_row(store: Place, text: str) -> None:
    document = """query($id: ID!) {
      node(id: $id) { id } region(by: {id: $id}) { id } regions(where: {id: {in: [$id]}}) { totalCount }
    }"""
    assert store.ask("prov", document, {"id": text})["data"] == {
        "node": None,
        "region": None,
        "regions": {"totalCount": 0},
    }


def test_a_code_used_again_names_the_region_that_has_it_today(store: Place) -> None:
    answer = store.ask(
        "prov",
        '{ region(by: {code: "320102003000"}) { id } regions(where: {code: {eq: "320102003000"}}) { totalCount } }',
    )
    assert answer["data"] == {"region": {"id": store.id("Region", "A3")}, "regions": {"totalCount": 2}}


@pytest.mark.parametrize(
    "asked", ["nodes { id }", "edges { cursor }", "pageInfo { hasNextPage }", "totalCount nodes { id }"]
)
def test_who_may_only_count_is_refused_the_rows(store: Place, asked: str) -> None:
    for document in (
        f"{{ mediationCases {{ {asked} }} }}",
        f"{{ mediationCommittees {{ nodes {{ id mediationCases {{ {asked} }} }} }} }}",
    ):
        answer = store.ask("prov", document)
        assert answer["data"] is None
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["FORBIDDEN"]


@pytest.mark.parametrize(
    "document", ['{{ mediationCase(by: {{id: "{}"}}) {{ id }} }}', '{{ node(id: "{}") {{ id }} }}']
)
def test_who_may_only_count_is_refused_one_row_whether_it_is_there_or_not(store: Place, document: str) -> None:
    there, missing = store.id("MediationCase", "k1"), f"cs_{MISSING}"
    assert store.body("prov", document.format(there)) == store.body("prov", document.format(missing))
    assert store.ask("prov", document.format(there))["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_counts_of_a_few_are_withheld_from_who_may_only_count(store: Place) -> None:
    def count(viewer: str, where: str) -> Any:
        return store.ask(viewer, f"{{ mediationCases(where: {where}) {{ totalCount }} }}")["data"]["mediationCases"][
            "totalCount"
        ]

    assert count("prov", "{}") == 12

    def arose_in(*paths: str) -> Any:
        inside = ", ".join(f'{{region: {{descendantOf: {{path: "{path}"}}}}}}' for path in paths)
        return count("prov", f"{{or: [{inside}]}}")

    # In A seven, in its street A2 four, in B three, in C two.
    assert [arose_in("/32/01/02/"), arose_in("/32/01/04/", "/32/02/05/")] == [7, 5]
    assert [arose_in("/32/01/02/002/"), arose_in("/32/01/04/"), arose_in("/32/02/05/")] == [None, None, None]
    assert count("prov", "{state: {in: []}}") == 0
    assert count("twin", "{}") == 3  # the office of this viewer sees rows, and so those alone are counted


@pytest.mark.parametrize("viewer", ["prov", "city", "dist", "offc", "comm", "medr", "audt", "mix"])
def test_encrypted_columns_print_their_masks_to_everyone(store: Place, viewer: str) -> None:
    body = store.body(viewer, "{ mediators { nodes { id idNumber mobile bankAccount address } } }")
    written = {f"md_{m['id']}": m for m in store.world.by_entity["Mediator"]}
    answer = orjson.loads(body)
    for node in answer["data"]["mediators"]["nodes"]:
        row = written[node["id"]]
        assert [node["idNumber"], node["mobile"]] == [row["id_number_mask"], row["mobile_mask"]]
        assert [node["bankAccount"], node["address"]] == [row["bank_account_mask"], row["address_mask"]]
    assert b"_cipher" not in body
    assert b"_digest" not in body
    assert answer["extensions"]["masked"] == [
        f"mediators.nodes.{name}" for name in ("idNumber", "mobile", "bankAccount", "address")
    ]


def test_masked_paths_name_what_was_asked_without_list_indexes(store: Place) -> None:
    document = """{
      all: mediators { edges { node { born: birthDate politicalStatus name } } }
      mediationCases { nodes { placeText caseNo } }
    }"""
    assert store.ask("audt", document)["extensions"]["masked"] == [
        "all.edges.node.born", "all.edges.node.politicalStatus", "mediationCases.nodes.placeText",
    ]  # fmt: skip
    assert "extensions" not in store.ask("comm", "{ mediationCases { nodes { placeText } } }")


def test_roles_add_up_row_by_row_so_a_mask_falls_where_one_role_shows(store: Place) -> None:
    """`mix` is the office of A3, which reads cases masked, and the clerk of a1, who reads them as they are."""
    nodes = store.ask("mix", "{ mediationCases { nodes { id placeText committee { id } } } }")["data"][
        "mediationCases"
    ]["nodes"]
    written = {f"cs_{row['id']}": row["place_text"] for row in store.world.by_entity["MediationCase"]}
    own = store.id("MediationCommittee", "a1")
    assert {node["id"]: node["placeText"] for node in nodes} == {
        node["id"]: written[node["id"]] if node["committee"]["id"] == own else None for node in nodes
    }  # fmt: skip
    assert {written[node["id"]] is None for node in nodes if node["committee"]["id"] != own} == {False}


# --- GraphQL -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("_case", "document", "variables", "expected"),
    [
        ("aliases", '{ a: region(by: {path: "/32/"}) { x: name y: name } }', {}, {"a": {"x": "province",
         "y": "province"}}),
        ("merged fields", '{ region(by: {path: "/32/"}) { name } region(by: {path: "/32/"}) { name level } }', {},
         {"region": {"name": "province", "level": "PROVINCE"}}),
        ("a fragment", '{ region(by: {path: "/32/"}) { ...F } } fragment F on Region { name parent { name } }', {},
         {"region": {"name": "province", "parent": {"name": "nation"}}}),
        ("@include and @skip",
         'query($y: Boolean!) { region(by: {path: "/32/"}) { '
         'name @include(if: $y) level @skip(if: $y) kind @skip(if: true) } }',
         {"y": True}, {"region": {"name": "province"}}),
        ("__typename everywhere",
         '{ __typename regions(first: 1, orderBy: [{path: ASC}]) { '
         '__typename nodes { __typename } edges { __typename } pageInfo { __typename } } }',
         {}, {"__typename": "Query", "regions": {"__typename": "RegionConnection", "nodes": [{"__typename": "Region"}],
                                                 "edges": [{"__typename": "RegionEdge"}],
                                                 "pageInfo": {"__typename": "PageInfo"}}}),
        ("an inline fragment on node",
         "query($id: ID!) { node(id: $id) { id ... on Region { name } ... on Mediator { sex } } }",
         {"id": f"rg_{rows().key('Region', 'A')}"}, {"node": {"id": f"rg_{rows().key('Region', 'A')}", "name": "A"}}),
        ("an interface fragment", '{ region(by: {path: "/32/"}) { ... on Node { __typename } ... { name } } }', {},
         {"region": {"__typename": "Region", "name": "province"}}),
        ("the answer in the order of the selection",
         '{ b: region(by: {path: "/33/"}) { level name } a: region(by: {path: "/32/"}) { name level } }', {},
         {"b": None, "a": {"name": "province", "level": "PROVINCE"}}),
    ],
)  # fmt: skip
def test_graphql_means_here_what_it_means_everywhere(
    store: Place, _case: str, document: str, variables: dict[str, Any], expected: dict[str, Any]
) -> None:
    for _ in range(2):
        body = store.body("dist", document, variables)
        assert orjson.loads(body) == {"data": expected}
        assert body == orjson.dumps({"data": expected})


def test_viewers_of_one_kind_share_a_plan_and_never_an_answer(store: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    statements = Statements(store, monkeypatch)
    document = "{ mediationCommittees(orderBy: [{name: ASC}]) { nodes { id scopePath } } }"
    answers = [
        store.ask(viewer, document)["data"]["mediationCommittees"]["nodes"] for viewer in ("dist", "dist2", "dist")
    ]
    assert len(set(statements.seen)) == 1
    assert answers[0] == answers[2]
    assert {node["scopePath"][:10] for node in answers[0]} == {"/32/01/02/"}
    assert {node["scopePath"][:10] for node in answers[1]} == {"/32/01/04/"}


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_rows_are_looked_up_by_the_region_that_is_asked_for(store: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite would else walk the whole scope of the viewer; whose scope is all there is has nothing else to walk."""
    statements = Statements(store, monkeypatch)
    store.ask("dist", '{ mediationCommittees(where: {region: {descendantOf: {code: "320102"}}}) { nodes { id } } }')
    store.ask("dist", "{ mediationCommittees { nodes { id } } }")
    assert [re.search(r"\+t\d+\.scope_path >=", sql) is not None for sql in statements.seen] == [True, False]


def test_an_answer_never_holds_what_the_viewer_may_not_know(store: Place) -> None:
    """Cursors print keys, so they too hold nothing but what the row shows; ciphertexts stay in the database."""
    body = store.ask("prov", "{ mediators(orderBy: [{name: ASC}], first: 2) { pageInfo { endCursor } } }")
    raw = base64.urlsafe_b64decode(body["data"]["mediators"]["pageInfo"]["endCursor"] + "==")[12:]
    assert orjson.loads(raw)[1].startswith("md_")
    with pytest.raises(ValueError, match=r".*"):
        decrypt("1.AAAA", "mediator.id_number")
    stranger = Viewer("00000000-0000-7000-8000-00000000fffe", "x", "x")
    assert store.ask(stranger, "{ mediators { totalCount nodes { id } } regions { totalCount } }")["data"] == {
        "mediators": {"totalCount": 0, "nodes": []}, "regions": {"totalCount": 0},
    }  # fmt: skip


def test_a_derived_reference_takes_conditions_that_hold_where_there_is_no_row(store: Place) -> None:
    """`director` goes over the appointments: a condition over it agrees with what is printed, null included."""
    ask = "{ %s: mediationCommittees(where: {director: {%s}}) { nodes { id } } }"
    printed = store.ask("city", "{ mediationCommittees { nodes { id director { id } } } }")["data"]
    directors = {row["id"]: row["director"] for row in printed["mediationCommittees"]["nodes"]}
    leaderless = {key for key, director in directors.items() if director is None}
    assert leaderless
    assert len(leaderless) < len(directors)
    for condition, expected in (
        ("id: {isNull: true}", leaderless),
        ("id: {isNull: false}", set(directors) - leaderless),
        ("not: {id: {isNull: true}}", set(directors) - leaderless),
        ("mediatorAppointments: {count: {eq: 0}}", leaderless),
    ):
        answer = store.ask("city", ask % ("found", condition))
        assert {row["id"] for row in answer["data"]["found"]["nodes"]} == expected, condition
