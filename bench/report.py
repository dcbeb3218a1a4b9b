"""The result as tables, each figure beside its bar; and the same tables in docs/speed.md, never written by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.questions import QUESTIONS

_BEGIN, _END = "<!-- bench: begin -->", "<!-- bench: end -->"
_ON_SQLITE = {"Q1": 5, "Q2": 15, "Q3": 15}
"""How many times the CPU of plain Strawberry must be ours on SQLite."""
PEERS = {"postgraphile": "PostGraphile", "mercurius": "Mercurius", "plain": "Strawberry"}


@dataclass(frozen=True)
class Figure:
    """A figure and the bar it is held against."""

    what: str
    value: float
    bar: float
    at_most: bool
    database: str

    @property
    def met(self) -> bool:
        """Whether the bar is met."""
        return self.value <= self.bar if self.at_most else self.value >= self.bar

    @property
    def cells(self) -> list[str]:
        """The figure as a line of the table."""
        sign = "≤" if self.at_most else "≥"
        return [self.what, self.database, f"{self.value:g}", f"{sign} {self.bar:g}", "达到" if self.met else "未达到"]

    @property
    def short(self) -> str:
        """The figure in a few words."""
        return f"{self.what}（{self.database}）{self.value:g}"


def judge(result: dict[str, Any]) -> list[Figure]:
    """Every figure that has a bar."""
    rows = {(row["query"], row["database"]): row for row in result["rows"]}
    found = [figure for row in result["rows"] for figure in _of_row(row)]
    if {("Q5", "postgresql"), ("Q5r", "postgresql")} <= rows.keys():
        value = rows["Q5", "postgresql"]["cpu_ms"] / rows["Q5r", "postgresql"]["cpu_ms"]
        found.append(Figure("Q5 由行汇总的 CPU / 由汇总表", float(f"{value:.3g}"), 3.5, False, "postgresql"))
    peaks = [
        (row["peak_mb"], row["peers"]["postgraphile"]["peak_mb"])
        for row in result["rows"]
        if "postgraphile" in row["peers"]
    ]
    if peaks:
        value = max(ours for ours, _ in peaks) / max(theirs for _, theirs in peaks)
        found.append(Figure("内存峰值 / PostGraphile", float(f"{value:.2g}"), 0.6, True, "postgresql"))
    return found + [Figure(**one) for one in result["more"] if one.get("bar") is not None]


def _of_row(row: dict[str, Any]) -> Iterator[Figure]:
    question = next(question for question in QUESTIONS if question.name == row["query"])
    kind, peers = row["database"], row["peers"]
    if kind == "postgresql":
        if question.bar is not None:
            yield Figure(f"{question.name} CPU / 直接 SQL", row["ratio_to_limit"], question.bar, True, kind)
        for name, bar in (("postgraphile", question.postgraphile), ("plain", question.plain)):
            if bar is not None and name in peers:
                yield Figure(f"{question.name} 吞吐 / {PEERS[name]}", peers[name]["rps_ratio"], bar, False, kind)
    elif "plain" in peers and (least := _ON_SQLITE.get(question.name)):
        value = float(f"{1 / peers['plain']['cpu_ratio']:.3g}")
        yield Figure(f"{question.name} {PEERS['plain']} 的 CPU / 本系统", value, least, False, kind)


def line(row: dict[str, Any]) -> str:
    """One row as it is measured."""
    peers = "".join(
        f", {PEERS[name]} {peer['cpu_ms']:g} ms {peer['rps_ratio']:g} 倍" for name, peer in row["peers"].items()
    )
    return (
        f"{row['query']} {row['database']}: {row['cpu_ms']:g} ms (服务器 {row['ours']['server_cpu_ms']:g}), "
        f"直接 SQL {row['limit_cpu_ms']:g} ms (服务器 {row['limit']['server_cpu_ms']:g}), "
        f"CPU {row['ratio_to_limit']:g} 倍{peers}"
    )


def _main(result: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    names = [name for name in PEERS if any(name in row["peers"] for row in result["rows"])]
    head = ["查询", "数据库", "请求/秒", "p50 / p99", "CPU", "直接 SQL", "倍数", "c=1"]
    head += [PEERS[name] for name in names]
    return head, [list(_cells(row, names)) for row in result["rows"]]


def _cells(row: dict[str, Any], names: list[str]) -> Iterator[str]:
    yield from (row["query"], row["database"], f"{row['rps']:g}")
    yield f"{row['ours']['p50_ms']:g} / {row['ours']['p99_ms']:g}"
    for name in ("ours", "limit"):
        yield f"{row[name]['server_cpu_ms']:g} + {row[name]['database_cpu_ms']:g}"
    yield from (f"{row['ratio_to_limit']:g}", f"{row['c1']['cpu_ratio']:g}")
    for name in names:
        peer = row["peers"].get(name)
        yield f"{peer['rps_ratio']:g}× ({peer['cpu_ms']:g})" if peer else "–"


_LEGEND = (
    "16 个连接；CPU：每次请求的毫秒数，服务器 + 数据库；倍数：与直接 SQL 的 CPU 之比；"
    "对照系统：本系统的吞吐是它的几倍（它的 CPU 毫秒数）"
)
_HEAD = ["指标", "数据库", "测得", "要求", ""]


def show(judged: list[Figure], result: dict[str, Any]) -> None:
    """Print both tables."""
    console = Console()
    head, rows = _main(result)
    for title, columns, lines in (
        (_LEGEND, head, rows),
        ("指标", _HEAD, [figure.cells for figure in judged]),
    ):
        table = Table(title=title)
        for i, column in enumerate(columns):
            table.add_column(column, justify="left" if i < 2 else "right", overflow="fold")
        for cells in lines:
            table.add_row(*cells)
        console.print(table)
    for one in result["more"]:
        if one.get("bar") is None:
            console.print(f"{one['what']} ({one['database']}): {one['value']:g}")


def write(judged: list[Figure], result: dict[str, Any], path: Path) -> None:
    """Put the tables between the marks of the page."""
    head, rows = _main(result)
    parts = [
        f"机器：{result['machine']}；{result['rounds']} 轮。{_LEGEND}。", _markdown(head, rows),
        _markdown(_HEAD, [figure.cells for figure in judged]),
    ]  # fmt: skip
    text = path.read_text(encoding="utf-8")
    found = re.compile(f"{_BEGIN}.*?{_END}", re.DOTALL)
    made = "\n\n".join(parts)
    path.write_text(found.sub(lambda _: f"{_BEGIN}\n{made}\n{_END}", text), encoding="utf-8")


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
