"""Studios and partner institutions: led from within, stationed somewhere, kept by whom DOMAIN 5.1 names."""

from __future__ import annotations

from typing import Any

import pytest

from db.clock import today
from resolvers.faults import Denied, Refused
from tests.resolvers.town import Town, codes

pytestmark = pytest.mark.anyio


async def studio(town: Town, committee: str, leader: str, login: str = "office", **more: Any) -> str:
    data = {
        "committee": town.ref(committee, "MediationCommittee"), "leader": town.ref(leader, "Mediator"),
        "kind": "PERSONAL", "name": "老甲调解工作室", "openedOn": today(), **more,
    }  # fmt: skip
    return await town.create(login, "Studio", data)


async def test_a_studio_belongs_to_its_committee_and_is_led_by_one_of_its_mediators(town: Town) -> None:
    committee = await town.found()
    leader, *_ = await town.staff(committee)
    key = await studio(town, committee, leader)
    row, owner = await town.row("Studio", key), await town.row("MediationCommittee", committee)
    assert (row["scope_path"], row["org_scope_id"], row["status"]) == (
        owner["scope_path"],
        owner["org_scope_id"],
        "ACTIVE",
    )
    stranger = await town.person()
    with pytest.raises(Refused) as refused:
        await studio(town, committee, stranger)
    assert codes(refused.value) == {("leader", "RANGE")}
    with pytest.raises(Refused) as refused:
        await town.update("office", "Studio", key, {"leader": town.ref(stranger, "Mediator")})
    assert codes(refused.value) == {("leader", "RANGE")}


async def test_a_stationed_studio_needs_the_partner_it_sits_with(town: Town) -> None:
    committee = await town.found()
    leader, *_ = await town.staff(committee)
    with pytest.raises(Refused) as refused:
        await studio(town, committee, leader, kind="STATIONED")
    assert codes(refused.value) == {("hostPartner", "REQUIRED")}
    host = town.ref("health-partner", "PartnerInstitution")
    assert await studio(town, committee, leader, kind="STATIONED", hostPartner=host)


async def test_the_clerk_opens_studios_of_the_own_committee_only_and_an_auditor_none(town: Town) -> None:
    committee = await town.found()
    leader, *_ = await town.staff(committee)
    clerk = await town.clerk(committee)
    assert await studio(town, committee, leader, clerk)
    with pytest.raises(Denied):
        await studio(town, committee, leader, "auditor")
    other = await town.clerk(await town.found(name="另一调委会"), "clerk2")
    with pytest.raises((Refused, Denied)):
        await studio(town, committee, leader, other)


def partner(town: Town, unit: str, **more: Any) -> dict[str, Any]:
    return {
        "orgUnit": town.ref(unit, "OrgUnit"), "partnerKind": "POLICE", "level": "DISTRICT", "contactName": "甲",
        "contactPhone": "025-1234567", **more,
    }  # fmt: skip


async def test_a_partner_institution_stands_for_one_partner_unit_and_bears_its_name(town: Town) -> None:
    unit = {"kind": "PARTNER", "name": "派出所", "region": {"id": town.ref("district", "Region")["id"]}}
    key = await town.create("district", "OrgUnit", unit)
    made = await town.create("district", "PartnerInstitution", partner(town, key))
    assert (await town.row("PartnerInstitution", made))["name"] == "派出所"
    await town.update("district", "OrgUnit", key, {"name": "中心派出所"})
    assert (await town.row("PartnerInstitution", made))["name"] == "中心派出所"
    with pytest.raises(Refused) as refused:
        await town.create("district", "PartnerInstitution", partner(town, key))
    assert codes(refused.value) == {("orgUnit", "NOT_UNIQUE")}
    with pytest.raises(Refused) as refused:
        await town.create("district", "PartnerInstitution", partner(town, "office2"))
    assert codes(refused.value) == {("orgUnit", "RANGE")}


@pytest.mark.parametrize("login", ["city", "province", "office", "auditor"])
async def test_partners_of_a_district_are_kept_by_the_district(town: Town, login: str) -> None:
    patch = {"contactName": "乙"}
    with pytest.raises(Denied):
        await town.update(login, "PartnerInstitution", "health-partner", patch)
    await town.update("district", "PartnerInstitution", "health-partner", patch)
