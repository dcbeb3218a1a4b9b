"""Why something is masked or missing, and the records of what was done: in a browser, over a real server."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from playwright.sync_api import Page, expect

from tests.admin.test_browser import Desk, address, browser, desk

__all__ = ["address", "browser", "desk"]  # fixtures of the other module
PEOPLE, COMMITTEES = "人民调解员", "人民调解委员会"
ANSWER = "dialog.why"


def first_row(window: Desk, table: str) -> None:
    """Open the first row of a list."""
    window.open(f"#/{table}/")
    window.page.locator("td .link a").first.click()
    expect(window.page.locator("form label").first).to_be_visible()


def key_of(page: Page) -> str:
    """The global id in the address of a row's form."""
    return page.url.rstrip("/").rpartition("/")[2].partition("?")[0]


def test_a_mask_says_why_it_is_one_to_the_keyboard_too(desk: Callable[[str], Desk]) -> None:
    auditor = desk("auditor")
    page = auditor.page
    first_row(auditor, PEOPLE)
    asks = page.get_by_role("button", name="看不到“身份证号”：为什么？")
    asks.focus()
    page.keyboard.press("Enter")
    shown = page.get_by_role("dialog", name="为什么？")
    expect(shown).to_contain_text("加密存放，谁都只看到掩码")
    expect(shown).to_contain_text("依据：个人信息掩码")
    expect(shown.get_by_role("button", name="知道了")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(ANSWER)).to_have_count(0)
    expect(asks).to_be_focused()
    page.get_by_role("button", name="看不到“出生日期”：为什么？").click()
    expect(page.locator(ANSWER)).to_contain_text("您的角色（审计监督）看到的是掩码")


def test_what_cannot_be_done_stands_in_grey_and_says_why(desk: Callable[[str], Desk]) -> None:
    auditor = desk("auditor")
    page = auditor.page
    auditor.open(f"#/{COMMITTEES}/")
    for label, said in (("新建", "新建“人民调解委员会”的权限"), ("导出", "导出“人民调解委员会”的权限")):
        page.get_by_role("button", name=f"不能{label}：为什么？").click()
        expect(page.locator(ANSWER)).to_contain_text(f"权限矩阵没有给您的角色（审计监督）{said}")
        page.get_by_role("button", name="知道了").click()
    auditor.shoot("list")
    first_row(auditor, COMMITTEES)
    for label in ("修改", "删除"):
        page.get_by_role("button", name=f"不能{label}：为什么？").click()
        expect(page.locator(ANSWER)).to_contain_text(f"{label}“人民调解委员会”的权限")
        auditor.shoot(label)
        page.keyboard.press("Escape")
    # Who may do it is asked nothing.
    office = desk("office")
    office.open(f"#/{COMMITTEES}/")
    expect(office.page.get_by_role("button", name="不能新建：为什么？")).to_have_count(0)
    first_row(office, COMMITTEES)
    expect(office.page.get_by_role("button", name="不能修改：为什么？")).to_have_count(0)


def test_a_row_that_is_not_shown_says_the_scope_and_nothing_of_the_row(desk: Callable[[str], Desk]) -> None:
    theirs, office = desk("office2"), desk("office")
    first_row(theirs, COMMITTEES)
    said = []
    for row in (key_of(theirs.page), "mc_01856aa0-c800-7fff-8fff-ffffffffffff"):
        office.open(f"#/{COMMITTEES}/{row}/")
        expect(office.page.locator(ANSWER)).to_contain_text("没有这条人民调解委员会，或者它不在您的范围内")
        expect(office.page.locator(".welcome")).to_be_visible()
        said.append(office.page.locator(ANSWER).inner_text())
    assert said[0] == said[1]
    office.shoot("not-found")
    mediator = desk("mediator")
    mediator.open("#/账号/ua_01856aa0-c800-7fff-8fff-ffffffffffff/")
    expect(mediator.page.locator(ANSWER)).to_contain_text("权限矩阵没有给您的角色（人民调解员）查看“账号”的权限")


def test_a_step_one_may_not_take_says_who_may(desk: Callable[[str], Desk]) -> None:
    district = desk("district")
    page = district.page
    district.open("workbench/")
    page.click("text=已提交（")
    expect(page.locator(".chips [aria-pressed=true]")).to_contain_text("已提交")
    page.locator("tr.open a").first.click()
    page.get_by_role("button", name="不能核验：为什么？").click()
    expect(page.locator(ANSWER)).to_contain_text("核验")
    district.shoot("step")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="看不到手机号：为什么？").first.click()
    expect(page.locator(ANSWER)).to_contain_text("加密存放")


