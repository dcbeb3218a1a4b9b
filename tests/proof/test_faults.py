"""The planted faults find their places in the source, and the probes notice them."""

from __future__ import annotations

import pytest

from settings import ROOT
from tests.proof.faults import FAULTS
from tests.proof.mutants import Mutant

SOON = (
    "a grant that ended counts", "a row is found by its key wherever it is", "a plan is kept for viewers of every kind"
)  # fmt: skip
"""Faults that the first few hundred probes notice."""


def test_there_are_so_many_faults_and_no_two_are_one() -> None:
    """Each is said in other words and takes another guard away."""
    assert len(FAULTS) == 68
    assert len({fault.says for fault in FAULTS}) == len({(fault.file, fault.old) for fault in FAULTS}) == 68


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.says)
def test_a_fault_has_one_place_and_is_python(fault: Mutant) -> None:
    """The text stands once in the source, and what it becomes is another one that can run."""
    assert fault.places == 1
    text = (ROOT / fault.file).read_text(encoding="utf-8")
    assert fault.new != fault.old
    compile(text.replace(fault.old, fault.new), fault.file, "exec")


@pytest.mark.parametrize("says", SOON)
def test_the_probes_notice_a_planted_fault(says: str) -> None:
    """In a copy of the project with the fault in it an answer differs from the filtered copy's."""
    [fault] = [fault for fault in FAULTS if fault.says == says]
    assert fault.caught(None) is not None
