"""The desk of the tests of steps: the town with papers in it."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Any

import sqlalchemy as sa

from db.identity import global_id
from db.registry import Registry
from permissions.viewer import SERVER
from resolvers.commands.steps import take_as_server
from resolvers.commands.work import Origin, Work
from resolvers.commands.write import Commands
from schema.build import RegisterSchema
from tests.resolvers import papers
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import Town, code_of


@functools.cache
def known() -> Registry:
    return papers.entities()


@functools.cache
def schema() -> RegisterSchema:
    return papers.schema(known())


class Papers:
    """The town with papers in it."""

    def __init__(self, town: Town) -> None:
        self.town, self.info, self.table = town, known()["Paper"], known()["Paper"].table
        town.commands = self.commands = Commands(town.database, known())
        self.ends = Endpoint(town, schema())

    async def make(self, login: str = "district", **more: Any) -> str:
        data = {"title": "材料", "region": {"code": code_of("village1")}, **more}
        return await self.commands.create(await self.town.viewer(login), "Paper", data)

    def by(self, key: str) -> dict[str, str]:
        return {"id": global_id("pp", key)}

    async def take(self, login: str, key: str, verb: str, /, reason: str | None = None, **more: Any) -> str:
        acknowledge = frozenset(more.pop("acknowledge", ()))
        viewer = await self.town.viewer(login)
        origin = Origin(acknowledge=acknowledge)
        return await self.commands.take(viewer, "Paper", self.by(key), verb, None, reason, origin, more)

    async def row(self, key: str) -> dict[str, Any]:
        statement = sa.select(self.table).where(self.table.c.id == key)
        return await self.town.database.look(lambda c: dict(c.execute(statement).mappings().one()))

    async def put(self, key: str, **values: Any) -> None:
        statement = sa.update(self.table).where(self.table.c.id == key).values(**values)
        await self.town.database.write(lambda c: c.execute(statement))

    async def told(self, key: str) -> list[dict[str, Any]]:
        return [r for r in await self.town.rows("AuditLog") if r["entity_id"] == global_id("pp", key)]

    async def serve(self, key: str, verb: str, at: dt.datetime) -> bool:
        def act(connection: Any) -> bool:
            return take_as_server(
                Work(connection, known(), SERVER, self.town.database.settings), self.info, key, verb, at
            )

        return await self.town.database.write(act)
