"""``groupBy``: the printing of a list's groups, page by page, with their subtotals and the way to their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, FromClause, func, select

from db.entity_info import Relation
from db.kinds import INT
from permissions.scopes import aggregates_only, pure_ranges
from resolvers.codes import STAT
from resolvers.conditions import compare
from resolvers.faults import bad_input, forbidden
from resolvers.fill import MOST_GROUPS, TOO_MANY, Filled
from resolvers.fragments import Ahead, Joined, Member, Pieces, braced, concat, literal, printed
from resolvers.keys import GroupKey, names_of, read_keys
from resolvers.leaves import Grouping
from resolvers.levels import Levels
from resolvers.measures import FUNCTIONS, Measures, asked_of
from resolvers.orderings import SortKey, check_length, measure_sort
from resolvers.pages import Page
from resolvers.requests import Groups, KeyPick, Measured, Pick

if TYPE_CHECKING:
    from resolvers.lists import ListText


class GroupsText(Page):
    """The printing of one ``groupBy``; `path` is where it stands in the answer."""

    request: Groups

    def __init__(self, listed: ListText, request: Groups, path: str) -> None:
        super().__init__(listed.c, request)
        self.listed, self.path = listed, path
        keys = read_keys(self.c, request.entity, request.by, "by")
        self.names = names_of(keys)
        self.grouping = Grouping(
            self.c, request.entity, listed.source, keys, Measures(self.c, request.entity),
            listed.request if listed.members is None else None,
        )  # fmt: skip
        for _key, part, what in request.parts:
            if part in ("nodes", "subtotals"):
                self.grouping.measures.need_all(what, part)
        self._need_for_conditions()
        self._levels: Levels | None = None
        self._filled: CTE | None = None

    def _need_for_conditions(self) -> None:
        measures = self.grouping.measures
        for function, name, _operators, _at in asked_of(self.request.having or {}, "having"):
            if function in FUNCTIONS:
                measures.need(function, name, f"having.{function}")
        for i, item in enumerate(self.request.order):
            for function, inner in item.items():
                if function in FUNCTIONS and isinstance(inner, dict):
                    for name in inner:
                        measures.need(function, name, f"orderBy[{i}].{function}")

    @property
    def levels(self) -> Levels:
        """The sets of the grouping; nothing more can be asked of the measures once they are made."""
        if self._levels is None:
            self._levels = Levels(self.grouping)
        return self._levels

    def sql(self) -> ColumnElement[Any]:
        """The JSON of the groups. Raises BAD_INPUT for keys, conditions and orders that are none."""
        self.check_arguments()
        shown = any(part in ("nodes", "pageInfo") for _, part, _ in self.request.parts)
        cells = self._cells()
        keys = self._order(cells)
        text: ColumnElement[Any] = concat(self.print({})) if not shown else self._page(cells, keys)
        return self._limited(text, cells) if self.request.fill else text

    def _page(self, cells: FromClause, keys: Sequence[SortKey]) -> ColumnElement[Any]:
        rows, order = self.cut(list(cells.c), self._having(cells), keys)
        page = rows.select_from(cells).correlate_except(cells).subquery(self.c.name())
        return self.text(page, order).scalar_subquery()

    @property
    def ctes(self) -> list[CTE]:
        """The sets that the list's statement has to carry, in their order."""
        own = [self._filled] if self._filled is not None else []
        return [*(self._levels.ctes if self._levels else []), *own]

    def _cells(self) -> FromClause:
        if not self.request.fill:
            return self.levels.level(len(self.grouping.keys))
        if self._filled is None:
            self._filled = Filled(self.levels, self.request).cells().cte(self.c.name(), nesting=True)
        return self._filled

    def _limited(self, text: ColumnElement[Any], cells: FromClause) -> ColumnElement[Any]:
        """The text, or a sign where filling made too many groups."""
        self.c.may_be_too_many = True
        many = select(func.count()).select_from(cells).correlate_except(cells).scalar_subquery()
        return sa.case((many > sa.literal_column(str(MOST_GROUPS)), literal(f'"{TOO_MANY}"')), else_=text)

    def _having(self, cells: FromClause) -> list[ColumnElement[bool]]:
        """What groups must meet; a number that is withheld is null."""
        conditions = []
        for function, name, operators, here in asked_of(self.request.having or {}, "having"):
            measure = self.grouping.measures.seen(cells, function, name)
            conditions += [
                compare(self.c, measure.value, measure.field, "", operator, wanted, f"{here}.{operator}")
                for operator, wanted in operators.items()
            ]
        return conditions

    # --- the order -------------------------------------------------------------------------------------------------

    def _order(self, cells: FromClause) -> list[SortKey]:
        order: list[SortKey] = []
        check_length(self.request.order, "orderBy")
        for i, item in enumerate(self.request.order):
            order += self._sort(cells, item, f"orderBy[{i}]")
        named = {id(key.expression) for key in order}
        return order + [key for key in self.grouping.natural(cells) if id(key.expression) not in named]

    def _sort(self, cells: FromClause, item: Any, at: str) -> list[SortKey]:
        if len(item) != 1 or next(iter(item.values())) is None:
            raise bad_input(f"{at}：要且只要给出一个字段。", f"{at}: give exactly one field.")
        [(function, inner)] = item.items()
        if function == "key":
            return self.grouping.by_path(cells, inner, f"{at}.key")
        name, sort = measure_sort(function, inner, f"{at}.{function}")
        measure = self.grouping.measures.seen(cells, function, name)
        return [SortKey(measure.value, measure.kind, "", True, sort.descending, sort.nulls_first)]

    # --- what is printed -------------------------------------------------------------------------------------------

    def row_texts(self, page: FromClause, keys: Sequence[SortKey]) -> dict[str, ColumnElement[str]]:
        return {
            str(i): self._group(page, what, f"{self.path}.{key}", len(self.grouping.keys))
            for i, (key, part, what) in enumerate(self.request.parts)
            if part == "nodes"
        }

    def other(self, part: str, what: Any) -> ColumnElement[Any] | Pieces | str:
        if part == "subtotals":
            return self._subtotals(what)
        cells = self._cells()
        count = select(func.count()).select_from(cells).where(*self._having(cells)).correlate_except(cells)
        return printed(count.scalar_subquery(), INT)

    def _subtotals(self, what: Measured) -> Pieces:
        """The totals of every level above the groups, the finest first, the total of all last."""
        texts: Pieces = ["["]
        for level in range(len(self.grouping.keys) - 1, -1, -1):
            cells = self.levels.level(level)
            order = [key.sql() for key in self.grouping.natural(cells, level)]
            rows = select(*cells.c).select_from(cells).order_by(*order).correlate_except(cells).subquery(self.c.name())
            item = self._group(rows, what, f"{self.path}.subtotals", level)
            printed_rows = select(item.label("x")).select_from(rows).correlate_except(rows).subquery(self.c.name())
            joined = (Ahead if level else Joined)(printed_rows.c.x)
            texts.append(select(joined).select_from(printed_rows).correlate_except(printed_rows).scalar_subquery())
        return [*texts, "]"]

    def _group(self, cells: FromClause, what: Measured, path: str, level: int) -> ColumnElement[str]:
        """The JSON of one group, or of a total over the keys after the first `level`."""
        numbers = iter(self.grouping.measures.printed(cells, what))
        members: list[Member] = []
        for key, part, inner in what:
            if part == "key":
                members.append((key, braced(self._keys(cells, inner, (), level, f"{path}.{key}"))))
            elif part == "totalled":
                members.append((key, "[" + ",".join(f'"{name}"' for name in self.names[level:]) + "]"))
            elif part == "rows":
                members.append((key, self._rows(cells, inner, f"{path}.{key}")))
            else:
                members.append(next(numbers))
        return concat(braced(members))

    def _rows(self, cells: FromClause, inner: Any, path: str) -> ColumnElement[Any]:
        from resolvers.lists import ListText  # lists print groups, and groups print lists

        info = self.request.entity
        if aggregates_only(info, self.c.viewer):
            raise forbidden(
                f"您只能查看“{info.facts.zh}”的汇总数，不能查看明细（{path}）。",
                f"You may see aggregates of {info.name} only, not its rows ({path}).",
                about=info.name,
            )
        return ListText(self.c, inner, None, None, path, lambda: self.grouping.members(cells)).sql()

    # --- keys ------------------------------------------------------------------------------------------------------

    def _keys(self, cells: FromClause, what: KeyPick, path: tuple[str, ...], level: int, at: str) -> list[Member]:
        members: list[Member] = []
        for key, item, inner in what:
            if isinstance(item, str):
                members.append((key, f'"{item}"'))
                continue
            here = (*path, item.public)
            if isinstance(item, Relation) and item.target != "Region":
                parts, row = inner
                found = self._found((*here, "id"), None, level)
                if found is not None:
                    members.append((key, self._row(cells, found, row, f"{at}.{key}")))
                else:
                    members.append((key, braced(self._keys(cells, parts, here, level, f"{at}.{key}"))))
            elif isinstance(item, Relation):
                members.append((key, self._region(cells, here, inner, level, f"{at}.{key}")))
            else:
                members.append((key, self._column(cells, here, inner, level)))
        return members

    def _found(self, path: tuple[str, ...], told: str | None, count: int) -> tuple[int, GroupKey] | None:
        """The key among the first `count` that is printed at `path`; `told` tells apart several over one path."""
        for i, key in enumerate(self.grouping.keys[:count]):
            if key.path == path and key.rollup == (told == STAT) and told in (None, key.label, key.part):
                return i, key
        return None

    def _column(self, cells: FromClause, path: tuple[str, ...], told: Any, level: int) -> ColumnElement[Any] | str:
        found = self._found(path, self.c.fix(told), level)
        if found is None:
            return "null"
        i, key = found
        value, kind = key.printable(cells.c[f"k{i}"])
        return func.coalesce(printed(value, kind, key.prefix), literal("null"), type_=sa.Text())

    def _region(
        self, cells: FromClause, path: tuple[str, ...], inner: Any, level: int, at: str
    ) -> ColumnElement[Any] | str:
        told, pick = inner
        found = self._found(path, self.c.fix(told), level)
        if found is None:
            return "null"
        return self._row(cells, found, pick, at)

    def _row(self, cells: FromClause, found: tuple[int, GroupKey], pick: Pick, at: str) -> ColumnElement[Any]:
        """The row that a key names by its id, as any read prints it; null where there is none that is seen."""
        i, key = found
        row = self.c.alias(key.info)
        text = self.c.object(pick, row, pure_ranges(key.info, self.c.viewer), at)
        rows = select(text).where(row.c.id == cells.c[f"k{i}"], self.c.scope(key.info, row))
        one = rows.correlate_except(row).scalar_subquery()
        return func.coalesce(one, literal("null"), type_=sa.Text())
