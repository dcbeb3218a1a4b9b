"""The front end's JSON contract (study/admin.md 11), answered by the one read path and the one write path.

A table or a row that is not there and one the viewer may not see get the same answer, to the byte.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from admin import forms, rows
from admin.labels import label_pick, label_text
from admin.pickers import found_by
from admin.querystrings import PAGE, Listing, listing
from admin.rights import Rights
from admin.schemas import defaults, schema
from admin.tables import REASON, Column, Table, Tables
from permissions.http import viewer_of
from permissions.viewer import Viewer
from permissions.walls import behind
from resolvers.commands.audit import record_export
from resolvers.commands.work import Origin
from resolvers.faults import Denied, Fault, Refused, forbidden
from resolvers.requests import Connection, Single, page
from resolvers.services import Services
from resolvers.streams import digest_of

Endpoint = Callable[[Request], Awaitable[Response]]
OnTable = Callable[[Request, Table, Viewer], Awaitable[Response]]
MOST_FOUND = 200
"""How many rows a picker gets at most."""


class TableApi:
    """The endpoints of every table."""

    def __init__(self, services: Services, tables: Tables, rights: Rights) -> None:
        self.services, self.tables, self.rights = services, tables, rights

    def endpoint(self, answer: OnTable) -> Endpoint:
        """`answer` with its table and viewer, and with refusals turned into what the front end prints."""

        async def respond(request: Request) -> Response:
            viewer = viewer_of(request.scope)
            table = self.tables.get(request.path_params["table"])
            if viewer is None or table is None or table not in self.tables.open_to(viewer):
                return forms.not_found()
            try:
                return await answer(request, table, viewer)
            except Refused as problem:
                return forms.refused(table, problem)
            except Denied as problem:
                await self.services.commands.refusals.note_reads(viewer, [problem])
                return forms.denied(problem)

        return respond

    # --- lists ------------------------------------------------------------------------------------------------------

    async def list_or_create(self, request: Request, table: Table, viewer: Viewer) -> Response:
        """GET: a page of rows. POST: a new row."""
        if request.method == "POST":
            return await self.create(request, table, viewer)
        asked = listing(self.tables, table, request.query_params, viewer)
        if asked.exported:
            return await self.export(asked, table, viewer)
        columns = self._listed(table, viewer)
        found = await self._nodes(table, columns, asked, viewer)
        return JSONResponse({"rows": [rows.listed(self.tables, table, columns, row) for row in found]})

    async def export(self, asked: Listing, table: Table, viewer: Viewer) -> Response:
        """A page of a spreadsheet: a right of its own."""
        if "export" not in self.rights.on_table(table, viewer):
            raise forbidden(f"没有导出“{table.wire}”的权限。", "You may not export this.", about=table.info.name)
        columns = [table.columns[name] for name in asked.columns] or self._listed(table, viewer)
        found = await self._nodes(table, columns, asked, viewer)
        condition = digest_of(Connection(table.info, [], where=asked.where, first=asked.first), None)
        told: dict[str, Any] = {"rows": len(found), "complete": True, "filter": condition, "offset": asked.offset}
        told["columns"] = [column.wire for column in columns]
        database = behind(self.services.database, viewer, "act")
        await database.write(lambda c: record_export(c, viewer, table.info, told))
        return JSONResponse({"rows": [_marked(rows.exported(self.tables, table, columns, row)) for row in found]})

    async def count(self, request: Request, table: Table, viewer: Viewer) -> Response:
        """How many rows there are. A wrong filter counts nothing: the list says what is wrong, and a failure here
        would leave the front end waiting."""
        try:
            asked = listing(self.tables, table, request.query_params, viewer)
            total = Connection(table.info, [("totalCount", "totalCount", None)], where=asked.where)
            number = (await self.services.reads.rows(total, viewer))["totalCount"]
        except Denied:
            number = 0
        return JSONResponse({"count": number, "page_size": PAGE})

    async def ids(self, request: Request, table: Table, viewer: Viewer) -> Response:
        """id -> name, for pickers."""
        params = request.query_params
        limit, offset = (_small(params.get(name), default) for name, default in (("limit", MOST_FOUND), ("offset", 0)))
        pick = label_pick(self.tables.entities, table.info)
        typed = found_by(table, params.get("search", ""), viewer)
        asked = page(table.info, pick, first=min(limit, MOST_FOUND), offset=offset, **typed)
        found = (await self.services.reads.rows(asked, viewer))["nodes"]
        return JSONResponse({row["id"]: label_text(self.tables.entities, table.info, row) for row in found})

    async def references(self, _request: Request, table: Table, viewer: Viewer) -> Response:
        """Which columns of which tables name rows of this one."""
        naming = [
            {"tableName": other.wire, "columnName": column.wire}
            for other in self.tables.open_to(viewer)
            for column in self.tables.visible(other, viewer)
            if column.reference is not None and column.reference.target == table.info.name and not column.system
        ]
        return JSONResponse({"references": naming})

    # --- forms ------------------------------------------------------------------------------------------------------

    async def schema(self, _request: Request, table: Table, viewer: Viewer) -> Response:
        """The columns and what may be done with them."""
        return JSONResponse(schema(self.tables, table, viewer, self.rights))

    async def new(self, _request: Request, table: Table, viewer: Viewer) -> Response:
        """The values a new row begins with."""
        return JSONResponse(defaults(table, self.rights.creatable(table, viewer)))

    async def create(self, request: Request, table: Table, viewer: Viewer) -> Response:
        """A new row; 201."""
        body = await _body(request)
        columns = self.rights.creatable(table, viewer)
        if wrong := forms.unknown(columns, body):
            raise Refused(wrong)
        await self.services.commands.create(viewer, table.info.name, forms.new_data(columns, body), _origin(request))
        return JSONResponse({}, 201)

    async def row(self, request: Request, table: Table, viewer: Viewer) -> Response:
        """GET: one row with what may be done with it. PATCH: its fields, or a step of its life. DELETE."""
        columns = self.tables.visible(table, viewer)
        found = await self._single(table, columns, request.path_params["row"], viewer)
        if found is None:
            return forms.not_found()
        if request.method == "PATCH":
            return await self.change(request, table, viewer, found)
        if request.method == "DELETE":
            await self.services.commands.delete(viewer, table.info.name, {"id": found["id"]}, _version(request))
            return Response(status_code=204)
        allowed = await self.rights.on_row(table, viewer, found)
        detail = rows.detailed(self.tables, table, columns, found)
        told = {"__version": found["version"], "__history": self.rights.history(table, viewer)}
        return JSONResponse({**detail, **allowed.answer(), **told}, headers=_tag(found))

    async def change(self, request: Request, table: Table, viewer: Viewer, found: Mapping[str, Any]) -> Response:
        """The patch of a row, or the step that was chosen in place of its state."""
        body, version = await _body(request), _version(request)
        if version is None:
            raise Refused([Fault(("ifVersion",), "CONFLICT", "缺少版本。", "If-Match is missing.")])
        name, by = table.info.name, {"id": found["id"]}
        allowed = await self.rights.on_row(table, viewer, found)
        step = allowed.step(table, body, found)
        states = {state.wire for state in self.rights.states(table)}
        body = {wire: value for wire, value in body.items() if wire not in states}
        visible = self.tables.visible(table, viewer)
        if wrong := forms.unknown(visible, body):
            raise Refused(wrong)
        # What the form did not offer is in the patch too: the command says why it may not be changed.
        patch = forms.patch_data(visible, body, found)
        if step is None:
            if patch:
                await self.services.commands.update(viewer, name, by, patch, version, _origin(request))
            return JSONResponse({})
        taken = {table.of(take.column).public for take in step.taken}
        takes = {public: patch.pop(public) for public in taken & patch.keys()}
        if patch:
            at = table.of(allowed.states[step.verb]).wire
            raise Refused([Fault((at,), "STATE", "请先保存其他修改，再办理。", "Save your changes first.")])
        reason = body.get(REASON) or None
        await self.services.commands.take(viewer, name, by, step.verb, version, reason, _origin(request), takes)
        return JSONResponse({})

    # --- reading ----------------------------------------------------------------------------------------------------

    def _listed(self, table: Table, viewer: Viewer) -> list[Column]:
        visible = self.tables.visible(table, viewer)
        return [column for name in table.info.facts.listed if (column := table.of(name)) in visible]

    async def _nodes(self, table: Table, columns: list[Column], asked: Listing, viewer: Viewer) -> list[dict[str, Any]]:
        pick = rows.pick(self.tables, table, columns)
        request = Connection(table.info, [("nodes", "nodes", pick)], where=asked.where, order=asked.order)
        request.operation = "X" if asked.exported else "R"
        request.first, request.offset = asked.first, asked.offset
        found: list[dict[str, Any]] = (await self.services.reads.rows(request, viewer))["nodes"]
        return found

    async def _single(self, table: Table, columns: list[Column], key: str, viewer: Viewer) -> dict[str, Any] | None:
        if not rows.is_id(table.info.facts.prefix, key):
            return None
        return await self.services.reads.single(Single(rows.pick(self.tables, table, columns), {"id": key}), viewer)


def _marked(row: Mapping[str, str]) -> dict[str, str]:
    """The row of an export with the mark without which spreadsheets don't read UTF-8: the front end prints the first
    row's keys at the top of the file."""
    return {f"\ufeff{key}" if place == 0 else key: cell for place, (key, cell) in enumerate(row.items())}


def _tag(row: Mapping[str, Any]) -> dict[str, str]:
    return {"ETag": f'"{row["version"]}"'}


def _version(request: Request) -> int | None:
    """The version a form was filled in over."""
    text = request.headers.get("if-match", "").strip('"')
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _origin(request: Request) -> Origin:
    """A form, with the warnings that it was sent again in spite of."""
    codes = request.headers.get("acknowledge", "")
    return Origin(acknowledge=frozenset(code.strip() for code in codes.split(",") if code.strip()))


def _small(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else default


async def _body(request: Request) -> dict[str, Any]:
    try:
        found = orjson.loads(await request.body())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Denied("BAD_INPUT", "提交的内容无法读取。", "The body is no JSON object.")
    return found
