"""Files of official codes and of their changes -> lines; every faulty line is found, none is taken on trust."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from db.texts import clean
from resolvers.commands.file_tables import Unreadable, rows
from resolvers.faults import Fault

NAME_LENGTH = 100
WIDTHS = (0, 2, 4, 6, 9, 12)
"""How many digits of a code are its own and its parents', by level."""
# Control characters, line separators, halves of surrogate pairs (what is left of bytes that are no UTF-8), and what
# another program wrote for characters that it could not read.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd-\uffff]")
_CODE = re.compile("[0-9]{12}|[0-9]{9}|[0-9]{6}|[0-9]{4}|[0-9]{2}")
_LENGTHS_ZH = "12、9、6、4 或 2"
_LEVELS = {
    "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "省级": 1, "地级": 2, "县级": 3, "乡级": 4, "乡镇级": 4, "村级": 5,
}  # fmt: skip

Progress = Callable[[int, int, str], None]
"""Hears (done, total, stage); a total of 0 is not known yet."""


class Line(NamedTuple):
    """One line of a file of regions."""

    number: int
    code: str
    name: str
    level: int


class Change(NamedTuple):
    """One line of a mapping file: what became of a code, and the parent where the file states one."""

    number: int
    old: str
    new: str
    parent: str | None


def digest(file: Path) -> str:
    """The SHA-256 of the file as it lies on the disk."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_regions(file: Path, progress: Progress) -> tuple[dict[str, list[Line]], list[Fault]]:
    """The sound lines of a file, by province (the first two digits), and what is wrong with the others."""
    provinces: dict[str, list[Line]] = {}
    faults: list[Fault] = []
    for number, cells in _cells(file, REGIONS, "file", faults):
        line = _line(number, *cells)
        if isinstance(line, Line):
            provinces.setdefault(line.code[:2], []).append(line)
        else:
            faults.append(fault("file", number, *line))
        if number % 20_000 == 0:
            progress(number, 0, "读取")
    if not provinces and not faults:
        faults.append(fault("file", 1, "REQUIRED", "文件里没有区划", "there are no regions in the file"))
    return provinces, faults


def read_mapping(file: Path) -> tuple[list[Change], list[Fault]]:
    """The sound lines of a mapping file, and what is wrong with the others."""
    changes: list[Change] = []
    faults: list[Fault] = []
    for number, (old, new, parent) in _cells(file, MAPPING, "mapping", faults):
        codes = [full_code(cell or "") for cell in (old, new, parent)]
        wrong = [cell for cell, code in zip((old, new, parent), codes, strict=True) if cell and code is None]
        if not old or not new:
            zh = "应为 old_code,new_code 或 old_code,new_code,parent_code"
            faults.append(fault("mapping", number, "PATTERN", zh, "expected old_code,new_code[,parent_code]"))
        elif wrong:
            zh = f"代码 {_quoted(wrong[0])} 不是 {_LENGTHS_ZH} 位数字"
            faults.append(fault("mapping", number, "PATTERN", zh, f"{wrong[0]!r} is not twelve digits"))
        else:
            changes.append(Change(number, codes[0] or "", codes[1] or "", codes[2]))
    return changes, faults


def fault(file: str, number: int, code: str, zh: str, en: str) -> Fault:
    """What is wrong with one line of the file or of the mapping."""
    where = "第" if file == "file" else "对照表第"
    return Fault((file, str(number)), code, f"{where} {number} 行：{zh}", f"line {number} of the {file}: {en}")


def full_code(text: str) -> str | None:
    """The twelve digits of a code that may be written without its zeros (``3201``, ``320102``); None for no code."""
    return text.ljust(12, "0") if _CODE.fullmatch(text) else None


def level_of(code: str) -> int:
    """The level that the digits of a full code tell where the file does not."""
    return next(level for level in range(5, 0, -1) if level == 1 or code[WIDTHS[level - 1] : WIDTHS[level]].strip("0"))


def _line(number: int, short: str, name: str, said: str | None) -> Line | tuple[str, str, str]:
    """A line of the file, or fault code, Chinese and English of what is wrong with it by itself."""
    code = full_code(short)
    if code is None:
        zh = f"代码 {_quoted(short)} 不是 {_LENGTHS_ZH} 位数字"
        if re.fullmatch(r"[0-9.]+[eE]\+[0-9]+", short):
            zh = f"代码 {_quoted(short)} 被电子表格改成了科学计数法，请把这一列设为文本后重新填写"
        return "PATTERN", zh, f"code {short!r} is not twelve digits"
    level = level_of(code) if said is None else _LEVELS.get(said)
    if level is None:
        return "RANGE", f"级别 {_quoted(said or '')} 不是 1 至 5", f"level {said!r} is not 1 to 5"
    if not name:
        return "REQUIRED", f"{code} 没有名称", f"{code} has no name"
    if len(name) > NAME_LENGTH:
        return "TOO_LONG", f"{code} 的名称有 {len(name)} 字，最多 {NAME_LENGTH} 字", f"the name of {code} is too long"
    if _UNPRINTABLE.search(name):
        zh = f"{code} 的名称含控制字符、乱码或不是 UTF-8 编码"
        return "PATTERN", zh, f"the name of {code} has control characters, was garbled or is not UTF-8"
    if code[:2] == "00":
        return "RANGE", f"代码 {code} 没有省份部分，全国由系统建立", f"code {code} names no province"
    if code[WIDTHS[level] :].strip("0"):
        zh = f"{code} 是第 {level} 级，第 {WIDTHS[level] + 1} 位起应全为 0"
        return "PATTERN", zh, f"{code} has digits below its level {level}"
    return Line(number, code, name, level)


# --- columns ----------------------------------------------------------------------------------------------------------


def _cells(file: Path, kind: _Columns, which: str, faults: list[Fault]) -> Iterator[tuple[int, list[Any]]]:
    """The lines below the headings, each with the cells that count; None is a column that the file has not."""
    columns: list[int | None] | None = None
    width = 0
    try:
        for seen, (number, raw) in enumerate(rows(file)):
            cells = [clean(cell).strip() for cell in raw]
            if columns is None:
                columns, width = _headed(cells, kind), len(cells)
                if columns is None and seen < _TITLES and not any(map(_CODE.fullmatch, cells)):
                    continue  # a title above the headings
                if columns is not None:
                    continue
                columns = kind.unheaded(cells)
                if columns is None:
                    break
            least = 1 + max(c for c in columns if c is not None) if kind.whole else 0
            if len(cells) < least or any(cells[width:]):
                zh = f"有 {len(cells)} 列，应为 {width} 列"
                faults.append(fault(which, number, "PATTERN", zh, f"{len(cells)} columns instead of {width}"))
            else:
                yield number, [None if c is None else cells[c] if c < len(cells) else "" for c in columns]
        if columns is None:
            en = f"no headings such as {kind.example} and no lines of them"
            faults.append(fault(which, 1, "PATTERN", f"表头应为 {kind.example}，或者没有表头、每行一个代码和名称", en))
    except Unreadable as wrong:
        faults += [fault(which, number, "PATTERN", wrong.zh, wrong.en) for number in wrong.numbers]


def _headed(cells: list[str], kind: _Columns) -> list[int | None] | None:
    """Where the columns stand by their headings; None where these are no headings."""
    words = [re.sub(r"[\s_（(].*[）)]|[\s_]", "", cell.lower()) for cell in cells]
    found = [next((n for n, word in enumerate(words) if word in names), None) for names in kind.headings]
    return found if all(found[n] is not None for n in range(kind.needed)) else None


def _plain_region(cells: list[str]) -> list[int | None] | None:
    """Code, name and level by what stands in the first line, where only one cell can be each."""
    codes = [n for n, cell in enumerate(cells) if _CODE.fullmatch(cell)]
    levels = [n for n, cell in enumerate(cells) if cell in _LEVELS]
    names = [n for n, cell in enumerate(cells) if n not in levels and re.search("[\u3400-\u9fff]", cell)]
    if len(codes) != 1 or len(names) != 1 or len(levels) > 1:
        return None
    return [codes[0], names[0], levels[0] if levels else None]


def _plain_mapping(cells: list[str]) -> list[int | None] | None:
    """Old code, new code and perhaps the parent's, in this order."""
    if len(cells) not in (2, 3) or not all(map(_CODE.fullmatch, filter(None, cells))):
        return None
    return [0, 1, 2 if len(cells) == 3 else None]


