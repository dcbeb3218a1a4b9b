"""Number series: what a form makes of a row's values, and under which name it counts."""

from __future__ import annotations

import pytest

from db.checksums import mod97
from db.registry import registry
from db.series import Series, series

CASE = {"committee.code": "32010200200111000153", "year": "2026"}


@pytest.mark.parametrize(
    ("column", "values", "serial", "counter", "number"),
    [
        ("MediationCase.case_no", CASE, 7, "case/32010200200111000153/2026", "320102002001110001532026000007"),
        ("CommitteeFiling.filing_no", {"district.code": "320102000000", "year": "2026"}, 12,
         "filing/320102/2026", "320102-2026-0012"),
        ("Mediator.mediator_no", {"district.code": "320102000000"}, 3, "mediator/320102", "320102000003"),
        ("MediationCommittee.code", {"region.code": "320102002001", "type": "11"}, 2, "committee/32010200200111",
         "320102002001110002" + mod97("320102002001110002")),
        ("MediationCommittee.code", {"region.code": "320102002001", "type": "11"}, 12345, "committee/32010200200111",
         "3201020020011112345" + mod97("3201020020011112345")),
    ],
)  # fmt: skip
def test_the_numbers_of_the_register_keep_their_forms_and_their_counters(
    column: str, values: dict[str, str], serial: int, counter: str, number: str
) -> None:
    """A counter that was named anew would give old numbers again."""
    entity, _, name = column.partition(".")
    declared = registry()[entity].fields[name].facts.series
    assert declared is not None
    assert (declared.counter(values), declared.written(values, serial)) == (counter, number)


@pytest.mark.parametrize("form", ["{year}", "{serial}{serial:4}", "{year}{serial", "{Year}{serial}", "{serial:x}"])
def test_a_form_without_exactly_one_number_is_refused(form: str) -> None:
    with pytest.raises(ValueError, match="no form of a number"):
        series("any", form)


def test_a_serial_that_outgrows_its_digits_goes_on() -> None:
    assert [Series("any", "A{serial:2}").written({}, n) for n in (9, 99, 100)] == ["A09", "A99", "A100"]
