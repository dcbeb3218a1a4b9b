"""A model that contradicts itself stops the server at start, with the model, the field and what to do."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, mapped_column

from db.facts import (
    Copy,
    Days,
    Deadline,
    Entity,
    Facts,
    Link,
    Machine,
    OneOf,
    Parts,
    Role,
    Rollup,
    Shape,
    Step,
    Through,
    choice,
    day,
    document,
    integer,
    moment,
    period,
    ref,
    series,
    text,
)
from db.mistakes import ModelMistake
from db.models.people.mediator import Sex
from db.registry import Registry
from db.types import Choice, Key, Text

Models = list[tuple[str, dict[str, Any]]]


def entity(**more: Any) -> Entity:
    """An entity without a mistake, but for what is given."""
    return Entity(**{"zh": "书", "prefix": "bk", "label": "name", "matrix": {"DIST": "RCU D"}, "owner": None, **more})


def book(**more: Any) -> tuple[str, dict[str, Any]]:
    """A model without a mistake, but for what is given; a value of None takes a part away."""
    parts = {"__doc__": "书。A book.", "__entity__": entity(), "name": text("名称", "Name."), **more}
    return "Book", {name: part for name, part in parts.items() if part is not None}


def rolled(**more: Any) -> Entity:
    """An entity with a rollup without a mistake, but for what is given."""
    return entity(rollups=(Rollup(**{"name": "monthly", "day": "on", **more}),))


def step(**more: Any) -> Step:
    """A step without a mistake, but for what is given."""
    said = {"verb": "sign", "zh": "签", "sources": ("MALE",), "target": "FEMALE", "operation": "U"}
    return Step(**{**said, "roles": (Role.DIST,), **more})


def living(*steps: Step) -> tuple[str, dict[str, Any]]:
    """A book with a machine for each of the steps."""
    states = ("state", "other")[: len(steps)]
    machines = tuple(Machine(state, (each,)) for state, each in zip(states, steps, strict=True))
    columns = {state: choice(Sex, "环节", "State.") for state in states}
    more = {"at": moment("时间", "When."), "reason": text("理由", "Why."), **columns}
    return book(__entity__=entity(machines=machines), **more)


def shelf(**more: Any) -> tuple[str, dict[str, Any]]:
    """A second model."""
    parts = {"__doc__": "架。A shelf.", "__entity__": entity(prefix="sh"), "name": text("名称", "Name."), **more}
    return "Shelf", parts


def page(name: str = "Page", **more: Any) -> tuple[str, dict[str, Any]]:
    """A model of child rows without a mistake, but for what is given."""
    said: dict[str, Any] = {key: more.pop(key) for key in ("parent", "prefix", "matrix") if key in more}
    parts = {
        "__doc__": "页。A page.", "__entity__": Parts(**{"parent": "Book", "zh": "页", **said}),
        "name": text("名称", "Name."), "note": text("说明", "Note.", personal="null"),
        "scope_path": text("路径", "Path.", computed=True), "book_id": ref("Book", "书", "Book.", fixed=True), **more,
    }  # fmt: skip
    return name, {key: part for key, part in parts.items() if part is not None}


def one(*columns: str, name: str = "place") -> OneOf:
    """What an entity knows of a one-of reference."""
    return OneOf(name, "处", "Place.", columns, True)


def scoped() -> tuple[str, dict[str, Any]]:
    """A parent that lies in a region."""
    return book(scope_path=text("路径", "Path.", computed=True))


def read(models: Models) -> Registry:
    """The registry of models that live in a metadata of their own."""

    class Scratch(DeclarativeBase):
        """Not the base of our models: what is wrong here must not reach their tables."""

    made = []
    for name, parts in models:
        key = mapped_column(Key(), primary_key=True, info={"facts": Facts("id", "编号", "Global id.")})
        made.append(type(name, (Scratch,), {"__tablename__": name.lower(), "id": key, **parts}))
    return Registry(made)


def bare(kind: sa.types.TypeEngine[Any], facts: Facts | None) -> Any:
    """A column made by hand."""
    return mapped_column(kind, info={"facts": facts} if facts else {})


THROUGH: dict[str, Any] = {"name": "x", "zh": "甲", "en": "x", "via": "Shelf", "near": "book_id", "far": "book_id"}
MISTAKES: list[tuple[str, Models, str, str]] = [
    ("no entity", [book(__entity__=None)], "Book", "Say what a row is"),
    ("no docstring", [book(__doc__=" ")], "Book", "Describe it, Chinese first"),
    ("a silent column", [book(size=bare(sa.Integer(), None))], "Book.size", "Make it with a function of db.facts"),
    ("no Chinese label", [book(size=integer("", "Size."))], "Book.size", "what clerks see"),
    ("a type of one database", [book(at=bare(sa.DateTime(), Facts("datetime", "时间", "When.")))], "Book.at",
     "Use the functions of db.facts"),
    ("bounds turned round", [book(size=integer("大小", "Size.", low=5, high=1))], "Book.size", "Turn them round"),
    ("an unknown mask", [book(phone=bare(Text(20), Facts("encrypted", "电话", "Phone.", mask="phone")))],
     "Book.phone", "id_number, mobile"),
    ("a number made of what the row has not",
     [book(no=text("号", "No.", computed=True, unique=True, series=series("book", "{shelf.code}{serial:4}")))],
     "Book.no", "shelf.code"),
    ("a number given by no step",
     [book(no=text("号", "No.", computed=True, unique=True, series=series("book", "{serial:4}", steps=("bind",))))],
     "Book.no", "bind"),
    ("a number that clients may write",
     [book(no=text("号", "No.", series=series("book", "{serial:4}")))], "Book.no", "computed"),
    ("a period of no length", [book(on=period((), "期", "Period."))], "Book.on", "length"),
    ("an enum without its check", [book(sex=bare(Text(9), Facts("enum", "性别", "Sex.", members=Sex)))], "Book.sex",
     "Use choice"),
    ("a document of another type", [book(data=bare(Text(9), Facts("json", "文档", "Document.")))], "Book.data",
     "Use document"),
    ("a document that does not say what it copies", [book(data=document("文档", "Document."))], "Book.data",
     "Say copies=Shape"),
    ("a document that copies no entity", [book(data=document("文档", "Document.", copies=Shape((Copy("Bok"),))))],
     "Book.data", "Name the class of an entity"),
    ("a document that copies no field", [book(data=document("文档", "D.", copies=Shape((Copy("Book", ("nme",)),))))],
     "Book.data", "Did you mean 'name'?"),
    ("a document about no column", [book(data=document("文档", "D.", copies=Shape(about="zzz")))], "Book.data",
     "Name the column"),
    ("a fixed date as default", [book(on=day("日期", "Day.", default=dt.date(2026, 1, 1)))], "Book.on",
     "Leave the default out"),
    ("an unknown role", [book(__entity__=entity(matrix={"DISTRICT": "R D"}))], "Book", "Did you mean 'DIST'?"),
    ("a role like no other", [book(__entity__=entity(matrix={"x": "R D"}))], "Book", "See db.facts.Role"),
    ("a cell that is none", [book(__entity__=entity(matrix={"DIST": "READ D"}))], "Book.matrix DIST",
     "Scopes are A, P, C, D"),
    ("a condition that is none", [book(__entity__=entity(matrix={"DIST": "R D where name = x"}))], "Book.matrix DIST",
     "'COLUMN [not] in MEMBER …'"),
    ("a condition on text", [book(__entity__=entity(matrix={"DIST": "R D where name in A"}))], "Book.matrix DIST",
     "no condition looks at 'name'"),
    ("a condition on nothing", [book(__entity__=entity(matrix={"DIST": "R D where nme in A"}))], "Book.matrix DIST",
     "no condition looks at 'nme'"),
    ("a condition with an unknown member",
     [book(sex=choice(Sex, "性别", "Sex."), __entity__=entity(matrix={"DIST": "R D where sex in MAN"}))],
     "Book.matrix DIST", "it holds UNKNOWN MALE"),
    ("a condition that every row meets",
     [book(sex=choice(Sex, "性别", "Sex."),
           __entity__=entity(matrix={"DIST": "R D where sex in UNKNOWN MALE FEMALE UNSTATED"}))],
     "Book.matrix DIST", "parts no rows from others"),
    ("a condition on what is personal",
     [book(sex=choice(Sex, "性别", "Sex.", personal="null"),
           __entity__=entity(matrix={"DIST": "R D where sex in MALE"}))],
     "Book.matrix DIST", "which rows are open would tell it"),
    ("a right to write by the state",
     [book(sex=choice(Sex, "性别", "Sex."), __entity__=entity(
         machines=(Machine("sex", ()),), matrix={"DIST": "R D; U D where sex in MALE"}))],
     "Book.__entity__", "Step.sources"),
    ("a unit that nothing has", [book(__entity__=entity(matrix={"SECT": "R B"}))], "Book.__entity__",
     "Name the path to it"),
    ("a grid that nothing has", [book(__entity__=entity(matrix={"GRID": "R G"}))], "Book.__entity__",
     "Name the path to it"),
    ("a taken prefix", [book(), shelf(__entity__=entity())], "Shelf", "Choose another"),
    ("a prefix with a capital", [book(__entity__=entity(prefix="Bk"))], "Book", "Choose another"),
    ("a reference not called …_id", [book(shelf=ref("Shelf", "架", "Shelf.")), shelf()], "Book.shelf",
     "Rename it to shelf_id"),
    ("a reference to nothing", [book(shelf_id=ref("Shelve", "架", "Shelf.")), shelf()], "Book.shelf_id",
     "Did you mean 'Shelf'?"),
    ("a reference to nothing known", [book(x_id=ref("Zzz", "甲", "X."))], "Book.x_id", "Name the class of an entity"),
    ("a list that meets a field", [book(shelf_id=ref("Shelf", "架", "Shelf.", reverse="name")), shelf()],
     "Shelf.name", "another reverse=…"),
    ("a relation through nothing", [book(__entity__=entity(through=(Through(**{**THROUGH, "via": "Nope"}),)))],
     "Book.through x", "Name the class"),
    ("a relation through no column", [book(__entity__=entity(through=(Through(**{**THROUGH, "since": "from_on"}),))),
     shelf(book_id=ref("Book", "书", "Book."))],
     "Book.through x", "Name one of its columns"),
    ("a label that is no field", [book(__entity__=entity(label="nme"))], "Book.__entity__", "Did you mean 'name'?"),
    ("a listed column that is none", [book(__entity__=entity(listed=("name", "zzz")))], "Book.__entity__",
     "Name a field of the model"),
    ("an order by nothing", [book(__entity__=entity(order=("-nam",)))], "Book.__entity__", "Did you mean 'name'?"),
    ("an unknown dimension", [book(__entity__=entity(dimensions=("nam",)))], "Book.__entity__", "Did you mean 'name'?"),
    ("unique by nothing", [book(__entity__=entity(unique=(("nam",),)))], "Book.__entity__", "Did you mean 'name'?"),
    ("a grant on no column", [book(__entity__=entity(matrix={"DIST": "RU(nam) D"}))], "Book.__entity__",
     "Did you mean 'name'?"),
    ("a grant on a reference without its _id",
     [book(shelf_id=ref("Shelf", "架", "Shelf."), __entity__=entity(matrix={"DIST": "R(name,shelf) D"})), shelf()],
     "Book.__entity__", "Did you mean 'shelf_id'?"),
    ("an owner that is no reference", [book(__entity__=entity(owner="name"))], "Book.__entity__",
     "Name a reference without its _id"),
    ("a committee nowhere", [book(__entity__=entity(committee="shelf.committee"))], "Book.__entity__",
     "Name relations, parted by dots"),
    ("a mediator nowhere", [book(__entity__=entity(mediator="reader"))], "Book.__entity__",
     "Name relations, parted by dots"),
    ("a machine of no column", [book(__entity__=entity(machines=(Machine("state", ()),)))], "Book.__entity__",
     "Name the state column"),
    ("a step to nowhere", [living(step(target="GONE"))], "Book.__entity__ sign", "Name a member"),
    ("a pause nowhere", [living(step(due=Deadline("at", Days(1), pause=("GONE",))))], "Book.__entity__ sign",
     "Name a member"),
    ("a step of nobody", [living(step(roles=()))], "Book.__entity__ sign", "say server=True"),
    ("a step of the server and of somebody", [living(step(server=True))], "Book.__entity__ sign", "Leave roles"),
    ("a step that takes nothing known", [living(step(takes=("nme",)))], "Book.__entity__ sign", "Name a column"),
    ("a step that takes its own state", [living(step(takes=("state",)))], "Book.__entity__ sign", "Leave it"),
    ("a step that takes what its mutation asks for", [living(step(takes=("reason",)))], "Book.__entity__ sign",
     "Leave it"),
    ("a deadline from no day", [living(step(due=Deadline("name", Days(1))))], "Book.__entity__ sign", "Name a day"),
    ("a warning of no deadline", [living(step(warns=(3,)))], "Book.__entity__ sign", "Say due=Deadline"),
    ("a way back that is none", [living(step(undo="unsign"))], "Book.__entity__ sign", "Name a verb"),
    ("two machines that make the row", [living(step(), step(verb="pen", sources=()))], "Book.__entity__",
     "Only the first does"),
    ("a verb of two machines", [living(step(), step())], "Book.__entity__ sign", "rename it"),
    ("a personal label", [book(name=text("姓名", "Name.", personal="surname"))], "Book.__entity__",
     "what everybody may read"),
    ("a part of nothing", [book(), page(parent="Bok")], "Page.__entity__", "Did you mean 'Book'?"),
    ("a part of a part", [book(), page(), page("Line", prefix="ln", parent="Page")], "Line.__entity__",
     "Name the entity that has rows of its own"),
    ("a part without its parent's column", [book(), page(book_id=None)], "Page.__entity__", "from Part"),
    ("a part of rows without a region", [book(), page()], "Page.__entity__", "Give it an owner"),
    ("a part with another scope", [scoped(), page(matrix={"DIST": "RCU C"})], "Page.matrix DIST", "no more"),
    ("a part with more operations", [scoped(), page(matrix={"DIST": "RCUX D"})], "Page.matrix DIST", "no more"),
    ("a part with fewer operations", [scoped(), page(matrix={"DIST": "R D"})], "Page.matrix DIST", "no more"),
    ("a part open to who sees no parent", [scoped(), page(matrix={"MEDR": "R O"})], "Page.matrix MEDR", "out"),
    ("a part whose plain column is hidden", [scoped(), page(matrix={"DIST": "R(note)CU D"})], "Page.matrix DIST",
     "Name it as well"),
    ("a part that reveals what is plain", [scoped(), page(matrix={"DIST": "RCUE(name) D"})], "Page.__entity__",
     "Name masked columns"),
    ("a grant on a list that is none", [book(__entity__=entity(matrix={"DIST": "RU(name,page) D"})), page()],
     "Book.__entity__", "Did you mean 'pages'?"),
    ("one of one", [book(shelf_id=ref("Shelf", "架", "Shelf.", one_of="place"), __one_ofs__=(one("shelf_id"),)),
                    shelf()], "Book.place", "use ref"),
    ("a one-of reference that meets a field", [
        book(shelf_id=ref("Shelf", "架", "S.", one_of="name"), __one_ofs__=(one("shelf_id", "shelf_id", name="name"),)),
        shelf()], "Book.name", "another name"),
    ("a rollup of rows without a region", [book(__entity__=rolled())], "Book.rollups monthly", "from Scoped"),
    ("a rollup by a day that is none", [book(scope_path=text("路径", "Path."), __entity__=rolled(day="name"))],
     "Book.rollups monthly", "fields that hold date"),
    ("a rollup by free text",
     [book(scope_path=text("路径", "Path."), on=day("日期", "Day."), __entity__=rolled(dimensions=("name",)))],
     "Book.rollups monthly", "bool or enum"),
    ("a rollup that adds up words",
     [book(scope_path=text("路径", "Path."), on=day("日期", "Day."), __entity__=rolled(sums=("name",)))],
     "Book.rollups monthly", "decimal or int"),
    ("a rollup by what is no region",
     [book(scope_path=text("路径", "Path."), on=day("日期", "Day."), __entity__=rolled(regions=("shelf",)))],
     "Book.rollups monthly", "references to Region"),
]  # fmt: skip


@pytest.mark.parametrize(("_case", "models", "where", "remedy"), MISTAKES)
def test_a_mistake_names_the_place_and_the_remedy(_case: str, models: Models, where: str, remedy: str) -> None:
    with pytest.raises(ModelMistake) as raised:
        read(models)
    assert str(raised.value).startswith(f"{where}: ")
    assert remedy in str(raised.value)
    assert re.search(r"[.?…)]$", str(raised.value))


def test_models_without_a_mistake_are_read() -> None:
    """So that every case above fails for the reason it names."""
    sample = book(
        sex=choice(Sex, "性别", "Sex."), data=document("文档", "Document.", copies=Shape()),
        on=day("日期", "Day."), size=integer("大小", "Size."),
        shelf_id=ref("Shelf", "架", "Shelf."),
        __entity__=entity(owner="shelf", committee="shelf", through=(Through(**THROUGH),)),
    )  # fmt: skip
    found = read([sample, shelf(book_id=ref("Book", "书", "Book.", reverse="places"))])
    assert set(found["Book"].relations) == {"shelf", "places", "x"}
    assert isinstance(found["Book"].fields["sex"].type, Choice)


def test_child_rows_without_a_mistake_have_all_from_their_parent() -> None:
    """Rights, too: who may change the parent may make and delete them, but for who may change some columns only."""
    cells = {"PROV": "R* P", "CITY": "Rm C^", "DIST": "RUE(note)X D", "OFFC": "RU(name) S", "COMM": "R(name,pages)C K",
             "SYS": "RC A"}  # fmt: skip
    shelved = entity(
        prefix="bk", owner="shelf", committee="shelf", mediator="self", matrix=cells,
        linked=(Link(), Link("shelf", "id")),
    )  # fmt: skip
    more = {"scope_path": text("路径", "P.", computed=True), "note": text("说明", "Note.", personal="null")}
    parent = book(shelf_id=ref("Shelf", "架", "S."), __entity__=shelved, **more)
    found = read([parent, shelf(), page(matrix={"DIST": "R(name,book_id)CUXE(note)m D"})])
    child, facts = found["Page"], found["Page"].facts
    assert facts.matrix == {
        "PROV": "R* P", "CITY": "Rm C^", "DIST": "R(name,book_id)CUXE(note)m D", "OFFC": "R S", "COMM": "RC K",
        "SYS": "RC A",
    }  # fmt: skip
    assert (facts.owner, facts.committee, facts.mediator, facts.prefix) == ("book", "book.shelf", "book", "bkp")
    assert [link.path for link in facts.linked] == ["book", "book.shelf"]
    assert [(r.name, each) for r, each in found.parts_of(found["Book"])] == [("pages", child)]
    assert found.parts_of(child) == []
