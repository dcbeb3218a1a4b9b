"""Admission: places in work and in the queue, fairness between viewers, deadlines, and clients that leave."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx2
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app import create_app
from db.engine import IDENTIFYING, SPARE, Database
from permissions import middleware, passwords
from permissions.admission import Gate
from permissions.http import health_routes
from permissions.identities import Identities
from permissions.places import Overloaded
from permissions.sign_ins import SignedIn, sign_in
from permissions.tokens import create_token
from settings import Settings, get_settings
from tests.databases import Kind
from tests.db.test_reading import COUNT, NEVER_ENDS, add
from tests.permissions.world import PASSWORD, in_database, settle
from tests.servers import serving

# --- the gate by itself -----------------------------------------------------------------------------------------------


class Visitors:
    """Requests at a gate, by name; a name's first letter is the viewer."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: list[str] = []
        self.refused: list[str] = []
        self.stays: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting: dict[str, asyncio.Task[None]] = {}

    def arrive(self, *names: str, gone: asyncio.Future[None] | None = None) -> None:
        for name in names:
            if self.gate.enter(name[0]):
                self.inside.append(name)
            else:
                self.waiting[name] = asyncio.create_task(self._wait(name, gone or self.stays))

    async def _wait(self, name: str, gone: asyncio.Future[None]) -> None:
        try:
            await self.gate.wait(name[0], gone)
        except (Overloaded, ClientDisconnect):
            self.refused.append(name)
        else:
            self.inside.append(name)

    async def leave(self, *names: str) -> None:
        await settled()
        for name in names:
            self.inside.remove(name)
            self.gate.leave(name[0])
        await settled()


async def settled() -> None:
    """Whatever can happen now has happened."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_nobody_takes_more_than_half_of_the_places() -> None:
    """One viewer's fifth request waits although four of eight places are free, and another's does not."""
    visitors = Visitors(Gate(8, 100, 60))
    visitors.arrive("a1", "a2", "a3", "a4", "a5", "b1", "b2")
    assert visitors.inside == ["a1", "a2", "a3", "a4", "b1", "b2"]
    await visitors.leave("a2")
    assert visitors.inside[-1] == "a5"


async def test_viewers_take_turns_and_each_keeps_its_order() -> None:
    """Places that become free go round the viewers who wait, to each one's oldest request."""
    visitors = Visitors(Gate(2, 100, 60))
    visitors.arrive("x1", "y1", "a1", "a2", "b1", "c1", "b2")
    await settled()
    let_in = []
    while visitors.inside:
        let_in.append(visitors.inside[0])
        await visitors.leave(visitors.inside[0])
    assert let_in == ["x1", "y1", "a1", "b1", "c1", "a2", "b2"]


async def test_the_queue_ends_somewhere_and_half_of_it_is_for_others() -> None:
    """Whom there is no room to wait for is refused at once."""
    visitors = Visitors(Gate(2, 4, 60))
    visitors.arrive("a1", "b1", "a2", "a3", "a4", "b2", "b3", "b4", "c1")
    await settled()
    assert visitors.inside == ["a1", "b1"]
    assert visitors.refused == ["a4", "b4", "c1"]


async def test_a_line_that_does_not_move_gives_up_and_leaves_nothing_behind() -> None:
    """Who waits while nobody of the line gets in is refused after the patience of the gate."""
    gate = Gate(2, 100, 0.05)
    visitors = Visitors(gate)
    visitors.arrive("a1", "a2", "a3")
    await asyncio.gather(*visitors.waiting.values())
    assert visitors.refused == ["a2", "a3"]
    await visitors.leave("a1")
    visitors.arrive("a4")
    assert visitors.inside == ["a4"]


async def test_whoever_leaves_or_is_cancelled_while_waiting_takes_no_place() -> None:
    """The place goes to the next, also when it was given in the very moment of leaving."""
    visitors = Visitors(Gate(2, 100, 60))
    gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    visitors.arrive("a1")
    visitors.arrive("a2", gone=gone)
    visitors.arrive("a3", "a4")
    await settled()
    gone.set_result(None)
    await settled()
    visitors.inside.remove("a1")
    visitors.gate.leave("a")
    visitors.waiting["a3"].cancel()  # it has been called, and has not heard of it
    await settled()
    assert (visitors.refused, visitors.inside) == (["a2"], ["a4"])


