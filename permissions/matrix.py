"""The permission matrix in Chinese, printed from the facts that decide: for docs/permissions.md and the admin."""

from __future__ import annotations

from collections.abc import Mapping

from db.entity_info import EntityInfo
from db.facts import OPERATIONS, SCOPES, Grant, Machine, Role, Step
from db.grants import Test
from db.registry import Registry

_HEAD = """# 权限矩阵

由 `./run schema export` 从各实体的声明生成，与程序执行的是同一份数据，请勿手改。
Generated from the models; do not edit.

没有写的就是没有。一个账号有几个角色时权限相加；授权有起止日期。范围看记录的归属：归属单位所在的区划决定谁管得到它。
“仅汇总”的角色看不到明细，只能按规定的维度取数，少于规定条数的单元格不显示；“掩码”指个人信息不显示全文，也不能用作条件。
加密的字段（身份证号、手机号等）对所有人都只显示掩码。
"""


def cell(info: EntityInfo, grant: Grant) -> str:
    """One cell in words: operations, scope, and what narrows them."""
    done = [_operation(info, grant, letter, zh) for letter, zh in OPERATIONS.items() if letter in grant.operations]
    notes = ["仅汇总"] * grant.aggregate_only + ["掩码"] * grant.masked
    where = SCOPES[grant.scope] + ("（上级可看）" if grant.above else "")
    return f"{'、'.join(done)}：{where}{condition(info, grant)}" + (f"；{'、'.join(notes)}" if notes else "")


def condition(info: EntityInfo, grant: Grant) -> str:
    """What a grant asks of a row besides its scope, in words; empty where it asks nothing."""
    return f"（限{'，且'.join(_tested(info, test) for test in grant.where)}）" if grant.where else ""


def _tested(info: EntityInfo, test: Test) -> str:
    facts = info.fields[test.column].facts
    if facts.members is None:
        return f"{facts.zh}为{'是' if test.values[0] else '否'}"
    said = "、".join(member.zh for member in facts.members if member.name in test.words)
    return f"{facts.zh}{'不' if test.negated else ''}为{said}"


def cells(info: EntityInfo, role: Role) -> str:
    """All that a role may, one grant after the other."""
    return "。".join(cell(info, grant) for grant in info.grants.of(role))


def _operation(info: EntityInfo, grant: Grant, letter: str, zh: str) -> str:
    named = grant.columns.get(letter)
    if named is None:
        return zh
    labels = [_label(info, column) for column in sorted(named)]
    return f"{zh}（限{'、'.join(labels)}）"


def _label(info: EntityInfo, column: str) -> str:
    field, relation = info.fields.get(column), info.relations.get(column.removesuffix("_id"))
    return field.facts.zh if field else relation.zh if relation else column


def rows(entities: Registry) -> list[tuple[str, Mapping[Role, str]]]:
    """(entity in Chinese, role -> cell), in the order of the entities' names."""
    return [(info.facts.zh, {role: cells(info, role) for role in info.grants.roles()}) for info in entities.values()]


def markdown(entities: Registry) -> str:
    """The whole matrix as a document: a table for each entity, its personal columns and the steps of its life."""
    parts = [_HEAD]
    for info in entities.values():
        parts.append(f"\n## {info.facts.zh} {info.name}\n\n| 角色 | 权限 |\n|---|---|\n")
        for role in Role:
            if said := cells(info, role):
                parts.append(f"| {role.zh} {role.name} | {said} |\n")
        if personal := _personal(info):
            parts.append(f"\n{personal}\n")
        parts += [_life(info, machine) for machine in info.facts.machines]
    return "".join(parts)


def _personal(info: EntityInfo) -> str:
    encrypted = [f.facts.zh for f in info.fields.values() if f.kind.sealed]
    masked = [f.facts.zh for f in info.fields.values() if f.maskable]
    said = []
    if encrypted:
        said.append(f"加密存放、只显示掩码：{'、'.join(encrypted)}。")
    if masked:
        said.append(f"对“掩码”角色不显示：{'、'.join(masked)}。")
    return "".join(said)


def _life(info: EntityInfo, machine: Machine) -> str:
    members = info.fields[machine.column].facts.members
    states = {member.name: member.zh for member in members or ()}
    lines = ["\n| 办理 | 从 | 到 | 谁可以 | 不得由 |\n|---|---|---|---|---|\n"]
    for step in machine.steps:
        sources = "、".join(states.get(s, s) for s in step.sources) or "（新建）"
        roles = "系统" if step.server else "、".join(role.zh for role in step.roles)
        apart = "、".join(_label(info, column) for column in step.apart) or "—"
        lines.append(f"| {step.zh} | {sources} | {states.get(step.target, step.target)} | {roles} | {apart} |\n")
    lines += [f"\n{said}\n" for step in machine.steps if (said := _terms(info, step))]
    return "".join(lines)


def _terms(info: EntityInfo, step: Step) -> str:
    """What else a step says of itself: what it asks for, by when, and how it is undone."""
    takes = "、".join(_label(info, take.column) + "（必填）" * take.required for take in step.taken)
    said = [f"填写{takes}"] if takes else []
    if step.due is not None:
        begin = f"“{_label(info, step.due.start)}”" if step.due.start else "进入可办理的环节"
        said.append(f"期限为自{begin}起 {step.due.term.zh}" + "，暂停的环节不计" * bool(step.due.pause))
    said += [f"到期前 {days} 日提醒" for days in step.warns]
    said += [f"逾期 {each.days} 日告知{'、'.join(role.zh for role in each.roles)}" for each in step.escalates]
    if step.undo:
        said.append(f"可用“{next(other.zh for other in info.facts.edges(step.undo))}”撤销")
    return f"“{step.zh}”：{'；'.join(said)}。" if said else ""


def export() -> str:
    """Write ``docs/permissions.md`` and say so."""
    from db.registry import registry
    from settings import ROOT

    (ROOT / "docs" / "permissions.md").write_text(markdown(registry()), encoding="utf-8")
    return f"已写入 docs/permissions.md（{len(registry())} 类对象）。"
