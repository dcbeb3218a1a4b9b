"""Excel in: the template of an entity, and an upload, judged whole and then written; each piece is a line of JSON."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from admin import forms
from admin.tables import Tables
from permissions.actions import may_create
from permissions.http import viewer_of
from permissions.viewer import Viewer
from resolvers.faults import Denied
from resolvers.services import Services
from resolvers.sheets.book import template
from resolvers.sheets.columns import columns_of
from resolvers.sheets.loading import Sheet, load, read_sheet

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def routes(services: Services, tables: Tables) -> list[Route]:
    """What may be brought in, the template of each, and the uploads."""
    entities, commands = services.entities, services.commands

    def asking(request: Request) -> Viewer:
        viewer = viewer_of(request.scope)
        assert viewer is not None
        return viewer

    def named(request: Request) -> str | None:
        name = str(request.path_params["entity"])
        known = name in entities and name in {table.info.name for table in tables.open_to(asking(request))}
        return name if known and may_create(entities[name], asking(request)) else None

    async def listed(request: Request) -> Response:
        open_to = [table.info for table in tables.open_to(asking(request))]
        found = [info for info in open_to if info.part_of is None and may_create(info, asking(request))]
        return JSONResponse([{"entity": info.name, "label": info.facts.zh} for info in found])

    async def empty(request: Request) -> Response:
        if (name := named(request)) is None:
            return forms.not_found()
        content = template(entities[name], columns_of(entities, entities[name], asking(request)))
        kept = {"Content-Disposition": f'attachment; filename="{name}.xlsx"', "Cache-Control": "private, no-store"}
        return Response(content, media_type=_XLSX, headers=kept)

    async def upload(request: Request) -> Response:
        if (name := named(request)) is None:
            return forms.not_found()
        viewer, write = asking(request), request.query_params.get("write") == "1"
        with tempfile.NamedTemporaryFile(prefix="fengqiao-sheet-") as file:
            async for chunk in request.stream():
                file.write(chunk)
            file.flush()
            try:
                sheet = read_sheet(commands, viewer, name, Path(file.name))
            except Denied as problem:
                return forms.denied(problem)
        return StreamingResponse(_lines(services, viewer, sheet, write), media_type="application/x-ndjson")

    return [
        Route("/api/sheets/", listed),
        Route("/api/sheets/{entity}.xlsx", empty),
        Route("/api/sheets/{entity}/", upload, methods=["POST"]),
    ]


async def _lines(services: Services, viewer: Viewer, sheet: Sheet, write: bool) -> AsyncIterator[bytes]:
    """A line for each piece: how far it is, and what was found wrong since the line before."""
    told = 0
    async for state in load(services.commands, viewer, sheet, write=write):
        new, told = state.wrong[told:], len(state.wrong)
        said = {"total": state.total, "done": state.done, "written": state.written, "wrong": [asdict(w) for w in new]}
        yield orjson.dumps(said) + b"\n"
