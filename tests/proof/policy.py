"""Random policies: the models with another permission matrix, cell by cell.

What is proven of the matrix of DOMAIN 5.2 could be proven by its habits: that a district sees by ranges, that a
committee's people never count, that everybody reads regions. Under a random matrix no such habit holds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from db.base import Record
from db.entity_info import EntityInfo, Field
from db.facts import Entity, Grant, Role
from db.registry import Registry, registry
from resolvers.acting import acts_of

KEPT = 0.4
"""Share of cells that stay as they are in the real matrix."""
CLOSED = 0.2
"""Share of cells that open nothing."""


def random_policy(seed: int) -> Registry:
    """The entities with a matrix drawn from `seed`; what may not be said of an entity is not drawn for it."""
    dice = random.Random(seed)
    with _declared({info.model: _cells(dice, info) for info in registry().values()}) as models:
        return Registry(models)


def policy_with(cells: Mapping[str, Mapping[str, str]]) -> Registry:
    """The entities with the real matrix, but for some cells: entity -> role -> cell."""
    matrices = {info.model: {**info.facts.matrix, **cells.get(info.name, {})} for info in registry().values()}
    with _declared(matrices) as models:
        return Registry(models)


@contextmanager
def _declared(matrices: dict[type[Record], dict[str, str]]) -> Iterator[list[type[Record]]]:
    """The models while each declares another matrix."""
    real: dict[type[Record], Entity] = {model: model.__dict__["__entity__"] for model in matrices}
    for model, matrix in matrices.items():
        model.__entity__ = replace(real[model], matrix=matrix)
    try:
        yield list(matrices)
    finally:
        for model, entity in real.items():
            model.__entity__ = entity


def _cells(dice: random.Random, info: EntityInfo) -> dict[str, str]:
    cells = {}
    for role in Role:
        chance, real = dice.random(), info.facts.matrix.get(role.name)
        if chance < KEPT:
            cell = real
        elif chance < KEPT + CLOSED:
            cell = None
        else:
            parts = [Grant.parse(part.strip()) for part in real.split(";")] if real else [None]
            cell = "; ".join(_cell(dice, info, part) for part in parts)
            if dice.random() < 0.25:  # another grant of the same role, of other rows
                cell += f"; {_cell(dice, info, parts[0])}"
        if cell is not None:
            cells[role.name] = cell
    return cells


def _cell(dice: random.Random, info: EntityInfo, real: Grant | None) -> str:
    """Whatever the entity's form allows: rows by any scope, some columns, masks, numbers only, the levels above."""
    writes = "".join(sorted((real.operations if real else frozenset()) & frozenset("CUSVX")))
    read = "R"
    if dice.random() < 0.2 and not info.facts.rollups:  # what a rollup holds is told to whoever counts
        read = f"R({','.join(_columns(dice, info))})"
    only_numbers = "*" if info.facts.dimensions and dice.random() < 0.15 else ""
    masked = "m" if dice.random() < 0.3 else ""
    scope = dice.choice(_scopes(info))
    above = "^" if scope in "DL" and info.scope_column is not None and dice.random() < 0.3 else ""
    written = frozenset(writes) & frozenset("CUSV")
    return f"{read}{writes}{only_numbers}{masked} {scope}{above}{_where(dice, info, bool(written))}"


def _where(dice: random.Random, info: EntityInfo, writes: bool) -> str:
    """Mostly nothing; else one test, now and then two, of enumerations and flags that are nobody's secret."""
    derived = acts_of(info.model).derived
    some = [
        f for f in info.fields.values()
        if f.kind in ("enum", "bool") and f.name in info.table.c and not f.maskable and f.name not in derived
        and not (writes and info.facts.is_state(f.name))
    ]  # fmt: skip
    if not some or dice.random() < 0.6:
        return ""
    return " where " + " and ".join(_test(dice, f) for f in dice.sample(some, min(len(some), dice.choice((1, 1, 2)))))


def _test(dice: random.Random, field: Field) -> str:
    if field.facts.members is None:
        return f"{field.column} is {dice.choice(('true', 'false'))}"
    names = [member.name for member in field.facts.members]
    drawn = dice.sample(names, dice.randint(1, len(names) - 1))
    return f"{field.column} {dice.choice(('', 'not '))}in {' '.join(drawn)}"


def _columns(dice: random.Random, info: EntityInfo) -> list[str]:
    stored = [*info.fields, *(relation.near for relation in info.references)]
    some = [name for name in stored if name not in ("id", "version") and dice.random() < 0.5]
    return list(dict.fromkeys((info.facts.label, *some)))


def _scopes(info: EntityInfo) -> list[str]:
    scopes = ["A"]
    if info.scope_column is not None:
        scopes += ["D", "D", "D"]
    if info.facts.committee is not None or info.scope_column is not None:
        scopes += ["K", "K"]
    if info.facts.mediator is not None:
        scopes += ["O", "O"]
    if info.unit is not None:
        scopes += ["B", "B"]
    if info.facts.linked:
        scopes += ["L", "L"]
    return scopes
