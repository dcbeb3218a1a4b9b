"""我的账号 in a browser: whoever has to do something first is led there, and does it there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pyotp
import pytest
import sqlalchemy as sa
import time_machine
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app import create_app
from db.clock import now
from db.models.system.user_account import UserAccount
from settings import get_settings
from tests.admin.qr_reader import Square, read
from tests.admin.test_browser import ARGUMENTS
from tests.databases import Kind
from tests.permissions.test_second_factor import MINUTE
from tests.permissions.world import PASSWORD, in_database, settle
from tests.servers import serving

NEW = "Ketten-Brücke-7"
pytestmark = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@pytest.fixture
def url(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    url = migrated_database(database_kind)
    in_database(url, settle)
    return url


@pytest.fixture
def address(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real server over the small country, where DIST needs a second factor and has a password to change."""
    monkeypatch.setenv("FENGQIAO_DATABASE_URL", url)
    monkeypatch.setenv("FENGQIAO_SECOND_FACTOR_ROLES", '["DIST"]')
    get_settings.cache_clear()
    in_database(url, lambda c: c.execute(sa.update(UserAccount).values(must_change_password=True)))
    with serving(create_app) as server:
        yield server.address
    get_settings.cache_clear()


@pytest.fixture
def page(chromium: Path) -> Iterator[Page]:
    with sync_playwright() as playwright:
        started: Browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        opened = started.new_page(locale="zh-CN")
        opened.set_default_timeout(20_000)
        yield opened
        started.close()


def sign_in(page: Page, address: str, password: str) -> None:
    page.goto(f"{address}/admin/#/")
    page.fill('input[name="username"]', "district")
    page.fill('input[type="password"]', password)
    page.click('[data-uitest="login_button"]')


def fill(page: Page, form: str, **values: str) -> None:
    for name, value in values.items():
        page.fill(f'#{form} [name="{name}"]', value)
    page.click(f"#{form} button")


def square(page: Page) -> Square:
    """The modules of the code that the page shows, without its quiet zone."""
    path, box = page.get_attribute(".qr path", "d"), page.get_attribute(".qr", "viewBox")
    size = int((box or "").split()[-1]) - 8
    dark = {(int(y) - 4, int(x) - 4) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", path or "")}
    return [[(r, c) in dark for c in range(size)] for r in range(size)]


def test_a_new_account_changes_its_password_sets_up_a_second_factor_and_comes_back(address: str, page: Page) -> None:
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)

    sign_in(page, address, PASSWORD)
    page.wait_for_url("**/admin/account/")
    expect(page.get_by_role("alert")).to_contain_text("请先修改口令")
    fill(page, "password-form", password=PASSWORD, newPassword="district", again="district")
    expect(page.locator("#password-form .fault").nth(1)).to_contain_text("口令不能包含登录名")
    fill(page, "password-form", password=PASSWORD, newPassword=NEW, again=NEW + "x")
    expect(page.locator(".said.bad").last).to_contain_text("两次输入的新口令不一样")
    fill(page, "password-form", password=PASSWORD, newPassword=NEW, again=NEW)

    expect(page.locator(".said.bad").first).to_contain_text("您的角色须启用两步验证")
    fill(page, "enrol-form", password=NEW)
    secret = page.inner_text("#secret").replace(" ", "")
    assert read(square(page)) == pyotp.TOTP(secret).provisioning_uri(name="district", issuer_name="枫桥")
    fill(page, "confirm-form", otp="000000")
    expect(page.locator("#confirm-form .fault")).to_contain_text("不正确")
    fill(page, "confirm-form", otp=pyotp.TOTP(secret).now())
    expect(page.locator("#codes code")).to_have_count(10)
    page.click("#codes button")
    expect(page.locator("main")).to_contain_text("还有 10 个恢复码没有用过")
    expect(page.locator("main")).to_contain_text("本次登录")

    page.click("text=退出登录")
    page.wait_for_url(f"{address}/admin/home/")
    page.fill("dialog [name=login]", "district")
    page.fill("dialog [name=password]", NEW)
    page.click("dialog form button")
    code = page.locator("dialog [name=otp]")
    expect(code).to_be_visible()
    with time_machine.travel(now() + MINUTE, tick=True):
        code.fill(pyotp.TOTP(secret).now())
        page.click("dialog form button")
        expect(page.locator("#side")).to_contain_text("人民调解委员会")
        expect(page.locator("main h1")).to_contain_text("您好")
    assert problems == []


def test_a_token_is_made_shown_once_and_revoked(address: str, page: Page) -> None:
    sign_in(page, address, PASSWORD)
    page.wait_for_url("**/admin/account/")
    fill(page, "password-form", password=PASSWORD, newPassword=NEW, again=NEW)
    fill(page, "enrol-form", password=NEW)
    fill(page, "confirm-form", otp=pyotp.TOTP(page.inner_text("#secret").replace(" ", "")).now())
    page.click("#codes button")

    page.click("text=签发令牌")
    fill(page, "token-form", name="接口", days="30", password=NEW)
    token = page.inner_text("#token")
    asked = {"data": {"query": "{ me { login } }"}, "headers": {"Authorization": f"Bearer {token}"}}
    assert page.request.post(f"{address}/graphql", **asked).json() == {"data": {"me": {"login": "district"}}}  # type: ignore[arg-type]
    page.reload()
    expect(page.locator("tr", has_text="接口")).to_be_visible()
    assert token not in page.content()
    page.locator("tr", has_text="接口").get_by_role("button", name="收回").click()
    expect(page.locator("main")).to_contain_text("没有令牌")
    page.wait_for_timeout(1000)  # as long as an identity is remembered
    assert page.request.post(f"{address}/graphql", **asked).status == 401  # type: ignore[arg-type]


def test_a_code_of_any_size_can_be_read(address: str, page: Page) -> None:
    page.goto(f"{address}/admin/pages/style.css")  # any page of the server that leads nowhere
    for length in (1, 17, 18, 53, 106, 107, 134, 154, 192, 193, 230, 231, 271):
        text = ("otpauth://totp/枫桥:x?secret=" + "ABCDEFGH234567" * 20).encode()[:length].decode(errors="ignore")
        modules: Square = page.evaluate("(text) => import('/admin/pages/qr.js').then((qr) => qr.modules(text))", text)
        assert read(modules) == text, length
