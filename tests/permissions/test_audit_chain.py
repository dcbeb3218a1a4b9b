"""The audit log as evidence: what is written is sealed, and whatever is done to it afterwards is found."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.audit import records
from db.audit.chain import BATCH, LOG, SEAL, seal_waiting
from db.audit.prune import CannotPrune, prune
from db.audit.sealer import Sealer, seal_all
from db.audit.verify import Anchor, Report, anchor, verify
from db.clock import now
from db.crypto import current_secret
from db.engine import Database
from db.identity import new_key
from db.models.system.audit_log import AuditAction
from db.technical import AuditCheckpoint, AuditTally, AuditWaiting
from permissions.events import record
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind
from tests.permissions.world import begin_tally, in_database, settle

pytestmark = pytest.mark.anyio
ACTS = 40
Act = Callable[[Connection], Any]


@pytest.fixture(scope="module")
def sealed_register(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    """A database with some sealed records; only ever copied."""

    def fill(connection: Connection) -> None:
        settle(connection)
        for number in range(ACTS):
            tell(connection, f"登录 {number}")
        assert seal_waiting(connection) == ACTS

    url = migrated_database(database_kind)
    in_database(url, fill)
    return url


@pytest.fixture
async def database(sealed_register: str, database_kind: Kind, fresh_database: FreshDatabase) -> AsyncIterator[Database]:
    """The sealed records in a database of their own."""
    database = Database(Settings(database_url=fresh_database(database_kind, template=sealed_register)))
    yield database
    await database.stop()


def tell(connection: Connection, summary: str = "登录") -> None:
    record(connection, AuditAction.SIGN_IN, summary, about=None, by=None, ip="10.0.0.9")


async def walk(database: Database, against: Anchor | None = None) -> Report:
    return await database.look(lambda connection: verify(connection, against))


async def kinds(database: Database, against: Anchor | None = None) -> list[tuple[str, int]]:
    report = await walk(database, against)
    return [(finding.kind, finding.seq) for finding in report.findings]


def record_of(connection: Connection, seq: int) -> str:
    return str(connection.scalar(sa.select(SEAL.c.record_id).where(SEAL.c.seq == seq)))


async def test_what_nobody_touched_is_found_whole(database: Database) -> None:
    report = await walk(database)
    assert (report.findings, report.checked, report.first, report.last) == ([], ACTS, 1, ACTS)


@pytest.mark.parametrize(
    "column",
    [
        "summary", "actor_id", "actor_login", "actor_name", "ip", "at", "action", "reason", "technical", "scope_path",
    ],
)  # fmt: skip
async def test_a_changed_column_is_told_with_its_record(database: Database, column: str) -> None:
    other: dict[str, Any] = {
        "summary": "退出", "actor_id": new_key(), "ip": None, "at": now() - dt.timedelta(days=1), "action": "UPDATE",
        "reason": "补写", "technical": False, "scope_path": "/99/", "actor_login": "district", "actor_name": None,
    }  # fmt: skip

    def forge(connection: Connection) -> None:
        key = record_of(connection, 7)
        if column == "actor_id":
            other["actor_id"] = connection.scalar(sa.text("SELECT id FROM user_account"))
        connection.execute(sa.update(LOG).where(LOG.c.id == key).values({column: other[column]}))  # type: ignore[arg-type]

    await database.write(forge)
    report = await walk(database)
    assert [(f.kind, f.seq) for f in report.findings] == [("CHANGED", 7)]
    assert "第 7 号记录 al_" in report.findings[0].zh


def delete_record(c: Connection) -> None:
    c.execute(sa.delete(LOG).where(LOG.c.id == record_of(c, 5)))  # type: ignore[arg-type]


def delete_seal(c: Connection) -> None:
    c.execute(sa.delete(SEAL).where(SEAL.c.seq == 5))  # type: ignore[arg-type]


def delete_both(c: Connection) -> None:
    delete_record(c)
    delete_seal(c)


def delete_both_and_close_up(c: Connection) -> None:
    delete_both(c)
    for seq in range(6, ACTS + 1):
        c.execute(sa.update(SEAL).where(SEAL.c.seq == seq).values(seq=seq - 1))  # type: ignore[arg-type]


def swap_records(c: Connection) -> None:
    """Each of two records takes the other's id."""
    one, two, aside = record_of(c, 5), record_of(c, 9), new_key()
    for old, new in ((one, aside), (two, one), (aside, two)):
        c.execute(sa.update(LOG).where(LOG.c.id == old).values(id=new))  # type: ignore[arg-type]


