"""Values that give a leak away, and the watch that searches every answer and every line of the log of a run for them.

No answer and no line holds a **secret**: ciphertexts, digests, hashes, keys, and identity numbers in clear (where they
are no answer to ``reveal``). No error and no line holds what is **ours** either: SQL, its parameters, a stack, a path
of the machine, the address of a database, a value of a row. Fixtures make their values recognisable: texts of rows
carry ``MARK``, secret columns begin with ``SECRET``, and persons have numbers of no region (``320199…``).

As a plugin of pytest (``tests/conftest.py`` registers it) the watch stands where all of it passes: Starlette's way out,
``schema.http.answer`` of the tests that ask without HTTP, refusals of commands and reads, the client of servers in
processes of their own, structlog, the standard library's loggers, what programs that tests start print, and what a test
prints. A leak fails the test that ran.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import zlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
import structlog
import zstandard
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from db.checksums import is_citizen_number
from permissions.logs import line_of, withhold
from resolvers.faults import Denied, Fault, Refused

ROOT = Path(__file__).resolve().parent.parent
MARK = "𪚥"
"""Stands in texts of rows: sixty-four strokes that no sentence of ours needs."""
SECRET = "canary-"
"""What columns that nobody reads begin with, and the key of the tests' settings."""
PHONE = "025-1234567"
"""The telephone of every committee that fixtures write."""

_SECRETS = (SECRET.encode(), b"$argon2")
_CIPHERTEXT = re.compile(r"(?<!\w)2\.[0-9a-f]{8}\.[\w-]{38,}")
_PERSON = b"320199"
_NUMBER = re.compile(r"(?<![0-9A-Za-z-])\d{17}[\dX](?![0-9A-Za-z-])")
_OURS = {
    "the text of a row": re.compile(
        rf"{MARK}|\\ud869\\udea5|\\U0002a6a5|{PHONE}|(?<![\w-])1(?:38|60)\d{{8}}(?![\w-])", re.I
    ),
    "SQL": re.compile(
        r"\bSELECT\b.{1,3000}?\bFROM\b|\bINSERT INTO\b|\bUPDATE \w+ SET\b|\bDELETE FROM\b|\bPRAGMA\b|\bno such table\b"
        r"|\bconstraint failed\b|\bviolates \w+|\bduplicate key\b|\brelation \"|\[SQL:|sqlalche|asyncpg\.exceptions"
        r"|psycopg|sqlite3\.",
        re.S,
    ),
    "parameters": re.compile(r"\[parameters|\bparameters: [\[({]|\$\d+::"),
    "a stack": re.compile(r"Traceback|\bFile \"|\.py\", line|<\w+(?:\.\w+)* object at|\bat 0x[0-9a-f]{6}"),
    "a path of the machine": re.compile(
        rf"{re.escape(str(ROOT))}|site-packages|(?<![\w.])/(?:home|usr|root|tmp|var)/\w"
    ),
    "the address of a database": re.compile(r"\+(?:asyncpg|aiosqlite):/"),
    "a token": re.compile(r"\bfq_[\w-]{30,}"),
}  # fmt: skip


# --- searching --------------------------------------------------------------------------------------------------------


def secrets_in(text: bytes) -> Iterator[str]:
    """What no answer may hold, as sentences; as cheap as a search of bytes is, since nearly all of it is data."""
    for needle in _SECRETS:
        if needle in text:
            yield f"a secret ({needle.decode()}…): {_around(text.decode(errors='replace'), needle.decode())}"
    if _PERSON in text and b'"reveal' not in text:
        for found in _NUMBER.finditer(text.decode(errors="replace")):
            if is_citizen_number(found[0]):
                yield f"an identity number in clear: {_around(found.string, found[0])}"


def leaks_in(text: str, but: str = "") -> Iterator[str]:
    """What no error and no line of a log may hold, as sentences; `but` names one kind that is no leak here."""
    yield from secrets_in(text.encode(errors="replace"))
    if found := _CIPHERTEXT.search(text):
        yield f"a ciphertext: {_around(text, found[0])}"
    for what, shape in _OURS.items():
        if what != but and (found := shape.search(text)):
            yield f"{what}: {_around(text, found[0])}"


def _around(text: str, found: str) -> str:
    at = text.find(found)
    return repr(text[max(at - 80, 0) : at + len(found[:60]) + 80])


