"""The steps of the state machines: the edges are data of the model, what a step does beyond them is in its acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from db.clock import today
from db.facts import Facts, Step
from db.kinds import TEXT
from db.models.system.audit_log import AuditAction
from db.registry import EntityInfo
from permissions.actions import OpenRow, Verdict, choose_step, may_take
from resolvers.acting import Act, acts_of
from resolvers.commands import audit
from resolvers.commands.numbers import numbers
from resolvers.commands.rows import held, judge, run, state_fault, store
from resolvers.commands.values import Bad, converted
from resolvers.commands.versions import refuse_stale
from resolvers.commands.work import Draft, Work
from resolvers.faults import Denied, Fault, Refused, bad_input, forbidden

_REASON = Facts(TEXT, "理由", "Why.", length=1000, long=True)


def take(
    work: Work, info: EntityInfo, by: Mapping[str, Any], verb: str, if_version: int | None, reason: str | None
) -> str:
    """The key of the row that took the step."""
    _must_be_a_verb(info, verb)
    if not may_take(info, work.viewer, verb):
        raise forbidden(f"没有权限{_zh(info, verb)}{info.facts.zh}。", f"You may not {verb} {info.name} rows.")
    row = held(work, info, by, "update")
    step = _open_step(work, info, row, verb, if_version)
    said = _reason(step, reason)
    acts, act = acts_of(info.model), Act(work, info, row, step, said, Draft(work, info, row, dict(row.values)))
    judge(acts, step.rules, act.draft)
    run(acts.guards.get(verb, ()), act.draft)
    if act.draft.faults:
        raise Refused(act.draft.faults)
    effect = acts.effects.get(verb)
    columns = effect(act) if effect else {}
    machine = info.facts.machine
    changes = {**columns, **numbers(work, info, row, verb), **({machine.column: step.target} if machine else {})}
    after = store(work, info, row, changes)
    audit.record(work, AuditAction.VERB, info, row.key, row.values, after, step, said)
    return row.key


def _must_be_a_verb(info: EntityInfo, verb: str) -> None:
    verbs = dict.fromkeys(step.verb for step in info.facts.machine.steps if step.sources) if info.facts.machine else {}
    if verb not in verbs:
        raise bad_input(
            f"{info.facts.zh}没有“{verb}”这一步。", f"{info.name} has no step {verb!r}, only {', '.join(verbs)}."
        )


def _zh(info: EntityInfo, verb: str) -> str:
    steps = info.facts.machine.steps if info.facts.machine else ()
    return next((step.zh for step in steps if step.verb == verb), verb)


def _open_step(work: Work, info: EntityInfo, row: OpenRow, verb: str, if_version: int | None) -> Step:
    step, verdict = choose_step(info, work.viewer, row, verb)
    if step is None or verdict is Verdict.ROLE:
        raise forbidden(f"没有权限{_zh(info, verb)}这条{info.facts.zh}。", f"You may not {verb} this row.")
    refuse_stale(work, info, row, if_version)
    if verdict is Verdict.STATE:
        raise Refused([state_fault(info, row, step.zh, f"taken through {verb!r}")])
    if verdict is Verdict.APART:
        raise Denied(
            "FORBIDDEN",
            f"本人经办过的{info.facts.zh}，不能由本人{step.zh}。",
            f"Who worked on the row before cannot {verb} it.",
        )
    if verdict is Verdict.MAKER:
        raise Denied(
            "FORBIDDEN",
            f"只能由经办人{'或本单位的人' if step.same_unit else ''}{step.zh}。",
            f"Only its makers can {verb} the row.",
        )
    return step


def _reason(step: Step, reason: str | None) -> str | None:
    try:
        said = converted(_REASON, reason, today())
    except Bad as bad:
        raise Refused([Fault(("reason",), bad.code, f"“理由”{bad.zh}。", f"reason {bad.en}.")]) from None
    if step.reason and said is None:
        raise Refused([Fault(("reason",), "REQUIRED", f"{step.zh}必须填写理由。", "reason is required.")])
    return said  # type: ignore[no-any-return]
