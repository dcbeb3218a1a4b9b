"""``allowedSteps``: what the viewer may do now with one row that has a life; written by hand, as Strawberry types."""

from __future__ import annotations

import strawberry

from db.identity import parse_global_id
from permissions.actions import allowed_steps, open_row
from permissions.walls import behind
from schema.context import Context


@strawberry.type(name="AllowedStep", description="可以办理的一步。A step the viewer may take.")
class AllowedStepType:
    verb: str = strawberry.field(
        description="动作，如 submit；对应的写入是 submitCommitteeFiling。The verb; its mutation is verb and entity."
    )
    label: str = strawberry.field(description="名称。Its name.")
    target: str = strawberry.field(description="办理后的状态。State afterwards.")
    reason_required: bool = strawberry.field(description="必须写明理由。A reason is required.")


async def steps_of(context: Context, global_id: str) -> list[AllowedStepType]:
    """The steps open on a row; none where it is not there, cannot be seen, or has no state machine."""
    entities, viewer = context.services.entities, context.viewer
    found = parse_global_id(global_id)
    info = entities.by_prefix.get(found[0]) if found else None
    if found is None or info is None or info.facts.machine is None:
        return []
    key, entity = found[1], info
    database = behind(context.services.database, viewer, "act")
    row = await database.look(lambda connection: open_row(connection, entities, entity, viewer, key))
    steps = allowed_steps(info, viewer, row) if row else ()
    return [AllowedStepType(verb=s.verb, label=s.zh, target=s.target, reason_required=s.reason) for s in steps]
