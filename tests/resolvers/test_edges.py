"""A walk over every edge of every machine, with everybody: what is offered can be taken, what is missing is what stops,
and nothing else can be taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.clock import today
from db.entity_info import EntityInfo
from permissions.actions import allowed_steps, open_row
from permissions.viewer import Viewer
from resolvers.commands.steps import missing, take
from resolvers.commands.work import Origin, Work
from resolvers.faults import Denied, Refused
from tests.resolvers import papers
from tests.resolvers.desk import Papers, known
from tests.resolvers.test_court_notices import court, notify
from tests.resolvers.town import WAYS, Town

pytestmark = pytest.mark.anyio
REASON = "走一遍"


async def filings(town: Town) -> dict[str, str]:
    """A filing in each of its states, by the way it goes there."""
    found = {}
    for number, (state, way) in enumerate(WAYS.items()):
        committee = await town.complete(name=f"第{number}人民调解委员会")
        login = await town.clerk(committee, f"clerk{number}")
        filing = await town.filing(committee, login)
        await town.go(filing, *((login if who == "clerk" else who, verb) for who, verb in way))
        found[state] = filing
    return found


async def notices(town: Town) -> dict[str, str]:
    """A notification in each of its states."""
    await court(town)
    await town.filed(await town.complete())
    signed = await notify(town, period=f"{today():%Y-%m}")
    await town.take("court", signed, "acknowledge", entity="CourtNotification")
    await town.filed(await town.complete(name="又一人民调解委员会"))
    return {"SENT": await notify(town), "ACKNOWLEDGED": signed}


async def sheets(town: Town) -> dict[str, str]:
    """A paper in each state of either machine."""
    await town.database.write(papers.Scratch.metadata.create_all)
    desk = Papers(town)
    found = {state.name: await desk.make() for state in papers.PaperState}
    for state, key in found.items():
        await desk.put(key, state=state, submitted_by_id=town.keys["@district"])
    found["SHOWN"] = await desk.make()
    await desk.put(found["SHOWN"], face="SHOWN")
    return found


def attempt(connection: Connection, town: Town, info: EntityInfo, viewer: Viewer, key: str, verb: str) -> set[Any]:
    """What stops the step: faults by path and code, or that it is denied; nothing where it can be taken."""
    work = Work(connection, known(), viewer, town.database.settings, Origin())
    savepoint = connection.begin_nested()
    try:
        take(work, info, town.ref(key, info.name) if info.name != "Paper" else {"id": f"pp_{key}"}, verb, None, REASON)
    except Refused as refused:
        return {(fault.path, fault.code) for fault in refused.faults}
    except Denied as denied:
        return {denied.code}
    finally:
        savepoint.rollback()
    return set()


def walked(
    connection: Connection, town: Town, info: EntityInfo, rows: Mapping[str, str], viewers: Mapping[str, Viewer]
) -> dict[tuple[str, str], set[bool]]:
    """(verb, state) -> whether it was open, of all who tried; what is said beforehand is what happens."""
    edges: dict[tuple[str, str], set[bool]] = {}
    verbs = {step.verb for machine in info.facts.machines for step in machine.moves}
    for key in rows.values():
        stored = connection.execute(sa.select(info.table).where(info.table.c.id == key)).mappings().one()
        for login, viewer in viewers.items():
            row = open_row(connection, known(), info, viewer, key)
            offered = {step.verb: step for step in allowed_steps(info, viewer, row)} if row else {}
            for verb in sorted(verbs):
                said = f"{login} {verb} {info.name}"
                machine = info.facts.machine_of(verb)
                assert machine is not None
                edges.setdefault((verb, stored[machine.column]), set()).add(verb in offered)
                stopped = attempt(connection, town, info, viewer, key, verb)
                if row and verb in offered:
                    work = Work(connection, known(), viewer, town.database.settings)
                    lacks = {(fault.path, fault.code) for fault in missing(work, info, row, offered[verb])}
                    assert stopped == lacks, said
                else:
                    closed = {"FORBIDDEN", (("by",), "STATE"), (("by",), "NOT_FOUND")}
                    assert stopped & closed, said
    return edges


@pytest.mark.parametrize(("entity", "make"), [
    ("CommitteeFiling", filings), ("CourtNotification", notices), ("Paper", sheets),
])  # fmt: skip
async def test_every_edge_is_open_to_who_may_and_shut_to_who_may_not(town: Town, entity: str, make: Any) -> None:
    rows, info = await make(town), known()[entity]
    logins = [
        "district",
        "district2",
        "other",
        "office",
        "city",
        "auditor",
        *(name[1:] for name in town.keys if name.startswith(("@clerk", "@court"))),
    ]
    viewers = {login: await town.viewer(login) for login in logins}
    edges = await town.database.write(lambda c: walked(c, town, info, rows, viewers))
    for machine in info.facts.machines:
        for step in machine.moves:
            for source in step.sources:
                assert edges[step.verb, source] == ({False} if step.server else {True, False}), (step.verb, source)
        for verb, state in edges:
            if machine.of(verb) and not any(state in step.sources for step in machine.of(verb)):
                assert edges[verb, state] == {False}, (verb, state)


def test_no_machine_is_left_out() -> None:
    """A new machine joins the walk: give it a row in each of its states."""
    moving = {info.name for info in known().values() if any(machine.moves for machine in info.facts.machines)}
    assert moving == {"CommitteeFiling", "CourtNotification", "Paper"}
