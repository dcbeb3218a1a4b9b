"""JSON documents that the commands write."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db.kinds.kind import ServerOnly
from db.types import Json

if TYPE_CHECKING:
    from db.columns import Facts


class Document(ServerOnly):
    """``json``."""

    key, stores, use = "json", Json, "document"
    askable = sortable = groupable = defaulted = False
    structured = True

    def mistake(self, column: sa.Column[Any], facts: Facts) -> tuple[str, str] | None:
        if super().mistake(column, facts):
            return "a document column of another type", f"Use {self.use}(…)."
        if not facts.hidden and facts.copies is None:
            return (
                "a document that does not say what it copies",
                "Say copies=Shape(…); Shape() where it copies no row.",
            )
        return None
