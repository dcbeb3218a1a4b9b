"""Text as it is kept: one form of every character, and nothing in a line that nobody sees.

Every door that takes text from people uses `clean`: writes, imports, sign-in, commands, and the values of conditions.
"""

from __future__ import annotations

import unicodedata

# What Unicode calls default ignorable: it is drawn as nothing. All of Cf but the marks of Arabic and Kaithi numbers and
# alike, which are drawn; fillers of Hangul; joiners and selectors of variants.
_DRAWN = frozenset(map(chr, (*range(0x0600, 0x0606), 0x06DD, 0x070F, 0x0890, 0x0891, 0x08E2, 0x110BD, 0x110CD)))
_OTHERS = frozenset(
    map(
        chr,
        (
            0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180E, 0x180F, 0x3164, 0xFFA0,
            *range(0xFE00, 0xFE10), *range(0xE0000, 0xE1000),
        ),
    )
)  # fmt: skip
# In a text of several lines these change what is seen: they join letters of other scripts and parts of one picture.
_JOINING = frozenset(map(chr, (0x180B, 0x180C, 0x180D, 0x180F, 0x200C, 0x200D, *range(0xFE00, 0xFE10))))


def is_invisible(character: str) -> bool:
    """Whether a character is drawn as nothing wherever it stands: zero-width, direction, soft hyphen, BOM."""
    return character in _OTHERS or (unicodedata.category(character) == "Cf" and character not in _DRAWN)


def clean(text: str, *, lines: bool = False) -> str:
    """The text in Unicode's form NFC, without what nobody sees; of several `lines`, with what joins characters.

    Controls stay: whether a door refuses them is its own affair.
    """
    if text.isascii():
        return text
    kept = (c for c in text if not is_invisible(c) or (lines and c in _JOINING))
    return unicodedata.normalize("NFC", "".join(kept))
