"""One-of references: exactly one of several columns is set, each of which names a row of an entity of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from db.columns import ref
from db.naming import camel


@dataclass(frozen=True)
class OneOf:
    """A one-of reference of an entity: its name, and the columns of which one is set, or none where not `required`."""

    name: str
    zh: str
    en: str
    columns: tuple[str, ...]
    required: bool

    @property
    def public(self) -> str:
        """Its name in GraphQL."""
        return camel(self.name)

    def check(self) -> sa.CheckConstraint:
        """The database refuses rows in which two of them are set, or none that must be."""
        some = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in self.columns)
        return sa.CheckConstraint(f"{some} {'=' if self.required else '<='} 1", name=self.name)


@dataclass(frozen=True)
class Declared:
    """A one-of reference as a model declares it; ``db.base`` puts its columns in the place."""

    targets: Mapping[str, str]
    zh: str
    en: str
    required: bool
    more: Mapping[str, Any]

    def columns(self, name: str) -> dict[str, Any]:
        """The columns by their names."""
        return {
            column: ref(target, self.zh, self.en, one_of=name, **self.more) for column, target in self.targets.items()
        }

    def facts(self, name: str) -> OneOf:
        """What the entity knows of it."""
        return OneOf(name, self.zh, self.en, tuple(self.targets), self.required)


def one_of(targets: Mapping[str, str], zh: str, en: str, required: bool = True, **more: Any) -> Any:
    """A reference to a row of one of several entities: ``subject = one_of({"mediator_id": "Mediator", …}, zh, en)``.

    Clients give and get it as one object; conditions, orderings and groups go by each reference of its own.
    """
    return Declared(targets, zh, en, required, more)
