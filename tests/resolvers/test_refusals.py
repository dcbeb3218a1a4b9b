"""Every act is one record, every refusal that tells something too; without its record nothing happens."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

from db.clock import now
from db.identity import global_id, new_key
from db.models.system.audit_log import AuditLog
from db.technical import AuditWaiting
from resolvers.faults import Denied, Refused
from tests.resolvers.town import Town, citizen, mediator

pytestmark = pytest.mark.anyio


async def refusals(town: Town) -> list[dict[str, Any]]:
    return [row for row in await town.rows("AuditLog") if row["action"] == "REFUSED"]


async def refused(act: Awaitable[Any]) -> None:
    with pytest.raises((Refused, Denied)):
        await act


def told(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [(".".join(each["path"]), each["code"]) for each in record["after"]["refused"]]


# --- one act, one record ----------------------------------------------------------------------------------------------


async def test_two_hundred_acts_are_two_hundred_records_and_each_waits_for_its_seal(town: Town) -> None:
    key = await town.found()
    committee = {"id": global_id("mc", key)}
    viewer = await town.viewer("district")

    async def act(number: int) -> str:
        if number % 4 == 3:
            await refused(town.commands.update(viewer, "MediationCommittee", {"id": f"mc_{new_key()}"}, {}, None))
            return "REFUSED"
        if number % 4 == 2:
            await town.commands.create(viewer, "Mediator", mediator(number))
            return "CREATE"
        await town.commands.update(viewer, "MediationCommittee", committee, {"phone": f"025-1{number:06d}"}, None)
        return "UPDATE"

    turns = asyncio.Semaphore(6)  # as many at once as the server lets in

    async def in_turn(number: int) -> str:
        async with turns:
            return await act(number)

    done = await asyncio.gather(*(in_turn(number) for number in range(199)))
    records = await town.rows("AuditLog")
    assert len(records) == 200
    assert Counter(row["action"] for row in records) == Counter([*done, "CREATE"])
    waiting = await town.database.look(lambda c: set(c.scalars(sa.select(AuditWaiting.record_id))))
    assert waiting == {row["id"] for row in records}


def refuse_records(connection: Connection) -> None:
    """From now on no record can be written."""
    if connection.dialect.name == "sqlite":
        when = "BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'the disk of the log is full'); END"
        connection.execute(sa.text(f"CREATE TRIGGER no_records {when}"))
        return
    body = "BEGIN RAISE EXCEPTION 'the disk of the log is full'; END"
    connection.execute(sa.text(f"CREATE FUNCTION no_records() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))
    made = "CREATE TRIGGER no_records BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION no_records()"
    connection.execute(sa.text(made))


async def test_without_its_record_no_act_happens(town: Town) -> None:
    committee, person = await town.complete(), await town.person()
    filing = await town.filing(committee)
    entities = ("MediationCommittee", "Mediator", "CommitteeFiling", "AuditLog")
    before = [await town.rows(entity) for entity in entities]
    await town.as_owner(refuse_records)
    viewer = await town.viewer("district")
    acts: list[Awaitable[Any]] = [
        town.found("office", "village2"),
        town.update("district", "MediationCommittee", committee, {"phone": "025-7654321"}),
        town.delete("district", "Mediator", person),
        town.take("office", filing, "submit"),
        town.commands.reveal(viewer, "Mediator", global_id("md", person), "idNumber", "核对任职材料"),
        town.commands.find(viewer, "Mediator", "idNumber", citizen(4), "核对任职材料"),
        town.commands.update(viewer, "Mediator", {"id": f"md_{new_key()}"}, {}, None),
        town.create("auditor", "Mediator", mediator(9)),
    ]
    for act in acts:
        with pytest.raises(DBAPIError):
            await act
    assert [await town.rows(entity) for entity in entities] == before


# --- what was refused -------------------------------------------------------------------------------------------------


async def test_what_is_refused_leaves_a_record_where_the_asker_stands(town: Town) -> None:
    key = await town.person()
    await refused(town.create("auditor", "Mediator", mediator(7)))
    await refused(town.update("other", "Mediator", key, {"education": "MASTER"}))
    await refused(town.create("other", "Mediator", mediator(8, "village1")))
    records = await refusals(town)
    assert [told(row) for row in records] == [[("", "FORBIDDEN")], [("by", "NOT_FOUND")], [("region", "NOT_FOUND")]]
    assert {row["entity"] for row in records} == {"Mediator"}
    assert [row["actor_id"] for row in records] == [town.keys[f"@{name}"] for name in ("auditor", "other", "other")]
    assert records[0]["summary"] == "拒绝：人民调解员（FORBIDDEN）"
    assert {(row["entity_id"], row["before"], row["ip"]) for row in records} == {(None, None, "10.0.0.9")}


async def test_probing_personal_data_is_seen_and_no_value_of_it_is_kept(town: Town) -> None:
    await town.person()
    taken, wrong = citizen(1), citizen(2)[:-1] + ("0" if citizen(2)[-1] != "0" else "1")
    await refused(town.create("district", "Mediator", mediator(5) | {"idNumber": taken}))
    await refused(town.create("district", "Mediator", mediator(5) | {"idNumber": wrong}))
    await refused(town.create("district", "Mediator", mediator(5) | {"mobile": "12345"}))
    await refused(town.create("district", "Mediator", mediator(5) | {"firstAppointedOn": dt.date(1990, 1, 1)}))
    records = await refusals(town)
    assert [told(row) for row in records] == [
        [("idNumber", "NOT_UNIQUE")], [("idNumber", "CHECKSUM")], [("mobile", "PATTERN")],
        [("firstAppointedOn", "RANGE")],
    ]  # fmt: skip
    assert not any(value in str(records) for value in (taken, wrong, "12345", "1990"))


async def test_a_slip_in_a_form_is_no_refusal(town: Town) -> None:
    key = await town.found()
    await refused(town.create("district", "MediationCommittee", {}))
    await refused(town.update("district", "MediationCommittee", key, {"name": "长" * 500}))
    await refused(town.update("district", "MediationCommittee", key, {"phone": "025-1"}, 99))
    assert await refusals(town) == []


async def test_a_write_of_many_is_one_refusal(town: Town) -> None:
    await town.person()
    viewer = await town.viewer("district")
    items = [mediator(number) | {"mediatorNo": f"X{number}"} for number in (5, 6)]
    done = await town.commands.upsert(viewer, "Mediator", items, "MEDIATOR_NO", go_on=True)
    assert all(result.faults for result in done)
    [record] = await refusals(town)
    assert (told(record), record["after"]["count"]) == ([("mediatorNo", "NOT_FOUND")], 2)


async def numbers_tried(town: Town, count: int, dry_run: bool) -> list[Any]:
    """What a district hears that gives `count` of its mediators the numbers of another district's, all at once."""
    registered, own = [], []
    for _ in range(count):
        registered.append(citizen(town.people + 1))
        await town.person("other", "village4")
        own.append((await town.row("Mediator", await town.person()))["mediator_no"])
    items = [{"mediatorNo": number, "idNumber": taken} for number, taken in zip(own, registered, strict=True)]
    viewer = await town.viewer("district")
    return await town.commands.upsert(viewer, "Mediator", items, "MEDIATOR_NO", go_on=True, dry_run=dry_run)


