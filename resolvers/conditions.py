"""``where`` -> SQL. Conditions are two-valued: each is true or false on every row, null rows included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, false, func, not_, or_, select, true

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Facts
from db.kinds import DATE, TEXT
from permissions.columns import conditionable
from permissions.scopes import aggregates_only, region_follows
from resolvers.binds import Convert, value_of
from resolvers.codes import column_name, column_number
from resolvers.faults import bad_input, too_large
from resolvers.followed import check_followed
from resolvers.fragments import Position
from resolvers.joins import link, region_step, the_first
from resolvers.measures import asked_of, measure_of
from resolvers.months import WHOLE, is_whole
from resolvers.periods import RANKED, end_of, rank, start_of
from resolvers.values import MAX_LIST, no_day, period_edge, stored_form, wide

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

DEEPEST = 24
"""Steps a condition may nest: SQLite parses no deeper, and both databases answer alike."""
REGION_OPERATORS = ("descendantOf", "childOf", "ancestorOf")
_STAT = Field("stat", "stat", Facts(TEXT, "统计口径", "Statistical column."), True, sa.Text())
"""What a code rolls up to, as conditions take it."""
_ONE: ColumnElement[int] = sa.literal_column("1", sa.Integer())


def where(c: Compiler, info: EntityInfo, table: FromClause, tree: Mapping[str, Any], path: str) -> ColumnElement[bool]:
    """The condition of a ``where`` input over `table`. Raises BAD_INPUT with the path of what is wrong."""
    parts: list[ColumnElement[bool]] = []
    if path.count(".") > DEEPEST:
        raise too_large()
    for name, value in tree.items():
        at = f"{path}.{name}"
        if value is None:
            raise bad_input(f"{at} 不能为 null。", f"{at} must not be null.")
        if name in ("and", "or"):
            parts.append(_logic(c, info, table, name, value, at))
        elif name == "not":
            parts.append(not_(_certain(where(c, info, table, _not_empty(value, at), at))))
        elif name in REGION_OPERATORS and info.name == "Region":
            parts.append(region_step(c, name, table, value, at))
        elif name in info.public_fields:
            field = info.public_fields[name]
            _may_condition(c, info, field, value, at)
            parts.extend(_operators(c, info, field, table, value, at))
        else:
            parts.append(_related(c, info, info.public_relations[name], table, value, at))
    return and_(true(), *parts)


def _not_empty(value: Any, at: str) -> Any:
    if not value:
        raise bad_input(f"{at} 是空的；请写出条件。", f"{at} is empty; state a condition.")
    return value


def _certain(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """False where the condition is unknown, so that its negation is its exact complement."""
    return func.coalesce(condition, false(), type_=sa.Boolean())


def _logic(c: Compiler, info: EntityInfo, table: FromClause, name: str, value: Any, at: str) -> ColumnElement[bool]:
    parts = [
        where(c, info, table, _not_empty(tree, f"{at}[{i}]"), f"{at}[{i}]")
        for i, tree in enumerate(_not_empty(value, at))
    ]
    return and_(*parts) if name == "and" else or_(*parts)


def _may_condition(c: Compiler, info: EntityInfo, field: Field, tree: Mapping[str, Any], at: str) -> None:
    if not conditionable(info, field, c.viewer):
        raise bad_input(
            f"{at}：您看不到“{field.facts.zh}”的全部内容，不能用作条件。",
            f"{at}: you may not read this column, so it takes no condition.",
            about=info.name,
        )
    if aggregates_only(info, c.viewer) and field.name not in info.dimensions:
        raise bad_input(
            f"{at}：只看汇总的角色不能用“{field.facts.zh}”作条件。",
            f"{at}: not a dimension; roles that see aggregates only may not use it.",
        )
    if aggregates_only(info, c.viewer) and field.kind.bucketed:
        for operator, value in tree.items():
            _months_only(c, operator, value, f"{at}.{operator}", field.kind.spanning)


def _months_only(c: Compiler, operator: str, value: Any, at: str, periods: bool) -> None:
    """Refuse, now or at each run, a condition of who may only count that tells the days of a month apart."""
    refused = bad_input(
        f"{at}：只看汇总的角色按日期筛选只到月；请用月初、月末的日期，或 inPeriod 写月、季、半年、年。",
        f"{at}: roles that see aggregates only narrow days to whole months.",
    )
    if operator == "isNull":
        return
    whole = _all_whole if periods else WHOLE.get(operator)
    if whole is None:
        raise refused

    def check(asked: Any, _call: Any) -> None:
        if asked is not None and not whole(asked):
            raise refused

    c.binds.check(value, check)


def _all_whole(asked: Any) -> bool:
    """Whether a period, or each of several, is made of months."""
    return all(item is None or is_whole(item.upper()) for item in ([asked] if isinstance(asked, str) else asked))


# --- operators -----------------------------------------------------------------------------------------------------


def _operators(
    c: Compiler, info: EntityInfo, field: Field, table: FromClause, tree: Any, at: str
) -> list[ColumnElement[bool]]:
    column = c.column(info, field, table)
    conditions: list[ColumnElement[bool]] = []
    for operator, value in tree.items():
        here, of = f"{at}.{operator}", column
        if operator == "rollup" and isinstance(value, Mapping):
            stat = column_name(field, column_number(field, column))
            conditions += [compare(c, stat, _STAT, "", op, leaf, f"{here}.{op}") for op, leaf in value.items()]
        elif field.kind.spanning and operator == "inPeriod":
            conditions.append(_within(c, field, table, value, here))
        else:
            if field.kind.spanning and operator in RANKED:
                of = rank(field, table)
            conditions.append(compare(c, of, field, info.facts.prefix, operator, value, here))
    return conditions


def _within(c: Compiler, field: Field, table: FromClause, value: Any, at: str) -> ColumnElement[bool]:
    """Whether a column's period lies in another one, from its first day to its last."""
    if value_of(value) is None:
        raise _null(at)
    low, high = (c.binds.add(value, start_of(field, table).type, period_edge(edge, DATE)) for edge in (0, 1))
    return and_(start_of(field, table) >= low, end_of(field, table) < high)


