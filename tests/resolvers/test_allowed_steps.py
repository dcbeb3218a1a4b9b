"""What a row of any list says that I may do now: for all rows together, with what is missing and until when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from db.clock import today
from db.engine import Database
from resolvers.faults import Denied
from resolvers.requests import Connection, Later, Pick
from resolvers.streams import compile_stream
from tests.resolvers import papers
from tests.resolvers.asking import Endpoint
from tests.resolvers.desk import Papers
from tests.resolvers.town import Town

pytestmark = pytest.mark.anyio

LIST = """query($first: Int) { papers(orderBy: [{title: ASC}], first: $first) { nodes {
  title steps: allowedSteps { kind: __typename verb label takes dueOn missing { path code severity } }
  follows { title allowedSteps { verb } } } } }"""


@pytest.fixture
async def desk(town: Town) -> Papers:
    await town.database.write(papers.Scratch.metadata.create_all)
    return Papers(town)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that look-ups and writes run meanwhile."""
    found: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    engine = database.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


async def test_each_row_tells_its_steps_and_what_is_missing(desk: Papers) -> None:
    first = await desk.make(title="一")
    second = await desk.make(title="三", amount="2000", follows=desk.by(first))
    third = await desk.make("district2", title="二")
    await desk.take("district2", third, "submit")
    rows = (await desk.ends.data("district", LIST))["nodes"]
    found = {row["title"]: {step.pop("verb"): step for step in row["steps"]} for row in rows}
    assert {title: list(steps) for title, steps in found.items()} == {
        "一": ["submit", "publish"], "三": ["submit", "publish"], "二": ["review", "hold", "publish"],
    }  # fmt: skip
    assert found["三"]["submit"]["missing"] == [
        {"path": ["follows"], "code": "BR-24", "severity": "ERROR"},
        {"path": ["amount"], "code": "BR-14", "severity": "WARN"},
    ]
    assert found["一"]["submit"]["missing"] == [{"path": ["title"], "code": "BR-24", "severity": "ERROR"}]
    review = found["二"]["review"]
    assert (review["kind"], review["label"], review["takes"]) == (
        "AllowedStep", "复核", ["approvedAmount", "note", "reviewer"],
    )  # fmt: skip
    assert review["dueOn"] > str(today())
    assert review["missing"] == [{"path": ["approvedAmount"], "code": "REQUIRED", "severity": "ERROR"}]
    follows = {row["title"]: row["follows"] for row in rows}
    assert follows["三"] == {"title": "一", "allowedSteps": [{"verb": "submit"}, {"verb": "publish"}]}
    # Of one row by itself it is the same; nobody is told of rows they cannot see, or may do nothing with.
    one = "query($id: ID!) { allowedSteps(id: $id) { verb missing { code } } }"
    assert await desk.ends.data("district", one, desk.by(second)) == [
        {"verb": "submit", "missing": [{"code": "BR-24"}, {"code": "BR-14"}]}, {"verb": "publish", "missing": []},
    ]  # fmt: skip
    assert await desk.ends.data("other", one, desk.by(second)) == []
    assert [row["steps"] for row in (await desk.ends.data("auditor", LIST))["nodes"]] == [[], [], []]
    assert await desk.row(second) == await desk.row(second) | {"state": "DRAFT", "version": 1}


async def test_rows_double_and_the_statements_stay(desk: Papers) -> None:
    """Each paper has its own maker, one before it and a deadline: all of them are looked up together."""
    numbers = []
    for count in (4, 8, 16):
        for number in range(count // 2 if count > 4 else count):
            login = f"maker{count}_{number}"
            await desk.town.account(login, "DIST", region_id=desk.town.keys["district"])
            key = await desk.make(login, amount="5")
            if number % 2:
                await desk.take(login, key, "submit")
            await desk.make(login, follows=desk.by(key))
        with counted(desk.town.database) as statements:
            rows = (await desk.ends.data("district", LIST))["nodes"]
        assert len(rows) == count * 2
        assert all(row["steps"] for row in rows)
        numbers.append(len(statements))
    assert numbers[0] == numbers[1] == numbers[2] < 30


async def test_each_write_of_a_request_tells_what_may_be_done_after_it(desk: Papers) -> None:
    key = await desk.make()
    document = """mutation($by: PaperBy!) {
      submitPaper(by: $by) { paper { ...steps } }  publishPaper(by: $by) { paper { ...steps } }
      submitPapers(by: [$by], atMost: 1) { results { paper { ...steps } errors { code } } } }
    fragment steps on Paper { allowedSteps { verb } }"""
    answer = (await desk.ends.ask("district", document, {"by": desk.by(key)}))["data"]
    told = [answer[verb]["paper"]["allowedSteps"] for verb in ("submitPaper", "publishPaper")]
    [many] = answer["submitPapers"]["results"]
    assert told == [
        [{"verb": "hold"}, {"verb": "publish"}], [{"verb": "hold"}, {"verb": "conceal"}],
    ]  # fmt: skip
    assert (many["paper"]["allowedSteps"], many["errors"]) == (told[1], [{"code": "STATE"}])


FILINGS = """query { committeeFilings { nodes { id state allowedSteps { verb missing { code } } } } }"""


async def test_filings_say_what_their_composition_lacks_in_as_many_statements(town: Town) -> None:
    ends, numbers = Endpoint(town), []
    for pairs in (1, 1, 2):
        for _ in range(pairs):
            for committee in (await town.complete(), await town.found()):
                await town.filing(committee)
        with counted(town.database) as statements:
            rows = (await ends.data("office", FILINGS))["nodes"]
        numbers.append((len(rows), len(statements)))
    assert [count for count, _ in numbers] == [2, 4, 8]
    assert numbers[0][1] == numbers[1][1] == numbers[2][1]
    missing = {tuple(fault["code"] for fault in row["allowedSteps"][0]["missing"]) for row in rows}
    assert missing == {(), ("BR-01", "BR-02", "BR-03", "BR-05")}


async def test_an_export_does_not_tell_steps(desk: Papers) -> None:
    """Nothing is half told: what no statement prints cannot stream."""
    pick = Pick(desk.info)
    pick.items.append(("allowedSteps", Later([])))
    request = Connection(desk.info, [("nodes", "nodes", pick)])
    viewer = await desk.town.viewer("district")
    with pytest.raises(Denied):
        compile_stream(request, desk.commands.entities, viewer, desk.town.database.dialect, 5)
