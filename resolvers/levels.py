"""Groups and their subtotals as sets, and what of them a role that sees aggregates only must not learn.

Level n of n keys are the groups themselves, level i the totals over the keys after the i-th, level 0 the total of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, FromClause, and_, case, func, or_, select

from permissions.scopes import aggregates_only
from resolvers.leaves import Grouping


class Levels:
    """The sets of one grouping; `ctes` are those that the statement has to carry, in their order."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping, self.c = grouping, grouping.c
        self.leaves = grouping.leaves().cte(self.c.name(), nesting=True)
        self.ctes: list[CTE] = [self.leaves]
        self._guarded = self._withheld() if aggregates_only(grouping.info, self.c.viewer) else None

    @property
    def guarded(self) -> bool:
        """Whether numbers may be withheld: sets then have a column `hidden`."""
        return self._guarded is not None

    def level(self, i: int) -> FromClause:
        """The totals over the keys after the i-th."""
        if self._guarded is not None:
            return self._guarded[i]
        return self.leaves if i == len(self.grouping.keys) else self._regrouped(i).subquery(self.c.name())

    def _regrouped(self, i: int) -> sa.Select[Any]:
        keys = self._keys(self.leaves, i)
        parts = self.grouping.measures.of_parts(self.leaves)
        return select(*keys, *parts).select_from(self.leaves).group_by(*keys).correlate_except(self.leaves)

    def _keys(self, source: FromClause, i: int) -> list[ColumnElement[Any]]:
        """The columns of the first i keys."""
        found: list[ColumnElement[Any]] = []
        for at, key in enumerate(self.grouping.keys[:i]):
            found += [source.c[f"k{at}"], source.c[f"r{at}"]] if key.level else [source.c[f"k{at}"]]
        return found

    # --- suppression -----------------------------------------------------------------------------------------------

    def _withheld(self) -> Sequence[FromClause]:
        """Every level with what is hidden of it, from the top.

        Small cells are hidden. Where the others of their total would tell them (one small cell alone, or all of them
        together too few) the next smallest is hidden as well; and a hidden total hides one of its parts.
        """
        self.c.guarded.add(self.grouping.info.name)
        total = self._regrouped(0).subquery(self.c.name())
        levels: list[FromClause] = [self._kept(select(*total.c, self._small(total).label("hidden")), total)]
        for i in range(1, len(self.grouping.keys) + 1):
            cells = self.leaves if i == len(self.grouping.keys) else self._regrouped(i).subquery(self.c.name())
            levels.append(self._level(cells, levels[-1], i))
        return levels

    def _level(self, cells: FromClause, parents: FromClause, i: int) -> FromClause:
        small = self._small(cells)
        siblings = self._keys(cells, i - 1)
        order = [cells.c.n, *(key.sql() for key in self.grouping.natural(cells, i))]
        one, zero = sa.literal_column("1", sa.Integer()), sa.literal_column("0", sa.Integer())
        marked = (
            select(
                *cells.c,
                small.label("small"),
                func.sum(case((small, one), else_=zero)).over(partition_by=siblings or None).label("smalls"),
                func.sum(case((small, cells.c.n), else_=zero)).over(partition_by=siblings or None).label("together"),
                func.row_number()
                .over(partition_by=[*siblings, case((small, one), (cells.c.n == 0, one), else_=zero)], order_by=order)
                .label("place"),
            )
            .select_from(cells)
            .correlate_except(cells)
            .subquery(self.c.name())
        )
        same = [marked.c[column.name].is_not_distinct_from(parents.c[column.name]) for column in siblings]
        told = and_(marked.c.smalls > 0, or_(marked.c.smalls == 1, marked.c.together < self._few))
        shown_up = and_(parents.c.hidden, marked.c.smalls == 0)
        beside = and_(marked.c.n > 0, marked.c.place == 1, or_(told, shown_up))
        columns = [marked.c[column.name] for column in cells.c]
        joined = marked.join(parents, and_(sa.true(), *same))
        hidden = or_(marked.c.small, beside).label("hidden")
        return self._kept(select(*columns, hidden).select_from(joined), marked, parents)

    @property
    def _few(self) -> ColumnElement[int]:
        return sa.literal_column(str(self.c.suppress_below), sa.Integer())

    def _small(self, cells: FromClause) -> ColumnElement[bool]:
        return and_(cells.c.n > 0, cells.c.n < self._few)

    def _kept(self, rows: sa.Select[Any], *of: FromClause) -> CTE:
        cte = rows.correlate_except(*of).cte(self.c.name(), nesting=True)
        self.ctes.append(cte)
        return cte