def _null(at: str) -> Exception:
    return bad_input(f"{at} 不能为 null；查空值请用 isNull。", f"{at} must not be null; use isNull to look for nulls.")


def compare(
    c: Compiler, column: ColumnElement[Any], field: Field, prefix: str, operator: str, value: Any, at: str
) -> ColumnElement[bool]:
    """One operator over one column. Raises BAD_INPUT where its value is null."""
    if value_of(value) is None:
        raise _null(at)
    texts = operator in ("contains", "startsWith", "endsWith") or field.kind.listing or field.kind.spanning
    kind = sa.Text() if texts else wide(field.type)

    usual = stored_form(field, prefix, operator)

    def bind(leaf: Any, using: Convert = usual) -> sa.BindParameter[Any]:
        if field.kind == "datetime" and operator != "inPeriod":
            c.binds.check(leaf, no_day(at))
        return c.binds.add(leaf, kind, using)

    match operator:
        case "eq":
            return column == bind(value)
        case "neq":
            return column.is_distinct_from(bind(value))
        case "gt":
            return column > bind(value)
        case "gte":
            return column >= bind(value)
        case "lt":
            return column < bind(value)
        case "lte":
            return column <= bind(value)
        case "in":
            items = _items(value, at)
            return column.in_([bind(item) for item in items]) if items else false()
        case "notIn":
            items = _items(value, at)
            return or_(column.is_(None), column.not_in([bind(item) for item in items])) if items else true()
        case "isNull":
            return column.is_(None) if value_of(value) else column.is_not(None)
        case "between":
            items = _items(value, at)
            if len(items) != 2:
                raise bad_input(f"{at} 要两个值：[下限, 上限]。", f"{at} takes two values: [low, high].")
            low, high = (bind(items[i], stored_form(field, prefix, edge)) for i, edge in enumerate(("gte", "lte")))
            return and_(column >= low, column <= high)
        case "inPeriod":
            low, high = (bind(value, period_edge(edge, field.kind)) for edge in (0, 1))
            return and_(column >= low, column < high)
        case "contains":
            return Position(column, bind(value)) > 0
        case "startsWith":
            return func.substr(column, 1, func.length(bind(value))) == bind(value)
        case "endsWith":
            tail = bind(value)
            return and_(
                func.length(column) >= func.length(tail),
                func.substr(column, func.length(column) - func.length(tail) + 1) == bind(value),
            )
        case "has":
            return Position(column, bind(value, _quoted)) > 0
        case "hasSome":
            return or_(false(), *(Position(column, bind(item, _quoted)) > 0 for item in _items(value, at)))
        case "hasEvery":
            return and_(true(), *(Position(column, bind(item, _quoted)) > 0 for item in _items(value, at)))
    raise bad_input(f"{at}：没有这个运算。", f"{at}: there is no such operator.")


