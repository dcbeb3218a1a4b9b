"""Justice departments, bureaus, judicial offices and partners, with what they cover."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from random import Random

from sqlalchemy.engine import Connection

from db.models.places.org_unit import KeyFunction, OrgUnit, OrgUnitKind
from db.models.places.org_unit_coverage import OrgUnitCoverage
from db.models.places.partner_institution import PartnerInstitution, PartnerKind
from db.models.places.region import RegionKind, RegionLevel
from db.models.register.mediation_committee import IndustryDomain
from resolvers.commands.demo.names import person_name, phone
from resolvers.commands.demo.scales import HOME
from resolvers.commands.demo.world import TABLE, Office, Place, World, places, with_ids

_FUNCTIONS = [function.name for function in KeyFunction]
_KINDS = {
    RegionLevel.PROVINCE.name: (OrgUnitKind.PROVINCIAL_DEPT, "司法厅"),
    RegionLevel.CITY.name: (OrgUnitKind.CITY_BUREAU, "司法局"),
    RegionLevel.DISTRICT.name: (OrgUnitKind.DISTRICT_BUREAU, "司法局"),
}
# Who supervises the committees of a trade in a district.
DEPARTMENTS = (
    (IndustryDomain.MEDICAL, "卫生健康委员会", PartnerKind.HEALTH),
    (IndustryDomain.TRAFFIC, "公安分局交通警察大队", PartnerKind.TRAFFIC_POLICE),
    (IndustryDomain.PROPERTY, "住房保障和房产局", PartnerKind.HOUSING),
    (IndustryDomain.LABOUR, "人力资源和社会保障局", PartnerKind.LABOUR),
)


@dataclass
class District:
    """A district that is being filled: its places and units."""

    place: Place
    city: Place
    bureau: Office
    streets: list[Place]
    villages: dict[str, list[Place]]
    """By the id of their street."""
    offices: dict[str, Office]
    """By the id of the street they cover."""
    court: str
    """The unit of the basic court."""
    departments: dict[IndustryDomain, str]
    """The partner institutions that supervise trades."""
    elsewhere: Place
    """A village of another district, where some of the disputes arise."""

    @functools.cached_property
    def all_villages(self) -> list[Place]:
        """The villages in the order of their codes; the streets themselves, where there are none."""
        return [village for street in self.streets for village in self.villages[street.id]] or self.streets

    def office_of(self, place: Place) -> Office:
        """The office that guides what works in a place: of its street, or the bureau."""
        return self.offices.get(place.id) or self.offices.get(place.parent_id or "") or self.bureau


class Bureaus:
    """The units of provinces, cities and districts, each made when it is first needed."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}

    def bureau(self, world: World, connection: Connection, place: Place) -> str:
        """The unit of a province, city or district; those above it are made with it."""
        if place.id not in self._made:
            above = self.parent(connection, place)
            parent = self.bureau(world, connection, above) if above and above.level in _KINDS else None
            kind, ending = _KINDS[place.level]
            self._made[place.id] = add_unit(world, place, kind, place.name + ending, parent, covers=[place])
        return self._made[place.id]

    def parent(self, connection: Connection, place: Place) -> Place | None:
        """The region above; headings of the statisticians, which no government stands for, are passed over."""
        found = places(connection, with_ids({place.parent_id})) if place.parent_id else []
        if found and found[0].kind == RegionKind.VIRTUAL.name:
            return self.parent(connection, found[0])
        return found[0] if found else None

    def city_of(self, connection: Connection, district: Place) -> Place:
        """The city of a district, or the province where there is no city between; a city is its own."""
        if district.level == RegionLevel.CITY.name:
            return district
        above = self.parent(connection, district)
        return above if above and above.level in _KINDS else district


def add_unit(
    world: World,
    place: Place,
    kind: OrgUnitKind,
    name: str,
    parent: str | None,
    covers: list[Place],
    seat: str = "1 号",
) -> str:
    """A unit and its coverage; returns its id."""
    key = next(world.keys)
    world.unit_names[key] = name
    functions = _FUNCTIONS if kind is OrgUnitKind.JUDICIAL_OFFICE else None
    world.add(
        OrgUnit, place, key, id=key, kind=kind.name, name=name, parent_id=parent, phone=phone(world.chance, place.code),
        address=f"{place.name}司法路 {seat}", key_functions=functions,
    )  # fmt: skip
    for region in covers:
        world.add(
            OrgUnitCoverage,
            place,
            key,
            org_unit_id=key,
            region_id=region.id,
            valid_from=world.loaded_at.date(),
            valid_to=None,
        )
    return key


