"""The accounts of API.md 3 with their grants, all under one password."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from db.facts import Role
from db.models.people.mediator_appointment import CommitteeRole
from db.models.system.role_grant import RoleGrant
from db.models.system.user_account import UserAccount
from resolvers.commands.demo.boards import Committee
from resolvers.commands.demo.names import person_name
from resolvers.commands.demo.units import Beside, District
from resolvers.commands.demo.world import Office, Place, World

LOGINS = (
    "province", "city", "district", "district2", "office", "office2", "committee", "mediator", "court", "auditor",
    "sysadmin", "centre", "section", "personnel", "payer", "police",
)  # fmt: skip


@dataclass(frozen=True)
class Anchors:
    """What the grants name."""

    province: Place
    city: Place
    district: District
    offices: tuple[Office, Office]
    committee: Committee
    court: str
    street: Place
    beside: Beside


def open_accounts(world: World, anchors: Anchors, password_hash: str) -> None:
    """Accounts and grants; every account stands in the region where the person works."""
    home, village = anchors.district.place, anchors.committee.place
    who = next(person for person, post in anchors.committee.boards[0] if post["role"] == CommitteeRole.MEMBER.name)
    regions: dict[str, tuple[Role, Place]] = {
        "province": (Role.PROV, anchors.province), "city": (Role.CITY, anchors.city), "district": (Role.DIST, home),
        "district2": (Role.DIST, home), "auditor": (Role.AUDT, home),
    }  # fmt: skip
    for login, (role, place) in regions.items():
        _account(world, login, role, place, None, password_hash, region_id=place.id)
    for login, office in zip(("office", "office2"), anchors.offices, strict=True):
        _account(world, login, Role.OFFC, office.place, office.id, password_hash, org_unit_id=office.id)
    guide = anchors.committee.office.id
    _account(world, "committee", Role.COMM, village, guide, password_hash, committee_id=anchors.committee.id)
    _account(world, "mediator", Role.MEDR, village, guide, password_hash, name=who.row["name"], mediator_id=who.id)
    _account(world, "court", Role.COURT, home, None, password_hash, org_unit_id=anchors.court)
    _account(world, "sysadmin", Role.SYS, anchors.province, None, password_hash)
    chance, beside = Random(f"{world.seed}/accounts"), anchors.beside  # its own: it moves nothing that is drawn else
    more: dict[str, tuple[Role, Place, dict[str, str]]] = {
        "centre": (Role.CENT, home, {"org_unit_id": beside.centre}),
        "section": (Role.SECT, home, {"org_unit_id": beside.section}),
        "personnel": (Role.DHR, home, {"region_id": home.id}), "payer": (Role.FINA, home, {"region_id": home.id}),
        "police": (Role.PART, anchors.street, {"org_unit_id": beside.police}),
    }  # fmt: skip
    for login, (role, place, anchor) in more.items():
        name = person_name(chance, chance.random() < 0.5)
        _account(world, login, role, place, None, password_hash, name=name, **anchor)


def _account(
    world: World, login: str, role: Role, place: Place, office: str | None, password_hash: str, name: str | None = None,
    **anchor: Any,
) -> None:  # fmt: skip
    key = world.accounts[login]
    name = name or person_name(world.chance, world.chance.random() < 0.5)
    world.add(UserAccount, place, office, id=key, login_name=login, person_name=name, password_hash=password_hash)
    world.add(
        RoleGrant, place, office, account_id=key, role=role.name, valid_from=world.loaded_at.date(),
        **({"region_id": place.id} | anchor if role in _BY_REGION else _unanchored(anchor)),
    )  # fmt: skip


_BY_REGION = frozenset({Role.PROV, Role.CITY, Role.DIST, Role.AUDT, Role.DHR, Role.FINA})


def _unanchored(anchor: dict[str, Any]) -> dict[str, Any]:
    """A grant that names no region: the model's own `region_id` is the anchor, not the owner's region."""
    return {"region_id": None, **anchor}
