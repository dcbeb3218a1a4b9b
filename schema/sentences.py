"""The sentences of graphql-core and of our scalars in one language: pattern -> Chinese."""

from __future__ import annotations

import re

_BETWEEN = "\x01"
"""Parts Chinese and English in a message of our scalars: who asks is known only where the answer is printed."""


def spoken(zh: str, en: str) -> str:
    """A message in both languages, of which ``in_english`` and ``in_chinese`` leave one."""
    return f"{_BETWEEN}{zh}{_BETWEEN}{en}{_BETWEEN}"


def in_english(message: str) -> str:
    """A message of graphql-core, with what our scalars said in English."""
    return message.split(_BETWEEN)[2] if message.count(_BETWEEN) >= 3 else message


def in_chinese(message: str) -> str:
    """The same in Chinese; what graphql-core may say one day and nobody has translated is not repeated."""
    if message.count(_BETWEEN) >= 3:
        return message.split(_BETWEEN)[1]
    suggested = _SUGGESTION.search(message)
    for pattern, sentence in _PATTERNS:
        if found := pattern.match(message):
            return sentence.format(*found.groups()) + (_suggestion(suggested[1]) if suggested else "")
    return f"语法错误：{_syntax(message.removeprefix(_SYNTAX))}" if message.startswith(_SYNTAX) else "请求有误。"


_SUGGESTION = re.compile(r" ?(Did you mean .*\?)", re.DOTALL)


def _suggestion(said: str) -> str:
    names = "、".join(re.findall(r"'([^']*)'", said))
    return f"是不是要写 {'... on ' if 'inline fragment' in said else ''}{names}？"


_SENTENCES = [
    (r"Cannot query field '(.+?)' on type '(.+?)'", "类型 {1} 没有字段 {0}。"),
    (r"Unknown argument '(.+?)' on field '(.+?)'", "字段 {1} 没有参数 {0}。"),
    (r"Unknown argument '(.+?)' on directive '(.+?)'", "指令 {1} 没有参数 {0}。"),
    (r"Expected value of type '(.+?)' not to include unknown field '(.+?)'", "{0} 没有 {1} 一项。"),
    (r"Expected value of type '(.+?)' to include required field '(.+?)'", "{0} 缺少必填的 {1}。"),
    (r"Expected value of type '(.+?)' to be an object", "应是 {0}，写成 {{…}}。"),
    (r"Expected variable '(.+?)' provided .*? to provide a runtime value", "变量 {0} 没有给出值。"),
    (r"Expected variable '(.+?)' provided .*? not to be None", "变量 {0} 不能为空。"),
    (r"Value '(.*?)' does not exist in '(.+?)' enum", "{1} 没有 {0} 一项。"),
    (r"Enum '(.+?)' cannot represent", "应是 {0} 中的一项（查询文本中不加引号）。"),
    (r"Int cannot represent non 32-bit", "整数超出范围（32 位）。"),
    (r"Int cannot represent", "应是整数。"),
    (r"Float cannot represent", "应是数字。"),
    (r"String cannot represent", "应是文字。"),
    (r"ID cannot represent", "应是编号。"),
    (r"Boolean cannot represent", "应是 true 或 false。"),
    (r"Expected (?:a )?value of non-null type '(.+?)'", "不能为空（{0}）。"),
    (r"Expected value of type '(.+?)'", "应是 {0}。"),
    (r"Argument '(.+?)' of type '(.+?)' is required", "缺少必填的参数 {0}，类型为 {1}。"),
    (r"Within OneOf Input Object type '(.+?)'", "{0} 要有且只有一项，且不为 null。"),
    (r"Field '(.+?)' of type '(.+?)' must have a selection", "字段 {0}（{1}）要写出所取的子字段。"),
    (r"Field '(.+?)' must not have a selection since type '(.+?)'", "字段 {0}（{1}）没有子字段。"),
    (r"Unknown fragment '(.+?)'", "没有片段 {0}。"),
    (r"Fragment '(.+?)' is never used", "片段 {0} 没有用到。"),
    (r"Cannot spread fragment '(.+?)' within itself", "片段 {0} 引用了自身。"),
    (r"Fragment (?:'(?:.+?)' )?cannot be spread here", "片段所在之处的类型不可能是它的类型。"),
    (r"Fragment (?:'(?:.+?)' )?cannot condition on non composite type '(.+?)'", "{0} 没有字段，不能用作片段的类型。"),
    (r"Variable '(.+?)' cannot be non-input type '(.+?)'", "变量 {0} 的类型 {1} 不能用于输入。"),
    (r"Variable '(.+?)' is never used", "变量 {0} 没有用到。"),
    (r"Variable '(.+?)' is not defined", "变量 {0} 没有声明。"),
    (r"Variable '(.+?)' of type '(.+?)' used in position expecting type '(.+?)'", "变量 {0} 是 {1}，此处应是 {2}。"),
    (r"Variable '(.+?)' is of type '(.+?)'", "变量 {0} 的类型 {1} 可以为空，此处不可以。"),
    (r"Variable values are nested too deeply", "变量嵌套过深。"),
    (r"Unknown type '(.+?)'", "没有类型 {0}。"),
    (r"Unknown directive '(.+?)'", "没有指令 {0}。"),
    (r"Directive '(.+?)' may not be used on", "指令 {0} 不能用在这里。"),
    (r"The directive '(.+?)' can only be used once", "指令 {0} 在一处只能用一次。"),
    (r"The (.+?) definition is not executable", "{0} 是类型定义，不能执行。"),
    (r"Fields '(.+?)' conflict because", "同名的字段 {0} 所取不同，请各起别名。"),
    (r"There can be only one .+? named '(.+?)'", "{0} 只能写一次。"),
    (r"This anonymous operation must be the only", "有多个操作时，每个都要有名字。"),
    (r"Must provide operation name", "有多个操作，请用 operationName 指明一个。"),
    (r"Unknown operation named '(.+?)'", "没有操作 {0}。"),
    (r"Must provide an operation", "查询文本里没有操作。"),
    (r"GraphQL introspection has been disabled", "本服务不提供模式定义的查询。"),
    (r"Maximum introspection depth exceeded", "模式定义的查询嵌套过深。"),
    (r"The (.+?) operation is not supported", "不支持 {0} 操作。"),
    (r"Too many .*errors", "错误过多，只列出前几处。"),
]
_PATTERNS = [(re.compile(pattern, re.DOTALL), sentence) for pattern, sentence in _SENTENCES]

