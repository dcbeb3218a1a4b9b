"""A committee from its street to its filing, by three people, in a browser over a real server.

Screenshots of every step are left in the folder FENGQIAO_TEST_SCREENSHOTS, else in pytest's own.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from db.checksums import citizen_check_digit
from db.engine import Database
from permissions.enrolments import Enrolment, enrol
from permissions.passwords import hash_password
from settings import Settings
from tests.admin.person import PASSWORD
from tests.databases import free_port

ROOT = Path(__file__).parent.parent.parent
SHOTS = os.environ.get("FENGQIAO_TEST_SCREENSHOTS")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run", "--lang=zh-CN",
]  # fmt: skip
NAME = "玄武区清溪社区人民调解委员会"


@pytest.fixture(scope="module")
def address(demo_url: str) -> Iterator[str]:
    """A server of its own process over the demo."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "app:create_app", "--factory", f"--port={port}", "--log-level=warning"]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "FENGQIAO_DATABASE_URL": demo_url})
    try:
        until = time.monotonic() + 120  # as long as a busy machine takes
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None, "the server did not start"
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


@pytest.fixture
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@dataclass
class Desk:
    """One person's browser window."""

    page: Page
    address: str
    shots: Path
    who: str
    taken: int = 0

    def sign_in(self) -> None:
        self.page.goto(f"{self.address}/admin/#/")
        self.page.fill("[name=username]", self.who)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("[data-uitest=login_button]")
        expect(self.page.locator(".welcome")).to_be_visible()

    def open(self, path: str) -> None:
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/admin/{path}")
        self.page.wait_for_load_state("networkidle")

    def shoot(self, name: str) -> None:
        """Keep what is to be seen, and look for words that are no Chinese."""
        self.taken += 1
        self.page.wait_for_load_state("networkidle")
        self.page.screenshot(path=self.shots / f"{self.who}-{self.taken:02}-{name}.png", full_page=True)
        assert english(self.page) == set()


def english(page: Page) -> set[str]:
    """Latin words on the page: text, and the hints of its inputs and buttons, but for what it says is a name."""
    script = """() => [document.body.innerText, ...[...document.querySelectorAll('[title], [placeholder]')]
        .filter((e) => e.checkVisibility()).flatMap((e) => [e.title, e.placeholder])].join(' ')"""
    names = page.evaluate("[...document.querySelectorAll('[translate=no]')].map((e) => e.innerText).join(' ')")
    return set(re.findall(r"[A-Za-z]{2,}", page.evaluate(script))) - set(re.findall(r"[A-Za-z]{2,}", names))


@pytest.fixture
def desk(browser: Browser, address: str, tmp_path: Path, database_kind: str) -> Iterator[Callable[[str], Desk]]:
    """`desk("office")` is the office's window, signed in; a script error anywhere fails the test."""
    shots = Path(SHOTS) / database_kind if SHOTS else tmp_path
    shots.mkdir(parents=True, exist_ok=True)
    wrong: list[str] = []

    def sit_down(login: str) -> Desk:
        page = browser.new_context(viewport={"width": 1360, "height": 900}, locale="zh-CN").new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        made = Desk(page, address, shots, login)
        made.sign_in()
        return made

    yield sit_down
    # Before signing in the front end asks for its menu and is refused; it does not catch that.
    assert [error for error in wrong if "401" not in error] == []


def number(birth: str, order: int) -> str:
    """An invented citizen number; an even order is a woman's."""
    first = f"320102{birth}{order:03}"
    return first + citizen_check_digit(first)


MEMBERS = [
    ("孙建华", number("19700315", 101), "13800000101"),
    ("钱秀英", number("19751102", 102), "13800000102"),
    ("周志强", number("19680720", 103), "13800000103"),
    ("吴桂兰", number("19800909", 104), "13800000104"),
    ("郑国平", number("19770128", 105), "13800000105"),
]


