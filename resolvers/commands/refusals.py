"""What was refused leaves a record too, so that probing is seen: who asked for what, never with which values.

A refused write is rolled back first; its record is a transaction of its own. If that cannot be written, the answer is
INTERNAL: what nobody could read about must not tell anything. Who is refused too often may not write for a while.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from db.engine import Database
from db.entity_info import EntityInfo
from db.models.system.audit_log import AuditAction
from db.registry import Registry
from permissions.rates import wait_of
from permissions.viewer import Viewer
from resolvers.commands.audit import record_at_home
from resolvers.faults import Denied, Fault, Refused, rate_limited

MOST_TOLD = 20
_TELLING = frozenset({"NOT_FOUND", "NOT_UNIQUE", "FORBIDDEN"})
"""Codes that say whether there is something the viewer may not see."""
_SUSPECTS = 10_000


class Refusals:
    """The records of refusals of one process."""

    def __init__(self, database: Database, entities: Registry) -> None:
        self._database, self._entities = database, entities
        self._suspects: OrderedDict[str, None] = OrderedDict()
        """Accounts that were refused something here: only their writes are worth a look at the count."""

    @contextlib.asynccontextmanager
    async def watch(self, viewer: Viewer, info: EntityInfo) -> AsyncIterator[None]:
        """A write by `viewer` of rows of an entity. Raises RATE_LIMITED for who was refused too often."""
        await self._check(viewer)
        try:
            yield
        except Refused as refused:
            await self.note_faults(viewer, info, refused.faults)
            raise
        except Denied as denied:
            if denied.code == "FORBIDDEN" or denied.about is not None:
                denied.about = None  # told; who answers the request need not do so again
                await self._note(viewer, info, [{"path": [], "code": denied.code}])
            raise

    async def note_faults(self, viewer: Viewer, info: EntityInfo, faults: Iterable[Fault]) -> None:
        """Record the faults of a refused write that tell something; none for a form that has to be mended.

        Each number that is registered already has a record of its own: the hourly limit counts them one by one.
        """
        telling = [fault for fault in faults if self._tells(info, fault)]
        numbers = [fault for fault in telling if fault.code == "NOT_UNIQUE" and self._is_number(info, fault)]
        others = [fault for fault in telling if fault not in numbers]
        for some in [*([number] for number in numbers), *([others] if others else [])]:
            await self._note(viewer, info, [{"path": list(fault.path), "code": fault.code} for fault in some])

    def _is_number(self, info: EntityInfo, fault: Fault) -> bool:
        """Whether a fault is at an encrypted column: of the row, or of one that it brings along."""
        at = info
        for step in fault.path:
            if (field := at.public_fields.get(step)) is not None:
                return field.kind.sealed
            if (relation := at.public_relations.get(step)) is not None:
                at = self._entities[relation.target]
        return False

    async def note_reads(self, viewer: Viewer, problems: Iterable[Denied]) -> None:
        """Record one refused request to read, whatever number of its parts was refused."""
        about = {denied.about: denied.code for denied in problems if denied.about is not None}
        if about:
            told = [{"path": [name], "code": code} for name, code in about.items()]
            await self._note(viewer, self._entities[next(iter(about))], told)

    async def _check(self, viewer: Viewer) -> None:
        if viewer.account_id in self._suspects:
            most = self._database.settings.refused_writes_per_hour
            wait = await self._database.as_system().look(
                lambda c: wait_of(c, viewer.account_id, most, AuditAction.REFUSED)
            )
            if wait:
                zh, en = "被拒绝的次数过多，请稍后再试。", "You were refused too often; try again later."
                raise rate_limited(zh, en, wait)

    async def _note(self, viewer: Viewer, info: EntityInfo, told: Sequence[dict[str, Any]]) -> None:
        if not viewer.account_id:
            return  # the server itself
        distinct = list({(*each["path"], each["code"]): each for each in told}.values())
        codes = "、".join(dict.fromkeys(each["code"] for each in distinct))
        summary, after = f"拒绝：{info.facts.zh}（{codes}）", {"refused": distinct[:MOST_TOLD], "count": len(told)}
        await self._database.as_system().write(
            lambda connection: record_at_home(connection, viewer, AuditAction.REFUSED, info, summary, after)
        )
        self._suspects[viewer.account_id] = None
        if len(self._suspects) > _SUSPECTS:
            self._suspects.popitem(last=False)

    def _tells(self, info: EntityInfo, fault: Fault) -> bool:
        """Whether a fault is more than a slip: it says what there is elsewhere, or something of personal data."""
        if fault.code in _TELLING:
            return True
        at = info
        for step in fault.path:
            if (field := at.public_fields.get(step)) is not None:
                return field.kind.sealed or field.maskable or field.facts.tells
            if (relation := at.public_relations.get(step)) is not None:
                at = self._entities[relation.target]
                if fault.code == "RANGE":
                    return True  # outside of what the viewer may write
        return False
