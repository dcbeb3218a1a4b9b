"""Columns of the newer kinds in the admin: what a form shows of them, sends back, and what lists filter by."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from admin.conditions import condition, filterable
from admin.rights import Rights
from admin.rows import exported, pick
from admin.schemas import schema
from admin.tables import Table, Tables
from resolvers.faults import Denied
from resolvers.requests import Single
from tests.databases import Kind
from tests.places import Place
from tests.shelf import KEEPER, WITH_PAPERS, shelf

TABLES = Tables(WITH_PAPERS)
PAPER: Table = TABLES.by_entity["Paper"]
PLAN = {"title": "一稿", "pages": 3, "tone": None, "dueOn": None, "authors": [], "words": ["甲"]}


@pytest.fixture(scope="module")
def papers(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    with shelf(migrated_database(database_kind), [{"name": "one", "period": "2026-05", "plan": PLAN}]) as opened:
        yield opened


def test_a_form_names_the_periods_that_are_taken_and_leaves_documents_to_be_written(papers: Place) -> None:
    made = schema(TABLES, PAPER, KEEPER, Rights(papers.services, TABLES))
    half, plan = (made["properties"][PAPER.of(name).wire] for name in ("half", "plan"))
    assert half["type"] == plan["type"] == "string"
    assert half["extra"]["help_text"] == "期间，如 2026-05A、2026-05。不能晚于今天。"
    assert (plan["extra"]["widget"], plan["extra"]["document"]) == ("text-area", False)
    assert not plan["extra"]["sortable"]
    assert half["extra"]["sortable"]


def test_lists_are_filtered_by_periods_and_not_by_documents(papers: Place) -> None:
    period, plan = PAPER.of("period"), PAPER.of("plan")
    assert filterable(period, KEEPER, PAPER.info)
    assert not filterable(plan, KEEPER, PAPER.info)
    assert condition(period, "gte", None, "2026h1") == {"period": {"gte": "2026H1"}}
    with pytest.raises(Denied):
        condition(period, None, None, "2026-13")


def test_what_a_form_shows_of_a_document_it_may_send_back(papers: Place) -> None:
    columns = [PAPER.of("plan"), PAPER.of("period")]
    [one] = papers.ask(KEEPER, "{ papers { nodes { id version } } }")["data"]["papers"]["nodes"]
    request = Single(pick(TABLES, PAPER, columns), {"id": one["id"]})
    row = papers.runner.run(papers.services.reads.single(request, KEEPER))
    assert row is not None
    assert row["plan"] == PLAN
    cells = exported(TABLES, PAPER, columns, row)
    shown = cells[PAPER.of("plan").wire].strip("'")
    papers.runner.run(papers.services.commands.update(KEEPER, "Paper", {"id": one["id"]}, {"plan": shown}, 1))
    assert papers.ask(KEEPER, "{ papers { nodes { id version } } }")["data"]["papers"]["nodes"] == [one]
    assert cells[PAPER.of("period").wire] == "\t2026-05"  # else a spreadsheet makes a day of it
