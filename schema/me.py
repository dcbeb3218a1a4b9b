"""``me``: who is signed in and what they may do with which entity. Written by hand, as Strawberry types."""

from __future__ import annotations

import strawberry

from db.facts import OPERATIONS, SCOPES, Grant, Role
from db.registry import Registry
from permissions.viewer import Viewer


@strawberry.type(name="ViewerGrant", description="本人的一个角色。A role of the viewer.")
class ViewerGrant:
    role: str = strawberry.field(description="角色代码，如 DIST。Code of the role.")
    label: str = strawberry.field(description="角色名称。Name of the role.")


@strawberry.type(
    name="ViewerRight", description="对一类对象可做什么。What the viewer may do with the rows of an entity."
)
class ViewerRight:
    entity: str = strawberry.field(description="对象类型的名称。Name of the entity.")
    label: str = strawberry.field(description="对象名称。What its rows are called.")
    operations: list[str] = strawberry.field(
        description="可做的操作：READ CREATE UPDATE SUBMIT REVIEW EXPORT REVEAL。What may be done."
    )
    aggregates_only: bool = strawberry.field(description="只能看汇总数。Aggregates only.")
    scopes: list[str] = strawberry.field(description="范围。Scopes.")


@strawberry.type(name="Viewer", description="登录人。Who is signed in.")
class ViewerType:
    login: str = strawberry.field(description="登录名。Login.")
    name: str = strawberry.field(description="姓名。Name.")
    grants: list[ViewerGrant] = strawberry.field(description="角色。Roles.")
    rights: list[ViewerRight] = strawberry.field(description="对各类对象可做什么。What may be done with which entity.")


NAMES = {"R": "READ", "C": "CREATE", "U": "UPDATE", "S": "SUBMIT", "V": "REVIEW", "X": "EXPORT", "E": "REVEAL"}


def viewer_type(entities: Registry, viewer: Viewer) -> ViewerType:
    """The viewer as ``me`` prints it."""
    rights = []
    for info in entities.values():
        held = [grant for role, grant in info.grants.items() if role in viewer.reaches]
        if held:
            rights.append(_right(info.name, info.facts.zh, held))
    roles = sorted(viewer.reaches, key=list(Role).index)
    grants = [ViewerGrant(role=role.name, label=role.zh) for role in roles]
    return ViewerType(login=viewer.login, name=viewer.name, grants=grants, rights=rights)


def _right(name: str, zh: str, grants: list[Grant]) -> ViewerRight:
    held = set().union(*(grant.operations for grant in grants))
    return ViewerRight(
        entity=name,
        label=zh,
        operations=[NAMES[letter] for letter in OPERATIONS if letter in held],
        aggregates_only=all(grant.aggregate_only for grant in grants),
        scopes=sorted({SCOPES[grant.scope] for grant in grants}),
    )
