"""Excel in: a template filled in and sent back makes rows, and what is wrong is told by row and column before."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineWorkbook

from tests.admin.person import Person

People = Callable[[str], Person]
Told = tuple[dict[str, Any], list[tuple[int, str, str]]]


def template(person: Person, entity: str) -> list[str]:
    """The heads of an entity's template."""
    answer = person.client.get(f"/admin/api/sheets/{entity}.xlsx", headers=person.headers)
    assert answer.status_code == 200
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    return [str(cell) for cell in book.get_sheet_by_index(0).to_python()[0]]


def filled(heads: list[str], rows: list[dict[str, Any]]) -> bytes:
    """A workbook with these heads and rows, by head without its star."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, heads)
        for number, row in enumerate(rows, 1):
            for i, head in enumerate(heads):
                if (value := row.get(head.rstrip("*"))) is not None:
                    sheet.write(number, i, value)
    return stream.getvalue()


def sent(person: Person, entity: str, content: bytes, write: bool = False) -> Told:
    """The last line of the answer, and every fault: (row, head, code)."""
    path = f"/admin/api/sheets/{entity}/" + "?write=1" * write
    answer = person.client.post(path, content=content, headers=person.headers)
    assert answer.status_code == 200, answer.text
    lines = [orjson.loads(line) for line in answer.content.splitlines()]
    print(lines)
    return lines[-1], [(w["row"], w["head"], w["code"]) for line in lines for w in line["wrong"]]


def host(number: int, **more: Any) -> dict[str, Any]:
    """A row of a sheet of host units, as somebody fills it in."""
    named = {"名称": f"枫桥导入厂{number}", "类别": "企业", "所在区划": "320102002000", "行业门类": "制造业"}
    return {**named, "职工人数": 40 + number, "人数统计日期": "2026/5/3", "已建工会": "是", **more}


def test_a_template_filled_in_makes_its_rows_and_twice_no_more(people: People) -> None:
    """Chinese terms, numbers that Excel made of codes, days as people write them; the second time nothing is new."""
    district = people("district")
    heads = template(district, "HostUnit")
    assert "名称*" in heads
    assert "类别*" in heads
    content = filled(heads, [host(1), host(2, 所在区划=320102002000)])
    judged, wrong = sent(district, "HostUnit", content)
    assert (judged["total"], judged["done"], judged["written"], wrong) == (2, 2, 2, [])
    written, wrong = sent(district, "HostUnit", content, write=True)
    assert (written["written"], wrong) == (2, [])
    assert sent(district, "HostUnit", content, write=True)[0]["written"] == 2  # the same answer, told again
    asked = {"query": '{ hostUnits(where: {name: {startsWith: "枫桥导入厂"}}) { totalCount } }'}
    found = district.client.post("/graphql", json=asked, headers=district.headers).json()
    assert found["data"]["hostUnits"]["totalCount"] == 2


def test_every_fault_is_told_by_row_and_column_and_the_rest_can_be_written(people: People) -> None:
    district = people("district")
    heads = template(district, "HostUnit")
    rows = [
        host(10),
        host(11, 类别="工厂"),
        host(12, 所在区划="999999000000", 职工人数=-1),
        host(13, 类别=None, 所在区划=None, 人数统计日期="今年"),
    ]
    judged, wrong = sent(district, "HostUnit", filled(heads, rows))
    assert judged["written"] == 1
    assert set(wrong) == {
        (3, "类别", "PATTERN"), (4, "所在区划", "NOT_FOUND"), (4, "职工人数", "RANGE"), (5, "类别", "REQUIRED"),
        (5, "所在区划", "REQUIRED"), (5, "人数统计日期", "PATTERN"),
    }  # fmt: skip
    written, again = sent(district, "HostUnit", filled(heads, rows), write=True)
    assert (written["written"], again) == (1, wrong)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "没有内容"), (b"\x89PNG\r\n\x1a\n....", "行"), ("名称,颜色\n甲,红\n".encode(), "不认识的列：颜色"),
        ("名称,名称\n甲,乙\n".encode(), "重复的列：名称"), ("职工人数\n3\n".encode(), "缺少的列："),
    ],
)  # fmt: skip
def test_a_file_that_is_no_sheet_is_named_by_what_is_wrong(people: People, content: bytes, said: str) -> None:
    answer = people("district").client.post(
        "/admin/api/sheets/HostUnit/", content=content, headers=people("district").headers
    )
    assert answer.status_code == 422
    assert said in answer.text


def test_who_may_not_create_gets_no_template_and_brings_nothing_in(people: People) -> None:
    for login in ("auditor", "court"):
        person = people(login)
        assert person.client.get("/admin/api/sheets/HostUnit.xlsx", headers=person.headers).status_code == 404
        answer = person.client.post("/admin/api/sheets/HostUnit/", content=b"x", headers=person.headers)
        assert answer.status_code == 404


def test_a_sheet_may_be_larger_than_any_other_request(people: People) -> None:
    """2,000 rows of text beyond a megabyte; every row is looked at."""
    district = people("district")
    heads = template(district, "HostUnit")
    text = ",".join(head.rstrip("*") for head in heads)
    line = ",".join("x" * 60 for _ in heads)
    judged, wrong = sent(district, "HostUnit", "\n".join([text, *[line] * 2_000]).encode())
    assert (judged["total"], judged["done"], judged["written"]) == (2_000, 2_000, 0)
    assert len({row for row, _, _ in wrong}) == 2_000
