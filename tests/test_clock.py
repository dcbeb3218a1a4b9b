"""The clock of a run of tests: where it is put, and that it holds in every process."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys

import pytest
from time_machine import escape_hatch

from tests.clockwork.sitecustomize import CLOCK, PACE, SINCE, choose

ASKED = "import datetime, db.clock; print(datetime.datetime.now(datetime.UTC).isoformat(), db.clock.today())"


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("now", "chosen"),
    [
        ("2026-12-31T22:59:59+08:00", None),
        ("2026-12-31T23:00:00+08:00", "2026-12-31T23:00:00+08:00"),
        ("2026-12-31T15:59:59+00:00", "2026-12-31T23:59:59+08:00"),
        ("2026-12-31T16:00:00+00:00", None),
    ],
)
def test_a_run_that_would_pass_midnight_does_not(now: str, chosen: str | None) -> None:
    """The day of Shanghai is meant: in its last hour a run gets a clock that does not reach its end."""
    environment: dict[str, str] = {}
    choose(environment, moment(now))
    assert environment.get(CLOCK) == chosen


@pytest.mark.parametrize(
    ("given", "meant"),
    [("2028-02-29 23:59", "2028-02-29T23:59:00+08:00"), ("2027-01-01T00:15+00:00", "2027-01-01T00:15:00+00:00")],
)
def test_a_clock_that_is_asked_for_is_that_of_every_process(given: str, meant: str) -> None:
    """A process that is started 100 seconds after the run shows a hundredth of it: one second."""
    environment = {name: value for name, value in os.environ.items() if name not in (CLOCK, SINCE)}
    environment[CLOCK] = given
    # This run may itself have a clock of its own.
    real = (escape_hatch.datetime.datetime if escape_hatch.is_travelling() else dt.datetime).now(dt.UTC)
    choose(environment, real)
    noted = dict(environment)
    choose(environment, real)  # as a worker of pytest-xdist does
    assert environment == noted
    environment[SINCE] = str(float(environment[SINCE]) - 100)
    done = subprocess.run([sys.executable, "-c", ASKED], env=environment, capture_output=True, text=True, check=True)
    shown, day = done.stdout.split()
    late = moment(shown) - moment(meant)
    assert dt.timedelta(seconds=100 / PACE) <= late < dt.timedelta(seconds=30)
    assert day == str(moment(meant).astimezone(dt.timezone(dt.timedelta(hours=8))).date())


def test_what_is_no_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="isoformat"):
        choose({CLOCK: "tomorrow"}, dt.datetime.now(dt.UTC))
