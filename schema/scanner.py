"""A quick look at the text of a document before it is parsed.

The parser makes several objects for each token, 50 ms of work for the most tokens that are let in: what is plainly too
much should be known before. One regular expression splits the text as graphql-core's lexer does; it goes back nowhere,
so its time is linear, and what is no GraphQL at all passes, for the parser to refuse with a place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    "{3}(?:[^"\\]|\\"{3}|\\|"(?!""))*+(?:"{3}|\Z)     # a block string, to the end of the text where it has none
    | "(?:[^"\\\n\r]|\\.)*+"?                           # a string
    | \#[^\n\r]*+                                       # a comment
    | [_A-Za-z][_0-9A-Za-z]*+                           # a name
    | -?[0-9][0-9.eE+-]*+                               # a number
    | \.\.\. | [^\s,\ufeff]                             # everything else stands for itself
    """,
    re.VERBOSE,
)


@dataclass(frozen=True)
class Scan:
    """What stands in a text, as it is written."""

    tokens: int
    comments: int
    fields: int
    """In all selections together."""
    literals: int
    """Values within parentheses: literals, enum values, lists, objects and uses of variables."""


def scan(text: str, most: int) -> Scan:
    """Count what a text holds; of one of more than `most` tokens and comments only that it holds too much."""
    found = [match[0] for match, _ in zip(_TOKEN.finditer(text), range(2 * most + 2), strict=False)]
    comments = sum([token[0] == "#" for token in found])
    if comments:
        found = [token for token in found if token[0] != "#"]
    if len(found) > most:
        return Scan(len(found), comments, 0, 0)
    return Scan(len(found), comments, *_fields_and_literals(found))


def _fields_and_literals(tokens: list[str]) -> tuple[int, int]:
    fields = literals = braces = parentheses = 0
    before = ""
    # Braces within parentheses are those of values.
    for token, after in zip(tokens, [*tokens[1:], ""], strict=False):
        first = token[0]
        if first == "(":
            parentheses += 1
        elif first == ")":
            parentheses -= 1
        elif parentheses:
            literals += (first in '"{[_-' or first.isalnum()) and after != ":"
        elif first == "{":
            braces += 1
        elif first == "}":
            braces -= 1
        elif braces and (first.isalpha() or first == "_") and after != ":":
            # After "..." stands a fragment's name or "on", after "on" a type, after "@" a directive.
            fields += before not in ("...", "@") and not (before == "on" and after in ("{", "@"))
        before = token
    return fields, literals