def open_offices(world: World, bureau_id: str, streets: list[Place], *, share: bool) -> dict[str, Office]:
    """A judicial office for every street; with `share` the last two streets have one together."""
    offices: dict[str, Office] = {}
    groups = [[street] for street in streets]
    if share and len(groups) > 1:
        groups[-2:] = [[*groups[-2], *groups[-1]]]
    for group in groups:
        seat = group[0]
        unit = add_unit(world, seat, OrgUnitKind.JUDICIAL_OFFICE, f"{seat.name}司法所", bureau_id, covers=group)
        offices |= {street.id: Office(unit, seat, bureau_id) for street in group}
    return offices


def open_partners(world: World, district: Place) -> tuple[str, dict[IndustryDomain, str]]:
    """The basic court of a district and the departments that supervise trades."""
    court = add_unit(
        world, district, OrgUnitKind.PARTNER, f"{district.name}人民法院", None, covers=[district], seat="20 号"
    )
    chance = Random(f"{world.seed}/partners/{district.code}")  # its own: what they draw moves nothing else
    _institution(world, chance, district, court, PartnerKind.COURT)
    departments = {}
    for i, (domain, name, kind) in enumerate(DEPARTMENTS):
        unit = add_unit(
            world, district, OrgUnitKind.PARTNER, district.name + name, None, covers=[district], seat=f"{30 + i} 号"
        )
        departments[domain] = _institution(world, chance, district, unit, kind)
    return court, departments


@dataclass(frozen=True)
class Beside:
    """Units of a district and its street at work beside the offices."""

    centre: str
    section: str
    police: str


def open_beside(world: World, district: District, street: Place) -> Beside:
    """The mediation centre, the grassroots section of the bureau and the police station of a street."""
    place = district.place
    chance, world.chance = world.chance, Random(f"{world.seed}/beside/{place.code}")  # moves nothing that is drawn else
    centre = f"{place.name}矛盾纠纷调处化解中心"
    centre = add_unit(world, place, OrgUnitKind.MEDIATION_CENTER, centre, None, covers=[place], seat="6 号")
    section = add_unit(
        world, place, OrgUnitKind.BUREAU_SECTION, f"{place.name}司法局基层科", district.bureau.id, covers=[place]
    )
    police = add_unit(world, street, OrgUnitKind.PARTNER, f"{street.name}派出所", None, covers=[street], seat="12 号")
    _institution(world, world.chance, street, police, PartnerKind.POLICE_STATION)
    world.chance = chance
    return Beside(centre, section, police)


def _institution(world: World, chance: Random, district: Place, unit: str, kind: PartnerKind) -> str:
    """What a partner unit is to mediation; its id."""
    row = world.add(
        PartnerInstitution, district, unit, org_unit_id=unit, name=world.unit_names[unit], partner_kind=kind.name,
        level=district.level, contact_name=person_name(chance, chance.random() < 0.5),
        contact_phone=phone(chance, district.code), has_mediation_org=kind is PartnerKind.COURT,
    )  # fmt: skip
    world.unit_names[row["id"]] = world.unit_names[unit]
    return str(row["id"])


def open_district(
    world: World, connection: Connection, bureaus: Bureaus, place: Place, elsewhere: Place, *, only_office: bool = False
) -> District:
    """The places and units of a district; with `only_office` one office, which covers the first two streets."""
    found = places(connection, TABLE.c.parent_id == place.id)
    streets = [region for region in found if region.level == RegionLevel.STREET.name]
    if only_office:
        streets = streets[:2]
    bureau = bureaus.bureau(world, connection, place)
    offices = open_offices(world, bureau, streets, share=place.code != HOME)
    court, departments = ("", {}) if only_office else open_partners(world, place)
    office, city, villages = (
        Office(bureau, place, bureau),
        bureaus.city_of(connection, place),
        _villages(connection, streets),
    )
    return District(place, city, office, streets, villages, offices, court, departments, elsewhere)


def _villages(connection: Connection, streets: list[Place]) -> dict[str, list[Place]]:
    villages: dict[str, list[Place]] = {street.id: [] for street in streets}
    for village in places(connection, TABLE.c.parent_id.in_(villages)):
        villages[village.parent_id or ""].append(village)
    return villages
