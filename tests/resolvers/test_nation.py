"""The whole nation, 665,276 lines: opt-in, with FENGQIAO_TEST_NATION=/path/to/regions-cn-2023.csv.xz.

A few minutes for both databases. What it measured is printed with ``pytest -s``.
"""

from __future__ import annotations

import asyncio
import csv
import lzma
import os
import random
import re
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db.engine import Database
from db.models.places.region import Region
from permissions.regions import ranges_of
from permissions.viewer import subtree
from settings import Settings
from tests.databases import Kind

FILE = os.environ.get("FENGQIAO_TEST_NATION", "")
pytestmark = pytest.mark.skipif(not FILE, reason="FENGQIAO_TEST_NATION does not name the file of the nation")
TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
ROOT = Path(__file__).parent.parent.parent
IMPORT = """
import datetime, re, sys, time
from pathlib import Path
from resolvers.commands.regions import import_regions
url, file, mapping, day = sys.argv[1:]
day = datetime.date.fromisoformat(day) if day else None
print(import_regions(url, Path(file), Path(mapping) if mapping else None, day, close_at_most=10_000))
print("MB", int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
print("s", time.process_time())
"""
Line = tuple[str, str, str]


def imported(url: str, file: str | Path, mapping: str | Path = "", day: str = "") -> str:
    """What the import says, run in a process of its own; in less than a minute of CPU and 600 MB, or it fails."""
    command = [sys.executable, "-c", IMPORT, url, str(file), str(mapping), day]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *_, said, memory, cpu = done.stdout.strip().splitlines()
    print(f"\n{url.partition('+')[0]}: {cpu} of CPU, {memory}, {said}")
    assert float(cpu.removeprefix("s ")) < 60
    assert int(memory.removeprefix("MB ")) < 600
    return said


def looked(url: str, function: Callable[[Connection], Any]) -> Any:
    async def run() -> Any:
        database = Database(Settings(database_url=url))
        try:
            return await database.look(function)
        finally:
            await database.stop()

    return asyncio.run(run())


def lines() -> list[Line]:
    with lzma.open(FILE, "rt", encoding="utf-8", newline="") as stream:
        return [(code, name, level) for code, name, level in list(csv.reader(stream))[1:]]


def regions(connection: Connection) -> list[Any]:
    names = ("id", "code", "name", "level", "parent_id", "path", "valid_to", "successor_id")
    return list(connection.execute(sa.select(*(TABLE.c[name] for name in names))))


def check_tree(rows: list[Any]) -> None:
    """For every region, those below it by parent are those below it by path."""
    paths = sorted(row.path for row in rows)
    below = Counter({row.id: 1 for row in rows})
    for row in sorted(rows, key=lambda row: -row.path.count("/")):
        if row.parent_id:
            below[row.parent_id] += below[row.id]
    for row in rows:
        low, high = subtree(row.path)
        assert bisect_left(paths, high) - bisect_left(paths, low) == below[row.id], row.code


def timed_ranges(key: str) -> Callable[[Connection], Any]:
    """What a grant on a region reaches; every request of a viewer asks for it, so it must be quick."""

    def look(connection: Connection) -> Any:
        ranges_of(connection, key)
        start = time.process_time()
        found = ranges_of(connection, key)
        seconds = time.process_time() - start
        print(f"ranges in {1000 * seconds:.1f} ms")
        assert seconds < 0.1
        return found

    return look


@pytest.fixture(scope="module")
def nation(migrated_database: Callable[[Kind], str], database_kind: Kind) -> str:
    url = migrated_database(database_kind)
    imported(url, FILE)
    return url


def test_every_code_is_one_region_in_a_sound_tree(nation: str) -> None:
    rows = looked(nation, regions)
    print(Counter(row.level for row in rows))
    assert Counter(row.level for row in rows) == {
        "NATION": 1, "PROVINCE": 31, "CITY": 342, "DISTRICT": 2975, "STREET": 41351, "VILLAGE": 620572,
    }  # fmt: skip
    top: dict[str, Line] = {}
    for line in lines():
        if line[0] not in top or line[2] < top[line[0]][2]:
            top[line[0]] = line
    assert {row.code: row.name for row in rows if row.parent_id} == {code: line[1] for code, line in top.items()}
    check_tree(rows)


@pytest.mark.parametrize(
    ("code", "name", "parent"),
    [
        ("441900003000", "东城街道", "441900000000"),
        ("441900000000", "东莞市", "440000000000"),
        ("350527000000", "金门县", "350500000000"),
        ("429004000000", "仙桃市", "429000000000"),
        ("659001000000", "石河子市", "659000000000"),
        ("460202198000", "海棠区直辖村级区划", "460202000000"),
        ("420602006207", "莫𡐓村委会", "420602006000"),
        ("441424103203", "輋𣒍村委会", "441424103000"),
        ("451302107210", "那𡌶村委会", "451302107000"),
    ],
)
def test_parents_checked_by_hand(nation: str, code: str, name: str, parent: str) -> None:
    above = TABLE.alias()
    joined = sa.select(TABLE.c.name, above.c.code).join(above, above.c.id == TABLE.c.parent_id)
    found = looked(nation, lambda c: tuple(c.execute(joined.where(TABLE.c.code == code)).one()))
    assert found == (name, parent)


