"""The bench's databases: made once, kept in bench/var, and what the questions have to know about them."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, make_url

from bench.cluster import cluster
from bench.fill import fill
from db.base import Base
from db.clock import today
from db.engine import Database, analyze
from db.migrate import VERSIONS, upgrade
from db.rollup_upkeep import put_back, set_aside
from permissions.accounts import account_by_login
from permissions.enrolments import Enrolment, enrol
from permissions.tokens import create_token
from resolvers.commands.regions import import_regions
from settings import ROOT, Settings

FOLDER = ROOT / "bench" / "var"
PROVINCE = "320000000000"
SECRET = "bench" * 8
READERS, CLERKS = 4, 4
"""Accounts that read the province's rows, and that enter cases in one district: one person gets half a server."""
CLERKS_DISTRICT = "320102000000"


@dataclass(frozen=True)
class Facts:
    """What questions and the limit know of a database: ranges of paths, codes and ids to ask for."""

    today: str
    low: str
    high: str
    above: list[str]
    """The viewers' province, and the paths above it."""
    clerk_low: str
    clerk_high: str
    districts: list[str]
    cities: list[str]
    committees: list[str]
    """Some ids of committees in the province."""
    clerk_committees: list[str]
    clerk_place: str
    """Code of a village in the clerks' district."""
    cases: list[str]
    """Ids of cases, 5,000 apart."""
    account: str
    """The id of a clerk's account."""

    def dump(self) -> dict[str, Any]:
        """For the environment of another process."""
        return asdict(self)


@dataclass(frozen=True)
class Place:
    """A database that is ready: its URL for the server, its facts, and bearer tokens."""

    kind: str
    url: str
    facts: Facts
    readers: list[str]
    clerks: list[str]
    postmaster: int | None
    """PostgreSQL's own process, where it runs on this machine."""


def environment(url: str) -> dict[str, str]:
    """The settings of a server over one of the databases."""
    return {"FENGQIAO_DATABASE_URL": url, "FENGQIAO_SECRET_KEY": SECRET}


@contextlib.contextmanager
def sqlite_place(
    cases: int, *, fresh: bool = False, folder: Path = FOLDER, districts: int | None = None
) -> Iterator[Place]:
    """The SQLite database with so many cases."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"bench-{cases}.sqlite3"
    if fresh:
        _remove(path)
    url = f"sqlite+aiosqlite:///{path}"
    if not _is_made(url, cases):
        _remove(path)
        _make(url, cases, districts)
    yield asyncio.run(_place("sqlite", url))


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        Path(f"{path}{ending}").unlink(missing_ok=True)


@contextlib.contextmanager
def postgres_place(
    cases: int, *, given: str | None = None, fresh: bool = False, districts: int | None = None
) -> Iterator[Place]:
    """The PostgreSQL database with so many cases: in the bench's own cluster, or the one at the URL `given`."""
    with contextlib.ExitStack() as stack:
        if given is None:
            if fresh:
                shutil.rmtree(FOLDER / "postgresql", ignore_errors=True)
            server = stack.enter_context(cluster(FOLDER / "postgresql"))
            url = asyncio.run(_own_database(server, cases))
        else:
            url = make_url(given).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)
        if not _is_made(url, cases):
            if given is None:
                url = asyncio.run(_own_database(server, cases, anew=True))
            _make(url, cases, districts)
        yield asyncio.run(_place("postgresql", url))


async def _own_database(server: URL, cases: int, anew: bool = False) -> str:
    import asyncpg

    name = f"bench_{cases}"
    connection = await asyncpg.connect(server.render_as_string(hide_password=False))
    try:
        if anew:
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
            await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    finally:
        await connection.close()
    return server.set(drivername="postgresql+asyncpg", database=name).render_as_string(hide_password=False)


# --- making ----------------------------------------------------------------------------------------------------------


def _mark(cases: int) -> str:
    """Names what a database was made by: the structure, the filling and the number of cases."""
    sources = [*sorted(VERSIONS.glob("*.py")), Path(__file__).with_name("fill.py"), ROOT / "db" / "rollups.py"]
    text = b"".join(path.read_bytes() for path in sources)
    return f"bench/{cases}/{hashlib.sha256(text).hexdigest()[:20]}"


def _is_made(url: str, cases: int) -> bool:
    if url.startswith("sqlite") and not Path(str(make_url(url).database)).exists():
        return False

    def look(connection: Connection) -> bool:
        if not sa.inspect(connection).has_table("number_series"):
            return False
        found = connection.execute(sa.text("SELECT 1 FROM number_series WHERE name = :name"), {"name": _mark(cases)})
        return found.first() is not None

    return bool(asyncio.run(_with(url, lambda database: database.look(look))))


async def _with(url: str, work: Any) -> Any:
    database = Database(settings(url))
    try:
        return await work(database)
    finally:
        await database.stop()


def settings(url: str) -> Settings:
    """The settings of the bench's own connections to a database."""
    return Settings(database_url=url, secret_key=SECRET)


