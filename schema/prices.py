"""What a document would cost: the one place where the formula of docs/limits.md is written.

About one per value that would be printed. A selection is walked once, each fragment once for each of two positions (at
the top, or inside a row), and becomes a price: a number, or where variables decide, a function of their values that
costs microseconds. So the price of a known document is looked up, and the whole work is linear in the length of the
document, whatever its fragments unfold into.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FloatValueNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_interface_type,
    is_list_type,
    is_union_type,
)

from resolvers.faults import Denied
from resolvers.values import MAX_LIST
from schema.messages import dotted

Variables = Mapping[str, Any]
Price = int | Callable[[Variables], int]

STATEMENT = 1_000
"""What a statement costs that prints nothing: as much CPU as so many values. The one statement of a list or a row is
paid for by what it prints."""
WRITE = 10
"""Statements of a write of one row: what it refers to, the row, its search entries, its record."""
STATEMENTS = {
    "accountActs": 22, "accountSessions": 13, "accountTokens": 13, "allowedSteps": 8, "explainAccess": 16,
    "grantableRoles": 17, "jobs": 4, "me": 0, "measures": 0, "ownAccount": 5,
}  # fmt: skip
"""How many statements a field of the query type runs that is written by hand, the transaction counted as one more; a
test counts them."""
PAGE = 200
"""Rows of a list that does not say how many and is no row's own."""
LARGEST_PAGE = 10_000
"""A page may not be larger; what asks for more is refused for that, not for its price."""
_PAGED = ("first", "last", "atMost")
"""Arguments that say how many there will be."""
_PAGING = frozenset((*_PAGED, "after", "before", "offset"))
_QUANTIFIERS = frozenset({"some", "every", "none"})
"""In a condition: looked up in a list of each row."""
_PAST = "asOf"
"""An argument of a root: rows as they stood are looked for in two places."""
_WHOLE = "subtotals"
"""A list that paging does not shorten."""
_LONGEST_NUMBER = 64


@dataclass(frozen=True)
class Measure:
    """What there is in a selection, with its fragments unfolded.

    `own` is the price of what stands there once, `rows` that of each row of the page the selection belongs to.
    """

    fields: int = 0
    aliases: int = 0
    directives: int = 0
    repeats: int = 0
    depth: int = 0
    """Entities on the longest way down."""
    introspections: int = 0
    own: Price = 0
    rows: Price = 0


def priced(price: Price, variables: Variables) -> int:
    """A price for these values of the variables, as ``get_variable_values`` coerces them."""
    return price if isinstance(price, int) else price(variables)


