"""Limits before execution: what a document costs, what is refused, and that neither way gets round it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import orjson
import pytest
from graphql import FieldNode, Visitor, get_introspection_query, parse, visit
from graphql.language import Lexer, Source, TokenKind
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.fast import FastPath
from schema.scanner import scan
from settings import Settings
from tests.databases import Kind
from tests.places import Place, place


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world on one kind of database."""
    with place(migrated_database(database_kind)) as found:
        yield found


def answered(here: Place, document: str, variables: dict[str, Any] | None = None, viewer: str = "dist") -> Any:
    """The answer with its price."""
    return orjson.loads(here.send(viewer, {"query": document, "variables": variables}, cost=True).body)


def price(here: Place, document: str, variables: dict[str, Any] | None = None) -> int:
    """What a document costs; the answer tells it whether it was refused or not."""
    found: int = answered(here, document, variables)["extensions"]["cost"]["price"]
    return found


def limit_of(answer: Any) -> dict[str, Any]:
    """The limit that a refusal names."""
    assert answer["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"
    assert "data" not in answer
    found: dict[str, Any] = answer["errors"][0]["extensions"]["limit"]
    return found


# --- the price -------------------------------------------------------------------------------------------------------

STREETS = "regions(where: {level: {eq: STREET}}, first: 20)"
BENCH = {
    "Q1": "query ($v: ID!) {mediationCommittee(by: {id: $v}) {id name code establishedOn}}",
    "Q2": "query ($v: String!) {mediationCommittees(where: {region: {descendantOf: {code: $v}}}, first: 50) "
    "{nodes {id name code region {name} mediators {nodes {id name sex kind}}}}}",
    "Q3": f"{{{STREETS} {{nodes {{id code name children {{nodes {{id code name mediationCommittees {{nodes "
    "{id name type mediators {nodes {id name sex kind birthDate}}}}}}}}}",
    "Q4": "{mediationCases(first: 5000) {nodes {id caseNo disputeType state outcome acceptedOn amountClaimed version}}"
    "}",
    "Q5": "{mediationCases(where: {acceptedOn: {inPeriod: \"2026\"}}) {groupBy(by: [{region: {level: DISTRICT}}, "
    "{disputeType: true}], first: 2000) {nodes {key {region {code} disputeType} count sum {amountClaimed}}}}}",
    "Q6": "mutation ($v: MediationCaseInput!) {createMediationCase(input: $v) {mediationCase "
    "{id caseNo disputeType state committee {id name region {code name}}} errors {path}}}",
}  # fmt: skip


@pytest.mark.parametrize("name", BENCH)
def test_the_questions_of_the_bench_are_within_the_limits(here: Place, name: str) -> None:
    value: Any = {} if name == "Q6" else "mc_x"
    answer = answered(here, BENCH[name], {"v": value} if "$v" in BENCH[name] else None)

    assert answer["extensions"]["cost"]["price"] <= answer["extensions"]["cost"]["limit"] == 500_000
    assert "TOO_EXPENSIVE" not in str(answer.get("errors"))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        # The connection, the list, and of each of 20 rows the row and two values.
        ("{regions(first: 20) {nodes {code name}}}", 1 + 1 + 20 * 3),
        ("{regions(last: 7) {edges {cursor node {code}}}}", 1 + 1 + 7 * (1 + 1 + 2)),
        # A list that does not say how many has 200 rows at the top, and 10 where it is a row's.
        ("{regions {nodes {code}}}", 1 + 1 + 200 * 2),
        ('{region(by: {code: "1"}) {children {nodes {code}}}}', 1 + 1 + (1 + 1 + 10 * 2)),
        ("{regions(first: 5) {nodes {children {nodes {code}}}}}", 1 + 1 + 5 * (1 + (1 + 1 + 10 * 2))),
        ("{regions(first: 5) {nodes {children(first: 30) {nodes {code}}}}}", 1 + 1 + 5 * (1 + (1 + 1 + 30 * 2))),
        ("{regions(first: 0) {totalCount nodes {code}}}", 1 + 1 + 1),
        # A condition costs one for each value, under a quantifier ten; both as often as it is looked at.
        ('{regions(first: 0, where: {code: {in: ["1", "2", "3"]}}) {totalCount}}', 1 + 3 + 1),
        ('{regions(first: 0, where: {children: {some: {code: {eq: "1"}}}}) {totalCount}}', 1 + 10 + 1),
        (
            '{regions(first: 5) {nodes {children(first: 1, where: {name: {eq: "x"}}) {totalCount}}}}',
            1 + 1 + 5 * (1 + (1 + 1 + 1)),
        ),
        # Groups are rows like others; subtotals are not paged.
        (
            "{mediators(first: 0) {groupBy(by: [{sex: true}], first: 3) {nodes {key {sex} count} subtotals {count}}}}",
            1 + (1 + 1 + (1 + 3 * (1 + 2 + 1)) + (1 + 200 * 2)) - 1 + 1,
        ),
        ("{me {login grants {role}}}", 1 + 1 + 1 + 10 * 2),
        ("{a: regions(first: 2) {nodes {code}} b: regions(first: 3) {nodes {code}}}", 2 + 2 * 2 + 2 + 3 * 2),
    ],
)  # fmt: skip
def test_the_price_is_about_one_per_value(here: Place, document: str, expected: int) -> None:
    assert price(here, document) == expected