# --- behind the whole door --------------------------------------------------------------------------------------------


@dataclass
class Door:
    """A server that is nothing but the house's door before two reads and a write, and who may knock."""

    client: httpx2.AsyncClient
    headers: dict[str, dict[str, str]]
    settings: Settings
    kind: Kind

    def get(self, path: str, who: str = "a") -> asyncio.Task[httpx2.Response]:
        return asyncio.create_task(self.client.get(path, headers=self.headers[who]))

    async def count(self) -> int:
        async with asyncio.timeout(30):
            return int((await self.get("/quick", "b")).text)


@dataclass
class Counted:
    """How far the routes got."""

    begun: int = 0
    ended: list[str] = field(default_factory=list)


def door(settings: Settings, counted: Counted) -> Starlette:
    """The application of a Door."""
    database = Database(settings)

    async def slow(_request: Request) -> Response:
        counted.begun += 1
        try:
            await database.read(NEVER_ENDS["sqlite" if database.is_sqlite else "postgresql"], ())
        except BaseException as end:
            counted.ended.append(type(end).__name__)
            raise
        return Response()

    async def quick(_request: Request) -> Response:
        return PlainTextResponse(await database.read(COUNT, ()) or "")

    async def guess(_request: Request) -> Response:
        return PlainTextResponse(str(await passwords.matches_in_thread("x", None)))

    async def write(_request: Request) -> Response:
        counted.begun += 1
        await asyncio.sleep(0.5)  # longer than anybody's patience in these tests
        await database.write(add("written"))
        return Response()

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await database.stop()

    return Starlette(
        routes=[
            Route("/slow", slow),
            Route("/quick", quick),
            Route("/guess", guess),
            Route("/write", write, methods=["POST"]),
            *health_routes(database),
        ],
        middleware=middleware.stack(settings, Identities(database)),
        lifespan=lifespan,
    )


@pytest.fixture(scope="module")
def tokens(migrated_database: Callable[[Kind], str], database_kind: Kind) -> tuple[str, dict[str, str]]:
    """A database with two accounts, and their tokens."""

    def fill(connection: object) -> dict[str, str]:
        world = settle(connection)  # type: ignore[arg-type]
        world.account("other")
        logins = {"a": "@district", "b": "@other"}
        return {who: create_token(world.connection, world.keys[login], "t") for who, login in logins.items()}

    url = migrated_database(database_kind)
    return url, in_database(url, fill)


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def settings(request: pytest.FixtureRequest, tokens: tuple[str, dict[str, str]]) -> Settings:
    return Settings(database_url=tokens[0], **{"statement_seconds": 60, **getattr(request, "param", {})})


@pytest.fixture
async def at_door(
    settings: Settings, tokens: tuple[str, dict[str, str]], counted: Counted, database_kind: Kind
) -> AsyncIterator[Door]:
    headers = {who: {"Authorization": f"Bearer {token}"} for who, token in tokens[1].items()}
    with serving(lambda: door(settings, counted)) as server:
        limits = httpx2.Limits(max_connections=200)
        async with httpx2.AsyncClient(base_url=server.address, limits=limits, timeout=60) as client:
            yield Door(client, headers, settings, database_kind)


def with_settings(**values: float) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", [values], indirect=True, ids=[""])


