"""A read, stripped of everything GraphQL: what the schema makes from a selection and the admin makes by hand.

Conditions, orderings and keys are plain dicts in public (camelCase) names, exactly as the API's inputs read after
coercion: ``{"name": {"contains": "村"}, "region": {"descendantOf": {"code": "320102000000"}}}``; enum values are
names, days are ``date``, decimals ``Decimal``, ids global ids. Any leaf may be a Slot instead: a value that the plan
looks up anew each time it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from db.registry import EntityInfo, Field, Relation


@dataclass(frozen=True)
class Slot:
    """A leaf that comes from a variable: where in the variables, and the value of the request that is compiled."""

    path: tuple[str | int, ...]
    value: Any


@dataclass
class Pick:
    """What to print of one row: response key -> scalar, constant, row or list, in the order of the answer."""

    entity: EntityInfo
    items: list[tuple[str, Field | str | One | Connection]] = field(default_factory=list)

    def add(self, *names: str) -> Pick:
        """Print the named scalars under their public names; returns itself."""
        for name in names:
            found = self.entity.fields[name]
            self.items.append((found.public, found))
        return self


@dataclass
class One:
    """A to-one relation and what to print of its row."""

    relation: Relation
    pick: Pick


@dataclass
class Connection:
    """A list: which rows in which order, and what to print of them.

    `parts` are the connection's own fields in order: ``("nodes", Pick)``, ``("edges", [("cursor", "cursor"), ("node",
    Pick)])``, ``("pageInfo", ["hasNextPage", …])``, ``("totalCount", None)``; the key before the colon is `key` of the
    triple ``(key, part, what)``. `relation` is None at the root.
    """

    entity: EntityInfo
    parts: list[tuple[str, str, Any]]
    relation: Relation | None = None
    where: Mapping[str, Any] | None = None
    order: list[Mapping[str, Any]] = field(default_factory=list)
    first: Any = None
    after: Any = None
    last: Any = None
    before: Any = None
    offset: Any = None
    operation: str = "R"
    """What the rows are read for: a list for export shows only rows that may be exported as well."""


@dataclass
class Single:
    """One row by one of its keys: ``{"id": "mc_…"}`` or ``{"code": "…"}``."""

    pick: Pick
    by: Mapping[str, Any]


def page(entity: EntityInfo, pick: Pick, **arguments: Any) -> Connection:
    """A list of nodes with its exact count, as the admin wants it."""
    return Connection(entity, [("nodes", "nodes", pick), ("totalCount", "totalCount", None)], **arguments)
