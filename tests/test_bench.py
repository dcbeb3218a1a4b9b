"""The bench compares like with like: every side gives the same answer to every question, over a tiny register."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.data import Place, sqlite_place
from bench.fill import Dialect
from bench.load import load
from bench.main import Options, page_cursors
from bench.peers import plain_side
from bench.profile import Unanswered, check, profile
from bench.questions import QUESTIONS, Question
from bench.report import Figure, judge
from bench.rounds import compare, exact, leaves
from bench.servers import Make, Side, limit, ours
from settings import get_settings

CASES = 12_000


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Two districts with their committees, and the cases of two pages."""
    with sqlite_place(CASES, folder=tmp_path_factory.mktemp("bench"), districts=2) as found:
        yield found


@pytest.fixture(scope="module")
def sides(place: Place) -> Iterator[list[Side]]:
    """Our server, the limit and plain Strawberry, each a process of its own."""
    with contextlib.ExitStack() as stack:
        cursors: list[str] = []
        found = [stack.enter_context(side) for side in (ours(place, cursors), limit(place), plain_side(place))]
        cursors += asyncio.run(page_cursors(place, found[0]))
        yield found


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_all_sides_give_the_same_answer(question: Question, sides: list[Side]) -> None:
    """What differs must not be compared: the limit's bytes are ours, plain Strawberry's values are ours."""
    for n in range(2):
        answers = {}
        for side in sides:
            make = side.ask(question)
            if make is not None:
                answers[side.name] = asyncio.run(load(side.port, functools.partial(_nth, make, n), 1, 1)).first
        if question.name != "Q6":
            assert exact(answers["ours"]) == exact(answers["limit"])
        assert all(leaves(body) == leaves(answers["ours"]) for body in answers.values())
        assert len(leaves(answers["ours"])) >= 4


def _nth(make: Make, n: int, _first: int) -> bytes:
    return make(n)


def test_a_question_becomes_a_row_of_the_contract(place: Place, sides: list[Side]) -> None:
    """API.md names the keys of a row; readers of the file rely on them."""
    quick = Question("Q1", "", QUESTIONS[0].document, 2, 16, bar=1.4)
    row = asyncio.run(compare(place.kind, quick, sides, None, rounds=1))
    wanted = {"query", "database", "rps", "limit_rps", "ratio_to_limit", "cpu_ms", "limit_cpu_ms", "peers"}
    assert wanted <= row.keys()
    assert row["peers"].keys() == {"plain"}
    assert row["cpu_ms"] > 0


def test_figures_are_held_against_their_bars() -> None:
    """A bar is met on its own side only, the bar itself included."""
    assert Figure("", 1.15, 1.15, True, "").met
    assert not Figure("", 1.16, 1.15, True, "").met
    assert Figure("", 2.5, 2.5, False, "").met
    assert not Figure("", 2.4, 2.5, False, "").met
    assert (
        judge({"rows": [], "more": [{"what": "x", "database": "", "value": 1.0, "bar": None, "at_most": True}]}) == []
    )


@pytest.mark.parametrize("name", ["Q1", "Q6"])
def test_a_profile_is_one_of_answers_although_other_settings_were_read_before(place: Place, name: str) -> None:
    """The bench reads settings before it knows its database; what is profiled asks that database all the same."""
    get_settings.cache_clear()
    known = get_settings()
    assert known.database_url != place.url
    question = next(question for question in QUESTIONS if question.name == name)
    assert "resolvers/" in asyncio.run(profile(place, question))
    assert get_settings() == known, "what follows in this process has its own settings again"


def test_no_profile_of_errors_is_shown(place: Place) -> None:
    """Tokens that nobody knows are refused; that is said, and no profile printed."""
    with pytest.raises(Unanswered, match="INVALID_TOKEN"):
        asyncio.run(profile(replace(place, readers=["fq_nobody"]), QUESTIONS[0]))
    for answer in (b"", b"[]", b"{}", b'{"data":null}', b'{"data":{"createX":{"errors":[{"message":"m"}]}}}'):
        with pytest.raises(Unanswered):
            check(answer)


@pytest.mark.parametrize("wrong", [("oracle", "", "1m"), ("both", "Q9", "1m"), ("both", "", "2m")])
def test_options_that_are_none_are_refused(wrong: tuple[str, str, str]) -> None:
    """A misspelt option must not silently measure something else."""
    database, query, scale = wrong
    with pytest.raises(ValueError, match="没有"):
        Options.of(database, query, scale=scale)


def test_draws_are_the_same_on_both_databases() -> None:
    """Figures of two databases can only be compared over the same rows."""
    for salt in (1, 13):
        assert Dialect(True).chance("n", salt, 40) == Dialect(False).chance("n", salt, 40)


def test_the_tables_go_between_the_marks(tmp_path: Path) -> None:
    """The page keeps its text when a new result is written into it."""
    from bench.report import write

    page = tmp_path / "speed.md"
    page.write_text("before\n<!-- bench: begin -->\nold\n<!-- bench: end -->\nafter\n", encoding="utf-8")
    result = {"machine": "m", "rounds": 1, "rows": [], "more": []}
    write([Figure("指标", 1, 2, True, "sqlite")], result, page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "达到" in text