async def until(condition: Callable[[], bool]) -> None:
    """Waits for what must happen; the tests' own patience is 30 seconds."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.02)


@with_settings(requests_in_work=4, requests_waiting=8, wait_seconds=0.5)
async def test_overload_is_answered_in_words_and_others_are_served(at_door: Door, counted: Counted) -> None:
    """Of twenty endless reads of one viewer two run, the others hear 503 and when to come again; the rest works."""
    slow = [at_door.get("/slow") for _ in range(20)]
    await until(lambda: sum(task.done() for task in slow) == 18)
    refused = [task.result() for task in slow if task.done()]
    assert {response.status_code for response in refused} == {503}
    assert {response.headers["retry-after"] for response in refused} == {"2"}
    assert {response.json()["errors"][0]["extensions"]["code"] for response in refused} == {"UNAVAILABLE"}
    assert counted.begun == 2
    health = [await at_door.get(path) for path in ("/healthz", "/readyz", "/healthz")]
    assert [response.status_code for response in health] == [200, 200, 200]
    assert [(await at_door.get("/quick", "b")).status_code for _ in range(5)] == [200] * 5
    for task in slow:
        task.cancel()


@with_settings(requests_in_work=4, wait_seconds=30)
async def test_a_read_whose_client_leaves_is_ended(at_door: Door, counted: Counted) -> None:
    """Clients come with endless reads and leave, more of them than there are places: each time all becomes free."""
    for round_ in range(3):
        slow = [at_door.get("/slow") for _ in range(2)]
        await until(lambda begun=2 * round_ + 2: counted.begun == begun)  # type: ignore[misc]
        for task in slow:
            task.cancel()
    await until(lambda: len(counted.ended) == 6)
    assert set(counted.ended) == {"CancelledError"}
    assert await at_door.count() >= 0


@with_settings(requests_in_work=2, wait_seconds=30)
async def test_who_leaves_the_queue_is_never_served(at_door: Door, counted: Counted) -> None:
    """Requests that wait behind an endless one and whose clients go away don't run when their turn would come."""
    first = at_door.get("/slow")
    await until(lambda: counted.begun == 1)
    others = [at_door.get("/slow") for _ in range(5)]
    await asyncio.sleep(0.3)
    for task in [*others, first]:
        task.cancel()
    await until(lambda: counted.ended == ["CancelledError"])
    async with asyncio.timeout(30):
        assert (await at_door.get("/quick")).status_code == 200
    assert counted.begun == 1


@with_settings(request_seconds=0.3)
async def test_a_request_has_a_deadline(at_door: Door, counted: Counted) -> None:
    """A read that takes longer than a request may hears TIMEOUT, and its statement is ended."""
    response = await at_door.get("/slow")
    assert (response.status_code, response.json()["errors"][0]["extensions"]["code"]) == (504, "TIMEOUT")
    assert counted.ended == ["CancelledError"]


@with_settings(request_seconds=0.2)
async def test_a_write_is_finished_whoever_waits_for_it(at_door: Door, counted: Counted) -> None:
    """Neither the deadline of requests nor a client that leaves breaks off a write."""
    before = await at_door.count()
    writing = asyncio.create_task(at_door.client.post("/write", headers=at_door.headers["a"]))
    await until(lambda: counted.begun == 1)
    writing.cancel()
    async with asyncio.timeout(30):
        while await at_door.count() == before:
            await asyncio.sleep(0.05)


@with_settings()
async def test_a_request_that_stops_in_its_body_holds_no_place(at_door: Door, counted: Counted) -> None:
    """Half a body, from more connections than there are places, keeps nobody waiting."""
    port = at_door.client.base_url.port
    head = "POST /write HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nAuthorization: {}\r\n\r\nhalf"
    half = head.format(at_door.headers["a"]["Authorization"]).encode()
    writers = []
    for _ in range(20):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(half)
        writers.append(writer)
    async with asyncio.timeout(30):
        assert (await at_door.get("/quick")).status_code == 200
    assert counted.begun == 0
    for writer in writers:
        writer.close()


