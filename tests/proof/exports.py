"""Exports as a surface: what leaves is on record before its first line does."""

from __future__ import annotations

import contextlib

import sqlalchemy as sa

from permissions.viewer import Viewer
from resolvers.faults import Denied
from resolvers.requests import Connection, Pick
from tests.proof.prober import Prober

MOST = 3
"""Viewers of a round who export: the door is the same for all."""


def exports(prober: Prober) -> None:
    """Some who may export a table take its first line, and look at the log before they take another."""
    asked = 0
    for name, viewer in sorted(prober.place.viewers.items()):
        for entity in ("MediationCase", "Mediator", "MediationCommittee"):
            if asked < MOST and (found := prober.place.runner.run(_first(prober, entity, viewer))) is not None:
                asked += 1
                prober.compare("export", name, f"export of {entity}", 1, found)


async def _first(prober: Prober, entity: str, viewer: Viewer) -> int | None:
    """How many records there are more when the first lines are out; None where none may come out, or there are none."""
    services = prober.place.services
    info, log = services.entities[entity], services.entities["AuditLog"].table
    mine = sa.select(sa.func.count()).where(log.c.actor_id == viewer.account_id, log.c.action == "EXPORT")
    system = services.database.as_system()
    before = await system.look(lambda connection: connection.scalar(mine) or 0)
    asked = Connection(info, [("nodes", "nodes", Pick(info).add("id"))])
    async with contextlib.aclosing(services.exports.lines(asked, viewer, None)) as lines:
        try:
            first = await anext(lines, b"")
        except Denied:
            return None
        after = await system.look(lambda connection: connection.scalar(mine) or 0)
    return after - before if first else None
