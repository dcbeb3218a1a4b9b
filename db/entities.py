"""What a model says about its rows as a whole: owner, links, derived relations, roll-ups, grants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.machines import Machine, Step
from db.measures import Measure
from db.timetable import Timer


@dataclass(frozen=True)
class Through:
    """A relation derived from rows between two entities: `name` are the `target`s that `via` rows name.

    The column `near` of `via` equals `start` of the row itself. `since` and `until` are date columns of `via` and
    restrict the relation to today; `where` fixes an enum column of `via`. With ``one=True`` the relation is to-one.
    """

    name: str
    zh: str
    en: str
    via: str
    near: str
    far: str
    since: str | None = None
    until: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    one: bool = False
    start: str = "id"


@dataclass(frozen=True)
class Link:
    """One way in which a row is linked (scope L) to the unit that a grant names (DOMAIN 5.1).

    At the end of the relations `path` stands a row whose owner's region the unit covers; or, with `unit`, a row whose
    column of that name is the unit itself. `where` fixes enum columns of the row at the end.
    """

    path: str = "self"
    unit: str | None = None
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Rollup:
    """Numbers of an entity's rows kept ready for groups: one cell for each month, district and value of a dimension.

    Rows are counted, and each of `sums` added up, in the month of the date column `day`, in the district of the
    owner's region and of the references to regions named by `regions`, by the enum and yes-no columns `dimensions`.
    ``db.rollups`` says what is stored and why it is exact. A finer grain answers more and saves less: below about
    twenty rows a cell the rows themselves are as quick.
    """

    name: str
    day: str
    regions: tuple[str, ...] = ()
    dimensions: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entity:
    """What a model says about its rows as a whole.

    `prefix` begins its ids. `label` names the column by which people know a row. `owner` is the reference whose region
    owns the row (its ``scope_path`` is copied from there); "self" for regions, None for rows outside the region
    tree. `committee` and `mediator` are relation paths to the committee (scope K) and the mediator (scope O) that a row
    belongs to; `unit` is the one to the unit whose row it is (scope B, with the units below; else the unit that guides
    the owner, ``org_scope``) and `grid` to the grid it lies in (scope G); `linked` says what ties it to a partner's
    unit (scope L). `listed` are the columns of the admin's list.
    """

    zh: str
    prefix: str
    label: str
    matrix: Mapping[str, str]
    owner: str | None = "region"
    committee: str | None = None
    mediator: str | None = None
    maker: str | None = None
    """Relation path to the account that entered a row: it holds the row (scope K) as long as no committee does."""
    unit: str | None = None
    grid: str | None = None
    linked: tuple[Link, ...] = ()
    """The ways of scope L; one of them is enough."""
    menu: str = "业务"
    listed: Sequence[str] = ()
    through: tuple[Through, ...] = ()
    machines: tuple[Machine, ...] = ()
    """Its lives side by side, each with a state of its own. Only the first has a step that creates the row."""
    unique: tuple[tuple[str, ...], ...] = ()
    dimensions: tuple[str, ...] = ()
    """Columns an aggregates-only role may filter and group by, beside enums, dates, flags and the region."""
    written_by_commands: bool = False
    """True: no derived create, update or delete; only commands of its own write it."""
    plural: str | None = None
    technical: bool = False
    about: str | None = None
    """The column that names the entity a row tells of: who sees no rows of that entity must not read of them here."""
    history: bool = True
    """False: rows never change, or nobody asks how they stood."""
    known_since: str | None = None
    """The day from which a row holds, where rows are entered long after it: until it is changed it stood since then."""
    order: tuple[str, ...] = ()
    """The admin's first ordering, such as ``("-due_on",)``."""
    rollups: tuple[Rollup, ...] = ()
    measures: tuple[Measure, ...] = ()
    """The numbers of its rows that have a name (``db.measures``)."""
    rules: tuple[str, ...] = ()
    """Codes of the rules that every create and update is judged by; their bodies are found (``resolvers.acting``)."""
    timers: tuple[Timer, ...] = ()
    """What the clock does with rows of this entity; the bodies are found as those of the rules."""
    part_of: str | None = None
    """The entity that its rows are children of; said by ``db.parts.Parts``, with all that follows."""
    whole: tuple[str, ...] = ()
    """What must hold of all children of one parent together."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of all its machines, in their order."""
        return tuple(step for machine in self.machines for step in machine.steps)

    def machine_of(self, verb: str) -> Machine | None:
        """The machine that a verb of a row moves; a verb belongs to one."""
        return next((machine for machine in self.machines if machine.of(verb)), None)

    def edges(self, verb: str) -> tuple[Step, ...]:
        """The edges of a verb of a row."""
        machine = self.machine_of(verb)
        return machine.of(verb) if machine else ()

    def is_state(self, column: str) -> bool:
        """Whether a column is the state of one of its machines."""
        return any(machine.column == column for machine in self.machines)
