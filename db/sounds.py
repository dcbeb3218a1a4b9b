"""Text as the search sees it: folded, with the readings of its Chinese characters.

A character's readings are those that pypinyin's dictionary of phrases really uses, and those it has as a surname or in
the name of a place. Where hardly any phrase tells, as of the characters that stand in names only, they are the first
ones of its dictionary of characters. They do not depend on what stands around it, so a text is found by each of them.
Syllables have no tones; ü is written v, and u is taken for it too.
"""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable

from db.texts import is_invisible

VERSION = 2
"""Of everything that decides how a text is indexed, pypinyin's data included: raise it with every change."""
_RARE = 100
"""A reading that less than one of so many phrases uses is left out."""

_FEW, _FIRST = 40, 3
"""A character in fewer phrases has so many readings of the dictionary of characters too."""

_VOWELS = frozenset("aeiouv")
"""A syllable holds one; a few sounds of surprise do not."""

_NAMES = {
    "bo": "百", "chong": "种", "dai": "大", "er": "耏", "ge": "盖", "hai": "解", "he": "黑", "jia": "舺", "lao": "乐",
    "lin": "任", "lu": "六角", "mo": "万鄚", "nai": "能", "ou": "区", "pang": "尨", "po": "繁", "shan": "单",
    "tai": "斄", "tan": "宕", "xian": "洗", "yun": "员", "zi": "菑",
}  # fmt: skip
"""Readings as surnames and in names of places: the official ones, as the registers of place names spell them."""
_APOSTROPHES = frozenset("'`\u2018\u2019\u02bc\u2032\u00b4")
_INTERPUNCTS = frozenset("\u00b7\u2022\u2027\u2219\u22c5\u30fb\u2e31\u16eb\u25cf\u0387\u2024")
"""What parts the names of a person; typed as one finds it on one's keyboard, or left out."""
_ALIKE = str.maketrans({"\u0251": "a", "\u0261": "g"})
"""Letters as textbooks of pinyin print them."""
PART = "'"
"""Stands in a question where syllables are parted: ``xi'an`` is no ``xian``."""


def fold(text: str) -> str:
    """The text without differences of width, case and tone, and without what parts names; ü as v."""
    return parted(text).replace(PART, "")


def parted(text: str) -> str:
    """The folded text of a question, with a mark where letters are parted by an apostrophe or an interpunct."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    if folded.isascii() and not (set(folded) & _PARTING):
        return folded
    letters = unicodedata.normalize("NFD", folded.translate(_ALIKE)).replace("u\u0308", "v")
    found: list[str] = []
    for at, character in enumerate(letters):
        if unicodedata.category(character) == "Mn" and found and found[-1].isascii():
            continue  # a tone
        if is_invisible(character):
            continue
        if character in _PARTING or _stands_between(letters, at):
            found += PART if found[-1:] and found[-1].isascii() and found[-1].isalpha() else ""
        else:
            found.append(character)
    return unicodedata.normalize("NFC", "".join(found))


def _stands_between(letters: str, at: int) -> bool:
    """Whether a full stop parts two Chinese names: ``．`` of the keyboards that have no interpunct."""
    around = letters[max(0, at - 1) : at] + letters[at + 1 : at + 2]
    return letters[at] == "." and len(around) == 2 and all(one >= "\u3400" for one in around)


_PARTING = _APOSTROPHES | _INTERPUNCTS


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
    if total < _FEW and _is_common(character):
        kept.update(known[:_FIRST])
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


def _is_common(character: str) -> bool:
    """Whether a character is one of the 6,763 of GB 2312: of others dictionaries tell readings that nobody uses."""
    try:
        return bool(character.encode("gb2312"))
    except UnicodeEncodeError:
        return False


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
