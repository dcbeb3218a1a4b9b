"""The one write path: GraphQL, the admin, seeds and the command line all change rows here (DESIGN 4).

Each method is one transaction: it keeps the row, its effects and one audit record, or nothing. What the user can mend
raises Refused with every fault at once; paths stand relative to the input, except those that begin with another
argument's name (``ARGUMENTS``). What the viewer has no right to raises Denied.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, IntegrityError

from db.clock import now
from db.engine import Database
from db.entity_info import EntityInfo
from db.registry import Registry
from db.touched import must_be_told
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.commands import bulk, reveal, rows, steps, uniqueness
from resolvers.commands.bulk_steps import take_many
from resolvers.commands.managing import Accounts
from resolvers.commands.once import PATH, forget_old, once
from resolvers.commands.refusals import Refusals
from resolvers.commands.reveal import Revealed
from resolvers.commands.upsert import Result, Undone, upsert
from resolvers.commands.work import Origin, Work
from resolvers.faults import Fault, Refused

T = TypeVar("T")
ARGUMENTS = frozenset({"by", "ifVersion", "reason", "acknowledge", "where", "atMost", "dryRun", PATH})
"""First steps of paths that name an argument of their own, not a field of the input; no step takes a field so named."""
_TRIES = 4
_TRY_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock: the other one got through
_HERE = Origin()
_TIDY = dt.timedelta(minutes=1)


def under(fault: Fault, argument: str) -> Fault:
    """The fault as a client sees it, whose input stands in `argument`: ``("name",)`` -> ``("patch", "name")``."""
    return fault if fault.path[:1] and fault.path[0] in ARGUMENTS else fault.under(argument)


class Commands:
    """The derived writes and the steps of every entity over one database.

    Every one takes the `origin` of the write: an outcome that an idempotency key of it stands for is told again.
    """

    def __init__(self, database: Database, entities: Registry) -> None:
        self.database, self.entities = database, entities
        self.refusals = Refusals(database, entities)
        self.accounts = Accounts(self)
        self._tidy_at = now()

    async def create(self, viewer: Viewer, entity: str, data: Mapping[str, Any], origin: Origin = _HERE) -> str:
        """Make a row of `entity` from `data`; its key. For an entity with a machine this is its first step."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: rows.create(work, info, data), origin)

    async def update(
        self, viewer: Viewer, entity: str, by: Mapping[str, Any], patch: Mapping[str, Any], if_version: int | None,
        origin: Origin = _HERE,
    ) -> str:  # fmt: skip
        """Change what `patch` names in the row; its key. A patch that changes nothing writes nothing."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: rows.update(work, info, by, patch, if_version), origin)

    async def delete(
        self, viewer: Viewer, entity: str, by: Mapping[str, Any], if_version: int | None, origin: Origin = _HERE
    ) -> str:
        """Mark the row deleted, while nothing refers to it and it is a draft; its key."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: rows.delete(work, info, by, if_version), origin)

    async def take(
        self, viewer: Viewer, entity: str, by: Mapping[str, Any], verb: str, if_version: int | None,
        reason: str | None = None, origin: Origin = _HERE, takes: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Take the step `verb` of one of the row's state machines, with what it `takes`; its key."""
        info = self.entities[entity]
        act = lambda work: steps.take(work, info, by, verb, if_version, reason, takes)  # noqa: E731
        return await self._write(viewer, info, act, origin)

    # --- many rows -------------------------------------------------------------------------------------------------

    async def update_many(
        self, viewer: Viewer, entity: str, where: Mapping[str, Any], patch: Mapping[str, Any], at_most: int,
        dry_run: bool = False, origin: Origin = _HERE,
    ) -> int:  # fmt: skip
        """Change all rows that `where` selects, or none; how many. With `dry_run` nothing is kept."""
        info = self.entities[entity]
        act = lambda work: bulk.update_many(work, info, where, patch, at_most)  # noqa: E731
        return await self.rehearse(viewer, info, act, dry_run, origin)

    async def take_many(
        self, viewer: Viewer, entity: str, where: Mapping[str, Any] | None, by: Sequence[Mapping[str, Any]] | None,
        verb: str, at_most: int, reason: str | None = None, takes: Mapping[str, Any] | None = None,
        dry_run: bool = False, origin: Origin = _HERE,
    ) -> list[Result]:  # fmt: skip
        """Take a step with the rows that `where` selects or `by` names, each by itself; what became of each.

        With `dry_run` nothing is kept.
        """
        info = self.entities[entity]

        def act(work: Work) -> list[dict[str, Any]]:
            return [asdict(each) for each in take_many(work, info, where, by, verb, at_most, reason, takes or {})]

        found = await self.rehearse(viewer, info, act, dry_run, origin)
        results = [Result(each["index"], each["key"], [_fault(told) for told in each["faults"]]) for each in found]
        await self.refusals.note_faults(viewer, info, [fault for result in results for fault in result.faults])
        return results

    async def delete_many(
        self, viewer: Viewer, entity: str, where: Mapping[str, Any], at_most: int, dry_run: bool = False,
        origin: Origin = _HERE,
    ) -> int:  # fmt: skip
        """Delete all rows that `where` selects, or none; how many. With `dry_run` nothing is kept."""
        info = self.entities[entity]
        act = lambda work: bulk.delete_many(work, info, where, at_most)  # noqa: E731
        return await self.rehearse(viewer, info, act, dry_run, origin)

    async def upsert(
        self, viewer: Viewer, entity: str, items: Sequence[Mapping[str, Any]], key: str, at_most: int = 500,
        go_on: bool = False, dry_run: bool = False, origin: Origin = _HERE,
    ) -> list[Result]:  # fmt: skip
        """Create each item, or change the row that has its `key`; what became of each.

        One item with faults undoes all, unless to `go_on` without it. With `dry_run` nothing is kept.
        """
        info = self.entities[entity]

        def act(work: Work) -> list[dict[str, Any]]:
            return [asdict(result) for result in upsert(work, info, items, key, at_most, go_on)]

        try:
            found = await self.rehearse(viewer, info, act, dry_run, origin)
        except Undone as undone:
            found = undone.outcome
        await self.refusals.note_faults(viewer, info, [_fault(told) for each in found for told in each["faults"]])
        return [
            Result(each["index"], None if dry_run else each["key"], [_fault(told) for told in each["faults"]])
            for each in found
        ]

    # --- personal data ---------------------------------------------------------------------------------------------

    async def reveal(self, viewer: Viewer, entity: str, identity: str, field: str, reason: str | None) -> Revealed:
        """One masked value of the row with this global id, to who has the right and a reason; it is recorded."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: reveal.reveal(work, info, identity, field, reason), _HERE)

    async def find(self, viewer: Viewer, entity: str, field: str, value: str, reason: str | None) -> str | None:
        """The key of the row whose encrypted `field` is exactly `value`, within reach of the viewer; recorded."""
        info = self.entities[entity]
        return await self._write(viewer, info, lambda work: reveal.find(work, info, field, value, reason), _HERE)

    # --- acts that are written by hand -------------------------------------------------------------------------------

    async def act(self, viewer: Viewer, entity: str, act: Callable[[Work], T], origin: Origin = _HERE) -> T:
        """What `act` returns (plain JSON), in one transaction; what it refuses is told as one about `entity`."""
        return await self._write(viewer, self.entities[entity], act, origin)

    # --- the transaction -------------------------------------------------------------------------------------------

    async def rehearse(
        self, viewer: Viewer, info: EntityInfo, act: Callable[[Work], T], dry_run: bool, origin: Origin = _HERE
    ) -> T:
        """What `act` returns, kept or, for a rehearsal, taken back and told all the same."""
        if not dry_run:
            return await self._write(viewer, info, act, origin)

        def rehearse(work: Work) -> T:
            raise Undone(act(work))

        try:
            return await self._write(viewer, info, rehearse, Origin(origin.channel))
        except Undone as undone:
            return undone.outcome  # type: ignore[no-any-return]

    async def _write(self, viewer: Viewer, info: EntityInfo, act: Callable[[Work], T], origin: Origin) -> T:
        async with self.refusals.watch(viewer, info):
            return await self._tried(viewer, info, act, origin)

    async def _tried(self, viewer: Viewer, info: EntityInfo, act: Callable[[Work], T], origin: Origin) -> T:
        def function(connection: Connection) -> T:
            work = Work(connection, self.entities, viewer, self.database.settings, origin)
            if origin.once is not None and work.now >= self._tidy_at:
                self._tidy_at = work.now + _TIDY
                forget_old(work)
            outcome = once(work, act)
            must_be_told(connection)
            return outcome

        for left in reversed(range(_TRIES)):
            try:
                return await behind(self.database, viewer, "act").write(function)
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


def _fault(told: Mapping[str, Any]) -> Fault:
    return Fault(**{**told, "path": tuple(told["path"])})
