"""``./run bench``: our server and the limit side by side on both databases, in interleaved slices.

CPU per request is the figure that neighbours on the machine cannot inflate; ratios are medians over rounds of pairs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from rich.console import Console
from rich.table import Table

from bench.load import cpu_ms, load, post
from bench.queries import QUESTIONS, Question
from db.clock import today
from settings import ROOT
from tests.databases import free_port, throwaway_cluster

ROUNDS = 5


def measure(path: Path | None = None, databases: tuple[str, ...] = ("sqlite", "postgresql")) -> str:
    """Run the bench, print its table, write its rows to `path`; a closing sentence."""
    rows = [row for kind in databases for row in asyncio.run(_database(kind))]
    _print(rows)
    if path is not None:
        path.write_text(
            json.dumps({"machine": _machine(), "rows": rows}, ensure_ascii=False, indent=2), encoding="utf-8"
        )
    worst = max(row["ratio_to_limit"] for row in rows)
    return f"测完 {len(rows)} 项；每次请求的 CPU 最多为直接执行 SQL 的 {worst} 倍。"


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


async def _database(kind: str) -> list[dict[str, Any]]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = _prepared(kind, folder, stack)
        environment = {
            **os.environ, "FENGQIAO_DATABASE_URL": url, "FENGQIAO_SECRET_KEY": "bench" * 8,
            "FENGQIAO_DEMO_PASSWORD": "Bench-2026-only",
        }  # fmt: skip
        _run(environment, "seed", "demo")
        token = _run(environment, "token", "create", "--login", "district").split()[-1]
        facts, postmaster = await _facts(url)
        ours, limit = free_port(), free_port()
        bare = url.replace("sqlite+aiosqlite:///", "").replace("postgresql+asyncpg", "postgresql")
        limited = {**environment, "BENCH_URL": bare, "BENCH_FACTS": json.dumps(facts)}
        pids = (
            stack.enter_context(_serving(environment, "app:create_app", ours)),
            stack.enter_context(_serving(limited, "bench.limit:create_limit", limit)),
        )
        return [await _question(kind, i, q, token, (ours, limit), pids, postmaster) for i, q in enumerate(QUESTIONS)]


def _prepared(kind: str, folder: Path, stack: contextlib.ExitStack) -> str:
    """The URL of an empty database."""
    if kind == "sqlite":
        return f"sqlite+aiosqlite:///{folder / 'bench.db'}"
    cluster = stack.enter_context(throwaway_cluster())
    return cluster.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def _run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, str(ROOT / "run"), *arguments], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(arguments)}: {done.stdout[-500:]} {done.stderr[-1500:]}")
    return done.stdout


@contextlib.contextmanager
def _serving(environment: dict[str, str], factory: str, port: int) -> Iterator[int]:
    """A server process of one worker; its process id."""
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        factory,
        "--factory",
        "--port",
        str(port),
        "--log-level",
        "warning",
        "--no-access-log",
    ]
    process = subprocess.Popen(command, env=environment, cwd=ROOT)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1)
                break
            if process.poll() is not None:
                raise SystemExit(f"{factory} did not start")
            time.sleep(0.1)
            with (
                contextlib.suppress(OSError),
                contextlib.closing(__import__("socket").create_connection(("127.0.0.1", port), 1)),
            ):
                break
        yield process.pid
    finally:
        process.terminate()
        process.wait(10)


async def _facts(url: str) -> tuple[dict[str, Any], int | None]:
    """What the limit's SQL needs to know of the viewer, and the database's own process."""
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(url)
    async with engine.connect() as connection:
        paths = await connection.execute(
            sa.text(
                "SELECT code, path FROM region WHERE code IN"
                " ('000000000000', '320000000000', '320100000000', '320102000000')"
            )
        )
        by_code: dict[str, str] = {code: path for code, path in paths}
        low = by_code.pop("320102000000")
        postmaster = None
        if url.startswith("postgresql"):
            folder = (await connection.execute(sa.text("SHOW data_directory"))).scalar_one()
            postmaster = int(Path(folder, "postmaster.pid").read_text().split()[0])
    await engine.dispose()
    return {
        "low": low,
        "high": low[:-1] + "0",
        "above": sorted(by_code.values()),
        "today": today().isoformat(),
    }, postmaster


async def _question(
    kind: str,
    index: int,
    question: Question,
    token: str,
    ports: tuple[int, int],
    pids: tuple[int, int],
    postmaster: int | None,
) -> dict[str, Any]:
    def ours(number: int) -> bytes:
        body = orjson.dumps({"query": question.document, "variables": question.variables(number)})
        return post("/graphql", body, f"Authorization: Bearer {token}")

    def limit(number: int) -> bytes:
        return post("/", orjson.dumps({"question": index, "number": number}))

    makers = (ours, limit)
    answers = [(await load(port, make, 12, 1))[1] for port, make in zip(ports, makers, strict=True)]
    if answers[0] != answers[1]:
        raise SystemExit(
            f"{question.name} on {kind}: the two do not print the same bytes\n"
            f"{answers[0][:600]!r}\n{answers[1][:600]!r}"
        )
    seconds: list[list[float]] = [[], []]
    cpu: list[list[float]] = [[], []]
    for round_number in range(ROUNDS):
        for side in (0, 1) if round_number % 2 == 0 else (1, 0):
            watched = [pids[side], *([postmaster] if postmaster else [])]
            before = sum(map(cpu_ms, watched))
            took, _ = await load(ports[side], makers[side], question.requests * 4, 4)
            cpu[side].append((sum(map(cpu_ms, watched)) - before) / (question.requests * 4))
            seconds[side].append(took)
    ratios = [ours_ms / limit_ms for ours_ms, limit_ms in zip(*cpu, strict=True)]
    return {
        "query": question.name, "database": kind, "bytes": len(answers[0]),
        "rps": round(question.requests * 4 / statistics.median(seconds[0]), 1),
        "limit_rps": round(question.requests * 4 / statistics.median(seconds[1]), 1),
        "ratio_to_limit": round(statistics.median(ratios), 2),
        "cpu_ms": round(statistics.median(cpu[0]), 2), "limit_cpu_ms": round(statistics.median(cpu[1]), 2), "peers": {},
    }  # fmt: skip


def _print(rows: list[dict[str, Any]]) -> None:
    table = Table(title="每次请求的 CPU（毫秒，服务器与数据库合计）")
    for title in ("查询", "数据库", "字节", "本系统", "直接 SQL", "倍数", "请求/秒", "直接 SQL 请求/秒"):
        table.add_column(title, justify="left" if title in ("查询", "数据库") else "right")
    for row in rows:
        shown = ("query", "database", "bytes", "cpu_ms", "limit_cpu_ms", "ratio_to_limit", "rps", "limit_rps")
        table.add_row(*(str(row[name]) for name in shown))
    Console().print(table)
