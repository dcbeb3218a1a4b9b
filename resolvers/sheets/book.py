"""An entity's template as an Excel workbook: Chinese heads, what each column takes, drop-downs, texts kept as texts."""

from __future__ import annotations

import io
from collections.abc import Sequence

import xlsxwriter  # type: ignore[import-untyped]

from db.entity_info import EntityInfo
from db.kinds import DATE
from resolvers.sheets.columns import REQUIRED, Column

ROWS = 20_000
"""How many rows a sheet may bring, and for how many a template has its drop-downs."""
_WORDS = "选项"
"""The hidden sheet with the terms to choose from."""


def template(info: EntityInfo, columns: Sequence[Column]) -> bytes:
    """The workbook to fill in; ids, codes and telephone numbers stay what was typed, because every cell is text."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        sheet = book.add_worksheet(info.facts.zh[:31])
        words = book.add_worksheet(_WORDS)
        words.hide()
        needed = book.add_format({"bold": True, "font_color": "#9c0006", "bg_color": "#f2f2f2", "border": 1})
        head = book.add_format({"bold": True, "bg_color": "#f2f2f2", "border": 1})
        text = book.add_format({"num_format": "@"})
        for i, column in enumerate(columns):
            sheet.set_column(i, i, max(12, 2 * len(column.head) + 4), text)
            sheet.write_string(0, i, column.head + REQUIRED * column.required, needed if column.required else head)
            sheet.write_comment(0, i, help_of(column), {"x_scale": 2})
            if terms := column.terms:
                words.write_column(0, i, terms)
                source = f"={_WORDS}!{xlsxwriter.utility.xl_range_abs(0, i, len(terms) - 1, i)}"
                # Of a list several may be written, parted by "、": what stands there is not refused.
                kind = "warning" if column.facts.kind.listing else "stop"
                sheet.data_validation(1, i, ROWS, i, {"validate": "list", "source": source, "error_type": kind})
        sheet.freeze_panes(1, 0)
    return stream.getvalue()


def help_of(column: Column) -> str:
    """What a column takes, in words."""
    facts, said = column.facts, ["必须填写。" if column.required else "可以不填。"]
    if column.target is not None:
        keys = [field.facts.zh for field in column.target.by_keys if not field.kind.identity]
        said.append(f"写{column.target.facts.zh}的{'、'.join([*keys, '名称'])}或编号。")
    elif column.terms:
        said.append(f"可选：{'、'.join(column.terms[:40])}。" + "可写几项，用“、”隔开。" * facts.kind.listing)
    elif facts.kind == DATE:
        said.append("日期，如 2026-05-03。")
    elif facts.length:
        said.append(f"最多 {facts.length} 个字。")
    return "".join(said)
