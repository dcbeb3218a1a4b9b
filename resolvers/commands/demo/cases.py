"""Mediation cases: spread over the years, each as far along as its dates allow by yesterday."""

from __future__ import annotations

import datetime as dt
import decimal
from collections import Counter
from dataclasses import dataclass
from typing import Any

from db.models.cases.mediation_case import (
    CaseDifficulty,
    CaseOutcome,
    CaseSource,
    CaseState,
    ConfirmationState,
    EntryChannel,
    LitigationResult,
    MediationCase,
    PartiesRelation,
    QualityFlag,
    SubsidyState,
)
from db.models.register.mediation_committee import CommitteeStatus, CommitteeType
from resolvers.commands.demo.boards import Committee
from resolvers.commands.demo.disputes import TAGS, WITH_FIRMS, WITH_MONEY, dispute_type, words
from resolvers.commands.demo.names import short_place
from resolvers.commands.demo.units import District
from resolvers.commands.demo.world import Place, World, moment

_SERIES = MediationCase.case_no.info["facts"].series
_SOURCES = (
    CaseSource.PROACTIVE, CaseSource.ON_APPLICATION, CaseSource.COURT, CaseSource.POLICE, CaseSource.PETITION,
    CaseSource.OTHER_DEPT, CaseSource.PROCURATORATE,
)  # fmt: skip
_SOURCE_SHARES = (38, 42, 9, 6, 2, 2, 1)
_DIFFICULTIES, _DIFFICULTY_SHARES = tuple(CaseDifficulty), (55, 36, 8, 1)
_CHANNELS, _CHANNEL_SHARES = (EntryChannel.PC, EntryChannel.MOBILE, EntryChannel.API), (62, 35, 3)
_GIVEN_UP = (CaseOutcome.WITHDRAWN, CaseOutcome.REFUSED, CaseOutcome.RECONCILED)
_BUSY = {
    CommitteeType.INDUSTRY: 5, CommitteeType.PROFESSIONAL: 5, CommitteeType.SUBDISTRICT: 8, CommitteeType.TOWNSHIP: 8,
    CommitteeType.ENTERPRISE: 1,
}  # fmt: skip
_CONFIRMED = (
    (ConfirmationState.CONFIRMED, 0.05),
    (ConfirmationState.DISMISSED, 0.003),
    (ConfirmationState.WITHDRAWN, 0.002),
)
_LITIGATED = (
    (LitigationResult.UPHELD, 0.003),
    (LitigationResult.PAYMENT_ORDER, 0.002),
    (LitigationResult.CHANGED, 0.001),
)
_DECLINED = "同一纠纷已由公安机关受理，依法不予受理。"


@dataclass
class _Case:
    """A case while its life is told: what has happened, and in which state that leaves it."""

    registered: dt.date
    values: dict[str, Any]
    state: CaseState = CaseState.REGISTERED
    steps: int = 1

    def reach(self, day: dt.date, last: dt.date, state: CaseState, column: str | None = None) -> bool:
        """Take a step on `day`, unless that is still to come."""
        if day > last:
            return False
        self.state, self.steps = state, self.steps + 1
        if column:
            self.values[column] = day
        return True


def open_cases(world: World, district: District, committees: list[Committee], count: int) -> None:
    """`count` cases of a district in the order of their registration."""
    working = [c for c in committees if c.story.status is not CommitteeStatus.DISSOLVED]
    if not working:
        return
    chance, span = world.chance, (world.last - world.first).days
    drawn = chance.choices(range(len(working)), [_BUSY.get(c.type, 3) for c in working], k=count)
    times = sorted((chance.randint(0, span), chance.randrange(510, 1_050), index) for index in drawn)
    serials: Counter[tuple[int, int]] = Counter()
    for nth, (offset, minute, index) in enumerate(times):
        registered = world.first + dt.timedelta(days=offset)
        committee = working[index]
        serials[index, registered.year] += 1
        _open(world, district, committee, registered, minute, serials[index, registered.year], nth)
    for (index, year), used in serials.items():
        world.series[_SERIES.counter(_parts(working[index], year))] = used