def test_the_price_comes_from_the_real_values_of_variables(here: Place) -> None:
    """Absent and null sizes are the default, defaults of variables count, and a literal costs what a variable does."""
    document = "query ($n: Int, $c: [String!]) {regions(first: $n, where: {code: {in: $c}}) {nodes {code name}}}"
    found = [price(here, document, {"n": n, "c": ["1"] * many}) for n, many in ((1, 1), (50, 1), (50, 40), (None, 1))]

    assert found == [1 + 1 + 1 + 3, 1 + 1 + 1 + 150, 1 + 40 + 1 + 150, 1 + 1 + 1 + 600]
    assert price(here, '{regions(first: 50, where: {code: {in: ["1"]}}) {nodes {code name}}}') == found[1]
    assert price(here, "query ($n: Int = 6) {regions(first: $n) {nodes {code}}}") == 1 + 1 + 6 * 2
    whole = "query ($w: RegionWhere) {regions(first: 0, where: $w) {totalCount}}"
    assert price(here, whole, {"w": {"children": {"some": {"code": {"in": ["1", "2"]}}}}}) == 1 + 20 + 1


def test_what_is_left_out_by_a_directive_costs_nothing(here: Place) -> None:
    document = "query ($all: Boolean!) {regions(first: 9) {nodes {code name @include(if: $all) level @skip(if: $all)}}}"
    without = "query ($all: Boolean!) {regions(first: 9) {nodes {code} } me @include(if: $all) {login name}}"

    assert price(here, document, {"all": True}) == price(here, document, {"all": False}) == 2 + 9 * 3
    assert price(here, without, {"all": True}) == price(here, without, {"all": False}) + 3


def test_a_fragment_costs_what_it_says_wherever_it_is_spread(here: Place) -> None:
    spread = "{regions(first: 4) {nodes {...f children(first: 2) {nodes {...f}}}}} fragment f on Region {code name}"
    written = "{regions(first: 4) {nodes {code name children(first: 2) {nodes {code name}}}}}"

    assert price(here, spread) == price(here, written)


def test_a_page_over_the_cap_is_a_mistake_and_no_matter_of_price(here: Place) -> None:
    answer = answered(here, "query ($n: Int) {regions(first: $n) {nodes {code}}}", {"n": 2_000_000_000})

    assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


# --- refusals --------------------------------------------------------------------------------------------------------


def test_what_costs_too_much_is_refused_with_its_price_and_without_data(here: Place) -> None:
    hundreds = "{regions(first: 100) {nodes {children(first: 100) {nodes {children(first: 100) {nodes {name}}}}}}}"
    answer = orjson.loads(here.send("dist", {"query": hundreds}).body)
    error = answer["errors"][0]

    cost = {"price": 1 + 1 + 100 * (1 + 1 + 1 + 100 * (1 + 1 + 1 + 100 * 2)), "limit": 500_000}
    assert error["extensions"] == {"code": "TOO_EXPENSIVE", "cost": cost}
    assert str(cost["price"]) in error["message"]
    assert "data" not in answer
    assert "extensions" not in answer


