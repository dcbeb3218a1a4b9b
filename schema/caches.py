"""What a process remembers about documents, bounded by number and by size.

A client may send any number of texts of any length up to the limits: whatever is kept for the next time has a size,
and the least recently used gives way.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """Keeps at most `number` values of together `size`, in the unit that ``put`` is told; the least used gives way."""

    def __init__(self, number: int, size: int) -> None:
        self.number, self.size = number, size
        self.held = 0
        self._values: OrderedDict[K, tuple[V, int]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return key in self._values

    def get(self, key: K) -> V | None:
        """The value, which is then the last to go."""
        found = self._values.get(key)
        if found is None:
            return None
        self._values.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, size: int) -> None:
        """Keep a value, and let go of old ones where it is too much. What alone is a quarter of all is not kept."""
        self.drop(key)
        if size * 4 > self.size:
            return
        self._values[key] = value, size
        self.held += size
        while len(self._values) > self.number or self.held > self.size:
            _, (_, freed) = self._values.popitem(last=False)
            self.held -= freed

    def drop(self, key: K) -> None:
        """Forget a value, if it is there."""
        found = self._values.pop(key, None)
        if found is not None:
            self.held -= found[1]
