"""Planted faults: each takes one guard out of the server, and the probes have to notice.

A mutant is a change of the source text, made in a copy of the project, so that what runs is what somebody could have
written by mistake.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from settings import ROOT
from tests.databases import Kind

COPIED = ("admin", "db", "permissions", "resolvers", "schema", "tests", "settings.py", "app.py", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """A fault: `old` stands once in `file` and becomes `new`."""

    says: str
    """What is wrong then, in a few words."""
    file: str
    old: str
    new: str
    kind: Kind = "sqlite"
    """The database on which it shows."""
    by: str = ""
    """The module of tests that has to notice what no answer shows; otherwise the probes have to."""

    @property
    def places(self) -> int:
        """How often the text stands in the file; 1, unless the source has moved on."""
        return (ROOT / self.file).read_text(encoding="utf-8").count(self.old)

    @contextmanager
    def planted(self) -> Iterator[Path]:
        """A copy of the project with the fault in it."""
        with tempfile.TemporaryDirectory(prefix="fengqiao-mutant-") as folder:
            copy = Path(folder)
            for name in COPIED:
                here, there = ROOT / name, copy / name
                shutil.copytree(here, there) if here.is_dir() else shutil.copy2(here, there)
            file = copy / self.file
            file.write_text(file.read_text(encoding="utf-8").replace(self.old, self.new), encoding="utf-8")
            yield copy

    def caught(self, postgres: str | None, seconds: float = 900) -> str | None:
        """What noticed the fault, on one line; None where nothing did in `tests/proof/hunt.py`'s probes."""
        environment = {**os.environ, "PYTHONPATH": "."}
        if postgres is not None:
            environment["FENGQIAO_TEST_POSTGRES_URL"] = postgres
        with self.planted() as copy:
            if self.by:
                tests = [self.by, "-k", self.kind, "-x", "-q", "-p", "no:cacheprovider"]
                return _failed([sys.executable, "-m", "pytest", *tests], copy, environment, seconds)
            command = [sys.executable, "-m", "tests.proof.hunt", self.kind]
            done = subprocess.run(
                command, cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds, check=False
            )
        if done.returncode == CAUGHT:
            return done.stdout.strip().splitlines()[-1]
        if done.returncode:
            raise RuntimeError(f"{self.says}: the probes did not run:\n{done.stderr[-2000:]}")
        return None


def _failed(command: list[str], copy: Path, environment: dict[str, str], seconds: float) -> str | None:
    """The test that failed; None where all passed."""
    done = subprocess.run(
        command, cwd=copy, env=environment, capture_output=True, text=True, timeout=seconds, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"the tests did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return next((line for line in done.stdout.splitlines() if line.startswith("FAILED")), None)


CAUGHT = 3
"""Exit code of a hunt that found a difference."""
