"""Failures counted in this process, bounded: by address, and for logins that have no account to count on."""

from __future__ import annotations

import math
import time
from collections import OrderedDict


class Attempts:
    """After `limit` failures in a row a key has to wait; keys used longest ago are forgotten first."""

    def __init__(self, at_most: int = 10_000) -> None:
        self._at_most = at_most
        self._held: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, key: str) -> int:
        """Seconds the key still has to wait; 0 where it need not."""
        _, until = self._held.get(key, (0, 0.0))
        return max(0, math.ceil(until - time.time()))

    def fail(self, key: str, limit: int, seconds: float) -> int:
        """Count a failure; the seconds to wait from now on."""
        count = self._held.pop(key, (0, 0.0))[0] + 1
        if len(self._held) >= self._at_most:
            self._held.popitem(last=False)
        self._held[key] = (count, 0.0) if count < limit else (0, time.time() + seconds)
        return self.wait(key)

    def forget(self, key: str) -> None:
        """The key starts afresh."""
        self._held.pop(key, None)

    def clear(self) -> None:
        """Every key starts afresh."""
        self._held.clear()
