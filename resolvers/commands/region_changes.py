"""The regions of today and the tree of a file -> what has to change. Pure.

Stored parents stay (D7): the digits decide over new regions only, and a mapping file over any. A region whose parent
or level is another now keeps its code but becomes a new row, which the old one names as its successor: the path, on
which rights rest, is never changed. So do the regions below it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple

from resolvers.commands.region_files import Change, fault
from resolvers.commands.region_scope import unspoken
from resolvers.commands.region_tree import LEVELS, NATION, Node, segment
from resolvers.faults import Fault

_RANK = {level.name: rank for rank, level in enumerate(LEVELS)}


class Former(NamedTuple):
    """A region that ended, as it is stored."""

    id: str
    code: str
    name: str
    level: str
    parent_id: str | None
    path: str
    valid_to: dt.date
    successor_id: str | None


class Current(NamedTuple):
    """A region that is valid today, as it is stored."""

    id: str
    code: str
    name: str
    level: str
    parent_id: str | None
    path: str
    valid_from: dt.date


class Place(NamedTuple):
    """Where a region stands in the register."""

    id: str
    path: str
    level: int


class Opened(NamedTuple):
    """A region to be opened."""

    id: str
    node: Node
    parent_id: str
    path: str


class Reopened(NamedTuple):
    """A region that is valid again; `twin` had its code meanwhile."""

    row: Former
    node: Node
    twin: Current | None


@dataclass
class Changes:
    """What an import does to one province."""

    opened: list[Opened] = field(default_factory=list)
    reopened: list[Reopened] = field(default_factory=list)
    renamed: list[tuple[Current, Node]] = field(default_factory=list)
    closed: list[Current] = field(default_factory=list)
    moved: dict[str, Place] = field(default_factory=dict)
    """Old id -> where a region is now that kept its code under another parent."""
    merged: dict[str, Place] = field(default_factory=dict)
    """Old id -> the region it was all along, which is valid again."""
    twins: set[str] = field(default_factory=set)
    """Ids of closed regions that never had a right of their own: what was made while the region itself was closed."""
    unchanged: int = 0
    kept: list[Current] = field(default_factory=list)
    """What the file does not speak of."""
    places: dict[str, Place] = field(default_factory=dict)
    """Code -> where it is, of every region of the file."""


@dataclass
class Counts:
    """What an import did, in regions. A moved one counts as opened and closed too."""

    opened: int = 0
    reopened: int = 0
    renamed: int = 0
    closed: int = 0
    succeeded: int = 0
    moved: int = 0
    unchanged: int = 0
    kept: int = 0

    @property
    def changed(self) -> int:
        """How many rows were touched."""
        return self.opened + self.reopened + self.renamed + self.closed

    @property
    def given_up(self) -> int:
        """How many regions end without a successor: what a file must not do in great numbers unasked."""
        return self.closed - self.succeeded

    def __str__(self) -> str:
        moved = f"（其中 {self.moved} 个改变了上级）" if self.moved else ""
        closed = f"停用 {self.closed}（其中 {self.succeeded} 个有承继区划）{moved}"
        reopened = f"恢复 {self.reopened}，" if self.reopened else ""
        kept = f"，文件没有涉及而保留 {self.kept}" if self.kept else ""
        return f"新增 {self.opened}，{reopened}更名 {self.renamed}，{closed}，未变 {self.unchanged}{kept}"

    def add(self, changes: Changes) -> None:
        """Count what was done to one province."""
        self.opened += len(changes.opened)
        self.reopened += len(changes.reopened)
        self.renamed += len(changes.renamed)
        self.closed += len(changes.closed)
        self.moved += len(changes.moved)
        self.succeeded += len(changes.moved) + sum(row.id in changes.merged for row in changes.closed)
        self.unchanged += changes.unchanged
        self.kept += len(changes.kept)


def compare(
    nodes: Iterable[Node], current: Mapping[str, Current], root: Current, stated: Mapping[str, str],
    mapped: Container[str], former: Mapping[str, list[Former]], used: set[str], keys: Iterator[str],
) -> Changes:  # fmt: skip
    """What makes the `current` regions of a province those of the file.

    `mapped` are the old codes of the mapping, `former` the regions that ended by code, `used` the paths that ever
    were, `keys` the ids of new rows.
    """
    nodes = list(nodes)
    codes = {node.code for node in nodes}
    kept = unspoken(nodes, current, root, mapped)
    changes = Changes(kept=[current[node.code] for node in kept])
    left = {node.code for node in kept}
    changes.closed = [row for row in current.values() if row.code not in codes and row.code not in left]
    standing = {row.id for row in current.values() if row.code in codes or row.code in left} | {root.id}
    places = {NATION: Place(root.id, root.path, 0)}
    changes.places = places
    for node in sorted([*nodes, *kept], key=attrgetter("level", "code")):
        row, parent = current.get(node.code), places.get(node.parent)
        if parent is None:  # what it stood below ends, and nobody says what becomes of it
            assert row is not None
            places[node.code] = Place(row.id, row.path, node.level)
            continue
        stays = row is not None and row.level == LEVELS[node.level].name and _stays(row, node, parent, standing, stated)
        origin = None if stays and node.code in left else _origin(node, parent, row, former, changes)
        if origin is not None:
            places[node.code] = Place(origin.id, origin.path, node.level)
            changes.reopened.append(Reopened(origin, node, row))
            if row is not None:
                changes.twins.add(row.id)
                changes.merged[row.id] = places[node.code]
        elif row is not None and stays:
            places[node.code] = Place(row.id, row.path, node.level)
            if node.code in left:
                continue
            if row.name == node.name:
                changes.unchanged += 1
            else:
                changes.renamed.append((row, node))
            continue
        else:
            new = Opened(next(keys), node, parent.id, _path(node, parent, used))
            used.add(new.path)
            places[node.code] = Place(new.id, new.path, node.level)
            changes.opened.append(new)
            if row is not None:
                changes.moved[row.id] = places[node.code]
                if row.parent_id in changes.twins:
                    changes.twins.add(row.id)
        if row is not None:
            standing.discard(row.id)
            changes.closed.append(row)
    changes.kept = [row for row in changes.kept if places[row.code].id == row.id]
    return changes


def _origin(
    node: Node, parent: Place, row: Current | None, former: Mapping[str, list[Former]], changes: Changes
) -> Former | None:
    """The region that had this code at this place before, if it has ended; the other ones of its code go into it.

    Where the code is in use, only one that ended without a successor counts: else it was given away for good.
    """
    same = [
        old
        for old in former.get(node.code, ())
        if old.parent_id == parent.id and old.level == LEVELS[node.level].name
        and (row is None or old.successor_id is None)
    ]  # fmt: skip
    if not same:
        return None
    first = min(same, key=lambda old: (len(old.path), old.path))
    place = Place(first.id, first.path, node.level)
    changes.merged |= {old.id: place for old in same if old is not first and old.successor_id is None}
    return first


def _stays(row: Current, node: Node, parent: Place, standing: set[str], stated: Mapping[str, str]) -> bool:
    """Whether a region keeps its parent: the stored one, unless it ends or the mapping names another."""
    if node.code in stated:
        return row.parent_id == parent.id
    return row.parent_id in standing


def _path(node: Node, parent: Place, used: set[str]) -> str:
    """A path below the parent's that no region ever had."""
    base = parent.path + segment(node.code, node.level, node.parent, parent.level)
    path, number = f"{base}/", 1
    while path in used:
        number += 1
        path = f"{base}-{number}/"
    return path


