"""Many clients at once, over a server with two processes: nothing is lost silently, doubled or mixed up.

Loads are counted, not timed: every request of them is answered, and what the answers said is held against the rows.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.models.system.audit_log import AuditAction
from db.registry import registry
from tests.proof.interleaved import interleaved
from tests.proof.stage import CLERKS, Stage, opened, server, settle
from tests.proof.wire import Answer, Line, bearer, graphql
from tests.resolvers.town import code_of, host

INCREMENTS, SUBMITS, INTERLEAVED = 100, 50, 360
_READ = "query ($id: ID!) { hostUnit(by: {id: $id}) { version employeeCount } }"
_WRITE = """mutation ($id: ID!, $n: Int!, $v: Int!) {
  updateHostUnit(by: {id: $id}, patch: {employeeCount: $n}, ifVersion: $v) {
    hostUnit { version employeeCount } errors { path code } } }"""
_CREATE = """mutation ($input: HostUnitInput!) {
  createHostUnit(input: $input) { hostUnit { id name version } errors { path code } } }"""
_SUBMIT = """mutation ($id: ID!, $v: Int) {
  submitCommitteeFiling(by: {id: $id}, ifVersion: $v) {
    committeeFiling { id state version } errors { path code } } }"""


@dataclass
class Concurrency:
    """What was done, in a line each, and what was otherwise than it must be."""

    lines: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failures

    def expect(self, said: str, expected: Any, got: Any) -> None:
        """Keep it where the two differ."""
        if expected != got:
            self.failures.append(f"{said}：应为 {expected!r}，实为 {got!r}"[:1500])

    def __str__(self) -> str:
        return "\n".join([*self.lines, *(f"  不对：{failure}" for failure in self.failures)])


def concurrency(url: str, workers: int = 2, seed: int = 1) -> Concurrency:
    """Fill the empty migrated database at `url`, serve it, and do all of this to it."""
    stage, report = settle(url), Concurrency()

    async def run(port: int) -> None:
        for part in (increments_without_retry, increments_with_retry, equal_creates, equal_steps, interleaving):
            try:
                await part(stage, port, report, seed)
            except Exception as problem:  # an answer that is none, or no answer at all
                report.failures.append(f"{part.__name__}：{type(problem).__name__}（{problem}）"[:500])

    with server(url, workers) as process:
        asyncio.run(run(process.port))
    return report


# --- increments -------------------------------------------------------------------------------------------------------


async def increments_without_retry(stage: Stage, port: int, report: Concurrency, seed: int) -> None:
    """A hundred read a number and write it back one higher: who comes too late is told so."""
    unit, dice = stage.ids["host0"], random.Random(seed)
    start = (await stored(stage, "HostUnit", unit))["employee_count"]

    async def add(line: Line, asker: dict[str, str]) -> str:
        await asyncio.sleep(dice.random())  # so that some find nobody in their way
        return await _increment(line, asker, unit, await _read(line, asker, unit))

    async with AtOnce(port, INCREMENTS, stage) as clients:
        outcomes = Counter(await clients.each(add))
    done, refused = outcomes["done"], outcomes["CONFLICT"]
    report.expect("每个写入不是成功就是版本冲突", {"done", "CONFLICT"}, set(outcomes) | {"done", "CONFLICT"})
    report.expect("成功数与冲突数之和", INCREMENTS, done + refused)
    await _counts(stage, report, unit, start, done)
    report.lines.append(f"{INCREMENTS} 个并发加一，不重试：{done} 个成功，{refused} 个被告知版本冲突")


async def increments_with_retry(stage: Stage, port: int, report: Concurrency, seed: int) -> None:
    """A hundred add one each, and read again where somebody else was first: all hundred arrive."""
    unit, tries, dice = stage.ids["host1"], Counter[str](), random.Random(seed)
    start = (await stored(stage, "HostUnit", unit))["employee_count"]

    async def add(line: Line, asker: dict[str, str]) -> str:
        for number in range(200):
            await asyncio.sleep(dice.random() * min(0.5 * 2**number, 2.0))  # as people do: not all at once again
            outcome = await _increment(line, asker, unit, await _read(line, asker, unit))
            tries[outcome] += 1
            if outcome != "CONFLICT":
                return outcome
        return "gave up"

    async with AtOnce(port, INCREMENTS, stage) as clients:
        outcomes = Counter(await clients.each(add))
    report.expect("重试后每个都成功", {"done": INCREMENTS}, dict(outcomes))
    await _counts(stage, report, unit, start, INCREMENTS)
    report.lines.append(
        f"{INCREMENTS} 个并发加一，冲突则重读再试：{outcomes['done']} 个成功，其间 {tries['CONFLICT']} 次冲突"
    )


async def _read(line: Line, asker: dict[str, str], unit: str) -> tuple[int, int]:
    """Version and number."""
    [answer] = await line.ask(graphql(asker, _READ, {"id": unit}))
    found = answer.json["data"]["hostUnit"]
    return found["version"], found["employeeCount"]


async def _increment(line: Line, asker: dict[str, str], unit: str, seen: tuple[int, int]) -> str:
    [answer] = await line.ask(graphql(asker, _WRITE, {"id": unit, "n": seen[1] + 1, "v": seen[0]}))
    return outcome_of(answer)


def outcome_of(answer: Answer) -> str:
    """``done``, or the codes of what was refused; an answer that is no payload in its beginning."""
    payload = answer.payload()
    if payload is None:
        return f"{answer.status} {answer.body[:200]!r}"
    return ",".join(error["code"] for error in payload["errors"]) or "done"


async def _counts(stage: Stage, report: Concurrency, unit: str, start: int, done: int) -> None:
    """The number has grown by what was acknowledged, and each step of it has its version and its record."""
    row, told = await stored(stage, "HostUnit", unit), await records(stage, unit)
    report.expect("最终的数", start + done, row["employee_count"])
    report.expect("版本号", 1 + done, row["version"])
    steps = [(each["version"], each["employeeCount"]) for each in told[1:]]
    report.expect("审计记录逐版逐数", [(2 + i, start + 1 + i) for i in range(done)], steps)


# --- equal submits ----------------------------------------------------------------------------------------------------


async def equal_creates(stage: Stage, port: int, report: Concurrency, _seed: int) -> None:
    """Fifty equal creations under one key are one row, and fifty equal answers."""
    made = host(name="同一次提交的单位", region={"connect": {"code": code_of("village1")}})
    async with AtOnce(port, SUBMITS, stage, ("district",)) as clients:
        answers = await clients.each(lambda line, asker: _one(line, graphql(asker, _CREATE, {"input": made}, "same")))
    report.expect("相同的新建得到的不同答复数", 1, len(set(answers)))
    report.expect("新建的结果", "done", outcome_of(answers[0]))
    rows = await named(stage, "HostUnit", made["name"])
    report.expect("新建的条数", 1, len(rows))
    told = [each for row in rows for each in await records(stage, f"hu_{row['id']}")]
    report.expect("新建的审计记录", [1], [each["version"] for each in told])
    report.lines.append(f"{SUBMITS} 个相同的新建（同一 Idempotency-Key）：{len(rows)} 条，{len(set(answers))} 种答复")


async def equal_steps(stage: Stage, port: int, report: Concurrency, _seed: int) -> None:
    """Fifty clicks on one button take one step; under one key they are told of it fifty times, else once."""
    for number, key in enumerate(("same", None)):
        filing, clerk = stage.ids[f"filing{number}"], f"clerk{number}"
        asked = graphql(bearer(stage.tokens[clerk]), _SUBMIT, {"id": filing, "v": 1}, key)
        async with AtOnce(port, SUBMITS, stage) as clients:
            answers = await clients.each(partial(_one_of, asked))
        outcomes = Counter(map(outcome_of, answers))
        expected = {"done": SUBMITS} if key else {"done": 1, "CONFLICT": SUBMITS - 1}
        report.expect("相同的提交的结果", expected, dict(outcomes))
        if key:
            report.expect("相同的提交得到的不同答复数", 1, len(set(answers)))
        row, told = await stored(stage, "CommitteeFiling", filing), await records(stage, filing)
        report.expect("提交后的环节与版本", ("SUBMITTED", 2), (row["state"], row["version"]))
        report.expect("提交的审计记录", [1, 2], [each["version"] for each in told])
        how = "同一 Idempotency-Key" if key else "各自提交"
        report.lines.append(
            f"{SUBMITS} 个相同的备案提交（{how}）：{len(told) - 1} 次转换，{outcomes['done']} 个得到成功的答复"
        )


async def _one(line: Line, asked: bytes) -> Answer:
    return (await line.ask(asked))[0]


async def _one_of(asked: bytes, line: Line, _asker: dict[str, str]) -> Answer:
    return await _one(line, asked)


async def interleaving(stage: Stage, port: int, report: Concurrency, seed: int) -> None:
    """Everybody's requests over the same connections."""
    await interleaved(stage, port, report, INTERLEAVED, seed)


