"""The world in a database, and the real endpoint over it: what tests of reads and writes ask."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import make_url
from starlette.requests import Request
from starlette.responses import Response

from db.engine import Database
from permissions.viewer import Viewer
from resolvers.services import Services, make_services
from schema.build import RegisterSchema, build_schema
from schema.fast import FastPath
from schema.http import NEW, answer
from settings import Settings
from tests.canaries import SECRET, watch
from tests.databases import RUNTIME
from tests.world import Rows, rows, viewers

MOMENT = dt.datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=dt.UTC)
"""When every read of a Place is made, as its answers say: two answers to one question are equal to the byte."""


@dataclass
class Place:
    """A database that holds the world, with the real schema over it."""

    runner: asyncio.Runner
    schema: RegisterSchema
    fast: FastPath
    services: Services
    world: Rows
    viewers: dict[str, Viewer]

    def body(
        self, viewer: str | Viewer, document: str, variables: Mapping[str, Any] | None = None, english: bool = True,
        operation: str | None = None,
    ) -> bytes:  # fmt: skip
        """The body of the answer to a document, as the endpoint gives it: known documents go the short way."""
        asked = {"query": document, "variables": dict(variables or {}), "operationName": operation}
        return bytes(self.send(viewer, asked, english).body)

    def send(
        self, viewer: str | Viewer, asked: Mapping[str, Any], english: bool = True, cost: bool = False
    ) -> Response:
        """The answer to a whole request; `cost` asks for its price, too."""
        reader = self.viewers[viewer] if isinstance(viewer, str) else viewer
        body = orjson.dumps(asked)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        language = b"en" if english else b"zh"
        headers = [(b"content-type", b"application/json"), (b"accept", NEW.encode()), (b"accept-language", language)]
        headers += [(b"graphql-cost", b"report")] if cost else []
        request = Request({"type": "http", "method": "POST", "headers": headers, "state": {"viewer": reader}}, receive)
        response = self.runner.run(answer(request, self.schema, self.fast, self.services))
        watch.answer("GraphQL", response.status_code, response.raw_headers, bytes(response.body))
        return response

    def ask(
        self,
        viewer: str | Viewer,
        document: str,
        variables: Mapping[str, Any] | None = None,
        operation: str | None = None,
    ) -> Any:
        """The answer as Python values."""
        return orjson.loads(self.body(viewer, document, variables, operation=operation))

    def id(self, entity: str, name: str) -> str:
        """The global id of a row by its name in the world."""
        return f"{self.services.entities[entity].facts.prefix}_{self.world.key(entity, name)}"


@contextmanager
def place(url: str, world: Rows | None = None, readers: dict[str, Viewer] | None = None) -> Iterator[Place]:
    """The migrated, empty database at `url`, filled with the world or another one and open for reading."""
    world = world or rows()
    walled = make_url(url).username == RUNTIME
    settings = Settings(database_url=url, secret_key=SECRET * 6, row_level_security=walled)
    database = Database(settings)
    database.clock = lambda: MOMENT

    def fill(connection: sa.Connection) -> None:
        for entity, written in world.written():
            connection.execute(sa.insert(world.entities[entity].table), written)

    with asyncio.Runner() as runner:
        runner.run(database.as_system().write(fill))
        runner.run(database.start())
        try:
            schema, services = build_schema(world.entities), make_services(settings, database, world.entities)
            known = viewers(world) if readers is None else readers
            yield Place(runner, schema, FastPath(schema), services, world, known)
        finally:
            runner.run(database.stop())
