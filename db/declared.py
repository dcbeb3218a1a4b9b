"""What a model says about its rows as a whole, read from its class; of child rows with what their parent says."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches

import sqlalchemy as sa

from db.base import Record
from db.facts import Entity, Parts
from db.mistakes import ModelMistake


def facts_of(model: type[Record], known: Mapping[str, type[Record]]) -> Entity:
    """What a model says about its rows; `known` are the models by name. Raises ModelMistake."""
    facts = model.__dict__.get("__entity__")
    if isinstance(facts, Parts):
        where = f"{model.__name__}.__entity__"
        if facts.parent not in known:
            near = get_close_matches(facts.parent, known, 1)
            hint = f"Did you mean {near[0]!r}?" if near else "Name the class of an entity in db/models."
            raise ModelMistake(where, f"there is no entity {facts.parent!r} to be a part of", hint)
        parent = known[facts.parent].__dict__.get("__entity__")
        if not isinstance(parent, Entity):
            raise ModelMistake(where, f"{facts.parent} is a part itself", "Name the entity that has rows of its own.")
        if facts.column not in model.__table__.c:
            raise ModelMistake(where, f"the rows do not name their {facts.parent}", "Derive the model from Part.")
        return facts.entity(model.__name__, parent, _said(model.__table__))
    if not isinstance(facts, Entity):
        raise ModelMistake(
            model.__name__, "the model has no __entity__", "Say what a row is: __entity__ = Entity(zh=…, …)."
        )
    return facts


def _said(table: sa.FromClause) -> list[str]:
    """The columns that people fill in, by the names they were declared with."""
    told = ((c.info.get("encrypted", c.name), c.info.get("facts")) for c in table.c)
    return [name for name, facts in told if facts and facts.kind != "id" and not (facts.computed or facts.hidden)]
