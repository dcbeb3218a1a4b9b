"""A table as JSON schema, in the front end's dialect, for one viewer.

``extra`` of a property says more than the stock front end knows: whether a new row takes it (``create``), whether one
may sort by it, whether it is the state that steps change. ``front/fengqiao.js`` reads it.
"""

from __future__ import annotations

from typing import Any

from admin import wording
from admin.conditions import filterable, order_path
from admin.kinds import SHOWN
from admin.querystrings import own_order
from admin.rights import Rights
from admin.rows import choices
from admin.tables import KEY, REASON, Column, Table, Tables
from db.entity_info import Field
from db.facts import Code, Facts, Kind
from permissions.viewer import Viewer
from resolvers.commands.inputs import must_be_sent

_CHECKSUMS = {"credit_code": "18 位统一社会信用代码", "citizen_number": "18 位身份证号"}


def schema(tables: Tables, table: Table, viewer: Viewer, rights: Rights) -> dict[str, Any]:
    """What the front end must know of a table to list, filter, sort, show and edit it."""
    columns = tables.visible(table, viewer)
    creatable = rights.creatable(table, viewer)
    properties = {c.wire: _property(tables, table, c, viewer, rights, c in creatable) for c in columns}
    if states := rights.states(table):
        properties = _after(properties, states[-1].wire, {REASON: _reason(table)})
    facts, needed = table.info.facts, must_be_sent(table.info)
    listed = [table.of(name) for name in facts.listed]
    return {
        "title": table.wire,
        "type": "object",
        "required": [c.wire for c in creatable if (c.reference.near if c.reference else c.name) in needed],
        "properties": properties,
        "extra": {
            "help_text": _description(table),
            "primary_key_name": KEY,
            "link_column_name": table.link.wire,
            "visible_column_names": [c.wire for c in listed if c in columns],
            "visible_filter_names": [c.wire for c in columns if filterable(c, viewer, table.info)],
            "visible_fields_options": [c.wire for c in columns],
            "order_by": [
                {"column": table.of(name.lstrip("-")).wire, "ascending": not name.startswith("-")}
                for name in own_order(table, viewer)
                if name.lstrip("-") != "id"
            ],
            "rich_text_columns": [],
            "media_columns": [],
            "time_resolution": {},
            "can": rights.on_table(table, viewer),
            "missing": rights.missing(table, viewer),
            "entity": table.info.name,
        },
    }


def _after(properties: dict[str, Any], name: str, more: dict[str, Any]) -> dict[str, Any]:
    """`properties` with `more` behind `name`."""
    place = list(properties).index(name) + 1
    items = list(properties.items())
    return dict([*items[:place], *more.items(), *items[place:]])


def defaults(table: Table, columns: list[Column]) -> dict[str, Any]:
    """What the form of a new row begins with."""
    found: dict[str, Any] = {}
    for column in columns:
        default = column.scalar.facts.default if column.scalar else None
        found[column.wire] = default.name if isinstance(default, Code) else default
    return found


def _property(
    tables: Tables, table: Table, column: Column, viewer: Viewer, rights: Rights, create: bool
) -> dict[str, Any]:
    extra: dict[str, Any] = {
        "choices": None,
        "nullable": _nullable(table, column),
        "secret": False,
        "unique": True,
        "create": create,
        "system": column.system,
        "name": column.public,
        "computed": column.part.facts is None or column.part.facts.computed,
        "sortable": order_path(tables.entities, column, viewer, table.info) is not None,
    }
    if column.reference is not None:
        target = tables.by_entity[column.reference.target]
        extra["foreign_key"] = {
            "to": target.wire,
            "target_column": KEY,
            "create": bool(rights.creatable(target, viewer)),
        }
        extra["help_text"] = _reference_help(column)
        return {"title": column.wire, "type": "string", "extra": extra}
    assert column.scalar is not None
    facts = column.scalar.facts
    extra["help_text"] = help_text(column.scalar)
    extra["state"] = table.info.facts.is_state(column.name)
    terms = wording.names(tables.entities, table.info, column.name)
    if facts.members is not None or terms:
        extra["choices"] = choices(terms or {m.name: m.zh for m in facts.members or ()})
    extra["document"] = column.scalar.kind.structured and not column.scalar.writable
    if facts.long or column.scalar.kind.typed:
        extra["widget"] = "text-area"
    return {"title": column.wire, **SHOWN[column.scalar.kind].schema, "extra": extra}


def _nullable(table: Table, column: Column) -> bool:
    stored = column.reference.near if column.reference else column.scalar.column if column.scalar else ""
    return stored not in table.info.table.c or bool(table.info.table.c[stored].nullable)


def _reason(table: Table) -> dict[str, Any]:
    needed = dict.fromkeys(step.zh for step in table.info.facts.steps if step.reason)
    extra = {
        "choices": None, "nullable": True, "secret": False, "unique": True, "create": False, "sortable": False,
        "step": True, "widget": "text-area", "help_text": f"{'、'.join(needed)}必须写明理由。" if needed else None,
    }  # fmt: skip
    return {"title": REASON, "type": "string", "extra": extra}


def _description(table: Table) -> str:
    """The Chinese sentences at the head of the model's docstring."""
    text = (table.info.model.__doc__ or "").strip()
    return text.split("\n\n")[0].replace("\n    ", "")


def help_text(field: Field) -> str | None:
    """What to know when filling a field in."""
    facts = field.facts
    if facts.computed:
        return "由系统填写。"
    said = [
        "加密保存，页面上只显示部分内容；不改就保持原样。" if field.kind.sealed else "",
        _form(field.kind, facts),
        f"在{facts.required_when}时必填。" if facts.required_when else "",
        "不能与其他记录重复。" if facts.unique else "",
        "不能晚于今天。" if not facts.future else "",
        "新建后不能修改。" if facts.fixed else "",
    ]
    return "".join(said) or None


def _form(kind: Kind, facts: Facts) -> str:
    if facts.checksum:
        return f"{_CHECKSUMS[facts.checksum]}，末位要与前面相符。"
    if facts.pattern_zh:
        return f"{facts.pattern_zh}。"
    return SHOWN[kind].form(facts)


def _reference_help(column: Column) -> str | None:
    facts = column.reference.facts if column.reference else None
    if facts is None or facts.computed:
        return "由系统填写。"
    required = f"在{facts.required_when}时必填。" if facts.required_when else ""
    return (required + ("新建后不能修改。" if facts.fixed else "")) or None
