"""Exports: every row a line of the answer, however many; who may, what it leaves behind, and how it ends."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from app import create_app
from db.registry import registry
from permissions.tokens import create_token
from settings import get_settings
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.permissions.world import in_database
from tests.places import place
from tests.servers import serving
from tests.test_transport import unpacked

MANY = 12_000
"""More than a page may have, and more than the buffers of a connection hold."""
FIELDS = "id caseNo title summary amountClaimed registeredAt focusTags region {name} committee {name}"
ALL = f"{{mediationCases(orderBy: [{{caseNo: DESC}}]) {{nodes {{{FIELDS}}}}}}}"


@dataclass
class Office:
    """A server over the world with many cases in district A, and how to ask it."""

    url: str
    address: str
    tokens: dict[str, str]

    def headers(self, who: str, accept: str = "application/x-ndjson", encoding: str = "identity") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}", "Accept": accept, "Accept-Encoding": encoding}

    def ask(self, who: str, document: str, variables: Any = None, **headers: str) -> httpx2.Response:
        body = {"query": document, "variables": variables}
        return httpx2.post(f"{self.address}/graphql", json=body, headers=self.headers(who, **headers), timeout=60)

    def data(self, who: str, document: str) -> Any:
        return self.ask(who, document, accept="application/json").json()["data"]

    def stream(self, client: httpx2.Client, who: str = "dist") -> httpx2.Response:
        """The beginning of an export of everything, unread."""
        asked = client.build_request("POST", "/graphql", json={"query": ALL}, headers=self.headers(who))
        return client.send(asked, stream=True)

    def client(self) -> httpx2.Client:
        return httpx2.Client(base_url=self.address, timeout=60)

    def begun(self) -> list[Any]:
        """All records of exports, the oldest first: of beginnings and of ends."""
        log = registry()["AuditLog"].table
        found = sa.select(log).where(log.c.action == "EXPORT").order_by(log.c.at, log.c.id)
        return in_database(self.url, lambda connection: list(connection.execute(found)))

    def records(self) -> list[Any]:
        """The records of how exports ended."""
        return [record for record in self.begun() if "rows" in record.after]

    def next_record(self, known: int) -> Any:
        """The record after so many; the tests' own patience is 30 seconds."""
        until = time.monotonic() + 30
        while len(found := self.records()) <= known:
            assert time.monotonic() < until, "no record was written"
            time.sleep(0.05)
        return found[known]


@pytest.fixture(scope="module")
def filled(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, dict[str, str]]:
    """The world with many cases, and tokens of some who live in it."""
    url = migrated_database(database_kind)
    with place(url) as store:
        table = store.services.entities["MediationCase"].table
        accounts = {who: str(store.world.key("UserAccount", who)) for who in ("dist", "dist2", "offc", "prov")}
        ids = [n["id"] for n in store.ask("dist", "{mediationCases {nodes {id}}}")["data"]["mediationCases"]["nodes"]]
        pattern = next(r for r in store.world.by_entity["MediationCase"] if str(r["id"]) == ids[0].partition("_")[2])

    def fill(connection: Connection) -> dict[str, str]:
        rows = []
        for i in range(MANY):
            row = {column.name: pattern.get(column.name) for column in table.c}
            key, number = f"{i:08x}-0000-7000-8000-0000000000ff", f"X{i:06}"
            rows.append(row | {"id": key, "case_no": number, "summary": f"甲乙{i} " * 40})
        connection.execute(sa.insert(table), rows)
        connection.execute(
            sa.update(registry()["UserAccount"].table).values(
                is_active=True, is_service=False, addresses=None, must_change_password=False
            )
        )
        return {who: create_token(connection, account, "t") for who, account in accounts.items()}

    return url, in_database(url, fill)


@contextlib.contextmanager
def opened(url: str, tokens: dict[str, str], **settings: str) -> Iterator[Office]:
    """The office over a database."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"FENGQIAO_DATABASE_URL": url, **settings}.items():
            patch.setenv(name, value)
        get_settings.cache_clear()
        with serving(create_app) as server:
            yield Office(url, server.address, tokens)
    get_settings.cache_clear()


@pytest.fixture
def office(filled: tuple[str, dict[str, str]], fresh_database: FreshDatabase, database_kind: Kind) -> Iterator[Office]:
    """An office of the test's own."""
    with opened(fresh_database(database_kind, template=filled[0]), filled[1]) as found:
        yield found


@pytest.fixture(scope="module")
def strict_office(
    filled: tuple[str, dict[str, str]], fresh_database: FreshDatabase, database_kind: Kind
) -> Iterator[Office]:
    """An office from which nothing ever leaves."""
    with opened(fresh_database(database_kind, template=filled[0]), filled[1]) as found:
        yield found


@pytest.fixture
def impatient_office(
    filled: tuple[str, dict[str, str]], fresh_database: FreshDatabase, database_kind: Kind
) -> Iterator[Office]:
    """An office that waits for nobody's lock for long."""
    url = fresh_database(database_kind, template=filled[0])
    with opened(url, filled[1], FENGQIAO_LOCK_SECONDS="3") as found:
        yield found


