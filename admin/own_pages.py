"""Own pages, where the generated ones end: plain files that use the public GraphQL API and nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from admin.forms import not_found
from admin.rights import Rights
from admin.tables import Table, Tables
from db.registry import Registry
from permissions.viewer import Viewer

FOLDER = Path(__file__).parent / "pages"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
TERMS = "terms.json"
_FRESH = {"Cache-Control": "no-cache"}
_FILES = {path.name: path for path in FOLDER.iterdir() if path.suffix in _TYPES}


def links(tables: Tables, viewer: Viewer, rights: Rights) -> dict[str, str]:
    """Title -> address, for the pages the viewer has a use for."""
    found: dict[str, str] = {}
    open_tables: list[Table] = tables.open_to(viewer)
    if tables.by_entity["CommitteeFiling"] in open_tables:
        found["备案工作台"] = "./workbench/"
    if all(rights.creatable(tables.by_entity[name], viewer) for name in _NEW_COMMITTEE):
        found["新建调委会"] = "./new-committee/"
    return found


_NEW_COMMITTEE = ("MediationCommittee", "CommitteeTerm", "Mediator", "MediatorAppointment")


def terms(entities: Registry) -> dict[str, dict[str, str]]:
    """Every enumeration's Chinese terms: vocabulary, no data."""
    found = {field.facts.members for info in entities.values() for field in info.fields.values()}
    return {members.__name__: {m.name: m.zh for m in members} for members in found if members is not None}


async def workbench(_request: Request) -> Response:
    """What is waiting, and a committee's filing with its facts."""
    return _page("workbench.html")


async def new_committee(_request: Request) -> Response:
    """A committee with its term and members in one go."""
    return _page("new-committee.html")


def files(entities: Registry) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of the pages' scripts, style sheet and vocabulary."""
    vocabulary = terms(entities)

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name == TERMS:
            return JSONResponse(vocabulary, headers=_FRESH)
        found = _FILES.get(name)
        if found is None:
            return not_found()
        return FileResponse(found, media_type=_TYPES[found.suffix], headers=_FRESH)

    return file


def _page(name: str) -> Response:
    return FileResponse(FOLDER / name, media_type="text/html; charset=utf-8", headers=_FRESH)