# --- syntax -----------------------------------------------------------------------------------------------------------

_SYNTAX = "Syntax Error: "
_ERRORS = [
    (r"Unexpected variable '(.+?)' in constant value", "常量里不能用变量 {0}。"),
    (r"Unexpected description", "这里不能写说明文字。"),
    (r"Unexpected '\.\.'", "“..”有误，是不是要写“...”？"),
    (r"Unexpected single quote", "不能用单引号，请用双引号。"),
    (r"(?:Unexpected|Invalid) character(?: within String)?: (.+?)\.?$", "不能使用的字符 {0}。"),
    (r"Invalid number, expected digit before", "数字有误：小数点前缺一位。"),
    (r"Invalid number", "数字有误。"),
    (r"Invalid (?:Unicode|character) escape sequence", "字符串里的转义有误。"),
    (r"Unterminated string", "字符串没有结束。"),
    (r"Document contains more than (\d+) (?:tokens|comments)", "查询文本过长：记号或注释超过 {0} 个。"),
    (r"Document is nested too deeply", "嵌套过深。"),
    (r"Expected (.+), found (.+?)\.?$", "应是 {0}，现在是 {1}。"),
    (r"Unexpected (.+?)\.?$", "不应出现 {0}。"),
]
_WRONG = [(re.compile(pattern, re.DOTALL), sentence) for pattern, sentence in _ERRORS]
_TOKENS = {
    "<EOF>": "文末", "<SOF>": "开头", "Name": "名称", "BlockString": "字符串", "String": "字符串", "Int": "整数",
    "Float": "小数", "Comment": "注释",
}  # fmt: skip


def _syntax(message: str) -> str:
    for pattern, sentence in _WRONG:
        if found := pattern.match(message):
            return sentence.format(*(_token(part) for part in found.groups()))
    return "查询文本有误。"


def _token(said: str) -> str:
    return re.sub(r"<EOF>|<SOF>|\b(?:Name|BlockString|String|Int|Float|Comment)\b(?!')", lambda m: _TOKENS[m[0]], said)
