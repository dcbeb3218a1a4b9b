"""The admin's routes, behind its gate."""

from __future__ import annotations

from graphql import GraphQLSchema
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from admin import own_pages, sheets, translations, vocabulary
from admin.api import TableApi
from admin.bundle import PINNED, Bundle, build
from admin.desk import site as desk
from admin.desk.documents import Documents
from admin.forms import not_found
from admin.gate import Gate
from admin.rights import Rights
from admin.tables import Tables
from admin.wording import SITE_NAME
from db.registry import Registry
from permissions.http import viewer_of
from permissions.viewer import Viewer
from resolvers.services import Services


def routes(services: Services, core: GraphQLSchema) -> list[BaseRoute]:
    """Everything below /admin/. Raises BundleMistake or ModelMistake where it cannot work."""
    return [Mount("/admin", app=Gate(Router(inner_routes(services, core))))]


def documents(core: GraphQLSchema, entities: Registry) -> list[str]:
    """What all pages of ours send to GraphQL, for a server that runs registered documents only."""
    return [*own_pages.documents(), *Documents(core, entities).everything()]


def inner_routes(services: Services, core: GraphQLSchema | None = None) -> list[Route]:
    """The routes as they are behind the gate; the pages of the desk go by the schema that clients see."""
    tables = Tables(services.entities)
    rights = Rights(services, tables)
    api = TableApi(services, tables, rights)
    own = desk.routes(core, services.entities) if core is not None else []
    tabular = [*_tables(api), *sheets.routes(services, tables)]
    return [*_files(build(), services), *own, *_public(), *_identity(tables, rights), *tabular]


def _files(bundle: Bundle, services: Services) -> list[Route]:
    async def index(_request: Request) -> Response:
        return Response(bundle.index, media_type="text/html", headers={"Cache-Control": "no-cache"})

    async def asset(request: Request) -> Response:
        file = bundle.assets.get(request.path_params["name"])
        if file is None:
            return not_found()
        zipped = "gzip" in request.headers.get("accept-encoding", "")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        encoding = {"Content-Encoding": "gzip"} if zipped else {}
        return Response(file.zipped if zipped else file.content, headers=headers | encoding, media_type=file.media_type)

    return [
        Route("/", index),
        Route("/assets/{name}", asset),
        *vocabulary.routes(services.entities),
        Route("/pages/{name}", own_pages.file),
        Route("/workbench/", own_pages.workbench),
        Route("/new-committee/", own_pages.new_committee),
        Route("/matrix/", own_pages.matrix),
        Route("/account/", own_pages.account),
        Route("/accounts/", own_pages.accounts),
        Route("/audit/", own_pages.audit),
        Route("/jobs/", own_pages.jobs),
        Route("/access/", own_pages.access),
        Route("/sheets/", own_pages.sheets),
    ]


def _public() -> list[Route]:
    async def meta(_request: Request) -> Response:
        return JSONResponse({"piccolo_admin_version": PINNED, "site_name": SITE_NAME})

    async def languages(_request: Request) -> Response:
        language = translations.LANGUAGE
        return JSONResponse({"translations": [language], "default_language_code": language["language_code"]})

    async def words(request: Request) -> Response:
        if request.path_params["code"] != translations.LANGUAGE["language_code"]:
            return not_found()
        return JSONResponse({**translations.LANGUAGE, "translations": translations.WORDS})

    return [
        Route("/public/meta/", meta),
        Route("/public/translations/", languages),
        Route("/public/translations/{code}/", words),
    ]


def _identity(tables: Tables, rights: Rights) -> list[Route]:
    """Who is signed in and what their menu holds; the gate has made sure that somebody is."""

    def asking(request: Request) -> Viewer:
        viewer = viewer_of(request.scope)
        assert viewer is not None
        return viewer

    async def user(request: Request) -> Response:
        viewer = asking(request)
        roles = "、".join(role.zh for role in viewer.reaches)
        known = {"username": f"{viewer.name}（{roles}）" if roles else viewer.name, "user_id": viewer.login}
        return JSONResponse({**known, "duty": viewer.duty})

    async def names(request: Request) -> Response:
        return JSONResponse([table.wire for table in tables.open_to(asking(request))])

    async def menu(request: Request) -> Response:
        return JSONResponse({"grouped": tables.menu(asking(request)), "ungrouped": []})

    async def links(request: Request) -> Response:
        return JSONResponse(own_pages.links(tables, asking(request), rights))

    async def no_forms(_request: Request) -> Response:
        return JSONResponse([])

    async def no_form_groups(_request: Request) -> Response:
        return JSONResponse({"grouped": {}, "ungrouped": []})

    return [
        Route("/api/user/", user),
        Route("/api/tables/", names),
        Route("/api/tables/grouped/", menu),
        Route("/api/links/", links),
        Route("/api/forms/", no_forms),
        Route("/api/forms/grouped/", no_form_groups),
    ]


def _tables(api: TableApi) -> list[Route]:
    at = "/api/tables/{table}"
    return [
        Route(f"{at}/", api.endpoint(api.list_or_create), methods=["GET", "POST"]),
        Route(f"{at}/schema/", api.endpoint(api.schema)),
        Route(f"{at}/count/", api.endpoint(api.count)),
        Route(f"{at}/ids/", api.endpoint(api.ids)),
        Route(f"{at}/references/", api.endpoint(api.references)),
        Route(f"{at}/new/", api.endpoint(api.new)),
        Route(f"{at}/{{row}}/", api.endpoint(api.row), methods=["GET", "PATCH", "DELETE"]),
    ]
