"""What every test can ask for: databases of both kinds, and the browser."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Generator, Iterator
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from db import identity
from permissions import passwords
from tests import canaries, databases
from tests.areas import pytest_addoption, pytest_collection_modifyitems, pytest_ignore_collect
from tests.clockwork import sitecustomize as clock
from tests.databases import Kind, Server

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_ignore_collect"]
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
ran = pytest.StashKey[set[str]]()
made: dict[str, Callable[[], None]] = {}
"""The databases that are there now, by their URLs, and what removes each."""
copied: set[str] = set()
"""Those that others were copied from."""


def pytest_configure(config: pytest.Config) -> None:
    config.stash[ran] = set()
    config.pluginmanager.register(canaries)
    try:
        clock.choose(os.environ, dt.datetime.now(dt.UTC))
    except ValueError:
        raise pytest.UsageError(f"{clock.CLOCK} is no moment: write it as '2028-02-29 23:59'") from None
    clock.start()  # before a module of tests takes down the day
    # A hash of the product costs a quarter of a second of CPU on purpose: here it is the same one at the least cost.
    passwords._hasher = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=1024, parallelism=1),))
    # A developer's own database or settings must not reach a test.
    for name in [name for name in os.environ if name.startswith("FENGQIAO_") and not name.startswith("FENGQIAO_TEST_")]:
        del os.environ[name]
    if IN_CI and not has_postgres():
        raise pytest.UsageError("CI=true, but there is neither FENGQIAO_TEST_POSTGRES_URL nor a PostgreSQL server here")
    if IN_CI and not databases.chromium():
        raise pytest.UsageError("CI=true, but there is no Chromium here")


def has_postgres() -> bool:
    return "FENGQIAO_TEST_POSTGRES_URL" in os.environ or databases.postgres_binaries() is not None


@pytest.fixture(scope="module", autouse=True)
def keys_of_today() -> None:
    """A module begins with keys of its own time: another one may have put the clock ahead, and keys never go back."""
    identity._last = 0


# --- databases --------------------------------------------------------------------------------------------------------


class FreshDatabase(Protocol):
    """Makes a database of its own for the caller; the answer is a URL for FENGQIAO_DATABASE_URL."""

    def __call__(self, kind: Kind, template: str | None = None) -> str: ...


@pytest.fixture(scope="session", params=databases.KINDS)
def database_kind(request: pytest.FixtureRequest) -> Kind:
    """Runs a test once for each kind of database."""
    kind: Kind = request.param
    if kind != "sqlite" and not has_postgres():
        pytest.skip("no PostgreSQL here: install its server, or set FENGQIAO_TEST_POSTGRES_URL")
    return kind


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The PostgreSQL server of this run, started when the first test asks for it."""
    if not has_postgres():
        pytest.skip("no PostgreSQL here: install its server, or set FENGQIAO_TEST_POSTGRES_URL")
    with databases.postgres() as server:
        yield server


@pytest.fixture(scope="session")
def fresh_database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FreshDatabase:
    """`fresh_database(kind)` is an empty database; `fresh_database(kind, template=url)` a quick copy of another."""
    folder = tmp_path_factory.mktemp("databases")

    def create(kind: Kind, template: str | None = None) -> str:
        if template is not None:
            copied.add(template)
        if kind == "sqlite":
            url = databases.sqlite_database(folder, template)
            made[url] = lambda: databases.remove_sqlite(url)
        else:
            server: Server = request.getfixturevalue("postgres_server")
            url = server.create_walled(template) if kind == "walled" else server.create(template)
            made[url] = lambda: server.drop(url)
        return url

    return create


@pytest.fixture(scope="module", autouse=True)
def gone_with_their_module() -> Iterator[None]:
    """The databases of a module go with it, but for those that others are copies of: all of them fill a disk."""
    before = set(made)
    yield
    for url in [url for url in made if url not in before | copied]:
        made.pop(url)()


@pytest.fixture(scope="session")
def migrated_database(fresh_database: FreshDatabase) -> Callable[[Kind], str]:
    """`migrated_database(kind)` has every table and no row; the migrations run once a kind, the rest are copies."""
    from db.migrate import upgrade

    @cache
    def template(kind: Kind) -> str:
        url = fresh_database(kind)
        upgrade(databases.owner_of(url))
        if kind == "walled":
            databases.put_up_wall(url)
        return url

    return lambda kind: fresh_database(kind, template=template(kind))


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


# --- the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The path of the browser, for playwright's `executable_path`."""
    path = databases.chromium()
    if path is None:
        pytest.skip("no Chromium here")
    databases.used.add(f"Chromium ({path})")
    return path


# --- what ran ---------------------------------------------------------------------------------------------------------


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    # Reports travel from pytest-xdist's workers to the process that prints the summary.
    report = yield
    report.user_properties.extend(("used", name) for name in databases.used)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> Generator[None, object, object]:
    names = config.stash[ran]
    names.update(str(name) for key, name in getattr(report, "user_properties", ()) if key == "used")
    return (yield)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    names = config.stash[ran]
    browsers = sorted(name for name in names if name.startswith("Chromium"))
    stores = sorted(names.difference(browsers))
    terminalreporter.write_sep("-", "ran with")
    if clock.CLOCK in os.environ:
        terminalreporter.write_line(f"clock: {os.environ[clock.CLOCK]}, at a pace of 1:{clock.PACE}")
    terminalreporter.write_line(f"databases: {', '.join(stores) or 'none'}")
    terminalreporter.write_line(f"browser: {', '.join(browsers) or 'none'}")
