"""``fill: true``: the groups that do not occur, with nothing in them.

Each key has a domain: the buckets between the first and the last, the members of an enumeration, the visible regions
of a level, otherwise the values that occur. The groups are the domains' product.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, func, or_, select

from db.kinds import BOOL, ENUM
from db.types import Text
from resolvers.binds import Call
from resolvers.buckets import local_day, number_of
from resolvers.codes import columns_of
from resolvers.cursors import NONCE
from resolvers.joins import region_step
from resolvers.keys import GroupKey
from resolvers.levels import Levels
from resolvers.periods import days_of
from resolvers.requests import Groups
from resolvers.values import midnight

MOST_GROUPS = 10_000
TOO_MANY = f"{NONCE}!"
"""What a statement prints instead of its answer when the groups became too many; no row can hold it."""
_INSTANT = dt.timedelta(milliseconds=1)
"""Moments are kept to the millisecond."""
_NULL: ColumnElement[str] = sa.literal_column(f"'{NONCE}'", sa.Text())
"""Stands for null where keys are compared; no row can hold it."""


class Filled:
    """The groups of a grouping with those that do not occur."""

    def __init__(self, levels: Levels, request: Groups) -> None:
        self.levels, self.request, self.grouping = levels, request, levels.grouping
        self.c = levels.c

    def cells(self) -> sa.Select[Any]:
        """All groups; those that do not occur have n = 0 and nulls for parts."""
        # One more than there may be, so that too many are noticed.
        most: ColumnElement[int] = sa.literal_column(str(MOST_GROUPS + 1), sa.Integer())
        found = self.levels.level(len(self.grouping.keys))
        if not self.levels.guarded:
            return self._product(found, None).limit(most)
        shown, rest = (
            select(*found.c).where(which).correlate_except(found).subquery(self.c.name())
            for which in (sa.not_(found.c.rest), found.c.rest)
        )
        product = self._product(shown, rest).limit(most).subquery(self.c.name())
        both = sa.union_all(select(*product.c), select(*(rest.c[column.name] for column in product.c)))
        return select(*both.subquery(self.c.name()).c)

    def _product(self, found: FromClause, rest: FromClause | None) -> sa.Select[Any]:
        """The product of the keys' domains with what was `found` for it.

        Beside the groups that stand together in the `rest`, and below, no empty one is told: those that are missing
        then would be the small ones.
        """
        keys = self.grouping.keys
        domains = [self._domain(i, key, found) for i, key in enumerate(keys)]
        joinable = select(
            *found.c, *(_joinable(key, found.c[f"k{i}"]).label(f"j{i}") for i, key in enumerate(keys))
        ).subquery(self.c.name())
        product: FromClause = domains[0]
        for domain in domains[1:]:
            product = product.join(domain, sa.true())
        values = [_joinable(key, domain.c.k) for key, domain in zip(keys, domains, strict=True)]
        same = [value == joinable.c[f"j{i}"] for i, value in enumerate(values)]
        columns: list[ColumnElement[Any]] = []
        for i, (key, domain) in enumerate(zip(keys, domains, strict=True)):
            columns.append(sa.type_coerce(domain.c.k, found.c[f"k{i}"].type).label(f"k{i}"))
            if key.level:
                columns.append(self._code(key, domain.c.k).label(f"r{i}"))
        columns.append(func.coalesce(joinable.c.n, sa.literal_column("0"), type_=sa.Integer()).label("n"))
        columns += [joinable.c[label] for label in self.grouping.measures.parts.values()]
        rows = select(*columns).select_from(product.outerjoin(joinable, and_(*same)))
        if rest is None:
            return rows.correlate_except(*domains, joinable)
        matches = [
            or_(rest.c.told <= sa.literal_column(str(i), sa.Integer()), _joinable(key, rest.c[f"k{i}"]) == value)
            for i, (key, value) in enumerate(zip(keys, values, strict=True))
        ]
        one = select(sa.literal_column("1", sa.Integer())).select_from(rest).where(*matches).correlate_except(rest)
        known: list[ColumnElement[Any]] = [sa.literal_column(str(len(keys)), sa.Integer()).label("told")]
        known += [
            func.coalesce(column, sa.false(), type_=sa.Boolean()).label(column.name)
            for column in joinable.c
            if column.name in ("rest", "hidden") or column.name.startswith("few_")
        ]
        occurs = or_(joinable.c.n.is_not(None), sa.not_(sa.exists(one)))
        return rows.add_columns(*known).where(occurs).correlate_except(*domains, joinable)

    def _code(self, key: GroupKey, value: ColumnElement[Any]) -> ColumnElement[Any]:
        region = self.c.alias(key.info)
        rows = select(region.c.code).where(region.c.id == value).correlate_except(region)
        return sa.type_coerce(rows.scalar_subquery(), Text())

    def _domain(self, i: int, key: GroupKey, found: FromClause) -> FromClause:
        occurring = select(found.c[f"k{i}"].label("k")).select_from(found).correlate_except(found)
        more = self._more(i, key, found)
        # UNION takes each value once, null as well.
        return (
            sa.union(occurring, more).subquery(self.c.name())
            if more is not None
            else occurring.distinct().subquery(self.c.name())
        )

    def _more(self, i: int, key: GroupKey, found: FromClause) -> sa.Select[Any] | None:
        if key.granularity is not None:
            return self._buckets(i, key, found)
        if key.level is not None:
            return self._regions(key)
        assert key.column is not None
        values: list[ColumnElement[Any]]
        if key.kind == BOOL:
            values = [sa.literal_column(value, sa.Boolean()) for value in ("true", "false")]
        elif key.rollup:
            values = [sa.literal_column(str(i), sa.Integer()) for i in range(len(columns_of(key.column)))]
        elif key.kind == ENUM and key.column.facts.members is not None:
            values = [
                sa.literal_column(f"'{name}'", found.c[f"k{i}"].type) for name in key.column.facts.members.__members__
            ]
        else:
            return None
        several = sa.union_all(*(select(value.label("k")) for value in values)).subquery(self.c.name())
        return select(several.c.k)

    def _buckets(self, i: int, key: GroupKey, found: FromClause) -> sa.Select[Any]:
        if (bounds := self._bounds(key)) is not None:  # told by the condition, whether rows occur or not
            span = select(bounds[0].label("low"), bounds[1].label("high"))
        else:
            own = found.c[f"k{i}"]
            span = select(func.min(own).label("low"), func.max(own).label("high")).select_from(found)
            span = span.correlate_except(found)
        span_of = span.subquery(self.c.name())
        numbers = _numbers(self.c.name)
        value = span_of.c.low + numbers.c.i
        return select(value.label("k")).select_from(span_of.join(numbers, value <= span_of.c.high))

    def _bounds(self, key: GroupKey) -> tuple[ColumnElement[int], ColumnElement[int]] | None:
        """The first and last bucket of what the list's condition names for the column: a period, two days or moments.

        A period is one of China's days (API 4); where the key counts by another zone, its ends lie in that zone's days.
        """
        condition = (self.request.of.where or {}).get(key.path[0]) if len(key.path) == 1 else None
        if not isinstance(condition, Mapping):
            return None
        granularity, zone = key.granularity, key.zone
        assert granularity is not None
        assert key.column is not None
        moments = key.column.kind.instant

        def first(period: Any) -> dt.date:
            day = days_of(period)[0]
            return local_day(midnight(day), zone) if moments else day

        def last(period: Any) -> dt.date:
            after = days_of(period)[1]
            return local_day(midnight(after) - _INSTANT, zone) if moments else after - dt.timedelta(days=1)

        def day(value: Any) -> dt.date:
            if isinstance(value, str):  # a column of periods counts by their first days
                return days_of(value.upper())[0]
            return local_day(value, zone) if isinstance(value, dt.datetime) else value

        if (period := condition.get("inPeriod")) is not None:
            edges: list[tuple[Any, Callable[[Any], dt.date]]] = [(period, first), (period, last)]
        elif isinstance(between := condition.get("between"), list | tuple) and len(between) == 2:
            edges = [(between[0], day), (between[1], day)]
        else:
            return None

        def convert(day: Callable[[Any], dt.date]) -> Callable[[Any, Call], int]:
            return lambda value, _call: number_of(day(value), granularity)

        low, high = (self.c.binds.add(leaf, sa.Integer(), convert(day)) for leaf, day in edges)
        return low, high

    def _regions(self, key: GroupKey) -> sa.Select[Any]:
        c, info = self.c, key.info
        region = c.alias(info)
        conditions = [
            region.c.level == sa.literal_column(f"'{key.level}'", region.c.level.type),
            or_(region.c.valid_to.is_(None), region.c.valid_to >= c.today()),
            c.scope(info, region),
        ]
        within = (self.request.of.where or {}).get(key.path[0]) if len(key.path) == 1 else None
        if isinstance(within, Mapping) and within.get("descendantOf") is not None:
            conditions.append(region_step(c, "descendantOf", region, within["descendantOf"], "where"))
        return select(region.c.id.label("k")).where(*conditions).correlate_except(region)


def _numbers(name: Callable[[], str]) -> FromClause:
    """The numbers from 0 to 10,999, more than MOST_GROUPS: a domain that is cut off is too many groups by itself."""

    def digits(count: int) -> FromClause:
        text = " UNION ALL ".join(f"SELECT {i} AS d" for i in range(count))
        return sa.text(text).columns(sa.column("d", sa.Integer())).subquery(name())

    ones, tens, hundreds, thousands = digits(10), digits(10), digits(10), digits(11)
    number = ones.c.d + tens.c.d * 10 + hundreds.c.d * 100 + thousands.c.d * 1000
    joined = ones.join(tens, sa.true()).join(hundreds, sa.true()).join(thousands, sa.true())
    return select(number.label("i")).select_from(joined).subquery(name())


def _joinable(key: GroupKey, value: ColumnElement[Any]) -> ColumnElement[Any]:
    """The value as text that is never null: equal where two keys are the same, null included."""
    return func.coalesce(sa.cast(value, sa.Text()), _NULL, type_=sa.Text())