def _quoted(value: Any, _call: Any) -> str:
    """A member as it stands in the stored list."""
    return f'"{value}"'


def _items(value: Any, at: str) -> Sequence[Any]:
    items: Sequence[Any] = value_of(value)
    if len(items) > MAX_LIST:
        raise bad_input(f"{at} 最多 {MAX_LIST} 个值。", f"{at} takes at most {MAX_LIST} values.")
    if any(value_of(item) is None for item in items):
        raise bad_input(f"{at} 的值不能为 null。", f"{at} must not hold null.")
    return items


# --- relations -----------------------------------------------------------------------------------------------------


def _related(
    c: Compiler, info: EntityInfo, relation: Relation, table: FromClause, tree: Mapping[str, Any], at: str
) -> ColumnElement[bool]:
    if aggregates_only(info, c.viewer) and relation.name not in info.dimensions:
        raise bad_input(
            f"{at}：只看汇总的角色不能用它作条件。",
            f"{at}: not a dimension; roles that see aggregates only may not use it.",
        )
    if aggregates_only(info, c.viewer) and relation.target == "Region":
        _subtrees_only(tree, at)
    check_followed(c, relation, at)
    return _many(c, relation, table, tree, at) if relation.many else _one(c, info, relation, table, tree, at)


def _subtrees_only(tree: Any, at: str) -> None:
    """Raise BAD_INPUT where a role that sees aggregates only says more of a region than which subtree it lies in.

    The region is a dimension down to streets (DOMAIN 5, `*`); its columns and lists would single out villages.
    """
    for name, value in tree.items():
        if name in ("and", "or"):
            for i, part in enumerate(value or ()):
                _subtrees_only(part, f"{at}.{name}[{i}]")
        elif name == "not":
            _subtrees_only(value or {}, f"{at}.{name}")
        elif name != "descendantOf":
            raise bad_input(
                f"{at}.{name}：只看汇总的角色只能用 descendantOf 按区划筛选。",
                f"{at}.{name}: roles that see aggregates only narrow the region by descendantOf alone.",
            )


def _exists(
    c: Compiler, relation: Relation, near: FromClause, tree: Mapping[str, Any], at: str, negate: bool = False
) -> ColumnElement[bool]:
    """Whether a visible row of the relation meets the condition (or, negated, fails it)."""
    target = c.entities[relation.target]
    far = c.alias(target)
    condition = where(c, target, far, tree, at)
    rows = select(_ONE).select_from(far).where(
        *link(c, relation, near, far), c.scope(target, far), not_(_certain(condition)) if negate else condition
    )  # fmt: skip
    return sa.exists(rows.correlate_except(far))


def _many(c: Compiler, relation: Relation, table: FromClause, tree: Mapping[str, Any], at: str) -> ColumnElement[bool]:
    parts = []
    for quantifier, value in tree.items():
        here = f"{at}.{quantifier}"
        if value is None:
            raise bad_input(f"{here} 不能为 null。", f"{here} must not be null.")
        match quantifier:
            case "some":
                parts.append(_exists(c, relation, table, value, here))
            case "none":
                parts.append(not_(_exists(c, relation, table, value, here)))
            case "every":
                parts.append(not_(_exists(c, relation, table, value, here, negate=True)))
            case "count":
                parts.extend(_measured(c, relation, table, {"count": value}, at))
            case "aggregate":
                parts.extend(_measured(c, relation, table, value, here))
    return and_(true(), *parts)


