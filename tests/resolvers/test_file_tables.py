"""Lists of regions as people have them: what is read, and what a file that cannot be read is called."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from resolvers.commands.regions import read_source
from resolvers.faults import Refused
from tests.regions import FILE, lines

HEAD = "code,name,level\n"
TOWN = [
    ("320000000000", "江苏省", "1"), ("320100000000", "南京市", "2"), ("320101000000", "市辖区", "3"),
    ("320102000000", "玄武区", "3"), ("320102002000", "梅园新村街道", "4"), ("320102002001", "大行宫社区居委会", "5"),
]  # fmt: skip
TEXT = HEAD + "".join(",".join(line) + "\n" for line in TOWN)
NODES = [(code, name, int(level)) for code, name, level in TOWN]


def text(rows: Sequence[tuple[str, ...]], separator: str = ",") -> str:
    return "".join(separator.join(row) + "\r\n" for row in rows)


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


def workbook(*sheets: Sequence[tuple[str | int, ...]]) -> bytes:
    """A workbook as Excel writes it: numbers as numbers, text as text."""

    def cell(at: int, row: int, value: str | int) -> str:
        where = f'r="{"ABCDE"[at]}{row}"'
        return f'<c {where}><v>{value}</v></c>' if isinstance(value, int) else (
            f'<c {where} t="inlineStr"><is><t>{value}</t></is></c>' if value else ""
        )  # fmt: skip

    main, office = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    n = range(1, len(sheets) + 1)
    kinds = "application/vnd.openxmlformats-"
    sheet_list = "".join(f'<sheet name="表{i}" sheetId="{i}" r:id="r{i}"/>' for i in n)
    links = "".join(f'<Relationship Id="r{i}" Type="{office}/worksheet" Target="worksheets/sheet{i}.xml"/>' for i in n)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        f'<Default Extension="rels" ContentType="{kinds}package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{kinds}officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{sheet_list}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for i, rows in enumerate(sheets, 1):
        body = "".join(
            f'<row r="{r}">{"".join(cell(at, r, v) for at, v in enumerate(row))}</row>' for r, row in enumerate(rows, 1)
        )
        parts[f"xl/worksheets/sheet{i}.xml"] = f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData></worksheet>'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return made.getvalue()


NUMBERS = [(int(code), name, int(level)) for code, name, level in TOWN]
TITLED = [("2024年行政区划代码", "", ""), ("", "", ""), ("行政区划代码", "单位名称", "级别"), *TOWN]
SOUND: list[tuple[str, bytes]] = [
    ("as it ships", TEXT.encode()),
    ("with a BOM", TEXT.encode("utf-8-sig")),
    ("GBK", TEXT.encode("gbk")),
    ("UTF-16 as Excel saves Unicode text", text([("code", "name", "level"), *TOWN], "\t").encode("utf-16")),
    ("UTF-16, big end first", b"\xfe\xff" + TEXT.encode("utf-16-be")),
    ("UTF-16 without a mark", TEXT.encode("utf-16-le")),
    ("no headings", text(TOWN).encode()),
    ("no headings, another order", text([(name, code, level) for code, name, level in TOWN]).encode("gbk")),
    ("no level", text([("代码", "名称"), *((code, name) for code, name, _ in TOWN)]).encode()),
    ("no headings, no level", text([(code, name) for code, name, _ in TOWN]).encode()),
    ("blanks between", text([(code, name) for code, name, _ in TOWN], "  ").encode()),
    ("the order of the headings", text([("level", "name", "code"), *((b, n, c) for c, n, b in TOWN)]).encode()),
    ("columns that do not count", text([("统计用区划代码", "城乡分类代码", "名称"), *((c, "111", n) for c, n,
    _ in TOWN)]).encode()),
    ("digits as far as they go", text([(c[: (2, 4, 6, 9, 12)[int(b) - 1]], n) for c, n, b in TOWN]).encode()),
    ("what nobody sees", text([(f"\ufeff{c}", f" {n}\u200b\u3000", b) for c, n, b in TOWN]).encode()),
    ("semicolons", text([("code", "name", "level"), *TOWN], ";").encode()),
    ("words for levels", text([(c, n, ("省级", "地级", "县级", "乡级", "村级")[int(b) - 1]) for c, n,
    b in TOWN]).encode()),
    ("blank lines", TEXT.replace("\n", "\n\n").encode()),
    ("xz", lzma.compress(TEXT.encode())),
    ("gzip of GBK", gzip.compress(TEXT.encode("gbk"))),
    ("bzip2", bz2.compress(TEXT.encode())),
    ("zip", zipped(list_csv=TEXT.encode())),
    ("zip of zip", zipped(a_zip=zipped(list_csv=TEXT.encode()))),
    ("Excel", workbook([("code", "name", "level"), *TOWN])),
    ("Excel, codes as numbers", workbook([("code", "name", "level"), *NUMBERS])),
    ("Excel, a title above", workbook(TITLED, [])),
    ("Excel, no headings", workbook(list(NUMBERS))),
    ("Excel in a zip", zipped(list_xlsx=workbook([("code", "name", "level"), *TOWN]))),
]  # fmt: skip


def given(folder: Path, content: bytes) -> Path:
    """The bytes under a name that tells nothing."""
    file = folder / "list.dat"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("content", [c for _, c in SOUND], ids=[name for name, _ in SOUND])
def test_a_list_is_read_however_it_was_saved(tmp_path: Path, content: bytes) -> None:
    (nodes,) = read_source(given(tmp_path, content)).provinces.values()
    assert [(node.code, node.name, node.level) for node in nodes] == NODES


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_an_encoding_changes_nothing_of_a_long_list(tmp_path: Path, encoding: str) -> None:
    content = (HEAD + text(lines())).encode(encoding)
    assert read_source(given(tmp_path, content)).provinces == read_source(FILE).provinces


WRONG: list[tuple[str, bytes, str]] = [
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(40), "第 1 行：这是图片"),
    ("PDF", b"%PDF-1.7\n", "这是 PDF 文档"),
    ("Word", zipped(word__document_xml=b"<w/>"), "这是 Word 或 PowerPoint 文档"),
    ("a web page", b"<!DOCTYPE html><table><tr><td>320000</td></tr></table>", "这是网页或 XML"),
    ("JSON", b'[{"code": "320000"}]', "这是 JSON"),
    ("RAR", b"Rar!\x1a\x07\x01\0", "这是 RAR 压缩文件"),
    ("SQLite", b"SQLite format 3\0" + bytes(80), "这是 SQLite 数据库"),
    ("two files in a zip", zipped(a_csv=b"1", b_csv=b"2"), "压缩包里有 2 个文件"),
    ("Excel, damaged", workbook([("code", "name", "level"), *TOWN])[:-400], "损坏或不完整|打不开"),
    ("Excel of long ago, damaged", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "这是 Excel 工作簿，但打不开"),
    ("two sheets", workbook([("code", "name"), *TOWN], [("备注", ""), ("见附件", "")]),
    "工作表应只有一张，现在有 2 张：表1、表2"),
    ("xz, cut off", lzma.compress(TEXT.encode())[:-20], "这是 xz 压缩文件，损坏或不完整"),
    ("gzip, cut off", gzip.compress(TEXT.encode())[:-20], "这是 gzip 压缩文件，损坏或不完整"),
    ("UTF-16, cut off", TEXT.encode("utf-16")[:-1], "UTF-16 编码的文本"),
    ("UTF-8, cut off in a character", TEXT.encode()[:-10], "第 7 行"),
    ("cut off in a line", TEXT.encode()[:-8].rsplit(b",", 1)[0] + b"\n", "第 7 行：有 1 列，应为 3 列"),
    ("GBK among UTF-8", TEXT.encode() + "320102003000,新街口街道,4\n".encode("gbk"),
    "第 8 行：这一行的编码与其他行不同"),
    ("UTF-8 among GBK", TEXT.encode("gbk") + "320102003000,玄武街道,4\n".encode(), "第 8 行：这一行的编码与其他行不同"),
    ("an open quotation", (TEXT + '"320102003000,玄武').encode(), "不是 CSV"),
    ("two columns of names", text([("玄武区", "南京市", "320102")]).encode(), "表头应为 code,name,level"),
    ("nothing to tell the columns", text([("320102", "320104", "玄武区")]).encode(), "表头应为 code,name,level"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "said"), [(c, s) for _, c, s in WRONG], ids=[name for name, _, _ in WRONG])
def test_what_is_no_list_is_called_by_what_it_is(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(Refused, match=said):
        read_source(given(tmp_path, content))


@pytest.mark.parametrize(
    "form", [str.encode, lambda t: t.encode("gbk"), lambda t: t.encode("utf-16"), lambda t: gzip.compress(t.encode())]
)
def test_a_list_that_was_cut_anywhere_is_never_read_as_another(tmp_path: Path, form: Callable[[str], bytes]) -> None:
    """Cut after any byte: refused, or a beginning of the list in whole lines."""
    content = form(TEXT)
    for end in range(len(content) - 1):
        try:
            found = read_source(given(tmp_path, content[:end])).provinces
        except Refused:
            continue
        nodes = [(n.code, n.name, n.level) for province in found.values() for n in province]
        assert nodes == NODES[: len(nodes)], end


@pytest.mark.parametrize("header", ["old_code,new_code", "旧代码,新代码,上级代码", ""])
def test_a_mapping_comes_in_the_same_forms(tmp_path: Path, header: str) -> None:
    mapping = tmp_path / "mapping.txt"
    mapping.write_bytes(f"{header}\n320199,320102\n".encode("gbk"))
    source = read_source(given(tmp_path, TEXT.encode()), mapping)
    assert [(line.old, line.new, line.parent) for line in source.mapping] == [("320199000000", "320102000000", None)]
