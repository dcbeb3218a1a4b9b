"""Random probes: every surface is asked as random viewers, and each answer compared with the filtered copy's."""

from __future__ import annotations

import random
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition, HypothesisException
from starlette.routing import Router

from admin import site
from db.registry import registry
from db.search import rebuild
from permissions.accounts import load_viewer
from permissions.viewer import Viewer
from tests.crowd import crowd
from tests.past import Log, scribble, settled
from tests.places import Place, place
from tests.proof.copy import Copies
from tests.proof.people import expected_viewers, populate, same_reaches
from tests.proof.policy import random_policy
from tests.reference import read_rows
from tests.world import TODAY, Row

WRITES = 60
WRITTEN = ("HostUnit", "Mediator", "MediatorAppointment", "MediationCase", "CommitteeTerm")
"""Tables that have a past: none that grants name or hang on."""


@dataclass
class Difference:
    """An answer that is not the one of the copy."""

    surface: str
    viewer: str
    question: str
    expected: Any
    got: Any

    def __str__(self) -> str:
        expected, got = str(self.expected), str(self.got)
        alike = next((at for at, signs in enumerate(zip(expected, got, strict=False)) if signs[0] != signs[1]), 0)
        since = max(alike - 200, 0)
        shown = (self.question, f"expected {expected[since : since + 600]}", f"got {got[since : since + 600]}")
        return "\n  ".join((f"{self.surface}, asked by {self.viewer}", *(part[:2000] for part in shown)))


@dataclass
class Prober:
    """One database with the world and random people in it, and what its answers were so far."""

    place: Place
    copies: Copies
    viewers: dict[str, Viewer]
    """What the reference makes of each account; ``place.viewers`` holds what the server makes of it."""
    admin: Router
    log: Log
    """What was written to some tables of the register before the first question."""
    stop_at_first: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)

    @property
    def families(self) -> list[list[str]]:
        """The names of viewers who hold the same roles, who may ask the same questions."""
        found: dict[frozenset[Any], list[str]] = {}
        for name, viewer in sorted(self.viewers.items()):
            found.setdefault(frozenset(viewer.reaches), []).append(name)
        return sorted(found.values())

    @property
    def enough(self) -> bool:
        """Whether a fault was looked for and has shown."""
        return self.stop_at_first and bool(self.differences)

    @property
    def probes(self) -> int:
        """How many answers were compared."""
        return self.counts["probes"]

    def compare(self, surface: str, viewer: str, question: str, expected: Any, got: Any) -> None:
        """Count one probe; keep it if its answer is another than expected."""
        self.counts.update(("probes", surface))
        if expected != got:
            self.differences.append(Difference(surface, viewer, question, expected, got))

    def catch_up(self) -> None:
        """The copy holds the records of what was refused meanwhile, too: a question leaves no other row."""
        table, rows = self.copies.entities["AuditLog"].table, self.copies.rows["AuditLog"]
        # Not by their milliseconds: after a test that put the clock ahead all keys of this process begin with the same.
        newer = sa.select(table).where(table.c.id > rows[-1]["id"]).order_by(table.c.id)

        def read(connection: sa.Connection) -> list[Row]:
            return [dict(row._mapping) for row in connection.execute(newer)]

        rows += self.place.runner.run(self.place.services.database.as_system().look(read))

    def load_viewers(self) -> None:
        """The viewers as the server reads them now. A reach that is another than by the rows is a difference."""

        def load(connection: Any) -> dict[str, Viewer | None]:
            return {name: load_viewer(connection, viewer.account_id) for name, viewer in self.viewers.items()}

        services = self.place.services
        for name, found in self.place.runner.run(services.database.as_system().look(load)).items():
            assert found is not None
            self.place.viewers[name] = found
            alike = same_reaches(found, self.viewers[name])
            self.compare(
                "grants", name, "", self.viewers[name].reaches, self.viewers[name].reaches if alike else found.reaches
            )


Surface = Callable[[Prober, Any, Sequence[str]], None]
"""Draws a question with the function that Hypothesis gives and asks it as each of the viewers."""


@contextmanager
def prober(url: str, people: int, policy: int | None = None) -> Iterator[Prober]:
    """The world at `url`, an empty migrated database, with the random people of seed `people`.

    They have the rights of the real matrix, or of a random one of seed `policy`.
    """
    world = crowd()
    entities = registry() if policy is None else random_policy(policy)
    world.entities = entities
    names = populate(world, people)
    with place(url, settled(world), {}) as made:
        system = made.services.database.as_system()
        log = scribble([made], read_rows(made), WRITES, people, frozenset(WRITTEN))
        made.runner.run(system.write(lambda connection: rebuild(connection), bulk=True))
        made.services.reads.differencing.per_hour = 10**9
        made.services.settings.refused_writes_per_hour = 10**9
        rows = read_rows(made)
        router = Router(site.inner_routes(made.services))
        found = Prober(made, Copies(entities, rows, TODAY), expected_viewers(rows, names, TODAY), router, log)
        found.load_viewers()
        yield found


def probe(
    prober: Prober, surfaces: Sequence[tuple[Surface, int]], wanted: int, seeded: int,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> None:  # fmt: skip
    """Probe until `wanted` answers were compared, or one differed where that is enough. Surfaces come with weights."""
    weighted = [surface for surface, weight in surfaces for _ in range(weight)]
    families = prober.families
    start = prober.probes

    def ask(data: st.DataObject) -> None:
        if prober.enough or prober.probes - start >= wanted:
            raise Enough
        surface = data.draw(st.sampled_from(weighted))
        prober.catch_up()
        family = data.draw(st.sampled_from(families))
        try:
            surface(prober, data.draw, family)
        except HypothesisException:
            raise
        except Exception:
            # An answer of a form that no answer may have: a fault as well.
            prober.compare(surface.__name__, family[0], "", "an answer", traceback.format_exc(limit=-4))
        progress(min(prober.probes - start, wanted), wanted)

    calm = settings(
        max_examples=wanted, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    while not prober.enough and prober.probes - start < wanted:
        # Refusals leave records meanwhile, which questions are drawn from as well: to Hypothesis that looks flaky, so
        # it begins again with another seed. What differed stands in the prober, whatever ends the drawing.
        with suppress(Enough, FlakyStrategyDefinition):
            seed(seeded)(calm(given(st.data())(ask)))()
        seeded += 1_000_003


class Enough(KeyboardInterrupt):
    """Ends the drawing: of all exceptions Hypothesis lets only this kind pass as it is."""


def dice(draw: Any) -> random.Random:
    """Random choices that Hypothesis need not know one by one."""
    return random.Random(draw(st.integers(0, 2**32)))
