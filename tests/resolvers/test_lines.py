"""Every row that an act touches has its line under the act's record, as masked as the record and read by its rights."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa

from db import door, outbox
from db.audit.chain import seal_waiting
from db.clock import now, today
from db.models.system.audit_line import AuditLine
from db.models.system.audit_log import AuditLog
from tests.databases import WITH_WALL
from tests.resolvers.asking import Endpoint
from tests.resolvers.town import ONE_DAY, Town

pytestmark = pytest.mark.anyio
KINDS = WITH_WALL
LINE, LOG = AuditLine.__table__, AuditLog.__table__


async def lines(town: Town, **act: Any) -> list[dict[str, Any]]:
    """The lines of the newest act with these columns."""
    mine = [LOG.c[name] == value for name, value in act.items()]
    newest = sa.select(LOG.c.id).where(*mine).order_by(LOG.c.id.desc()).limit(1).scalar_subquery()
    found = sa.select(LINE).where(LINE.c.audit_log_id == newest).order_by(LINE.c.no)
    return await town.database.look(lambda c: [dict(row) for row in c.execute(found).mappings()])


async def re_elected(town: Town) -> tuple[str, str]:
    """A committee of six whose re-election was filed; it and the filing."""
    committee = await town.found()
    await town.term(committee)
    people = await town.staff(committee, 3, 3)
    await town.filed(committee)
    begin = today() + ONE_DAY
    await town.term(committee, startsOn=begin, electionOn=today())
    for i, person in enumerate(people):
        await town.appoint(committee, person, "MEMBER" if i else "DIRECTOR", startOn=begin)
    return committee, await town.filed(committee, "REELECTION")


async def test_a_re_election_tells_of_every_row_it_touched(town: Town) -> None:
    """The filing, the term that ends, its six appointments, and the committee: nine rows, each with its change."""
    committee, filing = await re_elected(town)

    found = await lines(town, verb="file")

    touched = Counter((line["entity"], line["change"]) for line in found)
    assert touched == {
        ("CommitteeTerm", "CHANGED"): 1, ("MediatorAppointment", "CHANGED"): 6, ("MediationCommittee", "CHANGED"): 1,
        ("CommitteeFiling", "CHANGED"): 1,
    }  # fmt: skip
    assert [line["no"] for line in found] == list(range(1, 10))
    one = {line["entity"]: line for line in found}
    post = one["MediatorAppointment"]
    assert post["changed"] == ["endOn", "endReason"]
    assert post["before"] == {"endOn": None, "endReason": None, "version": 1}
    assert post["after"] == {"endOn": str(today()), "endReason": "TERM_END", "version": 2}
    assert one["CommitteeTerm"]["changed"] == ["endsOn"]
    main = one["CommitteeFiling"]
    assert (main["entity_id"], main["version"]) == (f"cf_{filing}", 3)
    assert (main["before"], main["after"]) == (None, None), "the record itself tells of it"
    assert {"state", "filingNo", "filedAt", "filedBy"} <= set(main["changed"])
    assert one["MediationCommittee"]["entity_id"] == f"mc_{committee}"


async def test_lines_of_a_new_a_changed_and_a_removed_row(town: Town) -> None:
    key = await town.person()
    (made,) = await lines(town, entity_id=f"md_{key}")
    await town.update("district", "Mediator", key, {"education": "BACHELOR"})
    (changed,) = await lines(town, entity_id=f"md_{key}")
    await town.delete("district", "Mediator", key)
    (removed,) = await lines(town, entity_id=f"md_{key}")

    told = [(line["change"], line["version"], line["changed"]) for line in (made, changed, removed)]
    assert told == [("CREATED", 1, None), ("CHANGED", 2, ["education"]), ("REMOVED", 3, None)]


async def test_rows_that_are_taken_back_leave_no_line(town: Town) -> None:
    """A savepoint takes what was noted in it along; what was noted before stays."""
    host = town.database

    def act(connection: sa.Connection) -> list[str]:
        from db.touched import take

        table = town_table("Mediator")
        keys = list(connection.scalars(sa.select(table.c.id).limit(2)))
        door.change(connection, table, keys[0], {"education": "COLLEGE"}, at=now(), by=None)
        savepoint = connection.begin_nested()
        door.change(connection, table, keys[1], {"education": "COLLEGE"}, at=now(), by=None)
        savepoint.rollback()
        kept = connection.begin_nested()
        door.change(connection, table, keys[0], {"education": "BACHELOR"}, at=now(), by=None)
        kept.commit()
        return [touch.after["education"] for touch in take(connection)]  # type: ignore[union-attr]

    await town.person()
    await town.person()
    assert await host.write(act) == ["COLLEGE", "BACHELOR"]


def town_table(entity: str) -> sa.Table:
    from db.registry import registry

    return registry()[entity].table


async def test_an_act_that_no_record_tells_of_is_not_kept(town: Town) -> None:
    key = await town.person()
    viewer = await town.viewer("district")

    with pytest.raises(RuntimeError, match="mediator"):
        await town.commands.act(viewer, "Mediator", lambda work: work.change("Mediator", key, education="COLLEGE"))

    assert (await town.row("Mediator", key))["version"] == 1


async def test_who_reads_the_record_reads_its_lines_and_nobody_else(town: Town) -> None:
    await re_elected(town)
    asked = '{ auditLogs(where: {verb: {eq: "file"}}) { nodes { lines { nodes { entity change changed after } } } } }'
    endpoint = Endpoint(town)

    seen = (await endpoint.ask("district", asked))["data"]["auditLogs"]["nodes"]
    other = (await endpoint.ask("other", asked))["data"]["auditLogs"]["nodes"]
    alone = (await endpoint.ask("other", "{ auditLines { totalCount } }"))["data"]["auditLines"]["totalCount"]

    assert sorted(len(act["lines"]["nodes"]) for act in seen) == [2, 9]
    assert (other, alone) == ([], 0)


async def test_the_outbox_has_every_line_in_order(town: Town) -> None:
    await re_elected(town)
    while await town.database.write(seal_waiting):
        pass

    found = await town.database.look(lambda c: outbox.after(c, 0, 10_000))
    part = await town.database.look(lambda c: outbox.after(c, 5, 3))

    count = await town.database.look(lambda c: c.scalar(sa.select(sa.func.count()).select_from(LINE)) or 0)
    assert [row["n"] for row in found] == list(range(1, count + 1))
    assert [row["n"] for row in part] == [6, 7, 8]
    seen: dict[str, int] = {}
    for row in found:
        assert row["version"] > seen.get(row["entity_id"], 0)
        seen[row["entity_id"]] = row["version"]
