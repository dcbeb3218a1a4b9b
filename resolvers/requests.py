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

from db.entity_info import EntityInfo, Field, Relation
from resolvers.parts import Tree


@dataclass(frozen=True)
class Slot:
    """A leaf that comes from a variable: where in the variables, and the value of the request that is compiled."""

    path: tuple[str | int, ...]
    value: Any


@dataclass
class Pick:
    """What to print of one row: response key -> scalar, constant, row or list, in the order of the answer."""

    entity: EntityInfo
    items: list[tuple[str, Field | PartsOf | str | One | Either | Later | Connection]] = field(default_factory=list)

    def add(self, *names: str) -> Pick:
        """Print the named scalars under their public names; returns itself."""
        for name in names:
            found = self.entity.fields[name]
            self.items.append((found.public, found))
        return self


@dataclass(frozen=True)
class PartsOf:
    """A typed document and what to print of it (``resolvers.parts``)."""

    field: Field
    tree: Tree


@dataclass
class Later:
    """What SQL cannot say of a row: it prints the row's id there, and all rows of the answer are told of together.

    `parts` are response key, name, and what of an object in it.
    """

    parts: list[tuple[str, str, Any]]

    def asks_for(self, name: str) -> bool:
        """Whether a field is among its parts."""
        return any(part == name for _, part, _ in self.parts)


@dataclass
class One:
    """A to-one relation and what to print of its row."""

    relation: Relation
    pick: Pick


@dataclass
class Either:
    """A one-of reference: of several to-one relations the row of that which has one."""

    ones: list[One]


Part = tuple[str, str, Any]
"""One field of a list in the order of the answer: response key, which part it is, and what of it."""


@dataclass
class Paged:
    """What every paged list has: its parts, and which page of it."""

    entity: EntityInfo
    parts: list[Part]
    first: Any = field(default=None, kw_only=True)
    after: Any = field(default=None, kw_only=True)
    last: Any = field(default=None, kw_only=True)
    before: Any = field(default=None, kw_only=True)
    offset: Any = field(default=None, kw_only=True)

    @property
    def bound(self) -> list[Any]:
        """What its cursors are bound to beside the viewer."""
        raise NotImplementedError


@dataclass
class Connection(Paged):
    """A list: which rows in which order, and what to print of them.

    Its parts: ``nodes`` (a Pick), ``edges`` (``[(key, "cursor", …), (key, "node", Pick)]``), ``pageInfo`` (``[(key,
    "hasNextPage"), …]``), ``totalCount``, ``aggregate`` (Measured) and ``groupBy`` (Groups). `relation` is None at the
    root.
    """

    relation: Relation | None = None
    where: Mapping[str, Any] | None = None
    search: Any = None
    order: list[Mapping[str, Any]] = field(default_factory=list)
    as_of: Any = None
    """The moment that the list at the root and all below it is about; None for now."""
    successors: Any = None
    """Whether rows at regions that ended count with the regions that took their place."""
    operation: str = "R"
    """What the rows are read for: a list for export shows only rows that may be exported as well."""

    @property
    def bound(self) -> list[Any]:
        relation = (self.relation.source, self.relation.name) if self.relation else None
        return [self.entity.name, relation, self.where, self.search, [str(item) for item in self.order]]


Measured = list[Part]
"""What is printed of a set of rows: ``(key, "count", None)``, ``(key, "sum", [(key, Field), …])`` and alike for
countDistinct, avg, min and max, ``(key, "suppressed", None)``; of a group also ``(key, "key", KeyPick)``, ``(key,
"totalled", None)`` and ``(key, "rows", Connection)``."""

KeyPick = list[tuple[str, "Field | Relation | str", Any]]
"""What is printed of a group's key: a column with its ``as``, a relation to regions with ``(level, Pick)``, another
relation with ``(KeyPick, Pick)``: of its columns, and of the row where the groups are by its id; or a constant."""


@dataclass
class Groups(Paged):
    """The groups of a list. `of` is the list; `by`, `having` and `order` read as the API's inputs do.

    Its parts: ``nodes`` and ``subtotals`` (Measured), ``pageInfo``, ``totalCount``.
    """

    of: Connection
    by: list[Mapping[str, Any]]
    having: Mapping[str, Any] | None = None
    order: list[Mapping[str, Any]] = field(default_factory=list)
    fill: bool = False

    @property
    def bound(self) -> list[Any]:
        return [*self.of.bound, "groups", self.by, self.having, [str(item) for item in self.order], self.fill]


@dataclass
class Single:
    """One row by one of its keys: ``{"id": "mc_…"}`` or ``{"code": "…"}``."""

    pick: Pick
    by: Mapping[str, Any]
    as_of: Any = None
    """As of a Connection."""


def page(entity: EntityInfo, pick: Pick, **arguments: Any) -> Connection:
    """A list of nodes with its exact count, as the admin wants it."""
    return Connection(entity, [("nodes", "nodes", pick), ("totalCount", "totalCount", None)], **arguments)
