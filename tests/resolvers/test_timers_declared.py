"""A timer that is declared and not done, or done and not declared, stops the start; so does one of no calendar."""

from __future__ import annotations

import pytest

from db.entity_info import EntityInfo
from db.facts import Timer
from db.mistakes import ModelMistake
from resolvers.acting import Acts, _check
from resolvers.commands.clock import Clock
from tests.schema.test_model_mistakes import book, entity, read


def act(clock: Clock) -> None:
    """Nothing."""


def info(*timers: Timer) -> EntityInfo:
    return read([book(__entity__=entity(timers=timers))])["Book"]


def test_a_timer_that_nobody_does_stops_the_start() -> None:
    with pytest.raises(ModelMistake, match=r"the timer 'open' is declared and done nowhere"):
        _check(info(Timer("open", "day")), Acts())


def test_a_timer_that_nobody_declares_stops_the_start() -> None:
    with pytest.raises(ModelMistake, match=r"the timer 'close' is declared by no model"):
        _check(info(Timer("open", "day")), Acts(timers={"open": act, "close": act}))


@pytest.mark.parametrize(
    ("timer", "said"),
    [
        (Timer("open", "fortnight"), r"every='fortnight' is none of day, week"),  # type: ignore[arg-type]
        (Timer("open", "day", at="24:00"), r"at='24:00' is no time such as 02:00"),
        (Timer("open", "day", at="2:00"), r"at='2:00' is no time such as 02:00"),
    ],
)
def test_a_timer_of_no_calendar_stops_the_start(timer: Timer, said: str) -> None:
    with pytest.raises(ModelMistake, match=said):
        _check(info(timer), Acts(timers={"open": act}))


def test_what_is_declared_and_done_may_start() -> None:
    _check(info(Timer("open", "half-month")), Acts(timers={"open": act}))
