"""Servers that are killed while clients write: what was acknowledged stays, what was not is there whole or not at all.

One cycle: a server starts, ten clients write until so many writes were acknowledged, and ``kill -9`` ends all its
processes while others are under way. In some cycles something else dies before that, and the server has to get over it:
one of its workers, a backend of PostgreSQL, or PostgreSQL itself. Then the next server starts on the same database,
which is looked through (``ledger``), and clients send again, under the same key, what they had no answer to.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from db.audit.sealer import seal_all
from db.migrate import upgrade
from tests import databases
from tests.databases import postgres_binaries
from tests.proof.cluster import Cluster, durable_cluster, kill_a_backend
from tests.proof.ledger import Act, Ledger, check
from tests.proof.stage import Process, Stage, opened, settle
from tests.proof.wire import Line, bearer, graphql
from tests.proof.writers import Writers

Kind = Literal["sqlite", "postgresql"]
Trouble = Literal["none", "worker", "backend", "cluster"]
TROUBLES: dict[Kind, tuple[Trouble, ...]] = {
    "sqlite": ("none", "none", "worker"),
    "postgresql": ("none", "cluster", "none", "backend", "worker"),
}
"""What dies before the server does, cycle by cycle."""
TOLD = {"worker": "一个工作进程", "backend": "PostgreSQL 的一个后端进程", "cluster": "PostgreSQL（立即停止）"}
PATIENCE = 120
"""Seconds for so many acknowledgements as a cycle waits for; a server that hangs is a failure, a slow one is not."""
FEWEST, MOST = 15, 60
"""Writes that are acknowledged before the kill."""


@dataclass
class Crashes:
    """What happened, and what was otherwise than it must be."""

    kind: Kind
    cycles: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    """Writes whose client was cut off."""
    away: int = 0
    """Writes that were answered while PostgreSQL was away: nobody can say what became of them."""
    troubles: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was lost, doubled or torn."""
        return not self.failures

    def __str__(self) -> str:
        more = "，".join(f"另有 {count} 轮先杀掉{TOLD[what]}" for what, count in self.troubles.items())
        said = (
            f"{self.kind}：写入中 kill -9 服务 {self.cycles} 轮{'，' if more else ''}{more}；"
            f"已确认的写入 {self.acknowledged} 个，没有答复的 {self.unanswered} 个，"
            f"{f'答复数据库不可用的 {self.away} 个，' if self.away else ''}不对之处 {len(self.failures)}"
        )
        return "\n".join([said, *(f"  {failure}" for failure in self.failures[:20])])


def crash_cycles(
    kind: Kind, cycles: int, progress: Callable[[int, int], None] = lambda _done, _all: None, seed: int = 1
) -> Crashes:
    """So many cycles on a database of its own; PostgreSQL is a server of its own where its binaries are here."""
    report = Crashes(kind)
    with _database(kind) as (url, cluster):
        upgrade(url)
        writers = Writers(settle(url), Ledger())
        try:
            _run(report, writers, cluster, cycles, progress, random.Random(seed))
        except Exception as problem:  # an answer that is none, a server or a database that does not start
            report.failures.append(f"第 {report.cycles + 1} 轮：{type(problem).__name__}（{problem}）"[:1000])
    report.acknowledged = len(writers.ledger.acknowledged)
    report.failures = list(dict.fromkeys(report.failures))  # what is lost stays lost
    if not report.unanswered:
        report.failures.append("没有一次杀在写入中：什么也没有证明")
    return report


def _run(
    report: Crashes, writers: Writers, cluster: Cluster | None, cycles: int, progress: Callable[[int, int], None],
    dice: random.Random,
) -> None:  # fmt: skip
    troubles, ledger = TROUBLES[report.kind], writers.ledger
    for cycle in range(cycles):
        trouble = troubles[cycle % len(troubles)]
        if cluster is None and trouble in ("backend", "cluster"):
            trouble = "none"  # somebody else's server
        with _serving(writers.stage.url, trouble) as process:
            if cycle:
                asyncio.run(_look_after(writers.stage, ledger, process, report))
            first = len(ledger.acts)
            _burst(process, writers, cluster, trouble, report, dice)
        unknown = [act for act in ledger.acts[first:] if not act.acknowledged and not act.refused]
        report.away += sum(act.away for act in unknown)
        report.unanswered += sum(not act.away for act in unknown)
        progress(cycle + 1, cycles)
    with _serving(writers.stage.url, "none") as process:
        asyncio.run(_look_after(writers.stage, ledger, process, report))


