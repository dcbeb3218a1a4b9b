"""The groups of a list before anything is withheld, filled, filtered or paged: one row for each, in parts.

Columns: k0, k1, … the keys; r0, r1, … beside a region its code, by which it sorts; n and the parts of the measures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, select

from db.entity_info import EntityInfo
from db.kinds import INT, TEXT
from permissions.columns import conditionable
from resolvers.faults import bad_input
from resolvers.keys import GroupKey, Keyed
from resolvers.measures import Measures
from resolvers.orderings import Sort, SortKey
from resolvers.requests import Connection
from resolvers.rollups import with_rollup

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

Source = Callable[[Callable[[FromClause], None], FromClause | None], tuple[FromClause, list[ColumnElement[bool]]]]
"""A fresh alias of a list's entity (or what stands in for it), shown to whoever joins to it, and what restricts it to
the list."""


@dataclass
class Grouping:
    """What is grouped, by which keys, and with which measures."""

    c: Compiler
    info: EntityInfo
    source: Source
    keys: Sequence[GroupKey]
    measures: Measures
    request: Connection | None = None
    """The list at the root that is grouped; None of any other."""

    def leaves(self) -> sa.Select[Any]:
        """One row for each group that occurs."""
        raw = self._rows()
        if not any(key.level for key in self.keys):
            return raw
        return self._seen(raw.subquery(self.c.name()))

    def keyed(self, of: FromClause | None = None) -> tuple[Keyed, list[ColumnElement[bool]]]:
        """The rows of the list with what their keys refer to, and what restricts them; or cells that stand for rows."""
        made: list[Keyed] = []

        def join(table: FromClause) -> None:
            made.append(Keyed(self.c, self.info, table))
            for key in self.keys:
                made[0].value(key)

        _, conditions = self.source(join, of)
        return made[0], conditions

    def _rows(self) -> sa.Select[Any]:
        """The rows grouped by their keys, regions by id whether they are seen or not."""
        keyed, conditions = self.keyed()
        table = keyed.table
        # What does not add up is measured of the groups as they are told, regions that are not seen put together.
        value_of = keyed.value if self.measures.adds_up else keyed.seen
        values = [value_of(key).label(f"k{i}") for i, key in enumerate(self.keys)]
        of_table = self.measures.of_table(table)
        columns = {name: column.label(f"v{i}") for i, (name, column) in enumerate(of_table.items())}
        some: list[ColumnElement[Any]] = [*values, *columns.values()]
        rows = select(*(some or [table.c.id])).select_from(keyed.joined).where(*conditions)
        # In a FROM of its own: PostgreSQL takes an expression with a parameter, said twice, for two expressions.
        inner: FromClause = rows.correlate_except(*keyed.aliases).subquery(self.c.name())
        held = {name: column.name for name, column in columns.items()}
        inner = self.measures.ranked(inner, [value.name for value in values], held)
        keys = [inner.c[value.name] for value in values]
        parts = self.measures.of_rows({name: inner.c[label] for name, label in held.items()}, inner)
        groups = select(*keys, *parts).select_from(inner).group_by(*keys).correlate_except(inner)
        return groups if self.request is None else with_rollup(self, self.request, groups, inner)

    def _seen(self, raw: FromClause) -> sa.Select[Any]:
        """The groups once more, with regions that cannot be seen made null and those that can with their code.

        Each group looks its region up: a join makes PostgreSQL read all regions for a few groups.
        """
        looked: list[ColumnElement[Any]] = list(raw.c)
        for i, key in enumerate(self.keys):
            if key.level:
                region = self.c.alias(key.info)
                rows = select(region.c.code).where(region.c.id == raw.c[f"k{i}"], self.c.scope(key.info, region))
                code = rows.correlate_except(region).scalar_subquery()
                looked.append(sa.type_coerce(code, region.c.code.type).label(f"r{i}"))
        found = select(*looked).select_from(raw).correlate_except(raw).subquery(self.c.name())
        keys: list[ColumnElement[Any]] = []
        for i, key in enumerate(self.keys):
            own = found.c[f"k{i}"]
            if key.level:
                seen = case((found.c[f"r{i}"].is_not(None), own))  # every region has a code
                keys += [sa.type_coerce(seen, own.type).label(f"k{i}"), found.c[f"r{i}"]]
            else:
                keys.append(own)
        parts = self.measures.of_parts(found)
        return select(*keys, *parts).select_from(found).group_by(*keys).correlate_except(found)

    def members(self, group: FromClause) -> sa.Select[Any]:
        """The ids of the rows of one group, given by the keys of `group`."""
        keyed, conditions = self.keyed()
        for i, key in enumerate(self.keys):
            conditions.append(keyed.seen(key).is_not_distinct_from(group.c[f"k{i}"]))
        return select(keyed.table.c.id).select_from(keyed.joined).where(*conditions).correlate_except(*keyed.aliases)

    # --- the order of groups ---------------------------------------------------------------------------------------

    def natural(self, cells: FromClause, count: int | None = None) -> list[SortKey]:
        """The keys in their order, all of them or the first `count`: a total order of groups."""
        order: list[SortKey] = []
        for i in range(len(self.keys) if count is None else count):
            order += self.by_place(cells, i)
        # A remainder has nulls for keys, as a group may that is none (``resolvers.levels``); it comes after it.
        return [*order, SortKey(cells.c.told, INT, "", False, True, False)] if "told" in cells.c else order

    def by_place(self, cells: FromClause, i: int) -> list[SortKey]:
        """The sort keys of the i-th key, from the smallest."""
        return self.by_key(cells, i, Sort.ASC)

    def by_key(self, cells: FromClause, i: int, sort: Sort) -> list[SortKey]:
        """The sort keys of one key: a region by its code, and where a code is used again by its id."""
        key = self.keys[i]
        ends = (True, sort.descending, sort.nulls_first)
        own = SortKey(cells.c[f"k{i}"], key.kind, key.prefix, *ends)
        return [SortKey(cells.c[f"r{i}"], TEXT, "", *ends), own] if key.level else [own]

    def by_path(self, cells: FromClause, tree: Any, at: str) -> list[SortKey]:
        """The sort keys of ``{key: {region: {code: DESC}}}``. Raises BAD_INPUT for what is not grouped by."""
        path: list[str] = []
        while not isinstance(tree, Sort):
            if not isinstance(tree, dict) or len(tree) != 1 or next(iter(tree.values())) is None:
                raise bad_input(f"{at}：要且只要给出一个字段。", f"{at}: give exactly one field.")
            [(name, tree)] = tree.items()
            path.append(name)
        for i, key in enumerate(self.keys):
            if key.column is not None and key.path == tuple(path):
                return self.by_key(cells, i, tree)
            if key.level and key.path == tuple(path[:-1]) and path[-1] in key.info.public_fields:
                return [self._by_region(cells, i, path[-1], tree, f"{at}.{'.'.join(path)}")]
        raise bad_input(f"{at}.{'.'.join(path)}：没有按它分组。", f"{at}.{'.'.join(path)}: not grouped by.")

    def _by_region(self, cells: FromClause, i: int, name: str, sort: Sort, at: str) -> SortKey:
        info = self.keys[i].info
        field, region = info.public_fields[name], self.c.alias(info)
        if not conditionable(info, field, self.c.viewer):
            raise bad_input(
                f"{at}：您看不到“{field.facts.zh}”的全部内容，不能用来排序。",
                f"{at}: you may not read this column, so it gives no order.",
                about=info.name,
            )
        rows = select(region.c[field.column]).where(region.c.id == cells.c[f"k{i}"]).correlate_except(region)
        value = sa.type_coerce(rows.scalar_subquery(), field.type)
        return SortKey(value, field.kind, info.facts.prefix, True, sort.descending, sort.nulls_first)
