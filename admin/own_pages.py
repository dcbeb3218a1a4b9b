"""Own pages, where the generated ones end: plain files that use the public GraphQL API and nothing else."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from admin.forms import not_found
from admin.tables import Table, Tables
from admin.rights import Rights
from permissions.viewer import Viewer

FOLDER = Path(__file__).parent / "pages"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_FILES = {path.name: path for path in FOLDER.iterdir() if path.suffix in _TYPES}


def links(tables: Tables, viewer: Viewer, rights: Rights) -> dict[str, str]:
    """Title -> address, for the pages the viewer has a use for."""
    found: dict[str, str] = {}
    open_tables: list[Table] = tables.open_to(viewer)
    if tables.by_entity["CommitteeFiling"] in open_tables:
        found["备案工作台"] = "../admin/workbench/"
    if all(rights.creatable(tables.by_entity[name], viewer) for name in _NEW_COMMITTEE):
        found["新建调委会"] = "../admin/new-committee/"
    return found


_NEW_COMMITTEE = ("MediationCommittee", "CommitteeTerm", "Mediator", "MediatorAppointment")


async def workbench(_request: Request) -> Response:
    """What is waiting, and a committee's filing with its facts."""
    return _page("workbench.html")


async def new_committee(_request: Request) -> Response:
    """A committee with its term and members in one go."""
    return _page("new-committee.html")


async def file(request: Request) -> Response:
    """A script or style sheet of the pages."""
    found = _FILES.get(request.path_params["name"])
    if found is None:
        return not_found()
    return FileResponse(found, media_type=_TYPES[found.suffix], headers={"Cache-Control": "no-cache"})


def _page(name: str) -> Response:
    return FileResponse(FOLDER / name, media_type="text/html; charset=utf-8", headers={"Cache-Control": "no-cache"})
