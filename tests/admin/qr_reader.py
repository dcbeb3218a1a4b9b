"""Reads a QR code from its modules as a telephone does, without anything of the code that draws it."""

from __future__ import annotations

from collections.abc import Iterator

Square = list[list[bool]]
# Of versions 1 to 10 with correction L: bytes of correction in a block, and the data bytes of each block.
BLOCKS: dict[int, tuple[int, tuple[int, ...]]] = {
    1: (7, (19,)), 2: (10, (34,)), 3: (15, (55,)), 4: (20, (80,)), 5: (26, (108,)), 6: (18, (68, 68)),
    7: (20, (78, 78)), 8: (24, (97, 97)), 9: (30, (116, 116)), 10: (18, (68, 68, 69, 69)),
}  # fmt: skip


class Unreadable(Exception):
    """What is wrong with the code."""


def read(square: Square) -> str:
    """The text of a code in byte mode with correction L. Raises Unreadable: nothing is corrected here."""
    size = len(square)
    version = (size - 17) // 4
    if size != 17 + 4 * version or any(len(row) != size for row in square):
        raise Unreadable("not a square of a version")
    taken = _patterns(square, version)
    words = _words(square, taken, _mask(square))
    return _text(_data(words, version), version)


def _patterns(square: Square, version: int) -> set[tuple[int, int]]:
    """The places that hold no data, the fixed ones looked at: finders, ticks, alignment, the dark module."""
    size = len(square)
    fixed: dict[tuple[int, int], bool] = {(size - 8, 8): True}
    for i in range(8, size - 8):
        fixed[6, i] = fixed[i, 6] = i % 2 == 0
    step = 0 if version == 1 else -(-(size - 13) // (2 * (version // 7 + 1))) * 2
    centres = [6, *sorted(size - 7 - step * i for i in range(version // 7 + 1))] if version > 1 else []
    for r, c in ((r, c) for r in centres for c in centres):
        if (r, c) not in {(6, 6), (6, size - 7), (size - 7, 6)}:
            fixed |= {(r + y, c + x): max(abs(y), abs(x)) != 1 for y in range(-2, 3) for x in range(-2, 3)}
    for r, c in ((3, 3), (3, size - 4), (size - 4, 3)):
        ring = {(r + y, c + x): max(abs(y), abs(x)) in (0, 1, 3) for y in range(-4, 5) for x in range(-4, 5)}
        fixed |= {at: dark for at, dark in ring.items() if 0 <= at[0] < size and 0 <= at[1] < size}
    for (r, c), dark in fixed.items():
        if square[r][c] != dark:
            raise Unreadable(f"a pattern is broken at {r}, {c}")
    formats = {(8, i) for i in (*range(9), *range(size - 8, size))}
    taken = set(fixed) | formats | {(c, r) for r, c in formats}
    if version >= 7:
        taken |= {(size - 11 + i % 3, i // 3) for i in range(18)} | {(i // 3, size - 11 + i % 3) for i in range(18)}
        bits = sum(square[size - 11 + i % 3][i // 3] << i for i in range(18))
        if bits >> 12 != version or _rest(bits, 18, 0x1F25):
            raise Unreadable("another version is written in it")
    return taken


def _mask(square: Square) -> int:
    """The mask, from both copies of the format."""
    size = len(square)
    first = [(i, 8) for i in (0, 1, 2, 3, 4, 5, 7, 8)] + [(8, i) for i in (7, 5, 4, 3, 2, 1, 0)]
    second = [(8, size - 1 - i) for i in range(8)] + [(size - 7 + i, 8) for i in range(7)]
    copies = {sum(square[r][c] << i for i, (r, c) in enumerate(places)) ^ 0x5412 for places in (first, second)}
    if len(copies) != 1:
        raise Unreadable("the copies of the format differ")
    bits = copies.pop()
    if bits >> 13 != 1 or _rest(bits, 15, 0x537):
        raise Unreadable("the format is none, or not correction L")
    return bits >> 10 & 7


def _rest(bits: int, length: int, divisor: int) -> int:
    for i in range(length - divisor.bit_length(), -1, -1):
        if bits >> (i + divisor.bit_length() - 1) & 1:
            bits ^= divisor << i
    return bits


def _words(square: Square, taken: set[tuple[int, int]], mask: int) -> list[int]:
    flips = (
        lambda r, c: (r + c) % 2 == 0, lambda r, c: r % 2 == 0, lambda r, c: c % 3 == 0, lambda r, c: (r + c) % 3 == 0,
        lambda r, c: (r // 2 + c // 3) % 2 == 0, lambda r, c: r * c % 2 + r * c % 3 == 0,
        lambda r, c: (r * c % 2 + r * c % 3) % 2 == 0, lambda r, c: ((r + c) % 2 + r * c % 3) % 2 == 0,
    )  # fmt: skip
    bits = [square[r][c] != flips[mask](r, c) for r, c in _snake(len(square)) if (r, c) not in taken]
    return [int("".join("01"[bit] for bit in bits[i : i + 8]), 2) for i in range(0, len(bits) - 7, 8)]


def _snake(size: int) -> Iterator[tuple[int, int]]:
    rights = [c for c in range(size - 1, 7, -2)] + [5, 3, 1]
    for turn, right in enumerate(rights):
        for r in range(size - 1, -1, -1) if turn % 2 == 0 else range(size):
            yield r, right
            yield r, right - 1


def _data(words: list[int], version: int) -> list[int]:
    correction, lengths = BLOCKS[version]
    blocks: list[list[int]] = [[] for _ in lengths]
    at = iter(words)
    for i in range(max(lengths)):
        for block, length in zip(blocks, lengths, strict=True):
            if i < length:
                block.append(next(at))
    data = [word for block in blocks for word in block]
    for _ in range(correction):
        for block in blocks:
            block.append(next(at))
    exponents = [1]
    while len(exponents) < 255:
        exponents.append(exponents[-1] << 1 ^ (0x11D if exponents[-1] & 0x80 else 0))
    logs = {value: i for i, value in enumerate(exponents)}
    for block in blocks:
        for root in range(correction):
            value = 0
            for word in block:  # Horner's rule at the root
                value = word ^ (exponents[(logs[value] + root) % 255] if value else 0)
            if value:
                raise Unreadable("a block is broken")
    return data


def _text(data: list[int], version: int) -> str:
    bits = "".join(f"{word:08b}" for word in data)
    if bits[:4] != "0100":
        raise Unreadable("not in byte mode")
    width = 8 if version < 10 else 16
    length = int(bits[4 : 4 + width], 2)
    start = 4 + width
    return bytes(int(bits[start + 8 * i : start + 8 * i + 8], 2) for i in range(length)).decode()
