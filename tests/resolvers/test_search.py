"""The search: what it finds against the plainest Python, what it never finds, and that no write forgets its index."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import Connection

from db.bulk import insert_rows
from db.identity import new_key
from db.registry import registry
from db.search import fill, is_current, rebuild
from db.sounds import fold, readings
from db.technical import NumberSeries, SearchEntry
from permissions.viewer import Viewer
from resolvers.commands.regions import read_source, write_regions
from resolvers.faults import Denied, Refused
from resolvers.requests import Connection as Listed
from resolvers.requests import Pick, page
from resolvers.run import Reads
from tests.databases import Kind
from tests.places import Place, place
from tests.resolvers.town import Town, committee, host

ROOT = Path(__file__).parents[2]
REGIONS = registry()["Region"]
KNOWN = (
    "梅园新村街道", "重庆路社区", "长乐村", "单家集", "吕巷镇", "略阳里", "六合区", "ＡＢＣ（中国）Ｃｏ．",
    "a*b?c[d]e^f-g\\h", "李 家庄", "百分之100%_路", "𡐓里村", "女人街", "Straße 9", "西安门", "县前街3号", "Ünal路",
)  # fmt: skip
ALPHABET = "梅园新村重庆长乐单县吕女绿区会行aAbＢｃ12３９-(*.[]\\^%_𡐓 ü西安"
LIST = "query($s: String) { regions(search: $s, first: 10000) { totalCount nodes { id code name shortName } } }"


# --- the oracle -------------------------------------------------------------------------------------------------------


def holds(text: str, word: str) -> bool:
    """Whether a text holds a word, by trying everything."""
    return any(_from(text, start, re.findall(r"[a-z]+|[^a-z]", word)) for start in range(len(text)))


def _from(text: str, at: int, runs: list[str]) -> bool:
    if not runs:
        return True
    run, *rest = runs
    if not ("a" <= run[0] <= "z"):
        return text[at : at + 1] == run and _from(text, at + 1, rest)
    return (_letters(text, at, run) and _from(text, at + len(run), rest)) or _syllables(text, at, run, rest)


def _letters(text: str, at: int, run: str) -> bool:
    here = text[at : at + len(run)]
    return len(here) == len(run) and all(
        character == letter or any(said[0] == letter for said in readings(character))
        for character, letter in zip(here, run, strict=True)
    )


def _syllables(text: str, at: int, run: str, rest: list[str]) -> bool:
    if not run:
        return _from(text, at, rest)
    for said in readings(text[at]) if at < len(text) else ():
        if run.startswith(said) and _syllables(text, at + 1, run[len(said) :], rest):
            return True
        if not rest and said.startswith(run):
            return True
    return False


def expected(nodes: list[dict[str, Any]], search: str) -> list[str]:
    texts = {node["id"]: [fold(node[name]) for name in ("code", "name", "shortName")] for node in nodes}
    words = fold(search).split()
    return [key for key, columns in texts.items() if all(any(holds(text, w) for text in columns) for w in words)]


# --- a place full of names --------------------------------------------------------------------------------------------


def names() -> list[str]:
    chance = random.Random(7)
    made = ("".join(chance.choice(ALPHABET) for _ in range(chance.randint(1, 9))).strip() for _ in range(150))
    return [*KNOWN, *filter(None, made)]


def enter(connection: Connection) -> None:
    """The names as villages below the first one, half of the short names another text."""
    table = REGIONS.table
    model = connection.execute(sa.select(table).where(table.c.code == "320102002001")).mappings().one()
    rows = [
        {**model, "id": new_key(), "code": f"3201029{n:05}", "name": name,
         "short_name": name[::-1] if n % 2 and n > len(KNOWN) else name, "path": f"{model['path']}{n:03}/"}
        for n, name in enumerate(names())
    ]  # fmt: skip
    columns = list(rows[0])
    insert_rows(connection, table, columns, [tuple(row[c] for c in columns) for row in rows])


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    """The world with the names in it."""
    with place(migrated_database(database_kind)) as made:
        made.runner.run(made.services.database.write(rebuild))
        made.runner.run(made.services.database.write(enter))
        yield made


def found(here: Place, search: str, viewer: str = "prov") -> set[str]:
    answer = here.ask(viewer, LIST, {"s": search})
    assert "errors" not in answer, answer
    listed = answer["data"]["regions"]
    assert listed["totalCount"] == len(listed["nodes"])
    return {node["name"] for node in listed["nodes"]}


COMPANY = "ＡＢＣ（中国）Ｃｏ．"
CASES = [
    ("梅", "梅园新村街道", True), ("园新", "梅园新村街道", True), ("新园", "梅园新村街道", False),
    ("meiyuan", "梅园新村街道", True), ("MeiYuan", "梅园新村街道", True), ("ｍｅｉ", "梅园新村街道", True),
    ("my", "梅园新村街道", True), ("myxcjd", "梅园新村街道", True), ("mx", "梅园新村街道", False),
    ("梅yuan", "梅园新村街道", True), ("mei园x", "梅园新村街道", True), ("meiyu", "梅园新村街道", True),
    ("eiyuan", "梅园新村街道", False), ("uan", "梅园新村街道", False), ("my xc", "梅园新村街道", True),
    ("meiyuan 街", "梅园新村街道", True), ("meiyuan 区", "梅园新村街道", False), ("m", "梅园新村街道", True),
    ("美园", "梅园新村街道", False),
    ("chongqing", "重庆路社区", True), ("zhongqing", "重庆路社区", True), ("cqlsq", "重庆路社区", True),
    ("changle", "长乐村", True), ("zhangyue", "长乐村", True), ("长yuecun", "长乐村", True),
    ("shan", "单家集", True), ("danjia", "单家集", True), ("sjj", "单家集", True),
    ("lvxiang", "吕巷镇", True), ("luxiang", "吕巷镇", True), ("lüxiang", "吕巷镇", True), ("LÜ", "吕巷镇", True),
    ("lve", "略阳里", True), ("lueyang", "略阳里", True), ("nvren", "女人街", True), ("nu", "女人街", True),
    ("luhe", "六合区", True), ("liuhe", "六合区", True),
    ("abc", COMPANY, True), ("ＡＢＣ", COMPANY, True), ("(中", COMPANY, True),
    ("（zg）co.", COMPANY, True), ("co", COMPANY, True), ("bc", COMPANY, True),
    ("a*b", "a*b?c[d]e^f-g\\h", True), ("a*c", "a*b?c[d]e^f-g\\h", False), ("a?b", "a*b?c[d]e^f-g\\h", False),
    ("[d]e^f-g\\", "a*b?c[d]e^f-g\\h", True), (".", "a*b?c[d]e^f-g\\h", False), ("*", "梅园新村街道", False),
    ("李家", "李 家庄", False), ("lijia", "李 家庄", False), ("李 家庄", "李 家庄", True),
    ("100%", "百分之100%_路", True), ("%_", "百分之100%_路", True), ("1%0", "百分之100%_路", False),
    ("𡐓", "𡐓里村", True), ("strasse", "Straße 9", True), ("xian", "西安门", True), ("xianxian", "西安门", False),
    ("xanmen", "西安门", False), ("xamen", "西安门", False), ("3号", "县前街3号", True), ("vnal", "Ünal路", True),
]  # fmt: skip


@pytest.mark.parametrize(("search", "name", "hit"), CASES)
def test_what_a_search_finds_by_hand(here: Place, search: str, name: str, hit: bool) -> None:
    assert (name in found(here, search)) is hit


@st.composite
def searches(draw: st.DrawFn) -> str:
    """Mostly what people might type to find one of the names, sometimes anything."""
    words = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
        if draw(st.integers(0, 5)) == 0:
            words.append(draw(st.text("abeilmnuvxy梅园重1*[-", min_size=1, max_size=4)))
            continue
        name = draw(st.sampled_from(names()))
        start = draw(st.integers(0, len(name) - 1))
        piece = name[start : start + draw(st.integers(1, 5))]
        words.append("".join(_typed(draw, character) for character in piece))
    return draw(st.sampled_from([" ", "  ", "\u3000"])).join(words)


def _typed(draw: st.DrawFn, character: str) -> str:
    said = sorted(readings(character))
    if not said:
        return character
    chosen = draw(st.sampled_from(said))
    return draw(st.sampled_from([character, chosen, chosen[0], chosen[:2], chosen.upper()]))


def test_a_search_finds_exactly_what_plain_python_finds(here: Place) -> None:
    seen: dict[str, list[dict[str, Any]]] = {}
    for viewer in ("prov", "dist", "dist2", "offc", "twin"):
        seen[viewer] = here.ask(viewer, LIST)["data"]["regions"]["nodes"]
    assert len(seen["prov"]) > 150 > len(seen["dist2"]) > 0

    @settings(max_examples=400, deadline=None, derandomize=True)
    @given(searches(), st.sampled_from(sorted(seen)))
    @example("3201", "dist")
    @example("a", "prov")
    def agrees(search: str, viewer: str) -> None:
        if not search.split():
            return
        answer = here.ask(viewer, LIST, {"s": search})
        got = {node["id"] for node in answer["data"]["regions"]["nodes"]}
        assert got == set(expected(seen[viewer], search)), (search, viewer)

    agrees()


def test_words_of_a_code_are_found_in_every_part(here: Place) -> None:
    everything = {node["code"] for node in here.ask("prov", LIST)["data"]["regions"]["nodes"]}
    for part in ("320102002001", "2002001", "0200", "01", "9"):
        nodes = here.ask("prov", LIST, {"s": part})["data"]["regions"]["nodes"]
        by_code = {code for code in everything if part in code}
        assert by_code <= {node["code"] for node in nodes}
        assert all(part in node["code"] or part in fold(node["name"] + " " + node["shortName"]) for node in nodes)


# --- in the company of the other arguments ----------------------------------------------------------------------------


def test_a_search_holds_for_counts_groups_aggregates_and_nested_lists(here: Place) -> None:
    document = """query($s: String) {
        all: regions(first: 10000) { nodes { name shortName code } }
        regions(search: $s) { totalCount aggregate { count } groupBy(by: [{level: true}]) { nodes { count } } }
        region(by: {code: "320102002000"}) { children(search: $s, first: 10000) { totalCount nodes { name } } }
        below: region(by: {code: "320102002000"}) { children(first: 10000) { nodes { id code name shortName } } }
    }"""
    data = here.ask("prov", document, {"s": "村"})["data"]
    hits = sum(any("村" in node[name] for name in ("name", "shortName")) for node in data["all"]["nodes"])
    found = data["regions"]
    assert found["totalCount"] == found["aggregate"]["count"] == hits > 5
    assert sum(group["count"] for group in found["groupBy"]["nodes"]) == hits
    children = data["region"]["children"]
    assert children["totalCount"] == len(children["nodes"])
    assert len(children["nodes"]) == len(expected(data["below"]["children"]["nodes"], "村"))


def test_nested_lists_may_each_have_a_search_of_their_own(here: Place) -> None:
    document = """{ regions(search: "3201", first: 3) { nodes { children(search: "a") { nodes { code
        children(search: "a2", first: 3) { totalCount nodes { name
            mediationCommittees(search: "a", first: 2) { nodes { name mediators(search: "m") { totalCount } } } } } } }
        grouped: children(search: "a") { groupBy(by: [{level: true}]) { nodes { count rows { totalCount } } } }
    } } }"""
    answer = here.ask("prov", document)
    assert "errors" not in answer, answer
    streets = [street for node in answer["data"]["regions"]["nodes"] for street in node["children"]["nodes"]]
    assert streets
    for node in answer["data"]["regions"]["nodes"]:
        groups = node["grouped"]["groupBy"]["nodes"]
        assert sum(group["count"] for group in groups) == len(node["children"]["nodes"])
        assert all(group["count"] == group["rows"]["totalCount"] for group in groups)


def test_a_cursor_is_good_for_its_search_only(here: Place) -> None:
    document = """query($s: String, $after: String) {
        regions(search: $s, first: 3, after: $after, orderBy: [{name: DESC}]) {
            nodes { name } pageInfo { endCursor hasNextPage } } }"""
    listed, after, pages = [], None, 0
    while pages == 0 or after:
        data = here.ask("prov", document, {"s": "村", "after": after})["data"]["regions"]
        listed += [node["name"] for node in data["nodes"]]
        pages, after = pages + 1, data["pageInfo"]["endCursor"] if data["pageInfo"]["hasNextPage"] else None
        if pages == 1:
            other = here.ask("prov", document, {"s": "新村", "after": after})
            assert other["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert pages > 2
    assert sorted(listed) == sorted(
        node["name"] for node in here.ask("prov", LIST, {"s": "村"})["data"]["regions"]["nodes"]
    )


def test_one_plan_serves_every_search(here: Place) -> None:
    document = "query($s: String) { regions(search: $s, first: 2) { nodes { name } } }"
    here.ask("prov", document, {"s": "村"})
    kept = len(here.schema.plans._kept)
    for search in ("meiyuan", "梅 园 新 村", "xian lv my", "1"):
        here.ask("prov", document, {"s": search})
    assert len(here.schema.plans._kept) == kept


BAD = ["", "  ", "\u3000\t", "字" * 101, " ".join("abcdefghi"), "a\0b", "a\ud800"]


@pytest.mark.parametrize("search", BAD, ids=[ascii(search)[:20] for search in BAD])
@pytest.mark.parametrize("parts", ["nodes { id }", "totalCount", "__typename"])
def test_what_is_no_search_is_said(here: Place, search: str, parts: str) -> None:
    document = f"query($s: String) {{ regions(search: $s) {{ {parts} }} }}"
    if "\ud800" in search:  # no JSON can carry it, but callers inside can
        request, viewer = Listed(REGIONS, [("totalCount", "totalCount", None)], search=search), here.viewers["prov"]
        with pytest.raises(Denied, match="不能使用的字符"):
            here.services.reads.plan(request, viewer).call(viewer)
        return
    error = here.ask("prov", document, {"s": search})["errors"][0]
    assert error["extensions"]["code"] == "BAD_INPUT"


def test_a_search_of_eight_long_words_of_letters_is_answered(here: Place) -> None:
    assert found(here, "xianxianxian" * 8) == set()
    assert found(here, "a b c d e f g h") >= {"a*b?c[d]e^f-g\\h"}


# --- rights -----------------------------------------------------------------------------------------------------------


def declare_name(monkeypatch: pytest.MonkeyPatch, entity: str, **facts: Any) -> None:
    """For one test, the entity's ``name`` is declared with these facts."""
    info = registry()[entity]
    field = info.fields["name"]
    hidden = replace(field, facts=replace(field.facts, **facts))
    # First what is derived from the other and then kept: made in between it would keep the name hidden for good.
    monkeypatch.setitem(info.public_fields, "name", hidden)
    monkeypatch.setitem(info.fields, "name", hidden)


