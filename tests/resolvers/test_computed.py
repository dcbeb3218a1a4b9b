"""Computed columns over models of their own: what follows from other columns, from child rows and from the day."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.orm import DeclarativeBase, mapped_column

from db import door, touched
from db.clock import WholeDay, today
from db.columns import When
from db.computed import Col, Count, Exists, First, Last, Sum, Today, computed
from db.engine import Database
from db.facts import Entity, Facts, Role, choice, day, flag, integer, moment, money, period, ref, text
from db.history import add_history
from db.identity import new_key
from db.mistakes import ModelMistake
from db.models.people.mediator import Sex
from db.periods import Granularity
from db.registry import Registry
from db.types import Key
from permissions.viewer import Reach, Viewer
from resolvers.faults import Denied
from resolvers.orderings import Sort
from resolvers.requests import Connection as Listed
from resolvers.requests import Groups, Pick
from resolvers.run import Reads
from settings import Settings
from tests.conftest import FreshDatabase
from tests.databases import Kind

START = dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)
KINDS = ("sqlite", "postgresql")


def parts(prefix: str, said: str, matrix: dict[str, str], **columns: Any) -> dict[str, Any]:
    """A model with what every row has."""
    return {
        "__doc__": said, "__entity__": Entity(zh="事", prefix=prefix, label="name", matrix=matrix, owner=None),
        "__tablename__": {"tk": "task", "vs": "visit"}[prefix],
        "id": mapped_column(Key(), primary_key=True, info={"facts": Facts("id", "编号", "Id.")}),
        "created_at": moment("创建", "Made.", computed=True), "updated_at": moment("修改", "Changed.", computed=True),
        "version": integer("版本", "Version.", computed=True),
        "deleted_at": optional(moment("删除", "Deleted.", hidden=True)),
        "updated_by_id": mapped_column(Key(), nullable=True, info={"facts": Facts("id", "修改人", "By.", hidden=True)}),
        "name": text("名称", "Name."), **columns,
    }  # fmt: skip


def optional(column: Any) -> Any:
    """The column, which may be null."""
    column.column.nullable = True
    return column


def models(**more: Any) -> Registry:
    """Tasks with visits, in a metadata of their own."""

    class Scratch(DeclarativeBase):
        """Not the base of our models."""

    task = parts(
        "tk", "事。A task.", {"DIST": "RCU A", "OFFC": "R A", "AUDT": "R(name,took) A"},
        due_on=optional(day("期限", "Due.")), began_on=optional(day("开始", "Begun.")),
        ended_on=optional(day("结束", "Ended.")),
        on_time=computed("按时", "In time.", Col("ended_on") <= Col("due_on")),
        overdue=computed("逾期", "Overdue.", Col("due_on") < Today()),
        took=computed("天数", "Days.", Col("ended_on") - Col("began_on")),
        times=computed("次数", "Visits.", Count("visits")), spent=computed("费用", "Spent.", Sum("visits", "cost")),
        seen=computed("见过女性", "Saw one.", Exists("visits", When("sex", (Sex.FEMALE,)))),
        first_said=computed("首次", "First.", First("visits", "name", "held_on")),
        last_said=computed("末次", "Last.", Last("visits", "name", "held_on")),
        kept_times=integer("次数", "Visits.", computed=True, default=0, formula=Count("visits")),
        kept_spent=money("费用", "Spent.", computed=True, default=0, formula=Sum("visits", "cost")),
        quick=optional(flag("快", "Quick.", computed=True, formula=Col("ended_on") - Col("began_on") <= 3)), **more,
    )  # fmt: skip
    visit = parts(
        "vs", "访。A visit.", {"DIST": "RCU A"}, task_id=optional(ref("Task", "事", "Task.")),
        held_on=day("日期", "Day."), cost=money("费用", "Cost."), sex=choice(Sex, "性别", "Sex."),
    )  # fmt: skip
    made = [type("Task", (Scratch,), task), type("Visit", (Scratch,), visit)]
    for table in list(Scratch.metadata.tables.values()):
        add_history(table)
    return Registry(made)


def task(name: str, **values: Any) -> dict[str, Any]:
    """A task as the door takes it."""
    made = {"id": new_key(), "name": name, "created_at": START, "updated_at": START, "version": 1, "deleted_at": None}
    plain = {"due_on": None, "began_on": None, "ended_on": None, "kept_times": 0, "kept_spent": 0, "quick": None}
    return {**made, "updated_by_id": None, **plain, **values}


def visit(of: str | None, on: dt.date, cost: str, name: str = "x", sex: str = "MALE") -> dict[str, Any]:
    """A visit as the door takes it."""
    made = {"id": new_key(), "name": name, "created_at": START, "updated_at": START, "version": 1, "deleted_at": None}
    return {**made, "updated_by_id": None, "task_id": of, "held_on": on, "cost": Decimal(cost), "sex": sex}


class Store:
    """The models in a database."""

    def __init__(self, database: Database) -> None:
        self.database, self.entities = database, models()
        self.tasks, self.visits = (self.entities[name].table for name in ("Task", "Visit"))
        self.reads = Reads(database, self.entities)

    async def rows(self, role: Role, *names: str, **more: Any) -> list[dict[str, Any]]:
        """What a list of tasks prints for somebody with a role."""
        info = self.entities["Task"]
        request = Listed(info, [("nodes", "nodes", Pick(info).add(*names))], order=[{"name": Sort.ASC}], **more)
        return (await self.reads.rows(request, viewer(role)))["nodes"]  # type: ignore[no-any-return]


def viewer(role: Role) -> Viewer:
    """Somebody with a role that reaches everything."""
    return Viewer(new_key(), "x", "x", {role: Reach()})


@pytest.fixture
async def store(fresh_database: FreshDatabase, database_kind: Kind) -> AsyncIterator[Store]:
    database = Database(Settings(database_url=fresh_database(database_kind)))
    made = Store(database)
    await database.write(lambda connection: made.tasks.metadata.create_all(connection))
    await database.start()
    yield made
    await database.stop()


def fill(store: Store) -> Any:
    """Three tasks: one in time with three visits, one late with one, one open without."""
    d = dt.date

    def write(connection: Connection) -> None:
        a = task("a", due_on=d(2026, 3, 10), began_on=d(2026, 3, 1), ended_on=d(2026, 3, 10))
        b = task("b", due_on=d(2026, 3, 10), began_on=d(2026, 3, 10), ended_on=d(2026, 3, 11))
        c = task("c", due_on=today())
        for row in (a, b, c):
            door.insert(connection, store.tasks, row)
        for row in (
            visit(a["id"], d(2026, 3, 5), "1.50", "second"), visit(a["id"], d(2026, 3, 2), "0.25", "first", "FEMALE"),
            visit(a["id"], d(2026, 3, 9), "10.00", "third"), visit(b["id"], d(2026, 3, 10), "2.00", "only"),
            visit(None, d(2026, 3, 10), "9.00"),
        ):  # fmt: skip
            door.insert(connection, store.visits, row)

    return write


async def test_each_formula_says_what_its_columns_and_rows_say(store: Store) -> None:
    await store.database.write(fill(store))
    names = ("name", "on_time", "overdue", "took", "times", "spent", "seen", "first_said", "last_said")
    found = await store.rows(Role.DIST, *names, "kept_times", "kept_spent", "quick")
    nothing = {"onTime": None, "overdue": False, "took": None, "times": 0, "spent": "0.00", "seen": False}
    assert found == [
        {"name": "a", "onTime": True, "overdue": True, "took": 9, "times": 3, "spent": "11.75", "seen": True,
         "firstSaid": "first", "lastSaid": "third", "keptTimes": 3, "keptSpent": "11.75", "quick": False},
        {"name": "b", "onTime": False, "overdue": True, "took": 1, "times": 1, "spent": "2.00", "seen": False,
         "firstSaid": "only", "lastSaid": "only", "keptTimes": 1, "keptSpent": "2.00", "quick": True},
        {"name": "c", **nothing, "firstSaid": None, "lastSaid": None, "keptTimes": 0, "keptSpent": "0.00",
         "quick": None},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("where", "names"),
    [
        ({"onTime": {"eq": True}}, "a"), ({"not": {"onTime": {"eq": True}}}, "bc"), ({"onTime": {"isNull": True}}, "c"),
        ({"overdue": {"eq": True}}, "ab"), ({"took": {"gte": 2}}, "a"), ({"times": {"between": [1, 2]}}, "b"),
        ({"spent": {"gt": Decimal("2.00")}}, "a"), ({"seen": {"eq": False}}, "bc"), ({"lastSaid": {"eq": "only"}}, "b"),
        ({"keptTimes": {"eq": 3}}, "a"), ({"quick": {"eq": True}}, "b"),
    ],
)  # fmt: skip
async def test_a_computed_column_is_a_condition_like_any(store: Store, where: Any, names: str) -> None:
    await store.database.write(fill(store))
    assert "".join(row["name"] for row in await store.rows(Role.DIST, "name", where=where)) == names


async def test_it_is_an_order_a_key_and_a_number_like_any(store: Store) -> None:
    await store.database.write(fill(store))
    info = store.entities["Task"]
    columns = info.public_fields
    request = Listed(info, [("nodes", "nodes", Pick(info).add("name"))], order=[{"times": Sort.DESC}])
    assert [row["name"] for row in (await store.reads.rows(request, viewer(Role.DIST)))["nodes"]] == ["a", "b", "c"]
    listed = Listed(info, [])
    measured = [("key", "key", [("k", columns["seen"], None)]), ("count", "count", None),
                ("sum", "sum", [("times", columns["times"]), ("spent", columns["spent"])]),
                ("max", "max", [("took", columns["took"])])]  # fmt: skip
    listed.parts.append(("groups", "groupBy", Groups(info, [("nodes", "nodes", measured)], listed, [{"seen": True}])))
    listed.parts.append(("all", "aggregate", [("median", "median", [("times", columns["times"])])]))
    answer = await store.reads.rows(listed, viewer(Role.DIST))
    assert answer == {
        "groups": {"nodes": [
            {"key": {"k": False}, "count": 2, "sum": {"times": 1, "spent": "2.00"}, "max": {"took": 1}},
            {"key": {"k": True}, "count": 1, "sum": {"times": 3, "spent": "11.75"}, "max": {"took": 9}},
        ]},
        "all": {"median": {"times": "1.0"}},
    }  # fmt: skip


async def test_of_a_list_that_may_not_be_read_nothing_is_told(store: Store) -> None:
    """Null where it is printed, refused where it would decide anything; stored or not."""
    await store.database.write(fill(store))
    columns = ("times", "spent", "seen", "first_said", "kept_times", "kept_spent")
    for row in await store.rows(Role.OFFC, *columns):
        assert set(row.values()) == {None}
    assert [row["onTime"] for row in await store.rows(Role.OFFC, "on_time")] == [True, False, None]
    for column in ("times", "seen", "keptTimes"):
        with pytest.raises(Denied) as denied:
            await store.rows(Role.OFFC, "name", where={column: {"isNull": False}})
        assert denied.value.code == "FORBIDDEN"


async def test_who_does_not_see_a_column_does_not_see_what_follows_from_it(store: Store) -> None:
    await store.database.write(fill(store))
    assert [row["took"] for row in await store.rows(Role.AUDT, "took")] == [None, None, None]
    with pytest.raises(Denied):
        await store.rows(Role.AUDT, "name", where={"took": {"gt": 0}})


async def test_what_is_stored_is_what_a_recomputation_says_after_any_writes(store: Store) -> None:
    """Children made, moved, deleted and changed, singly and by sets: the door brings their rows along."""
    dice = random.Random(5)
    tasks, visits = store.tasks, store.visits

    def write(turn: int) -> Any:
        at = START + dt.timedelta(minutes=turn)

        def act(connection: Connection) -> None:
            owners = [*connection.execute(sa.select(tasks.c.id)).scalars(), None]
            mine = list(connection.execute(sa.select(visits.c.id)).scalars())
            match dice.randrange(7):
                case 0:
                    door.insert(connection, tasks, task(f"t{turn}", began_on=START.date()))
                case 1 | 2:
                    door.insert(connection, visits, visit(dice.choice(owners), START.date(), f"{turn}.25"))
                case 3 if mine:
                    moved = {"task_id": dice.choice(owners)}
                    door.change(connection, visits, dice.choice(mine), moved, at=at, by=None)
                case 4 if mine:
                    door.change(connection, visits, dice.choice(mine), {"deleted_at": at}, at=at, by=None)
                case 5 if mine:
                    rows = [(key, {"cost": Decimal(turn), "task_id": dice.choice(owners)}) for key in mine[:3]]
                    door.change_rows(connection, visits, rows, at=at, by=None)
                case 6:
                    to, theirs = dice.choice(owners), visits.c.task_id.is_not_distinct_from(dice.choice(owners))
                    door.change_all(connection, visits, [theirs], {"task_id": to}, at=at, by=None)
                    ended = {"ended_on": START.date() + dt.timedelta(days=dice.randrange(8))}
                    door.change_all(connection, tasks, [tasks.c.name.contains("1")], ended, at=at, by=None)

        return act

    def check(connection: Connection) -> None:
        rows = connection.execute(sa.select(visits).where(visits.c.deleted_at.is_(None))).mappings().all()
        for one in connection.execute(sa.select(tasks)).mappings():
            own = [row for row in rows if row["task_id"] == one["id"]]
            assert one["kept_times"] == len(own)
            assert one["kept_spent"] == sum((row["cost"] for row in own), Decimal(0))
            days = None if one["ended_on"] is None else (one["ended_on"] - one["began_on"]).days
            assert one["quick"] == (None if days is None else days <= 3)

    for turn in range(80):
        await store.database.write(write(turn))
        await store.database.look(check)


async def test_a_load_brings_what_follows_along_and_a_change_counts_as_one(store: Store) -> None:
    owner = task("a")

    def write(connection: Connection) -> tuple[int, int]:
        door.insert(connection, store.tasks, owner)
        rows = [visit(owner["id"], START.date(), f"{n}.00") for n in range(3)]
        door.load(connection, store.visits, list(rows[0]), [tuple(row.values()) for row in rows])
        told = sa.select(store.tasks.c.kept_times, store.tasks.c.version)
        [(times, version)] = connection.execute(told).all()
        door.change(connection, store.visits, rows[0]["id"], {"name": "y"}, at=START, by=None)
        [(_, same)] = connection.execute(told).all()
        assert same == version, "what does not change is not written"
        return times, version

    assert await store.database.write(write) == (3, 2)


async def test_the_record_of_a_write_tells_what_followed_from_it(store: Store) -> None:
    """By every way to write, the row is told as it stands afterwards, and so is each row whose number followed."""
    tasks, visits, d = store.tasks, store.visits, START.date()
    begun = {"began_on": d, "ended_on": d}

    def write(connection: Connection) -> None:
        def told(*rows: sa.Table) -> None:
            touches = touched.take(connection)
            assert [touch.table for touch in touches] == list(rows)
            for touch in touches:
                assert isinstance(touch, touched.Touch)
                stored = connection.execute(sa.select(touch.table).where(touch.table.c.id == touch.after["id"]))
                assert dict(stored.mappings().one()) == dict(touch.after)

        one, two = task("a", **begun), task("b", **begun)
        door.insert(connection, tasks, one)
        told(tasks)
        door.load(connection, tasks, list(two), [tuple(two.values())])
        told(tasks)
        late = {"ended_on": d + dt.timedelta(days=9)}
        door.change(connection, tasks, one["id"], late, at=START, by=None)
        told(tasks)
        door.change_rows(connection, tasks, [(one["id"], begun), (two["id"], begun)], at=START, by=None)
        told(tasks, tasks)
        door.change_all(connection, tasks, [], late, at=START, by=None)
        told(tasks, tasks)
        first, second = visit(one["id"], d, "1.00"), visit(one["id"], d, "2.00")
        door.insert(connection, visits, first)
        told(visits, tasks)
        door.load(connection, visits, list(second), [tuple(second.values())])
        told(visits, tasks)
        door.change(connection, visits, first["id"], {"task_id": two["id"]}, at=START, by=None)
        told(visits, tasks, tasks)
        door.change_rows(connection, visits, [(second["id"], {"cost": Decimal(3)})], at=START, by=None)
        told(visits, tasks)
        door.change_all(connection, visits, [], {"task_id": two["id"]}, at=START, by=None)
        told(visits, visits, tasks, tasks)

    await store.database.write(write)


async def test_a_change_of_more_rows_than_are_told_singly_keeps_each(store: Store) -> None:
    """A set is changed by what it is found by, in pieces, and what follows is right of every row."""
    count, d = touched.MOST + 20, START.date()

    def write(connection: Connection) -> None:
        one, two = task("a"), task("b")
        for row in (one, two):
            door.insert(connection, store.tasks, row)
        rows = [visit(one["id"], d, "1.00") for _ in range(count)]
        door.load(connection, store.visits, list(rows[0]), [tuple(row.values()) for row in rows])
        touched.take(connection)
        mine = [store.visits.c.task_id == one["id"]]
        assert door.change_all(connection, store.visits, mine, {"task_id": two["id"]}, at=START, by=None) == count
        told = touched.take(connection)
        assert isinstance(told[0], touched.Many)
        assert (told[0].count, len(told)) == (count, 3)
        kept = sa.select(store.tasks.c.name, store.tasks.c.kept_times).order_by(store.tasks.c.name)
        assert connection.execute(kept).all() == [("a", 0), ("b", count)]

    await store.database.write(write)


async def test_in_the_past_it_is_what_its_columns_and_rows_said_and_the_day_is_that_day(store: Store) -> None:
    """Due on the fifth: not overdue that day but the next one; a visit of the seventh is not there before."""
    d, key = dt.date, new_key()

    def at(day: int) -> dt.datetime:
        return dt.datetime(2026, 3, day, 8, tzinfo=dt.UTC)

    def write(connection: Connection) -> None:
        made = {"created_at": at(1), "updated_at": at(1)}
        door.insert(connection, store.tasks, task("a", **made, id=key, due_on=d(2026, 3, 5), began_on=d(2026, 3, 1)))
        door.insert(connection, store.visits, visit(key, d(2026, 3, 7), "1.00") | dict.fromkeys(made, at(7)))
        door.change(connection, store.tasks, key, {"ended_on": d(2026, 3, 8)}, at=at(8), by=None)

    await store.database.write(write)
    stood = ((5, False, 0, None), (6, True, 0, None), (7, True, 1, None), (8, True, 1, False))
    for on, overdue, times, quick in stood:
        [row] = await store.rows(
            Role.DIST, "overdue", "times", "kept_times", "quick", as_of=WholeDay.of(d(2026, 3, on))
        )
        assert row == {"overdue": overdue, "times": times, "keptTimes": times, "quick": quick}, on


@pytest.mark.parametrize(
    ("more", "remedy"),
    [
        ({"bad": computed("坏", "Bad.", Count("nothing"))}, "Name one, such as its children"),
        ({"bad": computed("坏", "Bad.", Sum("visits", "nothing"))}, "Name one of its columns"),
        ({"bad": computed("坏", "Bad.", Col("nothing") < Today())}, "Name one of its columns"),
        ({"bad": flag("坏", "Bad.", computed=True, formula=Col("due_on") < Today())}, "goes by the clock"),
        ({"bad": computed("坏", "Bad.", Col("half") < Today()), "half": period((Granularity.MONTH,), "月", "Month.")},
         "Use numbers, codes"),
        ({"bad": flag("坏", "Bad.", formula=Col("due_on") <= Col("ended_on"))}, "computed=True"),
    ],
)  # fmt: skip
def test_a_formula_that_means_nothing_stops_the_start(more: dict[str, Any], remedy: str) -> None:
    with pytest.raises(ModelMistake, match=r"Task\.bad") as mistake:
        models(**more)
    assert remedy in str(mistake.value)
