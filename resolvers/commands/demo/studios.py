"""Studios of some committees: stationed with the court's partners, personal ones, and groups."""

from __future__ import annotations

from collections.abc import Sequence

from db.models.register.mediation_committee import CommitteeStatus, FilingStatus
from db.models.register.studio import Studio, StudioBrand, StudioKind
from resolvers.commands.demo.boards import Committee
from resolvers.commands.demo.units import District
from resolvers.commands.demo.world import World, moment

_EVERY = 8
_BRANDS = (None, StudioBrand.DISTRICT, None, StudioBrand.CITY)


def open_studios(world: World, district: District, committees: Sequence[Committee]) -> None:
    """One studio in every eighth of the committees that work and are filed, of each kind in turn."""
    able = [c for c in committees if c.status_is(CommitteeStatus.ACTIVE, FilingStatus.FILED)]
    hosts = list(district.departments.values())
    for n, committee in enumerate(able[::_EVERY]):
        kind = list(StudioKind)[n % len(StudioKind)]
        if kind is StudioKind.STATIONED and not hosts:
            continue
        who, post = committee.boards[-1][0]
        opened = max(post["start_on"], committee.row["established_on"])
        host = hosts[n // len(StudioKind) % len(hosts)] if kind is StudioKind.STATIONED else None
        brand = _BRANDS[n % len(_BRANDS)] if kind is StudioKind.PERSONAL else None
        world.add(
            Studio, committee.place, committee.office.id, moment(min(opened, world.last), 9, 0), kind=kind.name,
            committee_id=committee.id, name=_name(world, kind, who.row["name"], host, committee), leader_id=who.id,
            opened_on=min(opened, world.last), host_partner_id=host, brand_level=brand and brand.name,
        )  # fmt: skip


def _name(world: World, kind: StudioKind, leader: str, host: str | None, committee: Committee) -> str:
    if kind is StudioKind.PERSONAL:
        return f"{leader}调解工作室"
    if host is not None:
        return f"驻{world.unit_names[host]}调解工作室"
    return f"{committee.place.name}第一调解小组"
