"""Files of regions and their mappings: what names tell, and what is refused before anything is written."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import Any

import pytest

from resolvers.commands.region_tree import kind, short_name
from resolvers.commands.regions import listed, read_source
from resolvers.faults import Refused
from tests.regions import FILE, written


@pytest.mark.parametrize(
    ("code", "name", "level", "nature"),
    [
        ("110100000000", "市辖区", 2, "VIRTUAL"),
        ("500200000000", "县", 2, "VIRTUAL"),
        ("429000000000", "省直辖县级行政区划", 2, "VIRTUAL"),
        ("659000000000", "自治区直辖县级行政区划", 2, "VIRTUAL"),
        ("320101000000", "市辖区", 3, "VIRTUAL"),
        ("110200000000", "县", 3, "VIRTUAL"),
        ("419001000000", "省直辖县级行政区划", 3, "VIRTUAL"),
        ("460400001000", "市辖区", 4, "VIRTUAL"),
        ("320102000000", "市辖区街道", 4, "STANDARD"),
        ("460202198000", "海棠区直辖村级区划", 4, "VIRTUAL"),
        ("320576400498", "某园区虚拟社区", 5, "VIRTUAL"),
        ("350429100398", "普洞组生产队镇直辖村民小组", 5, "STANDARD"),
        ("320576000000", "苏州工业园区", 3, "FUNCTIONAL_ZONE"),
        ("321171000000", "镇江新区", 3, "FUNCTIONAL_ZONE"),
        ("310115000000", "浦东新区", 3, "STANDARD"),
        ("441803000000", "清新区", 3, "STANDARD"),
        ("320102400000", "徐庄高新技术产业开发区", 4, "FUNCTIONAL_ZONE"),
        ("420116404000", "汉口北商贸物流枢纽区管委会", 4, "FUNCTIONAL_ZONE"),
        ("640121400000", "黄羊滩农场", 4, "STANDARD"),
        ("410571005000", "新城街道", 4, "STANDARD"),
    ],
)
def test_the_nature_of_a_region_is_told_by_its_name_and_digits(code: str, name: str, level: int, nature: str) -> None:
    assert kind(code, name, level).name == nature


@pytest.mark.parametrize(
    ("name", "level", "short"),
    [
        ("江苏省", 1, "江苏"),
        ("广西壮族自治区", 1, "广西"),
        ("内蒙古自治区", 1, "内蒙古"),
        ("南京市", 2, "南京"),
        ("黔西南布依族苗族自治州", 2, "黔西南"),
        ("巴音郭楞蒙古自治州", 2, "巴音郭楞"),
        ("锡林郭勒盟", 2, "锡林郭勒"),
        ("玄武区", 3, "玄武"),
        ("单县", 3, "单县"),
        ("城区", 3, "城区"),
        ("浦东新区", 3, "浦东"),
        ("清新区", 3, "清新"),
        ("鄂温克族自治旗", 3, "鄂温克"),
        ("龙胜各族自治县", 3, "龙胜"),
        ("瀍河回族区", 3, "瀍河"),
        ("梅园新村街道", 4, "梅园新村"),
        ("清平彝族乡", 4, "清平"),
        ("镇镇", 4, "镇镇"),
        ("大行宫社区居委会", 5, "大行宫"),
        ("李村村委会", 5, "李村"),
        ("东村委会", 5, "东村"),
    ],
)
def test_a_short_name_leaves_out_the_level_but_never_everything(name: str, level: int, short: str) -> None:
    assert short_name(name, level) == short


SOUND = [("320000000000", "江苏省", "1"), ("320100000000", "南京市", "2")]


@pytest.mark.parametrize(
    ("_case", "line", "said"),
    [
        ("too few columns", ("320102000000", "玄武区"), "第 4 行：有 2 列，应为 3 列"),
        ("a code cut off", ("3201020", "玄武区", "3"), "代码 “3201020” 不是 12、9、6、4 或 2 位数字"),
        ("what Excel made of a code", ("3.20102E+11", "玄武区", "3"), "科学计数法"),
        ("a garbled name", ("320102000000", "玄\ufffd区", "3"), "乱码"),
        ("digits of another script", ("３２０１０２００００００", "玄武区", "3"), "位数字"),
        ("an unknown level", ("320102000000", "玄武区", "6"), "级别 “6” 不是 1 至 5"),
        ("no name", ("320102000000", "", "3"), "没有名称"),
        ("a name of blanks", ("320102000000", "　", "3"), "没有名称"),
        ("an endless name", ("320102000000", "玄" * 101, "3"), "的名称有 101 字，最多 100 字"),
        ("NUL", ("320102000000", "玄\0武区", "3"), "控制字符"),
        ("a control character", ("320102000000", "玄\x1b[31m武区", "3"), "控制字符"),
        ("no province in the code", ("000102000000", "玄武区", "3"), "没有省份部分"),
        ("digits below the level", ("320102002000", "玄武区", "3"), "是第 3 级，第 7 位起应全为 0"),
        ("a code above the level", ("320300000000", "玄武区", "3"), "代码不到第 3 级"),
        ("two names for a code", ("320100000000", "北京市", "2"), "在第 3 行叫“南京市”，这里叫“北京市”"),
        ("no parent", ("330102000000", "上城区", "3"), "没有上级：文件里没有 330000000000 这个省"),
    ],
)
def test_a_faulty_line_is_refused_with_its_number_and_what_is_wrong(
    tmp_path: Path, _case: str, line: tuple[str, ...], said: str
) -> None:
    with pytest.raises(Refused) as refused:
        read_source(written(tmp_path, [*SOUND, line]))
    (fault,) = refused.value.faults
    assert said in fault.zh
    assert fault.path == ("file", "4")


def test_all_faulty_lines_are_told_at_once_and_a_terminal_sees_the_first(tmp_path: Path) -> None:
    wrong = [(f"x{i}", "玄武区", "3") for i in range(100)]
    with pytest.raises(Refused) as refused:
        read_source(written(tmp_path, [*SOUND, *wrong]))
    assert len(refused.value.faults) == 100
    shown = listed(refused.value)
    assert "100 处问题" in shown
    assert "另有 80 处" in shown
    assert shown.count("\n") == 21


@pytest.mark.parametrize(
    ("_case", "content", "said"),
    [
        ("headings only", "代码,名称,级别\n".encode(), "没有区划"),
        ("another header", "姓名,电话\n王小明,1\n".encode(), "表头应为 code,name,level"),
        ("nothing at all", b"", "表头应为"),
        ("no regions", b"code,name,level\n", "没有区划"),
        ("bytes of nothing", b"code,name,level\n320000000000,\xff\xfe\x81,1\n", "第 2 行：.*不是 UTF-8"),
        ("a broken quotation", b'code,name,level\n"320000000000,x,1\n' + b"y" * 200_000, "不是 CSV"),
    ],
)
def test_a_file_of_another_making_is_refused(tmp_path: Path, _case: str, content: bytes, said: str) -> None:
    file = tmp_path / "file.csv"
    file.write_bytes(content)
    with pytest.raises(Refused, match=said):
        read_source(file)


def test_an_archive_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "file.csv.xz"
    file.write_bytes(lzma.compress(FILE.read_bytes())[:-100])
    with pytest.raises(Refused, match="损坏或不完整"):
        read_source(file)


def test_an_archive_says_the_same_as_the_file_in_it(tmp_path: Path) -> None:
    file = tmp_path / "file.csv.xz"
    file.write_bytes(lzma.compress(FILE.read_bytes()))
    assert read_source(file).provinces == read_source(FILE).provinces


@pytest.mark.parametrize(
    ("_case", "mapping", "said"),
    [
        ("too few columns", [("320102000000",)], "对照表第 2 行：应为 old_code,new_code"),
        ("no code", [("320102000000", "x")], "代码 “x” 不是 12、9、6、4 或 2 位数字"),
        ("the old code is still there", [("320102000000", "320104000000")], "仍在区划文件中"),
        ("the new code is not", [("320199000000", "320198000000")], "新代码 320198000000 不在区划文件中"),
        ("another province", [("330199000000", "320104000000")], "不在本文件所含的省份"),
        ("onto itself", [("320102000000", "320102000000")], "要写明新的上级"),
        ("no such parent", [("320199000000", "320104000000", "320900000000")], "上级代码 320900000000 不在"),
        ("a parent below", [("320199000000", "320104000000", "320102002000")], "级别不高于"),
        ("twice", [("320199000000", "320104000000"), ("320199000000", "320102000000")], "只能有一个承继"),
    ],
)
def test_a_mapping_that_contradicts_the_file_is_refused(
    tmp_path: Path, _case: str, mapping: list[Any], said: str
) -> None:
    with pytest.raises(Refused, match=said):
        read_source(FILE, written(tmp_path, mapping, "old_code,new_code,parent_code", "mapping.csv"))
