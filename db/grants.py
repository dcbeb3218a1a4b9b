"""Who may: one cell of the permission matrix, operations on the rows of a scope (DOMAIN 5)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

OPERATIONS = {"R": "查看", "C": "新建", "U": "修改", "S": "提交", "V": "审核", "X": "导出", "E": "查看原文"}


SCOPES = {
    "A": "全部", "P": "本省", "C": "本市", "D": "本区县", "S": "本所辖区", "K": "本调委会", "O": "本人", "L": "关联",
    "T": "技术记录", "-": "无",
}  # fmt: skip


REGION_SCOPES = frozenset("PCDS")


_ALWAYS = frozenset({"id", "version"})


@dataclass(frozen=True)
class Grant:
    """One cell of the permission matrix (DOMAIN 5.2)."""

    operations: frozenset[str]
    scope: str
    above: bool = False
    """Rows of the regions above one's own may be read as well (`^`)."""
    aggregate_only: bool = False
    masked: bool = False
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Operation -> the only columns it may touch."""

    def touches(self, operation: str, column: str) -> bool:
        """Whether the operation may touch a column; what tells one row and its changes from another, it always may."""
        named = self.columns.get(operation)
        return named is None or column in _ALWAYS or column in named

    @classmethod
    def parse(cls, cell: str) -> Grant:
        """``"RU(name,short_name) D^"`` -> a grant. Raises ValueError with what is wrong in the cell."""
        shape = re.fullmatch(r"((?:[RCUSVXE](?:\([a-z0-9_, ]+\))?)+)(\*?)(m?) ([APCDSKOLT-])(\^?)", cell)
        if shape is None:
            raise ValueError(f"{cell!r} is not OPERATIONS[*][m] SCOPE[^], such as 'RCU D', 'R* P' or 'Rm D'")
        operations, columns = set(), {}
        for letter, names in re.findall(r"([RCUSVXE])(?:\(([a-z0-9_, ]+)\))?", shape[1]):
            operations.add(letter)
            if names:
                columns[letter] = frozenset(name.strip() for name in names.split(","))
        return cls(frozenset(operations), shape[4], bool(shape[5]), bool(shape[2]), bool(shape[3]), columns)
