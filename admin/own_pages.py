"""Own pages, where the generated ones end: plain files that use the public GraphQL API and nothing else."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from admin.forms import not_found
from admin.rights import Rights
from admin.tables import Table, Tables
from db.facts import Role
from db.registry import Registry
from permissions.matrix import rows
from permissions.viewer import Viewer

FOLDER = Path(__file__).parent / "pages"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
TERMS, MATRIX = "terms.json", "matrix.json"
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
    found["权限矩阵"] = "./matrix/"
    return found


_NEW_COMMITTEE = ("MediationCommittee", "CommitteeTerm", "Mediator", "MediatorAppointment")


def terms(entities: Registry) -> dict[str, dict[str, str]]:
    """Every enumeration's Chinese terms: vocabulary, no data."""
    found = {field.facts.members for info in entities.values() for field in info.fields.values()}
    return {members.__name__: {m.name: m.zh for m in members} for members in found if members is not None}


_DOCUMENT = re.compile(r"`((?:query|mutation) [^`]*)`" r'|"((?:query |mutation |[{] )[^"\n]*)"')
_PUT_TOGETHER = "${"


def documents() -> list[str]:
    """The GraphQL documents of the pages, as they send them, for a server that runs registered ones only.

    They are read from the scripts, so a page must write each one out. Raises ValueError for one that is put together.
    """
    found = []
    for path in sorted(FOLDER.glob("*.js")):
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


async def matrix(_request: Request) -> Response:
    """Who may do what."""
    return _page("matrix.html")


def _matrix(entities: Registry) -> dict[str, Any]:
    """The permission matrix in words: vocabulary, no data."""
    cells = [{"entity": zh, "cells": {role.name: said for role, said in row.items()}} for zh, row in rows(entities)]
    return {"roles": {role.name: role.zh for role in Role}, "rows": cells}


def files(entities: Registry) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of the pages' scripts, style sheet and vocabulary."""
    vocabularies = {TERMS: terms(entities), MATRIX: _matrix(entities)}

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name in vocabularies:
            return JSONResponse(vocabularies[name], headers=_FRESH)
        found = _FILES.get(name)
        if found is None:
            return not_found()
        return FileResponse(found, media_type=_TYPES[found.suffix], headers=_FRESH)

    return file


def _page(name: str) -> Response:
    return FileResponse(FOLDER / name, media_type="text/html; charset=utf-8", headers=_FRESH)
