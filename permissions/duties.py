"""What comes before all else: a password somebody else has chosen is changed, a required second factor is set up.

Until then a session or token reaches nothing (``accounts.present_viewer``) and is refused everything but what leads out
of it, on every surface: paths by ``open_path``, the root fields of GraphQL by ``open_fields``.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response
from starlette.types import Scope

from permissions.http import refuse
from permissions.viewer import Duty, Viewer

OPEN_PATHS = frozenset(
    {"/", "/healthz", "/readyz", "/graphql", "/session", "/admin"}
    | {f"/admin/api/{name}/" for name in ("user", "links", "tables", "tables/grouped", "forms", "forms/grouped")}
)
_FILES, _DATA = ("/admin/", "/graphql/ide/"), "/admin/api/"
"""The files of the front end are the same for everybody, signed in or not."""
_ALWAYS = frozenset({"me", "ownAccount", "__typename"})
OPEN_FIELDS: dict[Duty, frozenset[str]] = {
    "CHANGE_PASSWORD": _ALWAYS | {"changePassword"},
    "ENROL_SECOND_FACTOR": _ALWAYS | {"enrolSecondFactor", "confirmSecondFactor"},
}
"""Root fields of GraphQL."""
WORDS: dict[Duty, tuple[str, str]] = {
    "CHANGE_PASSWORD": ("请先修改口令，然后才能办理其他事项。", "Change the password first; nothing else is open."),
    "ENROL_SECOND_FACTOR": (
        "您的角色须启用两步验证，请先在“我的账号”里启用。",
        "Your role requires a second factor; set it up first.",
    ),
}


def open_path(path: str, duty: Duty) -> bool:
    """Whether somebody with a duty may ask this path."""
    if path == "/session/password":
        return duty == "CHANGE_PASSWORD"
    return path in OPEN_PATHS or (path.startswith(_FILES) and not path.startswith(_DATA))


def open_fields(viewer: Viewer, fields: Iterable[str]) -> bool:
    """Whether the viewer may ask these root fields of GraphQL before its duty is done."""
    return viewer.duty is None or OPEN_FIELDS[viewer.duty].issuperset(fields)


def refusal(scope: Scope, duty: Duty) -> Response:
    """The 403 of whoever has something else to do first."""
    return refuse(scope, 403, "FORBIDDEN", *WORDS[duty], details={"duty": duty})
