"""The scalars of the API that GraphQL has not: days, moments, exact decimals and documents."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from typing import Any

from graphql import GraphQLError, GraphQLScalarType, ObjectValueNode, ValueNode

from db.clock import SHANGHAI, WholeDay
from schema.sentences import spoken


def _refuse(zh: str, en: str) -> GraphQLError:
    return GraphQLError(spoken(zh, en))


def _text(value: Any, zh: str, en: str) -> str:
    if not isinstance(value, str):
        raise _refuse(zh, en)
    return value


def parse_day(value: Any) -> dt.date:
    """``2026-05-03``."""
    said = "日期应写成 2026-05-03。", "A Date reads 2026-05-03."
    text = _text(value, *said)
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        raise _refuse(*said)
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _refuse("没有这一天。", "There is no such day.") from None


def parse_moment(value: Any) -> dt.datetime:
    """ISO 8601, to the millisecond; without a zone it is taken as Asia/Shanghai. A day is a ``WholeDay``, which only
    ``asOf`` takes."""
    said = "时间应写成 2026-05-03T09:30:00+08:00。", "A DateTime reads 2026-05-03T09:30:00+08:00."
    text = _text(value, *said)
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise _refuse(*said) from None
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
        return WholeDay.of(moment)
    if len(text) < 16:
        raise _refuse(*said)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)
    try:
        moment.astimezone(dt.UTC)
    except OverflowError:
        raise _refuse(*said) from None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def parse_decimal(value: Any) -> decimal.Decimal:
    """A decimal as a string or a number; never a float that lost digits, NaN or infinity."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else repr(value)
    if not re.fullmatch(r"-?[0-9]{1,20}(\.[0-9]{1,12})?", text, re.ASCII):
        raise _refuse('金额、小数应写成 "123.45"。', 'A Decimal reads "123.45".')
    return decimal.Decimal(text)


def parse_code_bucket(value: Any) -> Any:
    """``true``, or ``{rollup: STAT}``."""
    if isinstance(value, bool) or value == {"rollup": "STAT"}:
        return value
    raise _refuse("这里写 true，或 {rollup: STAT}。", "It reads true, or {rollup: STAT}.")


def _code_bucket_literal(node: ValueNode, variables: Any = None) -> Any:
    try:
        if isinstance(node, ObjectValueNode):
            return parse_code_bucket({f.name.value: getattr(f.value, "value", None) for f in node.fields})
        return parse_code_bucket(getattr(node, "value", None))
    except GraphQLError as problem:
        raise GraphQLError(problem.message, node) from None


def _literal(parse: Any) -> Any:
    def parse_literal(node: ValueNode, _variables: Any = None) -> Any:
        try:
            return parse(getattr(node, "value", node))
        except GraphQLError as problem:
            # Where in the document it stands, graphql-core does not add by itself.
            raise GraphQLError(problem.message, node) from None

    return parse_literal


_RFC3339 = "https://www.rfc-editor.org/rfc/rfc3339#section-5.6"
_XML = "https://www.w3.org/TR/xmlschema11-2/"
_JSON = "https://www.rfc-editor.org/rfc/rfc8259"
DATE = GraphQLScalarType(
    "Date",
    description="日期，如 2026-05-03。A calendar day in China.",
    specified_by_url=_RFC3339,
    parse_value=parse_day, parse_literal=_literal(parse_day),
)  # fmt: skip
DATETIME = GraphQLScalarType(
    "DateTime",
    description="时间，如 2026-05-03T09:30:00+08:00；输出一律为北京时间。A point in time, printed in Asia/Shanghai.",
    specified_by_url=_RFC3339,
    parse_value=parse_moment, parse_literal=_literal(parse_moment),
)  # fmt: skip
DECIMAL = GraphQLScalarType(
    "Decimal", description="精确小数，以字符串表示，如 \"123.45\"。An exact decimal, as a string.",
    specified_by_url=f"{_XML}#decimal",
    parse_value=parse_decimal, parse_literal=_literal(parse_decimal),
)  # fmt: skip
CODE_BUCKET = GraphQLScalarType(
    "CodeBucket",
    description="按代码分组：true 按代码，{rollup: STAT} 按归入的统计栏目（key 的 …Rollup）。"
    "How codes are grouped: true, each by itself; {rollup: STAT}, by the statistical column it rolls up to.",
    specified_by_url=_JSON,
    parse_value=parse_code_bucket, parse_literal=_code_bucket_literal,
)  # fmt: skip
BIG_INT = GraphQLScalarType(
    "BigInt", description="整数，可超过 32 位；只用于输出。A whole number; output only.",
    specified_by_url=f"{_XML}#integer",
)  # fmt: skip
JSON = GraphQLScalarType(
    "JSON", description="JSON 文档。A JSON document; output only.", specified_by_url=_JSON
)  # fmt: skip
SCALARS: dict[str, tuple[str, str]] = {
    "Date": ("string", "datetime.date"),
    "DateTime": ("string", "datetime.datetime"),
    "Decimal": ("string", "decimal.Decimal"),
    "BigInt": ("number", "int"),
    "JSON": ("unknown", "typing.Any"),
    "CodeBucket": ("boolean | object", "bool | dict[str, str]"),
}
"""What a scalar is in TypeScript and in Python: docs/clients.md publishes it."""