def test_who_manages_accounts_asks_for_another(desk: Callable[[str], Desk]) -> None:
    district = desk("district")
    page = district.page
    page.click("text=权限查询")
    page.fill("[name=login]", "office")
    page.select_option("[name=type]", label=PEOPLE)
    page.select_option("[name=action]", label="导出")
    page.click("#ask")
    expect(page.locator(".said")).to_contain_text("不可以。权限矩阵没有给该账号的角色（司法所工作人员）导出")
    page.fill("[name=login]", "province")
    page.click("#ask")
    expect(page.locator(".said.bad")).to_contain_text("没有这个账号，或者它不归您管理")
    page.fill("[name=login]", "")
    page.click("#ask")
    expect(page.locator(".said")).not_to_contain_text("该账号")
    mediator = desk("mediator")
    mediator.open("access/")
    expect(mediator.page.locator("[name=type]")).to_be_visible()
    expect(mediator.page.locator("[name=login]")).to_have_count(0)


def test_what_was_done_with_a_row_is_read_from_its_form(desk: Callable[[str], Desk]) -> None:
    office = desk("office")
    page = office.page
    first_row(office, COMMITTEES)
    row = key_of(page)
    page.fill("input[name=办公时间]", "全天")
    page.click("[data-uitest=save_button]")
    expect(page.locator("#message_popup")).to_contain_text("已保存")
    page.click("a.fq_history")
    line = page.locator("#records > tbody > tr").first
    expect(line).to_contain_text("修改 人民调解委员会：")
    expect(line).to_contain_text("127.0.0.1")
    line.locator("summary").click()
    change = line.locator("table.changes tbody tr")
    expect(change).to_contain_text("办公时间")
    expect(change.locator(".now")).to_have_text("全天")
    office.shoot("history")
    assert page.locator("[name=entityId]").input_value() == row
    line.locator("a", has_text="打开这一条").click()
    expect(page.locator("input[name=办公时间]")).to_have_value("全天")


def test_the_records_are_in_scope_filtered_and_paged(desk: Callable[[str], Desk]) -> None:
    auditor, office = desk("auditor"), desk("office")
    # A refusal: an export without the right.
    office.page.evaluate(f"fetch('./api/tables/{quote(PEOPLE)}/?__page_size=1000').then((answer) => answer.status)")
    page = auditor.page
    page.click("text=操作记录")
    expect(page.locator("#records")).to_contain_text("拒绝")
    page.check("[name=refusals]")
    page.click("#find")
    expect(page.locator("#records .badge.back").first).to_be_visible()
    expect(page.locator("#records .badge:not(.back)")).to_have_count(0)
    expect(page.locator("#records")).to_contain_text("人民调解员（没有权限）")
    auditor.shoot("refusals")
    page.uncheck("[name=refusals]")
    page.fill("[name=to]", "2020-01-01")
    page.click("#find")
    expect(page.locator("#main")).to_contain_text("没有这样的记录")
    page.click("button[type=reset]")
    expect(page.locator("#records > tbody > tr").nth(3)).to_be_visible()
    page.select_option("[name=action]", label="登录")
    page.click("#find")
    expect(page.locator("#records .badge", has_text="拒绝")).to_have_count(0)
    page.click("button[type=reset]")
    # Who acted stands in the record itself: an auditor reads no accounts.
    page.fill("[name=who]", "office")
    page.click("#find")
    expect(page.locator("#records > tbody > tr td:nth-child(2) .hint").first).to_have_text("office")
    expect(page.locator("#records > tbody > tr td:nth-child(2) .hint", has_text="district")).to_have_count(0)
    page.fill("[name=who]", "nobody-of-this-name")
    page.click("#find")
    expect(page.locator("#main")).to_contain_text("没有这样的记录")
    # Two streets: neither reads what the other did.
    office.open("audit/")
    expect(office.page.locator("#records")).to_be_visible()
    assert "新街口" not in office.page.locator("#records").inner_text()
    committee = desk("committee")
    expect(committee.page.locator("text=操作记录")).to_have_count(0)
    committee.open("audit/")
    expect(committee.page.locator("#main")).to_contain_text("您的角色不能查看操作记录")