def _measured(
    c: Compiler, relation: Relation, table: FromClause, tree: Mapping[str, Any], at: str
) -> list[ColumnElement[bool]]:
    """Conditions over the measures of the visible rows of a list."""
    conditions = []
    for function, name, operators, here in asked_of(tree, at):
        measure = measure_of(c, relation, table, function, name, here)
        conditions += [
            compare(c, measure.value, measure.field, "", operator, wanted, f"{here}.{operator}")
            for operator, wanted in operators.items()
        ]
    return conditions


def _one(
    c: Compiler, info: EntityInfo, relation: Relation, table: FromClause, tree: Mapping[str, Any], at: str
) -> ColumnElement[bool]:
    """A condition over the row a reference names; where there is none, or none visible, its columns are null."""
    owned = _owned_range(c, info, relation, table, tree, at)
    if owned is not None:
        return owned
    target = c.entities[relation.target]
    if (beside := c.beside.get((table, relation.name))) is not None:
        return where(c, target, beside, tree, at)
    through = relation.through is not None
    if not holds_on_null(tree) and not through:
        return _exists(c, relation, table, tree, at)
    far, one = c.alias(target), select(_ONE.label("one")).subquery(c.name())
    on = [the_first(c, relation, table, far)] if through else [*link(c, relation, table, far), c.scope(target, far)]
    joined = one.outerjoin(far, and_(*on))
    rows = select(_ONE).select_from(joined).where(where(c, target, far, tree, at))
    return sa.exists(rows.correlate_except(far, one))


def _owned_range(
    c: Compiler, info: EntityInfo, relation: Relation, table: FromClause, tree: Mapping[str, Any], at: str
) -> ColumnElement[bool] | None:
    """``region: {descendantOf: …}`` of an entity whose region owns it: one range over the row's own scope path."""
    if relation.name != info.facts.owner or relation.target != "Region" or set(tree) != {"descendantOf"}:
        return None
    if not region_follows(c.entities, info, c.viewer):
        return None
    if value_of(tree["descendantOf"]) is None:
        raise bad_input(f"{at}.descendantOf 不能为 null。", f"{at}.descendantOf must not be null.")
    return region_step(c, "descendantOf", table, tree["descendantOf"], f"{at}.descendantOf", path="scope_path")


def narrows(c: Compiler, info: EntityInfo, tree: Mapping[str, Any]) -> bool:
    """Whether a condition keeps to one subtree, by the column whose ranges are the viewer's scope."""
    if info.name == "Region":
        return "descendantOf" in tree
    owner = info.relations.get(info.facts.owner or "")
    inner = tree.get(owner.public) if owner is not None and owner.target == "Region" else None
    return isinstance(inner, Mapping) and set(inner) == {"descendantOf"} and region_follows(c.entities, info, c.viewer)


def holds_on_null(tree: Mapping[str, Any]) -> bool:
    """Whether the condition may be true of a row whose columns are all null; when in doubt, yes."""
    return all(_name_holds(name, value) for name, value in tree.items())


def _name_holds(name: str, value: Any) -> bool:
    if name == "and":
        return all(map(holds_on_null, value))
    if name == "or":
        return any(map(holds_on_null, value))
    if name == "not":
        return True
    if name in REGION_OPERATORS or value is None:
        return False
    return all(_operator_holds(operator, leaf) for operator, leaf in value.items())


def _operator_holds(operator: str, leaf: Any) -> bool:
    if operator == "isNull":
        return bool(value_of(leaf))
    if operator in ("none", "every", "count", "aggregate"):
        return True
    if operator != "some" and isinstance(leaf, Mapping):  # a field of the row that a reference names
        return _name_holds(operator, leaf)
    return operator in ("neq", "notIn")
