"""What a client sends -> columns of a draft, with every fault of it.

A column that may not be written is READ_ONLY, unless what came back is what stands there already (or its mask): a
form sends all it shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db import crypto
from db.entity_info import EntityInfo, Field, Relation
from db.facts import Facts, OneOf, When
from db.kinds import Several
from permissions.actions import writable_columns
from resolvers.acting import acts_of
from resolvers.commands.references import referred_key, same_reference
from resolvers.commands.values import Bad, converted
from resolvers.commands.work import Draft, named, public_id
from resolvers.faults import Fault, bad_input


def read(draft: Draft, data: Mapping[str, Any], allowed: frozenset[str] | None = None) -> None:
    """Take over what `data` says, by public names; faults are noted in the draft.

    `allowed` are the fields and references that may be written; None: those the viewer may write.
    """
    if allowed is None:
        allowed = writable_columns(draft.info, draft.work.viewer, draft.open)
    for name, value in data.items():
        known = _known(draft.info, name)
        try:
            if isinstance(known, Relation):
                _read_reference(draft, known, value, known.name in allowed)
            elif known.kind.sealed:
                _read_encrypted(draft, known, value, known.name in allowed)
            else:
                _read_value(draft, known, value, known.name in allowed)
        except (Bad, Several) as wrong:
            column = known.near if isinstance(known, Relation) else known.name
            for bad in wrong.faults if isinstance(wrong, Several) else [wrong]:
                draft.fault(column, bad.code, bad.zh, bad.en, *bad.path)


def _known(info: EntityInfo, name: str) -> Field | Relation:
    known = info.public_fields.get(name) or info.public_relations.get(name)
    if known is None or (isinstance(known, Relation) and (known.many or known.through or known.facts is None)):
        raise bad_input(f"{info.facts.zh}没有可以填写的“{name}”。", f"{info.name} has no input {name!r}.")
    return known


def _read_value(draft: Draft, field: Field, value: Any, allowed: bool) -> None:
    stored = (draft.before or {}).get(field.column)
    if not allowed:
        if draft.new and value is None:
            return
        if not _unchanged(draft, field, value, stored):
            raise _read_only(field.facts, draft)
        return
    if _is_mask(draft, field, value, stored):
        return
    draft.given.add(field.column)
    draft.row[field.column] = converted(field.facts, value, draft.work.today)


def _is_mask(draft: Draft, field: Field, value: Any, stored: Any) -> bool:
    """Whether the viewer, who sees a mask in this row, sent it back."""
    if draft.open is None or field.name not in draft.open.masked:
        return False
    mask = f"{str(stored)[:1]}某某" if field.facts.personal == "surname" and stored else None
    return value is None or value == "" or bool(value == mask)


def _unchanged(draft: Draft, field: Field, value: Any, stored: Any) -> bool:
    if draft.open is None:
        return False
    if field.kind.identity:
        return bool(value == public_id(draft.info, draft.open.key))
    if field.kind.structured:
        return bool(value == stored)
    try:
        return _is_mask(draft, field, value, stored) or converted(field.facts, value, draft.work.today) == stored
    except (Bad, Several):
        return False


def _read_reference(draft: Draft, relation: Relation, value: Any, allowed: bool) -> None:
    stored = (draft.before or {}).get(relation.near)
    value = None if value in ("", {}) else value
    if value is None if draft.new else same_reference(draft.work, relation, value, stored):
        return
    if not allowed:
        raise _read_only(relation.facts, draft)
    draft.given.add(relation.near)
    draft.row[relation.near] = None if value is None else referred_key(draft.work, relation, value)


def _read_encrypted(draft: Draft, field: Field, value: Any, allowed: bool) -> None:
    name, stored = field.name, (draft.before or {}).get(field.column)
    if draft.open is not None and (value == stored or (value is None and stored is None)):
        return
    if not allowed:
        raise _read_only(field.facts, draft)
    if isinstance(value, str) and "*" in value:
        raise Bad(
            "PATTERN", "不能含有“*”；不修改请原样保留", "must not contain *; send the mask back to leave the value"
        )
    draft.given.add(field.column)
    clear = converted(field.facts, value, draft.work.today)
    three = sealed(draft.info, field, clear)
    # A new ciphertext of the same value is no change, nor is one of another secret.
    known = [] if clear is None else crypto.digests(clear, f"{draft.info.key}.{name}")
    if draft.open is None or draft.open[f"{name}_digest"] not in known:
        draft.row.update(three)
        draft.clear |= {} if clear is None else {name: clear}


def sealed(info: EntityInfo, field: Field, clear: str | None) -> dict[str, str | None]:
    """The three stored columns of an encrypted one."""
    context, name = f"{info.key}.{field.name}", field.name
    if clear is None:
        return {f"{name}_cipher": None, f"{name}_digest": None, f"{name}_mask": None}
    return {
        f"{name}_cipher": crypto.encrypt(clear, context),
        f"{name}_digest": crypto.digest(clear, context),
        f"{name}_mask": crypto.MASKS[field.facts.mask or ""](clear),
    }


def _read_only(facts: Facts | None, draft: Draft) -> Bad:
    if facts is not None and facts.fixed and not draft.new:
        return Bad("READ_ONLY", "新建时确定，不能修改", "is chosen at creation and cannot be changed")
    if facts is not None and not facts.computed and not facts.kind.identity:
        return Bad("READ_ONLY", "您不能修改", "may not be changed by you")
    return Bad("READ_ONLY", "由系统填写，不能修改", "is written by the server")


# --- what must be there -----------------------------------------------------------------------------------------------


def fill_defaults(draft: Draft) -> None:
    """Give the columns of a new row that were left out, or left empty, their default."""
    for column in draft.info.table.c:
        default = column.default.arg if column.default is not None and column.default.is_scalar else None  # type: ignore[attr-defined]
        draft.row.setdefault(column.name, None)
        if draft.row[column.name] is None and column.name not in draft.broken:
            draft.row[column.name] = default


def require(draft: Draft, supplied: frozenset[str]) -> None:
    """Note a fault for every column that is empty and must not be; the `supplied` ones only if nothing else is.

    What the server supplies from other columns is missing because those are.
    """
    empty = [column for column, facts in needed(draft.info).items() if is_empty(draft, column, facts)]
    for column in [c for c in empty if c not in supplied]:
        draft.fault(column, "REQUIRED", "必须填写", "is required")
    for column in [c for c in empty if c in supplied and draft.sound and not draft.early]:
        draft.fault(column, "REQUIRED", "必须填写", "is required")
    for one_of in draft.info.one_ofs.values():
        _require_one(draft, one_of)
    for column, when in required_when(draft.info).items():
        facts = draft.info.table.c[column].info["facts"]
        if when.column not in draft.broken and when.holds(draft.row) and is_empty(draft, column, facts):
            known = named(draft.info, when.column)
            label = known.facts.zh if isinstance(known, Field) else known.zh
            draft.fault(column, "REQUIRED", f"在{when.zh(label)}时必填", f"is required by {known.public}")


def _require_one(draft: Draft, one_of: OneOf) -> None:
    """One of the references of a one-of reference is set, and no other."""
    if draft.broken.isdisjoint(one_of.columns):
        count = sum(draft.row.get(column) is not None for column in one_of.columns)
        if count > 1 or (one_of.required and not count):
            code, zh = ("CONFLICT", "只能指一条") if count else ("REQUIRED", "必须填写")
            draft.broken.update(one_of.columns)
            en = f"{one_of.public}: name one row."
            draft.faults.append(Fault((one_of.public,), code, f"“{one_of.zh}”{zh}。", en))


def is_empty(draft: Draft, column: str, facts: Facts) -> bool:
    stored = f"{column}_digest" if facts.kind.sealed else column
    return draft.row.get(stored) is None and column not in draft.broken


def required_when(info: EntityInfo) -> dict[str, When]:
    """The columns that must have a value under a condition on another column."""
    return {c.name: c.info["facts"].required_when for c in info.table.c if c.info["facts"].required_when}


def must_be_sent(info: EntityInfo) -> frozenset[str]:
    """Columns without which no row can be created: what neither has a default nor is supplied by the server."""
    table, supplied = info.table, acts_of(info.model).supplied
    return frozenset(
        column for column in needed(info)
        if column not in supplied and (column not in table.c or table.c[column].default is None)
    )  # fmt: skip


def needed(info: EntityInfo) -> dict[str, Facts]:
    """The columns no row of the entity may lack and that are not the server's business, with their facts."""
    fields = {f.name: f.facts for f in info.fields.values() if f.writable and not _optional(info, f)}
    references = {
        r.near: r.facts for r in info.references
        if r.facts and not r.facts.computed and not info.table.c[r.near].nullable
    }  # fmt: skip
    return {**fields, **references}


def _optional(info: EntityInfo, field: Field) -> bool:
    stored = f"{field.name}_cipher" if field.kind.sealed else field.column
    return bool(info.table.c[stored].nullable)
