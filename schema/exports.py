"""Exports over HTTP: ``Accept: application/x-ndjson`` with a query of one list makes every row a line of the answer.

The document goes the long way like any other (parsed, validated, limits, variables); only where the list would be read
its request is taken instead and handed to ``resolvers.streams``.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from db.engine import TooSlow
from permissions.http import STATUS, refuse
from resolvers.faults import RETRY, Denied, bad_input
from resolvers.requests import Connection

NDJSON = "application/x-ndjson"


@dataclass
class Wanted:
    """What a document asks to export."""

    request: Connection | None = None
    variables: Any = None

    def take(self, request: Connection, variables: Any) -> None:
        """The list that is to be exported."""
        self.request, self.variables = request, variables

    @staticmethod
    def check(fields: int, writing: bool) -> None:
        """Refuse, before anything happens, what is no query of a single field."""
        if writing or fields != 1:
            raise GraphQLError("No export.", original_error=not_one_list())


def not_one_list() -> Denied:
    """The document does not ask for one list."""
    return bad_input("导出的请求应为一个列表的查询。", "An export is a query of exactly one list.")


class Lines(Response):
    """An answer whose lines are read while they are sent. One that is broken off has no regular end."""

    media_type = f"{NDJSON}; charset=utf-8"

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes, None], seconds: float) -> None:
        self.status_code, self.background = 200, None
        self.first, self.rest, self.seconds = first, rest, seconds
        self.init_headers()
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a piece, then read the next: a slow client holds no more than one in memory."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async with asyncio.timeout(self.seconds), contextlib.aclosing(self.rest):
                piece: bytes | None = self.first
                while piece is not None:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    piece = await anext(self.rest, None)
        except TimeoutError:
            raise TooSlow from None
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def export(request: Request, wanted: Wanted, context: Any) -> Response:
    """The answer to an export whose document was found good. What is refused is refused before the first line."""
    services, visit = context.services, context.visit
    seconds = services.settings.export_seconds
    if visit is not None:
        visit.seconds = seconds
    if wanted.request is None:
        return refused(request.scope, not_one_list())
    lines = services.exports.lines(wanted.request, context.viewer, wanted.variables)
    try:
        first = await anext(lines, b"")
    except Denied as denied:
        await services.commands.refusals.note_reads(context.viewer, [denied])
        return refused(request.scope, denied)
    except BaseException:
        await lines.aclose()
        raise
    return Lines(first, lines, seconds)


def refused(scope: Scope, denied: Denied) -> Response:
    """A refusal in the shape of every other."""
    seconds = denied.details.get(RETRY, 10 if denied.code == "UNAVAILABLE" else None)
    headers = {"Retry-After": str(seconds)} if seconds else None
    return refuse(
        scope, STATUS.get(denied.code, 400), denied.code, denied.zh, denied.en, headers, denied.details or None
    )
