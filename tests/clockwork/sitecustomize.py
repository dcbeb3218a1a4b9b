"""The clock of a run: FENGQIAO_TEST_CLOCK puts it to another moment, and no run passes midnight in Shanghai.

    FENGQIAO_TEST_CLOCK='2028-02-29 23:59' ./run test        a moment of Shanghai, or one with its own offset

Test data hang on the day they were made on, so the day must not end meanwhile: from its moment this clock goes at a
hundredth of the real one's pace, and a run that begins in the last hour before midnight gets it by itself. Patience
(``time.monotonic``) is not touched. Every Python process that a test starts has the same clock: its folder is on their
PYTHONPATH, and Python imports a module of this name before anything else. PostgreSQL and Chromium keep the real one.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import MutableMapping
from pathlib import Path

CLOCK, SINCE = "FENGQIAO_TEST_CLOCK", "FENGQIAO_TEST_CLOCK_SINCE"
SHANGHAI = dt.timezone(dt.timedelta(hours=8))  # not db.clock's: nothing of the product may be imported so early
PACE = 100
LONGEST = dt.timedelta(hours=1)
"""How long a run may take."""


def choose(environment: MutableMapping[str, str], now: dt.datetime) -> None:
    """Notes in the environment of a run that begins `now` which clock it and what it starts have; none: the real one.

    Raises ValueError for a moment that is none.
    """
    now = now.astimezone(SHANGHAI)
    if CLOCK not in environment and (now + LONGEST).date() > now.date():
        environment[CLOCK] = now.isoformat()
    if CLOCK in environment and SINCE not in environment:
        moment = dt.datetime.fromisoformat(environment[CLOCK])
        environment[CLOCK] = (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).isoformat()
        environment[SINCE] = str(now.timestamp())
        paths = [str(Path(__file__).parent), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))


def start() -> None:
    """This process has the clock that its environment notes."""
    if SINCE not in os.environ:
        return
    try:
        import time_machine
    except ImportError:  # an environment without the test tools, which a test made
        return
    if time_machine.escape_hatch.is_travelling():
        return
    begun, since = dt.datetime.fromisoformat(os.environ[CLOCK]), float(os.environ[SINCE])

    class Slow(time_machine.Traveller):
        def time_ns(self) -> int:
            real = time_machine.escape_hatch.time.time()
            return int((begun.timestamp() + (real - since) / PACE) * 1_000_000_000)

    time_machine.travel(begun, tick=False).start().__class__ = Slow


if __name__ == "sitecustomize":
    start()