def enter_committee(desk: Desk) -> None:
    """Fill in the page for a new committee; the first try misses some things."""
    page = desk.page
    page.fill("[name=region-search]", "320102002009")
    page.locator("li[role=option]", has_text="320102002009").click()
    page.fill("#committee [name=name]", NAME)
    page.select_option("#committee [name=type]", label="居（社区）人民调解委员会")
    page.fill("[name=establishedOn]", "2026-11-02")
    page.locator("[name=establishedOn]").dispatch_event("change")
    page.fill("[name=address]", "清溪路 8 号")
    page.fill("[name=phone]", "打不通")
    page.select_option("[name=electionMethod]", label="居民会议")
    for row, (name, card, mobile) in zip(page.locator("#members tbody tr").all(), MEMBERS, strict=True):
        row.locator("[name=name]").fill(name)
        row.locator("[name=idNumber]").fill(card)
        row.locator("[name=mobile]").fill(mobile)
        row.locator("[name=education]").select_option(label="大学专科")
    page.click("#save")
    expect(page.locator(".said.bad")).to_contain_text("没有保存")
    expect(page.locator("#committee")).to_contain_text("“电话”格式不对")
    desk.shoot("faults")
    page.fill("[name=phone]", "025-84000001")
    page.locator("#members tbody tr").nth(1).locator("[name=idNumber]").fill(MEMBERS[1][1][:-1] + "0")
    page.click("#save")
    expect(page.locator("#members tbody tr").nth(1)).to_contain_text("“身份证号”有误")
    expect(page.locator("#committee")).not_to_contain_text("“电话”格式不对")
    desk.shoot("one-member-wrong")
    page.locator("#members tbody tr").nth(1).locator("[name=idNumber]").fill(MEMBERS[1][1])
    page.click("#save")
    expect(page.locator(".said")).to_contain_text("都已登记")
    desk.shoot("entered")


def account_for(url: str, login: str) -> None:
    """An account of the committee's clerk, as ``./run user create`` makes it."""

    async def make() -> None:
        database = Database(Settings(database_url=url))
        code = await database.look(
            lambda c: c.exec_driver_sql(f"SELECT code FROM mediation_committee WHERE name = '{NAME}'").scalar()
        )
        wanted = Enrolment(login, "清溪社区文书", "COMM", committee=code)
        await database.write(lambda c: enrol(c, wanted, hash_password(PASSWORD), must_change=False))
        await database.stop()

    # Playwright holds this thread's event loop.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, make()).result()


def test_a_committee_from_its_street_to_its_filing(desk: Callable[[str], Desk], demo_url: str) -> None:
    office = desk("office")
    office.shoot("home")
    page = office.page
    office.open("#/行政区划/")
    page.click("[data-uitest=filter_button]")
    page.fill("[name=名称]", "梅园新村街道")
    page.click("[data-uitest=submit_filter_button]")
    expect(page.locator(".table_wrapper tbody tr")).to_have_count(1)
    office.shoot("street")

    page.click("text=新建调委会")
    enter_committee(office)
    page.click("text=开始设立备案")
    expect(page.locator("[name=committee-search]")).to_have_value(re.compile(NAME))
    page.fill("[name=eventOn]", "2026-11-02")
    office.shoot("start")
    page.click("#start-form button")
    expect(page.locator(".badge").first).to_have_text("草稿")
    expect(page.locator("#main")).to_contain_text("吴桂兰")
    office.shoot("draft")
    page.click("button[data-verb=submit]")
    expect(page.locator(".badge").first).to_have_text("司法所已核验")
    # Whoever submitted it may not file it, and is not asked.
    expect(page.locator("button[data-verb=file]")).to_have_count(0)
    office.shoot("submitted")

    district = desk("district")
    district.page.click("text=备案工作台")
    district.shoot("waiting")
    district.page.click(f"text={NAME}")
    expect(district.page.locator("button[data-verb=file]")).to_be_visible()
    district.shoot("to-file")
    district.page.click("button[data-verb=refuse]")
    expect(district.page.locator(".said.bad")).to_contain_text("必须写明理由")
    district.page.click("button[data-verb=file]")
    expect(district.page.locator(".badge").first).to_have_text("备案完成")
    expect(district.page.locator("#main")).to_contain_text(re.compile(r"320102-2026-\d{4}"))
    district.shoot("filed")

    account_for(demo_url, "qingxi")
    committee = desk("qingxi")
    expect(committee.page.locator("text=新建调委会")).to_have_count(0)
    committee.page.click("text=备案工作台")
    committee.page.click("text=备案完成（1）")
    committee.page.click(f"text={NAME}")
    expect(committee.page.locator(".badge").first).to_have_text("备案完成")
    expect(committee.page.locator("section.actions")).to_have_count(0)
    committee.shoot("filed")
    committee.open("#/人民调解委员会/")
    expect(committee.page.locator(".table_wrapper tbody tr")).to_have_count(1)
    expect(committee.page.locator(".table_wrapper tbody")).to_contain_text("已备案")
    expect(committee.page.locator(".buttons a[href$='/add/']")).not_to_be_visible()
    committee.shoot("own")


