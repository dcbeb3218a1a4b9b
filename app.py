"""Composition: what serves which path, behind what. Nothing imports this file but the server and its tests."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import AsyncIterator

import structlog
from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

import admin.site
from db import installation
from db.audit.sealer import Sealer
from db.engine import Database, TooSlow
from db.registry import registry
from db.rollup_folder import Folder
from permissions import logs, middleware
from permissions.http import health_routes, http_fault, session_routes
from permissions.identities import Identities
from resolvers.commands.job_runner import JobRunner
from resolvers.commands.region_calendar import RegionCalendar
from resolvers.services import make_services
from schema.http import Direct, Endpoint
from schema.http import routes as graphql_routes
from settings import get_settings

log = structlog.get_logger()


def create_app() -> Starlette:
    """The whole server as one ASGI application; opens its database when it starts."""
    logs.configure()
    settings = get_settings()
    database = Database(settings)
    system = database.as_system()
    identities = Identities(system)
    services = make_services(settings, database, registry())
    sealer = Sealer(system)
    folder = Folder(system)
    calendar = RegionCalendar(system)
    runner = JobRunner(services.jobs)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        try:
            await database.start()
            await check_secrets(system)
        except Exception as problem:
            log.error("not_started", **logs.failure(problem))
            raise
        await calendar.start()
        sealer.start()
        folder.start()
        runner.start()
        try:
            yield
        finally:
            await runner.stop()
            await calendar.stop()
            await folder.stop()
            await sealer.stop()
            await database.stop()

    graphql = Endpoint(services, lambda core: admin.site.documents(core, services.entities))
    return Starlette(
        routes=[
            *graphql_routes(graphql),
            Route("/", home),
            *health_routes(system),
            *session_routes(system, settings, identities),
            *admin.site.routes(services, graphql.schema.core),
        ],
        middleware=[*middleware.stack(settings, identities), Middleware(Direct, endpoint=graphql)],
        exception_handlers={HTTPException: http_fault},
        lifespan=lifespan,
    )


async def check_secrets(system: Database) -> None:
    """Refuse to serve a database that was written with a secret which this process lacks. Raises WrongSecret."""
    if found := await system.look(installation.findings, bulk=True):
        log.error("wrong_secret", reason=found[0])
        raise installation.WrongSecret
    try:
        await system.write(installation.remember)
    except (
        DBAPIError,
        TooSlow,
    ) as problem:  # full, busy or without tables: reads go on, /readyz tells
        log.warning("secret_not_noted", **logs.failure(problem))


def create_server() -> Starlette:
    """The application for a process that does nothing else: what is there now stays until it ends.

    Without this every full collection looks at the whole schema again, 60 to 120 ms that some request has to wait.
    """
    logs.configure_process()
    made = create_app()
    gc.collect()
    gc.freeze()
    return made


async def home(_request: Request) -> Response:
    """Whoever comes by hand wants the admin."""
    return RedirectResponse("/admin/")
