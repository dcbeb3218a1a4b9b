"""``orderBy`` -> sort keys. The id is always the last key, so every order is total and the same on both databases.

A plain ASC puts nulls last and DESC puts them first (null counts as the largest), unless the order says otherwise.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, or_, select

from db.entity_info import EntityInfo, Relation
from db.facts import Kind
from db.kinds import ID, TEXT
from permissions.columns import conditionable
from resolvers.binds import Convert
from resolvers.faults import bad_input
from resolvers.followed import check_followed
from resolvers.joins import link
from resolvers.measures import measure_of
from resolvers.periods import rank

if TYPE_CHECKING:
    from resolvers.compiler import Compiler


MOST_KEYS = 10


class Sort(enum.Enum):
    """SortOrder of the API: direction, and where nulls go."""

    ASC = (False, False)
    DESC = (True, True)
    ASC_NULLS_FIRST = (False, True)
    ASC_NULLS_LAST = (False, False, "")
    DESC_NULLS_FIRST = (True, True, "")
    DESC_NULLS_LAST = (True, False)

    @property
    def descending(self) -> bool:
        """Largest first."""
        return bool(self.value[0])

    @property
    def nulls_first(self) -> bool:
        """Nulls before everything else."""
        return bool(self.value[1])


@dataclass(frozen=True)
class SortKey:
    """One key of an order."""

    expression: ColumnElement[Any]
    kind: Kind
    prefix: str
    nullable: bool
    descending: bool
    nulls_first: bool

    def reversed(self) -> SortKey:
        """The same key the other way round: for paging backward."""
        return SortKey(
            self.expression, self.kind, self.prefix, self.nullable, not self.descending, not self.nulls_first
        )

    def sql(self) -> ColumnElement[Any]:
        """The key in an ORDER BY."""
        ordered = self.expression.desc() if self.descending else self.expression.asc()
        if not self.nullable:
            return ordered
        return ordered.nulls_first() if self.nulls_first else ordered.nulls_last()


def sort_keys(
    c: Compiler, info: EntityInfo, table: FromClause, order: Sequence[Mapping[str, Any]], at: str
) -> list[SortKey]:
    """The keys of an ``orderBy`` over `table`, the id last. Raises BAD_INPUT for what may not be ordered by."""
    check_length(order, at)
    keys = [_key(c, info, table, item, f"{at}[{i}]", nullable=False) for i, item in enumerate(order)]
    return [*keys, SortKey(table.c.id, ID, info.facts.prefix, False, False, False)]


def check_length(order: Sequence[Mapping[str, Any]], at: str) -> None:
    """Raise BAD_INPUT for more keys than any list needs: a cursor compares each with all before it."""
    if len(order) > MOST_KEYS:
        raise bad_input(f"{at} 最多 {MOST_KEYS} 个字段。", f"{at} takes at most {MOST_KEYS} keys.")


def _key(c: Compiler, info: EntityInfo, table: FromClause, item: Mapping[str, Any], at: str, nullable: bool) -> SortKey:
    if len(item) != 1 or next(iter(item.values())) is None:
        raise bad_input(f"{at}：要且只要给出一个字段。", f"{at}: give exactly one field.")
    [(name, value)] = item.items()
    field = info.public_fields.get(name)
    if field is None:
        return _related_key(c, info, table, name, value, f"{at}.{name}")
    if not conditionable(info, field, c.viewer):
        raise bad_input(
            f"{at}.{name}：您看不到“{field.facts.zh}”的全部内容，不能用来排序。",
            f"{at}.{name}: you may not read this column, so it gives no order.",
            about=info.name,
        )
    nulls = nullable or field.nullable, value.descending, value.nulls_first
    if field.kind.spanning:
        return SortKey(rank(field, table), TEXT, "", *nulls)
    return SortKey(c.column(info, field, table), field.kind, info.facts.prefix, *nulls)


def _related_key(c: Compiler, info: EntityInfo, table: FromClause, name: str, value: Any, at: str) -> SortKey:
    """A key of the row a reference names, null where there is none, or none visible; or a measure of a list."""
    relation = info.public_relations[name]
    check_followed(c, relation, at)
    if relation.many:
        return _measure_key(c, relation, table, value, at)
    target = c.entities[relation.target]
    far = c.alias(target)
    key = _key(c, target, far, value, at, nullable=True)
    rows = (
        select(key.expression)
        .where(*link(c, relation, table, far), c.scope(target, far))
        .correlate_except(far)
        .limit(sa.literal_column("1"))
    )
    rows = rows.order_by(far.c.id) if relation.through is not None else rows
    expression = sa.type_coerce(rows.scalar_subquery(), key.expression.type)
    return SortKey(expression, key.kind, key.prefix, True, key.descending, key.nulls_first)


def _measure_key(c: Compiler, relation: Relation, table: FromClause, value: Any, at: str) -> SortKey:
    if not isinstance(value, Mapping) or len(value) != 1 or next(iter(value.values())) is None:
        raise bad_input(f"{at}：要且只要给出一个字段。", f"{at}: give exactly one field.")
    [(function, inner)] = value.items()
    name, sort = measure_sort(function, inner, f"{at}.{function}")
    measure = measure_of(c, relation, table, function, name, f"{at}.{function}")
    return SortKey(measure.value, measure.kind, "", True, sort.descending, sort.nulls_first)


def measure_sort(function: str, inner: Any, at: str) -> tuple[str, Sort]:
    """``{count: DESC}`` or ``{sum: {amountClaimed: DESC}}`` -> the column's name and direction. Raises BAD_INPUT."""
    if function == "count" and isinstance(inner, Sort):
        return "", inner
    if not isinstance(inner, Mapping) or len(inner) != 1 or next(iter(inner.values())) is None:
        raise bad_input(f"{at}：要且只要给出一个字段。", f"{at}: give exactly one field.")
    [(name, sort)] = inner.items()
    return name, sort


def beyond(c: Compiler, keys: Sequence[SortKey], cursor: Any, converts: Sequence[Convert]) -> ColumnElement[bool]:
    """The rows that come after the cursor in the order of `keys`; its keys are looked up at each run."""
    alternatives: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for key, convert in zip(keys, converts, strict=True):
        alternatives.append(and_(*equal, _after(c, key, cursor, convert)))
        mark = c.binds.add(cursor, key.expression.type, convert)
        equal.append(key.expression.is_not_distinct_from(mark) if key.nullable else key.expression == mark)
    first = keys[0]
    if first.nullable or len(keys) == 1:
        return or_(*alternatives)
    # Said once more in a form an index can start from.
    mark = c.binds.add(cursor, first.expression.type, converts[0])
    return and_(first.expression <= mark if first.descending else first.expression >= mark, or_(*alternatives))


def _after(c: Compiler, key: SortKey, cursor: Any, convert: Convert) -> ColumnElement[bool]:
    def mark() -> sa.BindParameter[Any]:
        return c.binds.add(cursor, key.expression.type, convert)

    further = key.expression < mark() if key.descending else key.expression > mark()
    if not key.nullable:
        return further
    if key.nulls_first:
        return or_(further, and_(mark().is_(None), key.expression.is_not(None)))
    return or_(further, and_(mark().is_not(None), key.expression.is_(None)))
