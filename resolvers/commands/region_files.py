"""Files of official codes and of their changes -> lines; every faulty line is found, none is taken on trust."""

from __future__ import annotations

import csv
import hashlib
import io
import lzma
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TextIO

from resolvers.faults import Fault

REGIONS_HEADER = ["code", "name", "level"]
MAPPING_HEADERS = (["old_code", "new_code"], ["old_code", "new_code", "parent_code"])
NAME_LENGTH = 100
WIDTHS = (0, 2, 4, 6, 9, 12)
"""How many digits of a code are its own and its parents', by level."""
# Control characters, line separators, halves of surrogate pairs (what is left of bytes that are no UTF-8).
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_CODE = re.compile("[0-9]{12}")

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
    for number, cells in _lines(file, [REGIONS_HEADER], "file", faults):
        if wrong := _wrong_line(cells):
            faults.append(fault("file", number, *wrong))
        else:
            code, name, level = cells
            provinces.setdefault(code[:2], []).append(Line(number, code, name, int(level)))
        if number % 20_000 == 0:
            progress(number, 0, "读取")
    if not provinces and not faults:
        faults.append(fault("file", 1, "REQUIRED", "文件里没有区划", "there are no regions in the file"))
    return provinces, faults


def read_mapping(file: Path) -> tuple[list[Change], list[Fault]]:
    """The sound lines of a mapping file, and what is wrong with the others."""
    changes: list[Change] = []
    faults: list[Fault] = []
    for number, cells in _lines(file, MAPPING_HEADERS, "mapping", faults):
        old, new, parent = (*cells, "", "")[:3]
        wrong = [cell for cell in cells if cell and not _CODE.fullmatch(cell)]
        if len(cells) not in (2, 3) or not old or not new:
            zh = "应为 old_code,new_code 或 old_code,new_code,parent_code"
            faults.append(fault("mapping", number, "PATTERN", zh, "expected old_code,new_code[,parent_code]"))
        elif wrong:
            zh = f"代码 {_quoted(wrong[0])} 不是 12 位数字"
            faults.append(fault("mapping", number, "PATTERN", zh, f"{wrong[0]!r} is not twelve digits"))
        else:
            changes.append(Change(number, old, new, parent or None))
    return changes, faults


def fault(file: str, number: int, code: str, zh: str, en: str) -> Fault:
    """What is wrong with one line of the file or of the mapping."""
    where = "第" if file == "file" else "对照表第"
    return Fault((file, str(number)), code, f"{where} {number} 行：{zh}", f"line {number} of the {file}: {en}")


def _wrong_line(cells: list[str]) -> tuple[str, str, str] | None:
    """Fault code, Chinese and English of what is wrong with a line by itself."""
    if len(cells) != 3:
        return "PATTERN", f"有 {len(cells)} 列，应为 3 列", f"{len(cells)} columns instead of 3"
    code, name, level = cells
    if not _CODE.fullmatch(code):
        return "PATTERN", f"代码 {_quoted(code)} 不是 12 位数字", f"code {code!r} is not twelve digits"
    if level not in ("1", "2", "3", "4", "5"):
        return "RANGE", f"级别 {_quoted(level)} 不是 1 至 5", f"level {level!r} is not 1 to 5"
    if not name.strip():
        return "REQUIRED", f"{code} 没有名称", f"{code} has no name"
    if len(name) > NAME_LENGTH:
        return "TOO_LONG", f"{code} 的名称有 {len(name)} 字，最多 {NAME_LENGTH} 字", f"the name of {code} is too long"
    if _UNPRINTABLE.search(name) or name != name.strip():
        zh = f"{code} 的名称含控制字符、首尾空格或不是 UTF-8 编码"
        return "PATTERN", zh, f"the name of {code} has control characters, spaces around it or is not UTF-8"
    if code[:2] == "00":
        return "RANGE", f"代码 {code} 没有省份部分，全国由系统建立", f"code {code} names no province"
    if code[WIDTHS[int(level)] :].strip("0"):
        zh = f"{code} 是第 {level} 级，第 {WIDTHS[int(level)] + 1} 位起应全为 0"
        return "PATTERN", zh, f"{code} has digits below its level {level}"
    return None


def _lines(file: Path, headers: Sequence[list[str]], kind: str, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """The numbered lines below the header; a file that cannot be read or has another header is a fault."""
    number = 0
    try:
        with _opened(file) as stream:
            reader = csv.reader(stream)
            header = next(reader, [])
            if header not in headers:
                zh = f"表头应为 {'，或 '.join(','.join(h) for h in headers)}，现在是 {_quoted(','.join(header))}"
                faults.append(fault(kind, 1, "PATTERN", zh, f"the header is not {','.join(headers[-1])}"))
                return
            for cells in reader:
                number = reader.line_num
                if cells:
                    yield number, cells
    except (lzma.LZMAError, EOFError) as problem:
        faults.append(fault(kind, number + 1, "PATTERN", "压缩文件损坏或不完整", f"the archive is damaged: {problem}"))
    except csv.Error as problem:
        faults.append(fault(kind, number + 1, "PATTERN", "不是 CSV 格式", f"not CSV: {problem}"))


def _opened(file: Path) -> TextIO:
    # Wrong bytes become halves of surrogate pairs, so that they are reported by line like everything else.
    packed = lzma.LZMAFile(file) if file.suffix == ".xz" else file.open("rb")  # noqa: SIM115  the wrapper closes it
    return io.TextIOWrapper(packed, encoding="utf-8-sig", errors="surrogateescape", newline="")


def _quoted(text: str) -> str:
    """A piece of the file as it may be shown: short, and without what a terminal would obey."""
    shown = _UNPRINTABLE.sub("�", text)
    return f"“{shown[:30]}{'…' if len(shown) > 30 else ''}”"
