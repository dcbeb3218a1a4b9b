"""Own pages, where the generated ones end: plain files that use the public GraphQL API and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from admin.desk.files import FOLDER as DESK
from admin.forms import not_found
from admin.rights import Rights
from admin.tables import Table, Tables
from db.facts import Role
from permissions.actions import may_create
from permissions.viewer import Viewer

FOLDER = Path(__file__).parent / "pages"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
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
    if all(rights.creatable(tables.by_entity[name], viewer) for name in _ACCOUNTS):
        found["账号管理"] = "./accounts/"
    if tables.by_entity["AuditLog"] in open_tables:
        found["操作记录"] = "./audit/"
    if any(may_create(table.info, viewer) for table in open_tables if table.info.part_of is None):
        found["表格导入"] = "./sheets/"
    if Role.SYS in viewer.reaches:
        found["定时任务"] = "./jobs/"
    found["权限矩阵"] = "./matrix/"
    found["权限查询"] = "./access/"
    found["我的账号"] = "./account/"
    return found


_ACCOUNTS = ("UserAccount", "RoleGrant")
_NEW_COMMITTEE = ("MediationCommittee", "CommitteeTerm", "Mediator", "MediatorAppointment")


_DOCUMENT = re.compile(r"`((?:query|mutation) [^`]*)`" r'|"((?:query |mutation |[{] )[^"\n]*)"')
_PUT_TOGETHER = "${"


def documents() -> list[str]:
    """The GraphQL documents of the pages, as they send them, for a server that runs registered ones only.

    They are read from the scripts, so a page must write each one out. Raises ValueError for one that is put together.
    """
    found = []
    for path in sorted([*FOLDER.glob("*.js"), *DESK.glob("*.js")]):
        for template, text in _DOCUMENT.findall(path.read_text(encoding="utf-8")):
            if _PUT_TOGETHER in template:
                raise ValueError(f"{path.name} puts a document together: {template[:60]}")
            found.append(template or text)
    return found


async def workbench(_request: Request) -> Response:
    """What is waiting, and a committee's filing with its facts."""
    return _page("workbench.html")


async def new_committee(_request: Request) -> Response:
    """A committee with its term and members in one go."""
    return _page("new-committee.html")


async def account(_request: Request) -> Response:
    """One's own password, second factor, sessions and tokens."""
    return _page("account.html")


async def accounts(_request: Request) -> Response:
    """The accounts one manages."""
    return _page("accounts.html")


async def matrix(_request: Request) -> Response:
    """Who may do what."""
    return _page("matrix.html")


async def jobs(_request: Request) -> Response:
    """What the clock did, what failed, what waits."""
    return _page("jobs.html")


async def audit(_request: Request) -> Response:
    """Who did what, when, from where."""
    return _page("audit.html")


async def access(_request: Request) -> Response:
    """Why one may or may not do something with a row, or, for who manages accounts, why another may."""
    return _page("access.html")


async def sheets(_request: Request) -> Response:
    """Many rows from an Excel sheet."""
    return _page("sheets.html")


async def file(request: Request) -> Response:
    """The pages' scripts and style sheets."""
    found = _FILES.get(request.path_params["name"])
    if found is None:
        return not_found()
    return FileResponse(found, media_type=_TYPES[found.suffix], headers=_FRESH)


def _page(name: str) -> Response:
    return FileResponse(FOLDER / name, media_type="text/html; charset=utf-8", headers=_FRESH)
