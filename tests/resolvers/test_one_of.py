"""One-of references: one object with one key in, a union out, one of several columns in the database.

The evaluations of the trial are of a mediator or of a committee, whose region owns them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import sqlalchemy as sa

from tests.resolvers.asking import faults
from tests.resolvers.town import Town, code_of, mediator
from tests.trial.register import TRIAL, Trial, acts, make_tables

pytestmark = pytest.mark.anyio

SUBJECT = "subject { __typename ... on Mediator { name kind } ... on MediationCommittee { name type } }"
SEEN = f"evaluation {{ id version {SUBJECT} mediator {{ name }} }} errors {{ path code message }}"
CREATE = f"mutation ($input: EvaluationInput!) {{ createEvaluation(input: $input) {{ {SEEN} }} }}"
UPDATE = f"""mutation ($by: EvaluationBy!, $patch: EvaluationPatch!) {{
  updateEvaluation(by: $by, patch: $patch) {{ {SEEN} }} }}"""


class Evaluations(Trial):
    """A committee of village 1, and a mediator of village 3 in another street."""

    async def start(self) -> None:
        self.committee = await self.town.found()
        self.person = await self.town.person("district", "village3")
        self.of_committee = {"committee": self.ref("MediationCommittee", self.committee)}
        self.of_person = {"mediator": self.ref("Mediator", self.person)}

    async def create(self, subject: Any, login: str = "district", **more: Any) -> Any:
        data = {"title": "年度考评", "points": 90, "subject": subject, **more}
        return await self.write(login, CREATE, input=data)


@pytest.fixture
async def evaluations(town: Town) -> AsyncIterator[Evaluations]:
    with acts():
        await town.as_owner(make_tables)
        made = Evaluations(town)
        await made.start()
        yield made


async def test_one_object_in_and_a_union_out(evaluations: Evaluations) -> None:
    person = (await evaluations.town.row("Mediator", evaluations.person))["name"]
    committee = (await evaluations.town.row("MediationCommittee", evaluations.committee))["name"]
    of_person = {"__typename": "Mediator", "name": person, "kind": "PART_TIME"}
    made = (await evaluations.create(evaluations.of_person))["evaluation"]
    assert (made["subject"], made["mediator"]) == (of_person, {"name": person})
    by, patch = {"id": made["id"]}, {"subject": evaluations.of_committee}
    changed = (await evaluations.write("district", UPDATE, by=by, patch=patch))["evaluation"]
    of_committee = {"__typename": "MediationCommittee", "name": committee, "type": "VILLAGE"}
    assert (changed["subject"], changed["mediator"], changed["version"]) == (of_committee, None, 2)
    await evaluations.create(evaluations.of_person)
    listed = f"{{ evaluations(orderBy: [{{id: ASC}}]) {{ nodes {{ {SUBJECT} }} }} }}"
    seen = await evaluations.endpoint.data("district", listed)
    assert [node["subject"] for node in seen["nodes"]] == [of_committee, of_person]
    where = "{ evaluations(where: {mediator: {kind: {eq: PART_TIME}}}) { totalCount } }"
    assert await evaluations.endpoint.data("district", where) == {"totalCount": 1}


async def test_the_owner_is_whichever_is_set(evaluations: Evaluations) -> None:
    """So the office of street 2 sees the committee's and not the mediator's, and the row moves with its subject."""
    made = (await evaluations.create(evaluations.of_person))["evaluation"]
    await evaluations.create(evaluations.of_committee)
    count = "{ evaluations { totalCount } }"
    assert await evaluations.endpoint.data("office", count) == {"totalCount": 1}
    [first, second] = await evaluations.rows("Evaluation")
    assert (first["scope_path"], second["scope_path"]) == ("/32/01/02/003/001/", "/32/01/02/002/001/")
    patch = {"subject": evaluations.of_committee}
    await evaluations.write("district", UPDATE, by={"id": made["id"]}, patch=patch)
    assert await evaluations.endpoint.data("office", count) == {"totalCount": 2}
    # The office cannot see the mediator of another street, so it cannot name one.
    refused = await evaluations.create(evaluations.of_person, login="office")
    assert faults(refused) == {("input.subject.mediator", "NOT_FOUND")}


async def test_exactly_one_is_named(evaluations: Evaluations) -> None:
    assert faults(await evaluations.create(None)) == {("input.subject", "REQUIRED")}
    both = {**evaluations.of_person, **evaluations.of_committee}
    answer = await evaluations.endpoint.ask(
        "district", CREATE, {"input": {"title": "甲", "points": 1, "subject": both}}
    )
    assert "errors" in answer
    made = (await evaluations.create(evaluations.of_person))["evaluation"]
    cleared = await evaluations.write("district", UPDATE, by={"id": made["id"]}, patch={"subject": None})
    assert faults(cleared) == {("patch.subject", "REQUIRED")}
    person = mediator(77, name="") | {"region": {"connect": {"code": code_of("village1")}}}
    faulty = await evaluations.create({"mediator": {"create": [person]}}, points=101)
    assert faults(faulty) == {("input.points", "RANGE"), ("input.subject.mediator.name", "REQUIRED")}
    assert len(await evaluations.rows("Evaluation")) == 1


@pytest.mark.parametrize("columns", [{"mediator_id": None}, {"committee_id": "committee"}])
async def test_the_database_holds_no_row_with_none_or_two(evaluations: Evaluations, columns: dict[str, Any]) -> None:
    await evaluations.create(evaluations.of_person)
    table = TRIAL["Evaluation"].table
    values = {name: value and getattr(evaluations, value) for name, value in columns.items()}
    with pytest.raises(sa.exc.IntegrityError):
        await evaluations.town.database.write(lambda c: c.execute(sa.update(table).values(**values)))
