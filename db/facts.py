"""The vocabulary a model uses about itself.

A model is a class of columns. Each column is made by one of the functions below, which say what it is, how it is
called in Chinese and English, and what bounds it; ``__entity__ = Entity(…)`` says what the whole row is, who owns it
and who may do what with it. All of it is data: permissions compile it, the schema and the admin derive from it, and
``db.registry`` refuses a model that contradicts itself.
"""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import sqlalchemy as sa
from sqlalchemy.orm import mapped_column

from db.naming import snake
from db.types import Choice, Day, Json, Key, Moment, Number, Text


class Code(enum.Enum):
    """An enumeration of the field: a name for the API, a code for exchange and a Chinese term for people."""

    code: str
    zh: str
    en: str
    stat: str

    def __new__(cls, code: str, zh: str, stat: str = "", en: str = "") -> Self:
        member = object.__new__(cls)
        member._value_ = code
        member.code, member.zh, member.stat, member.en = code, zh, stat, en
        return member

    @property
    def english(self) -> str:
        """What the name says in plain words, unless the member says more."""
        return self.en or self.name.replace("_", " ").lower()


class Role(Code):
    """角色. Who a grant makes of an account (DOMAIN 5.1)."""

    PROV = "PROV", "省厅工作人员", "", "provincial officer"
    CITY = "CITY", "市局工作人员", "", "city officer"
    DIST = "DIST", "区县局工作人员", "", "district bureau officer"
    DHR = "DHR", "区县局政工", "", "district personnel section"
    OFFC = "OFFC", "司法所工作人员", "", "judicial office"
    CENT = "CENT", "矛调中心工作人员", "", "mediation centre"
    COMM = "COMM", "调委会文书或主任", "", "committee clerk or director"
    MEDR = "MEDR", "人民调解员", "", "mediator"
    COURT = "COURT", "法院联络员", "", "court or tribunal partner"
    PART = "PART", "联动单位", "", "other partner"
    AUDT = "AUDT", "审计监督", "", "auditor"
    SYS = "SYS", "系统管理员", "", "technical administrator"


# --- documents -----------------------------------------------------------------------------------------------------


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
    and as masked as they were written. Keys that are in none of these say nothing of anybody (`own`).
    """

    copies: tuple[Copy, ...] = ()
    parts: Mapping[str, Shape] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    about: str | None = None


# --- columns -------------------------------------------------------------------------------------------------------

Kind = Literal["id", "text", "int", "decimal", "bool", "date", "datetime", "enum", "enums", "json", "encrypted", "ref"]


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


@dataclass(frozen=True)
class Facts:
    """What a column says about itself beyond its type; kept in ``Column.info["facts"]``."""

    kind: Kind
    zh: str
    en: str
    length: int | None = None
    low: Any = None
    high: Any = None
    pattern: str | None = None
    pattern_zh: str = ""
    checksum: str | None = None
    members: type[Code] | None = None
    target: str | None = None
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
    default: Any = None
    hidden: bool = False
    """Never leaves the server: password hashes and alike."""
    long: bool = False
    copies: Shape | None = None
    """Of a document: what of other rows it holds. Every document says so."""
    tells: bool = False
    """A refusal of its value tells of personal data, such as a person's age: each is recorded."""


def _column(kind: sa.types.TypeEngine[Any], facts: Facts, *args: Any, **kw: Any) -> Any:
    default = facts.default.name if isinstance(facts.default, Code) else facts.default
    if default is not None and facts.kind not in ("enums", "json"):
        kw["default"] = default
    return mapped_column(kind, *args, info={"facts": facts}, **kw)


def text(zh: str, en: str, length: int = 100, **more: Any) -> Any:
    """A line of text of at most `length` characters, without control characters."""
    return _column(Text(length), Facts("text", zh, en, length=length, **more))


def long_text(zh: str, en: str, length: int = 2000, **more: Any) -> Any:
    """Text of several lines."""
    return _column(Text(length), Facts("text", zh, en, length=length, long=True, **more))


def integer(zh: str, en: str, low: int = 0, high: int = 2_000_000_000, **more: Any) -> Any:
    """A whole number in ``[low, high]``."""
    return _column(sa.Integer(), Facts("int", zh, en, low=low, high=high, **more))


def number(zh: str, en: str, precision: int, scale: int, low: Any = 0, high: Any = None, **more: Any) -> Any:
    """An exact decimal in ``[low, high]``; more digits than `scale` are refused, not rounded."""
    top = decimal.Decimal(10) ** (precision - scale) - decimal.Decimal(1).scaleb(-scale)
    facts = Facts(
        "decimal", zh, en, scale=scale,
        low=decimal.Decimal(low), high=top if high is None else decimal.Decimal(high), **more,
    )  # fmt: skip
    return _column(Number(precision, scale), facts)


