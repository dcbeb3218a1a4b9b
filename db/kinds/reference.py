"""The key of another row: a relation, no field."""

from __future__ import annotations

from db.kinds.kind import ServerOnly
from db.types import Key


class Reference(ServerOnly):
    """``ref``."""

    key, stores, use = "ref", Key, "ref"
    groupable = False
