"""Lists: a page of rows in a total order, its cursors and its exact count, as one scalar expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, case, func, select

from permissions.scopes import aggregates_only, living, pure_ranges, scope
from resolvers.binds import Call, Convert
from resolvers.conditions import where
from resolvers.cursors import NONCE, keys_of
from resolvers.faults import bad_input
from resolvers.fragments import Hex, Joined, Pieces, braced, concat, literal, pieces, printed
from resolvers.joins import link
from resolvers.orderings import SortKey, beyond, sort_keys
from resolvers.requests import Connection
from resolvers.values import from_cursor

if TYPE_CHECKING:
    from resolvers.compiler import Compiler, Proof

DEFAULT_PAGE = 200
LARGEST_PAGE = 10_000
_ROWS = ("nodes", "edges", "pageInfo")


class ListText:
    """The printing of one list. `near` is the row it hangs on, None at the root."""

    def __init__(self, c: Compiler, request: Connection, near: FromClause | None, proof: Proof, path: str) -> None:
        self.c, self.request, self.near, self.proof, self.path = c, request, near, proof, path
        self.backward = request.last is not None or request.before is not None
        self.number = len(c.connections)
        c.connections.append(request)

    def sql(self) -> ColumnElement[Any]:
        """The JSON of the list. Raises FORBIDDEN where the viewer may only count."""
        shown = [part for _, part, _ in self.request.parts if part in _ROWS]
        self._check_arguments()
        if not shown:
            # Nothing is paged, but what is wrong is said all the same.
            sort_keys(self.c, self.request.entity, self.c.alias(self.request.entity), self.request.order, "orderBy")
            return concat(self._print({}))
        self.c.rows_allowed(self.request.entity, f"{self.path or self.request.entity.plural}.{shown[0]}")
        return self._page()

    # --- which rows ------------------------------------------------------------------------------------------------

    def _source(self) -> tuple[FromClause, list[ColumnElement[bool]]]:
        """A fresh alias of the list's entity and what restricts it: relation, scope, condition."""
        c, request, info = self.c, self.request, self.request.entity
        table = c.alias(info)
        conditions: list[ColumnElement[bool]] = []
        held = request.relation is not None and c.proven(request.relation, self.proof)
        if request.relation is not None:
            assert self.near is not None
            conditions += link(c, request.relation, self.near, table, held, each_once=True)
        if held and request.relation is not None and request.relation.through is None:
            conditions.append(living(table))
        else:
            rows = not aggregates_only(info, c.viewer)
            conditions.append(scope(c.entities, info, table, c.viewer, rows=rows))
        if request.operation != "R":
            conditions.append(scope(c.entities, info, table, c.viewer, request.operation))
        if request.where:
            conditions.append(where(c, info, table, request.where, "where"))
        return table, conditions

    def _page(self) -> ColumnElement[Any]:
        c, request = self.c, self.request
        table, conditions = self._source()
        keys = sort_keys(c, request.entity, table, request.order, "orderBy")
        if self.backward:
            keys = [key.reversed() for key in keys]
        cursor = request.before if self.backward else request.after
        if cursor is not None:
            conditions.append(beyond(c, keys, cursor, [self._cursor_key(i, key) for i, key in enumerate(keys)]))
        more = any(part == "pageInfo" for _, part, _ in request.parts)
        cursors = more or any(
            part == "edges" and any(p == "cursor" for _, p, _ in what) for _, part, what in request.parts
        )
        columns = [table.c[name].label(name) for name in self._needed(table)]
        columns += [key.expression.label(f"k{i}") for i, key in enumerate(keys)] if cursors else []
        rows = select(*columns).where(*conditions).order_by(*(key.sql() for key in keys)).limit(self._size(int(more)))
        if request.offset is not None:
            rows = rows.offset(c.binds.add(request.offset, sa.Integer(), _offset))
        return self._joined(rows.correlate_except(table).subquery(c.name()), keys, more, cursors)

    # --- what is printed of them -----------------------------------------------------------------------------------

    def _joined(self, page: FromClause, keys: Sequence[SortKey], more: bool, cursors: bool) -> ColumnElement[Any]:
        """The text of a page: each row printed, then all joined in their order."""
        self.c.prints_cursors |= cursors
        printed_rows = self._row_texts(page, keys)
        if not more and not self.backward:
            return self._all(page, printed_rows)
        columns: list[ColumnElement[Any]] = [text.label(f"x{name}") for name, text in printed_rows.items()]
        if cursors:
            columns.append(concat(_cursor_pieces(self.number, page, keys)).label("cursor"))
        at = func.row_number().over().label("at")
        columns += [at, func.count().over().label("rows")]
        numbered = select(*columns).select_from(page).correlate_except(page)
        # Numbered as they were read, from the far end, and then turned round.
        rows = (numbered.order_by(at.desc()) if self.backward else numbered).subquery(self.c.name())
        size = self._size(0) if more else None
        within = [rows.c.at <= size] if size is not None else []
        texts: dict[str, ColumnElement[Any]] = {name: Joined(rows.c[f"x{name}"], *within) for name in printed_rows}
        if size is not None:
            texts |= self._page_info(rows, size)
        return select(concat(self._print(texts))).select_from(rows).correlate_except(rows).scalar_subquery()

    def _all(self, page: FromClause, printed_rows: Mapping[str, ColumnElement[str]]) -> ColumnElement[Any]:
        """The text of a page without its ends.

        The rows are printed in a FROM of their own, which both databases merge with the outer: SQLite's parser holds
        a hundred open symbols and no more, and this closes some of them before it comes to the nested lists.
        """
        columns = (text.label(f"x{name}") for name, text in printed_rows.items())
        rows = select(*columns).select_from(page).correlate_except(page).subquery(self.c.name())
        texts: dict[str, ColumnElement[Any]] = {name: Joined(rows.c[f"x{name}"]) for name in printed_rows}
        return select(concat(self._print(texts))).select_from(rows).correlate_except(rows).scalar_subquery()

    def _row_texts(self, page: FromClause, keys: Sequence[SortKey]) -> dict[str, ColumnElement[str]]:
        """The text of one row for each part of the list that prints rows, by the part's number."""
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
        members: list[tuple[str, str | ColumnElement[Any] | Pieces]] = []
        for key, part, pick in what:
            if part == "cursor":
                members.append((key, _cursor_pieces(self.number, page, keys)))
            elif part == "node":
                members.append((key, self.c.object(pick, page, proof, f"{path}.{key}")))
            else:
                members.append((key, f'"{pick}"'))
        return concat(braced(members))

    def _print(self, texts: Mapping[str, ColumnElement[Any]]) -> Pieces:
        """The connection's own object around the texts of its rows and page info."""
        members: list[tuple[str, str | ColumnElement[Any] | Pieces]] = []
        for i, (key, part, what) in enumerate(self.request.parts):
            if part in ("nodes", "edges"):
                members.append((key, ["[", texts[str(i)], "]"]))
            elif part == "pageInfo":
                members.append((key, braced([(k, f'"{f}"' if f == "PageInfo" else texts[f]) for k, f in what])))
            elif part == "totalCount":
                members.append((key, self._total()))
            else:
                members.append((key, f'"{what}"'))
        return braced(members)

    def _total(self) -> ColumnElement[str]:
        table, conditions = self._source()
        count = select(func.count().label("n")).select_from(table).where(*conditions).correlate_except(table)
        if not aggregates_only(self.request.entity, self.c.viewer):
            return printed(count.scalar_subquery(), "int")
        # A role that sees no rows must not learn of the few (API 4, aggregates only).
        counted = count.subquery(self.c.name())
        few = and_(counted.c.n > 0, counted.c.n < sa.literal_column(str(self.c.suppress_below)))
        text = case((few, literal("null")), else_=printed(counted.c.n, "int"))
        return select(text).correlate_except(counted).scalar_subquery()

    def _page_info(self, rows: FromClause, size: Any) -> dict[str, ColumnElement[str]]:
        """hasNextPage, hasPreviousPage and the cursors of both ends, from the numbered rows of a page."""
        request = self.request
        given = request.before if self.backward else request.after
        ahead, behind = printed(func.count() > size, "bool"), literal("true" if given is not None else "false")
        if request.offset is not None:
            behind = printed(self.c.binds.add(request.offset, sa.Integer(), _offset) > 0, "bool")
        ends = [sa.literal_column("1"), case((rows.c.rows < size, rows.c.rows), else_=size)]
        first, last = (
            # A page of no rows has no ends, though one row more was read.
            func.coalesce(
                func.min(rows.c.cursor).filter(rows.c.at == end, rows.c.at <= size), literal("null"), type_=sa.Text()
            )
            for end in (reversed(ends) if self.backward else ends)
        )
        return {
            "hasNextPage": behind if self.backward else ahead,
            "hasPreviousPage": ahead if self.backward else behind,
            "startCursor": first,
            "endCursor": last,
        }

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

    # --- arguments -------------------------------------------------------------------------------------------------

    def _size(self, extra: int) -> ColumnElement[int]:
        """How many rows a page reads: what was asked or the default, and one more to know whether there are more."""
        leaf = self.request.last if self.backward else self.request.first
        if leaf is None:
            return sa.literal_column(str(DEFAULT_PAGE + extra), sa.Integer())
        return self.c.binds.add(leaf, sa.Integer(), _page_size(extra))

    def _check_arguments(self) -> None:
        request, binds = self.request, self.c.binds
        if self.backward and (request.first is not None or request.after is not None):
            raise bad_input(
                "first/after 与 last/before 不能同时使用。", "first/after and last/before exclude each other."
            )
        if request.offset is not None and (request.after is not None or self.backward):
            raise bad_input("offset 不能与游标或 last 同时使用。", "offset cannot be used with a cursor or with last.")
        for size in (request.first, request.last):
            binds.check(size, _page_size(0))
        binds.check(request.offset, _offset)
        for cursor in (request.after, request.before):
            binds.check(cursor, self._known_cursor)

    def _known_cursor(self, cursor: Any, call: Call) -> Any:
        return keys_of(cursor, call.contexts(self.number))

    def _cursor_key(self, index: int, key: SortKey) -> Convert:
        number, kind = self.number, key.kind

        def convert(cursor: Any, call: Call) -> Any:
            return from_cursor(keys_of(cursor, call.contexts(number))[index], kind)

        return convert


def _page_size(extra: int) -> Convert:
    def convert(value: Any, _call: Call) -> int:
        if not 0 <= value <= LARGEST_PAGE:
            raise bad_input(
                f"first、last 应在 0 到 {LARGEST_PAGE} 之间。", f"first and last lie between 0 and {LARGEST_PAGE}."
            )
        return int(value) + extra

    return convert


def _offset(value: Any, _call: Call) -> int:
    if not 0 <= value <= 2**31 - 1:
        raise bad_input("offset 不能为负数。", "offset must not be negative.")
    return int(value)


def _cursor_pieces(number: int, page: FromClause, keys: Sequence[SortKey]) -> Pieces:
    """A row's cursor as it leaves the database, unsigned."""
    parts: Pieces = ["["]
    for i, key in enumerate(keys):
        column = page.c[f"k{i}"]
        parts.append("," if i else "")
        if key.nullable:
            parts.append(func.coalesce(printed(column, key.kind, key.prefix), literal("null"), type_=sa.Text()))
        else:
            parts += pieces(column, key.kind, key.prefix)
    return [f'"{NONCE}:{number}:', Hex(concat([*parts, "]"])), '"']
