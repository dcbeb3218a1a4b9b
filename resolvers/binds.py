"""The values of a statement: each either fixed when the plan is made or looked up in the variables of each request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from resolvers.faults import Denied
from resolvers.requests import Slot

MOST_VALUES = 30_000
"""PostgreSQL takes 32,767 parameters in a statement; both databases stop at the same number."""

Convert = Callable[[Any, "Call"], Any]


@dataclass(frozen=True)
class Call:
    """One execution of a plan: the values of its slots and of the viewer."""

    variables: Any
    viewer: Mapping[str, Any]
    contexts: Callable[[int], bytes]
    """What the cursors of the plan's n-th list are bound to."""
    looked: Sequence[bytes | None] = ()
    """What the plan's look-ups found."""


@dataclass(frozen=True)
class Looked:
    """A leaf that comes from a look-up: the plan's n-th."""

    number: int


def value_of(leaf: Any) -> Any:
    """The value a leaf has in the request that is being compiled."""
    return leaf.value if isinstance(leaf, Slot) else leaf


def resolve(tree: Any, variables: Any) -> Any:
    """A request's condition with every slot replaced by its value of this execution."""
    if isinstance(tree, Slot):
        for step in tree.path:
            variables = variables[step]
        return variables
    if isinstance(tree, Mapping):
        return {key: resolve(value, variables) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [resolve(value, variables) for value in tree]
    return tree


def _same(value: Any, _call: Call) -> Any:
    return value


class Binds:
    """The bind parameters of one statement under construction."""

    def __init__(self) -> None:
        self.leaves: dict[str, tuple[Any, Convert]] = {}
        self.checks: list[tuple[Any, Convert]] = []

    def check(self, leaf: Any, convert: Convert) -> None:
        """Let `convert` refuse the value of `leaf` at each run, whether or not the statement needs it."""
        if leaf is not None:
            self.checks.append((leaf, convert))

    def add(self, leaf: Any, kind: sa.types.TypeEngine[Any], convert: Convert = _same) -> sa.BindParameter[Any]:
        """A parameter for `leaf`, passed through `convert` each time the plan runs (it may refuse)."""
        name = f"p{len(self.leaves)}"
        if len(self.leaves) >= MOST_VALUES:
            raise Denied(
                "TOO_EXPENSIVE",
                "条件中的值太多，请分几次查询。",
                "The conditions hold too many values; ask in several.",
            )
        self.leaves[name] = (leaf, convert)
        return sa.bindparam(name, type_=kind)

    def named(self, call: Call) -> dict[str, Any]:
        """The values by name, for a statement that is no plan: it runs once."""
        for leaf, refuse in self.checks:
            refuse(resolve(leaf, call.variables), call)
        return {name: convert(resolve(leaf, call.variables), call) for name, (leaf, convert) in self.leaves.items()}


class Values:
    """What a compiled statement needs, in its order: made once a plan, called once a request."""

    def __init__(self, compiled: Any, binds: Binds, dialect: Dialect, checked: bool = True) -> None:
        self._checks = tuple(binds.checks) if checked else ()
        self._steps: list[tuple[str, Any, Convert | None, Callable[[Any], Any] | None]] = []
        for name in compiled.positiontup or ():
            bind = compiled.binds[name]
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if name in binds.leaves:
                leaf, convert = binds.leaves[name]
                self._steps.append((name, leaf, convert, process))
            elif name.startswith("v_"):
                self._steps.append((name, None, None, process))
            else:  # a constant SQLAlchemy made a parameter of
                self._steps.append((name, compiled.params[name], _same, process))

    def __call__(self, call: Call) -> Sequence[Any]:
        """The positional values of one execution."""
        for leaf, refuse in self._checks:
            refuse(resolve(leaf, call.variables), call)
        values = []
        for name, leaf, convert, process in self._steps:
            value = call.viewer[name] if convert is None else convert(resolve(leaf, call.variables), call)
            values.append(process(value) if process is not None else value)
        return values
