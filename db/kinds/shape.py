"""Typed JSON: a document with the form of a model, checked when it is written, with every fault by its path.

A model is a class of fields, each made by ``told``:

    class Stop(Shaped):
        place: str = told("地点", "Where.", max_length=50)
        on: dt.date | None = told("日期", "When.", default=None)

Fields hold text, whole numbers, decimals, truths, days, moments, codes, models, or lists of one of these. A document is
kept as the API prints it: camelCase keys in the order of the model, codes by name, decimals as text.
"""

from __future__ import annotations

import datetime as dt
import decimal
import functools
import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from db.clock import SHANGHAI
from db.enumeration import Code
from db.kinds.choice import One
from db.kinds.day import Date
from db.kinds.document import Document
from db.kinds.flag import Flag
from db.kinds.integer import Integer
from db.kinds.kind import Bad, Kind, Several
from db.kinds.moment import Datetime
from db.kinds.text import Textual
from db.naming import camel
from db.texts import clean

if TYPE_CHECKING:
    from db.columns import Facts

LEAVES: Mapping[type, str] = {
    str: "text", int: "int", bool: "bool", decimal.Decimal: "decimal", dt.date: "date", dt.datetime: "datetime",
}  # fmt: skip
"""What a field may hold, but for codes and models -> its kind."""


def told(zh: str, en: str, *, copies: str | None = None, **more: Any) -> Any:
    """A field of a typed document: how it is called, the entity whose column of the same name it is a copy of, and
    pydantic's bounds (``max_length``, ``ge``, ``le``, ``default``)."""
    return Field(title=zh, description=en, json_schema_extra={"copies": copies}, **more)


class Shaped(BaseModel):
    """The base of the models of typed documents."""

    model_config = ConfigDict(alias_generator=camel, populate_by_name=True, extra="forbid")


@dataclass(frozen=True)
class Part:
    """A field of a model: its key in the document, what it holds, and whether it is a list or may be missing."""

    key: str
    holds: type
    many: bool
    optional: bool
    zh: str
    en: str
    copies: str | None

    @property
    def model(self) -> type[Shaped] | None:
        """The model of what it holds; None for a leaf."""
        return self.holds if issubclass(self.holds, Shaped) else None


@functools.cache
def parts_of(model: type[Shaped]) -> dict[str, Part]:
    """The fields of a model by Python name. Raises TypeError for a field that holds none of what one may."""
    return {name: _part(model, name, field) for name, field in model.model_fields.items()}


def _part(model: type[Shaped], name: str, field: FieldInfo) -> Part:
    held, optional = _without_none(field.annotation)
    many = get_origin(held) is list
    one, _ = _without_none(get_args(held)[0] if many else held)
    if not (isinstance(one, type) and (one in LEAVES or issubclass(one, Code | Shaped))):
        raise TypeError(f"{model.__name__}.{name} holds {one}; a typed document holds {', '.join(LEAVES.values())}, …")
    extra = field.json_schema_extra
    copies = extra.get("copies") if isinstance(extra, dict) else None
    default = field.default is not PydanticUndefined
    return Part(
        camel(name), one, many, optional or default, field.title or name, field.description or name,
        copies if isinstance(copies, str) else None,
    )  # fmt: skip


def _without_none(held: Any) -> tuple[Any, bool]:
    if get_origin(held) not in (Union, types.UnionType):
        return held, False
    some = [one for one in get_args(held) if one is not type(None)]
    return (some[0] if len(some) == 1 else held), type(None) in get_args(held)


class Typed(Kind):
    """``shape``: a document of ``Facts.model``."""

    key, stores, use = "shape", Document.stores, "shape"
    askable = sortable = groupable = defaulted = False
    structured = typed = True

    def read(self, facts: Facts, value: Any, today: dt.date) -> Any:
        assert facts.model is not None
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise Bad("PATTERN", "不是 JSON 文档", "is no JSON document") from None
        faults: list[Bad] = []
        value = _read(facts.model, value, today, (), faults)
        try:
            checked = facts.model.model_validate(value)
        except ValidationError as wrong:
            known = {bad.path for bad in faults}
            faults += [bad for bad in _faults(facts.model, wrong) if bad.path not in known]
        if faults:
            raise Several(faults)
        return plain(checked)

    def mistake(self, column: sa.Column[Any], facts: Facts) -> tuple[str, str] | None:
        if facts.model is None or facts.copies is None:
            return "a typed document without its model", "Use shape(Model, …)."
        return super().mistake(column, facts)


_READERS: Mapping[type, Kind] = {
    str: Textual(), int: Integer(), bool: Flag(), dt.date: Date(), dt.datetime: Datetime(),
}  # fmt: skip
"""Leaves obey what every column of their kind obeys; a decimal has no digits of its own here."""
_ONE = One()


