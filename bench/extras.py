"""Figures beside the questions: growth with the size of the answer, and documents that nobody asked before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench import documents
from bench.data import Place
from bench.load import cpu_ms, load
from bench.servers import Make, Side
from bench.servers import documents as requests

SMALL, LARGE = 1_000, 10_000
_COLD = documents.Q3.replace("first: 20", "first: 1")


async def measure(place: Place, ours: Side, cursors: list[str]) -> list[dict[str, Any]]:
    """Each figure with what it is called, its value and its bar."""

    def pages(first: int) -> Make:
        def given(n: int) -> dict[str, Any]:
            return documents.q4(n, cursors, first)

        return requests(documents.Q4, place.readers[:1], given)

    small = await _cpu(place, ours, pages(SMALL), 30)
    large = await _cpu(place, ours, pages(LARGE), 8)
    cold = await _cpu(place, ours, _unheard(place), 40, database=False, warm=0)
    warm = await _cpu(place, ours, lambda n: requests(_COLD, place.readers, _streets(place))(n), 40, database=False)
    return [
        _figure(place, f"{LARGE:,} 个对象的 CPU / {SMALL:,} 个的", large / small, 10.0),
        _figure(place, "没见过的查询文本, 服务器 CPU ms", cold, 15.0),
        _figure(place, "同一查询再次执行, 服务器 CPU ms", warm, None),
    ]  # fmt: skip


def _figure(place: Place, what: str, value: float, bar: float | None) -> dict[str, Any]:
    return {"what": what, "database": place.kind, "value": float(f"{value:.3g}"), "bar": bar, "at_most": True}


def _streets(place: Place) -> Callable[[int], dict[str, Any]]:
    return lambda n: documents.q3(n, place.facts)


def _unheard(place: Place) -> Make:
    """Each request with a document of its own."""
    given = _streets(place)

    def make(n: int) -> bytes:
        return requests(_COLD.replace("query Q3", f"query Cold{n}"), place.readers, given)(n)

    return make


async def _cpu(place: Place, side: Side, make: Make, count: int, database: bool = True, warm: int = 6) -> float:
    """Milliseconds of CPU a request, one at a time."""
    if warm:
        await load(side.port, make, warm, 1)
    watched = [side.pid, place.postmaster if database else None]
    before = sum(map(cpu_ms, watched))
    await load(side.port, make, count, 1)
    return (sum(map(cpu_ms, watched)) - before) / count
