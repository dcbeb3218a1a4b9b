"""Numbers of persons and of bodies: which is which."""

from __future__ import annotations

import pytest

from db.checksums import holds_citizen_number, is_citizen_number, is_credit_code


@pytest.mark.parametrize(
    ("value", "right"),
    [
        ("91320199MA1XXXX0PL", True), ("54320582MA1XXXX0PF", True), ("55320507MA1XXXX0PQ", True),
        ("N2320581MA1XXXX0PM", True), ("31320000MA1XXXX0P8", True), ("52320100MA1XXXX0P8", True),
        ("11320100MA1XXXX0PF", True), ("41320100MA1XXXX0PC", True),
        ("36320100MA1XXXX0PX", False),  # 36 is no kind of body, though the check digit is right
        ("99320100MA1XXXX0PE", True),
        ("91320199MA1XXXX0PM", False), ("91320199ma1xxxx0pl", False), ("9132 0199MA1XXXX0PL", False), ("", False),
    ],
)  # fmt: skip
def test_a_credit_code_is_of_a_kind_that_the_standard_names(value: str, right: bool) -> None:
    assert is_credit_code(value) is right


@pytest.mark.parametrize(
    "number", ["519999198001010389", "539999198001010497", "329999198001010199", "369999198001010591"]
)
def test_no_citizen_number_is_a_credit_code(number: str) -> None:
    """The check digits of both are right, and 51 and 53 are kinds of bodies."""
    assert is_citizen_number(number)
    assert not is_credit_code(number)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("329999198001010199", True), ("张三329999198001010199，男", True), ("证件：329999198001010199", True),
        ("1329999198001010199", False), ("329999198001010199888", False), ("A329999198001010199", False),
        ("329999198001010198", False), ("320199198002300014", False), ("320199189901010016", True),
        ("320199202601010018", True), ("320199215001010018", False), ("", False),
    ],
)  # fmt: skip
def test_a_citizen_number_is_seen_among_other_words(text: str, holds: bool) -> None:
    assert holds_citizen_number(text) is holds