@functools.cache
def _facts(held: type) -> Facts:
    from db.columns import Facts  # here, because it knows of this kind

    if issubclass(held, Code):
        return Facts(_ONE, held.__name__, held.__name__, members=held)
    bounds: dict[type, tuple[Any, Any]] = {
        int: (-(2**31), 2**31 - 1), dt.date: (dt.date(1900, 1, 1), dt.date(2199, 12, 31)),
    }  # fmt: skip
    low, high = bounds.get(held, (None, None))
    return Facts(_READERS[held], "项", "item", length=2000, long=True, low=low, high=high)


def _read(model: type[Shaped], value: Any, today: dt.date, path: tuple[str | int, ...], faults: list[Bad]) -> Any:
    """The value with its leaves read as columns of their kinds are; what is wrong with one is noted by its path."""
    if not isinstance(value, Mapping):
        return value

    def one(part: Part, item: Any, at: tuple[str | int, ...]) -> Any:
        if part.model is not None:
            return _read(part.model, item, today, at, faults)
        item = clean(item, lines=True).strip() if isinstance(item, str) else item
        if item is None or item == "" or part.holds is decimal.Decimal:
            return None if item == "" else item
        held: Any = part.holds
        try:
            if issubclass(held, Code):
                return held[_ONE.read(_facts(held), item, today)]
            return _READERS[held].read(_facts(held), item, today)
        except Bad as bad:
            named = "".join(f"第 {step + 1} 项" for step in at[-1:] if isinstance(step, int))
            faults.append(Bad(bad.code, f"中的“{part.zh}{named}”{bad.zh}", bad.en, *at))
            return item

    made = dict(value)
    for part in parts_of(model).values():
        if part.key in made:
            item, at = made[part.key], (*path, part.key)
            many = part.many and isinstance(item, list)
            made[part.key] = [one(part, each, (*at, i)) for i, each in enumerate(item)] if many else one(part, item, at)
    return made


def plain(value: Any) -> Any:
    """A checked value as the document holds it."""
    match value:
        case Shaped():
            return {part.key: plain(getattr(value, name)) for name, part in parts_of(type(value)).items()}
        case list():
            return [plain(item) for item in value]
        case Code():
            return value.name
        case decimal.Decimal():
            return f"{value:f}"
        case dt.datetime():
            local = value if value.tzinfo else value.replace(tzinfo=SHANGHAI)
            return local.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
        case dt.date():
            return value.isoformat()
    return value


_SAID: Mapping[str, tuple[str, str, str]] = {
    "missing": ("REQUIRED", "必须填写", "is required"),
    "extra_forbidden": ("PATTERN", "不是这份文档的一项", "is no part of the document"),
    "string_too_long": ("TOO_LONG", "不能超过 {max_length} 个字", "is longer than {max_length} characters"),
    "too_long": ("RANGE", "最多 {max_length} 项", "has more than {max_length} items"),
    "too_short": ("RANGE", "至少 {min_length} 项", "has fewer than {min_length} items"),
    "greater_than_equal": ("RANGE", "不能小于 {ge}", "must not be less than {ge}"),
    "less_than_equal": ("RANGE", "不能大于 {le}", "must not be greater than {le}"),
    "greater_than": ("RANGE", "应大于 {gt}", "must be greater than {gt}"),
    "less_than": ("RANGE", "应小于 {lt}", "must be less than {lt}"),
}
_OTHERWISE = "PATTERN", "格式不对", "is not of the right form"


def _faults(model: type[Shaped], wrong: ValidationError) -> Iterator[Bad]:
    for each in wrong.errors(include_url=False, include_input=False):
        code, zh, en = (text.format_map(each.get("ctx", {})) for text in _SAID.get(each["type"], _OTHERWISE))
        if each["type"] != "missing" and _empty(each["type"], wrong, each["loc"]):
            code, zh, en = _SAID["missing"]
        label = _label(model, each["loc"])
        yield Bad(code, f"中的“{label}”{zh}" if label else zh, en, *each["loc"])


def _empty(kind: str, wrong: ValidationError, place: Sequence[str | int]) -> bool:
    """Whether a value of the wrong type is none at all."""
    found = next(e for e in wrong.errors(include_url=False) if e["loc"] == place and e["type"] == kind)
    return found["input"] is None


def _label(model: type[Shaped], place: Sequence[str | int]) -> str:
    words: list[str] = []
    known: type[Shaped] | None = model
    for step in place:
        if isinstance(step, int):
            words.append(f"第 {step + 1} 项")
            continue
        part = next((part for part in parts_of(known).values() if part.key == step), None) if known else None
        words.append(part.zh if part else str(step))
        known = part.model if part else None
    return "".join(words)
