"""The audit log over the whole application: looks, refusals and exports, by GraphQL and by the admin alike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from db import crypto
from db.audit.verify import verify
from db.engine import Database
from db.identity import global_id
from db.models.people.mediator import Mediator
from db.models.system.audit_log import AuditLog
from db.technical import AuditWaiting
from settings import Settings
from tests.admin.person import Person

People = Callable[[str], Person]
REVEAL = """mutation ($id: ID!, $field: String!, $reason: String!) {
  reveal(type: "Mediator", id: $id, field: $field, reason: $reason) {
    value expiresAt errors { path code message } } }"""
FIND = """mutation ($value: String!) {
  findByIdentity(type: "Mediator", field: "idNumber", value: $value, reason: "核对任职材料") {
    node { __typename id ... on Mediator { name idNumber } } errors { path code } } }"""


def looked(url: str, statement: Any) -> list[dict[str, Any]]:
    async def look() -> list[dict[str, Any]]:
        database = Database(Settings(database_url=url))
        try:
            return await database.look(lambda c: [dict(row) for row in c.execute(statement).mappings()])
        finally:
            await database.stop()

    return asyncio.run(look())


def records(url: str, action: str) -> list[dict[str, Any]]:
    """The records of an action, oldest first."""
    return looked(url, sa.select(AuditLog.__table__).where(AuditLog.action == action).order_by(AuditLog.id))


def ask(person: Person, document: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    headers = {**person.headers, "Accept-Language": "en"}
    body = {"query": document, "variables": variables or {}}
    answer: dict[str, Any] = person.client.post("/graphql", json=body, headers=headers).json()
    return answer


@pytest.fixture(scope="module")
def somebody(demo_url: str) -> dict[str, Any]:
    """A mediator of the district, as stored."""
    return looked(demo_url, sa.select(Mediator.__table__).order_by(Mediator.id).limit(1))[0]


def number_of(somebody: dict[str, Any]) -> str:
    return crypto.decrypt(somebody["id_number_cipher"], "mediator.id_number")


def test_a_number_is_revealed_once_for_a_reason_and_recorded(
    people: People, demo_url: str, somebody: dict[str, Any]
) -> None:
    told = {"id": global_id("md", somebody["id"]), "field": "idNumber", "reason": "核对任职材料"}
    seen = ask(people("district"), REVEAL, told)["data"]["reveal"]
    assert seen["value"] == number_of(somebody)
    assert (seen["errors"], seen["expiresAt"][-6:]) == ([], "+08:00")
    [record] = records(demo_url, "REVEAL")
    assert (record["entity_id"], record["after"], record["reason"]) == (
        told["id"],
        {"field": "idNumber"},
        "核对任职材料",
    )
    assert number_of(somebody) not in str(record)


def test_what_is_lacking_is_told_with_its_argument(people: People, somebody: dict[str, Any]) -> None:
    told = {"id": global_id("md", somebody["id"]), "field": "idNumber", "reason": "查"}
    seen = ask(people("district"), REVEAL, told)["data"]["reveal"]
    assert (seen["value"], seen["expiresAt"]) == (None, None)
    assert [(error["path"], error["code"]) for error in seen["errors"]] == [(["reason"], "RANGE")]


def test_who_may_not_is_told_so_and_recorded_once(people: People, demo_url: str, somebody: dict[str, Any]) -> None:
    before = len(records(demo_url, "REFUSED"))
    told = {"id": global_id("md", somebody["id"]), "field": "idNumber", "reason": "核对任职材料"}
    [error] = ask(people("province"), REVEAL, told)["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert len(records(demo_url, "REFUSED")) == before + 1


def test_a_person_is_found_by_the_whole_number_only(people: People, somebody: dict[str, Any]) -> None:
    found = ask(people("district"), FIND, {"value": number_of(somebody)})["data"]["findByIdentity"]
    assert found["errors"] == []
    assert found["node"] == {
        "__typename": "Mediator", "id": global_id("md", somebody["id"]), "name": somebody["name"],
        "idNumber": somebody["id_number_mask"],
    }  # fmt: skip
    for value in (number_of(somebody)[:-1], "110101199003070010"):
        assert ask(people("district"), FIND, {"value": value})["data"]["findByIdentity"]["node"] is None


def test_reads_that_are_refused_are_one_record_a_request(people: People, demo_url: str) -> None:
    before = len(records(demo_url, "REFUSED"))
    one = 'hostUnit(by: {id: "x"}) {id}'
    document = f'{{a: {one} b: {one} c: committeeFiling(by: {{id: "z"}}) {{id}}}}'
    codes = {error["extensions"]["code"] for error in ask(people("province"), document)["errors"]}
    assert codes == {"FORBIDDEN"}
    document = '{mediators(where: {birthDate: {eq: "1980-01-01"}}) {totalCount}}'
    assert ask(people("province"), document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    reads, probe = records(demo_url, "REFUSED")[before:]
    assert {each["path"][0] for each in reads["after"]["refused"]} == {"HostUnit", "CommitteeFiling"}
    assert probe["after"]["refused"] == [{"path": ["Mediator"], "code": "BAD_INPUT"}]
    assert "1980" not in str(probe)


def test_an_export_of_the_admin_says_what_left(people: People, demo_url: str) -> None:
    before = len(records(demo_url, "EXPORT"))
    rows = people("district").rows("人民调解员", __page_size=1000)
    [record] = records(demo_url, "EXPORT")[before:]
    assert (record["entity"], record["after"]["rows"]) == ("Mediator", len(rows))
    assert len(record["after"]["filter"]) == 64
    refused = len(records(demo_url, "REFUSED"))
    assert people("office").get("tables/人民调解员/", __page_size=1000).status_code == 403
    assert len(records(demo_url, "REFUSED")) == refused + 1


def test_the_running_server_seals_what_was_recorded(people: People, demo_url: str, server: TestClient) -> None:
    assert server is people("district").client

    async def settle() -> list[Any]:
        database = Database(Settings(database_url=demo_url))
        try:
            async with asyncio.timeout(30):
                while await database.look(lambda c: c.scalar(sa.select(sa.func.count()).select_from(AuditWaiting))):
                    await asyncio.sleep(0.1)
            return list((await database.look(verify)).findings)
        finally:
            await database.stop()

    assert asyncio.run(settle()) == []
