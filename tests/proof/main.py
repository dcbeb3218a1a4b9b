"""``./run prove``: the whole proof of the permissions, in about an hour on two processors."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import structlog

from tests import databases
from tests.databases import WITH_WALL, Kind
from tests.proof import crash
from tests.proof.concurrency import concurrency
from tests.proof.faults import FAULTS, hunt_all
from tests.proof.hunt import fresh
from tests.proof.rounds import NAMES, Outcome, Round, rounds

PARTS = ("probes", "mutants", "concurrency", "crashes")
MUST_CATCH = 38
KILLED: tuple[crash.Kind, ...] = ("sqlite", "postgresql")
SHOWN = 5
"""Differences that are printed whole."""


@dataclass(frozen=True)
class Options:
    """What is proven, and how much of it."""

    parts: tuple[str, ...] = PARTS
    probes: int = 20_000
    """Answers compared for each seed on each database."""
    seeds: tuple[int, ...] = (1, 2)
    cycles: int = 30
    """Times that a server is killed, on each database."""

    @classmethod
    def of(cls, only: str, probes: int, cycles: int) -> Options:
        """What the command line says. Raises ValueError."""
        parts = tuple(only.split(",")) if only else PARTS
        if unknown := set(parts) - set(PARTS):
            raise ValueError(f"没有 {'、'.join(sorted(unknown))} 这一部分；可选 {'、'.join(PARTS)}")
        return cls(parts, probes, cycles=cycles)


def prove(options: Options) -> bool:
    """Run the parts one after the other and print what each found; whether nothing failed."""
    done = []
    with postgres():
        for part in options.parts:
            start = time.monotonic()
            print(f"\n== {TITLES[part]}", flush=True)
            done.append(RUNS[part](options))
            print(f"{'通过' if done[-1] else '未通过'}，用时 {time.monotonic() - start:.0f} 秒", flush=True)
    return all(done)


@contextmanager
def postgres() -> Iterator[None]:
    """One PostgreSQL server for everything here, the processes below included."""
    with databases.postgres() as server:
        server.create_walled()  # as long as this one stands, nobody drops the roles of the others
        name, before = "FENGQIAO_TEST_POSTGRES_URL", os.environ.get("FENGQIAO_TEST_POSTGRES_URL")
        os.environ[name] = server.url.render_as_string(hide_password=False)
        try:
            yield
        finally:
            os.environ.pop(name) if before is None else os.environ.update({name: before})


# --- probes -----------------------------------------------------------------------------------------------------------


def probes(options: Options) -> bool:
    """Rounds on all three databases, as many at once as there are processors."""
    parts = [part for seed in options.seeds for kind in WITH_WALL for part in rounds(kind, seed, options.probes)]
    found: dict[Kind, Outcome] = {kind: Outcome() for kind in WITH_WALL}
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        running = {pool.submit(one_round, part): part for part in parts}
        for number, ready in enumerate(as_completed(running), 1):
            outcome = found[running[ready].kind]
            outcome.counts += ready.result().counts
            outcome.differences += ready.result().differences
            progress(number, len(parts), f"{sum(each.counts['probes'] for each in found.values())} 次")
    for kind, outcome in found.items():
        print(f"{kind}: {outcome.counts['probes']} 次，{len(outcome.differences)} 处不同", flush=True)
        print("  " + "，".join(f"{name} {outcome.counts[name]}" for name in sorted(NAMES)))
        for difference in outcome.differences[:SHOWN]:
            print(difference)
    return not any(outcome.differences or outcome.unasked for outcome in found.values())


def one_round(part: Round) -> Outcome:
    """A round in a process of its own, with a database of its own."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with fresh(part.kind) as url:
        return part.run(url)


# --- planted faults ---------------------------------------------------------------------------------------------------


def mutants(_options: Options) -> bool:
    """Every planted fault, some at once; at least MUST_CATCH of them have to be noticed."""
    hunted = hunt_all(lambda done, total: progress(done, total, "处"), os.environ["FENGQIAO_TEST_POSTGRES_URL"])
    for fault, noticed in hunted:
        print(f"{'发现' if noticed else '未发现'}  {fault.says}（{fault.file}）  {noticed or ''}")
    missed = [fault for fault, noticed in hunted if not noticed]
    print(f"{len(FAULTS)} 处，发现 {len(FAULTS) - len(missed)} 处", flush=True)
    return len(FAULTS) - len(missed) >= MUST_CATCH


# --- many at once, and death ------------------------------------------------------------------------------------------


def at_once(_options: Options) -> bool:
    """Increments, equal submits and interleaved requests against real servers, on all three databases."""
    good = True
    for kind in WITH_WALL:
        with fresh(kind) as url:
            report = concurrency(url)
        print(f"{kind}:\n{report}", flush=True)
        good = good and report.ok
    return good


def crashes(options: Options) -> bool:
    """Servers that are killed while they write, on both databases."""
    good = True
    for kind in KILLED:
        report = crash.crash_cycles(kind, options.cycles, lambda done, total: progress(done, total, "次"))
        print(f"{kind}: {report}", flush=True)
        good = good and report.ok
    return good


def progress(done: int, total: int, said: str) -> None:
    """One line on the terminal that is written over."""
    print(f"\r{done}/{total}  {said}  ", end="" if done < total else "\n", flush=True)


TITLES = {
    "probes": "各个出口与实际过滤、脱敏后的副本逐一核对",
    "mutants": "逐一植入错误，看核对能否发现",
    "concurrency": "同时进行的读写",
    "crashes": "写入时杀掉服务（kill -9）",
}
RUNS: dict[str, Callable[[Options], bool]] = {
    "probes": probes, "mutants": mutants, "concurrency": at_once, "crashes": crashes,
}  # fmt: skip
