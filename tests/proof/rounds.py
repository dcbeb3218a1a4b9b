"""The probes of a proof: rounds over fresh databases, half under the real matrix, half under random ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.databases import Kind
from tests.proof.doors import ALL_DOORS
from tests.proof.exports import exports
from tests.proof.past import as_of
from tests.proof.prober import probe, prober
from tests.proof.reads import ALL_READS

SURFACES = [*ALL_READS, (as_of, 3), *ALL_DOORS]
NAMES = frozenset((
    "grants", "list", "single", "node", "nested", "where", "relation filter", "order", "group", "having", "aggregate",
    "search", "cursor", "cursor of another", "closed column", "counts only", "admin list", "admin ids",
    "admin references", "admin detail", "error text", "foreign key", "beyond one's right", "bulk", "upsert", "export",
    "as of",
))  # fmt: skip
"""What a proof has to have asked, every one of them."""
PEOPLE_STAY = 1_000
"""Probes until other people, with other grants, come."""


@dataclass
class Outcome:
    """What was asked and what was answered otherwise than by the copy."""

    counts: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    @property
    def unasked(self) -> set[str]:
        """Surfaces that no probe touched."""
        return {name for name in NAMES if not self.counts[name]}


@dataclass(frozen=True)
class Round:
    """Probes of one seed on a database of its own."""

    kind: Kind
    seed: int
    wanted: int
    random_policy: bool

    def run(self, url: str, progress: Callable[[int], None] = lambda _done: None, first: bool = False) -> Outcome:
        """The outcome on the empty migrated database at `url`; with `first` the round ends at the first difference."""
        with prober(url, self.seed, self.seed if self.random_policy else None) as made:
            made.stop_at_first = first
            probe(made, SURFACES, self.wanted, self.seed, lambda done, _all: progress(done))
            if not made.enough:
                exports(made)
            return Outcome(made.counts, [str(found) for found in made.differences])


def rounds(kind: Kind, seed: int, wanted: int) -> Iterator[Round]:
    """Rounds that make up `wanted` probes, with seeds that follow from `seed`.

    The second wall is derived from the real matrix; behind it no other is asked.
    """
    for number, start in enumerate(range(0, wanted, PEOPLE_STAY)):
        another = number % 2 == 1 and kind != "walled"
        yield Round(kind, seed * 1_000 + number, min(PEOPLE_STAY, wanted - start), another)
