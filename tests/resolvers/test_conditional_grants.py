"""Grants with a condition: each opens the rows that meet it, with its own columns, masks and operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from db.facts import Role
from permissions.accounts import load_viewer
from permissions.actions import open_row, writable_columns
from permissions.matrix import cells
from permissions.scopes import aggregates_only, pure_ranges
from permissions.viewer import Viewer
from tests.databases import Kind
from tests.places import Place, place
from tests.proof.policy import policy_with
from tests.world import LONG_AGO, rows

# In district A stand the committees a1 a2 a3 (FILED), a4 (OUTDATED) and a5 (UNFILED).
CELLS = {
    "MediationCommittee": {
        "DIST": "R(code,name,filing_status,region_id) D where filing_status not in UNFILED;"
        " RU(address,phone) D where filing_status in FILED; U(phone) D where filing_status in OUTDATED",
        "PROV": "R* P where filing_status in FILED",
        "OFFC": "R S where filing_status in FILED and has_signboard is true",
        "SECT": "R B",
    },
    "HostUnit": {"DIST": "R D where must_have_committee is false"},
    "OrgUnit": {"SECT": "R B"},
}
LIST = "{ mediationCommittees { totalCount nodes { id filingStatus address } } }"


@pytest.fixture(scope="module")
def store(database_kind: Kind, migrated_database: Callable[[Kind], str]) -> Iterator[Place]:
    """The world under a matrix with conditional cells, with an officer of a section."""
    world = rows()
    world.entities = policy_with(CELLS)
    none = dict.fromkeys(("region_id", "committee_id", "mediator_id", "within", "valid_to"))
    world.add(
        "RoleGrant", "section", account_id=world.key("UserAccount", "none"), role="SECT", valid_from=LONG_AGO,
        **none, org_unit_id=world.key("OrgUnit", "bureau_a"),
    )  # fmt: skip
    world.sign()
    with place(migrated_database(database_kind), world) as opened:
        yield opened


def names(store: Place, entity: str, answer: Any) -> set[str]:
    """The rows of an answer by their names in the world."""
    known = {store.id(entity, name.partition(":")[2]): name.partition(":")[2] for name in store.world.named
             if name.startswith(f"{entity}:")}  # fmt: skip
    return {known[node["id"]] for node in answer["nodes"]}


def test_each_grant_opens_the_rows_that_meet_its_condition_and_shows_its_columns_there(store: Place) -> None:
    found = store.ask("dist", LIST)["data"]["mediationCommittees"]
    assert names(store, "MediationCommittee", found) == {"a1", "a2", "a3", "a4"}
    assert found["totalCount"] == 4
    for node in found["nodes"]:
        shown = node["filingStatus"] == "FILED" and _stored(store, node["id"])["address"] is not None
        assert (node["address"] is not None) == shown


def _stored(store: Place, key: str) -> dict[str, Any]:
    return next(row for row in store.world.by_entity["MediationCommittee"] if key.endswith(row["id"]))


def test_a_right_to_write_holds_on_the_rows_and_columns_of_its_own_condition(store: Place) -> None:
    """One role, three grants: on a filed committee address and phone, on an outdated one the phone alone."""
    info, viewer = store.services.entities["MediationCommittee"], store.viewers["dist"]

    def writable(name: str) -> frozenset[str]:
        key = str(store.world.key("MediationCommittee", name))
        entities, database = store.services.entities, store.services.database.as_system()
        row = store.runner.run(database.look(lambda c: open_row(c, entities, info, viewer, key)))
        assert row is not None
        return writable_columns(info, viewer, row)

    assert writable("a1") == {"address", "phone"}
    assert writable("a4") == {"phone"}


def test_who_may_only_count_counts_what_meets_the_condition(store: Place) -> None:
    """In the province six committees are filed: a1 a2 a3, b1 b9 and t1; one that was deleted does not count."""
    info = store.services.entities["MediationCommittee"]
    assert aggregates_only(info, store.viewers["prov"])
    filed = [
        row for row in store.world.by_entity["MediationCommittee"]
        if row["filing_status"] == "FILED" and row["scope_path"].startswith("/32/") and row["deleted_at"] is None
    ]  # fmt: skip
    answer = store.ask("prov", "{ mediationCommittees { totalCount } }")
    assert answer["data"]["mediationCommittees"]["totalCount"] == len(filed) == 6


def test_a_condition_over_a_flag_and_two_at_once(store: Place) -> None:
    host_units = store.ask("dist", "{ hostUnits { nodes { id mustHaveCommittee } } }")["data"]["hostUnits"]["nodes"]
    assert {node["mustHaveCommittee"] for node in host_units} == {False}
    info, viewer = store.services.entities["MediationCommittee"], store.viewers["offc"]
    found = store.ask("offc", "{ mediationCommittees { nodes { filingStatus hasSignboard } } }")
    assert all(
        (node["filingStatus"], node["hasSignboard"]) == ("FILED", True)
        for node in found["data"]["mediationCommittees"]["nodes"]
    )
    assert pure_ranges(info, viewer) is None, "a condition ends the proof that ranges alone decide"


def test_a_refusal_is_explained_by_the_condition_and_never_by_the_row(store: Place) -> None:
    ask = """query ($id: ID!) { explainAccess(type: "MediationCommittee", id: $id, action: "READ")
             { allowed rule sentence } }"""
    closed = store.ask("dist", ask, {"id": store.id("MediationCommittee", "a5")})["data"]["explainAccess"]
    other = store.ask("dist", ask, {"id": store.id("MediationCommittee", "b1")})["data"]["explainAccess"]
    assert closed == other
    assert (closed["allowed"], closed["rule"]) == (False, "SCOPE")
    info = store.services.entities["MediationCommittee"]
    assert cells(info, Role.DIST) == (
        "查看（限编码、备案情况、名称、所在区划）：本区县（限备案情况不为未备案）。"
        "查看、修改（限地址、电话）：本区县（限备案情况为已备案）。修改（限电话）：本区县（限备案情况为变更未备案）"
    )


def test_a_section_reaches_its_unit_and_those_below_it(store: Place) -> None:
    """Bureau A has office1 below it and another one that was deleted; office3 hangs on bureau B."""
    account = str(store.world.key("UserAccount", "none"))
    database = store.services.database.as_system()
    viewer = store.runner.run(database.look(lambda connection: load_viewer(connection, account)))
    assert isinstance(viewer, Viewer)
    below = {str(store.world.key("OrgUnit", name)) for name in ("bureau_a", "office1")}
    assert set(viewer.reaches[Role.SECT].below) == below
    reader = replace(viewer, must_change_password=False, must_enrol=False)
    answer = store.ask(reader, "{ mediationCommittees(first: 200) { nodes { id } } }")["data"]["mediationCommittees"]
    expected = {
        row["id"] for row in store.world.by_entity["MediationCommittee"]
        if row["org_scope_id"] in below and row["deleted_at"] is None
    }  # fmt: skip
    assert {node["id"][3:] for node in answer["nodes"]} == expected
    assert expected


def test_units_that_stand_above_each_other_end_the_search(store: Place) -> None:
    """Whoever closes the circle reaches the circle, once."""
    table = store.services.entities["OrgUnit"].table
    bureau, office = (str(store.world.key("OrgUnit", name)) for name in ("bureau_a", "office1"))
    account = str(store.world.key("UserAccount", "none"))
    database = store.services.database.as_system()

    def close(parent: str | None) -> Any:
        return lambda c: c.execute(sa.update(table).where(table.c.id == bureau).values(parent_id=parent))

    before = str(store.world.named["OrgUnit:bureau_a"]["parent_id"])
    store.runner.run(database.write(close(office)))
    viewer = store.runner.run(database.look(lambda connection: load_viewer(connection, account)))
    store.runner.run(database.write(close(before)))
    assert viewer is not None
    assert set(viewer.reaches[Role.SECT].below) == {bureau, office}
