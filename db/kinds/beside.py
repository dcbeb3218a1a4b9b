"""Columns that are kept from another column's value, such as the first and last day of a period."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from db.kinds.kind import Kind


@functools.cache
def _kept(table: sa.Table) -> dict[str, Kind]:
    told = {column.name: column.info.get("facts") for column in table.c}
    return {name: said.kind for name, said in told.items() if said is not None and said.kind.companions}


def names(column: str, kind: Kind) -> list[str]:
    """The names of the columns beside `column`."""
    return [f"{column}_{end}" for end in kind.companions]


def completed(table: sa.Table, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Stored values of a row, with those of the columns beside them."""
    more: dict[str, Any] = {}
    for column in _kept(table).keys() & values.keys():
        kind = _kept(table)[column]
        more |= zip(names(column, kind), kind.beside(values[column]), strict=True)
    return {**values, **more} if more else values


def completed_rows(
    table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[Sequence[str], Iterable[Sequence[Any]]]:
    """The same of many rows, tuples in the order of `columns`."""
    if not _kept(table).keys() & set(columns):
        return columns, rows
    wanted = list(completed(table, dict.fromkeys(columns)))

    def each() -> Iterable[Sequence[Any]]:
        for row in rows:
            made = completed(table, dict(zip(columns, row, strict=True)))
            yield tuple(made[name] for name in wanted)

    return wanted, each()