@with_settings(requests_in_work=4, wait_seconds=60, request_seconds=600)
async def test_who_waits_for_a_hash_holds_no_place_and_only_some_may_wait(at_door: Door) -> None:
    """Forty passwords from two viewers wait for two busy threads: eight are refused at once, reads go on, and the
    others are answered when their turn comes."""
    free = threading.Event()
    busy = [passwords._threads.submit(free.wait, 60) for _ in range(2)]
    try:
        guesses = [at_door.get("/guess", "ab"[i % 2]) for i in range(passwords.KNOWN_WAITING + 8)]
        await until(lambda: sum(task.done() for task in guesses) == 8)
        refused = [task.result() for task in guesses if task.done()]
        assert {response.status_code for response in refused} == {503}
        assert {"retry-after"} <= refused[0].headers.keys()
        async with asyncio.timeout(30):
            assert [(await at_door.get("/quick", who)).status_code for who in "abab"] == [200] * 4
    finally:
        free.set()
    answers = await asyncio.gather(*guesses)
    assert [response.status_code for response in answers].count(200) == passwords.KNOWN_WAITING
    assert all(task.result(60) for task in busy)


async def test_people_are_known_and_sign_in_while_all_other_connections_are_taken(
    tokens: tuple[str, dict[str, str]],
) -> None:
    """Whatever requests do with theirs, who is asking is found out over connections that are kept for that."""
    database = Database(Settings(database_url=tokens[0], wait_seconds=0.3))
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(database.settings.pool_size + SPARE):
            await stack.enter_async_context(database.engine.connect())
        with pytest.raises(sa.exc.TimeoutError):
            await database.look(lambda connection: connection.execute(sa.text("SELECT 1")))
        assert await Identities(database).of_bearer(tokens[1]["a"], None) is not None
        assert isinstance(await sign_in(database.identifying(), "district", PASSWORD, None, None), SignedIn)
    await database.stop()


async def test_a_sign_in_that_waits_for_a_lock_keeps_nobody_from_being_known(
    tokens: tuple[str, dict[str, str]],
) -> None:
    """Somebody holds what sign-ins write to; those that wait for it leave the look-ups their connections."""
    database = Database(Settings(database_url=tokens[0], lock_seconds=60, statement_seconds=60))
    held, done = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("LOCK TABLE login_session, sign_in_attempt IN EXCLUSIVE MODE"))
        loop.call_soon_threadsafe(held.set)
        done.wait(60)

    holding = asyncio.create_task(asyncio.to_thread(in_database, tokens[0], hold))
    await held.wait()
    guesses = [
        asyncio.create_task(sign_in(database.identifying(), "district", PASSWORD, f"10.0.0.{i}", None))
        for i in range(2 * IDENTIFYING)
    ]
    try:
        await asyncio.sleep(1)  # their hashes are made, and they wait
        async with asyncio.timeout(30):
            assert await Identities(database).of_bearer(tokens[1]["a"], None) is not None
        assert not any(task.done() and task.exception() is None for task in guesses)
    finally:
        done.set()
        await holding
    await asyncio.gather(*guesses, return_exceptions=True)
    await database.stop()


# --- the whole server -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
async def test_a_query_whose_client_leaves_is_ended_in_the_database(
    tokens: tuple[str, dict[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query waits for a table that somebody holds; when its client leaves, nothing waits there any more."""
    url, known = tokens
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", url)
    get_settings.cache_clear()
    holder = Database(Settings(database_url=url))
    waiting = (
        "SELECT count(*)::text FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )

    async def waits(number: int) -> None:
        async with asyncio.timeout(30):
            while await holder.read(waiting, ()) != b"%d" % number:
                await asyncio.sleep(0.05)

    async with holder.engine.connect() as connection, httpx2.AsyncClient(timeout=60) as client:
        await connection.exec_driver_sql("LOCK TABLE mediation_committee IN ACCESS EXCLUSIVE MODE")
        with serving(create_app) as server:
            body, headers = {"query": "{mediationCommittees {totalCount}}"}, {"Authorization": f"Bearer {known['a']}"}
            query = asyncio.create_task(client.post(f"{server.address}/graphql", json=body, headers=headers))
            await waits(1)
            query.cancel()
            await waits(0)
            await connection.rollback()
            answer = await client.post(f"{server.address}/graphql", json=body, headers=headers)
            assert answer.json()["data"]["mediationCommittees"]["totalCount"] == 2
    await holder.stop()
    get_settings.cache_clear()
