"""What a list says of its rows as a whole: their number, their measures and their groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, FromClause, and_, select

from permissions.scopes import aggregates_only
from resolvers.fragments import Pieces, braced, concat
from resolvers.groups import GroupsText
from resolvers.leaves import Grouping
from resolvers.measures import Measures
from resolvers.requests import Measured
from resolvers.rollups import with_rollup

if TYPE_CHECKING:
    from resolvers.lists import ListText

_COUNT: Measured = [("totalCount", "count", None)]


class Totals:
    """The parts of one list that print numbers, not rows.

    Where rows are grouped, the numbers of the whole list are the groups put together: the rows are read once.
    """

    def __init__(self, listed: ListText) -> None:
        self.listed, self.c, self.info = listed, listed.c, listed.request.entity
        parts = listed.request.parts
        self._groups = [
            (what, GroupsText(listed, what, f"{listed.path}.{key}" if listed.path else key))
            for key, part, what in parts
            if part == "groupBy"
        ]
        self._measured: list[tuple[str, Measured]] = [(key, what) for key, part, what in parts if part == "aggregate"]
        self._counts = sum(part == "totalCount" for _, part, _ in parts)
        distinct = any(function in ("countDistinct", "median") for _, what in self._measured for _, function, _ in what)
        self._shared = self._groups[0][1] if self._groups and not distinct else None
        self._measures = self._shared.grouping.measures if self._shared else Measures(self.c, self.info)
        for key, what in self._measured:
            self._measures.need_all(what, key)
        self._whole: FromClause | None = None
        self._ctes: list[CTE] = []

    def attached(self, text: sa.Select[Any]) -> sa.Select[Any]:
        """The list's statement with the sets that its parts are made of."""
        for cte in [*self._ctes, *(cte for _, groups in self._groups for cte in groups.ctes)]:
            text = text.add_cte(cte, nest_here=True)
        return text

    def text(self, part: str, what: Any) -> ColumnElement[Any] | Pieces | str:
        """The JSON text of a part."""
        if part == "groupBy":
            return next(groups for request, groups in self._groups if request is what).sql()
        whole = self._of_all()
        if part == "totalCount":
            [(_, number)] = self._measures.printed(whole, _COUNT)
            assert isinstance(number, ColumnElement)
            return select(number).select_from(whole).correlate_except(whole).scalar_subquery()
        text = concat(braced(self._measures.printed(whole, what)))
        return select(text).select_from(whole).correlate_except(whole).scalar_subquery()

    def _of_all(self) -> FromClause:
        """One row: the parts of all rows of the list."""
        if self._whole is None:
            self._whole = self._shared.levels.level(0) if self._shared else self._read()
        return self._whole

    def _read(self) -> FromClause:
        c = self.c
        table, conditions = self.listed.source()
        values = self._measures.of_table(table)
        if self._measures.adds_up:
            rows = select(*self._measures.of_rows(values)).select_from(table).where(*conditions).correlate_except(table)
        else:
            held = {name: f"v{i}" for i, name in enumerate(values)}
            labelled = [values[name].label(label) for name, label in held.items()]
            plain = select(*labelled).select_from(table).where(*conditions).correlate_except(table)
            inner = self._measures.ranked(plain.subquery(c.name()), [], held)
            found = {name: inner.c[label] for name, label in held.items()}
            rows = select(*self._measures.of_rows(found, inner)).select_from(inner).correlate_except(inner)
        if self.listed.members is None and not self.listed.shown:
            # A page of rows has its count from the rows: two ways for one number would double what a plan costs.
            whole = Grouping(c, self.info, self.listed.source, (), self._measures)
            rows = with_rollup(whole, self.listed.request, rows, table)
        if aggregates_only(self.info, c.viewer):
            c.guarded.add(self.info.name)
            # A role that sees no rows must not learn of the few (API 4, aggregates only).
            counted = rows.subquery(c.name())
            below = sa.literal_column(str(c.suppress_below), sa.Integer())
            few = and_(counted.c.n > 0, counted.c.n < below)
            told = self._measures.few(counted, below)
            rows = select(*counted.c, few.label("hidden"), *told).correlate_except(counted)
        if self._counts + len(self._measured) == 1:
            return rows.subquery(c.name())
        self._ctes.append(rows.cte(c.name(), nesting=True))
        return self._ctes[-1]
