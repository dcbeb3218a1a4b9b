"""What a kind of column is: everything the layers ask about the values of a column without knowing its name.

A kind equals its name, so it can be a key of the tables that the layers above keep by kind: what GraphQL calls it, how
SQL prints it, what the admin shows (``schema.kinds``, ``resolvers.fragments``, ``admin.kinds``).
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, Self

import sqlalchemy as sa

if TYPE_CHECKING:
    from db.columns import Facts


class Bad(Exception):
    """A value cannot be stored: the code of API.md, what to say after the name of the field, and where in the value."""

    def __init__(self, code: str, zh: str, en: str, *path: str | int) -> None:
        super().__init__(en)
        self.code, self.zh, self.en, self.path = code, zh, en, path


class Several(Exception):
    """More than one thing is wrong with a value."""

    def __init__(self, faults: list[Bad]) -> None:
        super().__init__(", ".join(map(str, faults)))
        self.faults = faults


class Kind(str):
    """One kind of column. The flags say what the values can do; the methods are what the database must know."""

    __slots__ = ()

    key: ClassVar[str]
    """Its name, as the tables of the other layers know it."""
    stores: ClassVar[type[sa.types.TypeEngine[Any]]]
    """The SQL type of its column."""
    use: ClassVar[str]
    """The function of ``db.facts`` that makes such a column."""

    askable: ClassVar[bool] = True
    """Whether conditions, orders and groups may be by it at all."""
    sortable: ClassVar[bool] = True
    """Whether lists may be ordered by it."""
    groupable: ClassVar[bool] = True
    """Whether rows may be grouped by it and its distinct values counted."""
    ranged: ClassVar[bool] = False
    """Whether it has a smallest and a largest value."""
    summable: ClassVar[bool] = False
    """Whether its values add up."""
    dimension: ClassVar[bool] = False
    """Whether roles that see aggregates only may use it, unless it is personal (API 4, ``*``)."""
    bucketed: ClassVar[bool] = False
    """Whether groups are by periods of time that its values fall in."""
    spanning: ClassVar[bool] = False
    """Whether its values are periods, ordered by their ends."""
    instant: ClassVar[bool] = False
    """Whether its values are points in time, of which a zone makes days."""
    textual: ClassVar[bool] = False
    """Whether it is text that people search in."""
    listing: ClassVar[bool] = False
    """Whether a value is a list of members."""
    finite: ClassVar[bool] = False
    """Whether it has few values, all known."""
    sealed: ClassVar[bool] = False
    """Whether it is stored encrypted and shown as a mask."""
    structured: ClassVar[bool] = False
    """Whether a value is a JSON document, which says by its ``Shape`` what it copies."""
    typed: ClassVar[bool] = False
    """Whether its documents have the form of a model, ``Facts.model``."""
    defaulted: ClassVar[bool] = True
    """Whether the column's default stands in the table."""
    identity: ClassVar[bool] = False
    """Whether its values are keys of rows."""
    companions: ClassVar[tuple[str, ...]] = ()
    """Ends of the names of hidden columns beside its own that are kept from its value (``beside``)."""

    def __new__(cls) -> Self:
        return super().__new__(cls, cls.key)

    def __getnewargs__(self) -> tuple[()]:  # type: ignore[override]
        return ()

    def read(self, facts: Facts, value: Any, today: dt.date) -> Any:
        """What the column stores for a value that a client sends, never empty. Raises Bad or Several."""
        raise NotImplementedError

    def parsed(self, printed: Any) -> Any:
        """A printed value, as a cursor holds it -> what the column stores; neither is None."""
        return printed

    def beside(self, value: Any) -> tuple[Any, ...]:
        """The values of its companions, in their order, for a stored value; None for None."""
        raise NotImplementedError

    def mistake(self, column: sa.Column[Any], facts: Facts) -> tuple[str, str] | None:
        """What is wrong with a column of this kind, and what to do."""
        if not isinstance(column.type, self.stores):
            return f"a column of the kind {self} of another type", f"Use {self.use}(…)."
        return None


def within(facts: Facts, value: Any) -> Any:
    """The value, where it lies within the bounds of the column. Raises Bad."""
    if (facts.low is not None and value < facts.low) or (facts.high is not None and value > facts.high):
        raise Bad("RANGE", f"须在 {facts.low} 与 {facts.high} 之间", f"must lie between {facts.low} and {facts.high}")
    return value


class ServerOnly(Kind):
    """A kind whose values only the server writes."""

    def read(self, facts: Facts, value: Any, today: dt.date) -> Any:
        raise Bad("READ_ONLY", "由系统填写，不能修改", "is written by the server")
