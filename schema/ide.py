"""The GraphQL IDE: GraphiQL from the locked npm packages, complete without the internet and without inline script."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from settings import ROOT

FILES = {
    "react.js": "react/umd/react.production.min.js",
    "react-dom.js": "react-dom/umd/react-dom.production.min.js",
    "graphiql.js": "graphiql/graphiql.min.js",
    "graphiql.css": "graphiql/graphiql.min.css",
}
"""Public name -> file in node_modules. Our own page and script lie beside this module."""
OWN = {"ide.js": "ide.js", "ide.css": "ide.css"}
_KINDS = {"js": "text/javascript", "css": "text/css"}


def ide_routes() -> list[BaseRoute]:
    """The page at GET /graphql and the files it needs."""
    return [Route("/graphql", page, methods=["GET"]), Route("/graphql/ide/{name}", asset, methods=["GET"])]


async def page(request: Request) -> Response:
    """The IDE for people who are signed in; the others sign in first."""
    if "text/html" not in request.headers.get("accept", ""):
        return Response("请用 POST。Use POST.", 405, {"Allow": "POST"}, "text/plain; charset=utf-8")
    if request.state.viewer is None:
        return RedirectResponse("/admin/", 303)
    return FileResponse(ROOT / "schema" / "ide.html", media_type="text/html; charset=utf-8")


async def asset(request: Request) -> Response:
    """One file of the IDE; only the ones named here exist."""
    name = request.path_params["name"]
    if name in FILES:
        path = ROOT / "node_modules" / FILES[name]
    elif name in OWN:
        path = ROOT / "schema" / OWN[name]
    else:
        return Response("没有这个文件。", 404, media_type="text/plain; charset=utf-8")
    kind = _KINDS[name.rpartition(".")[2]]
    return FileResponse(path, media_type=f"{kind}; charset=utf-8", headers={"Cache-Control": "public, max-age=3600"})
