"""Committees with their terms, people and appointments."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from db.checksums import mod97
from db.enums import (
    AppointmentBasis,
    AppointmentEndReason,
    CommitteeRole,
    CommitteeStatus,
    CommitteeType,
    ElectionMethod,
    FundingSource,
    MediatorKind,
    RegionLevel,
)
from db.models.committee_term import CommitteeTerm
from db.models.mediation_committee import MediationCommittee
from db.models.mediator_appointment import MediatorAppointment
from resolvers.commands.demo.hosts import Seat
from resolvers.commands.demo.names import phone, short_place
from resolvers.commands.demo.people import Person, person
from resolvers.commands.demo.stories import Story
from resolvers.commands.demo.units import District
from resolvers.commands.demo.world import Office, Place, World, moment, months_later
from settings import get_settings

# People per committee: 4.3 on average (DOMAIN 7.2), never fewer than the law wants.
_SIZES, _SHARES = (3, 4, 5, 6, 7, 8, 9), (36, 29, 17, 10, 5, 2, 1)
_METHODS = {
    CommitteeType.VILLAGE: ElectionMethod.VILLAGERS_MEETING,
    CommitteeType.COMMUNITY: ElectionMethod.RESIDENTS,
    CommitteeType.ENTERPRISE: ElectionMethod.WORKERS_CONGRESS,
    CommitteeType.INSTITUTION: ElectionMethod.UNION,
}
_GUEST_EVERY = 12


@dataclass
class Committee:
    """A committee of the load with what its filings and cases need to know."""

    row: dict[str, Any]
    type: CommitteeType
    place: Place
    office: Office
    story: Story
    host: dict[str, Any] | None = None
    terms: list[dict[str, Any]] = field(default_factory=list)
    members: list[tuple[Person, dict[str, Any]]] = field(default_factory=list)
    """The people of the current term with their appointments."""
    ended_on: dt.date | None = None
    """The day on which it was dissolved."""

    @property
    def id(self) -> str:
        """Its row key."""
        return str(self.row["id"])


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
    city = district.city.name if district.city.level == RegionLevel.CITY.name else ""
    for street in district.streets:
        prefix = f"{city}{district.place.name}{street.name}" if city != district.place.name else f"{city}{street.name}"
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
    chance, months = world.chance, get_settings().term_months
    begin = months_later(world.today + dt.timedelta(days=chance.randint(*story.ends_in)), -months)
    starts = [begin]
    if story.terms > 1 and story.waiting:
        starts = [begin, months_later(begin, months) + dt.timedelta(days=1)]
    elif story.terms > 1:
        starts = [months_later(begin - dt.timedelta(days=1), -months), begin]
    committee = Committee(_committee_row(world, plan, story, starts[0]), plan.type, plan.place, plan.office, story)
    committee.host = plan.seat.host if plan.seat else None
    committee.terms = [_term(world, committee, i, start, months) for i, start in enumerate(starts, 1)]
    _appoint(world, committee)
    return committee


def _committee_row(world: World, plan: Plan, story: Story, since: dt.date) -> dict[str, Any]:
    chance, place = world.chance, plan.place
    number = f"{place.code}{plan.type.code}{world.next(f'committee/{place.code}{plan.type.code}'):04d}"
    domain = plan.seat.domain if plan.seat else None
    return world.add(
        MediationCommittee, place, plan.office.id, moment(since, 9, 0),
        code=number + mod97(number), name=f"{plan.name}人民调解委员会", type=plan.type.name,
        industry_domain=domain and domain.name, level=place.level, guiding_office_id=plan.office.id,
        filing_bureau_id=plan.office.bureau_id, host_unit_id=plan.seat.host["id"] if plan.seat else None,
        established_on=since, status=story.status.name, filing_status=story.filing_status.name,
        address=f"{place.name}{chance.randrange(1, 300)}号", phone=phone(chance, place.code), office_hours="周一至周五 9:00-17:00",
        premises_area=_area(chance.randrange(1_500, 12_000)), has_signboard=chance.random() < 0.95,
        has_systems_posted=chance.random() < 0.9, has_ledger=chance.random() < 0.85, standardized=chance.random() < 0.3,
        funding_source=(FundingSource.HOST_UNIT if plan.seat else FundingSource.FISCAL).name,
        supervising_dept_id=plan.seat.department if plan.seat else None,
        version=1 if story.first is None else 2,
    )  # fmt: skip


def _area(tenths: int) -> decimal.Decimal:
    return decimal.Decimal(tenths).scaleb(-1).quantize(decimal.Decimal("0.01"))


def _term(world: World, committee: Committee, number: int, start: dt.date, months: int) -> dict[str, Any]:
    elected_on = min(start, world.last) - dt.timedelta(days=3)
    method = _METHODS.get(committee.type, ElectionMethod.APPOINTED_BY_ORG)
    return world.add(
        CommitteeTerm, committee.place, committee.office.id, moment(elected_on, 15, 0), committee_id=committee.id,
        term_no=number, starts_on=start, ends_on=months_later(start, months), election_method=method.name,
        election_on=elected_on,
    )  # fmt: skip


# --- people ----------------------------------------------------------------------------------------------------------


def _appoint(world: World, committee: Committee) -> None:
    """People for every term, so that BR-01 to BR-04 hold in the current one."""
    chance, story = world.chance, committee.story
    size = chance.choices(_SIZES, _SHARES)[0]
    elected = chance.randint(3, min(size, 7))
    women = [chance.random() < 0.38 for _ in range(size)]
    women[1] = women[1] or not any(women[:elected])
    first, current = committee.terms[0], committee.terms[-1]
    renewed = story.terms > 1 and not story.waiting
    if story.waiting:
        current = first
    if story.status is CommitteeStatus.DISSOLVED:
        committee.ended_on = world.ago(chance.randint(20, 140))
    for i in range(size):
        # In a second term the last one is new; everybody else has served the first.
        old = renewed and i < size - 1
        since = first["starts_on"] if old else current["starts_on"]
        who = person(
            world, committee.place, committee.office, since, female=women[i], minority=i == 2 and committee.place.multi_ethnic
        )
        role = _role(i, size, elected)
        if old:
            _post(world, committee, who, role, since, first["ends_on"], AppointmentEndReason.TERM_END)
        ended = AppointmentEndReason.COMMITTEE_DISSOLVED if committee.ended_on else None
        row = _post(world, committee, who, role, current["starts_on"], committee.ended_on, ended)
        committee.members.append((who, row))
    if story.waiting and story.terms > 1:
        for who, row in committee.members:
            _post(world, committee, who, CommitteeRole[row["role"]], committee.terms[-1]["starts_on"])
    _former(world, committee, first)
    _guest(world, committee, current["starts_on"])


def _role(i: int, size: int, elected: int) -> CommitteeRole:
    if i == 0:
        return CommitteeRole.DIRECTOR
    if i == 1 and size >= 5:
        return CommitteeRole.DEPUTY_DIRECTOR
    return CommitteeRole.MEMBER if i < elected else CommitteeRole.ENGAGED


def _former(world: World, committee: Committee, term: dict[str, Any]) -> None:
    """Now and then somebody who left before the term was over."""
    start = term["starts_on"]
    if world.chance.random() > 0.06 or start > world.ago(200):
        return
    who = person(world, committee.place, committee.office, start, female=world.chance.random() < 0.4, left=True)
    reason = world.chance.choice((AppointmentEndReason.RESIGN, AppointmentEndReason.RESIGN, AppointmentEndReason.DISMISS))
    _post(world, committee, who, CommitteeRole.ENGAGED, start, start + dt.timedelta(days=150), reason)


def _guest(world: World, committee: Committee, since: dt.date) -> None:
    """Every twelfth committee, and the first of a district, engages somebody of an earlier one."""
    if committee.ended_on:
        return
    if world.guests and (world.count(f"guests/{committee.place.code[:6]}") - 1) % _GUEST_EVERY == 0:
        who = world.guests[0]
        _post(world, committee, who, CommitteeRole.ENGAGED, max(since, who.since), kind=MediatorKind.PART_TIME)
    # Whoever is full time serves in one committee only (BR-14).
    world.guests.extend([who for who, _ in committee.members if who.kind is not MediatorKind.FULL_TIME][:1])


def _post(
    world: World, committee: Committee, who: Person, role: CommitteeRole, start: dt.date, end: dt.date | None = None,
    reason: AppointmentEndReason | None = None, kind: MediatorKind | None = None,
) -> dict[str, Any]:  # fmt: skip
    kind = kind or who.kind
    paid = kind is MediatorKind.FULL_TIME
    basis = AppointmentBasis.ENGAGED if role is CommitteeRole.ENGAGED else AppointmentBasis.ELECTED
    return world.add(
        MediatorAppointment, committee.place, committee.office.id, moment(min(start, world.last), 11, 0),
        mediator_id=who.id, committee_id=committee.id, role=role.name, basis=basis.name, kind=kind.name, start_on=start,
        end_on=end, end_reason=reason and reason.name, version=2 if end else 1,
        contract_no=f"HT{start:%Y}{world.count('contract'):08d}" if paid else None,
        monthly_pay=decimal.Decimal(world.chance.randrange(3_200, 5_600, 100)).quantize(decimal.Decimal("0.01")) if paid else None,
        funding_source=FundingSource.FISCAL.name if paid else None,
    )  # fmt: skip
