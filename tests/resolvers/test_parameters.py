"""Dated parameters: the value of the event's day, of the nearest region upward; entered by who owns the region."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from db.clock import today
from db.models.system.parameter import PARAMETERS, ParameterKey
from db.registry import registry
from permissions.viewer import SERVER
from resolvers.commands.parameters import param
from resolvers.commands.work import Work
from resolvers.faults import Denied, Refused
from tests.databases import WITH_WALL
from tests.resolvers.town import PATHS, Town, code_of, committee

KINDS = WITH_WALL
DAY = dt.date.fromisoformat


async def say(town: Town, login: str, place: str, value: str, since: str, **more: Any) -> str:
    """A parameter of a region: how many months a term lasts, unless another key is given."""
    data = {"region": {"code": code_of(place)}, "key": "TERM_MONTHS", "value": value, "validFrom": since, **more}
    return await town.create(login, "Parameter", data)


async def asked(town: Town, place: str, on: str, by: str | None = None, key: str = "TERM_MONTHS") -> int:
    def ask(connection: sa.Connection) -> int:
        work = Work(connection, registry(), SERVER, town.database.settings)
        return param(work, ParameterKey[key], PATHS[place], DAY(on), by)

    return await town.database.look(ask)


async def refused(town: Town, *given: Any, **more: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        await say(town, *given, **more)
    return [(".".join(map(str, fault.path)), fault.code) for fault in caught.value.faults]


def test_every_parameter_is_defined_and_its_default_is_within_its_bounds() -> None:
    assert PARAMETERS.keys() == set(ParameterKey)
    assert all(said.low <= said.default <= said.high for said in PARAMETERS.values())


async def test_the_nearest_region_upward_wins_on_the_day_of_the_event(town: Town) -> None:
    """By hand: the province says 60 for villages from 2018-12-29 (the law), the district 48 for all from 2022."""
    await say(town, "province", "province", "60", "2018-12-29", qualifier="VILLAGE")
    await say(town, "district", "district", "48", "2022-01-01", validTo="2023-12-31")
    await say(town, "district", "district", "24", "2022-01-01", qualifier="ENTERPRISE")

    assert await asked(town, "village1", "2017-06-01", "VILLAGE") == 36  # nobody said anything yet: the default
    assert await asked(town, "village1", "2018-12-29", "VILLAGE") == 60
    assert await asked(town, "village1", "2021-06-01", "VILLAGE") == 60
    assert await asked(town, "village1", "2021-06-01", "COMMUNITY") == 36
    assert await asked(town, "village1", "2022-01-01", "VILLAGE") == 48  # the district is nearer
    assert await asked(town, "village1", "2022-01-01", "ENTERPRISE") == 24  # in one region its own kind comes first
    assert await asked(town, "village1", "2023-12-31", "VILLAGE") == 48
    assert await asked(town, "village1", "2024-01-01", "VILLAGE") == 60
    assert await asked(town, "village4", "2022-01-01", "VILLAGE") == 60  # another district
    assert await asked(town, "village1", "2022-01-01", key="FILING_DAYS") == 30


async def test_a_term_begun_under_one_value_keeps_it(town: Town) -> None:
    """A village's term of 2017-06-01 lasts 36 months, of 2021-06-01 60: to 2026-05-31 (BREADTH M-18)."""
    await say(town, "province", "province", "60", "2018-12-29", qualifier="VILLAGE")
    ends = []
    for place, since in (("village1", "2017-06-01"), ("village2", "2021-06-01")):
        key = await town.create("office", "MediationCommittee", committee(place, establishedOn=since))
        await town.term(key, startsOn=since, electionOn=since)
        [term] = await town.rows("CommitteeTerm", committee_id=key)
        ends.append(str(term["ends_on"]))
    assert ends == ["2020-05-31", "2026-05-31"]


