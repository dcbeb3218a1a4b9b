"""A filled-in sheet: judged whole before anything is written, then its rows made or changed, some at a time.

Each row goes the way of every write (``rows.create``; where it names a key that is there, ``rows.change``), so its
faults are those of the form, at the number of its row and the head of its column. Rows are written in transactions of
`AT_ONCE`; a piece that was written is remembered by the digest of the file for a day: a load that broke off goes on
where it stopped, and nothing is there twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from db.entity_info import EntityInfo, Field, Relation
from db.kinds import Bad
from db.models.cases.mediation_case import EntryChannel
from permissions.viewer import Viewer
from resolvers.commands import rows
from resolvers.commands.file_tables import Unreadable
from resolvers.commands.file_tables import rows as rows_of
from resolvers.commands.upsert import by_itself, keys_of, write_item
from resolvers.commands.work import Once, Origin, Work, fault_at, named
from resolvers.commands.write import Commands
from resolvers.faults import Fault, Refused, bad_input, forbidden
from resolvers.sheets.book import ROWS
from resolvers.sheets.columns import REQUIRED, Column, columns_of, input_of

AT_ONCE = 200


@dataclass(frozen=True)
class Sheet:
    """What a file holds: its columns as far as they are the entity's, and its rows with their numbers in the file."""

    info: EntityInfo
    columns: list[Column | None]
    rows: list[tuple[int, list[str]]]
    digest: str


@dataclass(frozen=True)
class Wrong:
    """What is wrong with a cell, or with a row as a whole (`head` empty)."""

    row: int
    head: str
    code: str
    message: str


@dataclass
class Told:
    """How far a sheet is: rows looked at of how many, those made or changed, and what is wrong."""

    total: int
    done: int = 0
    written: int = 0
    wrong: list[Wrong] = field(default_factory=list)


def read_sheet(commands: Commands, viewer: Viewer, entity: str, file: Path) -> Sheet:
    """The sheet in a file. Raises Denied: FORBIDDEN, and BAD_INPUT for a file or heads that are none."""
    info = commands.entities[entity]
    known = columns_of(commands.entities, info, viewer)
    if not known:
        raise forbidden(f"没有权限新建{info.facts.zh}。", f"You may not create {info.name} rows.")
    try:
        found = list(islice(rows_of(file), ROWS + 2))
    except Unreadable as wrong:
        lines = "、".join(map(str, wrong.numbers[:5]))
        raise bad_input(f"第 {lines} 行：{wrong.zh}。", f"line {lines}: {wrong.en}.") from None
    if not found:
        raise bad_input("文件里没有内容。", "The file is empty.")
    if len(found) > ROWS + 1:
        raise bad_input(f"最多 {ROWS} 行，请分成几个文件。", f"At most {ROWS} rows; part the file.")
    return Sheet(info, _heads(known, found[0][1]), found[1:], hashlib.sha256(file.read_bytes()).hexdigest())


def _heads(known: Sequence[Column], cells: Sequence[str]) -> list[Column | None]:
    """Which column stands where. Raises BAD_INPUT for heads that are unknown, doubled or missing."""
    by_head = {column.head: column for column in known}
    heads = [cell.strip().removesuffix(REQUIRED).strip() for cell in cells]
    given = [head for head in heads if head]
    strange = [head for head in given if head not in by_head]
    double = sorted({head for head in given if given.count(head) > 1})
    missing = [column.head for column in known if column.required and column.head not in given]
    said = [f"{what}：{'、'.join(names[:10])}" for what, names in (("不认识的列", strange), ("重复的列", double),
                                                                 ("缺少的列", missing)) if names]  # fmt: skip
    if said:
        listed = "、".join(by_head)
        raise bad_input(f"表头不对，{'；'.join(said)}。可用的列：{listed}。", f"Wrong heads; known are {listed}.")
    return [by_head.get(head) for head in heads]


async def load(commands: Commands, viewer: Viewer, sheet: Sheet, *, write: bool) -> AsyncIterator[Told]:
    """Judge the rows, or `write` those that are right; what is known after each piece. Raises as every write does."""
    told = Told(len(sheet.rows))
    yield told
    for piece in _pieces(sheet.rows):
        act = partial(_piece, sheet, piece)
        mark = f"sheet {sheet.info.name} {piece[0][0]}"
        origin = Origin(EntryChannel.IMPORT, Once(f"{mark} {sheet.digest[:40]}", sheet.digest))
        outcome = await commands.rehearse(viewer, sheet.info, act, not write, origin)
        told.done += len(piece)
        told.written += outcome["written"]
        told.wrong += [Wrong(**wrong) for wrong in outcome["wrong"]]
        yield told


def _pieces(all_rows: Sequence[tuple[int, list[str]]]) -> Iterator[Sequence[tuple[int, list[str]]]]:
    return (all_rows[i : i + AT_ONCE] for i in range(0, len(all_rows), AT_ONCE))


def _piece(sheet: Sheet, piece: Sequence[tuple[int, list[str]]], work: Work) -> dict[str, Any]:
    """What became of some rows, as plain JSON."""
    wrong, written = [], 0
    for number, cells in piece:
        result = by_itself(work, number, partial(_row, work, sheet, cells))
        written += not result.faults
        wrong += [
            {"row": number, "head": _head(sheet, fault), "code": fault.code, "message": fault.zh}
            for fault in result.faults
        ]
    return {"written": written, "wrong": wrong}


def _row(work: Work, sheet: Sheet, cells: Sequence[str]) -> str:
    info = sheet.info
    data, wrong = input_of(work, sheet.columns, cells)
    if wrong:
        names = {column.name for column in wrong}
        raise Refused([*_said(info, wrong), *_others(work, info, data, names)])
    for columns in keys_of(info).values():
        if all(named(info, name).public in data for name in columns):
            return write_item(work, info, data, columns, set())
    return rows.create(work, info, data)


def _said(info: EntityInfo, wrong: Mapping[Column, Bad]) -> list[Fault]:
    return [fault_at(info, column.stored, bad.code, bad.zh, bad.en) for column, bad in wrong.items()]


def _others(work: Work, info: EntityInfo, data: dict[str, Any], said: set[str]) -> list[Fault]:
    """What else is wrong with the row: all is told at once, but of cells that are wrong once is enough."""
    try:
        rows.create(work, info, data)
    except Refused as refused:
        return [fault for fault in refused.faults if fault.path[:1] and fault.path[0] not in said]
    return []


def _head(sheet: Sheet, fault: Fault) -> str:
    """The head of the column that a fault is about; of one that the sheet has not, what it would be."""
    name = fault.path[0] if fault.path else ""
    known: Field | Relation | None = sheet.info.public_fields.get(name) or sheet.info.public_relations.get(name)
    return "" if known is None else known.facts.zh if isinstance(known, Field) else known.zh
