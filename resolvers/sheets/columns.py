"""The columns of a sheet: what a viewer may write of an entity, under Chinese heads, and what a cell says.

A sheet is a form of many rows. A reference is named by its target's number, its name or its id; a term of an
enumeration by its Chinese, its code or its name; days as people write them. What a value may be says its column.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from db.clock import today
from db.entity_info import EntityInfo, Field, Relation
from db.facts import Facts
from db.identity import global_id, parse_global_id
from db.kinds import BOOL, DATE
from db.registry import Registry
from db.texts import clean
from permissions.actions import writable_columns
from permissions.columns import conditionable
from permissions.scopes import scope
from permissions.viewer import Viewer
from resolvers.commands.values import Bad
from resolvers.commands.work import Work

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00:00)?")
_LISTED = re.compile("[、,，;；]")
REQUIRED = "*"
"""Behind the head of a column that must be filled in."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column: the field, or the reference and the entity of its target."""

    known: Field | Relation
    required: bool
    """Whether a new row needs it."""
    target: EntityInfo | None = None

    @property
    def facts(self) -> Facts:
        """What is declared of it."""
        assert self.known.facts is not None
        return self.known.facts

    @property
    def stored(self) -> str:
        """The column of the table."""
        return self.known.near if isinstance(self.known, Relation) else self.known.name

    @property
    def name(self) -> str:
        """Its name in inputs and in the paths of faults."""
        return self.known.public

    @property
    def head(self) -> str:
        """What stands above it."""
        return self.facts.zh

    @property
    def terms(self) -> list[str]:
        """What there is to choose from, in Chinese; none where it is no choice."""
        if self.facts.members is not None:
            return [member.zh for member in self.facts.members]
        return ["是", "否"] if self.facts.kind == BOOL else []

    def said(self, work: Work, cell: str) -> Any:
        """What goes into the input for the text of a cell. Raises Bad."""
        if self.target is not None:
            return {"id": named_row(work, self.target, cell)}
        if self.facts.members is not None:
            known = {word: m.name for m in self.facts.members for word in (m.name, m.value, m.zh)}
            if self.facts.kind.listing:
                return ",".join(known.get(part.strip(), part.strip()) for part in _LISTED.split(cell) if part.strip())
            return known.get(cell, cell)
        if self.facts.kind == DATE and (day := _DAY.fullmatch(cell)):
            return f"{day[1]}-{day[2]:0>2}-{day[3]:0>2}"
        return cell.replace(",", "") if self.facts.kind.summable else cell


def columns_of(entities: Registry, info: EntityInfo, viewer: Viewer) -> list[Column]:
    """What the viewer may write of a new row, in the order of the model; documents and child rows are no cells."""
    allowed = writable_columns(info, viewer)
    found: list[Column] = []
    for column in info.table.c:
        required = not column.nullable and column.default is None
        name = str(column.info.get("encrypted", column.name))
        if (field := info.fields.get(name)) is not None:
            if name in allowed and not field.kind.structured and not any(c.known is field for c in found):
                found.append(Column(field, required))
            continue
        relation = info.relations.get(column.name.removesuffix("_id"))
        if relation is not None and relation.near == column.name and relation.name in allowed:
            found.append(Column(relation, required, entities[relation.target]))
    return found


def named_row(work: Work, info: EntityInfo, text: str) -> str:
    """The global id of the visible row that a cell names: by its id, a number of its, or its name. Raises Bad."""
    text = clean(text).strip()
    parsed = parse_global_id(text)
    if parsed is not None and parsed[0] == info.facts.prefix:
        return text
    table = info.table.alias("t")
    keys = [f for f in info.by_keys if not f.kind.identity and f.kind.textual and conditionable(info, f, work.viewer)]
    label = info.fields.get(info.facts.label)
    if label is not None and label not in keys and label.kind.textual and conditionable(info, label, work.viewer):
        keys.append(label)
    for key in keys:
        query = sa.select(table.c.id).where(
            table.c[key.column] == text, scope(work.entities, info, table, work.viewer), *_now(info, table)
        )
        rows = work.rows(query.limit(2))
        if len(rows) > 1:
            raise Bad("CONFLICT", f"有几个叫“{text[:40]}”的，请写编号", "is the name of several; give a number")
        if rows:
            return global_id(info.facts.prefix, rows[0]["id"])
    raise Bad("NOT_FOUND", "没有找到，或无权查看", "does not exist, or you may not see it")


def _now(info: EntityInfo, table: sa.FromClause) -> list[sa.ColumnElement[bool]]:
    """Of rows that replace one another those in force: a code comes back in its successor."""
    if "valid_to" not in table.c or "valid_to" not in info.fields:
        return []
    return [sa.or_(table.c.valid_to.is_(None), table.c.valid_to >= today())]


def input_of(
    work: Work, columns: Sequence[Column | None], cells: Sequence[str]
) -> tuple[dict[str, Any], Mapping[Column, Bad]]:
    """The input that a row of cells stands for, and what is wrong with cells that say nothing an input could."""
    data: dict[str, Any] = {}
    wrong: dict[Column, Bad] = {}
    for column, cell in zip(columns, cells, strict=False):
        text = clean(cell, lines=True).strip() if column is not None else ""
        if column is None or not text:
            continue
        try:
            value = column.said(work, text)
        except Bad as bad:
            wrong[column] = bad
            continue
        data[column.name] = {"connect": value} if column.target is not None else value
    return data, wrong
