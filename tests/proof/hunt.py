"""Looks for one difference on one kind of database, and says which surface showed it: run in a copy with a fault."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import structlog

from db.migrate import upgrade
from tests import databases
from tests.databases import Kind
from tests.proof.mutants import CAUGHT
from tests.proof.rounds import rounds

PROBES, SEED = 6_000, 5


@contextmanager
def fresh(kind: Kind) -> Iterator[str]:
    """The URL of a migrated, empty database, gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            url = databases.sqlite_database(Path(folder))
            upgrade(url)
            yield url
        return
    with databases.postgres() as server:
        url = server.create_walled() if kind == "walled" else server.create()
        upgrade(databases.owner_of(url))
        if kind == "walled":
            databases.put_up_wall(url)
        yield url


def main(kind: Kind) -> int:
    """The exit code: CAUGHT with a line about the first difference, or 0."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    for part in rounds(kind, SEED, PROBES):
        with fresh(kind) as url:
            outcome = part.run(url, first=True)
        if outcome.differences:
            print(f"{outcome.counts['probes']}: {outcome.differences[0].splitlines()[0]}")
            return CAUGHT
    return 0


if __name__ == "__main__":
    sys.exit(main(cast(Kind, sys.argv[1])))
