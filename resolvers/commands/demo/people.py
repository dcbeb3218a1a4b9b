"""Mediators: who they are, with their personal data sealed as the commands seal it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from random import Random
from typing import Any

from db.checksums import citizen_birth_date, citizen_sex
from db.models.cases.mediation_case import DisputeType
from db.models.people.ethnicity import Ethnicity
from db.models.people.mediator import (
    Education,
    Mediator,
    MediatorBackground,
    MediatorGrade,
    MediatorKind,
    MediatorStatus,
    PoliticalStatus,
)
from db.registry import registry
from resolvers.commands.demo.names import bank_account, citizen_number, mobile, person_name, short_place
from resolvers.commands.demo.world import Office, Place, World, moment
from resolvers.commands.inputs import sealed

_KINDS = (MediatorKind.FULL_TIME, MediatorKind.PART_TIME, MediatorKind.SPECIAL)
_SCHOOLS = (Education.BACHELOR, Education.COLLEGE, Education.VOCATIONAL, Education.HIGH_SCHOOL, Education.POSTGRADUATE)
_POLITICS = (PoliticalStatus.PARTY_MEMBER, PoliticalStatus.MASSES, PoliticalStatus.NON_PARTISAN)
_GRADES = (
    MediatorGrade.UNGRADED, MediatorGrade.GRADE_4, MediatorGrade.GRADE_3, MediatorGrade.GRADE_2, MediatorGrade.GRADE_1,
)  # fmt: skip
_MINORITIES = (Ethnicity.HUI, Ethnicity.MANCHU, Ethnicity.ZHUANG, Ethnicity.TUJIA, Ethnicity.MIAO)  # type: ignore[attr-defined]
_HAN = Ethnicity.HAN  # type: ignore[attr-defined]
_BACKGROUNDS = tuple(MediatorBackground)
_SPECIALTIES = (
    DisputeType.FAMILY, DisputeType.NEIGHBOUR, DisputeType.HOUSING_SITE, DisputeType.DAMAGES, DisputeType.OTHER_LABOUR,
    DisputeType.MEDICAL, DisputeType.TRAFFIC, DisputeType.PROPERTY,
)  # fmt: skip
_ORDERS = {member.name: i for i, member in enumerate((*DisputeType, *MediatorBackground))}


@dataclass(frozen=True)
class Person:
    """A mediator: the stored row, and what the rest of the load asks for most."""

    id: str
    row: dict[str, Any]
    kind: MediatorKind
    since: dt.date


def person(
    world: World,
    place: Place,
    office: Office,
    since: dt.date,
    *,
    female: bool,
    minority: bool = False,
    left: bool = False,
) -> Person:
    """A mediator registered in `place` who began on `since`."""
    chance = world.chance
    id_number = citizen_number(world.count("person"), place.code, female, world.today)
    kind = chance.choices(_KINDS, (20, 68, 12))[0]
    grade = chance.choices(_GRADES, (60, 18, 14, 6, 2))[0]
    minority = minority or chance.random() < 0.02
    number = world.number(Mediator.mediator_no, district_code=place.code)
    row = world.add(
        Mediator, place, office.over, moment(since, 10, 0),
        mediator_no=number, certificate_no=f"RT{number}",
        name=person_name(chance, female),
        sex=citizen_sex(id_number), birth_date=citizen_birth_date(id_number),
        ethnicity=(chance.choice(_MINORITIES) if minority else _HAN).name,
        education=_education(chance, kind).name, political_status=chance.choices(_POLITICS, (45, 50, 5))[0].name,
        kind=kind.name, backgrounds=_some(chance, _BACKGROUNDS, 2), specialties=_some(chance, _SPECIALTIES, 3),
        legal_qualification=chance.random() < 0.08, grade=grade.name,
        grade_on=None if grade is MediatorGrade.UNGRADED else min(since + dt.timedelta(days=200), world.last),
        status=(MediatorStatus.LEFT if left else MediatorStatus.ACTIVE).name, first_appointed_on=since,
        **_sealed("id_number", id_number), **_sealed("mobile", mobile(chance)),
        **(_sealed("bank_account", bank_account(chance)) if chance.random() < 0.4 else {}),
        **(_sealed("address", _home(chance, place)) if chance.random() < 0.3 else {}),
    )  # fmt: skip
    return Person(str(row["id"]), row, kind, since)


def _sealed(name: str, value: str) -> dict[str, str | None]:
    info = registry()["Mediator"]
    return sealed(info, info.fields[name], value)


def _home(chance: Random, place: Place) -> str:
    return f"{short_place(place.name)}{chance.randrange(1, 200)}号"


def _education(chance: Random, kind: MediatorKind) -> Education:
    weights = (40, 50, 0, 0, 10) if kind is MediatorKind.FULL_TIME else (20, 35, 20, 23, 2)
    return chance.choices(_SCHOOLS, weights)[0]


def _some(chance: Random, members: tuple[DisputeType, ...] | tuple[MediatorBackground, ...], most: int) -> list[str]:
    """One to `most` names in the order of their enumeration, as the API keeps them."""
    names = [member.name for member in chance.sample(members, chance.randint(1, most))]
    return sorted(names, key=_ORDERS.__getitem__)