@pytest.fixture
def masked_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mediators' names are personal: roles with masks see the surname only."""
    declare_name(monkeypatch, "Mediator", personal="surname")


def test_who_may_not_read_a_column_does_not_find_by_it(here: Place, masked_names: None) -> None:
    document = "query($s: String) { mediators(search: $s) { nodes { id name mediatorNo } } }"
    row = here.ask("dist", "{ mediators(first: 1) { nodes { id name mediatorNo } } }")["data"]["mediators"]["nodes"][0]
    for viewer, finds in (("dist", True), ("prov", False), ("twin", False)):
        by_name = here.ask(viewer, document, {"s": row["name"]})["data"]["mediators"]["nodes"]
        assert (row["id"] in {node["id"] for node in by_name}) is finds
        by_number = here.ask(viewer, document, {"s": row["mediatorNo"]})["data"]["mediators"]["nodes"]
        assert row["id"] in {node["id"] for node in by_number}


def test_roles_that_see_aggregates_only_search_nothing(here: Place) -> None:
    document = '{ hostUnits(search: "厂") { totalCount } }'
    assert here.ask("prov", document)["errors"][0]["extensions"]["code"] == "BAD_INPUT"
    assert "errors" not in here.ask("dist", document)


def test_who_may_read_none_of_the_searched_columns_is_refused(here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    declare_name(monkeypatch, "HostUnit", kind="encrypted")
    error = here.ask("dist2", '{ hostUnits(search: "公司") { totalCount } }')["errors"][0]
    assert error["extensions"]["code"] == "BAD_INPUT"


def test_rows_out_of_scope_are_not_found(here: Place) -> None:
    assert found(here, "meiyuan")
    assert found(here, "meiyuan", "dist2") == set()


# --- writes -----------------------------------------------------------------------------------------------------------


async def ids(town: Town, entity: str, search: str, login: str = "district") -> set[str]:
    viewer = await town.viewer(login)
    return await seen_ids(town, entity, search, viewer)


async def seen_ids(town: Town, entity: str, search: str, viewer: Viewer) -> set[str]:
    info = registry()[entity]
    reads = Reads(town.database, registry())
    rows = await reads.rows(page(info, Pick(info).add("id"), search=search), viewer)
    return {row["id"].partition("_")[2] for row in rows["nodes"]}


def entries(connection: Connection) -> set[tuple[Any, ...]]:
    table = SearchEntry.__table__
    rows = connection.execute(sa.select(table.c.row_id, table.c.field, table.c.cells, table.c.grams))
    return {(row.row_id, row.field, row.cells, str(row.grams)) for row in rows}


async def agrees_with_rebuild(town: Town) -> None:
    """The index kept by the writes is the one made anew."""

    def work(connection: Connection) -> None:
        kept = entries(connection)
        if connection.dialect.name == "sqlite":  # what was taken out must be gone from the full-text index too
            connection.exec_driver_sql("INSERT INTO search_gram (search_gram) VALUES ('integrity-check')")
        rebuild(connection)
        assert kept == entries(connection)

    await town.database.write(work)


@pytest.mark.anyio
async def test_rows_are_found_as_they_are_written(town: Town) -> None:
    await town.database.write(rebuild)  # the town itself is inserted by hand
    key = await town.create("district", "HostUnit", host(name="仇英纺织厂"))
    other = await town.create("district", "HostUnit", host(name="梅园纺织厂"))
    assert await ids(town, "HostUnit", "qiuying") == {key}
    assert await ids(town, "HostUnit", "纺织") == {key, other}
    await town.update("district", "HostUnit", key, {"name": "仇英印染厂"}, None)
    assert await ids(town, "HostUnit", "纺织") == {other}
    assert await ids(town, "HostUnit", "qyyr") == {key}
    await town.update("district", "HostUnit", key, {"employeeCount": 12}, None)
    assert await ids(town, "HostUnit", "qyyr") == {key}
    await agrees_with_rebuild(town)


@pytest.mark.anyio
async def test_a_deleted_row_is_found_no_more(town: Town) -> None:
    await town.database.write(rebuild)
    key = await town.create("office", "MediationCommittee", committee(name="枫桥路村人民调解委员会"))
    code = (await town.row("MediationCommittee", key))["code"]
    assert await ids(town, "MediationCommittee", f"{code[4:]} 枫桥") == {key}
    await town.delete("office", "MediationCommittee", key, 1)
    assert await ids(town, "MediationCommittee", "枫桥") == set()
    await agrees_with_rebuild(town)


@pytest.mark.anyio
async def test_a_refused_write_leaves_no_trace_in_the_index(town: Town) -> None:
    before = await town.database.look(entries)
    with pytest.raises(Refused):
        await town.create("district", "HostUnit", host(name="越界厂", region={"code": "320104001001"}))
    assert await town.database.look(entries) == before


@pytest.mark.anyio
async def test_imported_and_renamed_regions_are_found_at_once(town: Town, tmp_path: Path) -> None:
    await town.database.write(rebuild)

    async def load(name: str, **more: Any) -> None:
        file = tmp_path / f"{name}.csv"
        file.write_text(f"code,name,level\n330000000000,浙江省,1\n330681000000,诸暨市,3\n330681103000,{name},4\n")
        source = read_source(file)
        await town.database.write(lambda connection: write_regions(connection, source, **more))

    viewer = await town.viewer("district")
    everywhere = replace(viewer, reaches=(await town.viewer("sysadmin")).reaches)
    await load("枫桥镇")
    first = await seen_ids(town, "Region", "fqz", everywhere)
    assert len(first) == 1
    await load("枫溪镇")
    assert await seen_ids(town, "Region", "枫桥", everywhere) == set()
    assert await seen_ids(town, "Region", "feng溪 330681", everywhere) == first
    await agrees_with_rebuild(town)


@pytest.mark.anyio
async def test_an_index_of_another_making_is_made_anew(town: Town) -> None:
    key = await town.create("district", "HostUnit", host(name="梅园纺织厂"))
    assert await fill(town.database, lambda *_: None) is not None
    assert await fill(town.database, lambda *_: None) is None
    assert await town.database.look(is_current)
    older = sa.update(NumberSeries).where(NumberSeries.name == "search").values(last=0)
    await town.database.write(lambda connection: connection.execute(older))
    assert not await town.database.look(is_current)
    assert await fill(town.database, lambda *_: None)
    assert await ids(town, "HostUnit", "meiyuan") == {key}


def test_nobody_writes_a_searched_table_past_the_index() -> None:
    """Rows are written by ``Work``, ``rows.store`` and ``db.bulk``, for any table; by name only regions are."""
    tables = {name for name, info in registry().items() if any(f.facts.search for f in info.fields.values())}
    named = re.compile("|".join(rf"sa\.(?:insert|update|delete)\({name}\b" for name in sorted(tables)))
    files = [file for folder in ("db", "permissions", "resolvers", "admin") for file in (ROOT / folder).rglob("*.py")]
    assert [file.name for file in files if named.search(file.read_text())] == []
