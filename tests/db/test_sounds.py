"""Readings against those of others: official names of places, and a dictionary that the product does not use."""

from __future__ import annotations

import pytest

from db.sounds import fold, parted, readings
from tests.readings import dictionary, place_names, places, surnames

WRONG = {("石", "dan", "石鼓"), ("石", "dan", "石鼓区")}
"""What CC-CEDICT says of 石鼓区, a district of Hengyang: the register of place names spells it Shigu."""


def test_every_official_name_of_the_list_is_heard() -> None:
    names = place_names()
    assert len(names) >= 300
    deaf = [(n, c, s) for n, said, _ in names for c, s in zip(n, said, strict=True) if s not in readings(c)]
    assert deaf == []


def test_the_list_agrees_with_an_independent_dictionary_but_where_it_says_so() -> None:
    """Whoever changes the list, or takes a newer dictionary, sees what they disagree about."""
    told: dict[str, set[str]] = {}
    for entry in dictionary():
        for length in (len(entry.name), len(entry.name) - 1):
            whole = length == len(entry.name)
            if whole or entry.name[-1] in "县市区镇乡旗":
                told.setdefault(entry.name[:length], set()).add(" ".join(entry.syllables[:length]))
    for name, said, otherwise in place_names():
        known = told.get(name, set())
        if otherwise == "-":
            assert not known, name
        elif otherwise:
            assert otherwise in known, name
            assert " ".join(said) not in known, name
        else:
            assert " ".join(said) in known, name


def test_every_chinese_division_of_the_dictionary_is_heard() -> None:
    assert len(places()) > 3000
    deaf = {(c, s, e.name) for e in places() for c, s in zip(e.name, e.syllables, strict=True) if _deaf(c, s)}
    assert deaf == WRONG


def test_every_surname_of_the_dictionary_is_heard() -> None:
    """仇 Qiu, 单 Shan, 尉迟 Yuchi, 万俟 Moqi and nine hundred others."""
    assert len(surnames()) > 800
    deaf = {(c, s, e.name) for e in surnames() for c, s in zip(e.name, e.syllables, strict=True) if _deaf(c, s)}
    assert deaf == set()


def _deaf(character: str, syllable: str) -> bool:
    return bool(readings(character)) and syllable not in readings(character)


def test_readings_are_few() -> None:
    """What is found by everything is found by nothing: a character of Chinese names has little more than one."""
    characters = [c for name, _, _ in place_names() for c in name]
    assert sum(len(readings(c)) for c in characters) / len(characters) < 1.8
    assert readings("平") == {"ping"}


@pytest.mark.parametrize("mark", "·•・．‧･∙⋅'’", ids=ascii)
def test_what_parts_a_name_does_not_count(mark: str) -> None:
    assert fold(f"阿卜杜拉{mark}买买提江") == "阿卜杜拉买买提江"


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Xī'ān", "xi'an"), ("xi’an", "xi'an"), ("ｘｉ＇ａｎ", "xi'an"), ("abudula·maimaiti", "abudula'maimaiti"),
        ("Lǚliáng", "lvliang"), ("lǜ LÜ lu\u0308", "lv lv lv"), ("ɡuǒ", "guo"), ("'玄武'", "玄武"),
        ("\ufeff玄\u200b武", "玄武"), ("３．５", "3.5"), ("co.", "co."), ("阿．b", "阿.b"), ("カガ", "カガ"),
    ],
)  # fmt: skip
def test_a_question_is_folded_and_its_apostrophes_part_syllables(typed: str, folded: str) -> None:
    assert parted(typed) == folded
