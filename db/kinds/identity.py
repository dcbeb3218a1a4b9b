"""The key of a row: a UUID, printed as global id."""

from __future__ import annotations

from typing import Any

from db.kinds.kind import ServerOnly
from db.types import Key


class Identity(ServerOnly):
    """``id``."""

    key, stores, use = "id", Key, "Record"
    identity = True

    def parsed(self, printed: Any) -> Any:
        return printed.partition("_")[2]
