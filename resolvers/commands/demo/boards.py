"""The people of a committee, term by term, so that BR-01 to BR-04 and BR-14 hold."""

from __future__ import annotations

import datetime as dt
import decimal
from dataclasses import dataclass, field
from typing import Any

from db.models.people.mediator import MediatorKind
from db.models.people.mediator_appointment import (
    AppointmentBasis,
    AppointmentEndReason,
    CommitteeRole,
    MediatorAppointment,
)
from db.models.register.mediation_committee import CommitteeStatus, CommitteeType, FilingStatus, FundingSource
from resolvers.commands.demo.people import Person, person
from resolvers.commands.demo.stories import Story
from resolvers.commands.demo.world import Office, Place, World, moment

# People per committee: 4.3 on average (DOMAIN 7.2), never fewer than the law wants.
_SIZES, _SHARES = (3, 4, 5, 6, 7, 8, 9), (36, 29, 17, 10, 5, 2, 1)
_GUEST_EVERY = 12
_LEFT_EARLY = (AppointmentEndReason.RESIGN, AppointmentEndReason.RESIGN, AppointmentEndReason.DISMISS)

Post = tuple[Person, dict[str, Any]]
"""A person with the row of the appointment."""


@dataclass
class Committee:
    """A committee of the load with what its filings and cases need to know."""

    row: dict[str, Any]
    type: CommitteeType
    place: Place
    office: Office
    story: Story
    host: dict[str, Any] | None
    terms: list[dict[str, Any]] = field(default_factory=list)
    boards: list[list[Post]] = field(default_factory=list)
    """The members of each term, directors first."""
    ended_on: dt.date | None = None
    """The day on which it was dissolved."""

    @property
    def id(self) -> str:
        """Its row key."""
        return str(self.row["id"])

    def status_is(self, status: CommitteeStatus, filing: FilingStatus) -> bool:
        """Whether it stands so, with members who are in office."""
        right = (self.row["status"], self.row["filing_status"]) == (status.name, filing.name)
        return right and not self.story.waiting


def appoint(world: World, committee: Committee) -> None:
    """Elect the members of every term, and engage others beside them."""
    chance = world.chance
    size = chance.choices(_SIZES, _SHARES)[0]
    elected = chance.randint(3, min(size, 7))
    women = [chance.random() < 0.38 for _ in range(size)]
    women[1] = women[1] or not any(women[:elected])
    since: dt.date = committee.terms[0]["starts_on"]
    board = [_join(world, committee, since, women[i], i) for i in range(elected)]
    roles = [_role(i, elected) for i in range(elected)]
    for number, term in enumerate(committee.terms):
        if number == 1 and not committee.story.waiting:
            # A second term that has begun has one new member.
            board = [*board[:-1], _join(world, committee, term["starts_on"], women[elected - 1], elected - 1)]
        committee.boards.append(_elect(world, committee, number, board, roles))
    for i in range(elected, size):
        _post(world, committee, _join(world, committee, since, women[i], i), CommitteeRole.ENGAGED, since)
    _former(world, committee, since)
    _guest(world, committee, committee.boards[0], since)


def _join(world: World, committee: Committee, since: dt.date, female: bool, i: int) -> Person:
    minority = i == 2 and committee.place.multi_ethnic
    return person(world, committee.place, committee.office, since, female=female, minority=minority)


def _role(i: int, elected: int) -> CommitteeRole:
    if i == 0:
        return CommitteeRole.DIRECTOR
    return CommitteeRole.DEPUTY_DIRECTOR if i == 1 and elected >= 5 else CommitteeRole.MEMBER


def _elect(
    world: World, committee: Committee, number: int, board: list[Person], roles: list[CommitteeRole]
) -> list[Post]:
    """The appointments of one term; they ended with it where another one has begun."""
    term = committee.terms[number]
    over = number + 1 < len(committee.terms) and not committee.story.waiting
    end, reason = (term["ends_on"], AppointmentEndReason.TERM_END) if over else (None, None)
    return [
        (who, _post(world, committee, who, role, term["starts_on"], end, reason))
        for who, role in zip(board, roles, strict=True)
    ]


def _former(world: World, committee: Committee, start: dt.date) -> None:
    """Now and then somebody who left before the term was over."""
    if world.chance.random() > 0.06 or start > world.ago(200):
        return
    who = person(world, committee.place, committee.office, start, female=world.chance.random() < 0.4, left=True)
    reason = world.chance.choice(_LEFT_EARLY)
    _post(world, committee, who, CommitteeRole.ENGAGED, start, start + dt.timedelta(days=150), reason)


def _guest(world: World, committee: Committee, board: list[Post], since: dt.date) -> None:
    """Every twelfth committee, and the first of a district, engages somebody of an earlier one."""
    if committee.ended_on:
        return
    if world.guests and (world.count(f"guests/{committee.place.code[:6]}") - 1) % _GUEST_EVERY == 0:
        who = world.guests[0]
        _post(world, committee, who, CommitteeRole.ENGAGED, max(since, who.since), kind=MediatorKind.PART_TIME)
    # Whoever is full time serves in one committee only (BR-14).
    world.guests.extend([who for who, _ in board if who.kind is not MediatorKind.FULL_TIME][:1])


def _post(
    world: World, committee: Committee, who: Person, role: CommitteeRole, start: dt.date, end: dt.date | None = None,
    reason: AppointmentEndReason | None = None, kind: MediatorKind | None = None,
) -> dict[str, Any]:  # fmt: skip
    if committee.ended_on and end is None:
        end, reason = committee.ended_on, AppointmentEndReason.COMMITTEE_DISSOLVED
    kind = kind or who.kind
    paid = kind is MediatorKind.FULL_TIME
    pay = decimal.Decimal(world.chance.randrange(3_200, 5_600, 100)).quantize(decimal.Decimal("0.01")) if paid else None
    basis = AppointmentBasis.ENGAGED if role is CommitteeRole.ENGAGED else AppointmentBasis.ELECTED
    return world.add(
        MediatorAppointment, committee.place, committee.office.id, moment(min(start, world.last), 11, 0),
        mediator_id=who.id, committee_id=committee.id, role=role.name, basis=basis.name, kind=kind.name, start_on=start,
        end_on=end, end_reason=reason and reason.name, version=2 if end else 1,
        contract_no=f"HT{start:%Y}{world.count('contract'):08d}" if paid else None, monthly_pay=pay,
        funding_source=FundingSource.FISCAL.name if paid else None,
    )  # fmt: skip
