"""What is known of one entity: its table, its fields and relations; the registry makes them of the models."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from db.base import Record
from db.computed import Formula
from db.facts import Entity, Facts, Grants, Kind, OneOf, Through
from db.naming import camel, lower_first, plural


@dataclass(frozen=True)
class Field:
    """A scalar of an entity as clients know it: `column` is where its printable value is stored."""

    name: str
    column: str
    facts: Facts
    nullable: bool
    type: sa.types.TypeEngine[Any]
    withheld: bool = False
    """Whether some role reads the rows without it."""
    formula: Formula | None = None
    """What it is computed of."""
    stored: bool = True
    """Whether `column` is in the table; otherwise it is computed where it is read."""
    inputs: tuple[Field, ...] = ()
    """The columns of the same row that a formula names: who does not see one of them does not see the result."""

    @property
    def public(self) -> str:
        """Its name in GraphQL."""
        return camel(self.name)

    @property
    def kind(self) -> Kind:
        """The kind of value it holds."""
        return self.facts.kind

    @property
    def writable(self) -> bool:
        """Whether clients may ever write it."""
        return not self.facts.computed and self.name != "id"

    @property
    def maskable(self) -> bool:
        """Whether a role with masks sees less than the value."""
        return self.facts.personal is not None


@dataclass(frozen=True)
class Relation:
    """A step from one entity to another.

    ``near`` of the source equals ``far`` of the target; with `through` the rows of a third entity lie between.
    """

    name: str
    source: str
    target: str
    zh: str
    en: str
    near: str
    far: str
    many: bool
    facts: Facts | None = None
    through: Through | None = None

    @property
    def public(self) -> str:
        """Its name in GraphQL."""
        return camel(self.name)


@dataclass
class EntityInfo:
    """One entity: its table, its fields and relations by Python name, its grants."""

    model: type[Record]
    name: str
    facts: Entity
    table: sa.Table
    fields: dict[str, Field] = field(default_factory=dict)
    hidden: dict[str, Facts] = field(default_factory=dict)
    relations: dict[str, Relation] = field(default_factory=dict)
    grants: Grants = field(default_factory=Grants)
    one_ofs: dict[str, OneOf] = field(default_factory=dict)
    parts: list[tuple[Relation, EntityInfo]] | None = None
    """What ``Registry.parts_of`` found."""

    @property
    def part_of(self) -> str | None:
        """The entity that its rows are children of."""
        return self.facts.part_of

    @property
    def single(self) -> str:
        """``mediationCommittee``: root field of one row."""
        return lower_first(self.name)

    @property
    def plural(self) -> str:
        """``mediationCommittees``: root field of the list."""
        return self.facts.plural or plural(self.single)

    @property
    def key(self) -> str:
        """``mediation_committee``: its table and its key in permissions."""
        return self.table.name

    @property
    def scope_column(self) -> str | None:
        """The column that holds the path of the owner's region; None outside the region tree."""
        if self.facts.owner == "self":
            return "path"
        return "scope_path" if "scope_path" in self.table.c else None

    @property
    def by_keys(self) -> list[Field]:
        """Fields that name one row by themselves: the id and unique columns that are not encrypted."""
        return [f for f in self.fields.values() if f.name == "id" or (f.facts.unique and f.kind.askable)]

    @property
    def owner(self) -> Relation | None:
        """The reference whose region owns the row."""
        return self.relations.get(self.facts.owner or "")

    @property
    def owners(self) -> list[Relation]:
        """The references of which one says whose region owns the row: one, or those of a one-of reference."""
        one_of = self.one_ofs.get(self.facts.owner or "")
        return [self.reference(c) for c in one_of.columns] if one_of else [self.owner] if self.owner else []

    @property
    def unit(self) -> str | None:
        """The path to the unit whose rows they are (scope B): that of the model, else the one that guides the owner."""
        return self.facts.unit or ("org_scope" if "org_scope_id" in self.table.c else None)

    def reference(self, column: str) -> Relation:
        """The to-one relation stored in `column`."""
        return self.relations[column.removesuffix("_id")]

    @property
    def references(self) -> Iterator[Relation]:
        """Relations stored in a column of this table."""
        return (r for r in self.relations.values() if not r.many and r.through is None)

    @functools.cached_property
    def columns(self) -> sa.TableClause:
        """The table as names and types alone: an alias of it is made in a third of the time."""
        return sa.table(self.table.name, *(sa.column(c.name, c.type) for c in self.table.columns))

    @functools.cached_property
    def public_fields(self) -> dict[str, Field]:
        """Fields by their GraphQL name."""
        return {f.public: f for f in self.fields.values()}

    @functools.cached_property
    def public_relations(self) -> dict[str, Relation]:
        """Relations by their GraphQL name."""
        return {r.public: r for r in self.relations.values()}

    @functools.cached_property
    def public_one_ofs(self) -> dict[str, OneOf]:
        """One-of references by their GraphQL name."""
        return {one_of.public: one_of for one_of in self.one_ofs.values()}

    @functools.cached_property
    def dimensions(self) -> frozenset[str]:
        """Python names that an aggregates-only role may use in conditions and groups (API 4, `*`)."""
        plain = [f for f in self.fields.values() if not f.maskable and f.formula is None]
        named = {f.name for f in plain if f.kind.dimension}
        return frozenset(named | {"region"} | set(self.facts.dimensions))