class Prices:
    """The prices of one document. Raises Denied for a number that no column could hold."""

    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], nested_rows: int,
        batch: int | None = None,
    ) -> None:  # fmt: skip
        """`batch`: how many rows of a list at the top there are at a time, where they leave one by one."""
        self.schema, self.fragments, self.nested_rows, self.batch = schema, fragments, nested_rows, batch
        self._known: dict[tuple[str, bool], Measure] = {}

    def operation(self, operation: OperationDefinitionNode) -> Measure:
        """All of an operation; its price is `own`."""
        roots = {
            OperationType.QUERY: self.schema.query_type,
            OperationType.MUTATION: self.schema.mutation_type,
            OperationType.SUBSCRIPTION: self.schema.subscription_type,
        }
        found = self._selection(operation.selection_set, roots[operation.operation], nested=False)
        # Lists at the top that have no pages of their own are taken for short.
        short = Measure(directives=len(operation.directives or ()), own=times(self.nested_rows, found.rows))
        return _sum([found, short])

    def _selection(self, selected: SelectionSetNode, parent: Any, nested: bool) -> Measure:
        keys = [(s.alias or s.name).value for s in selected.selections if isinstance(s, FieldNode)]
        found = [self._one(selection, parent, nested) for selection in selected.selections]
        return _sum([*found, Measure(repeats=len(keys) - len(set(keys)))])

    def _one(self, selection: SelectionNode, parent: Any, nested: bool) -> Measure:
        if isinstance(selection, FieldNode):
            found = self._field(selection, parent, nested)
        elif isinstance(selection, FragmentSpreadNode):
            found = self._fragment(selection.name.value, nested)
        else:
            assert isinstance(selection, InlineFragmentNode)
            condition = selection.type_condition
            kind = self.schema.get_type(condition.name.value) if condition else parent
            found = self._selection(selection.selection_set, kind, nested)
        return _when(selection.directives or (), found)

    def _fragment(self, name: str, nested: bool) -> Measure:
        fragment = self.fragments.get(name)
        if fragment is None:
            return Measure()
        if (name, nested) not in self._known:
            # Validation refuses a fragment within itself; until then it adds nothing.
            self._known[name, nested] = Measure()
            kind = self.schema.get_type(fragment.type_condition.name.value)
            self._known[name, nested] = self._selection(fragment.selection_set, kind, nested)
        return self._known[name, nested]

    def _field(self, node: FieldNode, parent: Any, nested: bool) -> Measure:
        found = self._now(node, parent, nested)
        for argument in node.arguments or ():
            if argument.name.value == _PAST:
                found = replace(found, own=times(_twice(argument.value), found.own))
        return found

    def _now(self, node: FieldNode, parent: Any, nested: bool) -> Measure:
        name = node.name.value
        counted = Measure(1, int(node.alias is not None), own=1 + self._work(name, parent))
        if node.selection_set is None:
            return _sum([counted, Measure(own=self._arguments(node))])
        definition = getattr(parent, "fields", {}).get(name)
        kind = get_named_type(definition.type) if definition else None
        many = definition is not None and is_list_type(get_nullable_type(definition.type))
        inner = self._selection(node.selection_set, kind, nested or many or _is_entity(kind))
        statics = _sum([Measure(1, counted.aliases, own=self._work(name, parent)), _statics(inner)])
        if name in ("__schema", "__type"):
            return _sum([statics, Measure(introspections=20 if name == "__schema" else 1)])
        depth = inner.depth + int(_is_entity(kind))
        each = plus(1, inner.own)
        arguments = self._arguments(node)
        page = self._page(node, definition, nested)
        if not many:
            rows = times(self.nested_rows if page is None else page, inner.rows)
            return _sum([statics, Measure(depth=depth, own=plus(each, rows, arguments))])
        each = plus(each, times(self.nested_rows, inner.rows))
        if page is None and name != _WHOLE:
            return _sum([statics, Measure(depth=depth, own=plus(1, arguments), rows=each)])
        size = page if page is not None else self._default(nested)
        return _sum([statics, Measure(depth=depth, own=plus(1, arguments, times(size, each)))])

    def _work(self, name: str, parent: Any) -> int:
        """What a field costs before it prints anything."""
        if parent is self.schema.query_type:
            return STATEMENTS.get(name, 0) * STATEMENT
        return WRITE * STATEMENT if parent is self.schema.mutation_type else 0

    def _default(self, nested: bool) -> int:
        return self.nested_rows if nested else PAGE

    def _page(self, node: FieldNode, definition: Any, nested: bool) -> Price | None:
        """How many rows a field asks for; None where that is not its to say."""
        known = getattr(definition, "args", {})
        if not any(name in known for name in _PAGED):
            return None
        default = self._default(nested)
        given = [argument.value for argument in node.arguments or () if argument.name.value in _PAGED]
        if not given:
            return default if nested or self.batch is None else self.batch
        sizes = [_size(value, default) for value in given]
        size = sizes[0] if len(sizes) == 1 else LARGEST_PAGE
        return size if nested or self.batch is None else at_most(self.batch, size)

    def _arguments(self, node: FieldNode) -> Price:
        """The leaves of a field's conditions, orderings and inputs; how many and from where costs nothing by itself."""
        found = [(a.name.value, self._value(a.value, (a.name.value,))) for a in node.arguments or ()]
        return plus(*(price for name, price in found if name not in _PAGING))

    def _value(self, value: ValueNode, path: tuple[str, ...]) -> Price:
        """One for each leaf, in a list of each row as often as such a list has rows."""
        if isinstance(value, VariableNode):
            name, rows = value.name.value, self.nested_rows
            return lambda variables: weight(variables.get(name), rows)
        if isinstance(value, ListValueNode):
            if len(value.values) > MAX_LIST:
                raise too_long_a_list(path)
            return plus(*(self._value(item, path) for item in value.values))
        if isinstance(value, ObjectValueNode):
            parts = []
            for field in value.fields:
                name = field.name.value
                part = self._value(field.value, (*path, name))
                parts.append(times(self.nested_rows, part) if name in _QUANTIFIERS else part)
            return plus(*parts)
        if isinstance(value, IntValueNode | FloatValueNode) and len(value.value) > _LONGEST_NUMBER:
            raise _too_long(path)
        return 1