def leaks_in_answer(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> Iterator[str]:
    """What is wrong with an answer, headers and body; data of an answer that succeeded may hold rows."""
    known = dict(headers)
    heads = (value.decode("latin-1") for name, value in known.items() if name != b"set-cookie")
    yield from (f"in a header, {leak}" for head in heads for leak in leaks_in(head))
    body = unpacked(known.get(b"content-encoding", b""), body)
    kind = known.get(b"content-type", b"")
    if status >= 400:
        yield from leaks_in(body.decode(errors="replace"))
    elif b"json" in kind:
        yield from secrets_in(body)
        if b'"errors":[{' in body:
            yield from (
                leak for error in _errors(orjson.loads(body)) for leak in leaks_in(orjson.dumps(error).decode())
            )


def unpacked(encoding: bytes, body: bytes) -> bytes:
    """A body as it was before it was compressed; one that was broken off, as far as it came."""
    match encoding:
        case b"gzip":
            return zlib.decompressobj(31).decompress(body)
        case b"zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        case _:
            return body


def _errors(answer: Any) -> Iterator[Any]:
    """The errors of an answer of GraphQL: beside its data, and those in the payloads of mutations.

    A conflict of versions may tell who was there first: that is data, as the viewer may see it.
    """
    if isinstance(answer, dict):
        for key, value in answer.items():
            if key == "errors" and isinstance(value, list):
                for error in value:
                    yield {k: v for k, v in error.items() if k != "changedBy"} if isinstance(error, dict) else error
            else:
                yield from _errors(value)
    elif isinstance(answer, list):
        for value in answer:
            yield from _errors(value)


# --- the watch --------------------------------------------------------------------------------------------------------


class Watch:
    """Collects what was found where, until somebody takes it."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def answer(self, where: str, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """An answer that leaves."""
        self.found += (f"{where} answered {status} with {leak}" for leak in leaks_in_answer(status, headers, body))

    def words(self, text: str) -> None:
        """What a refusal will say to whoever is refused."""
        self.found += (f"a refusal says {leak}" for leak in leaks_in(text))

    def line(self, text: str) -> None:
        """A line of the log."""
        self.found += (f"the log holds {leak}" for leak in leaks_in(text))

    def printed(self, where: str, text: str, wanted: bool = False) -> None:
        """What a process printed; `wanted`: as the answer to who typed the command, such as a new token."""
        # A path that somebody typed may come back to the terminal.
        leaks = secrets_in(text.encode()) if wanted else leaks_in(text, but="a path of the machine")
        self.found += (f"{where} holds {leak}" for leak in leaks)

    def take(self) -> list[str]:
        """What was found since the last time."""
        found, self.found = self.found, []
        return list(dict.fromkeys(found))

    @contextmanager
    def expecting(self) -> Iterator[list[str]]:
        """What is found within the block is what a test planted, and fails nothing."""
        before, planted = self.take(), list[str]()
        try:
            yield planted
        finally:
            planted += self.take()
            self.found += before


watch = Watch()


def pytest_configure(config: pytest.Config) -> None:
    """Stand watch until the run ends."""
    patch = pytest.MonkeyPatch()
    config.add_cleanup(patch.undo)
    _watch_answers(patch)
    _watch_refusals(patch)
    _watch_logs(patch)
    _watch_programs(patch)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A leak fails the test during which it was found."""
    report = yield
    if not report.failed:  # a failure prints what it likes, statements too
        for name, text in report.sections:
            if "std" in name and report.when in name:
                watch.printed(f"what was printed ({name})", text)
    found = watch.take()
    if found and not report.failed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} ({report.when}) gave away what no error and no log may hold:\n" + "\n".join(
            f"- {leak}" for leak in found
        )
    return report


def _watch_answers(patch: pytest.MonkeyPatch) -> None:
    served, asked = Starlette.__call__, httpx2.Client.send

    async def serve(app: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await served(app, scope, receive, send)
        head: Message = {}
        pieces: list[bytes] = []

        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                head.update(message)
            pieces.append(message.get("body", b""))
            await send(message)

        try:
            await served(app, scope, receive, send_and_note)
        finally:
            if head:
                where = f"{scope['method']} {scope['path']}"
                watch.answer(where, head["status"], head.get("headers", ()), b"".join(pieces))

    def ask(client: httpx2.Client, request: httpx2.Request, **more: Any) -> httpx2.Response:
        response = asked(client, request, **more)
        if not isinstance(client, TestClient) and response.is_closed:  # the other way stands within this process
            headers = [
                (name.lower(), value) for name, value in response.headers.raw if name.lower() != b"content-encoding"
            ]
            watch.answer(f"{request.method} {request.url.path}", response.status_code, headers, response.content)
        return response

    patch.setattr(Starlette, "__call__", serve)
    patch.setattr(httpx2.Client, "send", ask)


def _watch_refusals(patch: pytest.MonkeyPatch) -> None:
    """Before they are worded as an answer: most tests call commands and reads by themselves."""
    refused, denied = Refused.__init__, Denied.__init__

    def refuse(problem: Refused, faults: Sequence[Fault], *more: Any, **named: Any) -> None:
        for fault in faults:
            watch.words(f"{fault.path} {fault.zh} {fault.en}")
        refused(problem, faults, *more, **named)

    def deny(problem: Denied, code: str, zh: str, en: str, details: Any = None, about: str | None = None) -> None:
        watch.words(f"{zh} {en} {details}")
        denied(problem, code, zh, en, details, about)

    patch.setattr(Refused, "__init__", refuse)
    patch.setattr(Denied, "__init__", deny)


def _watch_logs(patch: pytest.MonkeyPatch) -> None:
    ours, theirs = structlog.BoundLoggerBase._process_event, logging.Logger.callHandlers

    def process(logger: Any, method: str, event: str | None, told: dict[str, Any]) -> Any:
        watch.line(str(withhold(logger, method, {"event": event, **logger._context, **told})))
        return ours(logger, method, event, told)

    def call(logger: logging.Logger, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING:
            watch.line(line_of(record))
        theirs(logger, record)

    patch.setattr(structlog.BoundLoggerBase, "_process_event", process)
    patch.setattr(logging.Logger, "callHandlers", call)


def _watch_programs(patch: pytest.MonkeyPatch) -> None:
    run = subprocess.run

    def run_and_read(command: Any, *more: Any, **options: Any) -> Any:
        done = run(command, *more, **options)
        words = [os.fspath(word) for word in command] if isinstance(command, list | tuple) else []
        if str(ROOT / "run") in words:
            said = " ".join(words[words.index(str(ROOT / "run")) + 1 :][:2])
            for output, wanted in ((done.stderr, False), (done.stdout, True)):
                text = output.decode(errors="replace") if isinstance(output, bytes) else output or ""
                watch.printed(f"./run {said}", text, wanted)
        return done

    patch.setattr(subprocess, "run", run_and_read)
