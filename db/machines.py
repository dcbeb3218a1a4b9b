"""The life of a row: the steps of its state machines, as data (DOMAIN 3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from db.deadlines import Deadline, Escalation
from db.enumeration import Role

ACKNOWLEDGE = "acknowledge"
"""The argument with the codes of warnings that are known; in a record, those in spite of which an act was done."""


@dataclass(frozen=True)
class Take:
    """A column that a step asks for: an argument of its mutation, a field of its form, written with the step."""

    column: str
    required: bool = False
    """Whether the row must have a value there when the step is taken."""


@dataclass(frozen=True)
class Step:
    """One edge of a state machine: `verb` leads from one of `sources` to `target` (DOMAIN 3).

    `roles` may take it where their grant holds `operation` on the row; a step of the `server` nobody takes but the
    clock, when it is `due`. `rules` are judged before it, by their codes (``resolvers.acting``). `apart` names columns
    holding accounts that must not take this step (separation of duties); the first of the `by` columns that is set
    names the account that may, with `same_unit` anybody of its unit too. `reason` says whether one must be given. An
    empty `sources` is the creation of the row.

    `takes` are the columns that it asks for. `due` is the deadline by which it is to be taken: `warns` are days before
    it on which to remind, `escalates` who is told so many days after it. `undo` names the verb that leads back.
    """

    verb: str
    zh: str
    sources: tuple[str, ...]
    target: str
    operation: str = ""
    roles: tuple[Role, ...] = ()
    apart: tuple[str, ...] = ()
    reason: bool = False
    rules: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    same_unit: bool = False
    takes: tuple[str | Take, ...] = ()
    server: bool = False
    due: Deadline | None = None
    warns: tuple[int, ...] = ()
    escalates: tuple[Escalation, ...] = ()
    undo: str | None = None

    @property
    def taken(self) -> tuple[Take, ...]:
        """What it takes, each with whether it must."""
        return tuple(Take(take) if isinstance(take, str) else take for take in self.takes)


@dataclass(frozen=True)
class Machine:
    """One life of a row: a state column and the steps that change it; nothing else may."""

    column: str
    steps: tuple[Step, ...]
    editable: tuple[str, ...] = ()
    """The states in which the other columns may be changed; none named: in every state."""

    @property
    def start(self) -> Step | None:
        """The step that creates a row."""
        return next((step for step in self.steps if not step.sources), None)

    @property
    def moves(self) -> tuple[Step, ...]:
        """The steps of a row that is there."""
        return tuple(step for step in self.steps if step.sources)

    def of(self, verb: str) -> tuple[Step, ...]:
        """The edges of a verb."""
        return tuple(step for step in self.moves if step.verb == verb)


def verbs(steps: Iterable[Step]) -> tuple[str, ...]:
    """The verbs of some steps, each once, in their order."""
    return tuple(dict.fromkeys(step.verb for step in steps))
