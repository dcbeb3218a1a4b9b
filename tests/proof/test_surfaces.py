"""On every surface a random viewer gets what a physically filtered and masked copy of the data holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
import time_machine

from db.clock import now
from db.facts import Role
from tests.conftest import has_postgres
from tests.databases import WITH_WALL, Kind
from tests.proof.prober import prober
from tests.proof.rounds import NAMES, rounds
from tests.reference import read_rows

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


def test_the_copy_has_every_record_once(migrated_database: Callable[[Kind], str]) -> None:
    """However many records begin with the same millisecond: after a clock that was ahead, all of a process do."""
    with prober(migrated_database("sqlite"), SEED) as made, time_machine.travel(now(), tick=False):
        before = len(made.copies.rows["AuditLog"])
        refused = next(name for name, viewer in made.viewers.items() if set(viewer.reaches) == {Role.SYS})
        for _ in range(4):
            for _ in range(20):
                made.place.ask(
                    refused, 'mutation { deleteMediationCase(by: {id: "x"}, ifVersion: 0) { errors { code } } }'
                )
            made.catch_up()
        assert len(made.copies.rows["AuditLog"]) == before + 80
        assert made.copies.rows["AuditLog"] == read_rows(made.place)["AuditLog"]