def test_a_form_takes_a_step_and_offers_no_other(desk: Callable[[str], Desk]) -> None:
    office = desk("office")
    page = office.page
    office.open("#/备案/?环节=SUBMITTED")
    page.locator("td .link a").first.click()
    state = page.locator("select[name=环节]")
    expect(state).to_be_visible()
    assert state.locator("option").all_inner_texts()[:3] == ["已提交", "核验", "退回补正（须写明理由）"]
    office.shoot("steps")
    state.select_option(label="退回补正（须写明理由）")
    page.click("[data-uitest=save_button]")
    expect(page.locator(".errors")).to_contain_text("办理理由：")
    office.shoot("reason-missing")
    page.fill("textarea[name=办理理由] >> nth=0", "缺会议记录")
    page.click("[data-uitest=save_button]")
    expect(page.locator("p.fq_fact", has_text="缺会议记录")).to_be_visible()
    expect(page.locator("select[name=环节] option:checked")).to_have_text("退回补正")
    office.shoot("returned")


def test_a_row_is_added_by_the_generated_form(desk: Callable[[str], Desk]) -> None:
    office = desk("office")
    page = office.page
    office.open("#/设立单位/")
    page.click(".buttons a[href$='/add/']")
    page.fill("input[name=名称]", "南京清溪电子有限公司")
    page.click("[data-uitest=create_button]")
    expect(page.locator(".errors li")).to_have_count(5)
    office.shoot("faults")
    page.select_option("select[name=类别]", label="企业")
    page.select_option("select[name=行业门类]", label="制造业")
    page.fill("input[name=职工人数]", "620")
    page.fill("input[name=人数统计日期]", "2026-06-30")
    page.locator(".key_search input[type=text]").first.click()
    page.fill("input[type=search]", "梅园 001")
    page.fill("input[type=search]", "太平门")
    page.locator(".results_list a", has_text="320102002009").click()
    expect(page.locator(".key_search input[type=text]").first).to_have_value(re.compile("太平门社区.*320102002009"))
    office.shoot("filled")
    page.click("[data-uitest=create_button]")
    expect(page.locator("h1", has_text="设立单位")).to_be_visible()
    expect(page.locator(".table_wrapper")).to_contain_text("南京清溪电子有限公司")
    office.shoot("added")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("text=南京清溪电子有限公司")
    expect(page.locator("p.fq_fact").first).to_have_text("是")  # 应建调委会, from 500 people on
    page.click(".header [data-uitest=drop_down_button]")
    page.click("#delete")
    expect(page.locator(".table_wrapper")).not_to_contain_text("南京清溪电子有限公司")


def test_the_second_editor_is_told(desk: Callable[[str], Desk]) -> None:
    first, second = desk("office"), desk("district")
    first.open("#/设立单位/")
    first.page.locator("td .link a").first.click()
    expect(first.page.locator("input[name=职工人数]")).to_be_visible()
    second.open(first.page.url.partition("/admin/")[2])
    expect(second.page.locator("input[name=职工人数]")).to_be_visible()
    # One after the other: of two requests on their way at once either may arrive first.
    for window, number_of_people, part, said in (
        (first, "321", "#message_popup", "已保存"),
        (second, "123", ".errors", "已被他人修改"),
    ):
        window.page.fill("input[name=职工人数]", number_of_people)
        window.page.click("[data-uitest=save_button]")
        expect(window.page.locator(part)).to_contain_text(said)
    second.shoot("stale")
    # The same window may go on after its own save, which has read the form anew.
    version = first.page.locator("form div", has_text="版本").last.locator("p")
    expect(version).to_have_text("2")
    first.page.fill("input[name=职工人数]", "322")
    first.page.click("[data-uitest=save_button]")
    expect(first.page.locator(".errors")).to_have_count(0)
    expect(version).to_have_text("3")
    first.open(first.page.url.partition("/admin/")[2])
    expect(first.page.locator("input[name=职工人数]")).to_have_value("322")