class _Columns(NamedTuple):
    """The columns of a kind of file: what they may be called, how many it must have, and how they are told without."""

    example: str
    headings: tuple[frozenset[str], ...]
    needed: int
    whole: bool
    """Whether a line must have all columns that the file has."""
    unheaded: Callable[[list[str]], list[int | None] | None]


_TITLES = 5
REGIONS = _Columns(
    "code,name,level",
    (
        frozenset(
            {
                "code", "regioncode", "areacode", "adcode", "代码", "区划代码", "行政区划代码", "统计用区划代码",
                "地区代码", "编码", "区划编码", "行政代码",
            }
        ),
        frozenset(
            {
                "name", "regionname", "areaname", "名称", "区划名称", "行政区划名称", "单位名称", "地区名称", "地名",
            }
        ),
        frozenset({"level", "rank", "级别", "层级", "等级", "行政级别"}),
    ), 2, True, _plain_region,
)  # fmt: skip
MAPPING = _Columns(
    "old_code,new_code 或 old_code,new_code,parent_code",
    (
        frozenset({"oldcode", "旧代码", "原代码", "原区划代码", "变更前代码"}),
        frozenset({"newcode", "新代码", "现代码", "新区划代码", "变更后代码"}),
        frozenset({"parentcode", "上级代码", "上级区划代码"}),
    ), 2, False, _plain_mapping,
)  # fmt: skip


def _quoted(text: str) -> str:
    """A piece of the file as it may be shown: short, and without what a terminal would obey."""
    shown = _UNPRINTABLE.sub("�", text)
    return f"“{shown[:30]}{'…' if len(shown) > 30 else ''}”"
