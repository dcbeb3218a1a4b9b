"""The list page and the record page of every entity, in a browser over a real server.

What a database may do differently is asked elsewhere: SQLite is enough here, but for the last test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from db.registry import registry
from tests.admin.test_browser import address, browser
from tests.admin.windows import Window
from tests.databases import Kind

Open = Callable[..., Window]
__all__ = ["address", "browser"]


@pytest.fixture(scope="module")
def database_kind() -> Kind:
    return "sqlite"


@pytest.fixture
def window(browser: Browser, address: str) -> Iterator[Open]:
    """`window("office")` is the office's window; a script error, or one of the policy, fails the test."""
    opened: list[Window] = []

    def sit_down(login: str, size: tuple[int, int] = (1360, 900)) -> Window:
        opened.append(Window.of(browser, address, login, size))
        return opened[-1]

    yield sit_down
    assert [line for one in opened for line in one.wrong] == []


def row_of(window: Window, entity: str, words: str) -> None:
    """Opens the record that the words of a list find first."""
    window.open(f"list/?entity={entity}&q={words}")
    window.page.locator("table.list tbody a").first.click()
    window.settled()


def test_every_entity_has_its_list_and_its_record(window: Open) -> None:
    """And axe finds nothing wrong with any of them, wide or on a phone."""
    wide, narrow = window("district"), window("district", (390, 800))
    said: list[str] = []
    for name, info in registry().items():
        if info.part_of:
            continue
        wide.open(f"list/?entity={name}")
        expect(wide.page.locator("main h1")).to_have_text(info.facts.zh)
        expect(wide.page.locator("main .said.bad")).to_have_count(0)
        said += [f"{name} list: {line}" for line in wide.axe()]
        first = wide.page.locator("table.list tbody a").first
        if not first.count():
            continue
        first.click()
        wide.settled()
        expect(wide.page.locator("main .said.bad")).to_have_count(0)
        expect(wide.page.locator(".fact").first).to_be_visible()
        said += [f"{name} record: {line}" for line in wide.axe()]
        if wide.page.get_by_role("button", name="修改", exact=True).count():
            wide.press("修改")
            expect(wide.page.locator(".savebar")).to_be_visible()
            said += [f"{name} form: {line}" for line in wide.axe()]
        narrow.page.goto(wide.page.url)
        narrow.settled()
        said += [f"{name} is {narrow.width()} wide" for _ in [0] if narrow.width() > 390]
    assert said == []


def test_a_field_is_mended_with_the_keyboard_alone(window: Open) -> None:
    """From the search of everything to the history in words; each fault stands at its field until it is mended."""
    office = window("office")
    page, keys = office.page, office.page.keyboard
    office.open("list/?entity=Mediator")
    name = page.locator("table.list tbody td[data-label=姓名]").first.inner_text()
    page.locator("fq-search input").focus()
    keys.type(name)
    expect(page.locator("li[role=option]:not(.hint)").first).to_contain_text(name)
    keys.press("Enter")
    page.wait_for_url(re.compile("record"))
    office.settled()
    page.get_by_role("button", name="修改", exact=True).focus()
    keys.press("Enter")
    office.field("mobile").focus()
    keys.press("Control+A")
    keys.type("打不通")
    office.field("name").focus()
    keys.press("Control+A")
    keys.type("　\t" + name * 30)
    keys.press("Enter")
    expect(page.locator(".said.bad")).to_contain_text("还有 2 处要改")
    expect(page.locator("[data-name=name] .fault")).to_contain_text("不能超过")
    expect(page.locator("[data-name=mobile] .fault")).to_contain_text("格式不对")
    assert page.evaluate("document.activeElement.closest('[data-name]').dataset.name") == "name"
    keys.press("Control+A")
    keys.type(name)
    expect(page.locator("[data-name=name] .fault")).not_to_be_visible()
    office.field("mobile").focus()
    keys.press("Control+A")
    keys.type("13800000123")
    expect(page.locator(".said.bad")).to_have_count(0)
    keys.press("Enter")
    expect(office.fact("mobile")).to_contain_text("138****0123")
    page.locator("fq-timeline summary").focus()
    keys.press("Enter")
    expect(page.locator(".timeline li").first).to_contain_text(
        re.compile("修改.*手机号：由“.*”改为“138[*]{4}0123”", re.DOTALL)
    )


