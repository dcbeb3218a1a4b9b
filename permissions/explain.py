"""Why a viewer may or may not do something with a row: the deciding rule in a sentence, never the row.

The answer comes from the same facts and conditions by which rows are shown and commands refuse. A row that does not
exist and one out of scope are explained alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.entity_info import EntityInfo, Field, Relation
from db.facts import OPERATIONS, SCOPES, Grant, Role
from db.registry import Registry
from permissions.actions import (
    OpenRow,
    Verdict,
    choose_step,
    deletable,
    editable,
    open_row,
    start_of,
    writable_columns,
)
from permissions.matrix import condition
from permissions.scopes import aggregates_only, grants_of, scope
from permissions.viewer import Viewer

LETTERS = {"READ": "R", "CREATE": "C", "UPDATE": "U", "DELETE": "C", "EXPORT": "X"}
"""Actions beside the verbs of state machines, and the operation of the matrix that each one takes."""


@dataclass(frozen=True)
class Explanation:
    """Whether, and which rule decided: MATRIX, AGGREGATES, SCOPE, COLUMN, MASK, STATE, SEPARATION or MAKER."""

    allowed: bool
    rule: str
    zh: str
    en: str


@dataclass(frozen=True)
class Question:
    """What is asked: an action with a row of an entity (`key`), or with one field of it."""

    info: EntityInfo
    key: str | None
    action: str
    field: str | None = None


def explain(connection: Connection, entities: Registry, viewer: Viewer, asked: Question) -> Explanation:
    """The answer. Raises KeyError for an action or a field that the entity has not."""
    info = asked.info
    step = asked.action if asked.action not in LETTERS else None
    steps = [s for s in info.facts.steps if s.verb == step] if step else []
    if step and not steps:
        raise KeyError(asked.action)
    if steps and all(s.server for s in steps):
        return _no("MATRIX", f"“{steps[0].zh}”由系统到期办理，不由人办理。", "The server takes it when it is due.")
    steps = [s for s in steps if not s.server]
    letters = {s.operation for s in steps} if steps else {LETTERS[asked.action]}
    named = steps[0].zh if steps else _ZH[asked.action]
    held = [role for letter in letters for role, _ in grants_of(info, viewer, letter)]
    if not held:
        return _not_granted(info, viewer, named, letters)
    if info.part_of and asked.action in ("CREATE", "UPDATE", "DELETE"):
        return _within_parent(connection, entities, viewer, asked)
    if asked.action == "CREATE" or (steps and not steps[0].sources):
        return _creation(info, viewer, asked, named)
    row = open_row(connection, entities, info, viewer, asked.key) if asked.key else None
    if row is None:
        return _unseen(info, grants_of(info, viewer, "R"))
    if step:
        return _step(info, viewer, row, step)
    if asked.action == "READ":
        relation = info.public_relations.get(asked.field or "")
        if relation is not None:
            return _following(connection, entities, viewer, row, relation)
        return _reading(info, viewer, row, asked.field)
    if asked.action == "EXPORT":
        return _exporting(connection, entities, info, viewer, row)
    return _writing(info, viewer, row, asked, named)


_ZH = {"READ": "查看", "CREATE": "新建", "UPDATE": "修改", "DELETE": "删除", "EXPORT": "导出"}


def _roles(roles: Iterable[Role]) -> str:
    return "、".join(role.zh for role in sorted(roles, key=list(Role).index)) or "没有角色"


def _cell(info: EntityInfo, grants: Iterable[tuple[Role, Grant]]) -> str:
    return "；".join(
        f"{role.zh}：{SCOPES[grant.scope]}{'及其上级' if grant.above else ''}{condition(info, grant)}"
        for role, grant in grants
    )


def _no(rule: str, zh: str, en: str) -> Explanation:
    return Explanation(False, rule, zh, en)


def _yes(rule: str, zh: str, en: str) -> Explanation:
    return Explanation(True, rule, zh, en)


def _not_granted(info: EntityInfo, viewer: Viewer, named: str, letters: Iterable[str]) -> Explanation:
    if "R" in letters and aggregates_only(info, viewer):
        return _no(
            "AGGREGATES",
            f"您的角色（{_roles(viewer.reaches)}）对“{info.facts.zh}”只能看汇总数，不能看明细。",
            f"Your roles see aggregates of {info.name} only, not its rows.",
        )
    had = {letter for role, grant in info.grants.items() if role in viewer.reaches for letter in grant.operations}
    rest = "、".join(zh for letter, zh in OPERATIONS.items() if letter in had)
    return _no(
        "MATRIX",
        f"权限矩阵没有给您的角色（{_roles(viewer.reaches)}）{named}“{info.facts.zh}”的权限"
        + (f"；可以：{rest}。" if rest else "。"),
        f"The matrix grants your roles no such right on {info.name}.",
    )


def _within_parent(connection: Connection, entities: Registry, viewer: Viewer, asked: Question) -> Explanation:
    """Child rows are written in the input of their parent: by the right to that, and to their list in it."""
    info, owner = asked.info, asked.info.owner
    assert owner is not None
    parent = entities[owner.target]
    [listed] = [relation.public for relation, child in entities.parts_of(parent) if child is info]
    if asked.action == "CREATE":
        return explain(connection, entities, viewer, Question(parent, None, "CREATE", listed))
    row = open_row(connection, entities, info, viewer, asked.key) if asked.key else None
    if row is None:
        return _unseen(info, grants_of(info, viewer, "R"))
    allowed = writable_columns(info, viewer, row)
    if asked.field and (refused := _column(info, asked.field, allowed, new=False)):
        return refused
    return explain(connection, entities, viewer, Question(parent, row[owner.near], "UPDATE", listed))


def _unseen(info: EntityInfo, grants: list[tuple[Role, Grant]]) -> Explanation:
    return _no(
        "SCOPE",
        f"没有这条{info.facts.zh}，或者它不在您的范围内（{_cell(info, grants) or '无'}）。",
        f"There is no such {info.name}, or it lies outside your scope.",
    )


def _creation(info: EntityInfo, viewer: Viewer, asked: Question, named: str) -> Explanation:
    first = start_of(info)
    roles = {role for role, _ in grants_of(info, viewer, "C")} & (set(first.roles) if first else set(Role))
    if info.facts.written_by_commands or not roles:
        return _no(
            "MATRIX", f"“{info.facts.zh}”由系统写入，不能{named}。", f"{info.name} is written by the server only."
        )
    if asked.field and (refused := _column(info, asked.field, writable_columns(info, viewer), new=True)):
        return refused
    where = _cell(info, grants_of(info, viewer, "C"))
    zh = f"您可以以{_roles(roles)}的身份{named}“{info.facts.zh}”（{where}）。"
    return _yes("MATRIX", zh, f"You may create {info.name} rows in your scope.")


def _reading(info: EntityInfo, viewer: Viewer, row: OpenRow, field: str | None) -> Explanation:
    found = _field(info, field)
    if found is not None and found.kind.sealed:
        return _no("MASK", f"“{found.facts.zh}”加密存放，谁都只看到掩码；确有需要时凭理由查看原文，并留下记录。",
                   "Encrypted: everybody sees the mask; a reveal takes a reason and leaves a record.")  # fmt: skip
    if found is not None and found.name in row.masked:
        return _no(
            "MASK",
            f"“{found.facts.zh}”是个人信息，您的角色（{_roles(viewer.reaches)}）看到的是掩码。",
            "Personal data: your roles see it masked.",
        )
    grants = grants_of(info, viewer, "R")
    return _yes(
        "SCOPE", f"您可以查看：它在您的范围内（{_cell(info, grants)}）。", "You may read it: it lies in your scope."
    )


def _following(
    connection: Connection, entities: Registry, viewer: Viewer, row: OpenRow, relation: Relation
) -> Explanation:
    """Whether what a relation of the row leads to may be read; nothing there and nothing visible are told alike."""
    info, target = entities[relation.source], entities[relation.target]
    grants = grants_of(target, viewer, "R")
    if not any(grant.touches("R", relation.near) for _, grant in grants_of(info, viewer, "R")):
        return _no("COLUMN", f"您的角色（{_roles(viewer.reaches)}）看不到“{relation.zh}”。",
                   "Your roles do not see this reference.")  # fmt: skip
    if not grants:
        return _not_granted(target, viewer, _ZH["READ"], {"R"})
    where = f"{target.facts.zh}，您的范围是（{_cell(target, grants)}）"
    single = relation.far == "id" and relation.through is None and not relation.many
    key = row.values.get(relation.near) if single else None
    if single and (key is None or open_row(connection, entities, target, viewer, str(key)) is None):
        return _no(
            "SCOPE",
            f"“{relation.zh}”没有填写，或者不在您的范围内：它是{where}。",
            f"There is no {relation.public}, or it lies outside your scope.",
        )
    return _yes(
        "SCOPE", f"您可以查看“{relation.zh}”中在您范围内的：它是{where}。", "You may read what is in your scope."
    )


def _exporting(
    connection: Connection, entities: Registry, info: EntityInfo, viewer: Viewer, row: OpenRow
) -> Explanation:
    table = info.table.alias("t")
    mine = scope(entities, info, table, viewer, "X")
    found = connection.execute(sa.select(table.c.id).where(table.c.id == row.key, mine), viewer.binds).first()
    if found is None:
        return _beyond(info, grants_of(info, viewer, "X"), "导出")
    return _yes("SCOPE", "您可以导出；导出会留下记录。", "You may export it; an export leaves a record.")


def _beyond(info: EntityInfo, grants: list[tuple[Role, Grant]], named: str) -> Explanation:
    return _no(
        "SCOPE",
        f"您可以查看这条{info.facts.zh}，但它不在您可以{named}的范围内（{_cell(info, grants)}）。",
        "You may read this row, but it lies outside the scope of that right.",
    )


def _writing(info: EntityInfo, viewer: Viewer, row: OpenRow, asked: Question, named: str) -> Explanation:
    letter = LETTERS[asked.action]
    if info.facts.written_by_commands:
        return _no(
            "MATRIX", f"“{info.facts.zh}”由系统写入，不能{named}。", f"{info.name} is written by the server only."
        )
    if not row.roles(letter):
        return _beyond(info, grants_of(info, viewer, letter), named)
    if not (editable(info, row) if asked.action == "UPDATE" else deletable(info, row)):
        return _no("STATE", f"这条{info.facts.zh}现在的状态不允许{named}。", "The row's state does not allow that now.")
    if asked.field and (refused := _column(info, asked.field, writable_columns(info, viewer, row), new=False)):
        return refused
    tail = "，只要没有别的记录引用它" if asked.action == "DELETE" else ""
    return _yes("SCOPE", f"您可以以{_roles(row.roles(letter))}的身份{named}{tail}。", "You may.")


def _column(info: EntityInfo, name: str, allowed: frozenset[str], *, new: bool) -> Explanation | None:
    """Why a column may not be written; None where it may."""
    field = info.public_fields.get(name)
    relation = info.public_relations.get(name)
    known = field.name if field else relation.name if relation else None
    if known is None:
        raise KeyError(name)
    facts = field.facts if field else relation.facts if relation else None
    if known in allowed:
        return None
    zh = facts.zh if facts else relation.zh if relation else name
    children = known in {listed.name for listed, _ in info.parts or ()}
    if (facts is None and not children) or (facts and (facts.computed or facts.kind.identity)):
        return _no("COLUMN", f"“{zh}”由系统填写，不能修改。", "Written by the server.")
    if facts and facts.fixed and not new:
        return _no("COLUMN", f"“{zh}”新建时确定，不能修改。", "Chosen at creation, never changed.")
    return _no("COLUMN", f"您的角色不能改“{zh}”，只能改指定的几项。", "Your roles may change named columns only.")


def _field(info: EntityInfo, name: str | None) -> Field | None:
    if name is None or name in info.public_relations:
        return None
    return info.public_fields[name]


def _step(info: EntityInfo, viewer: Viewer, row: OpenRow, verb: str) -> Explanation:
    step, verdict = choose_step(info, viewer, row, verb)
    zh = step.zh if step else verb
    match verdict:
        case Verdict.OPEN:
            return _yes("STATE", f"您现在可以“{zh}”。", "You may take this step now.")
        case Verdict.STATE:
            return _no("STATE", f"现在的状态不能“{zh}”。", "The row's state does not allow this step.")
        case Verdict.APART:
            return _no("SEPARATION", f"经办人不能自己“{zh}”：申报和审核要由不同的人办理。由您开设或重置口令、本人尚未"
                       "改口令并启用两步验证的账号，所办的事算作您办的。",
                       "Who made it cannot take this step: separation of duties. What an account does that you made or "
                       "gave a password, and that its owner has not made theirs yet, counts as yours.")  # fmt: skip
        case Verdict.MAKER:
            return _no(
                "MAKER", f"“{zh}”要由原经办人或同一单位的人办理。", "Only its maker, or somebody of the same unit, may."
            )
    return _no(
        "MATRIX",
        f"您的角色（{_roles(viewer.reaches)}）不能对这一条“{zh}”。",
        "Your roles may not take this step with it.",
    )
