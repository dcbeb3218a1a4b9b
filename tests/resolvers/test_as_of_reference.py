"""``asOf`` equals the plainest Python over a log of writes: what stood then, with the rights of today."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition

from db.registry import registry
from tests import databases
from tests.asks import Ask
from tests.conftest import has_postgres
from tests.databases import Kind
from tests.past import Log, month_ends, scribble, settled
from tests.places import Place, place
from tests.proof.reads import refused_for_size
from tests.reference import Reference, read_rows
from tests.reference_groups import TooManyGroups
from tests.shares import share
from tests.strategies import MODES, Asks, Document
from tests.strategies_groups import GroupAsks
from tests.world import TODAY, rows

WRITES, SEED, EXAMPLES = 180, 7, share(4)
ENTITIES = sorted(info.name for info in registry().values() if info.facts.history)
quick = settings(
    deadline=None, database=None, phases=[Phase.generate], max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)  # fmt: skip


@pytest.fixture(scope="module")
def past(migrated_database: Callable[[Kind], str]) -> Iterator[tuple[dict[Kind, Place], Reference, Log]]:
    """The world on every kind of database, written to for a year, the answers of today, and the log."""
    kinds = [kind for kind in databases.WITH_WALL if kind == "sqlite" or has_postgres()]
    with ExitStack() as stack:
        places = {kind: stack.enter_context(place(migrated_database(kind), settled(rows()))) for kind in kinds}
        for store in places.values():
            store.services.reads.differencing.per_hour = 10**9
        log = scribble(list(places.values()), read_rows(places["sqlite"]), WRITES, SEED)
        assert len(log.written) > WRITES / 2
        yield places, Reference(registry(), read_rows(places["sqlite"]), TODAY), log


def asked(ask: Callable[[st.DataObject], None]) -> None:
    """`ask` over a few questions. What a question may be drawn from grows while questions are asked, which looks flaky
    to Hypothesis: it begins again with another seed then, as the prober of the proof does."""
    done = 0

    def one(data: st.DataObject) -> None:
        nonlocal done
        ask(data)
        done += 1

    for seeded in range(1, 50):
        with suppress(FlakyStrategyDefinition):
            seed(seeded)(quick(given(st.data())(one)))()
        if done >= EXAMPLES:
            return
    raise AssertionError(f"{done} questions were asked, {EXAMPLES} wanted")


@pytest.mark.parametrize("entity", ENTITIES)
def test_random_lists_as_of_random_moments(past: tuple[dict[Kind, Place], Reference, Log], entity: str) -> None:
    """Conditions, orders, pages and nested rows, all of one moment."""
    asked(lambda data: same(past, *data.draw(Asks(past[1], past[0]["sqlite"].viewers).reads(entity)), data))


@pytest.mark.parametrize("entity", ENTITIES)
def test_random_groups_as_of_random_moments(past: tuple[dict[Kind, Place], Reference, Log], entity: str) -> None:
    """Numbers and groups, subtotals and the rows of a group."""
    asked(lambda data: same(past, *data.draw(GroupAsks(past[1], past[0]["sqlite"].viewers).grouped(entity)), data))


def same(past: tuple[dict[Kind, Place], Reference, Log], viewer: str, ask: Ask, data: st.DataObject) -> None:
    """Every database answers as the log does."""
    places, now, log = past
    counting = now.counts_only(ask.entity, places["sqlite"].viewers[viewer])
    ask.as_of = data.draw(st.sampled_from(month_ends() if counting else log.moments()))
    then = log.reference(now, ask.as_of)
    document = Document(registry(), data.draw(st.sampled_from(MODES)))
    text = document.text(ask)
    for store in places.values():
        answer = store.ask(viewer, text, document.variables)
        if any("keeps no history" in error["message"] for error in answer.get("errors", ())):
            assert "audit" in f"{text}{document.variables}".lower(), text
            return
        try:
            expected = then.answer(ask, store.viewers[viewer])
        except TooManyGroups:
            assert answer["errors"][0]["extensions"]["code"] == "TOO_EXPENSIVE"
            continue
        if refused_for_size(answer) and store is places["sqlite"]:
            continue  # it nests less deep, and says so
        assert "errors" not in answer, answer
        assert answer["data"] == {registry()[ask.entity].plural: expected}