@contextlib.contextmanager
def unwritable(url: str, kind: str) -> Iterator[None]:
    """Meanwhile no record can be written: each attempt fails (`full`), or somebody has the lock (`held`)."""
    if kind == "full":
        in_database(url, lambda connection: [connection.exec_driver_sql(each) for each in refusing(connection)])
        yield
        drop = "DROP TRIGGER no_records" + ("" if url.startswith("sqlite") else " ON audit_log")
        in_database(url, lambda connection: connection.exec_driver_sql(drop))
        return
    locked, done = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("LOCK TABLE audit_log IN EXCLUSIVE MODE")
        locked.set()
        done.wait(60)

    holder = threading.Thread(target=in_database, args=(url, hold))
    holder.start()
    try:
        assert locked.wait(60)
        yield
    finally:
        done.set()
        holder.join()


def refusing(connection: Connection) -> list[str]:
    """Statements after which the audit log takes no record."""
    if connection.dialect.name == "sqlite":
        return ["CREATE TRIGGER no_records BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'disk is full'); END"]
    body = "BEGIN RAISE EXCEPTION 'disk is full'; END"
    return [
        f"CREATE OR REPLACE FUNCTION no_records() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$",
        "CREATE TRIGGER no_records BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION no_records()",
    ]


def test_every_row_is_a_line_as_the_list_prints_it(office: Office) -> None:
    """All rows in their order, beyond the cap of pages; where a page ends the two agree to the byte."""
    response = office.ask("dist", ALL)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/x-ndjson; charset=utf-8")
    lines = response.text.split("\n")[:-1]
    total = office.data("dist", "{mediationCases {totalCount}}")["mediationCases"]["totalCount"]
    assert len(lines) == total > MANY
    page = ALL.replace("orderBy", "first: 10000, orderBy")
    nodes = office.data("dist", page)["mediationCases"]["nodes"]
    assert nodes == [json.loads(line) for line in lines[:10_000]]
    record = office.next_record(0)
    assert (record.entity, record.actor_id, record.technical) == ("MediationCase", record.created_by_id, False)
    assert (record.after["rows"], record.after["complete"]) == (total, True)
    begun = office.begun()
    assert [found.after["export"] for found in begun] == [record.after["export"]] * 2
    assert [found.summary for found in begun] == ["导出调解案件：开始", f"导出调解案件：{total} 条"]


def test_arguments_come_from_variables_and_first_has_no_cap(office: Office) -> None:
    """A condition, and a number of rows above that of pages; the record tells conditions apart without naming them."""
    document = (
        "query ($n: Int, $text: String!) "
        "{mediationCases(first: $n, where: {caseNo: {startsWith: $text}}) {nodes {caseNo}}}"
    )
    sizes = [office.ask("dist", document, {"n": n, "text": t}).text.count("\n") for n, t in (
        (11_000, "X"), (3, "X"), (0, "X"), (None, "X0000"), (None, "nothing"), (3, "X"),
    )]  # fmt: skip
    assert sizes == [11_000, 3, 0, 100, 0, 3]
    office.next_record(5)
    filters = [record.after["filter"] for record in office.records()]
    assert filters[1] == filters[5]
    assert len(set(filters)) == 5
    assert not any("X" in text for text in filters)


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_lines_may_be_compressed_on_their_way(office: Office, encoding: str) -> None:
    plain = office.ask("dist", ALL)
    with office.client() as client:
        asked = client.build_request(
            "POST", "/graphql", json={"query": ALL}, headers=office.headers("dist", encoding=encoding)
        )
        response = client.send(asked, stream=True)
        packed = b"".join(response.iter_raw())
    assert response.headers["content-encoding"] == encoding
    assert len(packed) < len(plain.content) / 5
    assert unpacked(encoding, packed) == plain.content


