"""The page of docs/sign-in.md, served from a second origin as it stands there, in a browser."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pyotp
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from app import create_app
from db.models.system.user_account import UserAccount
from settings import get_settings
from tests.admin.test_account_page import page  # noqa: F401  (a fixture)
from tests.databases import Kind
from tests.permissions.world import PASSWORD, in_database, settle
from tests.servers import serving

ROOT = Path(__file__).parent.parent.parent
SERVER = "https://fengqiao.example.gov.cn"
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextlib.contextmanager
def static(folder: Path) -> Iterator[str]:
    """Another server on loopback that knows nothing but files: an origin of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def url(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    url = migrated_database(database_kind)
    in_database(url, settle)
    return url


@pytest.fixture
def views(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """The page on an origin that the settings name, and the same page on one that they do not."""
    (source,) = re.findall(r"```html\n(.*?)```", (ROOT / "docs" / "sign-in.md").read_text("utf-8"), re.DOTALL)
    assert source.count(SERVER) == 1
    with static(tmp_path) as named, static(tmp_path) as stranger:
        monkeypatch.setenv("FENGQIAO_DATABASE_URL", url)
        monkeypatch.setenv("FENGQIAO_CORS_ORIGINS", f'["{named}"]')
        get_settings.cache_clear()
        with serving(create_app) as server:
            (tmp_path / "view.html").write_text(source.replace(SERVER, server.address), "utf-8")
            yield f"{named}/view.html", f"{stranger}/view.html"
    get_settings.cache_clear()


def sign_in(page: Page, password: str = PASSWORD) -> None:  # noqa: F811
    page.fill('[name="login"]', "district")
    page.fill('[name="password"]', password)
    page.click("text=登录")


def test_a_person_signs_in_reads_comes_back_and_signs_out(views: tuple[str, str], page: Page) -> None:  # noqa: F811
    page.goto(views[0])
    sign_in(page, "Wrong-12345")
    expect(page.locator("#said")).to_have_text("登录名或口令不正确。")
    sign_in(page)
    expect(page.locator("#said")).to_have_text("district，共 2 个调委会")
    assert sorted(page.locator("#committees li").all_inner_texts()) == ["a", "b"]
    page.reload()
    expect(page.locator("#said")).to_have_text("district，共 2 个调委会")
    page.click("#sign-out")
    expect(page.locator("#sign-in")).to_be_visible()
    page.reload()
    expect(page.locator("#sign-in")).to_be_visible()


def test_the_same_page_on_an_origin_that_is_not_named_does_nothing(
    views: tuple[str, str],
    page: Page,  # noqa: F811
) -> None:
    page.goto(views[0])
    sign_in(page)
    expect(page.locator("#sign-out")).to_be_visible()
    page.goto(views[1])  # the browser would send the cookie along: it is the same site
    sign_in(page)
    expect(page.locator("#said")).to_have_text("Failed to fetch")
    assert page.locator("#committees li").count() == 0
    page.goto(views[0])
    expect(page.locator("#said")).to_have_text("district，共 2 个调委会")


def test_the_view_asks_for_the_code_and_says_what_has_to_be_done_first(
    views: tuple[str, str],
    url: str,
    page: Page,  # noqa: F811
) -> None:
    from permissions import second_factor
    from permissions.accounts import account_by_login

    def set_up(connection: sa.Connection) -> str:
        account = account_by_login(connection, "district")
        assert account is not None
        secret, _ = second_factor.begin(connection, account)
        codes = second_factor.confirm(connection, account, pyotp.TOTP(secret).now(), None)
        assert codes is not None
        connection.execute(sa.update(UserAccount).values(must_change_password=True))
        return codes[0]

    with ThreadPoolExecutor(1) as beside:  # the browser has a loop of its own in this thread
        code = beside.submit(in_database, url, set_up).result()
    page.goto(views[0])
    sign_in(page)
    expect(page.locator('[name="otp"]')).to_be_visible()
    page.fill('[name="otp"]', code)
    page.click("text=登录")
    expect(page.locator("#said")).to_contain_text("/admin/account/ 办理：CHANGE_PASSWORD")
