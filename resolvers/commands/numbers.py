"""Numbers that the server gives out: each once, whoever asks at the same time, and never again.

Their forms are declared on their columns (``db.series``). A number taken in a transaction that fails was never given,
so a series has no holes of ours; what was given stays given when its row is deleted. The names of the series are
shared with the bulk loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo
from db.prepared import prepared
from db.series import DISTRICT, YEAR, Series
from resolvers.commands.places import district_of
from resolvers.commands.work import Work

_TAKE = sa.text(
    "INSERT INTO number_series (name, last) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET last = number_series.last + 1 RETURNING last"
)


def next_number(connection: Connection, series: str) -> int:
    """The next number of `series`, beginning with 1."""
    return int(prepared(connection, ("number",), lambda: _TAKE).value(connection, {"name": series}))


def next_of(connection: Connection, series: Series, values: Mapping[str, str]) -> str:
    """The next number of a declared series, as it is stored, for these values of its parts."""
    return series.written(values, next_number(connection, series.counter(values)))


def numbers(work: Work, info: EntityInfo, row: Any, verb: str | None = None) -> dict[str, str]:
    """The numbers that a row gets: one that is made, or one that takes the step `verb`."""
    declared = {f.column: f.facts.series for f in info.fields.values() if f.facts.series is not None}
    return {
        column: next_of(work.connection, series, {name: _value(work, info, row, name) for name in series.needs})
        for column, series in declared.items()
        if (verb in series.steps if verb else not series.steps)
    }


def _value(work: Work, info: EntityInfo, row: Any, path: str) -> str:
    """A part of a number: a column of the row, or of a row it refers to; of a choice its code."""
    if path == YEAR:
        return str(work.today.year)
    *steps, last = path.split(".")
    if steps == [DISTRICT] and DISTRICT not in info.relations:
        return str(district_of(work, row["scope_path"])[last])
    for step in steps:
        relation = info.relations[step]
        info, row = work.entities[relation.target], work.get(relation.target, row[relation.near])
        if row is None:
            return ""
    members = info.fields[last].facts.members
    return members[row[last]].code if members else str(row[last])
