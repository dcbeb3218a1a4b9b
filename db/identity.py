"""Row keys: UUIDv7, so that the order of ids is the order of creation, and their public form ``prefix_uuid``."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator

_lock = threading.Lock()
_last = 0
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def _format(stamp: int, tail: int) -> str:
    # `stamp` is milliseconds and a 12-bit counter (60 bits); `tail` is random (62 bits).
    value = (stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | tail
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def new_key() -> str:
    """A fresh UUIDv7; ids made by one process never go backwards."""
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1_000_000 << 12)
        stamp = _last
    return _format(stamp, int.from_bytes(os.urandom(8), "big") >> 2)


def seeded_keys(milliseconds: int, seed: int) -> Iterator[str]:
    """Ids that are the same for the same `seed`: for demo data that must be reproducible."""
    import random

    chance, stamp = random.Random(seed), milliseconds << 12
    while True:
        yield _format(stamp, chance.getrandbits(62))
        stamp += 1


def global_id(prefix: str, key: str) -> str:
    """``("mc", "0190…")`` -> ``mc_0190…``."""
    return f"{prefix}_{key}"


def parse_global_id(value: str) -> tuple[str, str] | None:
    """``mc_0190…`` -> ``("mc", "0190…")``; None where the text is no id of ours."""
    prefix, _, key = value.partition("_")
    return (prefix, key) if prefix and _UUID.fullmatch(key) else None
