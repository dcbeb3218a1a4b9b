"""What clients send -> what a column stores, or what is wrong with it.

The same on both databases, because nothing is left to them. A form sends text for everything; GraphQL has coerced
already. Spaces around a text and what nobody sees in it are dropped (``db.texts``), empty text is no value; anything
else is as the column's kind reads it (``db.kinds``).
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from db.facts import Facts
from db.kinds import Bad
from db.texts import clean

__all__ = ["Bad", "converted"]


def converted(facts: Facts, value: Any, today: dt.date) -> Any:
    """What the column stores for `value`; None where it is empty. Raises Bad."""
    if isinstance(value, str):
        value = clean(value, lines=facts.long).strip()
    return None if value is None or value == "" else facts.kind.read(facts, value, today)