def test_what_is_pasted_is_trimmed_and_never_cut(window: Open) -> None:
    office = window("office")
    office.open("record/?entity=HostUnit")
    office.field("name").focus()
    office.page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            const about = {clipboardData: data, bubbles: true, cancelable: true};
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", about));
        }""",
        " \u200b南京\u00a0清溪\t电子\r\n" + "长" * 300,
    )
    assert office.field("name").input_value() == "南京 清溪 电子 " + "长" * 300
    expect(office.page.locator("[data-name=name] .fault")).to_contain_text("现有 309 个")


def test_unsaved_work_survives_and_two_presses_make_one_row(window: Open) -> None:
    """A reload, another page and Back, and a session that ended while somebody wrote."""
    office = window("office")
    page = office.page
    office.open("record/?entity=HostUnit")
    office.field("name").fill("南京清溪电子有限公司")
    office.field("kind").select_option(label="企业")
    office.field("industry").select_option(label="制造业")
    office.field("employeeCount").fill("620")
    office.field("region").fill("tpm")
    expect(page.locator("li[role=option]:not(.hint)").first).to_contain_text("太平门社区")
    page.keyboard.press("Enter")
    page.locator("[data-name=employeeCountOn] button.pick").click()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    day = office.field("employeeCountOn").input_value()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    expect(page.locator(".savebar .hint")).to_contain_text("会留在这台电脑上")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator(".said")).to_contain_text("接着写")
    office.open("list/?entity=HostUnit")
    page.go_back()
    expect(office.field("name")).to_have_value("南京清溪电子有限公司")
    expect(office.field("region")).to_have_value(re.compile("太平门"))
    assert office.field("employeeCountOn").input_value() == day

    page.context.clear_cookies()
    page.locator(".savebar button").first.dblclick()
    page.fill("dialog [name=login]", "office")
    page.fill("dialog [name=password]", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .fault")).to_contain_text("不正确")
    page.fill("dialog [name=password]", "Fengqiao-1963")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("id=hu_"))
    expect(page.locator("main h1")).to_have_text("南京清溪电子有限公司")
    office.open("list/?entity=HostUnit&q=清溪电子")
    expect(page.locator("table.list tbody tr")).to_have_count(1)
    office.open("record/?entity=HostUnit")
    expect(page.locator(".said")).to_have_count(0)


def test_of_two_clerks_each_keeps_what_they_wrote(window: Open) -> None:
    """What the other changed is told by name and taken over; where both changed one field, one is chosen."""
    first, second = window("office"), window("district")
    row_of(first, "MediationCommittee", "梅园")
    second.page.goto(first.page.url)
    second.settled()
    for one in (first, second):
        one.press("修改")
    first.field("officeHours").fill("周一至周六 8:30-17:00")
    first.field("phone").fill("025-84000001")
    first.press("保存")
    expect(first.fact("phone")).to_contain_text("84000001")

    second.field("sealNo").fill("印 2026-1")
    second.field("phone").fill("025-84000002")
    second.press("保存")
    dialog = second.page.locator("dialog")
    expect(dialog).to_contain_text("两个人改了同一项")
    expect(dialog.locator("tbody tr")).to_have_count(1)
    expect(dialog).to_contain_text(first.page.locator("#bar .who").inner_text())
    dialog.locator("label", has_text="84000002").locator("input").check()
    second.press("按所选的继续")
    # Beside it stands for a moment that it was saved.
    expect(second.page.locator(".said", has_text="办公时间")).to_be_visible()
    expect(second.fact("phone")).to_contain_text("84000002")
    expect(second.fact("sealNo")).to_contain_text("印 2026-1")
    expect(second.fact("officeHours")).to_contain_text("周一至周六")


def test_what_is_seen_of_a_list_stands_in_its_address(window: Open, tmp_path: Path) -> None:
    district = window("district")
    page, rows = district.page, district.page.locator("table.list tbody tr")
    district.open("list/?entity=Mediator")
    page.get_by_role("button", name="姓名").click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text(re.compile("姓名"))
    page.get_by_label("添加条件").select_option(label="出生日期")
    page.get_by_label("出生日期从").fill("19700101")
    page.get_by_label("出生日期至").fill("1975年12月31日")
    page.get_by_label("添加条件").select_option(label="性别")
    page.get_by_label("女").check()
    expect(page).to_have_url(re.compile("birthDate.from=1970-01-01.*birthDate.to=1975-12-31.*sex=FEMALE.*sort=name"))
    expect(rows.first).to_contain_text("女")
    expect(rows.locator("td[data-label=性别]", has_text="男")).to_have_count(0)
    found = rows.all_inner_texts()
    page.get_by_role("searchbox", name="查找").first.fill("zzzz")
    expect(page.locator(".empty")).to_be_visible()
    page.go_back()
    expect(rows).to_have_count(len(found))
    page.reload()
    district.settled()
    assert rows.all_inner_texts() == found
    other = window("district")
    other.page.goto(page.url)
    other.settled()
    assert other.page.locator("table.list tbody tr").all_inner_texts() == found

    page.locator("fq-saved summary").click()
    district.press("保存现在的视图")
    page.locator("dialog input").fill("七十年代的女同志")
    district.press("保存")
    with page.expect_download() as download:
        district.press("导出")
    download.value.save_as(tmp_path / "people.csv")
    lines = (tmp_path / "people.csv").read_bytes().decode().split("\r\n")
    assert lines[0].startswith('\ufeff"调解员编号","姓名","性别"')
    assert len(lines) == len(found) + 2
    assert not re.search("null|FEMALE", "".join(lines))
    district.open("list/?entity=Mediator")
    page.locator("fq-saved summary").click()
    district.press("七十年代的女同志")
    expect(rows).to_have_count(len(found))


def test_regions_are_a_tree_and_never_a_flat_list(window: Open) -> None:
    province = window("province")
    province.open("list/?entity=Region")
    expect(province.page.locator("table.list tbody tr")).to_have_count(13)
    province.page.locator("table.list tbody tr", has_text="南京市").get_by_text("下一级").click()
    expect(province.page.locator("table.list tbody")).to_contain_text("玄武区")
    province.open("list/?entity=MediationCommittee")
    province.press("按层级选")
    expect(province.page.get_by_role("treeitem", name="南京市")).to_be_visible()
    keys = province.page.keyboard
    for key in ("ArrowDown", "ArrowRight"):
        keys.press(key)
        province.page.wait_for_timeout(300)
    expect(province.page.get_by_role("treeitem", name="玄武区")).to_be_visible()
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(province.page).to_have_url(re.compile("in=320102000000"))
    expect(province.page.locator("table.list tbody tr").first).to_be_visible()


def test_steps_ask_before_what_cannot_be_undone_alone_and_in_bulk(window: Open) -> None:
    district = window("district")
    page = district.page
    district.open("list/?entity=CommitteeFiling&state=OFFICE_CHECKED")
    before = page.locator("table.list tbody tr").count()
    page.locator("table.list tbody a").first.click()
    district.settled()
    district.press("退回补正")
    expect(page.locator("dialog")).to_contain_text("不能自行撤销")
    page.keyboard.press("Escape")
    expect(page.locator(".badge")).to_have_text("司法所已核验")
    district.press("退回补正")
    page.locator("dialog textarea").fill("缺会议记录")
    page.locator("dialog").get_by_role("button", name="退回补正").click()
    expect(page.locator(".badge")).to_have_text("退回补正")
    page.locator("fq-timeline summary").click()
    expect(page.locator(".timeline li").first).to_contain_text("理由：缺会议记录")

    district.open("list/?entity=CommitteeFiling&state=OFFICE_CHECKED")
    expect(page.locator("table.list tbody tr")).to_have_count(before - 1)
    for box in page.locator("tbody td.pick input").all()[:2]:
        box.check()
    page.locator(".bulk").get_by_role("button", name="不予备案").click()
    page.locator("dialog textarea").fill("材料不实")
    page.locator("dialog").get_by_role("button", name="不予备案").click()
    expect(page.locator("dialog").last).to_contain_text("2 条可以办理")
    district.press("办理这 2 条")
    expect(page.locator("#toasts")).to_contain_text("已办理 2 条")
    expect(page.locator("table.list tbody tr")).to_have_count(before - 3)


def test_masked_values_are_shown_for_a_reason_and_refusals_are_explained(window: Open) -> None:
    district, auditor = window("district"), window("auditor")
    row_of(district, "Mediator", "")
    expect(district.fact("idNumber")).to_contain_text("****")
    district.fact("idNumber").get_by_role("button", name="查看原文").click()
    district.page.locator("dialog textarea").fill("核对身份证")
    district.press("查看")
    expect(district.page.locator("dialog .original")).to_have_text(re.compile(r"^\d{17}[\dX]$"))
    auditor.page.goto(district.page.url)
    auditor.settled()
    auditor.press("不能修改：为什么？")
    expect(auditor.page.locator("dialog")).to_contain_text("权限矩阵")


def test_on_a_phone_there_is_a_menu(window: Open) -> None:
    phone = window("office", (390, 800))
    phone.open("list/?entity=Mediator")
    side = phone.page.locator("#side")
    expect(side).not_to_be_visible()
    phone.press("菜单")
    side.get_by_text("人民调解委员会").click()
    expect(phone.page.locator("main h1")).to_have_text("人民调解委员会")
