"""A trial of the form: a report per committee and half month, opened by the clock; a model and its acts, no more.

The two files are put into a copy of the checkout, where a model with a life of its own belongs.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from settings import ROOT
from tests.databases import KINDS as BOTH
from tests.resolvers.town import Town

KINDS = BOTH
TRIALS = Path(__file__).parent / "trials"
PROGRAM = """
import asyncio, datetime as dt, json, os, sys
import sqlalchemy as sa
import schema.build
from db.engine import Database
from db.history import shadow_of
from db.registry import registry
from permissions.accounts import load_viewer
from resolvers.services import make_services
from settings import get_settings

async def main():
    url, clerk, *moments = sys.argv[1:]
    entities = registry()
    database = Database(get_settings().model_copy(update={"database_url": url}))
    services = make_services(database.settings, database, entities)
    report = entities["Report"].table
    def make(connection):
        for table in (report, shadow_of(report)):
            table.create(connection)
    await database.write(make)
    services.jobs.jobs = [job for job in services.jobs.jobs if job.name == "Report.open"]
    async def rows():
        stored = sa.select(report).order_by(report.c.id)
        return await database.look(lambda c: [dict(row) for row in c.execute(stored).mappings()])
    told = {"done": [], "rows": []}
    for moment in moments:
        told["done"].append(await services.jobs.round(dt.datetime.fromisoformat(moment)))
        shown = ("committee_id", "period", "due_on", "state", "content")
        told["rows"].append([[row[name] and str(row[name]) for name in shown] for row in await rows()])
    viewer = await database.look(lambda c: load_viewer(c, clerk, None))
    first = (await rows())[0]["id"]
    await services.commands.take(viewer, "Report", {"id": f"rt_{first}"}, "confirmZero", None)
    said = next(r for r in await rows() if r["id"] == first)
    told["said"] = [said["state"], said["content"], said["submitted_by_id"], said["created_by_id"]]
    told["fields"] = sorted(n for n in schema.build.build_schema(entities).core.mutation_type.fields if "eport" in n)
    await database.stop()
    print(json.dumps(told))

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout with the two files at their places."""
    place = tmp_path_factory.mktemp("trial")
    for package in ("db", "permissions", "resolvers", "schema"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "settings.py", place)
    for layer, file in (("db/models", "report_model.py"), ("resolvers/acts", "report_acts.py")):
        area = place / layer / "reporting"
        area.mkdir()
        (area / "__init__.py").touch()
        shutil.copy(TRIALS / file, area / "report.py")
    return place


def program(copy: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(
        command, cwd=copy, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(copy)}
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_the_clock_opens_a_report_per_committee_and_half_month_and_says_nothing_in_it(
    town: Town, copy: Path
) -> None:
    """By hand: committee A is of 10 January, B of 10 February. On 2 February A's first half is opened. The server is
    away until 17 March: then the second half of February and both of March are opened for A and B, each once, due two
    days after its end. A zero report is said by a person, and by nobody else."""
    a = await town.found(establishedOn=dt.date(2026, 1, 10))
    b = await town.found("office", "village2", establishedOn=dt.date(2026, 2, 10))
    clerk = town.keys[f"@{await town.clerk(a)}"]
    url = town.database.url.render_as_string(hide_password=False)
    moments = [f"{day}T08:00:00+08:00" for day in ("2026-02-02", "2026-02-03", "2026-03-17", "2026-03-17")]

    told = program(copy, url, clerk, *moments)

    first = [[a, "2026-02-1", "2026-02-17", "OPEN", None]]
    due = {"2026-02-2": "2026-03-02", "2026-03-1": "2026-03-17", "2026-03-2": "2026-04-02"}
    later = [[each, period, day, "OPEN", None] for period, day in due.items() for each in (a, b)]
    assert told["done"] == [1, 0, 3, 0]
    assert told["rows"] == [first, first, first + later, first + later]
    assert told["said"] == ["SUBMITTED", "ZERO", clerk, None]
    assert {"acceptReport", "confirmZeroReport", "returnReport", "submitReport"} <= set(told["fields"])


def test_the_trial_is_two_files_of_150_lines_together() -> None:
    assert sum(len(file.read_text().splitlines()) for file in TRIALS.glob("report_*.py")) <= 150
