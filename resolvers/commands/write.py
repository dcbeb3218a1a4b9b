"""The one write path: GraphQL, the admin, seeds and the command line all change rows here (DESIGN 4).

Each method is one transaction: it keeps the row, its effects and one audit record, or nothing. What the user can mend
raises Refused with every fault at once; paths stand relative to the input, except those that begin with another
argument's name (``ARGUMENTS``). What the viewer has no right to raises Denied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from db.engine import Database
from db.registry import EntityInfo, Registry
from permissions.viewer import Viewer
from resolvers.commands import rows, steps, uniqueness
from resolvers.commands.work import Work
from resolvers.faults import Fault, Refused

T = TypeVar("T")
ARGUMENTS = frozenset({"by", "ifVersion", "reason"})
"""First steps of paths that name an argument of their own, not a field of the input."""
_TRIES = 4
_TRY_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock: the other one got through


def under(fault: Fault, argument: str) -> Fault:
    """The fault as a client sees it, whose input stands in `argument`: ``("name",)`` -> ``("patch", "name")``."""
    return fault if fault.path[:1] and fault.path[0] in ARGUMENTS else fault.under(argument)


class Commands:
    """The derived writes and the steps of every entity over one database."""

    def __init__(self, database: Database, entities: Registry) -> None:
        self.database, self.entities = database, entities

    async def create(self, viewer: Viewer, entity: str, data: Mapping[str, Any]) -> str:
        """Make a row of `entity` from `data`; its key. For an entity with a machine this is its first step."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: rows.create(work, info, data))

    async def update(
        self, viewer: Viewer, entity: str, by: Mapping[str, Any], patch: Mapping[str, Any], if_version: int | None
    ) -> str:
        """Change what `patch` names in the row; its key. A patch that changes nothing writes nothing."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: rows.update(work, info, by, patch, if_version))

    async def delete(self, viewer: Viewer, entity: str, by: Mapping[str, Any], if_version: int | None) -> str:
        """Mark the row deleted, while nothing refers to it and it is a draft; its key."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: rows.delete(work, info, by, if_version))

    async def take(
        self,
        viewer: Viewer,
        entity: str,
        by: Mapping[str, Any],
        verb: str,
        if_version: int | None,
        reason: str | None = None,
    ) -> str:
        """Take the step `verb` of the row's state machine; its key."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: steps.take(work, info, by, verb, if_version, reason))

    async def _write(self, viewer: Viewer, info: EntityInfo, act: Callable[[Work], T]) -> T:
        def function(connection: Connection) -> T:
            return act(Work(connection, self.entities, viewer, self.database.settings))

        for left in reversed(range(_TRIES)):
            try:
                return await self.database.write(function)
            except IntegrityError as error:
                # Somebody took the same value meanwhile; the next try sees their row and names every fault.
                if left:
                    continue
                fault = uniqueness.fault_of(info, error)
                if fault is None:
                    raise
                raise Refused([fault]) from None
            except DBAPIError as error:
                if not left or getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                    raise
        raise AssertionError("the last try returns or raises")