# --- the mapping file -------------------------------------------------------------------------------------------------


def stated_parents(mapping: Iterable[Change]) -> dict[str, str]:
    """Code -> code of the parent, where a mapping states one."""
    return {line.new: line.parent for line in mapping if line.parent is not None}


def check_mapping(mapping: Iterable[Change], nodes: Mapping[str, Node]) -> list[Fault]:
    """What is wrong with the lines of a mapping, given the regions of the file by code."""
    faults: list[Fault] = []
    seen: dict[str, Change] = {}
    parents: dict[str, str] = {}
    provinces = {code[:2] for code in nodes}
    for line in mapping:
        wrong: tuple[str, str, str] | None = None
        new, parent = nodes.get(line.new), nodes.get(line.parent or "")
        if line.old in seen:
            zh = f"旧代码 {line.old} 在第 {seen[line.old].number} 行已经出现，一个旧代码只能有一个承继的新代码"
            wrong = ("NOT_UNIQUE", zh, f"{line.old} is mapped twice")
        elif line.old[:2] not in provinces:
            wrong = ("RANGE", f"旧代码 {line.old} 不在本文件所含的省份", f"{line.old} is in no province of the file")
        elif new is None:
            wrong = ("NOT_FOUND", f"新代码 {line.new} 不在区划文件中", f"{line.new} is not in the file")
        elif line.old != line.new and line.old in nodes:
            zh = f"旧代码 {line.old} 仍在区划文件中，不能同时由 {line.new} 承继"
            wrong = ("STATE", zh, f"{line.old} is still in the file")
        elif line.old == line.new and line.parent is None:
            zh = f"{line.old} 新旧代码相同，要写明新的上级"
            wrong = ("REQUIRED", zh, f"{line.old} is mapped to itself without a parent")
        elif line.parent is not None and (parent is None or parent.code[:2] != new.code[:2]):
            zh = f"上级代码 {line.parent} 不在区划文件的同一省份中"
            wrong = ("NOT_FOUND", zh, f"{line.parent} is not in the file")
        elif parent is not None and parent.level >= new.level:
            zh = f"上级 {parent.code} {parent.name}的级别不高于 {new.code} {new.name}"
            wrong = ("RANGE", zh, f"{parent.code} does not stand above {new.code}")
        elif line.parent is not None and parents.setdefault(line.new, line.parent) != line.parent:
            zh = f"新代码 {line.new} 有两个不同的上级 {parents[line.new]} 和 {line.parent}"
            wrong = ("NOT_UNIQUE", zh, f"{line.new} has two parents")
        if wrong:
            faults.append(fault("mapping", line.number, *wrong))
        seen.setdefault(line.old, line)
    return faults


def check_successor(line: Change, old: Current, new: Node) -> Fault | None:
    """A successor stands at the level of the region it continues or above; else its rights would widen downwards."""
    if new.level <= _RANK[old.level]:
        return None
    zh = f"{new.code} {new.name}的级别低于 {old.code} {old.name}，不能承继"
    return fault("mapping", line.number, "RANGE", zh, f"{new.code} stands below {old.code}")