def _parts(committee: Committee, year: int) -> dict[str, str]:
    """What a case's number is made of."""
    return {"committee.code": committee.row["code"], "year": str(year)}


def _open(
    world: World, district: District, committee: Committee, day: dt.date, minute: int, serial: int, nth: int
) -> None:
    chance = world.chance
    kind = dispute_type(chance, committee.type, committee.row["industry_domain"])
    source = chance.choices(_SOURCES, _SOURCE_SHARES)[0]
    difficulty = chance.choices(_DIFFICULTIES, _DIFFICULTY_SHARES)[0]
    title, summary, demand = words(chance, kind)
    place = _place(world, district, committee, nth)
    registered = moment(day, *divmod(minute, 60))
    entered = registered + dt.timedelta(minutes=chance.randrange(1, 40))
    values: dict[str, Any] = {
        "case_no": _SERIES.written(_parts(committee, day.year), serial), "title": title, "summary": summary,
        "committee_id": committee.id, "region_id": place.id,
        "place_text": f"{short_place(place.name)}{chance.randrange(1, 90)}幢附近",
        "dispute_type": kind.name, "source": source.name,
        "parties_relation": _relation(world, kind in WITH_FIRMS).name,
        "difficulty": difficulty.name, "applicant_demand": demand,
        "amount_claimed": _amount(world) if kind in WITH_MONEY else None,
        "headcount": 2 + min(int(chance.expovariate(0.9)), 60),
        "occurred_on": day - dt.timedelta(days=int(chance.expovariate(0.08))),
        "registered_at": registered, "entered_at": entered,
        "entry_channel": chance.choices(_CHANNELS, _CHANNEL_SHARES)[0].name, "public": chance.random() < 0.15,
        "is_major": difficulty is CaseDifficulty.MAJOR,
        "is_difficult": difficulty in (CaseDifficulty.DIFFICULT, CaseDifficulty.MAJOR),
        "focus_tags": [TAGS[kind].name] if kind in TAGS else None,
    }  # fmt: skip
    case = _Case(day, values)
    _live(world, case, source)
    _complete(world, case, entered)
    by = world.accounts["mediator" if nth % 2 else "committee"] if committee.id == world.own_committee else None
    values |= {"state": case.state.name, "version": case.steps}
    world.add(MediationCase, committee.place, committee.office.id, entered, by, **values)


def _live(world: World, case: _Case, source: CaseSource) -> None:
    """What became of a case, as far as yesterday."""
    chance, last, values = world.chance, world.last, case.values
    fate = chance.random()
    accepted = case.registered + dt.timedelta(days=chance.choice((0, 0, 1, 2)))
    if fate < 0.008:
        if case.reach(accepted, last, CaseState.NOT_ACCEPTED):
            values["outcome_note"] = _DECLINED
        return
    if not case.reach(accepted, last, CaseState.ACCEPTED, "accepted_on"):
        return
    met = accepted + dt.timedelta(days=chance.randint(0, 4))
    if fate < 0.016:
        if case.reach(met, last, CaseState.CLOSED, "closed_on"):
            values["concluded_on"], values["outcome"] = met, CaseOutcome.TRANSFERRED_OUT.name
        return
    if not case.reach(met, last, CaseState.MEDIATING, "first_session_on"):
        return
    ended = met + dt.timedelta(days=min(int(chance.expovariate(0.14)), 40))
    values["mediation_times"] = 1 + min(int(chance.expovariate(1.1)), 5)
    if ended > last:
        if chance.random() < 0.2:
            case.reach(met, last, CaseState.SUSPENDED)
        return
    _conclude(world, case, ended, fate, agrees=chance.random() < (0.5 if source is CaseSource.COURT else 0.98))


def _conclude(world: World, case: _Case, ended: dt.date, fate: float, *, agrees: bool) -> None:
    chance, last, values = world.chance, world.last, case.values
    values["concluded_on"] = ended
    if fate < 0.03:
        case.reach(ended, last, CaseState.TERMINATED)
        values["outcome"] = chance.choice(_GIVEN_UP).name
    elif not agrees:
        case.reach(ended, last, CaseState.FAILED)
        values["outcome"] = CaseOutcome.FAILED.name
    else:
        case.reach(ended, last, CaseState.AGREED)
        values["outcome"] = CaseOutcome.AGREED.name
        _perform(world, case, ended)
    if case.state in (CaseState.FAILED, CaseState.TERMINATED, CaseState.CLOSED) and chance.random() < 0.92:
        filed = (values.get("closed_on") or ended) + dt.timedelta(days=chance.randint(3, 30))
        if case.reach(filed, last, CaseState.ARCHIVED, "archived_on"):
            _review(world, case)


