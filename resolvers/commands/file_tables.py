"""A file as somebody has it -> numbered rows of cells: text in UTF-8, UTF-16 or GBK, Excel, packed or not.

What a file is, its bytes say, never its name. What cannot be read is named by what it is.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import re
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

LARGEST = 400_000_000
"""Bytes of an unpacked file: the villages of the nation are 40 million."""
_NESTED = 3
_SURE = re.compile("[\t -~\u00b7\u2010-\u2027\u3000-\u303f\u3400-\u9fff\uff00-\uffef\U00020000-\U0003ffff]*")
"""What lists of regions are written in: ASCII, Chinese characters and punctuation."""

Rows = Iterator[tuple[int, list[str]]]


class Unreadable(Exception):
    """The file is no list: the lines at fault, and what it is."""

    def __init__(self, zh: str, en: str, *numbers: int) -> None:
        super().__init__(en)
        self.zh, self.en, self.numbers = zh, en, numbers or (1,)


def rows(file: Path) -> Rows:
    """The rows of a file that are not empty, with their numbers from 1 on. Raises Unreadable, also half way."""
    if file.stat().st_size > LARGEST:
        raise _too_large()
    yield from _rows(file.read_bytes(), 0)


def _rows(content: bytes, depth: int) -> Rows:
    for form in _FORMS:
        if form.matches(content):
            if form.unpack is None:
                raise Unreadable(f"这是{form.zh}，请另存为 CSV 或 .xlsx", f"this is {form.en}; save it as CSV or .xlsx")
            if depth == _NESTED:
                raise Unreadable("压缩了太多层", "it is packed too many times")
            yield from _rows(_unpacked(form, content), depth + 1)
            return
    yield from (_sheet(content) if content.startswith((_ZIP, _OLE)) else _text(content))


# --- what the bytes are -----------------------------------------------------------------------------------------------

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


class _Form(NamedTuple):
    """A kind of file: how it is told, what it is called, and how it is unpacked where it is."""

    zh: str
    en: str
    matches: Callable[[bytes], bool]
    unpack: Callable[[bytes], bytes] | None = None


def _begins(*signs: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(signs)


def _names(content: bytes) -> list[str]:
    """What a ZIP holds; nothing where it is none, or damaged."""
    try:
        return zipfile.ZipFile(io.BytesIO(content)).namelist() if content.startswith(_ZIP) else []
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return []


def _is_plain_zip(content: bytes) -> bool:
    return content.startswith(_ZIP) and not {"[Content_Types].xml", "mimetype"} & set(_names(content))


def _is_word(content: bytes) -> bool:
    return any(name.startswith(("word/", "ppt/")) for name in _names(content))


def _is_page(content: bytes) -> bool:
    return (
        content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<table", b"<?xml"))
    )


def _is_json(content: bytes) -> bool:
    return content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"["))


def _stream(opened: Callable[[io.BytesIO], io.BufferedIOBase | gzip.GzipFile]) -> Callable[[bytes], bytes]:
    def unpack(content: bytes) -> bytes:
        return opened(io.BytesIO(content)).read(LARGEST + 1)

    return unpack


def _only_member(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        members = [m for m in packed.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
        if len(members) != 1:
            raise Unreadable(f"压缩包里有 {len(members)} 个文件，应只有一个", f"the archive holds {len(members)} files")
        if members[0].flag_bits & 1:
            raise Unreadable("压缩包有密码，请解开后再导入", "the archive has a password")
        with packed.open(members[0]) as stream:
            return stream.read(LARGEST + 1)


_FORMS = (
    _Form(" xz 压缩文件", "an xz archive", _begins(b"\xfd7zXZ\0"), _stream(lzma.LZMAFile)),
    _Form(" gzip 压缩文件", "a gzip archive", _begins(b"\x1f\x8b"), _stream(lambda s: gzip.GzipFile(fileobj=s))),
    _Form(" bzip2 压缩文件", "a bzip2 archive", _begins(b"BZh"), _stream(bz2.BZ2File)),
    _Form(" Word 或 PowerPoint 文档", "a document of Word or PowerPoint", _is_word),
    _Form(" ZIP 压缩文件", "a ZIP archive", _is_plain_zip, _only_member),
    _Form(" RAR 压缩文件", "a RAR archive", _begins(b"Rar!")),
    _Form(" 7z 压缩文件", "a 7z archive", _begins(b"7z\xbc\xaf\x27\x1c")),
    _Form(" zstd 压缩文件", "a zstd archive", _begins(b"\x28\xb5\x2f\xfd")),
    _Form(" PDF 文档", "a PDF document", _begins(b"%PDF")),
    _Form("图片", "a picture", _begins(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM")),
    _Form(" SQLite 数据库", "an SQLite database", _begins(b"SQLite format 3\0")),
    _Form("网页或 XML", "a web page or XML", _is_page),
    _Form(" JSON", "JSON", _is_json),
)


def _unpacked(form: _Form, content: bytes) -> bytes:
    assert form.unpack is not None
    try:
        found = form.unpack(content)
    except (
        lzma.LZMAError,
        zlib.error,
        zipfile.BadZipFile,
        EOFError,
        OSError,
        ValueError,
        NotImplementedError,
    ) as wrong:
        raise Unreadable(f"这是{form.zh}，损坏或不完整", f"this is {form.en}, and it is damaged: {wrong}") from None
    if len(found) > LARGEST:
        raise _too_large()
    return found


def _too_large() -> Unreadable:
    return Unreadable(f"文件超过 {LARGEST // 1_000_000} MB", f"the file is larger than {LARGEST // 1_000_000} MB")


# --- Excel ------------------------------------------------------------------------------------------------------------


def _sheet(content: bytes) -> Rows:
    """The rows of the one sheet of a workbook that holds any."""
    # Imported where it is needed: nothing else reads workbooks.
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        full = [(name, sheet.to_python(skip_empty_area=False)) for name, sheet in sheets if sheet.total_height]
    except (CalamineError, OSError, ValueError) as wrong:
        zh = "这是 Excel 工作簿，但打不开：损坏、不完整或有密码；请另存为 CSV"
        raise Unreadable(zh, f"this is an Excel workbook that cannot be opened: {type(wrong).__name__}") from None
    if len(full) != 1:
        names = "、".join(name for name, _ in full)
        zh = f"这是 Excel 工作簿，有内容的工作表应只有一张，现在有 {len(full)} 张：{names[:60]}"
        raise Unreadable(zh, f"the workbook has {len(full)} sheets with something in them; leave one")
    for number, row in enumerate(full[0][1], 1):
        cells = [_cell(value) for value in row]
        if any(cells):
            yield number, cells


def _cell(value: object) -> str:
    """A cell as a person reads it: codes that are numbers to Excel have no decimals."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