def test_a_write_that_is_too_expensive_writes_nothing(here: Place) -> None:
    """The price is known before the first mutation of the document runs."""
    count = "{regions(first: 0) {totalCount}}"
    before = here.body("dist", count)
    deep = "children(first: 900) {nodes {children(first: 900) {nodes {name}}}}"
    document = f"mutation ($i: HostUnitInput!) {{createHostUnit(input: $i) {{hostUnit {{region {{{deep}}}}}}}}}"

    answer = answered(here, document, {"i": {"name": "某单位"}})

    assert answer["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"
    assert here.body("dist", count) == before


def test_a_known_document_is_refused_by_the_price_of_its_new_variables(here: Place) -> None:
    """The short way asks the same price: the refusal is the same to the byte as for who asks it for the first time."""
    document = "query ($a: Int, $b: Int) {regions(first: $a) {nodes {children(first: $b) {nodes {code name level}}}}}"
    small, large = {"a": 3, "b": 2}, {"a": 1000, "b": 1000}
    assert "errors" not in here.ask("dist", document, small)
    assert "errors" not in here.ask("dist", document, small)

    known = here.send("dist", {"query": document, "variables": large}, cost=True).body
    here.fast = FastPath(here.schema)

    assert b"TOO_EXPENSIVE" in known
    assert here.send("dist", {"query": document, "variables": large}, cost=True).body == known


def test_the_report_is_the_same_on_both_ways_and_only_for_who_asks(here: Place) -> None:
    asked = {"query": "{regions(first: 2) {nodes {code name kind}}}"}
    first, second = here.send("dist", asked, cost=True).body, here.send("dist", asked, cost=True).body

    assert first == second
    assert orjson.loads(first)["extensions"]["cost"] == {"price": 1 + 1 + 2 * 4, "limit": 500_000}
    assert "extensions" not in orjson.loads(here.send("dist", asked).body)


def doubling(levels: int, link: str = "...{next} ...{next}") -> str:
    """A document whose fragments spread the next one twice."""
    parts = " ".join(
        f"fragment f{i} on Region {{{link.replace('{next}', f'f{i + 1}')}}}" for i in range(levels)
    )  # fmt: skip
    return f"query ($n: Int) {{regions {{nodes {{...f0}}}}}} {parts} fragment f{levels} on Region {{name}}"


@pytest.mark.parametrize(
    "link",
    [
        "...{next} ...{next}",
        "a: parent {...{next}} b: parent {...{next}}",
        "a: children(first: $n) {nodes {...{next}}} b: children(first: $n) {nodes {...{next}}}",
    ],
)
def test_fragments_that_double_are_counted_without_being_unfolded(here: Place, link: str) -> None:
    """Unfolded, the larger one would take longer than the world has existed."""
    for levels in (24, 60):
        limit = limit_of(answered(here, doubling(levels, link), {"n": 1}))
        assert limit["name"] == "fields"
        assert limit["found"] >= 2**24


def nested(levels: int) -> str:
    """A row, its parent, and so on: so many entities."""
    return "{regions(first: 1) {nodes {" + "parent {" * (levels - 1) + "name" + "}" * (levels - 1) + "}}}"


AT_MOST: dict[str, Callable[[int], str]] = {
    "depth": nested,
    "aliases": lambda n: "{me {" + " ".join(f"a{i}: login" for i in range(n)) + "}}",
    "fields": lambda n: _fields(n),
    "repeats": lambda n: "{me {login " + "login " * n + "}}",
    "directives": lambda n: "{me {login " + " ".join(f"...{{login @skip(if: {'false'})}}" for _ in range(n)) + "}}",
    "operations": lambda n: " ".join(f"query q{i} {{me {{login}}}}" for i in range(n)),
    "fragments": lambda n: "{me {" + " ".join(f"...f{i}" for i in range(n)) + "}} "
    + " ".join(f"fragment f{i} on Viewer {{login}}" for i in range(n)),
    "variables": lambda n: "query (" + " ".join(f"$v{i}: Boolean = false" for i in range(n)) + ") {me {login "
    + " ".join(f"...@skip(if: $v{i}) {{login}}" for i in range(n)) + "}}",
    "comments": lambda n: "# said\n" * n + "{me {login}}",
    "literals": lambda n: "{regions(first: 0, where: {code: {in: [" + '"x" ' * (n - 4) + "]}}) {totalCount}}",
    "tokens": lambda n: "{regions(first: 0) {totalCount" + " ...{totalCount}" * ((n - 11) // 4) + " }}",
    "bytes": lambda n: "{me {login}}".ljust(n),
}  # fmt: skip


def _fields(n: int) -> str:
    """So many fields: one of the top, and objects of ten fields."""
    tens, ones = divmod(n - 1, 10)
    ten = "...{login name} " * 5
    return "{me {" + ten * tens + "...{login} " * ones + "}}"


@pytest.mark.parametrize("name", AT_MOST)
def test_a_limit_is_a_setting_and_holds_to_the_one(here: Place, name: str) -> None:
    """What is exactly as much as allowed runs, one more is refused by its name."""
    most = {"tokens": 411, "bytes": 200}.get(name, 8)
    step = 4 if name == "tokens" else 1
    asked = {"operationName": "q0"} if name == "operations" else {}
    usual, chosen = here.fast, cast(dict[str, Any], {f"query_{name}": most})
    try:
        here.fast = FastPath(here.schema, Settings(**chosen))
        right = here.send("dist", {"query": AT_MOST[name](most), **asked})
        wrong = orjson.loads(here.send("dist", {"query": AT_MOST[name](most + step), **asked}).body)
    finally:
        here.fast = usual

    assert "errors" not in orjson.loads(right.body)
    assert limit_of(wrong) == {"name": name, "most": most, "found": most + step}
    assert str(most) in wrong["errors"][0]["message"]


def test_twelve_levels_of_entities_are_let_in_and_thirteen_are_not(here: Place) -> None:
    """What SQLite's own parser refuses below that is refused by it, not by us."""
    assert limit_of(answered(here, nested(13))) == {"name": "depth", "most": 12, "found": 13}
    answer = answered(here, nested(12))
    assert "errors" not in answer or here.services.database.is_sqlite
    assert answer["extensions"]["cost"]["price"] < 100


def test_the_variables_of_a_request_are_limited_too(here: Place) -> None:
    """Before they are looked at one by one; lists of conditions by themselves, with the path of the argument."""
    document = "query ($w: RegionWhere) {regions(first: 0, where: $w) {totalCount}}"
    many = {"and": [{"code": {"in": ["x"] * 900}}] * 900}
    long = {"not": {"code": {"in": ["x"] * 1001}}}

    assert limit_of(answered(here, document, {"w": many}))["name"] == "values"
    extensions = answered(here, document, {"w": long})["errors"][0]["extensions"]
    assert extensions == {"code": "BAD_INPUT", "path": ["where", "not", "code", "in"]}


def test_introspection_is_exempt_but_asked_for_once(here: Place) -> None:
    whole = get_introspection_query(input_value_deprecation=True)
    answer = answered(here, whole)

    assert len(answer["data"]["__schema"]["types"]) > 100
    assert answer["extensions"]["cost"]["price"] == 0
    twice = "{a: __schema {queryType {name}} b: __schema {queryType {name}}}"
    assert limit_of(answered(here, twice))["name"] == "introspections"


def test_a_fragment_within_itself_is_bad_input(here: Place) -> None:
    for body in ("...f", "name parent {...f}"):
        answer = answered(here, f"{{regions {{nodes {{...f}}}}}} fragment f on Region {{{body}}}")
        assert answer["errors"][0]["extensions"]["code"] == "BAD_INPUT"


# --- the scanner -----------------------------------------------------------------------------------------------------

PIECES = [
    "{", "}", "(", ")", "[", "]", ":", "=", "!", "$", "@", "...", "&", "|", "name", "_x1", "on", "true", "-12",
    "3.5e-7", "0", '"text"', '""', '"a \\" b # c"', '"""block \\""" "x" \n # no comment"""', '""""""',
    "# a comment {", ",", "\ufeff", "字",
]  # fmt: skip


@settings(derandomize=True, deadline=None, max_examples=300)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=60))
def test_the_scanner_sees_the_tokens_that_the_lexer_sees(pieces: list[str]) -> None:
    text = "\n".join(piece for piece in pieces if piece != "字")
    lexer, tokens = Lexer(Source(text)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        tokens += 1

    found = scan(text, 1000)

    assert (found.tokens, found.comments) == (tokens, pieces.count("# a comment {"))


@pytest.mark.parametrize("document", [*BENCH.values(), get_introspection_query(), doubling(5), nested(12)])
def test_the_scanner_counts_the_fields_that_are_written(document: str) -> None:
    class Fields(Visitor):
        count = 0

        def enter_field(self, _node: FieldNode, *_more: Any) -> None:
            self.count += 1

    fields = Fields()
    visit(parse(document), fields)

    assert scan(document, 1000).fields == fields.count


@pytest.mark.parametrize("text", ['"""' + '\\"""' * 30_000, '"' * 90_000, '"\\' * 45_000, "{" * 90_000, "-" * 90_000])
def test_the_scanner_never_goes_back(text: str) -> None:
    """A text that ends nowhere is looked at once: going back from each quote would take hours."""
    assert scan(text, 100_000).tokens > 0