# --- clients ----------------------------------------------------------------------------------------------------------


class AtOnce:
    """So many clients with a connection each, by turns as one of the logins."""

    def __init__(self, port: int, count: int, stage: Stage, logins: Sequence[str] = CLERKS) -> None:
        self._clients = [(Line(port), bearer(stage.tokens[logins[i % len(logins)]])) for i in range(count)]

    async def __aenter__(self) -> AtOnce:
        return self

    async def __aexit__(self, *_: object) -> None:
        for line, _asker in self._clients:
            line.leave()

    async def each(self, act: Callable[[Line, dict[str, str]], Awaitable[Any]]) -> list[Any]:
        """What `act` returned for each of them; all of them begin together."""
        return await asyncio.gather(*(act(line, asker) for line, asker in self._clients))


# --- what is stored ---------------------------------------------------------------------------------------------------


async def _look(stage: Stage, look: Callable[[Connection], Any]) -> Any:
    database = opened(stage.url)
    try:
        return await database.as_system().look(look)
    finally:
        await database.stop()


async def stored(stage: Stage, entity: str, identity: str) -> Any:
    """The stored row of a global id."""
    table = registry()[entity].table
    wanted = sa.select(table).where(table.c.id == identity.partition("_")[2])
    return await _look(stage, lambda c: c.execute(wanted).mappings().one())


async def named(stage: Stage, entity: str, name: str) -> list[Any]:
    """The stored rows of a name."""
    table = registry()[entity].table
    return list(await _look(stage, lambda c: c.execute(sa.select(table).where(table.c.name == name)).mappings().all()))


async def records(stage: Stage, identity: str) -> list[dict[str, Any]]:
    """What the audit log says a row became, by its version."""
    log = registry()["AuditLog"].table
    about = (log.c.entity_id == identity, log.c.action != AuditAction.REFUSED.name)

    def look(connection: Connection) -> Iterator[Any]:
        return connection.scalars(sa.select(log.c.after).where(*about))

    told = await _look(stage, lambda c: list(look(c)))
    return sorted(told, key=lambda each: int(each["version"]))
