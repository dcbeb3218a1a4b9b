"""Measuring: the same answers first, then slices of the sides in turn, round after round, and medians of pairs."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import orjson

from bench.load import Slice, cpu_ms, forget_peak, load, peak_mb
from bench.questions import Question
from bench.servers import Side

CONNECTIONS = (1, 16)
_MOMENT = re.compile(rb'"dataAsOf":"[^"]*"')
_ID = re.compile(r"(?:[a-z]{2}_)?([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12})")


@dataclass
class Taken:
    """What the slices of one side took, one entry a round."""

    rps: list[float] = field(default_factory=list)
    server: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)

    @property
    def cpu(self) -> list[float]:
        """Milliseconds a request, server and database together."""
        return [a + b for a, b in zip(self.server, self.database, strict=True)]

    def add(self, found: Slice, count: int, server: float, database: float) -> None:
        """Take down a slice of `count` requests with the CPU it used, ms."""
        self.rps.append(count / found.seconds)
        self.server.append(server / count)
        self.database.append(database / count)
        self.p50.append(found.percentile(0.5))
        self.p99.append(found.percentile(0.99))

    def told(self) -> dict[str, float]:
        """The medians."""
        return {
            "rps": _rounded(statistics.median(self.rps)), "cpu_ms": _rounded(statistics.median(self.cpu)),
            "server_cpu_ms": _rounded(statistics.median(self.server)),
            "database_cpu_ms": _rounded(statistics.median(self.database)),
            "p50_ms": _rounded(statistics.median(self.p50)), "p99_ms": _rounded(statistics.median(self.p99)),
        }  # fmt: skip


def _rounded(value: float) -> float:
    return float(f"{value:.3g}") if value < 1000 else round(value)


def paired(ours: Sequence[float], others: Sequence[float]) -> float:
    """The median of the ratios of what was measured in the same round."""
    return _rounded(statistics.median(a / b for a, b in zip(ours, others, strict=True)))


async def compare(
    kind: str, question: Question, sides: Sequence[Side], postmaster: int | None, rounds: int
) -> dict[str, Any]:
    """The row of one question: ours and the limit come first among the sides."""
    asked = [(side, make) for side in sides if (make := side.ask(question)) is not None]
    size = await _same(kind, question, asked)
    taken = {(side.name, c): Taken() for side, _ in asked for c in CONNECTIONS}
    peaks: dict[str, float] = {}
    for side, _ in asked:
        forget_peak(side.pid)
    for number in range(-1, rounds):  # the first round warms up: statements, plans, compilers at run time
        for connections in CONNECTIONS:
            for side, make in asked if number % 2 == 0 else asked[::-1]:
                count = question.requests(connections, side.name)
                server, database = cpu_ms(side.pid), cpu_ms(postmaster)
                found = await load(side.port, make, count, connections)
                if number >= 0:
                    used = cpu_ms(side.pid) - server, cpu_ms(postmaster) - database
                    taken[side.name, connections].add(found, count, *used)
    for side, _ in asked:
        peaks[side.name] = _rounded(peak_mb(side.pid))
    return _row(kind, question, [side.name for side, _ in asked], taken, peaks, size)


def _row(
    kind: str, question: Question, names: list[str], taken: dict[tuple[str, int], Taken], peaks: dict[str, float],
    size: int,
) -> dict[str, Any]:  # fmt: skip
    """One row of the result, by the contract: the figures are those at 16 connections, ``c1`` those at one."""
    low, high = CONNECTIONS

    def against(name: str, c: int) -> dict[str, float]:
        mine, other = taken["ours", c], taken[name, c]
        return {"rps_ratio": paired(mine.rps, other.rps), "cpu_ratio": paired(mine.cpu, other.cpu)}

    ours, limit = taken["ours", high].told(), taken["limit", high].told()
    return {
        "query": question.name, "title": question.title, "database": kind, "bytes": size,
        "rps": ours["rps"], "limit_rps": limit["rps"], "ratio_to_limit": against("limit", high)["cpu_ratio"],
        "cpu_ms": ours["cpu_ms"], "limit_cpu_ms": limit["cpu_ms"],
        "rps_ratio_to_limit": against("limit", high)["rps_ratio"], "peak_mb": peaks["ours"], "ours": ours,
        "limit": limit,
        "c1": {
            "ours": taken["ours", low].told(), "limit": taken["limit", low].told(), **against("limit", low),
        },
        "peers": {
            name: {
                **taken[name, high].told(), **against(name, high), "peak_mb": peaks[name],
                "c1": {**taken[name, low].told(), **against(name, low)},
            }
            for name in names
            if name not in ("ours", "limit")
        },
    }  # fmt: skip


# --- the same answers ------------------------------------------------------------------------------------------------


async def _same(kind: str, question: Question, asked: Sequence[tuple[Side, Any]]) -> int:
    """The size of the answer; ends the program where two sides do not say the same."""
    answers = {}
    for side, make in asked:
        # The second one is what the short way says.
        answers[side.name] = [(await load(side.port, make, 1, 1)).first for _ in range(2)]
    ours = answers["ours"][-1]
    for name, found in answers.items():
        check = exact if name == "limit" and question.name != "Q6" else leaves
        if check(found[-1]) != check(ours):
            raise SystemExit(
                f"{question.name} ({kind}): {name} 的答复与本系统不同\n{ours[:700]!r}\n{found[-1][:700]!r}"
            )
    return len(ours)


def exact(body: bytes) -> bytes:
    """The bytes of an answer, but for the moment a report was read at."""
    return _MOMENT.sub(b"", body)


def leaves(body: bytes) -> list[Any]:
    """The values of an answer in their order, whatever holds them; what each creation makes anew is left out."""
    found = list(_leaves(orjson.loads(body)["data"]))
    return found[2:] if b'"REGISTERED"' in body else found


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, str) and (found := _ID.fullmatch(value)):
        yield found[1]
    elif isinstance(value, float):
        yield str(Decimal(str(value)))
    else:
        yield value
