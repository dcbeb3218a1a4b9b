"""One record for each write, with masks only."""

from __future__ import annotations

import pytest

from db.clock import today
from db.identity import global_id
from resolvers.faults import Denied, Refused
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import Town, code_of

pytestmark = pytest.mark.anyio


async def test_every_write_leaves_exactly_one_record(town: Town) -> None:
    key = await town.found(name="和平社区人民调解委员会")
    await town.update("district", "MediationCommittee", key, {"phone": "025-7654321"})
    await town.delete("office", "MediationCommittee", key)
    with pytest.raises(Refused):
        await town.create("district", "MediationCommittee", {})
    created, updated, deleted = await town.rows("AuditLog")
    assert [r["action"] for r in (created, updated, deleted)] == ["CREATE", "UPDATE", "DELETE"]
    assert updated["summary"] == "修改 人民调解委员会：和平社区人民调解委员会"
    assert updated["before"] == {"phone": "025-1234567", "version": 1}
    assert updated["after"] == {"phone": "025-7654321", "version": 2}
    assert (updated["entity"], updated["entity_id"]) == ("MediationCommittee", global_id("mc", key))
    assert (updated["actor_id"], updated["ip"], updated["technical"]) == (town.keys["@district"], "10.0.0.9", False)
    assert (updated["scope_path"], updated["region_id"]) == ("/32/01/02/002/001/", town.keys["village1"])
    assert created["before"] is None
    assert deleted["after"] is None


async def test_a_record_holds_masks_only(town: Town) -> None:
    key = await town.person(politicalStatus="MASSES", bankAccount="6222020200012345678")
    await town.update("district", "Mediator", key, {"bankAccount": "6222020200012345679"})
    created, updated = await town.rows("AuditLog")
    assert (created["after"]["birthDate"], created["after"]["politicalStatus"]) == ("***", "***")
    assert created["after"]["idNumber"].count("*") == 13
    assert updated["after"]["bankAccount"] == "***************5679"
    assert "622202" not in str(created) + str(updated)


async def test_records_of_accounts_grants_and_regions_are_technical(town: Town) -> None:
    data = {"loginName": "newcomer", "personName": "新人", "region": {"code": code_of("district")}}
    key = await town.create("sysadmin", "UserAccount", data)
    await town.create(
        "sysadmin", "RoleGrant", {"account": town.ref(key, "UserAccount"), "role": "SYS", "validFrom": today()}
    )
    await town.update("sysadmin", "Region", "village1", {"population": 1200})
    records = await town.rows("AuditLog")
    assert [r["technical"] for r in records] == [True, True, True]
    assert [r["region_id"] for r in records] == [town.keys["district"], town.keys["district"], town.keys["village1"]]


async def test_an_auditor_reads_who_acted_without_reading_accounts(town: Town) -> None:
    """As they were called then, by a write, a refusal and many rows at once; nobody chooses the name of a record."""
    names = {row["login_name"]: row["person_name"] for row in await town.rows("UserAccount")}
    key = await town.found()
    await town.update("district", "MediationCommittee", key, {"phone": "025-7654321"})
    viewer, where = await town.viewer("district"), {"id": {"eq": global_id("mc", key)}}
    await town.commands.update_many(viewer, "MediationCommittee", where, {"address": "乙路"}, 1)
    with pytest.raises(Denied):
        await town.create("auditor", "MediationCommittee", {})
    await town.update("city", "UserAccount", "@district", {"personName": "改名以后"})
    asked = "{ auditLogs(orderBy: [{id: ASC}]) { nodes { action actorLogin actorName actor { id } } } }"
    told = (await Endpoint(town).data("auditor", asked))["nodes"]
    assert [(one["action"], one["actorLogin"], one["actorName"], one["actor"]) for one in told] == [
        (action, login, names[login], None)
        for action, login in (
            ("CREATE", "office"), ("UPDATE", "district"), ("UPDATE", "district"), ("REFUSED", "auditor"),
            ("UPDATE", "city"),
        )
    ]  # fmt: skip
