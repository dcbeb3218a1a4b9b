"""One form of text at every door."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.texts import clean, is_invisible


def test_every_format_character_that_is_drawn_as_nothing_is_taken_out() -> None:
    """All of Cf but fifteen signs of other scripts, and what Unicode calls default ignorable beside it."""
    formats = {chr(p) for p in range(sys.maxunicode + 1) if unicodedata.category(chr(p)) == "Cf"}
    drawn = {c for c in formats if not is_invisible(c)}
    assert "\u0600" in drawn
    assert len(drawn) < 20
    for (
        character
    ) in "\u200b\u200c\u200d\u200e\u2060\ufeff\u00ad\u061c\u180e\u202e\u2066\ufe0f\U000e0041\U000e0101\u3164":
        assert clean(f"王{character}小明") == "王小明", ascii(character)


@pytest.mark.parametrize(
    ("given_", "lines", "kept"),
    [
        ("e\u0301", False, "é"), ("\uf900", False, "豈"), ("玄 武", False, "玄 武"), ("a\tb\n", False, "a\tb\n"),
        ("第一行\n\t第二行\u200b", True, "第一行\n\t第二行"), ("می\u200cخواهم", True, "می\u200cخواهم"),
        ("می\u200cخواهم", False, "میخواهم"), ("\u202e反", True, "反"), ("☎\ufe0f", True, "☎\ufe0f"),
    ],
)  # fmt: skip
def test_what_is_kept(given_: str, lines: bool, kept: str) -> None:
    assert clean(given_, lines=lines) == kept


@given(st.text(), st.booleans())
def test_what_is_clean_stays_as_it_is(text: str, lines: bool) -> None:
    once = clean(text, lines=lines)
    assert clean(once, lines=lines) == once
    assert unicodedata.is_normalized("NFC", once)
