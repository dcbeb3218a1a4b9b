"""The plainest answer to what a column that is computed where it is read says of a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from db.computed import Children
from db.entity_info import Field
from permissions.viewer import Viewer
from tests.world import Row

if TYPE_CHECKING:
    from tests.reference import Reference


def computed(reference: Reference, entity: str, field: Field, row: Row) -> Any:
    """Whether a list has a row as the formula asks, of those that whoever is asking sees."""
    formula = field.formula
    assert isinstance(formula, Children)
    assert formula.function == "exists"
    relation = reference.entities[entity].relations[formula.relation]
    fields = reference.entities[relation.target].fields
    if reference.asking is None:
        rows = [far for far in reference.living(relation.target) if far[relation.far] == row["id"]]
    else:
        rows = reference.related(relation, row, reference.asking)
    return any(
        all(
            reference.value(relation.target, fields[w.column], far) in {v.name for v in w.values} for w in formula.where
        )
        for far in rows
    )


def readable(reference: Reference, entity: str, field: Field, viewer: Viewer) -> bool:
    """Whether the viewer may read what a computed field is of."""
    if not isinstance(field.formula, Children):
        return True
    relation = reference.entities[entity].relations[field.formula.relation]
    of = [reference.entities[relation.target].fields[when.column] for when in field.formula.where]
    return reference.leads(relation, viewer) and all(
        reference.conditionable(relation.target, column, viewer) for column in of
    )