def swap_seals(c: Connection) -> None:
    for old, new in ((5, 900), (9, 5), (900, 9)):
        c.execute(sa.update(SEAL).where(SEAL.c.seq == old).values(seq=new))  # type: ignore[arg-type]


def begin_later(c: Connection) -> None:
    for seq in (1, 2):
        c.execute(sa.delete(LOG).where(LOG.c.id == record_of(c, seq)))  # type: ignore[arg-type]
    c.execute(sa.delete(SEAL).where(SEAL.c.seq <= 2))  # type: ignore[arg-type]


def slip_in(c: Connection) -> None:
    """A record that the server did not write stands in no line."""
    values = {**records.stamped(None, None), "region_id": c.scalar(sa.text("SELECT id FROM region"))}
    c.execute(sa.insert(LOG).values(**values, scope_path="/", action="UPDATE", summary="伪造", technical=True))  # type: ignore[arg-type]


def drop_all_seals(c: Connection) -> None:
    c.execute(sa.delete(SEAL))  # type: ignore[arg-type]


def date_back(c: Connection) -> None:
    """When it was sealed is sealed as well."""
    c.execute(sa.update(SEAL).where(SEAL.c.seq == 5).values(sealed_at=now() - dt.timedelta(days=9)))  # type: ignore[arg-type]


def forge_checkpoint(c: Connection) -> None:
    begin_later(c)
    seal = c.scalar(sa.select(SEAL.c.seal).where(SEAL.c.seq == 3))
    made = {"seq": 2, "seal": seal, "removed_at": now(), "mark": "0" * 64}
    c.execute(sa.insert(AuditCheckpoint), {**made, "secret": c.scalar(sa.select(SEAL.c.secret).limit(1))})


def lose_one_that_waits(c: Connection) -> None:
    c.execute(sa.insert(AuditWaiting), {"record_id": new_key(), "mark": "0" * 64, "secret": current_secret()})


def empty_the_log(c: Connection) -> None:
    """Records, seals and what waits: all that tells of them, but for the count."""
    for table in (LOG, SEAL, AuditWaiting.__table__, AuditCheckpoint.__table__):
        c.execute(sa.delete(table))  # type: ignore[arg-type]


def cut_the_end(c: Connection) -> None:
    for seq in range(ACTS - 3, ACTS + 1):
        c.execute(sa.delete(LOG).where(LOG.c.id == record_of(c, seq)))  # type: ignore[arg-type]
    c.execute(sa.delete(SEAL).where(SEAL.c.seq > ACTS - 4))  # type: ignore[arg-type]


def cut_the_end_and_go_on(c: Connection) -> None:
    """As many acts afterwards as were cut off: the chain is as long as before."""
    cut_the_end(c)
    for _ in range(6):
        tell(c)
    assert seal_waiting(c) == 6


def empty_the_log_and_its_count(c: Connection) -> None:
    empty_the_log(c)
    c.execute(sa.delete(AuditTally))


def empty_all_and_go_on(c: Connection) -> None:
    """The sealer makes no new count in the place of one that is gone."""
    empty_the_log_and_its_count(c)
    tell(c)
    assert seal_waiting(c) == 1


def count_back(c: Connection) -> None:
    cut_the_end(c)
    c.execute(sa.update(AuditTally).values(seq=ACTS - 4))


def slip_into_the_line(c: Connection) -> None:
    """A row of somebody's own making is put in line, signed as well as they can; the sealer meets it."""
    slip_in(c)
    forged = c.scalar(sa.select(LOG.c.id).where(LOG.c.summary == "伪造"))
    mark = c.scalar(sa.select(SEAL.c.mark).where(SEAL.c.seq == 5))
    c.execute(sa.insert(AuditWaiting), {"record_id": forged, "mark": mark, "secret": current_secret()})
    assert seal_waiting(c) == 1


def slip_in_by_an_unknown_secret(c: Connection) -> None:
    slip_in(c)
    forged = c.scalar(sa.select(LOG.c.id).where(LOG.c.summary == "伪造"))
    c.execute(sa.insert(AuditWaiting), {"record_id": forged, "mark": "0" * 64, "secret": "ffffffff"})
    assert seal_waiting(c) == 0


