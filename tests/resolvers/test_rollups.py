"""Groups from a rollup are to the byte those from the rows, whatever was written before and whoever asks."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.engine import Database
from db.rollup_folder import fold_all
from db.rollup_upkeep import differences, fold, rebuild, waiting
from db.rollups import Stored
from tests.databases import WITH_WALL, Kind
from tests.resolvers.rollup_questions import (
    CASE,
    STORED,
    WIDE,
    Both,
    Question,
    both_ways,
    random_row,
    random_write,
    reset,
)
from tests.world import PATHS


@pytest.fixture(scope="module")
def both(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Both]:
    with both_ways(migrated_database(database_kind)) as found:
        yield found


@pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)
@pytest.mark.parametrize("seed", range(6))
def test_every_answer_is_that_of_the_rows(both: Both, seed: int) -> None:
    """After any writes, folded or not, for every kind of viewer; what no rollup covers among them."""
    chance = random.Random(seed)
    both.write(lambda connection: reset(connection, both))
    both.write(lambda c: c.execute(sa.insert(CASE), [random_row(chance, both) for _ in range(60)]))
    for _ in range(16):
        for _ in range(chance.randrange(3)):
            both.write(lambda connection: random_write(chance, both, connection))
        if chance.random() < 0.2:
            both.serve(lambda connection: fold(connection, STORED))
        viewer = chance.choice([*WIDE, *WIDE, "prov", "city", "dist", "dist2", "audt", "offc", "twin", "comm"])
        question = Question(chance, both, viewer)
        kept, real = both.answers(viewer, question.text, question.variables)
        assert kept == real, (viewer, question.text, question.variables)
    assert both.serve(lambda connection: differences(connection, STORED)) == []


# --- when it is used -------------------------------------------------------------------------------------------------

COVERED = """query ($period: String!, $code: String!) {
    mediationCases(where: {concludedOn: {inPeriod: $period}, region: {descendantOf: {code: $code}}}) {
      groupBy(by: [{region: {level: DISTRICT}}, {disputeType: true}]) { nodes { key { disputeType } count } } } }"""


@pytest.fixture
def planted(both: Both) -> Iterator[Both]:
    """A cell that no row stands for: who is told of it was answered from the rollup."""
    both.write(lambda connection: reset(connection, both))
    cell = {
        "cell": "planted", "scope_path": PATHS["A"], "concluded_on": dt.date(2026, 5, 1), "region_id": both.keys["A"],
        "dispute_type": "NEIGHBOUR", "outcome": None, **dict.fromkeys(STORED.numbers, 0), "n": 7777, "fresh": False,
    }  # fmt: skip
    both.write(lambda connection: connection.execute(sa.insert(STORED.table).values(cell)))
    yield both
    both.write(lambda connection: rebuild(connection, STORED))


@pytest.mark.parametrize(
    ("_case", "viewer", "period", "region", "used"),
    [
        ("a month for a province", "prov", "2026-05", "province", True),
        ("a year for a district", "dist", "2026", "A", True),
        ("a city for a city", "city", "2026Q2", "city1", True),
        ("a week is no month", "dist", "2026-W20", "A", False),
        ("half a month neither", "dist", "2026-05A", "A", False),
        ("a street is no district", "dist", "2026-05", "A2", False),
        ("an office sees streets only", "offc", "2026-05", "A", False),
        ("a committee sees its own cases", "comm", "2026-05", "A", False),
        ("an office beside a city", "twin", "2026-05", "city1", False),
    ],
)
def test_the_rollup_answers_where_it_can_and_never_below_a_district(
    planted: Both, _case: str, viewer: str, period: str, region: str, used: bool
) -> None:
    code = planted.codes[region]
    kept, real = planted.answers(viewer, COVERED, {"period": period, "code": code})
    groups = kept["mediationCases"]["groupBy"]["nodes"]
    assert any(group["count"] is not None and group["count"] >= 7777 for group in groups) == used
    assert (kept == real) != used


WHOLE = """query ($period: String!, $code: String!) {
    mediationCases(where: {concludedOn: {inPeriod: $period}, region: {descendantOf: {code: $code}}}) {
      totalCount aggregate { count sum { headcount } avg { amountClaimed } } } }"""


@pytest.mark.parametrize(
    ("_case", "viewer", "period", "region", "used"),
    [
        ("a month for a province", "prov", "2026-05", "province", True),
        ("a week is no month", "dist", "2026-W20", "A", False),
        ("a street is no district", "dist", "2026-05", "A2", False),
        ("an office sees streets only", "offc", "2026-05", "A", False),
    ],
)
def test_the_numbers_of_a_whole_list_come_from_the_rollup_too(
    planted: Both, _case: str, viewer: str, period: str, region: str, used: bool
) -> None:
    """Without a groupBy as with one: the total of the list and its measures."""
    # Who may only count gets no means.
    asked = WHOLE.replace("avg { amountClaimed } ", "") if viewer == "prov" else WHOLE
    kept, real = planted.answers(viewer, asked, {"period": period, "code": planted.codes[region]})
    found, counted = kept["mediationCases"], real["mediationCases"]
    for one, other in ((found["totalCount"], counted["totalCount"]),
                       (found["aggregate"]["count"], counted["aggregate"]["count"])):  # fmt: skip
        assert one == other + (7777 if used else 0)
    assert found["aggregate"]["sum"] == counted["aggregate"]["sum"], "the planted cell has no heads"


def test_numbers_that_no_rollup_holds_come_from_the_rows(planted: Both) -> None:
    """One measure that is not added up, and the whole aggregate is of the rows."""
    document = "{ mediationCases { aggregate { count max { headcount } } } }"
    distinct = "{ mediationCases { aggregate { count countDistinct { disputeType } } } }"
    for asked in (document, distinct):
        kept, real = planted.answers("dist", asked, {})
        assert kept == real


def test_one_plan_is_right_for_every_value(planted: Both) -> None:
    """The same document by the same viewer, whose variables open now the one way and now the other."""
    code = planted.codes["A"]
    for period, used in (("2026-05", True), ("2026-05-15", False), ("2026", True), ("2026-W20", False)):
        kept, real = planted.answers("dist", COVERED, {"period": period, "code": code})
        assert (kept == real) != used, period


# --- upkeep ----------------------------------------------------------------------------------------------------------


def test_verifying_finds_a_planted_cell_and_rebuilding_mends_it(planted: Both) -> None:
    [found] = planted.write(lambda connection: differences(connection, STORED))
    assert (found.kept[0], found.real[0]) == (7777, 0)
    assert "n 汇总表 7777、逐条 0" in found.zh
    planted.write(lambda connection: rebuild(connection, STORED))
    assert planted.write(lambda connection: differences(connection, STORED)) == []


def test_verifying_finds_a_row_that_was_written_past_the_triggers(both: Both) -> None:
    both.write(lambda connection: reset(connection, both))
    both.write(lambda connection: connection.execute(sa.delete(STORED.table)))
    found = both.write(lambda connection: differences(connection, STORED))
    assert sum(difference.real[0] for difference in found) == 13, "the world has so many living cases"
    assert {difference.kept[0] for difference in found} == {0}
    both.write(lambda connection: rebuild(connection, STORED))


def test_folding_leaves_one_summand_a_cell_and_none_of_an_empty_one(both: Both) -> None:
    both.write(lambda connection: reset(connection, both))
    assert both.write(lambda connection: waiting(connection, STORED, 5)) == 5
    while both.write(lambda connection: fold(connection, STORED)):
        pass
    cells = both.write(lambda connection: connection.scalars(sa.select(STORED.table.c.cell)).all())
    assert len(cells) == len(set(cells)) > 0
    assert both.write(lambda connection: waiting(connection, STORED, 5)) == 0
    both.write(lambda connection: connection.execute(sa.delete(CASE)))
    while both.write(lambda connection: fold(connection, STORED)):
        pass
    assert both.write(lambda connection: connection.scalars(sa.select(STORED.table.c.cell)).all()) == []


@pytest.mark.parametrize("database_kind", WITH_WALL, indirect=True)
def test_writers_and_folds_at_once_lose_nothing(both: Both) -> None:
    """Writers that end and writers that fail, four folds among them: the cells are those of the rows."""
    both.write(lambda connection: reset(connection, both))
    database = both.server

    async def work(seed: int) -> None:
        chance = random.Random(seed)

        def write(connection: Connection) -> None:
            rows = [random_row(chance, both) for _ in range(5)]
            connection.execute(sa.insert(CASE), rows)
            if chance.random() < 0.3:
                raise asyncio.CancelledError

        for _ in range(6):
            try:
                await database.write(write)
            except asyncio.CancelledError:
                continue

    async def all_at_once() -> None:
        await asyncio.gather(*(work(seed) for seed in range(4)), *(_folds(database, STORED) for _ in range(4)))

    both.kept.runner.run(all_at_once())
    assert both.write(lambda connection: differences(connection, STORED)) == []
    both.kept.runner.run(fold_all(database))
    assert both.write(lambda connection: differences(connection, STORED)) == []


async def _folds(database: Database, stored: Stored) -> None:
    for _ in range(12):
        await database.write(lambda connection: fold(connection, stored))
        await asyncio.sleep(0.01)
