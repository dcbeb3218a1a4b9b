"""Committees with their terms."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from db.models.register.committee_term import CommitteeTerm, ElectionMethod
from db.models.register.mediation_committee import CommitteeStatus, CommitteeType, FundingSource, MediationCommittee
from db.models.system.parameter import PARAMETERS, ParameterKey
from resolvers.commands.dates import last_of_term, months_later
from resolvers.commands.demo.boards import Committee, appoint
from resolvers.commands.demo.hosts import Seat
from resolvers.commands.demo.names import phone, short_place
from resolvers.commands.demo.stories import Story
from resolvers.commands.demo.units import District
from resolvers.commands.demo.world import Office, Place, World, moment

_TERM_MONTHS = PARAMETERS[ParameterKey.TERM_MONTHS].default
_METHODS = {
    CommitteeType.VILLAGE: ElectionMethod.VILLAGERS_MEETING,
    CommitteeType.COMMUNITY: ElectionMethod.RESIDENTS,
    CommitteeType.ENTERPRISE: ElectionMethod.WORKERS_CONGRESS,
    CommitteeType.INSTITUTION: ElectionMethod.UNION,
}


@dataclass(frozen=True)
class Plan:
    """A committee to be founded."""

    type: CommitteeType
    place: Place
    office: Office
    name: str
    seat: Seat | None = None


def plans(district: District, seats: list[Seat], only: Place | None) -> Iterator[Plan]:
    """The committees of a district: street by street with its villages, then the hosted ones; or `only` one village."""
    above = district.city.name if district.city != district.place else ""
    for street in district.streets:
        prefix = f"{above}{district.place.name}{street.name}"
        if only is None:
            yield Plan(_street_type(street), street, district.office_of(street), prefix)
        for village in district.villages[street.id]:
            if only is None or village is only:
                kind = CommitteeType.VILLAGE if "200" <= village.code[9:] <= "399" else CommitteeType.COMMUNITY
                yield Plan(kind, village, district.office_of(village), prefix + short_place(village.name))
    for seat in seats:
        yield Plan(seat.type, seat.place, seat.office, seat.name, seat)


def _street_type(street: Place) -> CommitteeType:
    return CommitteeType.TOWNSHIP if "100" <= street.code[6:9] <= "399" else CommitteeType.SUBDISTRICT


def found_committee(world: World, plan: Plan, story: Story) -> Committee:
    """A committee with its terms and people."""
    starts = _starts(world, story)
    row = _committee_row(world, plan, story, starts[0])
    committee = Committee(row, plan.type, plan.place, plan.office, story, plan.seat.host if plan.seat else None)
    committee.terms = [_term(world, committee, number, start) for number, start in enumerate(starts, 1)]
    if story.status is CommitteeStatus.DISSOLVED:
        committee.ended_on = world.ago(world.chance.randint(20, 140))
    appoint(world, committee)
    return committee


def _starts(world: World, story: Story) -> list[dt.date]:
    """The first days of the terms that a story tells of."""
    chance, months = world.chance, _TERM_MONTHS
    if story.ends_in:
        begin = months_later(world.today + dt.timedelta(days=chance.randint(*story.ends_in)), -months)
    else:
        first, last = story.begun
        longest = (world.today - months_later(world.today, -months)).days - 120
        begin = world.ago(chance.randint(min(first, longest), min(last, longest)))
    if story.terms == 1:
        return [begin]
    return sorted([begin, months_later(begin, months if story.waiting else -months)])


def _committee_row(world: World, plan: Plan, story: Story, since: dt.date) -> dict[str, Any]:
    chance, place = world.chance, plan.place
    number = world.number(MediationCommittee.code, region_code=place.code, type=plan.type.code)
    domain = plan.seat.domain if plan.seat else None
    return world.add(
        MediationCommittee, place, plan.office.id, moment(since, 9, 0),
        code=number, name=f"{plan.name}人民调解委员会", type=plan.type.name,
        industry_domain=domain and domain.name, level=place.level, guiding_office_id=plan.office.id,
        filing_bureau_id=plan.office.bureau_id, host_unit_id=plan.seat.host["id"] if plan.seat else None,
        established_on=since, status=story.status.name, filing_status=story.filing_status.name,
        address=f"{short_place(place.name)}{chance.randrange(1, 300)}号", phone=phone(chance, place.code),
        office_hours="周一至周五 9:00-17:00",
        premises_area=_area(chance.randrange(1_500, 12_000)), has_signboard=chance.random() < 0.95,
        has_systems_posted=chance.random() < 0.9, has_ledger=chance.random() < 0.85, standardized=chance.random() < 0.3,
        funding_source=(FundingSource.HOST_UNIT if plan.seat else FundingSource.FISCAL).name,
        supervising_dept_id=plan.seat.department if plan.seat else None,
    )  # fmt: skip


def _area(tenths: int) -> decimal.Decimal:
    return decimal.Decimal(tenths).scaleb(-1).quantize(decimal.Decimal("0.01"))


def _term(world: World, committee: Committee, number: int, start: dt.date) -> dict[str, Any]:
    ends_on = last_of_term(start, _TERM_MONTHS)
    elected_on = min(start, world.last) - dt.timedelta(days=3)
    method = _METHODS.get(committee.type, ElectionMethod.APPOINTED_BY_ORG)
    return world.add(
        CommitteeTerm, committee.place, committee.office.id, moment(elected_on, 15, 0), committee_id=committee.id,
        term_no=number, starts_on=start, ends_on=ends_on, election_method=method.name,
        election_on=elected_on,
    )  # fmt: skip
