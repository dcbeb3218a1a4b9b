"""What GraphQL calls each kind of column, and the operators of its conditions: complete by a test over all kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLBoolean, GraphQLID, GraphQLInt, GraphQLString

from schema.scalars import DATE, DATETIME, DECIMAL, JSON

EQUAL = ("eq", "neq", "in", "notIn", "isNull")
ORDERED = (*EQUAL, "gt", "gte", "lt", "lte", "between")
_TIMES = (*ORDERED, "inPeriod")


@dataclass(frozen=True)
class Spoken:
    """A kind in GraphQL. `scalar` None: the enum of the column's members, or a type of its own; no `operators`: it
    takes no condition. The input of its operators is named by its type, or by `name`."""

    scalar: Any = None
    operators: tuple[str, ...] = ()
    name: str = ""


SPOKEN: Mapping[str, Spoken] = {
    "id": Spoken(GraphQLID, EQUAL),
    "ref": Spoken(GraphQLID),
    "text": Spoken(GraphQLString, (*ORDERED, "contains", "startsWith", "endsWith")),
    "encrypted": Spoken(GraphQLString),
    "int": Spoken(GraphQLInt, ORDERED),
    "decimal": Spoken(DECIMAL, ORDERED),
    "bool": Spoken(GraphQLBoolean, ("eq", "neq", "isNull")),
    "date": Spoken(DATE, _TIMES),
    "datetime": Spoken(DATETIME, _TIMES),
    "period": Spoken(GraphQLString, _TIMES, "Period"),
    "enum": Spoken(None, EQUAL),
    "enums": Spoken(None, ("has", "hasSome", "hasEvery", "isNull")),
    "json": Spoken(JSON),
    "shape": Spoken(),
}
