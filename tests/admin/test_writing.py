"""Forms write through the commands: only what changed, all faults at once, no update that hides another one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.admin.person import Person

People = Callable[[str], Person]
COMMITTEES, PEOPLE, FILINGS = "人民调解委员会", "人民调解员", "备案"


def form_of(person: Person, table: str, row: str) -> dict[str, Any]:
    """What the edit form sends back when nothing was typed: its inputs, as text."""
    opened = person.open(table, row)
    sent = {name: opened[name] for name in opened["__writable"]}
    return {
        k: str(v).lower() if isinstance(v, bool) else v if isinstance(v, list | None) else str(v)
        for k, v in sent.items()
    }


def region(person: Person, code: str) -> str:
    """The id of a region, as the picker finds it."""
    return str(next(iter(person.get("tables/行政区划/ids/", search=code).json())))


def new_committee(person: Person, **more: Any) -> dict[str, Any]:
    """The form of a new community committee, as the front end sends it: every input, the empty ones as null."""
    form: dict[str, Any] = dict.fromkeys(person.get(f"tables/{COMMITTEES}/new/").json())
    return form | {
        "名称": "玄武区试验社区人民调解委员会", "类型": "COMMUNITY", "所在区划": region(person, "320102002001"),
        "设立日期": "2025-03-01", "地址": "试验路 1 号", "电话": "025-12345678", "标牌统一": "true", **more,
    }  # fmt: skip


def test_a_new_row_takes_the_writable_fields_and_their_defaults(people: People) -> None:
    office = people("office")
    schema = office.schema(COMMITTEES)
    offered = {name for name, p in schema["properties"].items() if p["extra"]["create"]}
    assert offered == set(office.get(f"tables/{COMMITTEES}/new/").json())
    assert not offered & {"编码", "状态", "备案情况", "创建时间", "版本"}
    assert set(schema["required"]) == {"名称", "类型", "所在区划", "设立日期", "地址", "电话"}
    assert office.get(f"tables/{COMMITTEES}/new/").json()["标牌统一"] is False


def test_a_committee_is_made_changed_and_deleted(people: People) -> None:
    office = people("office")
    before = office.count(COMMITTEES)
    answer = office.post(f"tables/{COMMITTEES}/", new_committee(office))
    assert answer.status_code == 201, answer.text
    assert office.count(COMMITTEES) == before + 1
    row = office.rows(COMMITTEES, 名称="试验社区")[0]
    opened = office.open(COMMITTEES, row["编号"])
    assert opened["标牌统一"] is True
    assert opened["指导司法所_readable"] == "梅园新村街道司法所"
    assert (
        office.save(
            COMMITTEES, row["编号"], form_of(office, COMMITTEES, row["编号"]) | {"电话": "025-87654321"}
        ).status_code
        == 200
    )
    assert office.open(COMMITTEES, row["编号"])["电话"] == "025-87654321"
    assert "delete" in opened["__can"]
    assert office.delete(COMMITTEES, row["编号"]).status_code == 204
    assert office.count(COMMITTEES) == before


def test_every_fault_is_told_at_once_under_its_label_in_chinese(people: People) -> None:
    answer = people("office").post(
        f"tables/{COMMITTEES}/", {"名称": "字" * 101, "电话": "打不通", "设立日期": "2999-01-01"}
    )
    assert answer.status_code == 422
    told = {line["loc"][-1]: line["msg"] for line in answer.json()["detail"]}
    assert told["名称"] == "不能超过 100 个字（现有 101 个）。"
    assert told["地址"] == "必须填写。"
    assert {"类型", "所在区划", "电话", "设立日期"} <= set(told)


def test_what_the_form_does_not_offer_is_not_written(people: People) -> None:
    office = people("office")
    answer = office.post(f"tables/{COMMITTEES}/", new_committee(office, 备案情况="FILED", 没有的项="1"))
    assert answer.status_code == 422
    assert {line["loc"][-1] for line in answer.json()["detail"]} == {"备案情况", "没有的项"}
    row = office.rows(COMMITTEES)[0]["编号"]
    office.open(COMMITTEES, row)
    answer = office.save(COMMITTEES, row, {"编码": "1", "所在区划": region(office, "320102002001")})
    told = {line["loc"][-1]: line["msg"] for line in answer.json()["detail"]}
    assert told == {"编码": "由系统填写，不能修改。", "所在区划": "新建时确定，不能修改。"}


def test_saving_an_untouched_form_changes_nothing_masks_and_hidden_names_included(people: People) -> None:
    for login, table in (("office", PEOPLE), ("district", PEOPLE), ("office", COMMITTEES), ("district", "机构")):
        person = people(login)
        row = person.rows(table)[0]["编号"]
        before = person.open(table, row)
        assert person.save(table, row, form_of(person, table, row)).status_code == 200
        assert person.open(table, row) == before


def test_the_second_editor_is_told_and_overwrites_nothing(people: People) -> None:
    office, district = people("office"), people("district")
    row = office.rows(COMMITTEES)[0]["编号"]
    office.open(COMMITTEES, row)
    district.open(COMMITTEES, row)
    assert district.save(COMMITTEES, row, {"办公时间": "全天"}).status_code == 200
    answer = office.save(COMMITTEES, row, {"办公时间": "周一至周五"})
    assert (answer.status_code, answer.headers["content-type"]) == (409, "text/plain; charset=utf-8")
    assert answer.text.startswith("已被他人修改")
    assert office.open(COMMITTEES, row)["办公时间"] == "全天"


def test_a_form_without_a_version_is_stale(people: People) -> None:
    office = people("office")
    row = office.rows(COMMITTEES)[0]["编号"]
    office.versions.pop(row, None)
    assert office.save(COMMITTEES, row, {"办公时间": "全天"}).status_code == 409


def test_a_foreign_reference_is_not_taken_and_says_no_more_than_a_missing_one(people: People) -> None:
    office = people("office")
    theirs = list(people("office2").get("tables/行政区划/ids/").json())[-1]
    assert theirs not in office.get("tables/行政区划/ids/").json()
    answers = [
        office.post(f"tables/{COMMITTEES}/", new_committee(office, 所在区划=row)).json()
        for row in (theirs, "rg_01856aa0-c800-7fff-8fff-ffffffffffff")
    ]
    assert answers[0] == answers[1]
    assert answers[0]["detail"][0]["loc"][-1] == "所在区划"


def test_reading_is_not_writing(people: People) -> None:
    auditor, mediator = people("auditor"), people("mediator")
    for person in (auditor, mediator):
        assert person.schema(COMMITTEES)["extra"]["can"] == []
        row = person.rows(COMMITTEES)[0]["编号"]
        opened = person.open(COMMITTEES, row)
        assert (opened["__can"], opened["__writable"], opened["__steps"]) == ([], [], [])
        assert person.save(COMMITTEES, row, {"电话": "1"}).status_code == 403
        assert person.open(COMMITTEES, row) == opened
        assert person.post(f"tables/{COMMITTEES}/", {}).status_code == 403
        assert person.delete(COMMITTEES, row).status_code == 403


def test_nothing_is_written_without_the_csrf_token(people: People) -> None:
    office = people("office")
    bare = Person(office.client, {"Cookie": office.headers["Cookie"]})
    assert bare.post(f"tables/{COMMITTEES}/", new_committee(office)).status_code == 403


@pytest.mark.parametrize("body", [[], "x", None, 1])
def test_a_body_that_is_no_form_is_refused(body: Any, people: People) -> None:
    assert people("office").post(f"tables/{COMMITTEES}/", body).status_code == 422


# --- the state --------------------------------------------------------------------------------------------------------


def filing(person: Person, state: str) -> str:
    """Some filing in a state."""
    found: str = person.rows(FILINGS, 环节=state)[0]["编号"]
    return found


def test_the_form_offers_the_steps_one_may_take_and_no_other(people: People) -> None:
    submitted = filing(people("office"), "SUBMITTED")
    steps = {step["value"]: step for step in people("office").open(FILINGS, submitted)["__steps"]}
    assert {"check", "return"} <= set(steps)
    assert steps["return"] == {"value": "return", "label": "退回补正（须写明理由）", "reason": True}
    assert "file" not in steps
    assert people("auditor").open(FILINGS, submitted)["__steps"] == []
    assert people("auditor").open(FILINGS, submitted)["__can"] == []


def test_choosing_a_step_takes_it(people: People) -> None:
    office, row = people("office"), filing(people("office"), "SUBMITTED")
    form = form_of(office, FILINGS, row)
    answer = office.save(FILINGS, row, form | {"环节": "check"})
    assert answer.status_code == 200, answer.text
    opened = people("district").open(FILINGS, row)
    assert (opened["环节"], opened["核验人"] is not None) == ("OFFICE_CHECKED", True)
    # The next state is as good as the name of the step.
    assert people("district").save(FILINGS, row, {"环节": "FILED"}).status_code == 200
    filed = people("district").open(FILINGS, row)
    assert filed["环节"] == "FILED"
    assert filed["备案编号"].startswith("320102-")


def test_a_step_that_is_not_offered_is_refused(people: People) -> None:
    office = people("office")
    row = filing(office, "FILED")
    office.open(FILINGS, row)
    for step in ("check", "SUBMITTED", "nonsense"):
        answer = office.save(FILINGS, row, {"环节": step})
        assert answer.status_code == 422
        assert answer.json()["detail"] == [{"loc": ["body", "环节"], "msg": "现在不能这样办理。"}]
    assert office.save(FILINGS, row, {"环节": "FILED"}).status_code == 200  # as it was


def test_a_step_that_wants_a_reason_asks_for_it_at_its_field(people: People) -> None:
    office = people("office")
    row = filing(office, "SUBMITTED")
    schema = office.schema(FILINGS)
    assert list(schema["properties"])[list(schema["properties"]).index("环节") + 1] == "办理理由"
    office.open(FILINGS, row)
    answer = office.save(FILINGS, row, {"环节": "return"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][-1] == "办理理由"
    assert office.save(FILINGS, row, {"环节": "return", "办理理由": "缺会议记录"}).status_code == 200
    opened = office.open(FILINGS, row)
    assert (opened["环节"], opened["退回或不予备案理由"]) == ("RETURNED", "缺会议记录")


def test_a_step_and_other_changes_do_not_go_together(people: People) -> None:
    """A change of state is a step of its own: what was typed beside it is not lost in silence."""
    maker, row, opened = an_open_filing(people)
    answer = maker.save(FILINGS, row, {"环节": opened["__steps"][0]["value"], "例外说明": "另有说明"})
    assert answer.json()["detail"] == [{"loc": ["body", "环节"], "msg": "请先保存其他修改，再办理。"}]


def an_open_filing(people: People) -> tuple[Person, str, dict[str, Any]]:
    """Somebody with a filing of theirs that they may both change and take a step with."""
    for login in ("office", "committee", "district"):
        for state in ("DRAFT", "RETURNED"):
            for listed in people(login).rows(FILINGS, 环节=state):
                opened = people(login).open(FILINGS, listed["编号"])
                if opened["__steps"] and "例外说明" in opened["__writable"]:
                    return people(login), listed["编号"], opened
    raise AssertionError("nobody in the demo has such a filing")


def test_own_pages_are_offered_to_those_who_have_a_use_for_them(people: People) -> None:
    common = ["权限矩阵", "权限查询", "我的账号"]
    assert list(people("district").get("links/").json()) == [
        "备案工作台",
        "新建调委会",
        "账号管理",
        "操作记录",
        "表格导入",
        *common,
    ]
    assert list(people("committee").get("links/").json()) == ["备案工作台", "表格导入", *common]
    assert list(people("province").get("links/").json()) == ["账号管理", "操作记录", "表格导入", *common]
