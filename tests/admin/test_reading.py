"""Lists, filters, orders, pages, counts and pickers, in scope and with masks, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from db.registry import registry
from tests.admin.person import Person

People = Callable[[str], Person]
COMMITTEES, PEOPLE, FILINGS, CASES = "人民调解委员会", "人民调解员", "备案", "调解案件"


def test_the_menu_holds_what_the_viewer_may_read_in_groups(people: People) -> None:
    menu = people("district").get("tables/grouped/").json()["grouped"]
    assert list(menu) == ["备案", "调解组织", "调解案件", "区划与机构", "系统"]
    assert menu["调解组织"][0] == COMMITTEES
    # The province may count filings and cases, and see none of them.
    province = people("province").get("tables/grouped/").json()["grouped"]
    assert "备案" not in province
    assert "调解案件" not in province
    assert list(people("sysadmin").get("tables/grouped/").json()["grouped"]) == ["区划与机构", "系统"]


def test_a_list_shows_terms_names_and_dates(people: People) -> None:
    row = people("office").rows(FILINGS, 环节="FILED")[0]
    assert row["编号"].startswith("cf_")
    assert row["环节"] == "FILED"
    assert row["调委会"].endswith("人民调解委员会")
    assert len(row["提交时间"]) == len("2026-11-13 11:08")
    schema = people("office").schema(FILINGS)
    assert schema["properties"]["环节"]["extra"]["choices"]["FILED"] == {"display_name": "备案完成", "value": "FILED"}
    assert schema["extra"]["link_column_name"] == "调委会"
    assert schema["extra"]["order_by"] == [{"column": "修改时间", "ascending": False}]


def test_a_list_of_every_table_opens_for_everybody_who_has_it_in_the_menu(people: People) -> None:
    for login in ("province", "city", "district", "office", "committee", "mediator", "auditor", "sysadmin", "court"):
        person = people(login)
        for table in person.get("tables/").json():
            rows = person.rows(table, __page_size=5)
            assert person.count(table) >= len(rows)
            schema = person.schema(table)
            assert set(schema["extra"]["visible_column_names"]) <= set(schema["properties"])
            assert all(set(schema["extra"]["visible_column_names"]) <= set(row) for row in rows)
            for row in rows[:2]:
                opened = person.open(table, row["编号"])
                assert {"__can", "__steps", "__writable", "__version"} <= set(opened)


@pytest.mark.parametrize(
    ("table", "params", "holds"),
    [
        (COMMITTEES, {"名称": "社区", "名称__match": "contains"}, lambda r: "社区" in r["名称"]),
        (COMMITTEES, {"名称": "社区", "名称__match": "ne"}, lambda r: r["名称"] != "社区"),
        (COMMITTEES, {"名称": "南京市", "名称__match": "starts"}, lambda r: r["名称"].startswith("南京市")),
        (COMMITTEES, {"名称": "社区人民调解委员会", "名称__match": "ends"}, lambda r: "社区" in r["名称"]),
        (COMMITTEES, {"类型": "COMMUNITY", "类型__operator": "e"}, lambda r: r["类型"] == "COMMUNITY"),
        (COMMITTEES, {"类型": "COMMUNITY", "类型__operator": "ne"}, lambda r: r["类型"] != "COMMUNITY"),
        (COMMITTEES, {"设立日期": "2024-01-01", "设立日期__operator": "gte"}, lambda r: r["设立日期"] >= "2024-01-01"),
        (COMMITTEES, {"设立日期": "2024-01-01", "设立日期__operator": "lt"}, lambda r: r["设立日期"] < "2024-01-01"),
        ("设立单位", {"职工人数": "500", "职工人数__operator": "gte"}, lambda r: r["职工人数"] >= 500),
        (FILINGS, {"备案编号__operator": "is_null"}, lambda r: r["备案编号"] is None),
        (FILINGS, {"备案编号__operator": "not_null"}, lambda r: r["备案编号"] is not None),
        (FILINGS, {"提交时间": "2026-01-01", "提交时间__operator": "lt"}, lambda r: r["提交时间"] < "2026"),
        ("设立单位", {"应建调委会": "true"}, lambda r: True),
        (CASES, {"重点领域[]": ["MEDICAL"]}, lambda r: True),
    ],
)
def test_a_filter_keeps_what_it_says(
    table: str, params: dict[str, Any], holds: Callable[[dict[str, Any]], bool], people: People
) -> None:
    district = people("district")
    rows = district.rows(table, __page_size=100, **params)
    assert all(holds(row) for row in rows)
    assert district.count(table, **params) == len(rows) or len(rows) == 100
    assert len(rows) < district.count(table) or "ne" in params.values()


def test_the_filter_form_sends_operators_without_values_and_they_mean_nothing(people: People) -> None:
    office = people("office")
    empty = {
        "名称__match": "contains",
        "类型__operator": "e",
        "设立日期__operator": "lt",
        "标牌统一": "all",
        "所在区划": "",
    }
    assert office.count(COMMITTEES, **empty) == office.count(COMMITTEES)


def test_a_region_as_a_filter_means_what_lies_in_it(people: People) -> None:
    district = people("district")
    street = next(iter(district.get("tables/行政区划/ids/", search="320102002000").json()))
    rows = district.rows(COMMITTEES, 所在区划=street, __page_size=100)
    assert len(rows) == people("office").count(COMMITTEES) > 1


def test_a_row_leads_to_the_rows_that_name_it(people: People) -> None:
    office = people("office")
    committee = office.rows(FILINGS, 环节="FILED")[0]
    naming = office.get(f"tables/{COMMITTEES}/references/").json()["references"]
    assert {"tableName": FILINGS, "columnName": "调委会"} in naming
    opened = office.open(FILINGS, committee["编号"])
    assert office.count(FILINGS, 调委会=opened["调委会"]) >= 1


def test_pages_follow_each_other_in_the_order_that_was_asked_for(people: People) -> None:
    district = people("district")
    pages = [district.rows(COMMITTEES, __page_size=7, __page=page, __order="-设立日期,名称") for page in (1, 2, 3)]
    days = [row["设立日期"] for page in pages for row in page]
    assert days == sorted(days, reverse=True)
    assert len({row["编号"] for page in pages for row in page}) == 21
    by_region = [row["所在区划"] for row in district.rows(COMMITTEES, __order="所在区划")]
    assert len(by_region) == 15


def test_without_an_order_the_entity_has_its_own(people: People) -> None:
    at = [row["时间"] for row in people("district").rows("审计日志")]
    assert at == sorted(at, reverse=True)


@pytest.mark.parametrize(
    "params",
    [
        {"身份证号": "320"},
        {"身份证号__operator": "not_null"},
        {"身份证号[]": "320"},
        {"__order": "身份证号"},
        {"__order": "-出生日期"},
        {"__order[]": "出生日期"},
        {"__order": ["姓名", "身份证号"]},
        {"出生日期": "1970-01-01"},
        {"出生日期__operator": "is_null"},
        {"没有的列": "1"},
        {"__order": "没有的列"},
        {"__order": "登记区划.名称"},
        {"__range_header": "true"},
        {"性别": "WOMAN"},
        {"首次任职日期": "yesterday"},
        {"姓名__match": "regex", "姓名": "王"},
        {"__page_size": "-1"},
        {"__page_size": "101"},
        {"__page": "x"},
    ],
)
def test_what_may_not_be_asked_is_refused_and_counts_nothing(params: dict[str, Any], people: People) -> None:
    """Filters and orders over masked columns would tell what the mask hides."""
    office = people("office")
    answer = office.get(f"tables/{PEOPLE}/", **params)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["msg"]
    if "__order" not in params and "__page" not in str(params):
        assert office.count(PEOPLE, **params) == 0


def test_masked_columns_are_neither_in_the_filter_nor_in_the_order_of_who_sees_masks(people: People) -> None:
    def offered(login: str) -> tuple[set[str], set[str]]:
        schema = people(login).schema(PEOPLE)
        sortable = {name for name, p in schema["properties"].items() if p["extra"]["sortable"]}
        return set(schema["extra"]["visible_filter_names"]), sortable

    for offers in offered("office"):
        assert not offers & {"身份证号", "手机号", "出生日期", "政治面貌"}
        assert {"姓名", "性别"} <= offers
    for offers in offered("district"):
        assert "出生日期" in offers
        assert "身份证号" not in offers


def test_masks_are_masks_in_lists_forms_and_exports(people: People) -> None:
    row = people("district").rows(PEOPLE)[0]
    opened = people("district").open(PEOPLE, row["编号"])
    assert "*" in opened["身份证号"]
    assert opened["出生日期"]
    office = people("office")
    assert office.open(PEOPLE, office.rows(PEOPLE)[0]["编号"])["出生日期"] is None
    columns = {"__page_size": 1000, "__visible_fields": "姓名,身份证号,性别"}
    exported = people("district").rows(PEOPLE, **columns)
    assert list(exported[0]) == ["\ufeff姓名", "身份证号", "性别"]
    assert all("*" in line["身份证号"] and line["性别"] in "男女" for line in exported)


def test_export_is_a_right_of_its_own(people: People) -> None:
    assert "export" in people("district").schema(CASES)["extra"]["can"]
    assert "export" not in people("office").schema(PEOPLE)["extra"]["can"]
    answer = people("office").get(f"tables/{PEOPLE}/", __page_size=1000)
    assert (answer.status_code, answer.text) == (403, "没有导出“人民调解员”的权限。")


def test_a_picker_searches_in_scope_and_tells_namesakes_apart(people: People) -> None:
    office = people("office")
    found = office.get("tables/行政区划/ids/", limit=6, search="梅园新村街道").json()
    assert "梅园新村街道（玄武区，320102002000）" in found.values()
    by_code = office.get("tables/行政区划/ids/", limit=6, search="320102002").json()
    assert len(by_code) == 6
    assert all("320102002" in name for name in by_code.values())
    assert office.get("tables/行政区划/ids/", search="320104").json() == {}
    both = office.get("tables/行政区划/ids/", search="梅园 社区").json()
    assert both
    assert all("梅园" in name and "社区" in name for name in both.values())
    more = office.get("tables/行政区划/ids/", limit=6, offset=5, search="320102002").json()
    assert set(list(by_code)[5:]) <= set(more)
    assert not set(list(by_code)[:5]) & set(more)


def test_a_picker_never_gives_more_than_two_hundred(people: People) -> None:
    assert len(people("district").get("tables/调解案件/ids/", limit=5000).json()) == 200
    assert len(people("district").get("tables/调解案件/ids/").json()) == 200


def test_rows_of_others_are_neither_listed_counted_picked_nor_opened(people: People) -> None:
    office, other = people("office"), people("office2")
    mine = {row["编号"] for row in office.rows(COMMITTEES, __page_size=100)}
    theirs = [row["编号"] for row in other.rows(COMMITTEES, __page_size=100)]
    assert theirs
    assert not mine & set(theirs)
    assert office.count(COMMITTEES) == len(mine)
    assert not set(office.get(f"tables/{COMMITTEES}/ids/").json()) & set(theirs)
    hidden, missing = theirs[0], "mc_01856aa0-c800-7fff-8fff-ffffffffffff"
    for row in (hidden, missing, "mc_x", "cf_01856aa0-c800-7fff-8fff-ffffffffffff"):
        answers = [
            office.get(f"tables/{COMMITTEES}/{row}/"),
            office.save(COMMITTEES, row, {"名称": "x"}),
            office.delete(COMMITTEES, row),
        ]
        assert {(a.status_code, a.content) for a in answers} == {(404, "没有找到，或者无权查看。".encode())}


def test_a_filter_by_an_invisible_row_finds_nothing(people: People) -> None:
    theirs = people("office2").rows(COMMITTEES)[0]["编号"]
    assert people("office").rows("届", 调委会=theirs) == []


def test_references_to_what_one_sees_no_row_of_are_no_columns(people: People) -> None:
    assert "创建人" in people("office").schema(COMMITTEES)["properties"]
    assert "创建人" not in people("committee").schema(COMMITTEES)["properties"]


def test_documents_speak_chinese(people: People) -> None:
    office = people("office")
    opened = office.open(FILINGS, office.rows(FILINGS, 环节="SUBMITTED")[0]["编号"])
    assert "类型：居（社区）人民调解委员会" in opened["调委会快照"]
    assert "成员：" in opened["调委会快照"]
    assert not {"name", "type", "COMMUNITY", "{", "members"} & set(opened["调委会快照"].replace("：", " ").split())
    logs = people("district").rows("审计日志")
    choices = people("district").schema("审计日志")["properties"]["对象类型"]["extra"]["choices"]
    named = {info.facts.zh for info in registry().values()}
    assert {choices[row["对象类型"]]["display_name"] for row in logs} <= named
