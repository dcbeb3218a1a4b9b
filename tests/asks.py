"""What a read asks for, as plain data: the reference answers it, a document spells it, Hypothesis draws it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Measures:
    """The numbers asked of a set of rows: for each function the public names of columns."""

    count: bool = True
    distinct: list[str] = field(default_factory=list)
    sum: list[str] = field(default_factory=list)
    avg: list[str] = field(default_factory=list)
    median: list[str] = field(default_factory=list)
    min: list[str] = field(default_factory=list)
    max: list[str] = field(default_factory=list)

    def by_function(self) -> dict[str, list[str]]:
        """Function as GraphQL names it -> columns, for the functions that are asked for."""
        asked = {
            "countDistinct": self.distinct, "sum": self.sum, "avg": self.avg, "median": self.median, "min": self.min,
            "max": self.max,
        }  # fmt: skip
        return {function: columns for function, columns in asked.items() if columns}


@dataclass(frozen=True)
class Key:
    """One key of a groupBy: the public names of to-one relations and last of a column.

    A date carries a granularity, a moment a time zone too; a key that ends in a reference to regions carries a level.
    """

    path: tuple[str, ...]
    granularity: str | None = None
    zone: str | None = None
    alias: str | None = None
    level: str | None = None
    rollup: bool = False
    """Whether codes stand for their statistical columns."""
    element: bool = False
    """Whether the column is a list, and the key each of its elements."""

    @property
    def whole(self) -> bool:
        """Whether a row has its like: neither periods nor what codes roll up to nor single elements."""
        return not (self.granularity or self.rollup or self.element)


@dataclass
class Groups:
    """A groupBy: its keys and arguments, and what is asked of each group."""

    by: list[Key]
    measures: Measures = field(default_factory=Measures)
    having: dict[str, Any] | None = None
    order: list[dict[str, Any]] = field(default_factory=list)
    first: int | None = None
    fill: bool = False
    subtotals: bool = False
    pages: bool = False
    stray: str | None = None
    """A key field that is not grouped by: it prints null."""
    rows: Ask | None = None
    """What is asked of each group's rows; `first` and the rest of a connection, without conditions."""


@dataclass
class Ask:
    """A list, or the row of a to-one relation: its arguments, and what is asked of each row and of the whole."""

    entity: str
    fields: list[str]
    nested: list[tuple[str, Ask]] = field(default_factory=list)
    where: dict[str, Any] | None = None
    order: list[dict[str, Any]] = field(default_factory=list)
    first: int | None = None
    last: int | None = None
    offset: int | None = None
    nodes: bool = True
    count: bool = True
    pages: bool = False
    aggregate: Measures | None = None
    groups: Groups | None = None
    as_of: str | None = None
    """The moment or day that the list at the root is about."""
