"""Groups and their subtotals as sets, and what of them a role that sees aggregates only must not learn.

Level n of n keys are the groups themselves, level i the totals over the keys after the i-th, level 0 the total of all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, FromClause, and_, case, func, or_, select

from permissions.scopes import aggregates_only
from resolvers.leaves import Grouping


def _number(value: int) -> ColumnElement[int]:
    return sa.literal_column(str(value), sa.Integer())


_ONE, _ZERO = _number(1), _number(0)


class Levels:
    """The sets of one grouping; `ctes` are those that the statement has to carry, in their order."""

    def __init__(self, grouping: Grouping) -> None:
        self.grouping, self.c = grouping, grouping.c
        self.leaves = grouping.leaves().cte(self.c.name(), nesting=True)
        self.ctes: list[CTE] = [self.leaves]
        self._guarded = self._withheld() if aggregates_only(grouping.info, self.c.viewer) else None

    @property
    def guarded(self) -> bool:
        """Whether groups may be put together: sets then have the columns that ``_withheld`` names."""
        return self._guarded is not None

    def level(self, i: int) -> FromClause:
        """The totals over the keys after the i-th."""
        if self._guarded is not None:
            return self._guarded[i]
        return self._cells(i)

    def _cells(self, i: int) -> FromClause:
        dropped = self.grouping.keys[i:]
        if dropped and not (self.grouping.measures.adds_up and not any(key.overlaps for key in dropped)):
            # Groups that overlap, and numbers that do not add up, are no summands of a total: it is read from the rows.
            return replace(self.grouping, keys=self.grouping.keys[:i]).leaves().subquery(self.c.name())
        return self._regrouped(i).subquery(self.c.name()) if dropped else self.leaves

    def _regrouped(self, i: int) -> sa.Select[Any]:
        keys = self._keys(self.leaves, i)
        parts = self.grouping.measures.of_parts(self.leaves)
        return select(*keys, *parts).select_from(self.leaves).group_by(*keys).correlate_except(self.leaves)

    def _keys(self, source: FromClause, i: int, since: int = 0) -> list[ColumnElement[Any]]:
        """The columns of the first i keys, from the one at `since` on."""
        found: list[ColumnElement[Any]] = []
        for at in range(since, i):
            found += [source.c[f"k{at}"], source.c[f"r{at}"]] if self.grouping.keys[at].level else [source.c[f"k{at}"]]
        return found

    # --- what is below the threshold --------------------------------------------------------------------------------

    def _withheld(self) -> Sequence[FromClause]:
        """Every level from the top, with groups put together until none is small: each a finer parting than the last.

        Of the groups below one total the small ones stand together in a remainder, which prints no key of its own. Who
        knows this rule could work a size out of it, so another group always joins it: the last by its key, whatever its
        size, and more until the remainder holds more than one row for each small group and the threshold for another.
        Then several sizes fit each group in it. What is below a remainder is not parted further. So all that an answer
        tells is told of at least `suppress_below` rows.

        Columns beside those of the groups: `told`, how many keys are; `rest`, whether that is not all of them; `hidden`
        where even all rows together are few; and for each sum `few_…` where so few values are in it, or in one beside
        it below the same total, that they could be read from it.
        """
        self.c.guarded.add(self.grouping.info.name)
        total = self._regrouped(0).subquery(self.c.name())
        told = [_ZERO.label("told"), sa.false().label("rest"), self._small(total).label("hidden")]
        few = self.grouping.measures.few(total, self._below)
        levels: list[FromClause] = [self._kept(select(*total.c, *told, *few), total)]
        for i in range(1, len(self.grouping.keys) + 1):
            levels.append(self._level(self._marked(self._cells(i), levels[-1], i), levels[-1], i))
        return levels

    def _marked(self, cells: FromClause, parents: FromClause, i: int) -> FromClause:
        """The groups below totals that are told, each with whether it goes into the remainder (`joins`)."""
        small = self._small(cells)
        same = [cells.c[column.name].is_not_distinct_from(column) for column in self._keys(parents, i - 1)]
        told = and_(parents.c.told == _number(i - 1), sa.not_(parents.c.hidden))
        siblings = self._keys(cells, i - 1)
        last_first = [key.reversed().sql() for key in self.grouping.by_place(cells, i - 1)]
        fews = self._fews(parents)

        def over(amount: ColumnElement[int], **order: Any) -> ColumnElement[int]:
            return func.sum(amount).over(partition_by=siblings or None, **order)

        large = case((small, _ZERO), else_=cells.c.n)
        ranked = (
            select(
                *cells.c,
                *(column.label(f"of_{column.name}") for column in fews),
                small.label("small"),
                over(case((small, _ONE), else_=_ZERO)).label("smalls"),
                over(case((small, cells.c.n), else_=_ZERO)).label("together"),
                (over(large, order_by=last_first, rows=(None, 0)) - large).label("before"),
            )
            .select_from(cells.join(parents, and_(told, *same)))
            .correlate_except(cells, parents)
            .subquery(self.c.name())
        )
        enough = ranked.c.smalls + _number(self.c.suppress_below + 1)
        joins = and_(
            ranked.c.smalls > _ZERO,
            or_(ranked.c.small, ranked.c.before == _ZERO, ranked.c.together + ranked.c.before < enough),
        )
        columns = [c for c in ranked.c if c.name not in ("small", "smalls", "together", "before")]
        return select(*columns, joins.label("joins")).correlate_except(ranked).subquery(self.c.name())

    def _level(self, marked: FromClause, parents: FromClause, i: int) -> FromClause:
        """The marked groups with those that join put together, and the remainders of the levels above as they are."""
        measures = self.grouping.measures
        own = [sa.type_coerce(case((sa.not_(marked.c.joins), key)), key.type).label(key.name)
               for key in self._keys(marked, i, i - 1)]  # fmt: skip
        of = [marked.c[f"of_{column.name}"] for column in self._fews(parents)]
        shown = (
            select(*self._keys(marked, i - 1), *own, *measures.columns(marked), marked.c.joins, *of)
            .correlate_except(marked)
            .subquery(self.c.name())
        )
        keys, of = self._keys(shown, i), [shown.c[column.name] for column in of]
        told = case((shown.c.joins, _number(i - 1)), else_=_number(i))
        together = (
            select(*keys, *measures.of_parts(shown), told.label("told"),
                   shown.c.joins.label("rest"), sa.false().label("hidden"), *of)
            .group_by(*keys, shown.c.joins, *of)
            .correlate_except(shown)
        )  # fmt: skip
        above = or_(parents.c.rest, parents.c.hidden)
        carried = select(
            *self._keys(parents, i - 1),
            *(sa.type_coerce(sa.null(), key.type).label(key.name) for key in self._keys(marked, i, i - 1)),
            *measures.columns(parents), parents.c.told, sa.true().label("rest"), parents.c.hidden, *self._fews(parents),
        ).where(above).correlate_except(parents)  # fmt: skip
        cells = sa.union_all(together, carried).subquery(self.c.name())
        return self._kept(self._with_few(cells, of, i), cells)

    def _with_few(self, cells: FromClause, of: Sequence[ColumnElement[Any]], i: int) -> sa.Select[Any]:
        """The groups of a level with each sum withheld where that of the total is, or where one beside it holds few."""
        own = [column for column in cells.c if not column.name.startswith("of_")]
        above = _number(i - 1)
        total = [*self._keys(cells, i - 1), case((cells.c.told < above, cells.c.told), else_=above)]
        marks: list[ColumnElement[Any]] = []
        for column, few in zip(of, self.grouping.measures.few(cells, self._below), strict=True):
            one = func.max(case((few.element, _ONE), else_=_ZERO)).over(partition_by=total)
            marks.append(or_(cells.c[column.name], one == _ONE).label(few.name))
        return select(*own, *marks)

    def _fews(self, source: FromClause) -> list[ColumnElement[Any]]:
        return [column for column in source.c if column.name.startswith("few_")]

    @property
    def _below(self) -> ColumnElement[int]:
        return _number(self.c.suppress_below)

    def _small(self, cells: FromClause) -> ColumnElement[bool]:
        return and_(cells.c.n > _ZERO, cells.c.n < self._below)

    def _kept(self, rows: sa.Select[Any], *of: FromClause) -> CTE:
        cte = rows.correlate_except(*of).cte(self.c.name(), nesting=True)
        self.ctes.append(cte)
        return cte
