"""Entities as the front end knows them: Chinese labels are the wire names of tables and columns.

The front end prints a table's and a column's name as it is, so the name is the label. Labels must therefore be unique
within an entity and hold none of the characters the front end gives a meaning.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from db.entity_info import EntityInfo, Field, Relation
from db.mistakes import ModelMistake
from db.registry import Registry
from permissions.scopes import may
from permissions.viewer import Viewer

KEY = "编号"
"""The wire name of the id. It is no column of any list or form."""
REASON = "办理理由"
"""The field of an edit form that takes the reason of a step."""
INVISIBLE = "（无权查看）"

MENUS = ("备案", "调解组织", "调解案件", "业务", "区划与机构", "系统")
"""The order of the menu's groups; others follow."""

# What a row says about itself rather than about its subject stands at the end of a form.
_SYSTEM = ("created_by", "created_at", "updated_by", "updated_at", "version")
_INTERNAL = frozenset({"id", "scope_path", "path", "org_scope"})
_MEANING = re.compile(r"__|[,.\[\]\-/?#&=%\s]")


@dataclass(frozen=True)
class Column:
    """One column of a table: a scalar or a reference."""

    wire: str
    part: Field | Relation

    @property
    def public(self) -> str:
        """Its name in GraphQL."""
        return self.part.public

    @property
    def name(self) -> str:
        """Its Python name in the registry."""
        return self.part.name

    @property
    def reference(self) -> Relation | None:
        """The relation, where the column is a reference."""
        return self.part if isinstance(self.part, Relation) else None

    @property
    def scalar(self) -> Field | None:
        """The field, where the column is a scalar."""
        return self.part if isinstance(self.part, Field) else None

    @property
    def system(self) -> bool:
        """Whether it is about the row and not about its subject."""
        return self.name in _SYSTEM


@dataclass(frozen=True)
class Table:
    """One entity under its label, with its columns by theirs, in the order of a form."""

    wire: str
    info: EntityInfo
    columns: dict[str, Column]

    def of(self, name: str) -> Column:
        """The column of a Python name: ``region_id`` and ``region`` are the same."""
        return self._by_name.get(name) or self._by_name[name.removesuffix("_id")]

    @functools.cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns.values()}

    @functools.cached_property
    def by_public(self) -> dict[str, Column]:
        """Columns by their GraphQL name."""
        return {column.public: column for column in self.columns.values()}

    @functools.cached_property
    def link(self) -> Column:
        """The column of the list that opens the row: its label where that is a plain name, else the first one."""
        facts = self.info.facts
        label = self.info.fields.get(facts.label)
        plain = label is not None and label.kind.textual and not label.nullable and facts.label in facts.listed
        return self.of(facts.label if plain else facts.listed[0])

    def __hash__(self) -> int:
        return hash(self.wire)


class Tables(Mapping[str, Table]):
    """Every entity with a list, by its label."""

    def __init__(self, entities: Registry) -> None:
        self.entities = entities
        self._by_wire: dict[str, Table] = {}
        self.by_entity: dict[str, Table] = {}
        for info in entities.values():
            if info.facts.listed:
                self._add(Table(_checked(info.name, info.facts.zh), info, _columns(info)))
        named = Counter(r.target for info in entities.values() for r in info.references if r.name not in _SYSTEM)
        # What others name most is what people look for most.
        self._by_wire = dict(sorted(self._by_wire.items(), key=lambda item: -named[item[1].info.name]))

    def _add(self, table: Table) -> None:
        taken = self._by_wire.get(table.wire)
        if taken is not None:
            wrong = f"{table.wire!r} is already the name of {taken.info.name}"
            raise ModelMistake(table.info.name, wrong, "Give one of them another Chinese name.")
        self._by_wire[table.wire] = self.by_entity[table.info.name] = table

    def __getitem__(self, wire: str) -> Table:
        return self._by_wire[wire]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_wire)

    def __len__(self) -> int:
        return len(self._by_wire)

    def open_to(self, viewer: Viewer) -> list[Table]:
        """The tables of which the viewer may see rows."""
        return [table for table in self.values() if may(table.info, viewer, "R")]

    def menu(self, viewer: Viewer) -> dict[str, list[str]]:
        """Group -> tables, for the viewer."""
        groups: dict[str, list[str]] = {}
        for table in self.open_to(viewer):
            if table.info.part_of:
                continue  # its rows are met on the page of their parent
            groups.setdefault(table.info.facts.menu, []).append(table.wire)
        known = [name for name in MENUS if name in groups]
        return {name: groups[name] for name in [*known, *(n for n in groups if n not in known)]}

    def visible(self, table: Table, viewer: Viewer) -> list[Column]:
        """The columns a viewer sees: all but references to what they see no row of."""
        seen = {info.name for info in self.entities.values() if may(info, viewer, "R")}
        return [c for c in table.columns.values() if c.reference is None or c.reference.target in seen]


def _columns(info: EntityInfo) -> dict[str, Column]:
    parts: list[Field | Relation] = [*info.fields.values(), *info.references]
    # As the model declares them, an encrypted one under its own name.
    order = [column.info.get("encrypted", column.name) for column in info.table.c]
    order += [field.name for field in info.fields.values() if not field.stored]
    shown = [part for part in parts if part.name not in _INTERNAL]
    shown.sort(key=lambda part: (part.name in _SYSTEM and 1 + _SYSTEM.index(part.name), order.index(_stored(part))))
    found: dict[str, Column] = {}
    for part in shown:
        wire = _checked(f"{info.name}.{part.name}", _label(part))
        if wire in found or wire in (KEY, REASON):
            where = f"{info.name}.{part.name}"
            raise ModelMistake(where, f"the label {wire!r} is taken", "Labels are unique within an entity.")
        found[wire] = Column(wire, part)
    return found


def _stored(part: Field | Relation) -> str:
    return part.near if isinstance(part, Relation) else part.name


def _label(part: Field | Relation) -> str:
    return part.zh if isinstance(part, Relation) else part.facts.zh


def _checked(where: str, label: str) -> str:
    if _MEANING.search(label):
        wrong = f"the label {label!r} holds a sign with a meaning in addresses"
        raise ModelMistake(where, wrong, "Leave out blanks and , . [ ] - / __.")
    return label
