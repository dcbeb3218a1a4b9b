"""The search on both databases: places by their official readings, people however their names are typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy.engine import Connection

from db.bulk import insert_rows
from db.identity import new_key
from db.registry import registry
from db.search import rebuild
from tests.databases import Kind
from tests.places import Place, place
from tests.readings import place_names, surnames

PERSON = "阿卜杜拉·买买提江"
OTHERS = (PERSON, "买合木提．艾力", "O'Neil 厂", "王\u200b小明", "先锋里", "吕\ufeff梁里")
LIST = "query($s: String) { regions(search: $s, first: 10000) { nodes { name } } }"


def enter(connection: Connection) -> None:
    """Names as villages, some of them as an older program stored them."""
    table = registry()["Region"].table
    model = dict(connection.execute(table.select().where(table.c.code == "320102002001")).mappings().one())
    families = sorted({entry.name for entry in surnames()})
    names = [*(name for name, _, _ in place_names()), *OTHERS, *(f"{family}家" for family in families)]
    rows = [
        tuple({**model, "id": new_key(), "code": f"32010{n:07}", "name": name, "short_name": name,
               "path": f"{model['path']}{n:04}/"}.values())
        for n, name in enumerate(names, 9_000_000)
    ]  # fmt: skip
    insert_rows(connection, table, list(model), rows)
    rebuild(connection)


@pytest.fixture(scope="module")
def here(migrated_database: Callable[[Kind], str], database_kind: Kind) -> Iterator[Place]:
    with place(migrated_database(database_kind)) as made:
        made.runner.run(made.services.database.write(enter))
        yield made


def found(here: Place, search: str) -> set[str]:
    answer = here.ask("prov", LIST, {"s": search})
    assert "errors" not in answer, answer
    return {node["name"] for node in answer["data"]["regions"]["nodes"]}


def test_every_place_is_found_by_its_official_reading(here: Place) -> None:
    """In one word as it is typed, and with apostrophes as it is printed."""
    missed = [
        (name, search)
        for name, said, _ in place_names()
        for search in ("".join(said), "'".join(said))
        if name not in found(here, search)
    ]
    assert missed == []


def test_every_surname_is_found_by_its_reading(here: Place) -> None:
    entries = [entry for entry in surnames() if all("a" <= s[0] <= "z" for s in entry.syllables)]
    missed = [e.name for e in entries[::5] if f"{e.name}家" not in found(here, f"{''.join(e.syllables)}jia")]
    assert missed == []


@pytest.mark.parametrize(
    ("search", "name", "hit"),
    [
        *((f"阿卜杜拉{mark}买买提江", PERSON, True) for mark in ("", *"·•・．‧･∙")),
        ("abudulamaimaitijiang", PERSON, True), ("abudula·maimaitijiang", PERSON, True), ("拉买", PERSON, True),
        ("阿卜杜拉 买买提江", PERSON, True), ("·", PERSON, False), ("买合木提·艾力", "买合木提．艾力", True),
        ("xi'an", "先锋里", False), ("xian", "先锋里", True), ("Xi'ān", "先锋里", False), ("xiānfēng", "先锋里", True),
        ("xian'feng", "先锋里", True), ("oneil", "O'Neil 厂", True), ("O’Neil", "O'Neil 厂", True),
        ("王小明", "王\u200b小明", True), ("wangxiaoming", "王\u200b小明", True), ("\ufeff王小\u00ad明",
        "王\u200b小明", True),
        ("lǚliáng", "吕\ufeff梁里", True), ("lvliang", "吕\ufeff梁里", True), ("LU\u0308", "吕\ufeff梁里", True),
        ("ｌｕｌｉａｎｇ", "吕\ufeff梁里", True),
    ],
)  # fmt: skip
def test_what_is_typed_otherwise_is_found_all_the_same(here: Place, search: str, name: str, hit: bool) -> None:
    answer = here.ask("prov", LIST, {"s": search})
    names = {n["name"] for n in answer["data"]["regions"]["nodes"]} if answer.get("data") else set()
    assert (name in names) is hit