@pytest.mark.parametrize("dry_run", [False, True])
async def test_each_registered_number_that_is_told_is_counted(town: Town, dry_run: bool) -> None:
    """An import with some people who are registered elsewhere hears of each, and each is a refusal of its own."""
    heard = await numbers_tried(town, 3, dry_run)
    assert [[(fault.path, fault.code) for fault in result.faults] for result in heard] == [
        [(("idNumber",), "NOT_UNIQUE")]
    ] * 3
    assert [told(row) for row in await refusals(town)] == [[("idNumber", "NOT_UNIQUE")]] * 3


@pytest.mark.parametrize("dry_run", [False, True])
async def test_a_list_of_numbers_cannot_be_tried_out_at_once(town: Town, dry_run: bool) -> None:
    """More than five registered numbers in one write, rehearsed or not: it tells of none, and that is on record."""
    with pytest.raises(Denied) as problem:
        await numbers_tried(town, 6, dry_run)
    assert problem.value.code == "RATE_LIMITED"
    assert [told(row) for row in await refusals(town)] == [[("", "RATE_LIMITED")]]


async def test_who_is_refused_too_often_may_not_write_for_a_while(town: Town) -> None:
    committee = await town.found()
    database = town.commands.database
    database.settings = database.settings.model_copy(update={"refused_writes_per_hour": 3})
    for _ in range(3):
        await refused(town.create("auditor", "Mediator", mediator(7)))
        await refused(town.update("district", "Mediator", new_key(), {"education": "MASTER"}))
    for act in (
        town.create("auditor", "Mediator", mediator(7)),
        town.update("district", "MediationCommittee", committee, {"phone": "025-7654321"}),
    ):
        with pytest.raises(Denied) as problem:
            await act
        assert problem.value.code == "RATE_LIMITED"
    await town.update("office", "MediationCommittee", committee, {"phone": "025-7654321"})
    assert len(await refusals(town)) == 6
    earlier = sa.update(AuditLog).values(at=now() - dt.timedelta(minutes=61))
    await town.as_owner(lambda c: c.execute(earlier))
    await town.update("district", "MediationCommittee", committee, {"phone": "025-7654322"})
