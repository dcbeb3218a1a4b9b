"""Portable column types: the same Python value, the same order and the same text on SQLite and PostgreSQL.

Text is binary-collated on both. On SQLite dates are ISO text, datetimes UTC ISO text with milliseconds, and
decimals integers scaled by their digits, so that sums are exact and comparisons are those of PostgreSQL.
"""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

UTC = dt.UTC


def _sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"


class Key(TypeDecorator[str]):
    """A UUIDv7 as 36 lower-case characters in Python and SQLite, as ``uuid`` in PostgreSQL."""

    impl = sa.CHAR(36)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        native = sa.CHAR(36) if _sqlite(dialect) else postgresql.UUID(as_uuid=False)
        return dialect.type_descriptor(native)


class Text(TypeDecorator[str]):
    """Text of at most `length` code points (None: unbounded), ordered and compared by code point."""

    impl = sa.String
    cache_ok = True

    def __init__(self, length: int | None = None) -> None:
        super().__init__(length)
        self.length = length

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        collation = None if _sqlite(dialect) else "C"
        kind = sa.Text(collation=collation) if self.length is None else sa.String(self.length, collation=collation)
        return dialect.type_descriptor(kind)


class Day(TypeDecorator[dt.date]):
    """A calendar day."""

    impl = sa.Date
    cache_ok = True


class Moment(TypeDecorator[dt.datetime]):
    """A point in time, kept in UTC to the millisecond; naive values are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = sa.String(23) if _sqlite(dialect) else postgresql.TIMESTAMP(timezone=True, precision=3)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a datetime without a zone cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        value = value.replace(microsecond=value.microsecond // 1000 * 1000)
        return value.replace(tzinfo=None).isoformat(" ", "milliseconds") if _sqlite(dialect) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> dt.datetime | None:
        if isinstance(value, str):
            return dt.datetime.fromisoformat(value).replace(tzinfo=UTC)
        return value  # type: ignore[no-any-return]


class Number(TypeDecorator[decimal.Decimal]):
    """An exact decimal of `precision` digits, `scale` of them after the point."""

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = sa.BigInteger() if _sqlite(dialect) else sa.Numeric(self.precision, self.scale)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: decimal.Decimal | int | None, dialect: Dialect) -> Any:
        if value is None or not _sqlite(dialect):
            return value
        return int(decimal.Decimal(value).scaleb(self.scale).to_integral_value(decimal.ROUND_HALF_UP))

    def process_result_value(self, value: Any, dialect: Dialect) -> decimal.Decimal | None:
        if value is None or not _sqlite(dialect):
            return value  # type: ignore[no-any-return]
        return decimal.Decimal(value).scaleb(-self.scale)


class Choice(Text):
    """One member of an enumeration, stored by its name; the table carries a CHECK."""

    cache_ok = True

    def __init__(self, members: tuple[str, ...]) -> None:
        super().__init__(max(map(len, members)))
        self.members = members


class Json(TypeDecorator[Any]):
    """A JSON document, kept as the compact text that was written (key order included)."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return None if value is None else orjson.loads(value)


class Grams(TypeDecorator[list[int]]):
    """Numbers of short pieces of a text, as a list in PostgreSQL; for SQLite the words of a full-text query of all."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if _sqlite(dialect) else postgresql.ARRAY(sa.Integer()))

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        return " AND ".join(map(gram_word, value)) if _sqlite(dialect) and value is not None else value


def gram_word(number: int) -> str:
    """A gram as a word of SQLite's full-text index."""
    return f"{number & 0xFFFFFFFF:x}"