# --- text -------------------------------------------------------------------------------------------------------------


def _text(content: bytes) -> Rows:
    text = _decoded(content)
    separator = _separator(text)
    if separator is None:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                yield number, line.split()
        return
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells
    except csv.Error as wrong:
        raise Unreadable("不是 CSV 格式", f"not CSV: {wrong}", reader.line_num + 1) from None


def _separator(text: str) -> str | None:
    """What parts the cells of the first lines; None for blanks."""
    head = text[:2000]
    return max((sign for sign in ",\t;，|" if sign in head), key=head.count, default=None)


def _decoded(content: bytes) -> str:
    """The text of the bytes where its encoding is sure; else bytes that are no UTF-8 as halves of surrogate pairs."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return _strictly(content, name)
    if b"\0" in content[:200]:  # no text in UTF-8 or GBK holds one; digits in UTF-16 do at every other place
        zeros = [content[start:200:2].count(0) for start in (0, 1)]
        if max(zeros) > 10 and min(zeros) == 0:
            return _strictly(content, "utf-16-be" if zeros[0] else "utf-16-le")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _chinese(content)


_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\0\0", "utf-32"), (b"\0\0\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)  # fmt: skip


def _strictly(content: bytes, name: str) -> str:
    if name == "utf-8-sig":
        return content.decode(name, "surrogateescape")  # told line by line
    try:
        return content.decode(name)
    except UnicodeDecodeError as wrong:
        line = content[: wrong.start].decode(name, "ignore").count("\n") + 1
        said = name[:6].upper()
        raise Unreadable(
            f"这是 {said} 编码的文本，从这一行起损坏或不完整", f"broken {said} from here on", line
        ) from None


def _chinese(content: bytes) -> str:
    """GBK where every line is, and none is UTF-8: a file put together from both is told, not guessed at."""
    lines = content.split(b"\n")
    unicode = [n for n, line in enumerate(lines, 1) if not line.isascii() and _reads(line, "utf-8")]
    others = [n for n, line in enumerate(lines, 1) if not _is_utf8(line)]
    if not all(_reads(lines[n - 1], "gb18030") for n in others):
        return content.decode("utf-8", "surrogateescape")
    if unicode:
        few = min(unicode, others, key=len)
        zh = "这一行的编码与其他行不同（UTF-8 与 GBK 混在一个文件里），或者被截断"
        raise Unreadable(zh, "this line is encoded unlike the others, or cut off", *few)
    return content.decode("gb18030")


def _is_utf8(line: bytes) -> bool:
    return "\ufffd" not in line.replace(b"\xef\xbf\xbd", b"").decode("utf-8", "replace")


def _reads(line: bytes, name: str) -> bool:
    """Whether a line makes sense in an encoding."""
    try:
        return _SURE.fullmatch(unicodedata.normalize("NFC", line.decode(name)).rstrip("\r")) is not None
    except UnicodeDecodeError:
        return False
