"""Our register with the models of the trial beside ours, and their acts found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa
from sqlalchemy.engine import Connection

import db.walls
import permissions.walls
from db.base import Record
from db.history import shadow_of
from db.naming import snake
from db.registry import Registry, registry
from resolvers import acting
from resolvers.commands.work import public_id
from resolvers.commands.write import Commands
from schema.build import RegisterSchema, build_schema
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import Town
from tests.trial.base import METADATA, TrialScoped
from tests.trial.evaluation import Evaluation
from tests.trial.subsidy_claim import ClaimShare, Honour, SubsidyClaim

MODELS: list[type[Record]] = [SubsidyClaim, ClaimShare, Honour, Evaluation]
TRIAL = Registry([*(info.model for info in registry().values()), *MODELS])


@contextmanager
def acts() -> Iterator[None]:
    """The acts of the trial lie beside its models (``NAME_acts.py``), and the wall stands around its tables, too."""
    places = {model: f"tests.trial.{snake(model.__name__)}_acts" for model in MODELS}
    found = {place for place in places.values() if find_spec(place)}
    ours, known = acting._path, acting._modules()
    with (
        patch.object(acting, "_path", lambda model: places.get(model) or ours(model)),
        patch.object(acting, "_modules", lambda: known | found),
        patch.object(permissions.walls, "registry", lambda: TRIAL),
        patch.object(permissions.walls, "Base", TrialScoped),
        patch.object(db.walls, "Base", TrialScoped),
    ):
        yield


def make_tables(connection: Connection) -> None:
    """The tables of the trial, in a database that has ours."""
    tables = [model.__table__ for model in MODELS]
    shadows = [shadow_of(table) for table in tables if isinstance(table, sa.Table)]
    METADATA.create_all(connection, tables=[*tables, *filter(lambda made: made is not None, shadows)])  # type: ignore[list-item]


class Trial:
    """The town with the tables of the trial, its commands and its endpoint."""

    def __init__(self, town: Town) -> None:
        self.town = town
        town.commands = Commands(town.commands.database, TRIAL)
        self.endpoint = Endpoint(town, schema(), TRIAL)

    async def write(self, login: str, document: str, **variables: Any) -> Any:
        """The payload of a mutation."""
        return await self.endpoint.data(login, document, variables)

    async def rows(self, entity: str, **equal: Any) -> list[dict[str, Any]]:
        """The living rows of an entity of the trial, in the order of creation."""
        table = TRIAL[entity].table
        where = [table.c.deleted_at.is_(None), *(table.c[name] == value for name, value in equal.items())]
        statement = sa.select(table).where(*where).order_by(table.c.id)
        return await self.town.database.look(lambda c: [dict(row) for row in c.execute(statement).mappings()])

    @staticmethod
    def ref(entity: str, key: str) -> dict[str, Any]:
        """A reference to a row, as inputs have it."""
        return {"connect": {"id": public_id(TRIAL[entity], key)}}


@cache
def schema() -> RegisterSchema:
    """The schema of the trial."""
    return build_schema(TRIAL)
