"""Lists of regions as people have them: a list closes what it speaks of, and what comes back is what it was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from db.bulk import insert_rows
from db.identity import new_key
from db.levels import fill_levels
from db.models.places.region import Region
from db.technical import RegionGap
from permissions.regions import ranges_of
from permissions.viewer import subtree
from resolvers.commands.region_changes import Counts
from resolvers.commands.region_preview import Touched, printed
from resolvers.commands.regions import import_regions, read_source, write_regions
from resolvers.faults import Refused
from tests.regions import Line, written
from tests.resolvers.demo import Demo, jiangsu

pytestmark = pytest.mark.anyio
TABLE: sa.Table = Region.__table__  # type: ignore[assignment]
DAY, DISTRICT = dt.date(2024, 7, 1), "320102"


def imported(folder: Path, rows: list[Line], day: dt.date | None = DAY, **more: Any) -> Callable[[Connection], Counts]:
    source = read_source(written(folder, rows))
    return lambda connection: write_regions(connection, source, day, **more)


def everything(connection: Connection) -> list[Any]:
    return list(connection.execute(sa.select(TABLE).order_by(TABLE.c.id)))


def until(level: int) -> list[Line]:
    return [line for line in jiangsu() if int(line[2]) <= level]


def one_district() -> list[Line]:
    """A district with the two lines that lead down to it."""
    above = {"320000000000", "320100000000"}
    return [line for line in jiangsu() if line[0] in above or line[0].startswith(DISTRICT)]


def one_district_by_villages() -> list[Line]:
    """Every county, and the streets and villages of one."""
    return [line for line in jiangsu() if int(line[2]) <= 3 or line[0].startswith(DISTRICT)]


PARTIAL: list[tuple[str, Callable[[], list[Line]], int]] = [
    ("a list that stops at counties", lambda: until(3), 23_445),
    ("a list that stops at streets", lambda: until(4), 21_958),
    ("one district only", one_district, 23_491),
    ("villages of one district only", one_district_by_villages, 23_376),
]


async def test_what_a_list_does_not_speak_of_stays(jiangsu_demo: Demo, tmp_path: Path) -> None:
    before, totals = await jiangsu_demo.database.look(everything), await jiangsu_demo.totals()
    for case, rows, kept in PARTIAL:
        counts = await jiangsu_demo.database.write(imported(tmp_path, rows()), bulk=True)
        assert (counts.changed, counts.kept) == (0, kept), case
    assert await jiangsu_demo.database.look(everything) == before
    assert await jiangsu_demo.totals() == totals


async def test_of_what_it_speaks_of_a_list_closes_what_it_leaves_out(jiangsu_demo: Demo, tmp_path: Path) -> None:
    """One street is gone from a list that stops at streets: it ends, the villages below it stay."""
    rows = [line for line in until(4) if line[0] != "320102010000"]
    counts = await jiangsu_demo.database.write(imported(tmp_path, rows), bulk=True)
    assert (counts.closed, counts.kept) == (1, 21_958)
    ended = await jiangsu_demo.database.look(lambda c: c.execute(sa.select(TABLE).where(TABLE.c.valid_to.is_not(None))))
    assert [row.code for row in ended] == ["320102010000"]


async def test_more_than_a_few_regions_end_only_where_somebody_says_so(jiangsu_demo: Demo, tmp_path: Path) -> None:
    """A district vanished with 8 streets and 61 villages."""
    rows = [line for line in jiangsu() if not line[0].startswith(DISTRICT)]
    before = await jiangsu_demo.database.look(everything)
    allowances: list[dict[str, Any]] = [{}, {"close_at_most": 69}]
    for more in allowances:
        with pytest.raises(Refused, match=r"停用 70 个.*--close-at-most 70"):
            await jiangsu_demo.database.write(imported(tmp_path, rows, **more), bulk=True)
    assert await jiangsu_demo.database.look(everything) == before
    counts = await jiangsu_demo.database.write(imported(tmp_path, rows, close_at_most=70), bulk=True)
    assert counts.closed == 70


async def test_a_code_that_comes_back_is_the_region_it_was(jiangsu_demo: Demo, tmp_path: Path) -> None:
    before, totals = await jiangsu_demo.database.look(everything), await jiangsu_demo.totals()
    rows = [line for line in jiangsu() if not line[0].startswith(DISTRICT)]
    await jiangsu_demo.database.write(imported(tmp_path, rows, close_at_most=70), bulk=True)
    assert (await jiangsu_demo.totals())["320102000000"] == (0, 0, 0, 0)
    counts = await jiangsu_demo.database.write(imported(tmp_path, jiangsu(), dt.date(2025, 7, 1)), bulk=True)
    assert (counts.reopened, counts.opened, counts.closed) == (70, 0, 0)
    after = await jiangsu_demo.database.look(everything)
    assert [(r.id, r.code, r.path, r.valid_from, r.valid_to) for r in after] == [
        (r.id, r.code, r.path, r.valid_from, None) for r in before
    ]
    assert await jiangsu_demo.totals() == totals
    gaps = await jiangsu_demo.database.look(lambda c: list(c.execute(sa.select(RegionGap.__table__))))
    assert {(gap.first, gap.last) for gap in gaps} == {(DAY, dt.date(2025, 6, 30))}
    assert len(gaps) == 70, "the days without it are kept"


def damage(connection: Connection) -> None:
    """What earlier versions made of a list that stopped at counties and the full one after it: every code twice."""
    below = TABLE.c.level.in_(("STREET", "VILLAGE"))
    old = [dict(row) for row in connection.execute(sa.select(TABLE).where(below)).mappings()]
    connection.execute(sa.update(TABLE).where(below).values(valid_to=DAY - dt.timedelta(1)))
    keys = {row["id"]: new_key() for row in old}
    for row in old:
        parts = row["path"].split("/")
        parts[4 if len(parts) > 5 else -2] += "-2"
        row |= {
            "id": keys[row["id"]], "parent_id": keys.get(row["parent_id"], row["parent_id"]), "path": "/".join(parts),
            "valid_from": DAY, "province_id": None,
        }  # fmt: skip
    old.sort(key=lambda row: len(row["path"]))
    insert_rows(connection, TABLE, list(old[0]), [list(row.values()) for row in old])
    fill_levels(connection)


@pytest.mark.parametrize("day", [None])
async def test_a_register_in_which_every_code_stands_twice_is_mended_by_the_full_list(
    jiangsu_demo: Demo, tmp_path: Path, day: dt.date | None
) -> None:
    before, totals = await jiangsu_demo.database.look(everything), await jiangsu_demo.totals()
    await jiangsu_demo.database.write(damage, bulk=True)
    assert (await jiangsu_demo.totals())["320102002000"][2:] == (0, 0), "what stood there is lost"

    def twin(connection: Connection) -> str:
        found = sa.select(TABLE.c.id).where(TABLE.c.code == "320102003001", TABLE.c.valid_to.is_(None))
        return str(connection.execute(found).scalar_one())

    key = await jiangsu_demo.database.look(twin)
    counts = await jiangsu_demo.database.write(imported(tmp_path, jiangsu(), day), bulk=True)
    assert (counts.reopened, counts.opened, counts.closed, counts.succeeded) == (23_445, 0, 23_445, 23_445)
    after = await jiangsu_demo.database.look(everything)
    assert {(r.id, r.code, r.path) for r in after if r.valid_to is None} == {(r.id, r.code, r.path) for r in before}
    assert await jiangsu_demo.totals() == totals
    reach = await jiangsu_demo.database.look(lambda c: ranges_of(c, key))
    assert subtree("/32/01/02/003/001/") in reach, "a grant on the twin goes on to the region itself"
    again = await jiangsu_demo.database.write(imported(tmp_path, jiangsu(), day), bulk=True)
    assert again.changed == 0


def test_a_dry_run_tells_by_level_what_would_happen_and_writes_nothing(
    demo_template: str, database_kind: Any, fresh_database: Any, tmp_path: Path
) -> None:
    url = fresh_database(database_kind, template=demo_template)
    gone, renamed = "320102003001", "320102002000"
    rows = [
        (code, "梅园街道" if code == renamed else name, level) for code, name, level in jiangsu() if code != gone
    ] + [("320102002099", "新设社区居委会", "5")]
    file = written(tmp_path, rows)
    said = import_regions(url, file, valid_from=DAY, dry_run=True)
    street, village = said.index("街道、镇、乡"), said.index("村、社区")
    assert "更名" in said[street:village]
    assert "新增 1，更名 1，停用 1" in said
    assert "人民调解委员会 2" in said[village:], "two committees stand in the community that ends"
    assert "没有写入任何内容" in said
    assert import_regions(url, file, valid_from=DAY).startswith("已导入 file.csv：新增 1，更名 1，停用 1")


def test_a_dry_run_says_what_word_the_import_needs(
    demo_template: str, database_kind: Any, fresh_database: Any, tmp_path: Path
) -> None:
    url = fresh_database(database_kind, template=demo_template)
    rows = [line for line in jiangsu() if not line[0].startswith(DISTRICT)]
    said = import_regions(url, written(tmp_path, rows), valid_from=DAY, dry_run=True)
    assert "--close-at-most 70" in said
    assert "调解案件" in said


def test_where_nothing_would_change_the_table_says_so() -> None:
    rows: list[Touched] = []
    assert printed(rows) == "没有变化"
