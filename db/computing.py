"""The computed columns of a model, read into the registry and checked (``db.computed``)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db.computed import Children, Computed, Formula, by_the_clock, columns_of
from db.kept import note
from db.kinds import BOOL, INT
from db.mistakes import ModelMistake
from db.types import Number

if TYPE_CHECKING:
    from db.entity_info import EntityInfo, Field
    from db.registry import Registry


def add_computed(entities: Registry, info: EntityInfo, make: type[Field]) -> None:
    """Add the computed columns of an entity, and note those that the door keeps. Raises ModelMistake."""
    for name, said in [(n, v) for n, v in vars(info.model).items() if isinstance(v, Computed)]:
        where = f"{info.name}.{name}"
        of = _child_column(entities, info, where, said.formula)
        facts = said.facts(of.facts if of else None)
        kind: sa.types.TypeEngine[Any] = of.type if of else sa.Boolean() if facts.kind == BOOL else sa.Integer()
        if isinstance(said.formula, Children) and said.formula.function == "sum" and facts.kind == INT:
            kind = Number(38, 0)
        withheld = any("R" in g.operations and not g.touches("R", name) for g in info.grants.values())
        info.fields[name] = make(name, name, facts, True, kind, withheld, said.formula, False)
    for known in [f for f in info.fields.values() if f.formula is not None]:
        where, formula = f"{info.name}.{known.name}", known.formula
        assert formula is not None
        for name in columns_of(formula):
            if name not in info.fields:
                raise ModelMistake(where, f"its formula names {name!r}, which is no column", "Name one of its columns.")
        inputs = tuple(info.fields[name] for name in columns_of(formula))
        _check_kinds(where, (known, *inputs))
        # Null to who may not read the list that it is of, though it is stored.
        nullable = known.nullable or isinstance(formula, Children)
        info.fields[known.name] = replace(known, inputs=inputs, nullable=nullable)
        if not known.stored:
            continue
        _child_column(entities, info, where, formula)
        if by_the_clock(formula) or not known.facts.computed:
            raise ModelMistake(
                where, "it is stored, but changes with the day or is written by clients",
                "Use computed(…) for what goes by the clock; a stored one says computed=True.",
            )  # fmt: skip
        over = info.relations[formula.relation] if isinstance(formula, Children) else None
        note(info.table, known.column, formula, entities[over.target].table if over else None, over.far if over else "")


def _child_column(entities: Registry, info: EntityInfo, where: str, formula: Formula) -> Field | None:
    """The column of its rows that a formula over a list is taken of. Raises ModelMistake for what is no such list."""
    if not isinstance(formula, Children):
        return None
    over = info.relations.get(formula.relation)
    if over is None or not over.many or over.through is not None or over.name == "ancestors":
        raise ModelMistake(
            where, f"{formula.relation!r} is no list of rows that refer to this one", "Name one, such as its children."
        )
    target = entities[over.target]
    for name in filter(None, (formula.column, formula.by, *(when.column for when in formula.where))):
        if name not in target.fields:
            raise ModelMistake(where, f"{target.name} has no column {name!r}", "Name one of its columns.")
    return target.fields[formula.column] if formula.column else None


def _check_kinds(where: str, fields: tuple[Field, ...]) -> None:
    """Raise ModelMistake where a value of a formula is more than what stands in its own column."""
    for kind in (field.kind for field in fields):
        if kind.companions or kind.sealed or kind.structured or kind.typed:
            raise ModelMistake(
                where,
                f"a value of the kind {kind} is no part of a formula",
                "Use numbers, codes, days or texts.",
            )
