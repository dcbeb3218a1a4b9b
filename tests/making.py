"""One builder of worlds: ``make("CommitteeFiling", state="FILED")`` fills what is not said, from the models alone.

What a row needs is made with it: the rows that its references must name, its region, the state in which its life
begins. What is left open takes the values of ``tests.world``, odd text and nulls among them; what the test is about,
it says. A new entity needs nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from db.entity_info import EntityInfo, Relation
from permissions.actions import start_of
from tests.world import LONG_AGO, Row, Rows


class Making(Rows):
    """Rows in the order in which they were made, each after those that it names."""

    def __init__(self, entities: Any = None) -> None:
        super().__init__(**({} if entities is None else {"entities": entities}))
        self._made: list[tuple[str, Row]] = []

    def make(self, entity: str, name: str = "", /, **given: Any) -> Row:
        """A living row of the entity. `given` are columns; whose reference is not given names the row made last."""
        info, said = self.entities[entity], dict(given)
        for relation in info.references:
            if relation.near not in said and self._must(info, relation):
                said[relation.near] = self._some(relation.target)["id"]
        first, machine = start_of(info), next(iter(info.facts.machines), None)
        if machine is not None and first is not None:
            said.setdefault(machine.column, first.target)
        said |= {column: value for column, value in self._apart(info).items() if column not in given}
        self.add(entity, name, **said)
        row = self.by_entity[entity][-1]
        self._made.append((entity, row))
        return row

    def written(self) -> Iterator[tuple[str, Sequence[Row]]]:
        """Row by row, so that a reference never comes before what it names."""
        yield from ((entity, [row]) for entity, row in self._made)

    def _must(self, info: EntityInfo, relation: Relation) -> bool:
        column = info.table.c[relation.near]
        owner = info.owner is not None and info.owner.near == relation.near
        computed = relation.facts is not None and relation.facts.computed and info.owner is not None
        return owner or not (column.nullable or computed)

    def _some(self, entity: str) -> Row:
        found = [row for row in self.by_entity.get(entity, []) if row["deleted_at"] is None]
        return found[-1] if found else self.make(entity)

    def _apart(self, info: EntityInfo) -> Row:
        """What keeps a row from meeting another one: a place in the tree, numbers unique together."""
        n = len(self._made) + 1
        apart: Row = {
            column: n for columns in info.facts.unique for column in columns
            if isinstance(info.table.c[column].type, sa.Integer)
        }  # fmt: skip
        if info.facts.owner == "self":
            levels = {name: None for name in ("province_id", "city_id", "district_id", "street_id")}
            apart |= {
                "path": f"/{n:02d}/", "code": f"{n:012d}", "level": "DISTRICT", "kind": "STANDARD", "parent_id": None,
                "valid_from": LONG_AGO, "valid_to": None, "successor_path": None, **levels,
            }  # fmt: skip
        return apart
