"""Pages: rows in a total order, cut by keyset cursors, each printed and then joined, as one scalar expression.

Lists of rows and lists of groups are both paged here; what one of theirs looks like their own modules say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, func, select

from db.kinds import BOOL
from resolvers.binds import Call, Convert
from resolvers.cursors import NONCE, keys_of
from resolvers.faults import bad_input
from resolvers.fragments import Hex, Joined, Member, Pieces, braced, concat, literal, pieces, printed
from resolvers.orderings import SortKey, beyond
from resolvers.requests import Paged
from resolvers.values import from_cursor

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

DEFAULT_PAGE = 200
LARGEST_PAGE = 10_000


class Page:
    """The arguments of one paged list and the printing of a page of it. A subclass prints the rows."""

    def __init__(self, c: Compiler, request: Paged) -> None:
        self.c, self.request = c, request
        self.backward = request.last is not None or request.before is not None
        self.number = len(c.cursors)
        c.cursors.append(request)
        parts = [(part, what) for _, part, what in request.parts]
        self.more = any(part == "pageInfo" for part, _ in parts)
        self.with_cursors = self.more or any(
            part == "edges" and any(p == "cursor" for _, p, _ in what) for part, what in parts
        )

    def row_texts(self, page: FromClause, keys: Sequence[SortKey]) -> dict[str, ColumnElement[str]]:
        """The text of one row for each part of the list that prints rows, by the part's number."""
        raise NotImplementedError

    def other(self, part: str, what: Any) -> ColumnElement[Any] | Pieces | str:
        """The text of a part that is neither rows nor page info."""
        raise NotImplementedError

    # --- which rows ------------------------------------------------------------------------------------------------

    def cut(
        self, columns: Sequence[ColumnElement[Any]], where: Sequence[ColumnElement[bool]], keys: Sequence[SortKey]
    ) -> tuple[sa.Select[Any], list[SortKey]]:
        """One page of a set: `columns` and, where cursors are printed, the keys as key0, key1, …; and the keys."""
        request, conditions = self.request, [*where]
        keys = [key.reversed() if self.backward else key for key in keys]
        cursor = request.before if self.backward else request.after
        if cursor is not None:
            conditions.append(beyond(self.c, keys, cursor, [self._cursor_key(i, key) for i, key in enumerate(keys)]))
        marks = [key.expression.label(f"key{i}") for i, key in enumerate(keys)] if self.with_cursors else []
        rows = select(*columns, *marks).where(*conditions).order_by(*(key.sql() for key in keys))
        rows = rows.limit(self._size(int(self.more)))
        if request.offset is not None:
            rows = rows.offset(self.c.binds.add(request.offset, sa.Integer(), _offset))
        return rows, keys

    # --- what is printed of them -----------------------------------------------------------------------------------

    def text(self, page: FromClause, keys: Sequence[SortKey]) -> sa.Select[Any]:
        """The text of a page as a statement of one value: each row printed, then all joined in their order."""
        self.c.prints_cursors |= self.with_cursors
        printed_rows = self.row_texts(page, keys)
        if not self.more and not self.backward:
            return self._all(page, printed_rows)
        columns: list[ColumnElement[Any]] = [text.label(f"x{name}") for name, text in printed_rows.items()]
        if self.with_cursors:
            columns.append(concat(self.cursor_pieces(page, keys)).label("cursor"))
        at = func.row_number().over().label("at")
        columns += [at, func.count().over().label("rows")]
        numbered = select(*columns).select_from(page).correlate_except(page)
        # Numbered as they were read, from the far end, and then turned round.
        rows = (numbered.order_by(at.desc()) if self.backward else numbered).subquery(self.c.name())
        size = self._size(0) if self.more else None
        within = [rows.c.at <= size] if size is not None else []
        texts: dict[str, ColumnElement[Any]] = {name: Joined(rows.c[f"x{name}"], *within) for name in printed_rows}
        if size is not None:
            texts |= self._page_info(rows, size)
        return select(concat(self.print(texts))).select_from(rows).correlate_except(rows)

    def _all(self, page: FromClause, printed_rows: Mapping[str, ColumnElement[str]]) -> sa.Select[Any]:
        """The text of a page without its ends.

        The rows are printed in a FROM of their own, which both databases merge with the outer: SQLite's parser holds
        a hundred open symbols and no more, and this closes some of them before it comes to the nested lists.
        """
        columns = (text.label(f"x{name}") for name, text in printed_rows.items())
        rows = select(*columns).select_from(page).correlate_except(page).subquery(self.c.name())
        texts: dict[str, ColumnElement[Any]] = {name: Joined(rows.c[f"x{name}"]) for name in printed_rows}
        return select(concat(self.print(texts))).select_from(rows).correlate_except(rows)

    def print(self, texts: Mapping[str, ColumnElement[Any]]) -> Pieces:
        """The list's own object around the texts of its rows and page info."""
        members: list[Member] = []
        for i, (key, part, what) in enumerate(self.request.parts):
            if part in ("nodes", "edges"):
                members.append((key, ["[", texts[str(i)], "]"]))
            elif part == "pageInfo":
                members.append((key, braced([(k, f'"{f}"' if f == "PageInfo" else texts[f]) for k, f in what])))
            elif part == "typename":
                members.append((key, f'"{what}"'))
            else:
                members.append((key, self.other(part, what)))
        return braced(members)

    def cursor_pieces(self, page: FromClause, keys: Sequence[SortKey]) -> Pieces:
        """A row's cursor as it leaves the database, unsigned."""
        parts: Pieces = ["["]
        for i, key in enumerate(keys):
            column = page.c[f"key{i}"]
            parts.append("," if i else "")
            if key.nullable:
                parts.append(func.coalesce(printed(column, key.kind, key.prefix), literal("null"), type_=sa.Text()))
            else:
                parts += pieces(column, key.kind, key.prefix)
        return [f'"{NONCE}:{self.number}:', Hex(concat([*parts, "]"])), '"']

    def _page_info(self, rows: FromClause, size: Any) -> dict[str, ColumnElement[str]]:
        """hasNextPage, hasPreviousPage and the cursors of both ends, from the numbered rows of a page."""
        request = self.request
        given = request.before if self.backward else request.after
        ahead, behind = printed(func.count() > size, BOOL), literal("true" if given is not None else "false")
        if request.offset is not None:
            behind = printed(self.c.binds.add(request.offset, sa.Integer(), _offset) > 0, BOOL)
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

    # --- arguments -------------------------------------------------------------------------------------------------

    def _size(self, extra: int) -> ColumnElement[int]:
        """How many rows a page reads: what was asked or the default, and one more to know whether there are more."""
        leaf = self.request.last if self.backward else self.request.first
        if leaf is None:
            return sa.literal_column(str(DEFAULT_PAGE + extra), sa.Integer())
        return self.c.binds.add(leaf, sa.Integer(), _page_size(extra))

    def check_arguments(self) -> None:
        """Refuse arguments that exclude each other, now, and sizes and cursors that are none, at each run."""
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
