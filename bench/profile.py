"""Where the server's CPU goes: one question asked of the application in this process, under the profiler."""

from __future__ import annotations

import asyncio
import cProfile
import io
import os
import pstats
import time
from typing import Any

import orjson
from uvicorn.importer import import_from_string

from bench.data import Place, environment
from bench.documents import CURSOR
from bench.questions import Question, variables
from bench.servers import documents
from db.crypto import forget_secrets
from settings import ROOT, get_settings

LINES = 45


async def profile(place: Place, question: Question) -> str:
    """The functions that took most, by their own time and with what they called, in milliseconds a request.

    The profiler makes each call dearer, so the shares count, not the sums. Raises Unanswered where an answer is an
    error: where the time of refusals goes is no answer to anything.
    """
    before = dict(os.environ)
    os.environ.update(environment(place.url))
    # Whoever came here has read settings already, of another database and another secret.
    _read_settings_anew()
    try:
        return await _profile(place, question)
    finally:
        os.environ.clear()
        os.environ.update(before)
        _read_settings_anew()


def _read_settings_anew() -> None:
    get_settings.cache_clear()
    forget_secrets()


async def _profile(place: Place, question: Question) -> str:
    app = import_from_string("app:create_app")()  # as the server does it
    count = max(question.together, 20)
    async with app.router.lifespan_context(app):
        cursors = [await _cursor(app, place)] if question.name == "Q4" else []
        given = variables(question, place.facts, cursors)
        tokens = (place.clerks if question.clerk else place.readers)[:1]
        make = documents(question.document, tokens, given)
        for n in range(12):
            check(await _call(app, make(n)))
        profiler = cProfile.Profile(time.thread_time)
        profiler.enable()
        answers = [await _call(app, make(n)) for n in range(12, 12 + count)]
        profiler.disable()
    for answer in answers:
        check(answer)
    return "\n".join(_table(profiler, count, order) for order in ("tottime", "cumulative"))


class Unanswered(Exception):
    """The server answered with errors."""


def check(answer: bytes) -> None:
    """Raises Unanswered for what is no answer without errors, neither of the request nor of a write."""
    try:
        said = orjson.loads(answer)
        data = said["data"]
        wrong = said.get("errors") or [e for v in data.values() if isinstance(v, dict) for e in v.get("errors") or ()]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise Unanswered(f"没有得到答复, 不显示剖析结果: {answer[:300]!r}") from None
    if wrong:
        raise Unanswered(f"请求被拒绝, 不显示剖析结果: {wrong[0].get('message')}")


async def _cursor(app: Any, place: Place) -> str:
    make = documents(CURSOR, place.readers[:1], lambda _n: {"offset": 4_999})
    answer = await _call(app, make(0))
    check(answer)
    found = orjson.loads(answer)
    return str(found["data"]["mediationCases"]["edges"][0]["cursor"])


async def _call(app: Any, request: bytes) -> bytes:
    """The body of the answer to a whole request, without a socket."""
    head, _, body = request.partition(b"\r\n\r\n")
    lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/graphql", "raw_path": b"/graphql",
        "query_string": b"", "root_path": "", "scheme": "http", "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1), "headers": [(name.lower(), value) for name, value in lines], "asgi": {},
    }  # fmt: skip
    sent: list[bytes] = []

    said = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        # Like a client that waits for its answer.
        return said.pop() if said else await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message.get("body", b""))

    await app(scope, receive, send)
    return b"".join(sent)


def _table(profiler: cProfile.Profile, count: int, order: str) -> str:
    stats = pstats.Stats(profiler, stream=io.StringIO())
    entries: dict[Any, Any] = stats.stats  # type: ignore[attr-defined]
    at = 2 if order == "tottime" else 3
    lines = [f"{'本身' if at == 2 else '累计'} ms/请求   次/请求   函数"]
    for (file, line, name), entry in sorted(entries.items(), key=lambda item: -item[1][at])[:LINES]:
        place = file.replace(f"{ROOT}/", "").split("site-packages/")[-1]
        lines.append(f"{entry[at] * 1000 / count:10.4f} {entry[1] / count:9.1f}   {place}:{line} {name}")
    return "\n".join(lines) + "\n"