def test_the_address_of_a_list_holds_what_is_seen_of_it(desk: Callable[[str], Desk]) -> None:
    """Filter, order, page and its size stand after Back and reload, and in another window with the same address."""
    district = desk("district")
    page = district.page
    rows, current = page.locator(".table_wrapper tbody tr"), page.locator("#pagination input, .current input").first

    def same(window: Page) -> list[str]:
        shown = window.locator(".table_wrapper tbody tr")
        expect(shown.first).to_be_visible()
        window.wait_for_load_state("networkidle")
        return shown.all_inner_texts()

    district.open("#/人民调解委员会/")
    everything = same(page)
    page.click("[data-uitest=filter_button]")
    page.fill("[name=名称]", "新街口")
    page.click("[data-uitest=submit_filter_button]")
    expect(page).to_have_url(re.compile("%E6%96%B0|新街口"))
    expect(rows.first).to_contain_text("新街口")
    found = same(page)
    assert found != everything
    assert all("新街口" in row for row in found)
    rows.first.locator("a").first.click()
    page.wait_for_url(re.compile("mc_"))
    page.go_back()
    expect(rows).to_have_count(len(found))
    assert same(page) == found
    page.reload()
    assert same(page) == found

    # A page further on, smaller and in another order, as an address says it; told again where somebody turns the page.
    district.open("#/人民调解委员会/?__order=-名称&__page=2&__page_size=5")
    second = same(page)
    assert len(second) == 5
    expect(current).to_have_value("2")
    current.fill("3")
    current.press("Enter")
    expect(page).to_have_url(re.compile("__page=3"))
    third = same(page)
    assert set(third) & set(second) == set()
    page.reload()
    assert same(page) == third
    other = page.context.new_page()
    other.goto(page.url)
    assert same(other) == third

    # Another list begins anew.
    page.goto(f"{district.address}/admin/#/人民调解员/")
    assert "__page" not in page.url
    assert same(page)


def test_who_only_reads_is_offered_no_change(desk: Callable[[str], Desk]) -> None:
    auditor = desk("auditor")
    auditor.open("#/人民调解委员会/")
    for button in (".buttons a[href$='/add/']", "[data-uitest=csv_button]", "td input[type=checkbox]"):
        expect(auditor.page.locator(button).first).not_to_be_visible()
    auditor.shoot("list")
    auditor.page.locator("td .link a").first.click()
    expect(auditor.page.locator("p.fq_fact").first).to_be_visible()
    expect(auditor.page.locator("[data-uitest=save_button]")).not_to_be_visible()
    expect(auditor.page.locator(".header [data-uitest=drop_down_button]")).not_to_be_visible()
    assert auditor.page.locator("form input:visible, form select:visible, form textarea:visible").count() == 0
    auditor.shoot("row")


def test_export_new_password_and_sign_out(desk: Callable[[str], Desk], tmp_path: Path) -> None:
    district = desk("district")
    page = district.page
    district.open("#/人民调解员/")
    page.click("[data-uitest=csv_button]")
    expect(page.locator("[data-uitest=download_csv_button]")).to_be_visible()
    district.shoot("export")
    with page.expect_download() as download:
        page.click("[data-uitest=download_csv_button]")
    download.value.save_as(tmp_path / "people.csv")
    lines = (tmp_path / "people.csv").read_text("utf-8").splitlines()
    assert lines[0].startswith("\ufeff")
    assert "姓名" in lines[0]
    assert not re.search("null|FEMALE|PART_TIME", "".join(lines))

    district.open("#/change-password/")
    for field, value in zip(page.locator("input[name=password]").all(), (PASSWORD, "Neu-Fengqiao-1", "x"), strict=True):
        field.fill(value)
    page.click("#change_password button")
    expect(page.locator("#message_popup")).to_contain_text("两次输入的新口令不一样")
    district.shoot("password")

    district.open("#/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.click("#user")
    district.page.click("[data-uitest=logout_button]")
    page.fill("dialog [name=login]", "district")
    page.fill("dialog [name=password]", "wrong")
    page.click("dialog form button")
    expect(page.locator("dialog .fault")).to_contain_text("登录名或口令不正确")
    district.shoot("wrong-password")
