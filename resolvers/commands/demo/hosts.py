"""The units that host committees of enterprises, institutions and trades, and those that should but do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from db.models.register.host_unit import HostUnit, HostUnitKind, HostUnitStatus, IndustrySection, Ownership
from db.models.register.mediation_committee import CommitteeType, IndustryDomain
from resolvers.commands.demo.names import credit_code, firm
from resolvers.commands.demo.units import DEPARTMENTS, District
from resolvers.commands.demo.world import Office, Place, World

# The mix of committees beyond streets and villages (DOMAIN 7.2), in the order in which they are founded.
_PATTERN = (
    CommitteeType.ENTERPRISE, CommitteeType.INDUSTRY, CommitteeType.ENTERPRISE, CommitteeType.PROFESSIONAL,
    CommitteeType.ENTERPRISE, CommitteeType.ENTERPRISE, CommitteeType.INSTITUTION, CommitteeType.ENTERPRISE,
    CommitteeType.ENTERPRISE, CommitteeType.REGIONAL, CommitteeType.ENTERPRISE, CommitteeType.SOCIAL_ORG,
    CommitteeType.ENTERPRISE, CommitteeType.ENTERPRISE, CommitteeType.INSTITUTION, CommitteeType.REGIONAL,
    CommitteeType.ENTERPRISE, CommitteeType.ENTERPRISE, CommitteeType.INSTITUTION, CommitteeType.SOCIAL_ORG,
)  # fmt: skip
# Exactly 500 counts (BR-11), so it stands on both sides: with a committee and without.
_STAFF = (500, 1_260, 180, 86, 640, 320, 45, 499, 2_300, 150)
_STAFF_ALONE = (500, 820, 60, 499, 1_050, 130)
_OWNERSHIP = (Ownership.PRIVATE, Ownership.STATE, Ownership.PRIVATE, Ownership.FOREIGN, Ownership.NEW_ECONOMIC)


@dataclass(frozen=True)
class Seat:
    """Where a hosted committee works: type, place, office, host and what its name begins with."""

    type: CommitteeType
    place: Place
    office: Office
    host: dict[str, Any]
    name: str
    domain: IndustryDomain | None = None
    department: str | None = None
    """The unit that supervises the trade."""


def seats(world: World, district: District, count: int) -> list[Seat]:
    """`count` seats for hosted committees of a district, and some enterprises without a committee beside them."""
    made = [_seat(world, district, i) for i in range(count)]
    for i in range((count + 2) // 3):
        place = district.all_villages[(i * 7 + 3) % len(district.all_villages)]
        _enterprise(world, district, place, _STAFF_ALONE[i % len(_STAFF_ALONE)], closed=i % 6 == 4)
    return made


def _seat(world: World, district: District, i: int) -> Seat:
    kind = _PATTERN[i % len(_PATTERN)]
    if kind in (CommitteeType.INDUSTRY, CommitteeType.PROFESSIONAL):
        return _trade(world, district, kind, i)
    village = district.all_villages[(i * 5) % len(district.all_villages)]
    office = district.office_of(village)
    if kind is CommitteeType.ENTERPRISE:
        # Every fifth works in another street than the one where its enterprise is registered.
        away = i % 5 == 0 and len(district.streets) > 1
        home = _next_street_village(district, village) if away else village
        host = _enterprise(world, district, home, _STAFF[i % len(_STAFF)])
        return Seat(kind, village, office, host, str(host["name"]))
    host_kind, name, industry = _other_host(kind, district, village, i)
    return Seat(kind, village, office, _host(world, district, village, host_kind, name, industry, 20 + i % 90), name)


def _other_host(
    kind: CommitteeType, district: District, village: Place, i: int
) -> tuple[HostUnitKind, str, IndustrySection]:
    street = next((s for s in district.streets if s.id == village.parent_id), village).name
    if kind is CommitteeType.INSTITUTION:
        name = f"{district.place.name}第{i + 1}" + ("实验学校" if i % 2 else "社区卫生服务中心")
        return HostUnitKind.INSTITUTION, name, IndustrySection.P if i % 2 else IndustrySection.Q
    if kind is CommitteeType.SOCIAL_ORG:
        return HostUnitKind.SOCIAL_ORG, f"{street}商会", IndustrySection.S
    return HostUnitKind.MARKET, f"{street}第{i + 1}集贸市场", IndustrySection.F


def _trade(world: World, district: District, kind: CommitteeType, i: int) -> Seat:
    """A committee of one trade: first for the whole district, then street by street."""
    nth = i // len(_PATTERN) * 2 + (kind is CommitteeType.PROFESSIONAL)
    domain = DEPARTMENTS[nth % len(DEPARTMENTS)][0]
    whole = nth < len(DEPARTMENTS)
    place = district.place if whole else district.streets[nth % len(district.streets)]
    office = district.bureau if whole else district.offices[place.id]
    association = f"{place.name}{domain.zh}行业协会"
    host = _host(world, district, place, HostUnitKind.SOCIAL_ORG, association, IndustrySection.S, 12)
    return Seat(kind, place, office, host, f"{place.name}{domain.zh}纠纷", domain, district.departments[domain])


def _enterprise(world: World, district: District, place: Place, staff: int, closed: bool = False) -> dict[str, Any]:
    name, industry = firm(world.chance, district.city.name.removesuffix("市"))
    return _host(world, district, place, HostUnitKind.ENTERPRISE, name, IndustrySection[industry], staff, closed)


def _host(
    world: World, district: District, place: Place, kind: HostUnitKind, name: str, industry: IndustrySection,
    staff: int, closed: bool = False,
) -> dict[str, Any]:  # fmt: skip
    office = district.office_of(place)
    status = HostUnitStatus.CLOSED if closed else HostUnitStatus.ACTIVE
    enterprise = kind is HostUnitKind.ENTERPRISE
    serial = world.count("host unit")
    ownership = _OWNERSHIP[serial % len(_OWNERSHIP)] if enterprise else None
    return world.add(
        HostUnit, place, office.over, kind=kind.name, name=name,
        credit_code=credit_code(serial, district.city.code), industry=industry.name,
        employee_count=staff, employee_count_on=world.ago(200),
        must_have_committee=enterprise and not closed and staff >= 500,
        ownership=ownership and ownership.name, union_exists=enterprise and staff >= 100, status=status.name,
    )  # fmt: skip


def _next_street_village(district: District, village: Place) -> Place:
    others = (v for v in district.all_villages if v.parent_id != village.parent_id and v.code > village.code)
    return next(others, district.all_villages[0])
