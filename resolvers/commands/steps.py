"""The steps of the state machines: the edges are data of the model, what a step does beyond them is in its acts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from db.clock import SHANGHAI
from db.entity_info import EntityInfo, Field
from db.facts import Facts, Step
from db.kinds import TEXT
from db.machines import verbs
from db.models.system.audit_log import AuditAction
from permissions.actions import OpenRow, Verdict, choose_step, may_take, server_step
from permissions.viewer import SERVER
from resolvers.acting import Act, acts_of
from resolvers.commands import audit, inputs, nested, uniqueness
from resolvers.commands.numbers import numbers
from resolvers.commands.rows import create, held, judge, run, state_fault, store, within_the_wall
from resolvers.commands.values import Bad, converted
from resolvers.commands.versions import refuse_stale
from resolvers.commands.work import Draft, Work, named
from resolvers.faults import Denied, Fault, Refused, bad_input, forbidden

_REASON = Facts(TEXT, "理由", "Why.", length=1000, long=True)


def take(
    work: Work, info: EntityInfo, by: Mapping[str, Any], verb: str, if_version: int | None, reason: str | None,
    takes: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """The key of the row that took the step; `takes` are the values that the step asks for, by public names."""
    must_take(work, info, verb)
    row = held(work, info, by, "update")
    take_with(work, info, row, verb, if_version, reason, takes or {})
    return row.key


def must_take(work: Work, info: EntityInfo, verb: str) -> None:
    """Raise BAD_INPUT where there is no such verb, FORBIDDEN where the viewer may take it with no row."""
    _must_be_a_verb(info, verb)
    if not may_take(info, work.viewer, verb):
        raise forbidden(f"没有权限{_zh(info, verb)}{info.facts.zh}。", f"You may not {verb} {info.name} rows.")


def take_with(
    work: Work, info: EntityInfo, row: OpenRow, verb: str, if_version: int | None, reason: str | None,
    takes: Mapping[str, Any],
) -> None:  # fmt: skip
    """Take the step with a row that is held."""
    step = _open_step(work, info, row, verb, if_version)
    draft = Draft(work, info, row, dict(row.values))
    said = _reason(draft, step, reason)
    _read(draft, step, takes)
    _do(draft, step, said)


def take_as_server(work: Work, info: EntityInfo, key: str, verb: str, as_of: dt.datetime) -> bool:
    """Take a step of the server with a row, as of the moment when it was due; whether it was still open.

    Nobody is the actor. A row that was changed since then takes the step now: its history goes forward. Raises Refused
    where a rule stands in the way.
    """
    _must_be_a_verb(info, verb)
    stored = work.hold(info.name, key)
    step = server_step(info, stored, verb) if stored and not stored["deleted_at"] else None
    if stored is None or step is None:
        return False
    at = as_of if as_of > stored["updated_at"] else work.now
    then = replace(work, viewer=SERVER, now=at, today=at.astimezone(SHANGHAI).date())
    _do(Draft(then, info, OpenRow(stored), dict(stored)), step, None)
    work.forget()
    return True


def missing(work: Work, info: EntityInfo, row: OpenRow, step: Step) -> list[Fault]:
    """What stands in the way of a step that is open: judged without a write, before anything is given with it."""
    draft = Draft(work, info, row, dict(row.values))
    _read(draft, step, {})
    try:
        _judge(draft, step)
    except Refused as refused:
        draft.faults += refused.faults
    return draft.faults


def _read(draft: Draft, step: Step, takes: Mapping[str, Any]) -> None:
    """What the step takes, into the draft; what is missing of it is noted."""
    info, work = draft.info, draft.work
    parts = nested.split(work.entities, info, takes, new=False)
    allowed = frozenset(named(info, take.column).name for take in step.taken)
    inputs.read(draft, nested.make_before(draft, parts, partial(create, work)), allowed)
    for take in step.taken:
        known = named(info, take.column)
        facts = known.facts
        needed = take.required or (isinstance(known, Field) and not known.nullable)
        if facts is not None and needed and inputs.is_empty(draft, take.column, facts):
            draft.fault(take.column, "REQUIRED", f"在{step.zh}时必填", "is required by the step")
    if draft.changes():
        uniqueness.check(draft)


def _judge(draft: Draft, step: Step) -> None:
    acts = acts_of(draft.info.model)
    judge(acts, step.rules, draft)
    run(acts.guards.get(step.verb, ()), draft)


def _do(draft: Draft, step: Step, said: str | None) -> None:
    """Judge the step, carry its effect and write it; what it takes, it writes with its state."""
    work, info, row = draft.work, draft.info, draft.open
    assert row is not None
    _judge(draft, step)
    draft.refuse()
    effect = acts_of(info.model).effects.get(step.verb)
    columns = effect(Act(work, info, row, step, said, draft)) if effect else {}
    machine = info.facts.machine_of(step.verb)
    given = numbers(work, info, row, step.verb)
    changes = {**draft.changes(), **columns, **given, **({machine.column: step.target} if machine else {})}
    with within_the_wall(draft):
        after = store(work, info, row, changes)
    audit.record(
        work, AuditAction.VERB, info, row.key, row.values, after, step, said,
        acknowledged=draft.acknowledged, server=step.server,
    )  # fmt: skip


def _must_be_a_verb(info: EntityInfo, verb: str) -> None:
    if not info.facts.edges(verb):
        known = ", ".join(verbs(step for step in info.facts.steps if step.sources))
        raise bad_input(f"{info.facts.zh}没有“{verb}”这一步。", f"{info.name} has no step {verb!r}, only {known}.")


def _zh(info: EntityInfo, verb: str) -> str:
    return next((step.zh for step in info.facts.steps if step.verb == verb), verb)


def _open_step(work: Work, info: EntityInfo, row: OpenRow, verb: str, if_version: int | None) -> Step:
    step, verdict = choose_step(info, work.viewer, row, verb)
    if step is None or verdict is Verdict.ROLE:
        raise forbidden(f"没有权限{_zh(info, verb)}这条{info.facts.zh}。", f"You may not {verb} this row.")
    refuse_stale(work, info, row, if_version)
    machine = info.facts.machine_of(verb)
    if machine and verdict is Verdict.STATE:
        raise Refused([state_fault(info, row, machine, step.zh, f"taken through {verb!r}")])
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


def _reason(draft: Draft, step: Step, reason: str | None) -> str | None:
    try:
        said = converted(_REASON, reason, draft.work.today)
    except Bad as bad:
        draft.faults.append(Fault(("reason",), bad.code, f"“理由”{bad.zh}。", f"reason {bad.en}."))
        return None
    if step.reason and said is None:
        draft.faults.append(Fault(("reason",), "REQUIRED", f"{step.zh}必须填写理由。", "reason is required."))
    return said  # type: ignore[no-any-return]
