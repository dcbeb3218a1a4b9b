"""A server that is killed while clients write has lost nothing of what it acknowledged, and left nothing half done."""

from __future__ import annotations

from typing import cast, get_args

import pytest

from tests.conftest import has_postgres
from tests.databases import Kind as AnyKind
from tests.proof.crash import Kind, crash_cycles

CYCLES = 2


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_killed_server_keeps_what_it_acknowledged(kind: AnyKind) -> None:
    """Two kills with everything looked through after each; on PostgreSQL the database itself goes down before one."""
    if kind != "sqlite" and not has_postgres():
        pytest.skip("no PostgreSQL here: install its server, or set FENGQIAO_TEST_POSTGRES_URL")
    report = crash_cycles(cast(Kind, kind), CYCLES)
    assert report.ok, str(report)
    assert (report.cycles, report.acknowledged > 0) == (CYCLES, True)
