"""How many random questions an entity gets: as many in all, however many entities there are."""

from __future__ import annotations

from db.registry import registry

ENTITIES_THEN = 17
"""So many there were when the numbers were chosen."""


def share(questions: int) -> int:
    """What of `questions` for each of ENTITIES_THEN entities is left for each of today's; two at least."""
    return max(2, round(questions * min(1, ENTITIES_THEN / len(registry()))))
