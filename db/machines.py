"""The life of a row: the steps of its state machines, as data (DOMAIN 3)."""

from __future__ import annotations

from dataclasses import dataclass

from db.enumeration import Role


@dataclass(frozen=True)
class Step:
    """One edge of a state machine: `verb` leads from one of `sources` to `target` (DOMAIN 3).

    `roles` may take it where their grant holds `operation` on the row. `rules` are judged before it, by their codes
    (``resolvers.acting``). `apart` names columns holding accounts that
    must not take this step (separation of duties); the first of the `by` columns that is set names the account that
    may, with `same_unit` anybody of its unit too. `reason` says whether one must be given. An empty `sources` is the
    creation of the row.
    """

    verb: str
    zh: str
    sources: tuple[str, ...]
    target: str
    operation: str
    roles: tuple[Role, ...]
    apart: tuple[str, ...] = ()
    reason: bool = False
    rules: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    same_unit: bool = False


@dataclass(frozen=True)
class Machine:
    """The life of a row: a state column and the steps that change it; nothing else may."""

    column: str
    steps: tuple[Step, ...]
    editable: tuple[str, ...] = ()
    """The states in which the other columns may be changed; none named: in every state."""
