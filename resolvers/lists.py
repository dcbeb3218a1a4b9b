"""Lists of rows: which rows, and what is printed of them and of the list as a whole, as one scalar expression."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, select

from permissions.scopes import aggregates_only, living, pure_ranges, scope
from resolvers.conditions import narrows, where
from resolvers.faults import bad_input, forbidden
from resolvers.fragments import Member, Pieces, braced, concat
from resolvers.joins import link
from resolvers.orderings import SortKey, sort_keys
from resolvers.pages import Page
from resolvers.requests import Connection
from resolvers.search import checked, found
from resolvers.totals import Totals

if TYPE_CHECKING:
    from resolvers.compiler import Compiler, Proof

_ROWS = ("nodes", "edges", "pageInfo")


class ListText(Page):
    """The printing of one list.

    `near` is the row it hangs on, None at the root; `path` is where it stands. Of a group's rows `members` are the ids.
    """

    request: Connection

    def __init__(
        self, c: Compiler, request: Connection, near: FromClause | None, proof: Proof, path: str,
        members: Callable[[], sa.Select[Any]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(c, request)
        self.near, self.proof, self.path, self.members = near, proof, path, members
        self.shown = [part for _, part, _ in request.parts if part in _ROWS]
        """The parts that print rows."""
        self.totals = Totals(self)

    def sql(self) -> ColumnElement[Any]:
        """The JSON of the list as an expression."""
        return self.statement().scalar_subquery()

    def statement(self) -> sa.Select[Any]:
        """The JSON of the list. Raises FORBIDDEN where the viewer may only count."""
        self.check_arguments()
        self._check_place()
        self.c.binds.check(self.request.search, checked)
        if not self.shown:
            # Nothing is paged, but what is wrong is said all the same.
            self._check_order()
            sort_keys(self.c, self.request.entity, self.c.alias(self.request.entity), self.request.order, "orderBy")
            text = select(concat(self.print({})))
        else:
            self.c.rows_allowed(self.request.entity, f"{self.path or self.request.entity.plural}.{self.shown[0]}")
            text = self._page()
        return self.totals.attached(text)

    def _check_place(self) -> None:
        """Refuse, below a row, a list of which the viewer sees numbers only.

        The row would be a condition that is no dimension, and the few withheld here would stand beside each other
        without the cells that keep them from being worked out: one grouping of the whole list guards them together.
        """
        info, relation = self.request.entity, self.request.relation
        if relation is not None and aggregates_only(info, self.c.viewer):
            raise forbidden(
                f"您只能查看“{info.facts.zh}”的汇总数，不能逐行统计（{self.path}）；"
                f"请查询 {info.plural} 并用 groupBy 分组。",
                f"You may see aggregates of {info.name} only, not row by row ({self.path}); "
                f"ask {info.plural} by groupBy.",
                about=info.name,
            )

    def _check_order(self) -> None:
        """Refuse an order of rows that the viewer may only count."""
        info = self.request.entity
        if self.request.order and aggregates_only(info, self.c.viewer):
            raise bad_input(
                f"orderBy：您只能查看“{info.facts.zh}”的汇总数，没有可排序的明细；分组的顺序写在 groupBy 里。",
                f"orderBy: you may see aggregates of {info.name} only; order its groups in groupBy.",
                about=info.name,
            )

    # --- which rows ------------------------------------------------------------------------------------------------

    def source(
        self, join: Callable[[FromClause], None] = lambda _: None, table: FromClause | None = None
    ) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """A fresh alias of the list's entity and what restricts it: relation, scope, condition.

        `join` may join to the alias, before its conditions are made, what they can then be said of (``c.beside``). A
        `table` given stands in for the entity's own (``resolvers.rollups``).
        """
        c, request, info = self.c, self.request, self.request.entity
        table = c.alias(info) if table is None else table
        join(table)
        if self.members is not None:  # the rows of a group: what restricts the grouped list has chosen them already
            return table, [table.c.id.in_(self.members())]
        conditions: list[ColumnElement[bool]] = []
        held = request.relation is not None and c.proven(request.relation, self.proof)
        if request.relation is not None:
            assert self.near is not None
            conditions += link(c, request.relation, self.near, table, held, each_once=True)
        if held and request.relation is not None and request.relation.through is None:
            conditions.append(living(table))
        else:
            rows = not aggregates_only(info, c.viewer)
            narrowed = request.where is not None and narrows(c, info, request.where)
            conditions.append(scope(c.entities, info, table, c.viewer, rows=rows, narrowed=narrowed))
        if request.operation != "R":
            conditions.append(scope(c.entities, info, table, c.viewer, request.operation))
        if request.where:
            conditions.append(where(c, info, table, request.where, "where"))
        if request.search is not None and c.past is not None:
            raise bad_input(
                "search 不能与 asOf 同用：检索的是今天的内容。", "search cannot go with asOf: its index is of today."
            )
        if request.search is not None:
            conditions.append(found(c, info, table, request.search))
        return table, conditions

    def _page(self) -> sa.Select[Any]:
        table, conditions = self.source()
        keys = sort_keys(self.c, self.request.entity, table, self.request.order, "orderBy")
        columns = [table.c[name].label(name) for name in self._needed(table)]
        rows, keys = self.cut(columns, conditions, keys)
        return self.text(rows.correlate_except(table).subquery(self.c.name()), keys)

    # --- what is printed of them -----------------------------------------------------------------------------------

    def row_texts(self, page: FromClause, keys: Sequence[SortKey]) -> dict[str, ColumnElement[str]]:
        proof = pure_ranges(self.request.entity, self.c.viewer)
        texts: dict[str, ColumnElement[str]] = {}
        for i, (key, part, what) in enumerate(self.request.parts):
            path = f"{self.path}.{key}" if self.path else key
            if part == "nodes":
                texts[str(i)] = self.c.object(what, page, proof, path)
            elif part == "edges":
                texts[str(i)] = self._edge(what, page, proof, path, keys)
        return texts

    def _edge(
        self, what: Any, page: FromClause, proof: Proof, path: str, keys: Sequence[SortKey]
    ) -> ColumnElement[str]:
        members: list[Member] = []
        for key, part, pick in what:
            if part == "cursor":
                members.append((key, self.cursor_pieces(page, keys)))
            elif part == "node":
                members.append((key, self.c.object(pick, page, proof, f"{path}.{key}")))
            else:
                members.append((key, f'"{pick}"'))
        return concat(braced(members))

    def other(self, part: str, what: Any) -> ColumnElement[Any] | Pieces | str:
        return self.totals.text(part, what)

    def _needed(self, table: FromClause) -> list[str]:
        """The columns of the page that its printing refers to; the id always."""
        needed = {"id": None}
        for _key, part, what in self.request.parts:
            picks = (
                [what] if part == "nodes" else [p for _, kind, p in what if kind == "node"] if part == "edges" else []
            )
            for pick in picks:
                needed |= dict.fromkeys(self.c.columns_of(pick, table))
        return list(needed)
