"""What graphql-core says of a document, in one language; and where in the arguments it says it of.

Values that it quotes are left out: they may hold what belongs in no log of a client.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLInputType,
    InlineFragmentNode,
    ListValueNode,
    Node,
    ObjectFieldNode,
    ObjectValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    ValuesOfCorrectTypeRule,
    VariableNode,
)
from graphql.language.visitor import SKIP, VisitorAction
from graphql.utilities.validate_input_value import validate_input_literal

from schema.sentences import in_chinese, in_english

_QUOTED = re.compile(
    r"(?<=[.,] )[Ff]ound: .*|, found .*|(?<=value): .*?(?=\. Did you mean|\. Expected|$)|: Unexpected error value: .*",
    re.DOTALL,
)
_QUOTED_TOKEN = re.compile(r"(?<=found )(String|BlockString|Int|Float) .*", re.DOTALL)
_LONGEST = 500

_VARIABLE = re.compile(r"Variable '\$(\w+)' has invalid (?:default )?value(?: at ([^:]*))?: (.*)", re.DOTALL)


def worded(error: GraphQLError, english: bool) -> str:
    """What an error of graphql-core says, for people: where, and what is wrong."""
    found = _VARIABLE.match(error.message)
    quoting = found[3] if found else error.message
    is_syntax = quoting.startswith("Syntax Error")
    message = (_QUOTED_TOKEN.sub(r"\1.", quoting) if is_syntax else _QUOTED.sub("", quoting)).strip()[:_LONGEST]
    path = (error.extensions or {}).get("path")
    if english:
        return f"{dotted(path)}: {in_english(message)}" if path else in_english(message)
    return f"{dotted(path)}：{in_chinese(message)}" if path else in_chinese(message)


def dotted(path: Sequence[str]) -> str:
    """A path as people write it: ``where.and[0].name``."""
    return "".join(f"[{step}]" if step.isdigit() else f".{step}" for step in path).removeprefix(".")


class Unplaced(GraphQLError):
    """An error of a scalar that GraphQL itself brings: it knows the value it was asked of, not where in it."""

    def __init__(self, message: str, node: ValueNode, below: Sequence[str | int]) -> None:
        super().__init__(message, node)
        self.below = [str(step) for step in below]


class PlacedValues(ValuesOfCorrectTypeRule):
    """graphql-core's rule for literals, whose errors all say which value is wrong."""

    def is_valid_value_node(self, node: ValueNode, input_type: GraphQLInputType | None) -> VisitorAction:
        """Report what is wrong with a literal; nothing below it is visited again."""

        def report(error: GraphQLError, path: list[str | int]) -> None:
            placed = error.nodes and error.nodes[0].loc  # a copy that was made of the literal stands nowhere
            self.report_error(error if placed else Unplaced(error.message, node, path))

        if input_type:
            validate_input_literal(node, input_type, report, None, None, self.context.hide_suggestions)
        return SKIP


def place_errors(errors: list[GraphQLError], document: DocumentNode) -> list[GraphQLError]:
    """The same errors; those about a value know its path from the argument's name, in ``extensions``."""
    for error in errors:
        path = _path(error, document)
        if path and isinstance(error, Unplaced):
            path += error.below
        if path:
            error.extensions = {**(error.extensions or {}), "path": path}
    return errors


def variable_path(document: DocumentNode, name: str) -> tuple[str, ...]:
    """The path of the value that a variable stands for, where it is used first."""
    used = (path for node, path in _values(document) if isinstance(node, VariableNode) and node.name.value == name)
    return next(used, (f"${name}",))


def _path(error: GraphQLError, document: DocumentNode) -> list[str] | None:
    found = _VARIABLE.match(error.message)
    if found:
        unknown = re.search(r"not to include unknown field '(\w+)'", found[3])
        below = [*re.findall(r"\w+", found[2] or ""), *([unknown[1]] if unknown else [])]
        return [*variable_path(document, found[1]), *below]
    wrong = error.nodes[0] if error.nodes else None
    return next((list(path) for node, path in _values(document) if node is wrong), None)


def _values(document: DocumentNode) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Every argument, value and input field of a document with its path."""
    open_: list[tuple[Node, tuple[str, ...]]] = [(node, ()) for node in reversed(document.definitions)]
    while open_:
        node, path = open_.pop()
        below: list[tuple[Node, tuple[str, ...]]] = []
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode | InlineFragmentNode):
            below = [(node.selection_set, ())]
        elif isinstance(node, SelectionSetNode):
            below = [(selection, ()) for selection in node.selections]
        elif isinstance(node, FieldNode):
            below = [(argument, ()) for argument in node.arguments or ()]
            below += [(node.selection_set, ())] if node.selection_set else []
        elif isinstance(node, ArgumentNode | ObjectFieldNode):
            path = (*path, node.name.value)
            below = [(node.value, path)]
        elif isinstance(node, ObjectValueNode):
            below = [(part, path) for part in node.fields]
        elif isinstance(node, ListValueNode):
            below = [(item, (*path, str(i))) for i, item in enumerate(node.values)]
        if path:
            yield node, path
        open_ += reversed(below)
