"""The page for accounts, in a browser over a real server: a district's officer makes, hands over, resets and revokes.

Screenshots of every step are left where ``test_browser`` leaves its own.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

import httpx2
from playwright.sync_api import expect

from db.clock import today
from tests.admin.test_browser import Desk, address, browser, desk

__all__ = ["address", "browser", "desk"]  # fixtures of the other module
DAY = dt.timedelta(days=1)


def shoot(window: Desk, name: str) -> None:
    """Keep what is to be seen; logins and passwords are Latin, so the words are not looked at."""
    window.taken += 1
    window.page.wait_for_load_state("networkidle")
    window.page.screenshot(path=window.shots / f"accounts-{window.who}-{window.taken:02}-{name}.png", full_page=True)


def pick(window: Desk, name: str, words: str, place: str = "") -> None:
    """Choose the first that a picker finds."""
    window.page.fill(f"{place} [name={name}-search]", words)
    window.page.locator(f"{place} li[role=option]", has_text=words).first.click()


def found(window: Desk, login: str) -> None:
    """Open an account by way of the list's search."""
    window.open("accounts/")
    expect(window.page.locator("#accounts")).to_contain_text("auditor")
    window.page.fill("#search", login)
    expect(window.page.locator("#accounts")).not_to_contain_text("auditor")
    window.page.click(f"#accounts a:text-is('{login}')")
    expect(window.page.locator("h1")).to_contain_text(login)


def enters(address: str, login: str, password: str) -> httpx2.Response:
    return httpx2.post(f"{address}/session", json={"login": login, "password": password})


def test_an_account_from_its_making_to_its_end(desk: Callable[[str], Desk], address: str) -> None:
    district = desk("district")
    page = district.page
    page.click("text=账号管理")
    expect(page.locator("#accounts tbody tr").first).to_be_visible()
    assert {"district", "office", "committee"} <= set(page.locator("#accounts td:first-child").all_inner_texts())
    assert "province" not in page.locator("#accounts").inner_text()
    shoot(district, "list")

    page.click("#new")
    page.fill("[name=loginName]", "Li Na")
    page.fill("[name=personName]", "李娜")
    page.select_option("[name=role]", label="司法所工作人员")
    assert "省厅工作人员" not in page.locator("[name=role]").inner_text()
    page.click("#new-account button:text('新建账号')")
    expect(page.locator(".said.bad")).to_be_visible()
    expect(page.locator("#new-account")).to_contain_text("“登录名”格式不对")
    expect(page.locator("#new-account")).to_contain_text("必须填写")
    shoot(district, "faults")
    page.fill("[name=loginName]", "li.na")
    pick(district, "region", "梅园新村街道")
    pick(district, "orgUnit", "梅园新村街道司法所")
    shoot(district, "filled")
    page.click("#new-account button:text('新建账号')")
    expect(page.locator("#secret")).to_be_visible()
    password = page.locator("#secret").inner_text()
    shoot(district, "password")
    answer = enters(address, "li.na", password)
    assert (answer.status_code, answer.json()["mustChangePassword"]) == (200, True)

    page.click("text=查看这个账号")
    expect(page.locator("#grants")).to_contain_text("梅园新村街道司法所")
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
    shoot(district, "account")
    page.click("[data-act=reset]")
    expect(page.locator("#secret")).to_be_visible()
    fresh = page.locator("#secret").inner_text()
    expect(page.locator("#sessions")).to_have_count(0)
    shoot(district, "reset")
    assert enters(address, "li.na", password).status_code == 401
    assert enters(address, "li.na", fresh).status_code == 200

    district.open(page.url.partition("/admin/")[2])
    expect(page.locator("#sessions tbody tr")).to_have_count(1)
    page.click("#sessions button")
    expect(page.locator(".said")).to_contain_text("会话已结束")
    page.click("[data-act=disable]")
    expect(page.locator(".badge")).to_have_text("停用")
    shoot(district, "disabled")
    assert enters(address, "li.na", fresh).status_code == 401
    page.click("[data-act=enable]")
    expect(page.locator(".badge")).to_have_text("启用")


def test_a_leavers_rights_go_to_a_stand_in(desk: Callable[[str], Desk]) -> None:
    district = desk("district")
    page, until = district.page, today() + 14 * DAY
    found(district, "office2")
    page.click("summary:text('移交授权')")
    pick(district, "to", "mediator", "#hand-over")
    page.click("#hand-over button")
    expect(page.locator(".said.bad")).to_contain_text("终止日期")
    page.fill("#hand-over [name=validTo]", str(until))
    shoot(district, "hand-over")
    page.click("#hand-over button")
    expect(page.locator(".said")).to_contain_text("已移交 1 项授权")
    found(district, "mediator")
    expect(page.locator("#grants tbody tr")).to_have_count(2)
    last = page.locator("#grants tbody tr", has_text="司法所工作人员")
    expect(last).to_contain_text(str(until))
    last.locator("[name=validTo]").fill(str(today()))
    last.locator("button").click()
    expect(page.locator(".said")).to_contain_text("终止日期已修改")
    expect(page.locator("#grants tbody tr", has_text="司法所工作人员")).not_to_contain_text(str(until))
    shoot(district, "ended")


def test_a_program_gets_a_token_that_is_taken_back(desk: Callable[[str], Desk], address: str) -> None:
    district = desk("district")
    page = district.page
    district.open("accounts/#new")
    page.fill("[name=loginName]", "exchange")
    page.fill("[name=personName]", "数据交换")
    pick(district, "region", "玄武区")
    page.check("[name=isService]")
    page.fill("[name=addresses]", "127.0.0.1")
    page.select_option("[name=role]", label="审计监督")
    pick(district, "region", "玄武区", ".grant")
    page.click("#new-account button:text('新建账号')")
    page.click("text=查看这个账号")
    expect(page.locator("[data-act=reset]")).to_have_count(0)
    page.fill("#issue [name=name]", "省厅数据交换")
    page.fill("#issue [name=validTo]", str(today() + 30 * DAY))
    page.click("#issue button")
    expect(page.locator("#secret")).to_have_text(re.compile("^fq_"))
    token = page.locator("#secret").inner_text()
    shoot(district, "token")
    asked = {"query": "{ me { login } }"}
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx2.post(f"{address}/graphql", json=asked, headers=headers).json()["data"]["me"]["login"] == "exchange"
    page.click("#tokens button")
    expect(page.locator("#tokens")).to_have_count(0)
    page.wait_for_timeout(1100)  # who was asked about within the second is remembered for that second
    assert httpx2.post(f"{address}/graphql", json=asked, headers=headers).status_code == 401


def test_who_may_not_manage_is_offered_nothing(desk: Callable[[str], Desk]) -> None:
    auditor = desk("auditor")
    expect(auditor.page.locator("text=账号管理")).to_have_count(0)
    district = desk("district")
    found(district, "district")
    expect(district.page.locator("[data-act=reset]")).to_have_count(0)  # one's own password is changed elsewhere
    expect(district.page.locator("#hand-over")).to_have_count(0)
    shoot(district, "own")
    admin = desk("sysadmin")
    found(admin, "province")
    expect(admin.page.locator("[data-act=disable]")).to_be_visible()
    expect(admin.page.locator("[data-act=reset]")).to_have_count(0)
    shoot(admin, "above")
