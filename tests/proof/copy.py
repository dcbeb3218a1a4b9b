"""The copy of the data that one viewer may see: the reference, with what it found out about a viewer kept.

The rows stay those of the whole database; what is kept per viewer is which of them are there for it (`visible`), which
rows hang together for it (`related`) and what of a row is told to it (`shown`): the filtered and masked copy, filled as
far as questions have reached.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Grant, Role
from permissions.viewer import Viewer
from tests.reference import Reference
from tests.world import Row


@dataclass
class Copies(Reference):
    """The answers for one set of rows on one day, for many viewers and questions."""

    kept: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def readers(self, info: EntityInfo, viewer: Viewer, counting: bool = False) -> list[tuple[Role, Grant]]:
        """As ``Reference.readers``."""
        key = ("readers", info.name, viewer.account_id, counting)
        if key not in self.kept:
            self.kept[key] = super().readers(info, viewer, counting)
        return self.kept[key]  # type: ignore[no-any-return]

    def visible(self, entity: str, row: Row, viewer: Viewer, counting: bool = False) -> bool:
        """As ``Reference.visible``."""
        key = ("visible", entity, row["id"], viewer.account_id, counting)
        if key not in self.kept:
            self.kept[key] = super().visible(entity, row, viewer, counting)
        return self.kept[key]  # type: ignore[no-any-return]

    def related(self, relation: Relation, row: Row | None, viewer: Viewer, counting: bool = False) -> list[Row]:
        """As ``Reference.related``; records come in all the time."""
        if relation.target == "AuditLog":
            return super().related(relation, row, viewer, counting)
        key = ("related", relation.source, relation.name, row and row["id"], viewer.account_id, counting)
        if key not in self.kept:
            self.kept[key] = super().related(relation, row, viewer, counting)
        return self.kept[key]  # type: ignore[no-any-return]

    def shown(self, entity: str, field: Field, row: Row, viewer: Viewer) -> Any:
        """As ``Reference.shown``."""
        key = ("shown", entity, field.name, row["id"], viewer.account_id)
        if key not in self.kept:
            self.kept[key] = super().shown(entity, field, row, viewer)
        return self.kept[key]

    def writes(self, info: EntityInfo, row: Row, viewer: Viewer, letter: str) -> bool:
        """Whether a role that holds the operation opens the row for it; the levels above are open to readers only."""
        cells = [(role, grant) for role, grant in info.grants.items() if role in viewer.reaches]
        writing = [(role, replace(grant, above=False)) for role, grant in cells if letter in grant.operations]
        return any(self._opens(info, row, viewer, role, grant) for role, grant in writing if not grant.aggregate_only)

    def hidden_rows(self, entity: str, viewer: Viewer) -> list[Row]:
        """Living rows of an entity that the viewer may not see."""
        rows = self.rows[entity]
        return [row for row in rows if row["deleted_at"] is None and not self.visible(entity, row, viewer)]

    def seen_rows(self, entity: str, viewer: Viewer) -> list[Row]:
        """Rows of an entity that the viewer may see, by id."""
        return [row for row in self.rows[entity] if self.visible(entity, row, viewer)]
