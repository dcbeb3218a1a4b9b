"""Groups, and numbers of a whole list, from a rollup instead of the rows, where it says the same (``db.rollups``).

What a request asks for is known when it is planned: only the keys, measures and conditions that the rollup holds will
do. What its values are is known when it runs: whether a period ends with a month, whether a region and the viewer's
own stand at districts or above. So the statement holds both ways with a gate before each, one true and one false; the
database opens one of them before it reads a row, and one plan is right for every value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, func, select

from db.levels import RANKS
from db.rollups import Stored, rollups_of
from db.types import Number
from permissions.scopes import grants_of, living
from resolvers.acting import acts_of
from resolvers.joins import by_key
from resolvers.keys import GroupKey
from resolvers.months import ALIGNED, WHOLE_MONTHS, is_whole
from resolvers.requests import Connection, Slot

if TYPE_CHECKING:
    from resolvers.compiler import Compiler
    from resolvers.leaves import Grouping

_HIGH = [level for level, rank in RANKS.items() if rank <= RANKS["DISTRICT"]]
"""The levels at which a representative stands for every region below it."""


class _Uncovered(Exception):
    """The rollup cannot tell; the rows can."""


def with_rollup(grouping: Grouping, request: Connection, groups: sa.Select[Any], rows: FromClause) -> sa.Select[Any]:
    """The `groups` that are made of the `rows` of a list at the root, from a rollup where one covers them.

    Without keys the list is one group, which is there without rows, too.
    """
    c = grouping.c
    for stored in rollups_of(grouping.info.table) if c.use_rollups else ():
        try:
            gate = sa.and_(sa.true(), *_Cover(grouping, request, stored).gates())
        except _Uncovered:
            continue
        cells, kept = _cells(grouping, stored)
        ways = [_gated(c, kept, cells, gate), _gated(c, groups, rows, sa.not_(gate))]
        either = sa.union_all(*ways).subquery(c.name())
        found = either.c if grouping.keys else grouping.measures.of_parts(either)  # a way that is shut adds nothing
        return select(*found).select_from(either).correlate_except(either)
    return groups


def _gated(c: Compiler, groups: sa.Select[Any], source: FromClause, gate: ColumnElement[bool]) -> sa.Select[Any]:
    """The `groups` made of a `source`, or none where the gate is shut; then nothing is read for them."""
    # Not in WHERE: SQLite would look at it row by row. A set of one row or none goes first in the join.
    key = select(sa.literal_column("1", sa.Integer()).label("open")).where(gate).subquery(c.name())
    return groups.select_from(key.join(source, sa.true()))


def _cells(grouping: Grouping, stored: Stored) -> tuple[FromClause, sa.Select[Any]]:
    """The cells of a rollup, which stand where rows stand otherwise, and the groups made of them."""
    c, measures = grouping.c, grouping.measures
    cells = [stored.table.c[name] for name in (*stored.keys, *stored.numbers)]
    table = select(*cells, sa.null().label("deleted_at")).subquery(c.name())
    keyed, conditions = grouping.keyed(table)
    keys = [keyed.value(key).label(f"k{i}") for i, key in enumerate(grouping.keys)]
    parts: list[ColumnElement[Any]] = [table.c.n]
    for (part, name), label in measures.parts.items():
        column = table.c[f"{grouping.info.public_fields[name].name}_{part}"]
        parts.append(sa.type_coerce(column, _summed(column.type) if part == "sum" else sa.Integer()).label(label))
    rows = select(*keys, *parts).select_from(keyed.joined).where(*conditions)
    inner = rows.correlate_except(*keyed.aliases).subquery(c.name())
    held = [inner.c[key.name] for key in keys]
    groups = select(*held, *measures.of_parts(inner)).select_from(inner).group_by(*held)
    # A cell may be empty: its rows went elsewhere, and no job has put its summands together since.
    some = func.sum(inner.c.n) > sa.literal_column("0", sa.Integer())
    return inner, groups.having(some).correlate_except(inner)


def _summed(kind: sa.types.TypeEngine[Any]) -> Number:
    """The type of a sum, as sums of rows have it."""
    return kind if isinstance(kind, Number) else Number(38, 0)


class _Cover:
    """What must be true of the values of a request, so that a rollup says what the rows say."""

    def __init__(self, grouping: Grouping, request: Connection, stored: Stored) -> None:
        self.c, self.info, self.facts = grouping.c, grouping.info, stored.facts
        self.grouping, self.request = grouping, request

    def gates(self) -> Iterator[ColumnElement[bool]]:
        """The conditions on values. Raises _Uncovered where the rollup cannot tell whatever they are."""
        request = self.request
        if request.relation is not None or request.operation != "R" or request.search is not None:
            raise _Uncovered
        if not all(map(self._holds_key, self.grouping.keys)) or not all(
            part in ("sum", "values")
            and name in self.info.public_fields
            and self.info.public_fields[name].name in self.facts.sums
            for part, name in self.grouping.measures.parts
        ):
            raise _Uncovered
        yield from self._where(request.where or {})
        yield from self._viewer()

    # --- keys --------------------------------------------------------------------------------------------------------

    def _holds_key(self, key: GroupKey) -> bool:
        if key.level is not None:
            return key.level in _HIGH and len(key.relations) == 1 and key.relations[0].name in self.facts.regions
        if key.relations or key.column is None:
            return False
        if key.granularity is not None:
            return key.column.name == self.facts.day and key.granularity in WHOLE_MONTHS
        return self._is_dimension(key.column.name)

    def _is_dimension(self, name: str) -> bool:
        return name in self.facts.dimensions and name not in acts_of(self.info.model).derived

    # --- conditions --------------------------------------------------------------------------------------------------

    def _where(self, tree: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
        for name, value in tree.items():
            if name in ("and", "or"):
                for part in value:
                    yield from self._where(part)
            elif name == "not":
                yield from self._where(value)
            elif (field := self.info.public_fields.get(name)) is not None:
                if field.name == self.facts.day:
                    yield from self._day(value)
                elif not self._is_dimension(field.name):
                    raise _Uncovered
            elif self.info.public_relations[name].name in self.facts.regions and set(value) == {"descendantOf"}:
                yield self._high(value["descendantOf"])
            else:
                raise _Uncovered

    def _day(self, tree: Mapping[str, Any]) -> Iterator[ColumnElement[bool]]:
        """Conditions over days that say the same of the first of their month."""
        for operator, value in tree.items():
            if operator == "inPeriod":
                yield self._aligned(value, is_whole)
            elif operator == "between" and not isinstance(value, Slot) and len(value) == 2:
                yield self._aligned(value[0], ALIGNED["gte"])
                yield self._aligned(value[1], ALIGNED["lte"])
            elif operator in ALIGNED:
                yield self._aligned(value, ALIGNED[operator])
            elif operator != "isNull":
                raise _Uncovered

    def _aligned(self, leaf: Any, aligned: Callable[[Any], bool]) -> ColumnElement[bool]:
        """Whether a bound lies between two months: known now, or asked of the variable at each run."""
        if not isinstance(leaf, Slot):
            if not aligned(leaf):
                raise _Uncovered
            return sa.true()
        asked = self.c.binds.add(leaf, sa.Integer(), lambda value, _call: int(aligned(value)))
        return asked == sa.literal_column("1", sa.Integer())

    def _high(self, by: Mapping[str, Any]) -> ColumnElement[bool]:
        """Whether the region that `by` names stands at districts or above."""
        info = self.c.entities["Region"]
        region = self.c.alias(info)
        return self._stands_high(region, *by_key(self.c, info, region, by, "where"), living(region))

    # --- the viewer --------------------------------------------------------------------------------------------------

    def _viewer(self) -> Iterator[ColumnElement[bool]]:
        """The viewer sees by ranges of regions only, all of them of districts or above."""
        c, info, region = self.c, self.info, self.c.entities["Region"]
        own = grants_of(info, c.viewer, "R", rows=False)
        if info.facts.about is not None or not all(grant.scope in "APCD" and not grant.where for _, grant in own):
            raise _Uncovered
        for role in dict.fromkeys(role for role, _ in [*own, *grants_of(region, c.viewer, "R")]):
            for i in range(len(c.viewer.reaches[role].ranges)):
                top = c.alias(region)
                low = sa.bindparam(f"v_{role.name}_low{i}", type_=top.c.path.type)
                yield self._stands_high(top, top.c.path == low, living(top))

    def _stands_high(self, region: FromClause, *which: ColumnElement[bool]) -> ColumnElement[bool]:
        levels = [sa.literal_column(f"'{level}'", region.c.level.type) for level in _HIGH]
        found: sa.Select[Any] = (
            select(sa.literal_column("1")).select_from(region).where(*which, region.c.level.in_(levels))
        )
        return sa.exists(found.correlate_except(region))
