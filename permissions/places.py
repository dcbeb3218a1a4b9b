"""The place that a request in work holds (``permissions.admission``), and how it steps aside for what takes long."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextvars import ContextVar
from typing import Protocol


class Overloaded(Exception):
    """There is no place, and none in sight."""


class Place(Protocol):
    """What a request holds of the places that there are."""

    held: bool

    def leave(self) -> None:
        """Give it back, if it is held."""

    async def come_back(self) -> None:
        """Take one again. Raises Overloaded."""


PLACE: ContextVar[Place | None] = ContextVar("place", default=None)
"""The place of the request that is being answered; None outside a server."""


@contextlib.asynccontextmanager
async def aside() -> AsyncIterator[None]:
    """The request waits for something that is none of the others' business: somebody else has its place meanwhile.

    Raises Overloaded at the end where it finds none again.
    """
    place = PLACE.get()
    if place is None or not place.held:
        yield
        return
    place.leave()
    yield
    await place.come_back()