def test_the_same_file_again_changes_nothing(nation: str) -> None:
    assert "新增 0，更名 0，停用 0（其中 0 个有承继区划），未变 665271" in imported(nation, FILE)


def unspoken(before: dict[str, str], names: dict[str, str], mapped: set[str]) -> set[str]:
    """Villages that are in neither file nor mapping, nor more than half of their street's."""
    known, named = Counter(c[:9] for c in before if c[9:] != "000"), Counter[str]()
    named.update(code[:9] for code in before.keys() | names.keys() if code in names or code in mapped)
    named.subtract(code[:9] for code in names if code[9:] == "000")
    gone = before.keys() - names.keys() - mapped
    return {code for code in gone if code[9:] != "000" and 2 * named[code[:9]] <= known[code[:9]]}


def test_the_file_of_the_next_year(nation: str, tmp_path: Path) -> None:
    """A city renumbered with all that is in it, villages merged in pairs, renamed, vanished and new; then all back."""
    chance = random.Random(1)
    old = lines()
    mapping: list[tuple[str, str]] = []
    names: dict[str, str] = {}
    levels: dict[str, str] = {}
    seen: set[str] = set()
    last: tuple[str, str] | None = None
    for code, name, level in old:
        if code in seen:
            continue
        seen.add(code)
        new = f"3215{code[4:]}" if code.startswith("3201") else code
        lot = chance.random() if level == "5" and new == code else 1
        if lot < 0.01:
            name = f"新{name}"
        elif lot < 0.02:
            continue
        elif lot < 0.05 and last and last[0] == code[:9]:
            mapping.append((code, last[1]))
            continue
        if new != code:
            mapping.append((code, new))
        elif level == "5" and lot >= 0.05:
            last = code[:9], code
        names[new], levels[new] = name, level
    opened = [f"{code[:9]}{999 - n}" for n, code in enumerate(c for c in list(names)[::1000] if c[9:] != "000")]
    fresh = {code: "新设村委会" for code in opened if code not in names}
    names |= fresh
    levels |= dict.fromkeys(fresh, "5")
    file, changes = tmp_path / "next.csv", tmp_path / "mapping.csv"
    text = "\n".join(["code,name,level", *(f"{code},{name},{levels[code]}" for code, name in names.items())])
    file.write_text(text, encoding="utf-8")
    changes.write_text("\n".join(["old_code,new_code", *map(",".join, mapping)]), encoding="utf-8")

    said = imported(nation, file, changes, "2024-07-01")
    before = {code: name for code, name, _ in old}
    numbers = [int(n) for n in re.findall(r"\d+", said.partition("：")[2])]
    kept = unspoken(before, names, {code for code, _ in mapping})
    assert kept, "the only villages of streets, of which the file says nothing"
    gone = before.keys() - names.keys() - kept
    assert numbers == [
        len(names.keys() - before.keys()),
        sum(before[code] != name for code, name in names.items() if code in before),
        len(gone),
        len(mapping),
        sum(before.get(code) == name for code, name in names.items()),
        len(kept),
    ]
    names |= {code: before[code] for code in kept}
    rows = looked(nation, regions)
    valid = [row for row in rows if row.valid_to is None]
    codes = {row.id: row.code for row in rows}
    assert {row.code: row.name for row in valid if row.parent_id} == names
    assert {row.code for row in rows if row.valid_to} == gone
    assert {row.code: codes[row.successor_id] for row in rows if row.successor_id} == dict(mapping)
    assert len({row.path for row in rows}) == len(rows)
    check_tree(valid)
    city = next(row.id for row in valid if row.code == "321500000000")
    province = next(row.id for row in valid if row.code == "320000000000")
    assert looked(nation, timed_ranges(city)) == [subtree("/32/01/"), subtree("/32/15/")]
    assert looked(nation, timed_ranges(province)) == [subtree("/32/")]

    assert next(row.path for row in valid if row.code == "321502002000") == "/32/15/02/002/"
    assert "新增 0，更名 0，停用 0" in imported(nation, file, changes, "2024-07-01")
    imported(nation, FILE, "", "2025-07-01")
    rows = looked(nation, regions)
    valid = [row for row in rows if row.valid_to is None]
    assert {row.code: row.name for row in valid if row.parent_id} == before
    assert len({row.path for row in rows}) == len(rows)
    assert next(row.path for row in valid if row.code == "320102002000") == "/32/01/02/002/"
    check_tree(valid)
