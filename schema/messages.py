"""What graphql-core says of a document, in Chinese; and where in the arguments it says it of.

Its suggestions ("Did you mean") stay as they are. Values that it quotes are left out: they may hold what belongs in no
log of a client.
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

_QUOTED = re.compile(
    r"(?<=[.,] )[Ff]ound: .*|, found .*|(?<=value): .*?(?=\. Did you mean|\. Expected|$)|: Unexpected error value: .*",
    re.DOTALL,
)
_QUOTED_TOKEN = re.compile(r"(?<=found )(String|BlockString|Int|Float) .*", re.DOTALL)
_SUGGESTION = re.compile(r" ?(Did you mean .*\?)", re.DOTALL)
_LONGEST = 500

_SENTENCES = [
    (r"Cannot query field '(.+?)' on type '(.+?)'", "类型 {1} 没有字段 {0}。"),
    (r"Unknown argument '(.+?)' on field '(.+?)'", "字段 {1} 没有参数 {0}。"),
    (r"Unknown argument '(.+?)' on directive '(.+?)'", "指令 {1} 没有参数 {0}。"),
    (r"Expected value of type '(.+?)' not to include unknown field '(.+?)'", "{0} 没有 {1} 一项。"),
    (r"Expected value of type '(.+?)' to include required field '(.+?)'", "{0} 缺少必填的 {1}。"),
    (r"Expected value of type '(.+?)' to be an object", "应是 {0}，写成 {{…}}。"),
    (r"Value '(.+?)' does not exist in '(.+?)' enum", "{1} 没有 {0} 一项。"),
    (r"Enum '(.+?)' cannot represent", "应是 {0} 中的一项（查询文本中不加引号）。"),
    (r"Int cannot represent non 32-bit", "整数超出范围（32 位）。"),
    (r"Int cannot represent", "应是整数。"),
    (r"String cannot represent", "应是文字。"),
    (r"ID cannot represent", "应是编号。"),
    (r"Boolean cannot represent", "应是 true 或 false。"),
    (r"Expected (?:a )?value of non-null type '(.+?)'", "不能为空（{0}）。"),
    (r"Argument '(.+?)' of type '(.+?)' is required", "缺少必填的参数 {0}，类型为 {1}。"),
    (r"Within OneOf Input Object type '(.+?)'", "{0} 要有且只有一项，且不为 null。"),
    (r"Field '(.+?)' of type '(.+?)' must have a selection", "字段 {0}（{1}）要写出所取的子字段。"),
    (r"Field '(.+?)' must not have a selection since type '(.+?)'", "字段 {0}（{1}）没有子字段。"),
    (r"Unknown fragment '(.+?)'", "没有片段 {0}。"),
    (r"Fragment '(.+?)' is never used", "片段 {0} 没有用到。"),
    (r"Cannot spread fragment '(.+?)' within itself", "片段 {0} 引用了自身。"),
    (r"Fragment (?:'(?:.+?)' )?cannot be spread here", "片段所在之处的类型不可能是它的类型。"),
    (r"Variable '(.+?)' is never used", "变量 {0} 没有用到。"),
    (r"Variable '(.+?)' is not defined", "变量 {0} 没有声明。"),
    (r"Variable '(.+?)' of type '(.+?)' used in position expecting type '(.+?)'", "变量 {0} 是 {1}，此处应是 {2}。"),
    (r"Variable values are nested too deeply", "变量嵌套过深。"),
    (r"Unknown type '(.+?)'", "没有类型 {0}。"),
    (r"Unknown directive '(.+?)'", "没有指令 {0}。"),
    (r"Directive '(.+?)' may not be used on", "指令 {0} 不能用在这里。"),
    (r"The directive '(.+?)' can only be used once", "指令 {0} 在一处只能用一次。"),
    (r"Fields '(.+?)' conflict because", "同名的字段 {0} 所取不同，请各起别名。"),
    (r"There can be only one .+? named '(.+?)'", "{0} 只能写一次。"),
    (r"GraphQL introspection has been disabled", "本服务不提供模式定义的查询。"),
    (r"The (.+?) operation is not supported", "不支持 {0} 操作。"),
    (r"Too many .*errors", "错误过多，只列出前几处。"),
    (r"Syntax Error: (.+)", "语法错误：{0}"),
]
_PATTERNS = [(re.compile(pattern, re.DOTALL), sentence) for pattern, sentence in _SENTENCES]
_VARIABLE = re.compile(r"Variable '\$(\w+)' has invalid (?:default )?value(?: at ([^:]*))?: (.*)", re.DOTALL)


def worded(error: GraphQLError, english: bool) -> str:
    """What an error of graphql-core says, for people: where, and what is wrong."""
    found = _VARIABLE.match(error.message)
    quoting = found[3] if found else error.message
    is_syntax = quoting.startswith("Syntax Error")
    message = (_QUOTED_TOKEN.sub(r"\1.", quoting) if is_syntax else _QUOTED.sub("", quoting)).strip()[:_LONGEST]
    path = (error.extensions or {}).get("path")
    if english:
        return f"{dotted(path)}: {message}" if path else message
    return f"{dotted(path)}：{_chinese(message)}" if path else _chinese(message)


def _chinese(message: str) -> str:
    suggested = _SUGGESTION.search(message)
    for pattern, sentence in _PATTERNS:
        found = pattern.match(message)
        if found:
            return sentence.format(*found.groups()) + (suggested[1] if suggested else "")
    # Our own scalars speak both languages.
    return message if re.search("[\u4e00-\u9fff]", message) else f"请求有误：{message}"


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