@pytest.mark.parametrize(
    ("who", "document", "status", "code"),
    [
        ("offc", ALL, 403, "FORBIDDEN"),
        ("prov", ALL, 403, "FORBIDDEN"),
        ("dist", "{mediationCommittees {nodes {name}}}", 403, "FORBIDDEN"),
        ("dist", "{mediators {nodes {mediatorAppointments {nodes {id}}}}}", 403, "FORBIDDEN"),
        ("dist", "{mediationCases {nodes {committee {mediators {edges {node {mediatorAppointments {nodes {id}}}}}}}}}",
         403, "FORBIDDEN"),
        ("dist", "{mediationCases {nodes {committee {mediators {groupBy(by: [{sex: true}], first: 3) {nodes {"
         "rows(first: 3) {nodes {mediatorAppointments {nodes {id}}}}}}}}}}}", 403, "FORBIDDEN"),
        ("dist", "{mediationCases {nodes {committee {mediators {groupBy(by: [{region: {level: CITY}}]) {nodes {key {"
         "region {mediationCommittees {nodes {id}}}}}}}}}}}", 403, "FORBIDDEN"),
        ("dist", "{mediationCases {nodes {committee {mediators(first: 10000) {nodes {id}}}}}}", 400, "TOO_EXPENSIVE"),
        ("dist", "{mediationCases {edges {node {id}}}}", 400, "BAD_INPUT"),
        ("dist", "{mediationCases {nodes {id} totalCount}}", 400, "BAD_INPUT"),
        ("dist", "{mediationCases {totalCount}}", 400, "BAD_INPUT"),
        ("dist", "{mediationCases(offset: 3) {nodes {id}}}", 400, "BAD_INPUT"),
        ("dist", "{mediationCases(last: 3) {nodes {id}}}", 400, "BAD_INPUT"),
        ("dist", "{mediationCases(first: -1) {nodes {id}}}", 400, "BAD_INPUT"),
        ("dist", "{a: mediationCases {nodes {id}} b: mediationCases {nodes {id}}}", 400, "BAD_INPUT"),
        ("dist", "{me {login}}", 400, "BAD_INPUT"),
        ("dist", '{region(by: {path: "/"}) {name}}', 400, "BAD_INPUT"),
        ("dist", "{mediationCases {nodes {nonsense}}}", 400, "BAD_INPUT"),
        ("dist", "mutation {deleteMediationCommittee(by: {id: \"x\"}) {deletedId}}", 400, "BAD_INPUT"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused_before_the_first_line(
    strict_office: Office, who: str, document: str, status: int, code: str
) -> None:
    """An error has a status of its own and is JSON; nothing left, and no record says that something did."""
    response = strict_office.ask(who, document)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json")
    assert response.json()["errors"][0]["extensions"]["code"] == code
    assert strict_office.begun() == []


@pytest.mark.parametrize("kind", ["full", "held"])
def test_without_a_record_no_row_leaves(impatient_office: Office, kind: str) -> None:
    """The disk takes no record, or somebody holds the lock: an export has no first line, and an error says why."""
    with unwritable(impatient_office.url, kind):
        response = impatient_office.ask("dist", ALL)
    assert (response.status_code, response.headers["content-type"]) == ({"full": 500, "held": 504}[kind],
                                                                        "application/json")  # fmt: skip
    assert "caseNo" not in response.text
    assert impatient_office.begun() == []
    assert impatient_office.ask("dist", ALL).status_code == 200


def test_what_began_is_on_record_although_its_end_cannot_be(impatient_office: Office) -> None:
    """Rows go out, then nothing can be written any more: the beginning stands, and the answer has no regular end."""
    with impatient_office.client() as client:
        stream = impatient_office.stream(client)
        assert stream.status_code == 200
        with unwritable(impatient_office.url, "full"), pytest.raises(httpx2.RemoteProtocolError):
            stream.read()
    (begun,) = impatient_office.begun()
    assert set(begun.after) == {"export", "filter"}


def test_two_exports_at_a_time_and_requests_go_on(office: Office) -> None:
    """Exports that nobody reads on hold their two places and no other: a third is refused, lists are answered."""
    with office.client() as one, office.client() as two:
        streams = [office.stream(one), office.stream(two)]
        assert [stream.status_code for stream in streams] == [200, 200]
        third = office.ask("dist", ALL)
        assert (third.status_code, third.json()["errors"][0]["extensions"]["code"]) == (429, "RATE_LIMITED")
        others = office.ask("dist2", "{mediators {nodes {id}}}")
        assert (others.status_code, others.json()["errors"][0]["extensions"]["code"]) == (503, "UNAVAILABLE")
        assert {"retry-after"} <= third.headers.keys() & others.headers.keys()
        for _ in range(20):
            assert office.data("dist", "{regions {totalCount}}")["regions"]["totalCount"] > 0
    # Both clients have left: their exports end, with records that say so, and make room.
    records = [office.next_record(0), office.next_record(1)]
    assert [record.after["complete"] for record in records] == [False, False]
    assert all(0 < record.after["rows"] < MANY for record in records)
    assert office.ask("dist", ALL).status_code == 200


def test_an_export_that_is_broken_off_does_not_look_complete(
    filled: tuple[str, dict[str, str]], fresh_database: FreshDatabase, database_kind: Kind
) -> None:
    """A client too slow for the deadline gets lines, and then an end that is none."""
    url = fresh_database(database_kind, template=filled[0])
    for seconds in ("1.5", "6", "24"):  # where the first line itself takes longer, there is nothing to break off
        with opened(url, filled[1], FENGQIAO_EXPORT_SECONDS=seconds) as hasty, hasty.client() as client:
            before, stream = len(hasty.records()), hasty.stream(client)
            if stream.status_code == 504:
                continue
            assert stream.status_code == 200
            assert hasty.next_record(before).after["complete"] is False
            with pytest.raises(httpx2.RemoteProtocolError):
                stream.read()
            return
    raise AssertionError("no line came within 24 seconds")
