"""The columns of a model: each function makes one that says what it is, how it is called, and what bounds it."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, overload

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column

from db.enumeration import Code
from db.kinds import BOOL, DATE, DATETIME, DECIMAL, ENCRYPTED, ENUM, ENUMS, INT, JSON, KINDS, PERIOD, REF, TEXT, Kind
from db.kinds.shape import Shaped
from db.naming import snake
from db.periods import Granularity
from db.series import Series
from db.types import Choice, Day, Json, Key, Moment, Number, Text

if TYPE_CHECKING:
    from db.computed import Formula


@dataclass(frozen=True)
class Copy:
    """Keys of an object in a document that are copies of an entity's columns, by their public `names` (all: none)."""

    entity: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """What an object of a JSON document, or each one of a list, says of other rows: read with the rights of those.

    `copies` names the entities whose columns its keys are, `parts` the keys that hold objects or lists of a shape of
    their own. Where `about` names a column of the document's row, the keys are those of the entity that is named there,
    and as masked as they were written. Keys that are in none of these say nothing of anybody (`own`). `zh` is what
    people call it where it is no relation of the row that is told of.
    """

    copies: tuple[Copy, ...] = ()
    parts: Mapping[str, Shape] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    about: str | None = None
    zh: str = ""


@dataclass(frozen=True)
class When:
    """A condition on another column of the row: ``When("kind", (STATIONED,))``; without values: it has one."""

    column: str
    values: tuple[Code, ...] = ()

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether it holds of a row's stored columns."""
        value = row.get(self.column)
        return value in {code.name for code in self.values} if self.values else value is not None

    def zh(self, label: str) -> str:
        """In words, by the Chinese label of the column: ``“类别”为派驻``."""
        return f"“{label}”为{'、'.join(code.zh for code in self.values)}" if self.values else f"填写了“{label}”"


class _Named:
    """An attribute that holds a kind and takes its name as well."""

    @overload
    def __get__(self, facts: None, owner: Any) -> _Named: ...
    @overload
    def __get__(self, facts: Facts, owner: Any) -> Kind: ...
    def __get__(self, facts: Facts | None, owner: Any) -> Any:
        if facts is None:
            raise AttributeError("kind")  # a field of a dataclass without a default
        return facts.__dict__["kind"]

    def __set__(self, facts: Facts, value: str) -> None:
        facts.__dict__["kind"] = KINDS[value]


@dataclass(frozen=True)
class Facts:
    """What a column says about itself beyond its type; kept in ``Column.info["facts"]``."""

    kind: _Named = _Named()
    zh: str  # type: ignore[misc]
    en: str  # type: ignore[misc]
    length: int | None = None
    low: Any = None
    high: Any = None
    pattern: str | None = None
    pattern_zh: str = ""
    checksum: str | None = None
    members: type[Code] | None = None
    target: str | None = None
    one_of: str | None = None
    """The one-of reference that the column is one way of (``db.one_of``)."""
    unique: bool | str = False
    """True: unique among living rows everywhere. A condition in SQL: unique among the rows that meet it."""
    computed: bool = False
    """Set by the commands only; clients get READ_ONLY."""
    fixed: bool = False
    """Chosen at creation, never changed afterwards."""
    personal: Literal["null", "surname"] | None = None
    """How a role with masks (`m`) sees it: nothing, or the surname only."""
    mask: str | None = None
    search: bool = False
    future: bool = True
    """False: a date after today is refused."""
    reverse: str | Literal[False] | None = None
    """Name of the list on the other side of a reference; False: there is none."""
    required_when: When | None = None
    """Must have a value where this holds of the row; nullable otherwise."""
    scale: int = 0
    lengths: tuple[Granularity, ...] = ()
    """Of a period: how long it may be."""
    default: Any = None
    hidden: bool = False
    """Never leaves the server: password hashes and alike."""
    volatile: bool = False
    """What happens to the row rather than what it says, as until when an account is locked: no version, no past."""
    long: bool = False
    copies: Shape | None = None
    """Of a document: what of other rows it holds. Every document says so."""
    formula: Formula | None = None
    """What a stored computed column follows from (``db.computed``); the door keeps it."""
    model: type[Shaped] | None = None
    """Of a typed document: its form."""
    series: Series | None = None
    """Of a text: the form of the numbers that the server gives it."""
    tells: bool = False
    """A refusal of its value tells of personal data, such as a person's age: each is recorded."""


def _column(kind: sa.types.TypeEngine[Any], facts: Facts, *args: Any, **kw: Any) -> Any:
    default = facts.default.name if isinstance(facts.default, Code) else facts.default
    if default is not None and facts.kind.defaulted:
        kw["default"] = default
    return mapped_column(kind, *args, info={"facts": facts}, **kw)


def text(zh: str, en: str, length: int = 100, **more: Any) -> Any:
    """A line of text of at most `length` characters, without control characters."""
    return _column(Text(length), Facts(TEXT, zh, en, length=length, **more))


