"""Lines of official codes -> the tree they mean (D7). Pure; the only place that cuts codes.

One code that stands at several levels (Dongguan: a city without districts) is one region, at its highest level. The
parent is the nearest region above by the digits of the code, so levels may be skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from db.models.people.ethnicity import Ethnicity
from db.models.places.region import RegionKind, RegionLevel
from resolvers.commands.region_files import WIDTHS, Line, fault
from resolvers.faults import Fault

LEVELS = (
    RegionLevel.NATION, RegionLevel.PROVINCE, RegionLevel.CITY, RegionLevel.DISTRICT, RegionLevel.STREET,
    RegionLevel.VILLAGE,
)  # fmt: skip
NATION = "000000000000"


class Node(NamedTuple):
    """A region as the file means it."""

    code: str
    name: str
    level: int
    parent: str


def derive(lines: Iterable[Line], stated: Mapping[str, str]) -> tuple[list[Node], list[Fault]]:
    """The regions of one province, each after its parent, and the lines that make no sense.

    `stated` names the parents that a mapping file gives by code; they win over the digits.
    """
    tops: dict[str, Line] = {}
    faults: list[Fault] = []
    for line in lines:
        top = tops.setdefault(line.code, line)
        if top.name != line.name:
            zh = f"代码 {line.code} 在第 {top.number} 行叫“{top.name}”，这里叫“{line.name}”"
            faults.append(fault("file", line.number, "NOT_UNIQUE", zh, f"{line.code} has two names"))
        elif line.level < top.level:
            tops[line.code] = line
    nodes = []
    for line in sorted(tops.values(), key=lambda top: (top.level, top.code)):
        parent = stated.get(line.code) or _above(line, tops)
        if not line.code[WIDTHS[line.level - 1] : WIDTHS[line.level]].strip("0"):
            zh = f"{line.code} 的代码不到第 {line.level} 级，上一级又没有这个代码"
            faults.append(fault("file", line.number, "PATTERN", zh, f"{line.code} stands above level {line.level}"))
        elif parent is None:
            zh = f"{line.code} {line.name}没有上级：文件里没有 {line.code[:2]}0000000000 这个省"
            faults.append(fault("file", line.number, "NOT_FOUND", zh, f"{line.code} has no parent in the file"))
        else:
            nodes.append(Node(line.code, line.name, line.level, parent))
    return nodes, faults


def _above(line: Line, tops: Mapping[str, Line]) -> str | None:
    """The code of the nearest region above by digits; the nation above a province."""
    for level in range(line.level - 1, 0, -1):
        found = tops.get(line.code[: WIDTHS[level]].ljust(12, "0"))
        if found is not None and found.level < line.level:
            return found.code
    return NATION if line.level == 1 else None


def segment(code: str, level: int, parent: str, parent_level: int) -> str:
    """What a region adds to its parent's path: its own digits, or ``c`` and the code where it left that parent's."""
    start = WIDTHS[parent_level]
    return code[start : WIDTHS[level]] if code.startswith(parent[:start]) else f"c{code}"


# --- what the names tell ----------------------------------------------------------------------------------------------

# Lists put such lines above counties (110100000000) and, of cities with districts, among them (320101000000).
_HEADING = re.compile("市辖区|县|市辖县|(?:省|自治区|市)直辖(?:县级|镇级|乡级)?行政区划|(?:省|自治区)直辖县级行政单位")
# "Zone" is also the end of many ordinary names (下花园区, 清新区), so the name counts only where the digits agree.
_ZONE = re.compile(
    "(?:(?:开发|管理|示范|试验|实验|保税|保税港|高新|经开|经济|度假|渡假|合作|集聚|聚集|集中|工业|加工|产业|贸易|商务|风景|名胜|大景"
    "|旅游|保护)区|园区?|新区|新城|管理委员会|管委会)$"
)


def kind(code: str, name: str, level: int) -> RegionKind:
    """Whether a region is one by law, a development zone or alike, or a heading of the statisticians only."""
    if _HEADING.fullmatch(name) or (level == 4 and name.endswith("直辖村级区划")):
        return RegionKind.VIRTUAL
    if level == 5 and "虚拟" in name:
        return RegionKind.VIRTUAL
    # Districts 71 to 79 are zones by the rules of the statistical code; streets 400 to 599 are no streets or towns.
    if level == 3 and code[4] == "7":
        return RegionKind.FUNCTIONAL_ZONE
    if level == 4 and code[6] in "45" and _ZONE.search(name):
        return RegionKind.FUNCTIONAL_ZONE
    return RegionKind.STANDARD


_MEMBERS = Ethnicity
_PEOPLES = sorted((m.zh for m in _MEMBERS if m.zh.endswith("族")), key=len, reverse=True)
_PEOPLE = "|".join([*_PEOPLES, "各族", "民族"])
# 延边朝鲜族自治州, but 巴音郭楞蒙古自治州. Of one syllable (白族, 水族) the 族 must be there, or every 白 would go.
_RULING = "|".join([_PEOPLE, *(name[:-1] for name in _PEOPLES if len(name) > 2)])
_SUFFIXES = {
    1: f"省|市|特别行政区|(?:{_RULING})*自治区",
    2: f"市|地区|盟|(?:{_RULING})*自治州",
    3: f"(?:{_RULING})*自治[县旗]|族自治[县旗]|县|(?:{_PEOPLE})*区|新区|林区|特区|市|旗",
    4: f"街道办事处|街道|办事处|镇|(?:{_PEOPLE})*乡|(?:{_PEOPLE})*苏木|地区",
    5: "社区居民委员会|社区居委会|社区委员会|居民委员会|居委会|村民委员会|村委会|村委员会|嘎查委员会|嘎查村委会"
    "|牧民委员会|民委会|牧委会|渔委会|家委会|嘎查|委员会|委会|社区|村",
}
# The shortest beginning of two characters or more, so the longest suffix that leaves a name: 东村委会 is 东村.
_SHORT = {level: re.compile(f"(.{{2,}}?)(?:{suffixes})") for level, suffixes in _SUFFIXES.items()}


def short_name(name: str, level: int, nature: RegionKind = RegionKind.STANDARD) -> str:
    """The name without what says its level; the whole name of a zone, and where too little would be left."""
    found = _SHORT[level].fullmatch(name) if nature is RegionKind.STANDARD else None
    return found[1] if found else name
