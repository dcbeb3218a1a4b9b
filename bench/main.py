"""``./run bench``: our server beside the limit, and with `peers` beside others, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from bench import extras, report
from bench.cluster import SETTINGS
from bench.data import Place, postgres_place, sqlite_place
from bench.documents import CURSOR
from bench.load import load
from bench.profile import Unanswered, profile
from bench.questions import QUESTIONS
from bench.rounds import compare
from bench.servers import Side, documents, limit, ours
from settings import ROOT

SIZES = {"1m": 1_000_000, "10m": 10_000_000}
SQLITE_CASES = 100_000
PAGE = 5_000
REPORTS = ("Q5", "Q5r", "Q5c")


@dataclass(frozen=True)
class Options:
    """What is measured."""

    databases: tuple[str, ...] = ("postgresql", "sqlite")
    questions: tuple[str, ...] = tuple(question.name for question in QUESTIONS)
    rounds: int = 3
    peers: bool = False
    scale: str = "1m"
    fresh: bool = False
    postgres: str | None = None
    """The URL of an empty PostgreSQL database; without one the bench runs a server of its own."""
    extras: bool = True
    """Whether the figures beside the questions are measured too."""

    @classmethod
    def of(cls, database: str, query: str, **more: Any) -> Options:
        """What the command line says. Raises ValueError."""
        databases = {"both": cls.databases, "postgresql": ("postgresql",), "sqlite": ("sqlite",)}
        if database not in databases:
            raise ValueError(f"没有数据库 {database}；可选 {' | '.join(databases)}")
        if more["scale"] not in SIZES:
            raise ValueError(f"没有 {more['scale']} 这个规模；可选 {' | '.join(SIZES)}")
        if more["scale"] != "1m":  # what grows with the number of cases
            return cls(("postgresql",), questions_named(query.split(",") if query else REPORTS), extras=False, **more)
        return cls(databases[database], questions_named(query.split(",")) if query else cls.questions, **more)


def measure(options: Options, path: Path | None = None, docs: bool = False) -> str:
    """Measure, print the tables, write the result to `path` and into docs/speed.md; a closing sentence."""
    result: dict[str, Any] = {"machine": machine(), "settings": SETTINGS, "rounds": options.rounds}
    result |= {"rows": [], "more": []}
    for kind in options.databases:
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(_place(kind, options))
            rows, more = _measured(place, options, stack)
            result["rows"] += rows
            result["more"] += more
    judged = report.judge(result)
    report.show(judged, result)
    if path is not None:
        path.write_text(json.dumps(result, ensure_ascii=False, indent=2), encoding="utf-8")
    if docs:
        report.write(judged, result, ROOT / "docs" / "speed.md")
    missed = [figure for figure in judged if not figure.met]
    return f"测完 {len(result['rows'])} 项，{len(judged)} 个指标中 {len(judged) - len(missed)} 个达到" + (
        f"，未达到：{'、'.join(figure.short for figure in missed)}" if missed else ""
    )


def show_profile(options: Options, name: str) -> str:
    """Where the server's CPU goes for one question, on the first of the databases."""
    (wanted,) = questions_named([name])
    question = next(question for question in QUESTIONS if question.name == wanted)
    with _place(options.databases[0], options) as place, asyncio.Runner(loop_factory=_loop) as runner:
        try:
            return runner.run(profile(place, question))
        except Unanswered as problem:
            raise SystemExit(str(problem)) from None


def machine() -> str:
    """What the figures were taken on."""
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _place(kind: str, options: Options) -> contextlib.AbstractContextManager[Place]:
    if kind == "sqlite":
        return sqlite_place(SQLITE_CASES, fresh=options.fresh)
    return postgres_place(SIZES[options.scale], given=options.postgres, fresh=options.fresh)


def _measured(place: Place, options: Options, stack: contextlib.ExitStack) -> tuple[list[Any], list[Any]]:
    cursors: list[str] = []
    sides = [stack.enter_context(ours(place, cursors)), stack.enter_context(limit(place))]
    if options.peers:
        from bench.peers import peers

        sides += stack.enter_context(peers(place))
    with asyncio.Runner(loop_factory=_loop) as runner:
        cursors += runner.run(page_cursors(place, sides[0]))
        rows = [
            _told(runner.run(compare(place.kind, question, sides, place.postmaster, options.rounds)))
            for question in QUESTIONS
            if question.name in options.questions
        ]
        more = runner.run(extras.measure(place, sides[0], cursors)) if options.extras else []
    return rows, more


def _loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()


def _told(row: dict[str, Any]) -> dict[str, Any]:
    print(report.line(row), flush=True)
    return row


async def page_cursors(place: Place, side: Side) -> list[str]:
    """Where the pages of cases end, as our server says it; one for each of ``Facts.cases``."""
    cursors = []
    for i in range(len(place.facts.cases)):
        # One account asks for them all, and one only may use them.
        make = documents(CURSOR, place.readers[:1], functools.partial(_last_of, i))
        found = orjson.loads((await load(side.port, make, 1, 1)).first)
        cursors.append(found["data"]["mediationCases"]["edges"][0]["cursor"])
    return cursors


def _last_of(page: int, _n: int) -> dict[str, Any]:
    return {"offset": (page + 1) * PAGE - 1}


def questions_named(names: Sequence[str]) -> tuple[str, ...]:
    """The questions of a list of names; raises ValueError for one that is none."""
    known = {question.name.lower(): question.name for question in QUESTIONS}
    unknown = [name for name in names if name.lower() not in known]
    if unknown:
        raise ValueError(f"没有 {'、'.join(unknown)}；可选 {'、'.join(known.values())}")
    return tuple(known[name.lower()] for name in names)