def _make(url: str, cases: int, districts: int | None) -> None:
    began = time.monotonic()
    upgrade(url)
    if asyncio.run(_with(url, lambda database: database.look(_has_rows))):
        raise SystemExit("这个数据库里已有数据, 性能测试只用空库或者它自己建的库")
    import_regions(url, ROOT / "db" / "data" / "regions-jiangsu-2023.csv.xz")
    print(f"区划 {time.monotonic() - began:.0f} 秒", flush=True)

    def write(connection: Connection) -> dict[str, int]:
        _without_references(connection)
        # Cells are made from the rows at the end, which is quicker than row by row.
        set_aside(connection, Base.metadata)
        made = fill(connection, cases, districts)
        analyze(connection)
        put_back(connection, Base.metadata)
        mark = {"name": _mark(cases), "last": cases}
        connection.execute(sa.text("INSERT INTO number_series (name, last) VALUES (:name, :last)"), mark)
        return made

    async def load(database: Database) -> dict[str, int]:
        made = await database.write(write, bulk=True)
        await database.write(analyze, bulk=True)
        return made

    made = asyncio.run(_with(url, load))
    if url.startswith("postgresql"):
        asyncio.run(_vacuum(url))
    told = "、".join(f"{name} {count:,}" for name, count in made.items())
    print(f"测试数据: {told}, 共 {time.monotonic() - began:.0f} 秒", flush=True)


def _has_rows(connection: Connection) -> bool:
    return connection.exec_driver_sql("SELECT 1 FROM mediation_committee LIMIT 1").first() is not None


def _without_references(connection: Connection) -> None:
    """Leave out the checks of references for this transaction, where the account may: the fill refers to its own."""
    if (
        connection.dialect.name == "postgresql"
        and connection.exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar()
    ):
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")


async def _vacuum(url: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    await connection.execute("VACUUM ANALYZE")
    await connection.execute("CHECKPOINT")
    await connection.close()


# --- accounts and facts ----------------------------------------------------------------------------------------------


async def _place(kind: str, url: str) -> Place:
    database = Database(settings(url))
    try:
        tokens = await database.write(_enrolled)
        facts = await database.look(_facts)
        postmaster = await database.look(_postmaster) if kind == "postgresql" else None
    finally:
        await database.stop()
    return Place(kind, url, facts, tokens[:READERS], tokens[READERS:], postmaster)


def _enrolled(connection: Connection) -> list[str]:
    """A token for each account of the bench; who is not there yet is enrolled."""
    office = connection.execute(
        sa.text("SELECT u.id FROM org_unit u JOIN region r ON r.id = u.region_id WHERE r.code = :code"),
        {"code": CLERKS_DISTRICT},
    ).scalar_one()
    wanted = [Enrolment(f"reader{i}", f"读者{i}", "DIST", PROVINCE) for i in range(READERS)]
    wanted += [Enrolment(f"clerk{i}", f"录入{i}", "OFFC", unit=f"ou_{office}") for i in range(CLERKS)]
    tokens = []
    for one in wanted:
        # No password opens these accounts: they have tokens.
        account = account_by_login(connection, one.login)
        if account is None:
            enrol(connection, one, "!", must_change=False)
            account = account_by_login(connection, one.login)
        assert account is not None
        tokens.append(create_token(connection, account.id, "bench", 1))
    return tokens


def _facts(connection: Connection) -> Facts:
    def texts(sql: str, **values: Any) -> list[str]:
        return [str(value) for value in connection.execute(sa.text(sql), values).scalars()]

    def range_of(code: str) -> tuple[str, str]:
        path = texts("SELECT path FROM region WHERE code = :code", code=code)[0]
        return path, path[:-1] + "0"

    low, high = range_of(PROVINCE)
    clerk_low, clerk_high = range_of(CLERKS_DISTRICT)
    inside = "SELECT id FROM mediation_committee WHERE scope_path >= :low AND scope_path < :high ORDER BY id"
    used = "SELECT DISTINCT r.code FROM mediation_committee c JOIN region s ON s.id = c.region_id "
    return Facts(
        today=today().isoformat(), low=low, high=high, clerk_low=clerk_low, clerk_high=clerk_high,
        above=texts("SELECT path FROM region WHERE level = 'NATION' OR code = :code ORDER BY path", code=PROVINCE),
        districts=texts(used + "JOIN region r ON r.id = s.district_id ORDER BY 1"),
        cities=texts(used + "JOIN region r ON r.id = s.city_id ORDER BY 1"),
        committees=texts(inside + " LIMIT 5000", low=low, high=high)[::7],
        clerk_committees=texts(inside + " LIMIT 200", low=clerk_low, high=clerk_high),
        clerk_place=texts(
            "SELECT code FROM region WHERE path >= :low AND path < :high AND level = 'VILLAGE' ORDER BY code LIMIT 1",
            low=clerk_low, high=clerk_high,
        )[0],
        cases=texts(
            "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM mediation_case "
            "WHERE created_by_id IS NULL) c WHERE n % 5000 = 0 ORDER BY id LIMIT 40"
        ),
        account=texts("SELECT id FROM user_account WHERE login_name = 'clerk0'")[0],
    )  # fmt: skip


def _postmaster(connection: Connection) -> int | None:
    host = connection.engine.url.host
    if host not in ("127.0.0.1", "localhost", None):
        return None
    try:
        folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
        return int(Path(folder, "postmaster.pid").read_text().split()[0])
    except (OSError, sa.exc.DBAPIError):
        return None
