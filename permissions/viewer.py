"""Who is asking: an account and what its grants amount to today."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from db.clock import today
from db.facts import Role

Duty = Literal["CHANGE_PASSWORD", "ENROL_SECOND_FACTOR"]


def subtree(path: str) -> tuple[str, str]:
    """The half-open range of paths below `path`, itself included: ``/32/`` -> ``("/32/", "/320")``.

    Paths end in a slash and ``0`` is the character after it, so ``[low, high)`` holds the subtree and nothing else.
    """
    return path, path[:-1] + "0"


EVERYWHERE = (subtree("/"),)
"""The limits of what nobody limits."""


@dataclass(frozen=True)
class Reach:
    """What the grants of one role reach: subtrees, the regions above them, and rows of one's own."""

    ranges: tuple[tuple[str, str], ...] = ()
    above: tuple[str, ...] = ()
    committees: tuple[str, ...] = ()
    mediators: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    """Units that grants for a unit name (``db.models.system.role_grant``)."""
    below: tuple[str, ...] = ()
    """Those and the units below them, as far as they stand within the limits (scope B)."""
    grids: tuple[str, ...] = ()
    """Grids that GRID grants name (scope G)."""
    limits: tuple[tuple[str, str], ...] = EVERYWHERE
    """Subtrees within which who gave the grants may give: rows of one's own that stand elsewhere are not reached."""

    @property
    def named(self) -> Mapping[str, tuple[str, ...]]:
        """Rows of one's own by what they are."""
        return {
            "committee": self.committees, "mediator": self.mediators, "unit": self.units, "below": self.below,
            "grid": self.grids,
        }  # fmt: skip

    @property
    def limited(self) -> bool:
        """Whether rows of one's own may stand where they are not reached."""
        return self.limits != EVERYWHERE


@dataclass(frozen=True)
class Viewer:
    """An account with its rights of today. Never built from a request but by ``permissions.accounts``."""

    account_id: str
    login: str
    name: str
    reaches: Mapping[Role, Reach] = field(default_factory=dict)
    must_change_password: bool = False
    ip: str | None = None
    must_enrol: bool = False
    """One of its roles requires a second factor, and there is none yet."""
    session: str | None = None
    """The stored hash of the session it came by; None for a bearer token."""
    server: bool = False
    """The server itself (``SERVER``): it may do everything with every row, and clients never act as it."""

    @property
    def duty(self) -> Duty | None:
        """What it has to do before anything else (``permissions.duties``)."""
        if self.must_change_password:
            return "CHANGE_PASSWORD"
        return "ENROL_SECOND_FACTOR" if self.must_enrol else None

    @functools.cached_property
    def kind(self) -> tuple[Any, ...]:
        """The shape of its rights: two viewers of one kind run the same statement with other values."""
        if self.server:
            return ("server",)
        return tuple(
            (
                role.name, len(r.ranges), len(r.above), *map(len, r.named.values()),
                len(r.limits) if r.limited else None,
            )
            for role, r in sorted(self.reaches.items(), key=lambda item: item[0].name)
        )  # fmt: skip

    @functools.cached_property
    def binds(self) -> dict[str, Any]:
        """The values of its rights by bind name; ``permissions.scopes`` makes the names."""
        values: dict[str, Any] = {"v_account": self.account_id, "v_today": today()}
        for role, reach in self.reaches.items():
            for i, (low, high) in enumerate(reach.ranges):
                values[f"v_{role.name}_low{i}"], values[f"v_{role.name}_high{i}"] = low, high
            for i, (low, high) in enumerate(reach.limits if reach.limited else ()):
                values[f"v_{role.name}_first{i}"], values[f"v_{role.name}_last{i}"] = low, high
            for what, items in {"above": reach.above, **reach.named}.items():
                values.update({f"v_{role.name}_{what}{i}": item for i, item in enumerate(items)})
        return values


SERVER = Viewer("", "", "系统", {Role.SYS: Reach()}, server=True)
"""Who does what the clock does; the audit calls it by this name, and knows no account of it."""
