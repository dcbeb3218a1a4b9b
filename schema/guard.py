"""What a document may be: its limits, held before anything is validated, planned or run.

Two walks, both linear: ``schema.scanner`` looks at the text, and ``schema.prices`` counts and prices the parsed
document. What a limit says is a setting; docs/limits.md is the page for people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
)

from resolvers.faults import Denied
from resolvers.streams import BATCH
from resolvers.values import MAX_LIST
from schema.messages import variable_path
from schema.prices import Measure, Price, Prices, Variables, priced, too_long_a_list
from schema.scanner import scan
from settings import Settings

_INTROSPECTIONS = 20
"""One ``__schema`` or so many ``__type``: what it prints is not priced, and Python prints it."""


@dataclass(frozen=True)
class Guarded:
    """A document within the limits, and what its operations cost."""

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]
    fragments: Mapping[str, FragmentDefinitionNode]
    prices: tuple[Price, ...]
    """Of each operation."""
    about_schema: tuple[bool, ...]
    """Which of them ask something of the schema itself."""


class Guard:
    """Holds the limits of an installation."""

    def __init__(self, schema: GraphQLSchema, settings: Settings) -> None:
        self.schema, self.settings = schema, settings

    def read(self, text: str) -> Guarded:
        """Parse a document within the limits. Raises Denied, or GraphQLError for what is no GraphQL."""
        node = self._parsed(text)
        operations = tuple(d for d in node.definitions if isinstance(d, OperationDefinitionNode))
        fragments = {d.name.value: d for d in node.definitions if isinstance(d, FragmentDefinitionNode)}
        self._hold("operations", len(operations))
        self._hold("fragments", len(fragments))
        prices = Prices(self.schema, fragments, self.settings.nested_rows)
        measures = [prices.operation(operation) for operation in operations]
        for operation, found in zip(operations, measures, strict=True):
            self._hold("variables", len(operation.variable_definitions or ()))
            self._check(found)
        about = tuple(found.introspections > 0 for found in measures)
        return Guarded(node, operations, fragments, tuple(found.own for found in measures), about)

    def batch_price(self, operation: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]) -> Price:
        """What an export costs: its rows leave one by one, so it is priced by the rows that are in memory at a time."""
        return Prices(self.schema, fragments, self.settings.nested_rows, BATCH).operation(operation).own

    def cost(self, price: Price, variables: Variables) -> dict[str, int]:
        """The price of an operation for its variables, with the limit: what ``extensions.cost`` prints."""
        return {"price": priced(price, variables), "limit": self.settings.query_cost}

    def afford(self, cost: Mapping[str, int]) -> None:
        """Raises TOO_EXPENSIVE with the price where it is over the limit."""
        price, limit = cost["price"], cost["limit"]
        if price > limit:
            raise Denied(
                "TOO_EXPENSIVE",
                f"查询价格为 {_short(price)}，超过上限 {limit}。请减少 first、层数或字段，或分几次查询。",
                f"The query costs {_short(price)}, the limit is {limit}. Ask for fewer rows (first), levels or fields, "
                "or in several queries.",
                {"cost": {"price": min(price, _LARGEST), "limit": limit}},
            )

    def _parsed(self, text: str) -> DocumentNode:
        # A character is at most four bytes: most texts need not be encoded to be known to fit.
        if len(text) * 4 > self.settings.query_bytes:
            self._hold("bytes", len(text.encode(errors="surrogatepass")))
        found = scan(text, self.settings.query_tokens)
        for name in ("tokens", "comments", "fields", "literals"):
            self._hold(name, getattr(found, name))
        try:
            return parse(text)
        except GraphQLError as problem:
            if "nested too deeply" in problem.message:
                raise _too_deep() from None
            raise

    def weigh(self, variables: Mapping[str, Any], document: DocumentNode, is_query: bool) -> None:
        """Raises Denied for variables that hold more than is worth looking at, or in a query one long list."""
        open_: list[tuple[tuple[str, ...], Any]] = [((name,), value) for name, value in variables.items()]
        count = 0
        while open_:
            path, value = open_.pop()
            count += 1
            if isinstance(value, dict):
                open_ += [((*path, name), inner) for name, inner in value.items()]
            elif isinstance(value, list):
                if is_query and len(value) > MAX_LIST:
                    raise too_long_a_list((*variable_path(document, path[0]), *path[1:]))
                if value and isinstance(value[0], dict | list):
                    open_ += [((*path, str(i)), inner) for i, inner in enumerate(value)]
                else:
                    count += len(value)
            if count + len(open_) > self.settings.query_values:
                raise self._over("values", count + len(open_))

    def _check(self, found: Measure) -> None:
        self._hold("fields", found.fields)
        self._hold("repeats", found.repeats)
        self._hold("aliases", found.aliases)
        self._hold("directives", found.directives)
        self._hold("depth", found.depth)
        if found.introspections > _INTROSPECTIONS:
            raise Denied(
                "TOO_EXPENSIVE", "一次只能查询一回模式定义。", "Ask for the schema once at a time.",
                {"limit": {"name": "introspections", "most": _INTROSPECTIONS}},
            )  # fmt: skip

    def _hold(self, name: str, found: int) -> None:
        if found > getattr(self.settings, f"query_{name}"):
            raise self._over(name, found)

    def _over(self, name: str, found: int) -> Denied:
        most = getattr(self.settings, f"query_{name}")
        zh, en = _NAMES[name]
        return Denied(
            "TOO_EXPENSIVE",
            f"查询过大：{zh}为 {_short(found)}，最多 {most}。",
            f"The query is too large: {_short(found)} {en}, the limit is {most}.",
            {"limit": {"name": name, "most": most, "found": min(found, _LARGEST)}},
        )


_NAMES = {
    "bytes": ("文本字节数", "bytes of text"),
    "tokens": ("记号数", "tokens"),
    "comments": ("注释数", "comments"),
    "operations": ("操作数", "operations"),
    "fragments": ("片段数", "fragments"),
    "variables": ("变量数", "variables"),
    "fields": ("展开后的字段数", "fields with fragments unfolded"),
    "repeats": ("重复书写的字段数", "fields written again"),
    "aliases": ("展开后的别名数", "aliases with fragments unfolded"),
    "directives": ("展开后的指令数", "directives with fragments unfolded"),
    "literals": ("写在文本里的参数值", "argument values in the text (use variables)"),
    "values": ("变量的值", "values in the variables"),
    "depth": ("实体层数", "levels of entities"),
}
_LARGEST = 2**53 - 1
"""What every JSON reader holds exactly."""


def _short(number: int) -> str:
    return str(number) if number <= _LARGEST else f"> {_LARGEST}"


def _too_deep() -> Denied:
    return Denied("TOO_EXPENSIVE", "查询嵌套过深。", "The document nests too deep.", {"limit": {"name": "nesting"}})
