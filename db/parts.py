"""What a model says about child rows: rows that have no life of their own, but are parts of a row of another entity.

Owner, scope, committee, mediator, links and rights all come from the parent; so a child is read by whoever reads the
parent, and written inside the parent's create and update (``resolvers.commands.parts``), never by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from db.entities import Entity, Rollup
from db.grants import OPERATIONS, Grant
from db.naming import lower_first, plural, snake


@dataclass(frozen=True)
class Parts:
    """What a model of child rows says of them: ``Parts("SubsidyClaim", zh="分配", whole=("shares",))``.

    `parent` is the class whose rows they are parts of; the column ``subsidy_claim_id`` comes by itself. `prefix` begins
    their ids (unsaid: the parent's and the initials of the class), `label` names a child (unsaid: its id). `whole`
    names what must hold of all children of a parent together, `rules` what must hold of each; their bodies are found
    (``resolvers.acting``). `matrix` says what a role may do with columns of its own that are personal.
    """

    parent: str
    zh: str
    prefix: str | None = None
    label: str = "id"
    whole: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    matrix: Mapping[str, str] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    listed: Sequence[str] = ()
    dimensions: tuple[str, ...] = ()
    plural: str | None = None
    rollups: tuple[Rollup, ...] = ()
    history: bool = True

    @property
    def column(self) -> str:
        """The column that names the parent."""
        return f"{snake(self.parent)}_id"

    def entity(self, name: str, parent: Entity, columns: Sequence[str]) -> Entity:
        """The children of class `name`, of which people fill in `columns`, with what they have from their parent's."""
        owner = snake(self.parent)
        return Entity(
            zh=self.zh, prefix=self.prefix or parent.prefix + re.sub("[^A-Z]", "", name).lower(), label=self.label,
            matrix={**self.from_parent(name, parent), **self.matrix}, owner=owner,
            committee=_behind(owner, parent.committee), mediator=_behind(owner, parent.mediator),
            maker=_behind(owner, parent.maker),
            linked=tuple(replace(link, path=_behind(owner, link.path) or owner) for link in parent.linked),
            menu=parent.menu, listed=self.listed or columns, unique=self.unique, dimensions=self.dimensions,
            written_by_commands=True, plural=self.plural, technical=parent.technical, history=self.history,
            order=self.order, rollups=self.rollups, rules=self.rules, part_of=self.parent, whole=self.whole,
        )  # fmt: skip

    def from_parent(self, name: str, parent: Entity) -> dict[str, str]:
        """The cells of the matrix that the children of class `name` have from their parent's."""
        listed = snake(self.plural or plural(lower_first(name)))
        found = {role: inherited(cell, listed) for role, cell in parent.matrix.items()}
        return {role: cell for role, cell in found.items() if cell is not None}


def _behind(owner: str, path: str | None) -> str | None:
    """A path of relations from the parent, as one from the child."""
    return None if path is None else owner if path == "self" else f"{owner}.{path}"


def inherited(cell: str, listed: str) -> str | None:
    """What a cell of the parent lets its role do with the children, which the parent's columns call `listed`.

    Who may change the parent may give it children and take them away. None where the role may read none.
    """
    try:
        grant = Grant.parse(cell)
    except ValueError:
        return None  # the parent itself tells of it
    held = {letter for letter in grant.operations - {"E"} if grant.touches(letter, listed)}
    if "R" not in held:
        return None
    held |= {"C"} if "U" in held else set()
    letters = "".join(letter for letter in OPERATIONS if letter in held)
    masks = ("*" if grant.aggregate_only else "") + ("m" if grant.masked else "")
    return f"{letters}{masks} {grant.scope}{'^' if grant.above else ''}"