def _perform(world: World, case: _Case, ended: dt.date) -> None:
    """From the agreement to the closed case: at once, or after the obligations were met."""
    chance, last = world.chance, world.last
    if chance.random() < 0.6:
        case.reach(ended + dt.timedelta(days=chance.randint(0, 3)), last, CaseState.CLOSED, "closed_on")
    elif case.reach(ended + dt.timedelta(days=1), last, CaseState.PERFORMING):
        case.reach(ended + dt.timedelta(days=chance.randint(15, 90)), last, CaseState.CLOSED, "closed_on")
    case.values["confirmation_state"] = _rare(world, _CONFIRMED, ConfirmationState.NOT_APPLIED).name
    case.values["litigation_result"] = _rare(world, _LITIGATED, LitigationResult.NONE).name


def _review(world: World, case: _Case) -> None:
    """Subsidy and score of an archived file."""
    chance = world.chance
    if chance.random() < 0.6:
        case.values["subsidy_state"] = (SubsidyState.PAID if chance.random() < 0.9 else SubsidyState.SUBMITTED).name
    if chance.random() < 0.1:
        case.values["dossier_score"] = (
            decimal.Decimal(chance.randrange(600, 1_000)).scaleb(-1).quantize(decimal.Decimal("0.001"))
        )
    if chance.random() < 0.01:
        case.values["quality_flags"] = [chance.choice(tuple(QualityFlag)).name]


def _complete(world: World, case: _Case, entered: dt.datetime) -> None:
    """When the entry was complete: on time until the end of the month of conclusion (BR-20), or late."""
    values, chance = case.values, world.chance
    ended: dt.date | None = values.get("concluded_on")
    latest = moment(world.last, 23, 59)
    seen = [values[c] for c in ("accepted_on", "first_session_on", "closed_on", "archived_on") if values.get(c)]
    touched = moment(max([case.registered, *seen]), 18, 0)
    if ended is not None:
        month_end = dt.date(ended.year + ended.month // 12, ended.month % 12 + 1, 1) - dt.timedelta(days=1)
        late = chance.random() < 0.06
        done = month_end if late else min(month_end, ended + dt.timedelta(days=chance.choice((0, 0, 0, 1, 3))))
        at = moment(done + dt.timedelta(days=chance.randint(1, 12) if late else 0), 20, chance.randrange(60))
        values["entry_completed_at"] = at if at <= latest else None
        values["late_entry"] = late and at <= latest
        touched = max(touched, at) if at <= latest else touched
    values["updated_at"] = max(min(touched, latest), entered)


def _place(world: World, district: District, committee: Committee, nth: int) -> Place:
    """Where the dispute arose: mostly at home, sometimes in another street, now and then in another district."""
    if nth % 200 == 11:
        return district.elsewhere
    if nth % 40 == 7:
        return world.chance.choice(district.all_villages)
    inside = district.villages.get(committee.place.id)
    if inside:
        return world.chance.choice(inside)
    return world.chance.choice(district.all_villages) if committee.place.id == district.place.id else committee.place


def _relation(world: World, firms: bool) -> PartiesRelation:
    if not firms:
        return PartiesRelation.CITIZEN_CITIZEN
    return world.chance.choices(tuple(PartiesRelation), (25, 68, 7))[0]


def _amount(world: World) -> decimal.Decimal:
    yuan = min(int(world.chance.lognormvariate(9.2, 1.1)), 5_000_000)
    return decimal.Decimal(yuan // 100 * 100).quantize(decimal.Decimal("0.01"))


def _rare(world: World, members: Any, usual: Any) -> Any:
    draw = world.chance.random()
    for member, share in members:
        if draw < share:
            return member
        draw -= share
    return usual
