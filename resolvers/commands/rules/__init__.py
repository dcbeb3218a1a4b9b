"""The rules of each entity, beyond what its columns say: one module an entity, listed in ``rules.registered``.

A module is plain functions over a Draft, bound together as Rules. They run in this order, all in the transaction of
the write: `prepare` fills what the server computes or supplies; `check` notes every fault; then, if there is none,
`allow` raises Denied where the viewer has no right to this very row; `finish` gives numbers to a new row; and, when the
row stands, `after` carries the effects to other rows. A deletion runs `allow` and `after` only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from resolvers.commands.work import Draft

Act = Callable[[Draft], None]


def nothing(_draft: Draft) -> None:
    """No rule."""


@dataclass(frozen=True)
class Rules:
    """What an entity does at each point of a write; `supplied` are columns that clients may leave out of a new row."""

    prepare: Act = nothing
    check: Act = nothing
    allow: Act = nothing
    finish: Act = nothing
    after: Act = nothing
    supplied: frozenset[str] = frozenset()
