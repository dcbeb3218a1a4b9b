"""Many clients at once: nothing is lost silently, nothing is done twice, and nobody gets what another one asked for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import has_postgres
from tests.databases import WITH_WALL, Kind
from tests.proof.concurrency import concurrency


@pytest.mark.parametrize("kind", WITH_WALL)
def test_many_clients_at_once(kind: Kind, migrated_database: Callable[[Kind], str]) -> None:
    """100 increments, 50 equal creations and submissions, 360 interleaved requests of everybody, on two processes."""
    if kind != "sqlite" and not has_postgres():
        pytest.skip("no PostgreSQL here: install its server, or set FENGQIAO_TEST_POSTGRES_URL")
    report = concurrency(migrated_database(kind))
    assert report.ok, str(report)
    assert len(report.lines) == 6