def money(zh: str, en: str, **more: Any) -> Any:
    """Yuan, to the fen (D12)."""
    return number(zh, en, 14, 2, **more)


def flag(zh: str, en: str, default: bool | None = False, **more: Any) -> Any:
    """Yes or no."""
    return _column(sa.Boolean(), Facts("bool", zh, en, default=default, **more))


def day(zh: str, en: str, **more: Any) -> Any:
    """A date between 1900 and 2199 (Asia/Shanghai)."""
    more = {"low": dt.date(1900, 1, 1), "high": dt.date(2199, 12, 31), **more}
    return _column(Day(), Facts("date", zh, en, **more))


def moment(zh: str, en: str, **more: Any) -> Any:
    """A point in time."""
    return _column(Moment(), Facts("datetime", zh, en, **more))


def choice(members: type[Code], zh: str, en: str, **more: Any) -> Any:
    """One of an enumeration."""
    return _column(Choice(tuple(m.name for m in members)), Facts("enum", zh, en, members=members, **more))


def choices(members: type[Code], zh: str, en: str, **more: Any) -> Any:
    """Several of an enumeration, each at most once, in the order of the enumeration."""
    return _column(Json(), Facts("enums", zh, en, members=members, **more))


def document(zh: str, en: str, *, copies: Shape | None = None, **more: Any) -> Any:
    """A JSON document written by the commands; `copies` is its shape, ``Shape()`` of one that copies no row."""
    return _column(Json(), Facts("json", zh, en, computed=True, copies=copies, **more))


def ref(target: str, zh: str, en: str, constraint: bool = True, **more: Any) -> Any:
    """A reference to a row of another entity, named by its class; the column's name ends in ``_id``.

    Without a `constraint` the database does not check it: for columns that only the server writes and that would
    tie every table to every other (who created a row, which office guides it).
    """
    facts = Facts("ref", zh, en, target=target, **more)
    return (
        _column(Key(), facts, sa.ForeignKey(f"{snake(target)}.id"), index=True) if constraint else _column(Key(), facts)
    )


class Encrypted:
    """One declared column that becomes three: ``…_cipher``, ``…_digest`` and ``…_mask`` (D11)."""

    def __init__(self, facts: Facts, required: bool) -> None:
        self.facts, self.required = facts, required

    def columns(self, name: str) -> dict[str, Any]:
        """The three columns. Only the mask is ever read; the digest serves exact look-up and uniqueness."""
        hidden = Facts("text", self.facts.zh, self.facts.en, hidden=True)
        null = not self.required
        return {
            f"{name}_cipher": mapped_column(Text(1000), info={"facts": hidden}, nullable=null),
            f"{name}_digest": mapped_column(Text(64), info={"facts": hidden}, index=True, nullable=null),
            f"{name}_mask": mapped_column(Text(200), info={"facts": self.facts, "encrypted": name}, nullable=null),
        }


def encrypted(zh: str, en: str, mask: str, length: int = 100, required: bool = False, **more: Any) -> Any:
    """Personal data nobody reads but by a logged reveal; `mask` names a pattern of ``db.crypto.MASKS``."""
    return Encrypted(Facts("encrypted", zh, en, mask=mask, length=length, **more), required)


# --- rows: who may ---------------------------------------------------------------------------------------------------

OPERATIONS = {"R": "查看", "C": "新建", "U": "修改", "S": "提交", "V": "审核", "X": "导出", "E": "查看原文"}
SCOPES = {
    "A": "全部", "P": "本省", "C": "本市", "D": "本区县", "S": "本所辖区", "K": "本调委会", "O": "本人", "L": "关联",
    "T": "技术记录", "-": "无",
}  # fmt: skip
REGION_SCOPES = frozenset("PCDS")
_ALWAYS = frozenset({"id", "version"})