async def test_a_filing_is_judged_and_falls_due_by_the_parameters_of_its_place(town: Town) -> None:
    """The committee's term has the default's 36 months: under a parameter of 60 it breaks BR-05; with 45 days for a
    filing it is due 45 days after its event."""
    key = await town.complete()
    since = str(today() - dt.timedelta(days=400))
    await say(town, "district", "district", "45", since, key="FILING_DAYS")
    parameter = await say(town, "province", "province", "60", since)
    filing = await town.filing(key)
    with pytest.raises(Refused) as caught:
        await town.take("office", filing, "submit")
    assert [(fault.code, fault.zh) for fault in caught.value.faults] == [("BR-05", "任期应为 60 个月（BR-05）。")]

    await town.update("province", "Parameter", parameter, {"value": "36"})
    await town.take("office", filing, "submit")
    assert (await town.row("CommitteeFiling", filing))["due_on"] == today() + dt.timedelta(days=45)


async def test_one_region_has_one_value_a_day(town: Town) -> None:
    await say(town, "district", "district", "48", "2020-01-01", validTo="2020-12-31")
    await say(town, "district", "district", "60", "2021-01-01")
    await say(town, "district", "district", "24", "2020-06-01", qualifier="ENTERPRISE")  # of another kind
    await say(town, "other", "district4", "24", "2020-06-01")  # of another region
    await say(town, "district", "district", "20", "2020-06-01", key="FILING_DAYS")  # of another name

    overlaps = [("validFrom", "CONFLICT")]
    assert await refused(town, "district", "district", "30", "2020-12-31") == overlaps
    assert await refused(town, "district", "district", "30", "2019-01-01", validTo="2020-01-01") == overlaps
    assert await refused(town, "district", "district", "30", "2199-01-01") == overlaps
    await say(town, "district", "district", "30", "2019-01-01", validTo="2019-12-31")


async def test_of_two_that_are_entered_at_once_one_is_refused(town: Town) -> None:
    both = (
        say(town, "district", "district", "48", "2020-01-01"),
        say(town, "district2", "district", "60", "2021-01-01"),
    )
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(each).__name__ for each in done) == ["Refused", "str"]
    assert len(await town.rows("Parameter")) == 1


@pytest.mark.parametrize(
    ("value", "more", "fault"),
    [
        ("0", {}, ("value", "RANGE")), ("121", {}, ("value", "RANGE")), ("36.5", {}, ("value", "RANGE")),
        ("三十六", {}, ("value", "RANGE")), ("-1", {}, ("value", "RANGE")), ("٣٦", {}, ("value", "RANGE")),
        ("36", {"qualifier": "DRAGON"}, ("qualifier", "RANGE")),
        ("36", {"qualifier": "VILLAGE", "key": "FILING_DAYS"}, ("qualifier", "RANGE")),
        ("36", {"validTo": "2019-12-31"}, ("validTo", "RANGE")),
    ],
)  # fmt: skip
async def test_what_is_not_of_the_definition_is_refused(
    town: Town, value: str, more: dict[str, Any], fault: tuple[str, str]
) -> None:
    assert await refused(town, "district", "district", value, "2020-01-01", **more) == [fault]


async def test_who_owns_the_region_says_it_and_all_below_may_read_it(town: Town) -> None:
    key = await say(town, "province", "province", "60", "2018-12-29")
    days = {"validTo": "2010-12-31"}
    for login, place, code in (
        ("city", "province", "RANGE"), ("district", "city", "RANGE"), ("other", "district", "NOT_FOUND"),
    ):  # fmt: skip
        assert await refused(town, login, place, "30", "2010-01-01", **days) == [("region", code)], login
    for login in ("office", "auditor", "sysadmin"):
        with pytest.raises(Denied):
            await say(town, login, "district", "30", "2020-01-01")
    for login in ("city", "district", "office", "other"):
        with pytest.raises((Denied, Refused)):
            await town.update(login, "Parameter", key, {"value": "36"})
