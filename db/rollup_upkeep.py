"""Keeping rollups small and true: fold the fresh summands, make all cells anew, compare them with the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.engine import Connection

from db.rollup_triggers import install, missing, remove
from db.rollups import Stored, signed, stored_rollups, summands

CELLS = 1_000
"""How many cells one fold takes at most, so that its transaction stays short."""
_FOLDING = 7_235_013  # any number that nobody else uses, the same in every process
Progress = Callable[[int, int, str], None]
"""Hears (done, of how many, of what)."""


def _silent(_done: int, _total: int, _what: str) -> None:
    return None


def waiting(connection: Connection, stored: Stored, most: int) -> int:
    """How many summands wait to be folded, counted up to `most`."""
    fresh: sa.Select[Any] = (
        select(sa.literal_column("1")).select_from(stored.table).where(stored.table.c.fresh).limit(most)
    )
    return connection.scalar(select(func.count()).select_from(fresh.subquery())) or 0


def fold(connection: Connection, stored: Stored) -> int:
    """Put the summands of at most CELLS cells together; how many cells they were, 0 where nothing waits.

    What is deleted is what is added up, so the sums stay whatever happens beside it: another fold of the same cells
    finds nothing left to delete. Readers see the cells before or after. To be called again until it returns 0.
    """
    if connection.dialect.name != "sqlite" and not connection.scalar(select(func.pg_try_advisory_xact_lock(_FOLDING))):
        return 0  # somebody folds already
    table = stored.table
    cells = connection.scalars(select(table.c.cell).where(table.c.fresh).distinct().limit(CELLS)).all()
    if not cells:
        return 0
    sums: dict[str, dict[str, Any]] = {}
    for row in connection.execute(sa.delete(table).where(table.c.cell.in_(cells)).returning(*table.c)).mappings():
        known = sums.setdefault(row["cell"], {**row, **dict.fromkeys(stored.numbers, 0)})
        for name in stored.numbers:
            known[name] += row[name]
    kept = [{**row, "fresh": False} for row in sums.values() if any(row[name] for name in stored.numbers)]
    if kept:
        connection.execute(sa.insert(table), kept)
    return len(cells)


def rebuild(connection: Connection, stored: Stored, progress: Progress = _silent) -> int:
    """Make triggers and cells anew from the rows; how many cells there are. Writers of the rows wait meanwhile."""
    table, source = stored.table, stored.source
    if missing(connection, stored):
        install(connection, stored)
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"LOCK TABLE {source.name} IN SHARE MODE")
        connection.exec_driver_sql(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE")  # a fold waits too
    connection.execute(sa.delete(table))
    edges = _edges(connection, stored)
    for done, (low, high) in enumerate(zip(edges, [*edges[1:], None], strict=True)):
        progress(done, len(edges), source.name)
        path = source.c.scope_path
        part = signed(stored, source, 1).where(path >= low, *([path < high] if high is not None else []))
        chosen = summands(stored, part.subquery("changes"))
        connection.execute(sa.insert(table).from_select(list(stored.columns), chosen))
    connection.execute(sa.update(table).values(fresh=False))
    progress(len(edges), len(edges), source.name)
    return connection.scalar(select(func.count()).select_from(table)) or 0


def _edges(connection: Connection, stored: Stored) -> list[str]:
    """Paths that part the rows for progress: the cities."""
    region = stored.source.metadata.tables["region"]
    cities = select(region.c.path).where(region.c.level == sa.literal_column("'CITY'")).distinct()
    return ["", *sorted(connection.scalars(cities))]


class Difference(NamedTuple):
    """A cell whose numbers are not those of its rows."""

    stored: Stored
    keys: tuple[Any, ...]
    kept: tuple[Any, ...]
    real: tuple[Any, ...]

    @property
    def zh(self) -> str:
        """What differs, for a terminal."""
        cell = "，".join(f"{name} {key}" for name, key in zip(self.stored.keys, self.keys, strict=True))
        numbers = zip(self.stored.numbers, self.kept, self.real, strict=True)
        told = "，".join(f"{name} 汇总表 {kept}、逐条 {real}" for name, kept, real in numbers if kept != real)
        return f"{self.stored.table.name}（{cell}）：{told}"


def differences(connection: Connection, stored: Stored, most: int = 20) -> list[Difference]:
    """The cells that differ from the rows, `most` of them at most; one statement, so of one moment."""
    kept = select(
        *(stored.table.c[name] for name in stored.keys),
        *(stored.table.c[name].label(f"kept_{name}") for name in stored.numbers),
        *(sa.literal_column("0", stored.table.c[name].type).label(f"real_{name}") for name in stored.numbers),
    )
    rows = summands(stored, signed(stored, stored.source, 1).subquery("changes")).subquery("counted")
    real = select(
        *(rows.c[name] for name in stored.keys),
        *(sa.literal_column("0", stored.table.c[name].type) for name in stored.numbers),
        *(rows.c[name] for name in stored.numbers),
    )
    both = sa.union_all(kept, real).subquery("compared")
    keys = [both.c[name] for name in stored.keys]
    sides = [
        [_sum(both.c[f"{side}_{name}"], stored.table.c[name].type) for name in stored.numbers]
        for side in ("kept", "real")
    ]
    unequal = (kept != real for kept, real in zip(*sides, strict=True))
    found = connection.execute(
        select(*keys, *sides[0], *sides[1]).group_by(*keys).having(sa.or_(*unequal)).order_by(*keys).limit(most)
    )
    k, n = len(stored.keys), len(stored.numbers)
    return [Difference(stored, tuple(row[:k]), tuple(row[k : k + n]), tuple(row[k + n :])) for row in found]


def _sum(column: ColumnElement[Any], kind: sa.types.TypeEngine[Any]) -> ColumnElement[Any]:
    return func.sum(column, type_=kind)


# --- beside migrations -----------------------------------------------------------------------------------------------


def set_aside(connection: Connection, metadata: sa.MetaData) -> None:
    """Take all triggers away, before tables are changed."""
    for stored in stored_rollups(metadata):
        remove(connection, stored)


def put_back(connection: Connection, metadata: sa.MetaData) -> None:
    """Make triggers and cells anew, after tables were changed: of the rollups whose tables are those declared."""
    inspector = sa.inspect(connection)
    for stored in stored_rollups(metadata):
        region = metadata.tables["region"]
        if all(inspector.has_table(table.name) for table in (stored.source, stored.table, region)) and all(
            {column["name"] for column in inspector.get_columns(table.name)} >= needed
            for table, needed in (
                (stored.source, {*stored.read}), (stored.table, {*stored.columns}),
                (region, {"district_id", "city_id", "street_id"}),
            )
        ):  # fmt: skip
            rebuild(connection, stored)
