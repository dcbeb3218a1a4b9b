"""On every surface a random viewer gets what a physically filtered and masked copy of the data holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.conftest import has_postgres
from tests.databases import WITH_WALL, Kind
from tests.proof.rounds import NAMES, rounds

PROBES, SEED = 2_000, 1


@pytest.mark.parametrize("kind", WITH_WALL)
def test_every_surface_answers_as_the_copy(kind: Kind, migrated_database: Callable[[Kind], str]) -> None:
    """Random people under the real and under a random matrix: 2,000 answers, none of them another than expected."""
    if kind != "sqlite" and not has_postgres():
        pytest.skip("no PostgreSQL here: install its server, or set FENGQIAO_TEST_POSTGRES_URL")
    counts: Counter[str] = Counter()
    for part in rounds(kind, SEED, PROBES):
        outcome = part.run(migrated_database(kind))
        assert not outcome.differences, "\n\n".join(outcome.differences[:3])
        counts += outcome.counts
    assert counts["probes"] >= PROBES
    assert not {name for name in NAMES if not counts[name]}, "no probe touched these surfaces"
