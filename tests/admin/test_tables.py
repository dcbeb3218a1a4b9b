"""Labels as wire names: unique, without signs that have a meaning; every entity appears by itself."""

from __future__ import annotations

import pytest

from admin.labels import UNNUMBERED, label_pick, label_text
from admin.tables import KEY, REASON, Column, Table, Tables, _columns
from db.entity_info import Field
from db.facts import Facts, Role
from db.mistakes import ModelMistake
from db.registry import registry
from permissions.actions import may_create, may_update
from permissions.viewer import Reach, Viewer, subtree
from tests.trial.register import TRIAL

TABLES = Tables(registry())


def test_every_entity_with_a_list_is_a_table_under_its_chinese_name() -> None:
    assert {table.info.name for table in TABLES.values()} == {n for n, i in registry().items() if i.facts.listed}
    assert TABLES["备案"].info.name == "CommitteeFiling"


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda t: t.info.name)
def test_every_listed_column_has_a_label_and_the_linking_one_is_among_them(table: Table) -> None:
    listed = [table.of(name) for name in table.info.facts.listed]
    assert table.link in listed
    assert not {KEY, REASON} & set(table.columns)
    assert not [wire for wire in table.columns if set(wire) & set("_,.[]- ")]


def test_hidden_and_internal_columns_are_no_columns() -> None:
    public = {column.public for table in TABLES.values() for column in table.columns.values()}
    assert not public & {"passwordHash", "scopePath", "deletedAt", "idNumberCipher", "idNumberDigest", "orgScope"}


@pytest.mark.parametrize("label", ["姓 名", "电话-手机", "a__b", "姓名,性别", "甲[乙]"])
def test_a_label_with_a_sign_that_means_something_stops_the_start(label: str) -> None:
    info = registry()["Mediator"]
    field = Field("name", "name", Facts("text", label, "Name."), False, info.table.c.name.type)
    broken = type(info)(info.model, info.name, info.facts, info.table, {"name": field})
    with pytest.raises(ModelMistake, match=r"Mediator\.name.*a sign with a meaning"):
        _columns(broken)


def test_two_columns_of_one_label_stop_the_start() -> None:
    info = registry()["Mediator"]
    twins = {n: Field(n, n, Facts("text", "姓名", ""), False, info.table.c[n].type) for n in ("name", "mediator_no")}
    with pytest.raises(ModelMistake, match="'姓名' is taken"):
        _columns(type(info)(info.model, info.name, info.facts, info.table, twins))


@pytest.mark.parametrize(
    ("entity", "row", "label"),
    [
        ("Mediator", {"name": "王芳"}, "王芳"),
        ("CommitteeTerm", {"termNo": 2}, "届次2"),
        ("MediatorAppointment", {"role": "DIRECTOR"}, "主任"),
        ("CommitteeFiling", {"filingNo": None, "type": "ESTABLISH", "state": "DRAFT"}, f"设立备案 草稿 {UNNUMBERED}"),
        ("CommitteeFiling", {"filingNo": "1", "type": "ESTABLISH", "state": "FILED"}, "设立备案 备案完成 1"),
        ("Region", {"code": "32", "name": "江苏省", "parent": None}, "江苏省（32）"),
        ("Region", {"code": "3201", "name": "南京市", "parent": {"name": "江苏省"}}, "南京市（江苏省，3201）"),
        ("OrgUnitCoverage", {"region": None}, UNNUMBERED),
    ],
)
def test_a_row_is_called(entity: str, row: dict[str, object], label: str) -> None:
    info = registry()[entity]
    assert label_text(registry(), info, row) == label
    assert {key for key, _ in label_pick(registry(), info).items} == {"id", *row}


def test_an_invisible_reference_is_said_only_where_there_must_be_one() -> None:
    committees = TABLES["人民调解委员会"]
    columns: list[Column] = [committees.columns[name] for name in ("备案机关", "设立单位")]
    from admin.rows import detailed, listed

    row = {"id": "mc_1", "version": 1, "filingBureau": None, "hostUnit": None}
    assert listed(TABLES, committees, columns, row)["备案机关"] == "（无权查看）"
    assert listed(TABLES, committees, columns, row)["设立单位"] is None
    assert detailed(TABLES, committees, columns, row)["备案机关_readable"] == "（无权查看）"
    assert detailed(TABLES, committees, columns, row)["备案机关"] is None


def test_child_rows_are_met_on_the_page_of_their_parent_and_not_in_the_menu() -> None:
    """What links there is the column that names the parent; nothing of them is written by itself."""
    tables, reader = Tables(TRIAL), Viewer("x", "x", "x", {Role.DIST: Reach((subtree("/32/"),))})
    shares = tables.by_entity["ClaimShare"]
    assert shares in tables.open_to(reader)
    assert shares.wire not in {wire for wires in tables.menu(reader).values() for wire in wires}
    assert tables.by_entity["SubsidyClaim"].wire in {wire for wires in tables.menu(reader).values() for wire in wires}
    [parent] = [c for c in tables.visible(shares, reader) if c.reference and c.reference.target == "SubsidyClaim"]
    assert (parent.wire, parent.system) == ("补贴申报", False)
    assert not may_create(shares.info, reader)
    assert not may_update(shares.info, reader)
