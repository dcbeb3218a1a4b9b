"""The servers that are measured: each a process of its own, and how it is asked each question."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.data import Place, environment
from bench.load import post
from bench.questions import Question, Variables, bare, variables
from settings import ROOT
from tests.databases import free_port

Make = Callable[[int], bytes]
"""The n-th request, whole."""


@dataclass(frozen=True)
class Side:
    """One of those that are compared: `ask` gives its requests for a question, or None where it is not asked."""

    name: str
    port: int
    pid: int
    ask: Callable[[Question], Make | None]


@contextlib.contextmanager
def serving(command: Sequence[str], port: int, told: Mapping[str, str], folder: Path = ROOT) -> Iterator[int]:
    """A server process that listens on the port by now; its process id."""
    process = subprocess.Popen(command, env={**os.environ, **told}, cwd=folder)
    try:
        deadline = time.monotonic() + 90
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"没有启动: {' '.join(command)}")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def uvicorn(factory: str, port: int, *more: str) -> list[str]:
    """One worker, as ``./run serve`` starts it."""
    options = ["--factory", "--port", str(port), "--log-level", "warning", "--no-server-header", "--no-access-log"]
    return [sys.executable, "-m", "uvicorn", factory, *options, *more]


@contextlib.contextmanager
def ours(place: Place, cursors: list[str]) -> Iterator[Side]:
    """Our server, with identities, scopes and limits as always. `cursors` may be filled in later."""
    port = free_port()
    # Sixteen reports at once are an overload that the server would refuse; here they have to wait.
    told = {**environment(place.url), "FENGQIAO_WAIT_SECONDS": "60", "FENGQIAO_STATEMENT_SECONDS": "60"}
    with serving(uvicorn("app:create_server", port, "--http", "permissions.wire:Protocol"), port, told) as pid:

        def ask(question: Question) -> Make:
            tokens = place.clerks if question.clerk else place.readers
            if question.name == "Q4":  # cursors belong to whoever got them
                tokens = tokens[:1]
            return documents(question.document, tokens, variables(question, place.facts, cursors))

        yield Side("ours", port, pid, ask)


def documents(text: str, tokens: Sequence[str], given: Variables) -> Make:
    """Requests with a document to our server, by several accounts in turn."""

    def make(n: int) -> bytes:
        body = orjson.dumps({"query": text, "variables": given(n)})
        return post("/graphql", body, f"Authorization: Bearer {tokens[n % len(tokens)]}")

    return make


@contextlib.contextmanager
def limit(place: Place) -> Iterator[Side]:
    """The raw SQL over the bare driver."""
    port = free_port()
    url = place.url.replace("sqlite+aiosqlite:///", "").replace("postgresql+asyncpg", "postgresql")
    told = {"BENCH_URL": url, "BENCH_FACTS": json.dumps(place.facts.dump())}
    with serving(uvicorn("bench.limit:create_limit", port), port, told) as pid:

        def ask(question: Question) -> Make:
            given = bare(question, place.facts)
            return lambda n: post("/", orjson.dumps({"question": question.name, "variables": given(n)}))

        yield Side("limit", port, pid, ask)


def graphql(port: int, pid: int, name: str, texts: Mapping[str, str], given: Callable[[Question], Variables]) -> Side:
    """Another GraphQL server at ``/graphql`` with documents of its own."""

    def ask(question: Question) -> Make | None:
        if question.name not in texts:
            return None
        text, wanted = texts[question.name], given(question)
        return lambda n: post("/graphql", orjson.dumps({"query": text, "variables": wanted(n)}))

    return Side(name, port, pid, ask)
