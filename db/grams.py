"""A folded text -> what is stored of it to find it by: cells to compare with, and grams to look it up by.

Each character becomes a cell of two code points, itself and its sound, so that one pattern asks for characters and
for readings alike. Grams are numbers of short pieces (single units, and two next to each other); they find a few rows
of many, and a look at the cells decides.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Iterable
from itertools import pairwise

from db.sounds import readings, sounds

_SOUNDS = 0xF0000
"""Sounds stand in a private plane of Unicode: 0x80 letters and other characters, then the sets of readings."""
_SETS = _SOUNDS + 0x80
_SIGNS = 0xF8000
"""ASCII signs move here: none of them must mean anything inside a pattern."""
_OTHER = "\ufffd"
OTHER_SOUND = chr(_SOUNDS)
NEVER = chr(0xFFFFD)
"""A character that no cell holds."""
CODE = 4
"""So many digits make a gram too: pairs of digits tell little."""


def cells(folded: str) -> str:
    """The text with the sound of each character behind it."""
    return "".join(map(cell, folded))


def text_of(found: str) -> str:
    """The characters of cells: what their grams are made of."""
    return found[::2]


@functools.lru_cache(maxsize=50_000)
def cell(character: str) -> str:
    """The two code points of a character."""
    point = ord(character)
    if point >= _SOUNDS:  # a private character, in the plane of ours
        return _OTHER + OTHER_SOUND
    if point < 0x80 and not character.isalnum() and not character.isspace():
        return chr(_SIGNS + point) + OTHER_SOUND
    return character + sound(character)


def sound(character: str) -> str:
    """The code point of a character's sound: of its readings, of the letter, or of none."""
    known = readings(character)
    if known:
        return chr(_SETS + sounds()[known])
    return chr(_SOUNDS + ord(character)) if "a" <= character <= "z" else OTHER_SOUND


def set_sounds(numbers: Iterable[int]) -> list[int]:
    """The code points of sets of readings, by their numbers."""
    return [_SETS + number for number in numbers]


def letter_sound(letter: str) -> int:
    """The code point of a letter that is written as such."""
    return _SOUNDS + ord(letter)


# --- grams ------------------------------------------------------------------------------------------------------------


def grams(entity: str, text: str) -> list[int]:
    """The grams of a text in a column of an entity (its table's name), each once."""
    found: set[int] = set()
    for word in text.split():
        found.update(*(_alone(entity, character) for character in word))
        found.update(*(_together(entity, one, other) for one, other in pairwise(word)))
        found.update(numbered(entity, gram) for gram in codes(word))
    return sorted(found)


@functools.lru_cache(maxsize=50_000)
def _alone(entity: str, character: str) -> tuple[int, ...]:
    """What a character may be called, and every beginning of that."""
    said = _said(character)
    begun = {one[:end] for one in said for end in range(1, len(one) + 1)}
    return tuple(numbered(entity, one) for one in begun)


@functools.lru_cache(maxsize=200_000)
def _together(entity: str, one: str, other: str) -> tuple[int, ...]:
    """What two characters next to each other may be called, and the first letters of that."""
    said, next_said = _said(one), _said(other)
    pairs = {pair(first, second) for first in said for second in next_said}
    pairs |= {pair(first[0], second[0]) for first in said for second in next_said}
    return tuple(numbered(entity, gram) for gram in pairs)


def _said(character: str) -> frozenset[str]:
    return readings(character) or frozenset(character)


def pair(one: str, other: str) -> str:
    """The gram of two units next to each other."""
    return f"{one} {other}"


def codes(text: str) -> list[str]:
    """The grams of the numbers in a text: every few digits next to each other."""
    pieces = (text[at : at + CODE] for at in range(len(text) - CODE + 1))
    return [f"={piece}" for piece in pieces if piece.isascii() and piece.isdigit()]


def numbered(entity: str, gram: str) -> int:
    """A gram of an entity as the number that is stored: 32 bits with a sign."""
    number = zlib.crc32(f"{entity} {gram}".encode())
    return number if number < 2**31 else number - 2**32
