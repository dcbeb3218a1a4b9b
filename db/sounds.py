"""Text as the search sees it: folded, with the readings of its Chinese characters.

A character's readings are those that pypinyin's dictionary of phrases really uses, and those it has as a surname or in
the name of a place. They do not depend on what stands around it, so a text is found by each of them. Syllables have no
tones; ü is written v, and u is taken for it too.
"""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

VERSION = 1
"""Of everything that decides how a text is indexed, pypinyin's data included: raise it with every change."""
_RARE = 100
"""A reading that less than one of so many phrases uses is left out."""

_VOWELS = frozenset("aeiouv")
"""A syllable holds one; a few sounds of surprise do not."""

_NAMES = {
    "chong": "种", "fu": "宓", "ge": "盖", "gui": "炅", "he": "黑", "kan": "阚", "lu": "六", "miao": "缪", "mo": "万",
    "nai": "佴", "ou": "区", "po": "繁", "qin": "覃", "shan": "单", "shao": "召", "xian": "洗", "yun": "员",
    "zhai": "翟",
}  # fmt: skip
"""Readings as surnames and in names of places that phrases do not show."""


def fold(text: str) -> str:
    """The text without differences of width and case; ü as v."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.replace("ü", "v")


@functools.cache
def readings(character: str) -> frozenset[str]:
    """The syllables of a Chinese character, such as ``{"zhong", "chong"}``; none for anything else."""
    spelled = _dictionary().get(ord(character))
    if spelled is None:
        return frozenset()
    used = _uses()[character]
    total = sum(used.values())
    known = [s for s in dict.fromkeys(map(_plain, spelled.split(","))) if set(s) & _VOWELS]
    if not known:
        return frozenset()
    kept = {known[0], *(s for s in known if used[s] and used[s] * _RARE >= total), *_named().get(character, ())}
    return frozenset(kept | {syllable.replace("v", "u") for syllable in kept})


@functools.cache
def syllables() -> frozenset[str]:
    """Every syllable that a character may have."""
    return frozenset().union(*sounds())


@functools.cache
def sounds() -> dict[frozenset[str], int]:
    """Each set of readings that characters have, with its number: sets of one syllable alphabetically, then others."""
    found = {readings(chr(point)) for point in _dictionary()}
    return {one: number for number, one in enumerate(sorted(found, key=lambda one: (len(one) > 1, sorted(one))))}


@functools.cache
def heard(beginning: str, *, whole: bool) -> tuple[int, ...]:
    """The numbers of the sets with a reading that is `beginning` (`whole`) or begins with it, in their order."""
    return tuple(
        number
        for one, number in sounds().items()
        if (beginning in one if whole else any(syllable.startswith(beginning) for syllable in one))
    )


# --- the dictionary ---------------------------------------------------------------------------------------------------


@functools.cache
def _dictionary() -> dict[int, str]:
    # Imported when it is first needed: it takes a tenth of a second and a few tens of megabytes.
    from pypinyin.constants import PINYIN_DICT

    return dict(PINYIN_DICT)


@functools.cache
def _uses() -> defaultdict[str, Counter[str]]:
    """Character -> how many phrases use each of its readings."""
    from pypinyin.constants import PHRASES_DICT

    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for phrase, spelled in PHRASES_DICT.items():
        for character, options in zip(phrase, spelled, strict=False):
            found[character][_plain(options[0])] += 1
    return found


@functools.cache
def _named() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for syllable, characters in _NAMES.items():
        for character in characters:
            found[character].append(syllable)
    return found


@functools.cache
def _plain(spelled: str) -> str:
    """A syllable without its tone: ``lǚ`` -> ``lv``."""
    letters = unicodedata.normalize("NFD", spelled).replace("u\u0308", "v")
    return "".join(_letters(letters))


def _letters(text: str) -> Iterable[str]:
    return (character for character in text if "a" <= character <= "z")