def weight(value: Any, nested_rows: int) -> int:
    """The leaves of a variable, counted as ``Prices`` counts those of a literal."""
    if isinstance(value, Mapping):
        return sum(
            weight(item, nested_rows) * (nested_rows if name in _QUANTIFIERS else 1) for name, item in value.items()
        )
    if isinstance(value, list):
        if value and not isinstance(value[0], Mapping | list):
            return len(value)
        return sum(weight(item, nested_rows) for item in value)
    return 1


# --- arithmetic of prices --------------------------------------------------------------------------------------------


def plus(*prices: Price) -> Price:
    """The sum; what is known now is added now."""
    fixed = sum(price for price in prices if isinstance(price, int))
    open_ = [price for price in prices if not isinstance(price, int)]
    if not open_:
        return fixed
    if len(open_) == 1 and not fixed:
        return open_[0]
    if len(open_) == 1:
        only = open_[0]
        return lambda variables: fixed + only(variables)
    return lambda variables: fixed + sum([price(variables) for price in open_])


def times(size: Price, price: Price) -> Price:
    """The product; what is known now is multiplied now."""
    if isinstance(size, int) and isinstance(price, int):
        return size * price
    if size == 0 or price == 0:
        return 0
    if isinstance(size, int):
        assert not isinstance(price, int)
        return lambda variables: size * price(variables)
    if isinstance(price, int):
        return lambda variables: size(variables) * price
    return lambda variables: size(variables) * price(variables)


def at_most(most: int, price: Price) -> Price:
    """The smaller of the two."""
    if isinstance(price, int):
        return min(most, price)
    return lambda variables: min(most, price(variables))


def _sum(measures: Sequence[Measure]) -> Measure:
    return Measure(
        sum([m.fields for m in measures]), sum([m.aliases for m in measures]), sum([m.directives for m in measures]),
        sum([m.repeats for m in measures]), max([m.depth for m in measures], default=0),
        sum([m.introspections for m in measures]),
        plus(*(m.own for m in measures)), plus(*(m.rows for m in measures)),
    )  # fmt: skip


def _statics(found: Measure) -> Measure:
    """What is counted wherever it stands."""
    return Measure(found.fields, found.aliases, found.directives, found.repeats, introspections=found.introspections)


def _size(value: ValueNode, default: int) -> Price:
    if isinstance(value, VariableNode):
        name = value.name.value

        def size(variables: Variables) -> int:
            given = variables.get(name)
            return max(0, min(given, LARGEST_PAGE)) if isinstance(given, int) else default

        return size
    if isinstance(value, IntValueNode):
        return max(0, min(int(value.value[:9]), LARGEST_PAGE))
    return default


def _twice(moment: ValueNode) -> Price:
    """2 where a moment is given, else 1."""
    if isinstance(moment, VariableNode):
        name = moment.name.value
        return lambda variables: 1 if variables.get(name) is None else 2
    return 1 if isinstance(moment, NullValueNode) else 2


def _when(directives: Iterable[DirectiveNode], found: Measure) -> Measure:
    """What @include and @skip leave of a price; all of it is counted in any case."""
    own, rows, count = found.own, found.rows, 0
    for directive in directives:
        count += 1
        wanted = {"include": True, "skip": False}.get(directive.name.value)
        for argument in directive.arguments or () if wanted is not None else ():
            if argument.name.value == "if":
                here = _holds(argument.value, bool(wanted))
                own, rows = times(here, own), times(here, rows)
    if not count:
        return found
    return _sum([_statics(found), Measure(directives=count, depth=found.depth, own=own, rows=rows)])


def _holds(value: ValueNode, wanted: bool) -> Price:
    if isinstance(value, VariableNode):
        name = value.name.value
        return lambda variables: int(variables.get(name, wanted) is wanted)
    return int(getattr(value, "value", wanted) is wanted)


def _is_entity(kind: Any) -> bool:
    if is_union_type(kind):
        return any(_is_entity(one) for one in kind.types)
    interfaces: Iterable[Any] = getattr(kind, "interfaces", ())
    return is_interface_type(kind) or any(found.name == "Node" for found in interfaces)


def too_long_a_list(path: tuple[str, ...]) -> Denied:
    """A list of a condition or an ordering is bounded, whoever writes it."""
    place = dotted(path)
    en = f"{place}: a list holds at most {MAX_LIST} values."
    return Denied("BAD_INPUT", f"{place}：列表最多 {MAX_LIST} 个值。", en, {"path": list(path)})


def _too_long(path: tuple[str, ...]) -> Denied:
    place = dotted(path)
    return Denied(
        "BAD_INPUT", f"{place}：数字过长。", f"{place}: the number has too many digits.", {"path": list(path)}
    )
