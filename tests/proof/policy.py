"""Random policies: the models with another permission matrix, cell by cell.

What is proven of the matrix of DOMAIN 5.2 could be proven by its habits: that a district sees by ranges, that a
committee's people never count, that everybody reads regions. Under a random matrix no such habit holds.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from db.base import Record
from db.facts import Entity, Grant, Role
from db.registry import EntityInfo, Registry, registry

KEPT = 0.4
"""Share of cells that stay as they are in the real matrix."""
CLOSED = 0.2
"""Share of cells that open nothing."""


def random_policy(seed: int) -> Registry:
    """The entities with a matrix drawn from `seed`; what may not be said of an entity is not drawn for it."""
    dice = random.Random(seed)
    with _declared({info.model: _cells(dice, info) for info in registry().values()}) as models:
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
            cell = _cell(dice, info, Grant.parse(real) if real else None)
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
    return f"{read}{writes}{only_numbers}{masked} {scope}{above}"


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
    if info.facts.linked:
        scopes += ["L", "L"]
    return scopes
