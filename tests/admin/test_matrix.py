"""The demo accounts see what the matrix of the field says, counted here by hand over plain rows, on both faces."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from db.clock import today
from db.engine import Database
from db.registry import registry
from settings import Settings
from tests.admin.person import Person

LOGINS = {
    "province": "PROV", "city": "CITY", "district": "DIST", "district2": "DIST", "office": "OFFC", "office2": "OFFC",
    "committee": "COMM", "mediator": "MEDR", "auditor": "AUDT", "sysadmin": "SYS", "court": "COURT",
}  # fmt: skip
_REGISTER = dict(PROV="P", CITY="C", DIST="D", OFFC="S", COMM="K", MEDR="K", AUDT="D", COURT="filed")
_ABOVE = {role: f"{scope}^" for role, scope in _REGISTER.items()} | {"COURT": "S^"}
_ACCOUNTS = dict(PROV="P", CITY="C", DIST="D", OFFC="S", SYS="all")
READS: dict[str, dict[str, str]] = {
    "Region": {**_ABOVE, "SYS": "all"},
    "OrgUnit": _ABOVE,
    "OrgUnitCoverage": _ABOVE,
    "HostUnit": dict(PROV="P*", CITY="C", DIST="D", OFFC="S", COMM="host", AUDT="D"),
    "MediationCommittee": _REGISTER,
    "CommitteeTerm": _REGISTER,
    "MediatorAppointment": _REGISTER,
    "PartnerInstitution": _ABOVE,
    "Studio": _REGISTER,
    "CourtNotification": dict(PROV="P*", CITY="C", DIST="D", OFFC="S", COURT="S", AUDT="D"),
    "CommitteeFiling": {**_REGISTER, "PROV": "P*", "COURT": "told"},
    "Mediator": {**_REGISTER, "COMM": "appointed", "MEDR": "self", "COURT": "serving"},
    "MediationCase": {**_REGISTER, "PROV": "P*", "CITY": "C*", "MEDR": "mine", "COURT": ""},
    "UserAccount": _ACCOUNTS,
    "RoleGrant": _ACCOUNTS,
    "Parameter": {role: scope for role, scope in _ABOVE.items() if role != "COURT"},
    "AuditLog": dict(PROV="P", CITY="C", DIST="D", OFFC="S", MEDR="mine", AUDT="D", SYS="technical"),
    "AuditLine": dict(PROV="P", CITY="C", DIST="D", OFFC="S", MEDR="mine", AUDT="D", SYS="technical"),
}
"""DOMAIN 5.2 and the notes of 5.1: role -> scope; `^` and the regions above, `*` counts only, absent: nothing."""
SUBTREES = {
    "province": "/32/",
    "city": "/32/01/",
    "district": "/32/01/02/",
    "district2": "/32/01/02/",
    "auditor": "/32/01/02/",
}

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def rows(demo_url: str, people: Callable[[str], Person]) -> Rows:
    """Every living row, read by plain SELECTs after everybody has signed in (which itself leaves records)."""
    for login in LOGINS:
        people(login)

    async def read() -> Rows:
        database = Database(Settings(database_url=demo_url))
        try:
            return await database.look(lambda c: {
                info.name: [dict(r._mapping) for r in c.execute(sa.select(info.table)) if r.deleted_at is None]
                for info in registry().values()
            })  # fmt: skip
        finally:
            await database.stop()

    return asyncio.run(read())


def today_holds(post: dict[str, Any]) -> bool:
    """Whether an appointment holds today."""
    return bool(post["start_on"] <= today() and (post["end_on"] is None or post["end_on"] >= today()))


class Eyes:
    """What one account is, in rows."""

    def __init__(self, rows: Rows, login: str) -> None:
        self.rows, self.login = rows, login
        self.account = next(r["id"] for r in rows["UserAccount"] if r["login_name"] == login)
        self.grant = next(r for r in rows["RoleGrant"] if r["account_id"] == self.account)
        self.committees = {self.grant["committee_id"]} - {None}
        if self.grant["mediator_id"]:
            served = [r for r in rows["MediatorAppointment"] if r["mediator_id"] == self.grant["mediator_id"]]
            self.committees = {r["committee_id"] for r in served if not r["end_on"]}
        self.anchors = self._anchors()

    def _anchors(self) -> list[str]:
        paths = {r["id"]: r["path"] for r in self.rows["Region"]}
        if self.login in SUBTREES:
            return [SUBTREES[self.login]]
        if self.grant["org_unit_id"]:
            covered = [r for r in self.rows["OrgUnitCoverage"] if r["org_unit_id"] == self.grant["org_unit_id"]]
            return [paths[r["region_id"]] for r in covered]
        return [r["scope_path"] for r in self.rows["MediationCommittee"] if r["id"] in self.committees]

    def sees(self, entity: str, row: dict[str, Any], scope: str) -> bool:
        """Whether a scope of the matrix opens the row."""
        path = row.get("path") or row.get("scope_path", "")
        below = any(path.startswith(anchor) for anchor in self.anchors)
        match scope.rstrip("*"):
            case "all":
                return True
            case "P" | "C" | "D" | "S":
                return below
            case "P^" | "C^" | "D^" | "S^" | "K^":
                return below or any(anchor.startswith(path) for anchor in self.anchors)
            case "K":
                return (row["id"] if entity == "MediationCommittee" else row["committee_id"]) in self.committees
            case "host":
                hosts = {r["host_unit_id"] for r in self.rows["MediationCommittee"] if r["id"] in self.committees}
                return row["id"] in hosts
            case "appointed":
                served = [r for r in self.rows["MediatorAppointment"] if r["committee_id"] in self.committees]
                return row["id"] in {r["mediator_id"] for r in served} or row["created_by_id"] == self.account
            case "filed":
                filed = {r["id"] for r in self.rows["MediationCommittee"] if r["filing_status"] == "FILED"}
                return below and (row["id"] if entity == "MediationCommittee" else row["committee_id"]) in filed
            case "serving":
                posts = [
                    r for r in self.rows["MediatorAppointment"] if r["mediator_id"] == row["id"] and today_holds(r)
                ]
                return any(self.sees("MediatorAppointment", post, "filed") for post in posts)
            case "told":
                return row["court_notification_id"] is not None and below
            case "self":
                return bool(row["id"] == self.grant["mediator_id"])
            case "mine":
                return bool(row.get("actor_id", row["created_by_id"]) == self.account)
            case "technical":
                return bool(row["technical"])
        raise AssertionError(scope)


@pytest.mark.parametrize("login", LOGINS)
def test_an_account_counts_the_rows_of_its_cells_in_graphql_and_in_the_admin(
    server: TestClient, people: Callable[[str], Person], rows: Rows, login: str
) -> None:
    person, eyes = people(login), Eyes(rows, login)
    entities = registry()
    query = "{" + " ".join(f"{name}: {entities[name].plural} {{ totalCount }}" for name in entities) + "}"
    counted = server.post("/graphql", json={"query": query}, headers=person.headers).json()["data"]
    tables = person.get("tables/").json()

    for entity, cells in READS.items():
        scope = cells.get(LOGINS[login], "")
        expected = sum(eyes.sees(entity, row, scope) for row in rows[entity]) if scope else 0
        shown = entities[entity].facts.zh

        assert counted[entity]["totalCount"] == (None if scope.endswith("*") and 0 < expected < 5 else expected), entity
        assert (shown in tables) == (bool(scope) and not scope.endswith("*")), entity
        if shown in tables:
            assert person.count(shown) == expected, entity


def test_every_entity_stands_in_the_matrix() -> None:
    assert set(READS) == set(registry())


def test_the_cells_are_not_all_empty_or_all_alike(rows: Rows) -> None:
    seen = {
        login: sum(Eyes(rows, login).sees("MediatorAppointment", r, "S") for r in rows["MediatorAppointment"])
        for login in ("district", "office", "office2")
    }

    assert 0 < seen["office2"] != seen["office"] > 0
    assert seen["district"] > seen["office"] + seen["office2"]
