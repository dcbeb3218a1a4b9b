"""Who may: a cell of the permission matrix, operations on the rows of a scope that meet a condition (DOMAIN 5).

A cell is one grant or several, parted by semicolons: ``"R D where kind in SCHOOL HOSPITAL; RU S where open is true"``.
A condition looks at enumerations and yes-no columns of the row itself; a column that is empty meets none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from db.enumeration import Role

OPERATIONS = {"R": "查看", "C": "新建", "U": "修改", "S": "提交", "V": "审核", "X": "导出", "E": "查看原文"}


SCOPES = {
    "A": "全部", "P": "本省", "C": "本市", "D": "本区县", "S": "本所辖区", "B": "本机构及下属", "G": "本网格",
    "K": "本调委会", "O": "本人", "L": "关联", "T": "技术记录", "-": "无",
}  # fmt: skip


REGION_SCOPES = frozenset("PCDS")


_ALWAYS = frozenset({"id", "version"})


@dataclass(frozen=True)
class Test:
    """One test of a condition: the column holds one of some values, or, `negated`, another one that is known."""

    column: str
    words: tuple[str, ...]
    """Members of the enumeration by name, or "true" or "false"."""
    negated: bool = False
    values: tuple[str | bool, ...] = ()
    """What the column holds where the test is met, as it is stored; known once the model is (``Grant.settled``)."""

    def met(self, row: Mapping[str, Any]) -> bool:
        """Whether a row with these columns meets it."""
        return row[self.column] in self.values


Where = tuple[Test, ...]
"""All of them have to be met; none: every row meets it."""


@dataclass(frozen=True)
class Grant:
    """One grant of a cell of the permission matrix (DOMAIN 5.2)."""

    operations: frozenset[str]
    scope: str
    above: bool = False
    """Rows of the regions above one's own may be read as well (`^`)."""
    aggregate_only: bool = False
    masked: bool = False
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict, hash=False)
    """Operation -> the only columns it may touch."""
    where: Where = ()

    @property
    def by_regions(self) -> bool:
        """Whether ranges of regions alone say which rows it opens."""
        return self.scope in REGION_SCOPES and not self.where

    def touches(self, operation: str, column: str) -> bool:
        """Whether the operation may touch a column; what tells one row and its changes from another, it always may."""
        named = self.columns.get(operation)
        return named is None or column in _ALWAYS or column in named

    def settled(self, members: Callable[[str], tuple[str | bool, ...]]) -> Grant:
        """The same grant with the values of its tests. Raises ValueError for a word that is no value of its column.

        `members` are the values that a column can hold; it raises ValueError for a column that takes no test.
        """
        return replace(self, where=tuple(_settled(test, members(test.column)) for test in self.where))

    @classmethod
    def parse(cls, text: str) -> Grant:
        """``"RU(name,short_name) D^ where kind in A"`` -> a grant. Raises ValueError with what is wrong in the text."""
        said, keyword, condition = text.partition(" where ")
        shape = re.fullmatch(r"((?:[RCUSVXE](?:\([a-z0-9_, ]+\))?)+)(\*?)(m?) ([APCDSBGKOLT-])(\^?)", said)
        if shape is None:
            raise ValueError(f"{text!r} is not OPERATIONS[*][m] SCOPE[^] [where …], such as 'RCU D', 'R* P' or 'Rm D'")
        operations, columns = set(), {}
        for letter, names in re.findall(r"([RCUSVXE])(?:\(([a-z0-9_, ]+)\))?", shape[1]):
            operations.add(letter)
            if names:
                columns[letter] = frozenset(name.strip() for name in names.split(","))
        where = tuple(_test(part) for part in condition.split(" and ")) if keyword else ()
        return cls(frozenset(operations), shape[4], bool(shape[5]), bool(shape[2]), bool(shape[3]), columns, where)


def _test(text: str) -> Test:
    if (listed := re.fullmatch(r"([a-z0-9_]+) (not )?in ([A-Z0-9_]+(?: [A-Z0-9_]+)*)", text)) is not None:
        return Test(listed[1], tuple(listed[3].split()), bool(listed[2]))
    if (flag := re.fullmatch(r"([a-z0-9_]+) is (true|false)", text)) is not None:
        return Test(flag[1], (flag[2],))
    raise ValueError(f"{text!r} is not 'COLUMN [not] in MEMBER …' or 'COLUMN is true', tests joined by 'and'")


def _settled(test: Test, members: tuple[str | bool, ...]) -> Test:
    named = {str(member).lower() if isinstance(member, bool) else member: member for member in members}
    for word in test.words:
        if word not in named:
            raise ValueError(f"{word!r} is no value of {test.column!r}; it holds {' '.join(named)}")
    values = tuple(member for word, member in named.items() if (word in test.words) != test.negated)
    if not values or len(values) == len(named):
        raise ValueError(f"the test of {test.column!r} parts no rows from others")
    return replace(test, values=values)


class Grants:
    """The cells of an entity, role by role in the order of the model; a role has one grant or several."""

    def __init__(self, pairs: Iterable[tuple[Role, Grant]] = ()) -> None:
        self._pairs = tuple(pairs)

    def items(self) -> tuple[tuple[Role, Grant], ...]:
        """Every grant with its role."""
        return self._pairs

    def values(self) -> tuple[Grant, ...]:
        """Every grant."""
        return tuple(grant for _, grant in self._pairs)

    def of(self, role: Role) -> tuple[Grant, ...]:
        """The grants of a role; none where it has no cell."""
        return tuple(grant for held, grant in self._pairs if held is role)

    def roles(self) -> tuple[Role, ...]:
        """The roles that have a cell."""
        return tuple(dict.fromkeys(role for role, _ in self._pairs))