@dataclass(frozen=True)
class Grant:
    """One cell of the permission matrix (DOMAIN 5.2)."""

    operations: frozenset[str]
    scope: str
    above: bool = False
    """Rows of the regions above one's own may be read as well (`^`)."""
    aggregate_only: bool = False
    masked: bool = False
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Operation -> the only columns it may touch."""

    def touches(self, operation: str, column: str) -> bool:
        """Whether the operation may touch a column; what tells one row and its changes from another, it always may."""
        named = self.columns.get(operation)
        return named is None or column in _ALWAYS or column in named

    @classmethod
    def parse(cls, cell: str) -> Grant:
        """``"RU(name,short_name) D^"`` -> a grant. Raises ValueError with what is wrong in the cell."""
        shape = re.fullmatch(r"((?:[RCUSVXE](?:\([a-z0-9_, ]+\))?)+)(\*?)(m?) ([APCDSKOLT-])(\^?)", cell)
        if shape is None:
            raise ValueError(f"{cell!r} is not OPERATIONS[*][m] SCOPE[^], such as 'RCU D', 'R* P' or 'Rm D'")
        operations, columns = set(), {}
        for letter, names in re.findall(r"([RCUSVXE])(?:\(([a-z0-9_, ]+)\))?", shape[1]):
            operations.add(letter)
            if names:
                columns[letter] = frozenset(name.strip() for name in names.split(","))
        return cls(frozenset(operations), shape[4], bool(shape[5]), bool(shape[2]), bool(shape[3]), columns)


# --- rows: links, life and the whole ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Through:
    """A relation derived from rows between two entities: `name` are the `target`s that `via` rows name.

    The column `near` of `via` equals `start` of the row itself. `since` and `until` are date columns of `via` and
    restrict the relation to today; `where` fixes an enum column of `via`. With ``one=True`` the relation is to-one.
    """

    name: str
    zh: str
    en: str
    via: str
    near: str
    far: str
    since: str | None = None
    until: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    one: bool = False
    start: str = "id"


@dataclass(frozen=True)
class Link:
    """One way in which a row is linked (scope L) to the unit that a grant names (DOMAIN 5.1).

    At the end of the relations `path` stands a row whose owner's region the unit covers; or, with `unit`, a row whose
    column of that name is the unit itself. `where` fixes enum columns of the row at the end.
    """

    path: str = "self"
    unit: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Step:
    """One edge of a state machine: `verb` leads from one of `sources` to `target` (DOMAIN 3).

    `roles` may take it where their grant holds `operation` on the row. `rules` are judged before it, by their codes
    (``resolvers.acting``). `apart` names columns holding accounts that
    must not take this step (separation of duties); the first of the `by` columns that is set names the account that
    may, with `same_unit` anybody of its unit too. `reason` says whether one must be given. An empty `sources` is the
    creation of the row.
    """

    verb: str
    zh: str
    sources: tuple[str, ...]
    target: str
    operation: str
    roles: tuple[Role, ...]
    apart: tuple[str, ...] = ()
    reason: bool = False
    rules: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    same_unit: bool = False


@dataclass(frozen=True)
class Machine:
    """The life of a row: a state column and the steps that change it; nothing else may."""

    column: str
    steps: tuple[Step, ...]
    editable: tuple[str, ...] = ()
    """The states in which the other columns may be changed; none named: in every state."""


@dataclass(frozen=True)
class Rollup:
    """Numbers of an entity's rows kept ready for groups: one cell for each month, district and value of a dimension.

    Rows are counted, and each of `sums` added up, in the month of the date column `day`, in the district of the
    owner's region and of the references to regions named by `regions`, by the enum and yes-no columns `dimensions`.
    ``db.rollups`` says what is stored and why it is exact. A finer grain answers more and saves less: below about
    twenty rows a cell the rows themselves are as quick.
    """

    name: str
    day: str
    regions: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """What a model says about its rows as a whole.

    `prefix` begins its ids. `label` names the column by which people know a row. `owner` is the reference whose region
    owns the row (its ``scope_path`` is copied from there); "self" for regions, None for rows outside the region
    tree. `committee` and `mediator` are relation paths to the committee (scope K) and the mediator (scope O) that a row
    belongs to; `linked` says what ties it to a partner's unit (scope L). `listed` are the columns of the admin's list.
    """

    zh: str
    prefix: str
    label: str
    matrix: Mapping[str, str]
    owner: str | None = "region"
    committee: str | None = None
    mediator: str | None = None
    linked: tuple[Link, ...] = ()
    """The ways of scope L; one of them is enough."""
    menu: str = "业务"
    listed: Sequence[str] = ()
    through: tuple[Through, ...] = ()
    machine: Machine | None = None
    unique: tuple[tuple[str, ...], ...] = ()
    dimensions: tuple[str, ...] = ()
    """Columns an aggregates-only role may filter and group by, beside enums, dates, flags and the region."""
    written_by_commands: bool = False
    """True: no derived create, update or delete; only commands of its own write it."""
    plural: str | None = None
    technical: bool = False
    about: str | None = None
    """The column that names the entity a row tells of: who sees no rows of that entity must not read of them here."""
    order: tuple[str, ...] = ()
    """The admin's first ordering, such as ``("-due_on",)``."""
    rollups: tuple[Rollup, ...] = ()
    rules: tuple[str, ...] = ()
    """Codes of the rules that every create and update is judged by; their bodies are found (``resolvers.acting``)."""