def change_what_waits(c: Connection) -> None:
    """A genuine record, changed before it is sealed."""
    tell(c)
    waiting = c.scalar(sa.select(AuditWaiting.record_id))
    c.execute(sa.update(LOG).where(LOG.c.id == waiting).values(summary="改过"))  # type: ignore[arg-type]
    assert seal_waiting(c) == 1


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (delete_record, [("DELETED", 5)]),
        (delete_seal, [("MISSING", 5), ("UNSEALED", 0)]),
        (delete_both, [("MISSING", 5)]),
        (delete_both_and_close_up, [*(("REORDERED", seq) for seq in range(5, ACTS)), ("TRUNCATED", ACTS)]),
        (swap_records, [("CHANGED", 5), ("CHANGED", 9)]),
        (empty_the_log, [("TRUNCATED", ACTS)]),
        (cut_the_end, [("TRUNCATED", ACTS)]),
        (cut_the_end_and_go_on, [("MISSING", ACTS - 3)]),
        (empty_the_log_and_its_count, [("TALLY", 0)]),
        (empty_all_and_go_on, [("TALLY", 0)]),
        (count_back, [("TALLY", 0)]),
        (slip_into_the_line, [("UNSEALED", 0)]),
        (slip_in_by_an_unknown_secret, [("UNSEALED", 0)]),
        (change_what_waits, [("UNSEALED", 0)]),
        (swap_seals, [("REORDERED", seq) for seq in (5, 6, 9, 10)]),
        (begin_later, [("MISSING", 1)]),
        (slip_in, [("UNSEALED", 0)]),
        (drop_all_seals, [("TRUNCATED", ACTS), *[("UNSEALED", 0)] * ACTS]),
        (date_back, [("REORDERED", 5)]),
        (forge_checkpoint, [("CHECKPOINT", 2), ("MISSING", 1)]),
        (lose_one_that_waits, [("DELETED", 0)]),
    ],
)
async def test_each_kind_of_forgery_is_called_by_its_name(
    database: Database, forge: Act, found: list[tuple[str, int]]
) -> None:
    await database.write(forge)
    assert await kinds(database) == found


async def test_two_hundred_random_forgeries_are_all_found(database: Database) -> None:
    chance = random.Random(20261123)
    changes: dict[str, list[Any]] = {
        "summary": ["退出", "登录", ""], "ip": [None, "10.0.0.1", "::1"], "action": ["UPDATE", "DELETE", "TOKEN"],
        "reason": ["x", "核查"], "version": [2, 7], "technical": [False], "verb": ["file"], "entity": ["Region", None],
        "before": [{"a": 1}, {}], "after": [{"b": None}], "at": [now(), now() - dt.timedelta(days=400)],
        "deleted_at": [now()], "org_scope_id": [new_key()],
    }  # fmt: skip

    def forge(connection: Connection) -> str:
        column = chance.choice([*changes, "gone", "seal", "mark"])
        seq = chance.randint(1, ACTS)
        at = LOG.c.id == record_of(connection, seq)
        if column == "gone":
            connection.execute(sa.delete(LOG).where(at))  # type: ignore[arg-type]
        elif column in ("seal", "mark"):
            values = {column: f"{chance.getrandbits(256):064x}"}
            connection.execute(sa.update(SEAL).where(SEAL.c.seq == seq).values(values))  # type: ignore[arg-type]
        else:
            values = {column: chance.choice(changes[column])}
            connection.execute(sa.update(LOG).where(at).values(values))  # type: ignore[arg-type]
        return f"{column} of {seq}"

    class TakenBack(Exception):
        pass

    def forge_and_look(connection: Connection) -> None:
        assert verify(connection).findings == []
        forged = forge(connection)
        unseen.extend([] if verify(connection).findings else [forged])
        raise TakenBack

    unseen: list[str] = []
    for _ in range(200):
        with pytest.raises(TakenBack):
            await database.write(forge_and_look)
    assert unseen == []


async def test_what_is_cut_off_at_the_end_is_seen_against_an_anchor(database: Database) -> None:
    kept = Anchor.parse((await database.look(anchor)).text())

    def cut(connection: Connection) -> None:
        for seq in range(ACTS - 3, ACTS + 1):
            connection.execute(sa.delete(LOG).where(LOG.c.id == record_of(connection, seq)))  # type: ignore[arg-type]
        connection.execute(sa.delete(SEAL).where(SEAL.c.seq > ACTS - 4))  # type: ignore[arg-type]

    await database.write(cut)
    assert await kinds(database, kept) == [("TRUNCATED", ACTS)] * 2  # by the count beside it, and by the anchor
    await database.write(lambda c: begin_tally(c, ACTS - 4))  # who has the secret counts anew
    assert await kinds(database) == []
    for _ in range(6):
        await database.write(tell)
    await seal_all(database)
    assert await kinds(database) == []
    assert await kinds(database, kept) == [("ANCHOR", ACTS)]


async def test_an_anchor_holds_while_the_log_goes_on(database: Database) -> None:
    kept = await database.look(anchor)
    await database.write(tell)
    await seal_all(database)
    report = await walk(database, kept)
    assert (report.findings, report.last) == ([], ACTS + 1)


