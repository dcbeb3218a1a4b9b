"""A client as thin as can be: it says what it is told, keeps connections, and may leave in the middle of a word."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tests.canaries import watch

PATIENCE = 120.0
"""Seconds until an answer counts as none: long, since nothing here is about time."""
_MOMENT = re.compile(rb'(?<="dataAsOf":")\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?=\+08:00"\})')
Asker = Mapping[str, str]
"""The headers by which somebody is known."""


@dataclass(frozen=True)
class Answer:
    """What came back: everything of it but when that was, in the headers and as ``dataAsOf``."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as Python values."""
        return orjson.loads(self.body)

    def payload(self) -> Any:
        """The payload of the one mutation of an answer; None where something else was answered."""
        told = self.json if self.status == 200 else None
        if not isinstance(told, dict) or "errors" in told or not told.get("data"):
            return None
        [found] = told["data"].values()
        return found


def bearer(token: str) -> dict[str, str]:
    """An asker by token."""
    return {"Authorization": f"Bearer {token}"}


def request(method: str, path: str, asker: Asker, body: bytes = b"") -> bytes:
    """A whole HTTP/1.1 request."""
    headers = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **asker}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def graphql(asker: Asker, document: str, variables: Mapping[str, Any] | None = None, key: str | None = None) -> bytes:
    """A request of a document, with an idempotency key where one is given."""
    more = {"Accept": "application/graphql-response+json"}
    if key is not None:
        more["Idempotency-Key"] = key
    asked = orjson.dumps({"query": document, "variables": dict(variables or {})}, default=str)
    return request("POST", "/graphql", {**asker, **more}, asked)


class Line:
    """One connection to a server of this machine, opened when something is said."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, *requests: bytes) -> list[Answer]:
        """The answers to requests that are sent one after the other, without waiting for the first of them.

        Raises OSError or EOFError where the server leaves; the next time there is a new connection.
        """
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=16 * 1024 * 1024)
            reader, writer = self._streams
            writer.write(b"".join(requests))
            async with asyncio.timeout(PATIENCE):
                return [await _answer(reader) for _ in requests]
        except BaseException:
            self.leave()
            raise

    async def say(self, begun: bytes) -> None:
        """Say something and wait for nothing."""
        self._streams = self._streams or await asyncio.open_connection("127.0.0.1", self.port)
        self._streams[1].write(begun)
        await self._streams[1].drain()

    def leave(self) -> None:
        """Cut the connection, whatever is said on it."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def _answer(reader: asyncio.StreamReader) -> Answer:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").strip().split("\r\n")
    headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    known = dict(headers)
    body = await (reader.readexactly(int(known["content-length"])) if "content-length" in known else _chunks(reader))
    status = int(first.split()[1])
    watch.answer("the server", status, [(n.encode(), v.encode("latin-1")) for n, v in headers], body)
    return Answer(status, tuple(head for head in headers if head[0] != "date"), _MOMENT.sub(b"then", body))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body