@contextmanager
def _database(kind: Kind) -> Iterator[tuple[str, Cluster | None]]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="fengqiao-crash-") as folder:
            yield databases.sqlite_database(Path(folder)), None
    elif postgres_binaries() is not None:
        with durable_cluster() as cluster:
            yield cluster.create(), cluster
    else:
        with databases.postgres() as server:
            yield server.create(), None


@contextmanager
def _serving(url: str, trouble: Trouble) -> Iterator[Process]:
    process = Process(url, workers=2 if trouble == "worker" else 1)
    try:
        process.wait()
        yield process
    finally:
        process.kill()


def _burst(
    process: Process, writers: Writers, cluster: Cluster | None, trouble: Trouble, report: Crashes, dice: random.Random
) -> None:
    """Clients write until the server is dead; before that something else dies, where it is to."""

    async def run() -> None:
        running = [asyncio.create_task(work) for work in writers.begin(process.port, dice)]
        try:
            async with asyncio.timeout(PATIENCE):
                await writers.acknowledged(dice.randint(FEWEST, MOST))
                if trouble != "none":
                    await _kill_first(trouble, process, cluster, writers.stage.url)
                    report.troubles[trouble] += 1
                    # What goes on is seen by what begins after it.
                    await writers.acknowledged(dice.randint(FEWEST, MOST))
            await asyncio.sleep(dice.random() * 0.02)  # in whatever part of a write it is
        except TimeoutError:
            report.failures.append(f"第 {report.cycles + 1} 轮（{trouble}）：服务不再确认写入")
        writers.stop()
        process.kill()
        await asyncio.gather(*running)

    asyncio.run(run())
    report.cycles += 1
    report.failures += writers.take_surprises()


async def _kill_first(trouble: Trouble, process: Process, cluster: Cluster | None, url: str) -> None:
    if trouble == "worker":
        os.kill(process.workers()[0], signal.SIGKILL)
    elif trouble == "backend":
        await kill_a_backend(url)
    elif cluster is not None:
        await asyncio.to_thread(cluster.stop_at_once)
        await asyncio.to_thread(cluster.start)


async def _look_after(stage: Stage, ledger: Ledger, process: Process, report: Crashes) -> None:
    """Look through the database as the crash left it, then send again what had no answer, and look once more."""
    report.failures += await _checked(stage, ledger)
    line = Line(process.port)
    for act in [act for act in ledger.open if act.key is not None]:
        [answer] = await line.ask(graphql(bearer(stage.tokens["district"]), act.document, act.variables, act.key))
        payload = answer.payload()
        if payload is None or payload["hostUnit"] is None:
            report.failures.append(f"再次提交 {act.name}：{answer.status} {answer.body[:200]!r}")
            continue
        act.acknowledged, act.row, act.version = True, payload["hostUnit"]["id"], 1
    report.failures += await _shown(stage, line, ledger)
    line.leave()
    report.failures += await _checked(stage, ledger)


async def _checked(stage: Stage, ledger: Ledger) -> list[str]:
    database = opened(stage.url)
    try:
        await seal_all(database.as_system())
        return await database.as_system().look(lambda connection: check(connection, ledger))
    finally:
        await database.stop()


async def _shown(stage: Stage, line: Line, ledger: Ledger) -> list[str]:
    """What was acknowledged of late is also what the server shows."""
    made: list[Act] = [act for act in ledger.acknowledged if act.entity == "HostUnit" and act.name][-100:]
    document = "query ($names: [String!]!) { hostUnits(where: {name: {in: $names}}) { nodes { id name } } }"
    asked: dict[str, Any] = {"names": [act.name for act in made]}
    [answer] = await line.ask(graphql(bearer(stage.tokens["district"]), document, asked))
    shown = {(row["id"], row["name"]) for row in answer.json["data"]["hostUnits"]["nodes"]}
    missing = {(act.row, act.name) for act in made} ^ shown
    return [f"重启后所示与已确认的不同：{sorted(missing, key=str)[:5]}"] if missing else []