async def test_a_record_that_is_committed_late_is_sealed_after_younger_ones(database: Database) -> None:
    late = {**records.stamped(None, None), "id": "00000000-0000-7000-8000-000000000001"}

    def add(connection: Connection) -> None:
        region = connection.scalar(sa.text("SELECT id FROM region"))
        more = {"region_id": region, "scope_path": "/32/", "action": "TOKEN", "summary": "迟到", "technical": True}
        records.add(connection, late | more)

    await database.write(add)
    assert await seal_all(database) == 1
    assert await database.look(lambda c: record_of(c, ACTS + 1)) == late["id"]
    assert await kinds(database) == []


async def test_a_running_sealer_seals_and_its_stop_leaves_nothing_behind(database: Database) -> None:
    async def waiting() -> int:
        count = sa.select(sa.func.count()).select_from(AuditWaiting)
        return await database.look(lambda c: c.scalar(count) or 0)

    sealers = [Sealer(database), Sealer(database)]
    for sealer in sealers:
        sealer.start()
    await database.write(tell)
    async with asyncio.timeout(30):
        while await waiting():
            await asyncio.sleep(0.05)
    await database.write(tell)
    for sealer in sealers:
        await sealer.stop()
    assert (await waiting(), await kinds(database)) == (0, [])
    assert (await walk(database)).last == ACTS + 2


async def test_many_writers_and_sealers_leave_one_chain_without_a_gap(database: Database) -> None:
    sealing = [asyncio.create_task(seal_all(database)) for _ in range(3)]
    await asyncio.gather(*(database.write(tell) for _ in range(60)))
    await asyncio.gather(*sealing)
    await seal_all(database)
    report = await walk(database)
    assert (report.findings, report.checked, report.last) == ([], ACTS + 60, ACTS + 60)


async def test_more_than_a_batch_is_sealed_in_one_go(database: Database) -> None:
    def many(connection: Connection) -> None:
        for _ in range(BATCH + 5):
            tell(connection)

    await database.write(many)
    assert await seal_all(database) == BATCH + 5
    assert (await walk(database)).last == ACTS + BATCH + 5


# --- the end of a record's time ---------------------------------------------------------------------------------------


def grow_old(connection: Connection, until: int) -> None:
    """The first records were written long ago: they are sealed anew, as they would have been then."""
    connection.execute(sa.delete(SEAL))  # type: ignore[arg-type]
    begin_tally(connection)
    old = now() - dt.timedelta(days=400)
    keys = [row[0] for row in connection.execute(sa.select(LOG.c.id).order_by(LOG.c.id))]
    connection.execute(sa.update(LOG).where(LOG.c.id.in_(keys[:until])).values(at=old))  # type: ignore[arg-type]
    for key in keys:
        records.enqueue(connection, key)
    assert seal_waiting(connection) == ACTS


async def test_old_records_go_and_the_chain_begins_after_them(database: Database) -> None:
    await database.write(lambda c: grow_old(c, 12))
    kept = await database.look(anchor)
    assert await database.write(lambda c: prune(c, 365)) == 12
    report = await walk(database, kept)
    assert (report.findings, report.first, report.checked) == ([], 13, ACTS - 12)
    assert await database.write(lambda c: prune(c, 365)) == 0
    await database.write(delete_seal_thirteen)
    assert ("MISSING", 13) in await kinds(database)


def delete_seal_thirteen(c: Connection) -> None:
    c.execute(sa.delete(SEAL).where(SEAL.c.seq == 13))  # type: ignore[arg-type]


async def test_everything_may_be_old_and_the_chain_goes_on_all_the_same(database: Database) -> None:
    await database.write(lambda c: grow_old(c, ACTS))
    assert await database.write(lambda c: prune(c, 365)) == ACTS
    await database.write(tell)
    await seal_all(database)
    report = await walk(database)
    assert (report.findings, report.first, report.last) == ([], ACTS + 1, ACTS + 1)


async def test_what_was_tampered_with_is_evidence_and_stays(database: Database) -> None:
    def forge(connection: Connection) -> None:
        grow_old(connection, 12)
        connection.execute(sa.update(LOG).where(LOG.c.id == record_of(connection, 3)).values(summary="改"))  # type: ignore[arg-type]

    await database.write(forge)
    with pytest.raises(CannotPrune, match="第 3 号"):
        await database.write(lambda c: prune(c, 365))
    assert await kinds(database) == [("CHANGED", 3)]


def test_less_than_six_months_is_refused() -> None:
    assert Settings(audit_days=180).problems() == []
    assert Settings(audit_days=179).problems() == ["FENGQIAO_AUDIT_DAYS 不得少于 180：审计记录至少保存 180 天"]
