"""The world in a database, and the real endpoint over it: what tests of reads and writes ask."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from starlette.requests import Request

from db.engine import Database
from permissions.viewer import Viewer
from resolvers.services import Services, make_services
from schema.build import RegisterSchema, build_schema
from schema.fast import FastPath
from schema.http import NEW, answer
from settings import Settings
from tests.world import Rows, rows, viewers


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
        reader = self.viewers[viewer] if isinstance(viewer, str) else viewer
        asked = {"query": document, "variables": dict(variables or {}), "operationName": operation}
        body = orjson.dumps(asked)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body}

        language = b"en" if english else b"zh"
        headers = [(b"content-type", b"application/json"), (b"accept", NEW.encode()), (b"accept-language", language)]
        request = Request({"type": "http", "method": "POST", "headers": headers, "state": {"viewer": reader}}, receive)
        return bytes(self.runner.run(answer(request, self.schema, self.fast, self.services)).body)

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
def place(url: str) -> Iterator[Place]:
    """The migrated, empty database at `url`, filled with the world and open for reading."""
    world = rows()
    settings = Settings(database_url=url, secret_key="x" * 40)
    database = Database(settings)

    def fill(connection: sa.Connection) -> None:
        for entity, written in world.by_entity.items():
            connection.execute(sa.insert(world.entities[entity].table), written)

    with asyncio.Runner() as runner:
        runner.run(database.write(fill))
        runner.run(database.start())
        try:
            schema, services = build_schema(world.entities), make_services(settings, database, world.entities)
            yield Place(runner, schema, FastPath(schema), services, world, viewers(world))
        finally:
            runner.run(database.stop())