def long_text(zh: str, en: str, length: int = 2000, **more: Any) -> Any:
    """Text of several lines."""
    return _column(Text(length), Facts(TEXT, zh, en, length=length, long=True, **more))


def integer(zh: str, en: str, low: int = 0, high: int = 2_000_000_000, **more: Any) -> Any:
    """A whole number in ``[low, high]``."""
    return _column(sa.Integer(), Facts(INT, zh, en, low=low, high=high, **more))


def number(zh: str, en: str, precision: int, scale: int, low: Any = 0, high: Any = None, **more: Any) -> Any:
    """An exact decimal in ``[low, high]``; more digits than `scale` are refused, not rounded."""
    top = decimal.Decimal(10) ** (precision - scale) - decimal.Decimal(1).scaleb(-scale)
    facts = Facts(
        DECIMAL, zh, en, scale=scale,
        low=decimal.Decimal(low), high=top if high is None else decimal.Decimal(high), **more,
    )  # fmt: skip
    return _column(Number(precision, scale), facts)


def money(zh: str, en: str, **more: Any) -> Any:
    """Yuan, to the fen (D12)."""
    return number(zh, en, 14, 2, **more)


def flag(zh: str, en: str, default: bool | None = False, **more: Any) -> Any:
    """Yes or no."""
    return _column(sa.Boolean(), Facts(BOOL, zh, en, default=default, **more))


def day(zh: str, en: str, **more: Any) -> Any:
    """A date between 1900 and 2199 (Asia/Shanghai)."""
    more = {"low": dt.date(1900, 1, 1), "high": dt.date(2199, 12, 31), **more}
    return _column(Day(), Facts(DATE, zh, en, **more))


def moment(zh: str, en: str, **more: Any) -> Any:
    """A point in time."""
    return _column(Moment(), Facts(DATETIME, zh, en, **more))


def period(lengths: tuple[Granularity, ...], zh: str, en: str, **more: Any) -> Any:
    """A period of one of `lengths`, such as ``2026-05A``; columns ``…_start`` and ``…_end`` are kept beside it."""
    return _column(Text(10), Facts(PERIOD, zh, en, length=10, lengths=lengths, **more), index=True)


def beside(facts: Facts) -> Any:
    """A column that is kept from another one's value (``db.kinds.beside``)."""
    return mapped_column(Day(), nullable=True, index=True, info={"facts": Facts(DATE, facts.zh, facts.en, hidden=True)})


def choice(members: type[Code], zh: str, en: str, **more: Any) -> Any:
    """One of an enumeration."""
    return _column(Choice(tuple(m.name for m in members)), Facts(ENUM, zh, en, members=members, **more))


def choices(members: type[Code], zh: str, en: str, **more: Any) -> Any:
    """Several of an enumeration, each at most once, in the order of the enumeration."""
    return _column(Json(), Facts(ENUMS, zh, en, members=members, **more))


def document(zh: str, en: str, *, copies: Shape | None = None, **more: Any) -> Any:
    """A JSON document written by the commands; `copies` is its shape, ``Shape()`` of one that copies no row."""
    return _column(Json(), Facts(JSON, zh, en, computed=True, copies=copies, **more))


def ref(target: str, zh: str, en: str, constraint: bool = True, **more: Any) -> Any:
    """A reference to a row of another entity, named by its class; the column's name ends in ``_id``.

    Without a `constraint` the database does not check it: for columns that only the server writes and that would
    tie every table to every other (who created a row, which office guides it).
    """
    facts = Facts(REF, zh, en, target=target, **more)
    return (
        _column(Key(), facts, sa.ForeignKey(f"{snake(target)}.id"), index=True) if constraint else _column(Key(), facts)
    )


class Encrypted:
    """One declared column that becomes three: ``…_cipher``, ``…_digest`` and ``…_mask`` (D11)."""

    def __init__(self, facts: Facts, required: bool) -> None:
        self.facts, self.required = facts, required

    def columns(self, name: str) -> dict[str, Any]:
        """The three columns. Only the mask is ever read; the digest serves exact look-up and uniqueness."""
        hidden = Facts(TEXT, self.facts.zh, self.facts.en, hidden=True)
        null = not self.required
        return {
            f"{name}_cipher": mapped_column(Text(1000), info={"facts": hidden}, nullable=null),
            f"{name}_digest": mapped_column(Text(64), info={"facts": hidden}, index=True, nullable=null),
            f"{name}_mask": mapped_column(Text(200), info={"facts": self.facts, "encrypted": name}, nullable=null),
        }


def encrypted(zh: str, en: str, mask: str, length: int = 100, required: bool = False, **more: Any) -> Any:
    """Personal data nobody reads but by a logged reveal; `mask` names a pattern of ``db.crypto.MASKS``."""
    return Encrypted(Facts(ENCRYPTED, zh, en, mask=mask, length=length, **more), required)
