"""The addresses of the pages: ``/admin/list/``, ``/admin/record/`` and what they load."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import orjson
from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from admin.bundle import File
from admin.desk import fields
from admin.desk.documents import Documents
from admin.desk.faces import faces
from admin.desk.files import POLICY, build
from admin.forms import not_found
from db.registry import Registry

PAGES = ("home", "list", "record")
JSON = "application/json"
NOW = "now"
"""In place of the version, for pages that are plain files and cannot know it."""
Answer = Callable[[Request], Awaitable[Response]]


def routes(core: GraphQLSchema, entities: Registry) -> list[Route]:
    """The pages, their files, and the words and documents of every entity."""
    documents = Documents(core, entities)
    files = build(PAGES)
    named = File(orjson.dumps(faces(documents)), JSON)

    async def asset(request: Request) -> Response:
        found = files.assets.get(request.path_params["name"])
        if found is None or request.path_params["version"] not in (files.version, NOW):
            return not_found()
        return sent(request, found) if request.path_params["version"] != NOW else fresh(request, found)

    async def words(request: Request) -> Response:
        return fresh(request, named)

    async def texts(request: Request) -> Response:
        name = request.path_params["name"].removesuffix(".json")
        if name not in entities:
            return not_found()
        told = documents.of(name) | {"info": fields.info(documents, entities[name])}
        return fresh(request, File(orjson.dumps(told), JSON))

    return [
        *(Route(f"/{name}/", _page(content)) for name, content in files.pages.items()),
        Route("/desk/faces.json", words),
        Route("/desk/documents/{name}", texts),
        Route("/desk/{version}/{name}", asset),
    ]


def _page(content: bytes) -> Answer:
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY}

    async def answer(_request: Request) -> Response:
        return Response(content, media_type="text/html", headers=headers)

    return answer


def sent(request: Request, file: File) -> Response:
    """A file that never changes under its address."""
    return packed(request, file, {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"})


def fresh(request: Request, file: File) -> Response:
    """What is asked for anew each time and sent only where it changed."""
    tag = f'"{hashlib.sha256(file.content).hexdigest()[:20]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag, "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return packed(request, file, headers)


def packed(request: Request, file: File, headers: dict[str, str]) -> Response:
    """A file as the browser likes it."""
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    encoding = {"Content-Encoding": "gzip"} if zipped else {}
    return Response(file.zipped if zipped else file.content, headers=headers | encoding, media_type=file.media_type)
