"""A hundred and twenty entities more: the same program, still one schema that a process can make at start."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from settings import ROOT

COUNT = 120
MODEL = '''"""Item{n:03d}."""

from __future__ import annotations

import datetime as dt
import decimal

from sqlalchemy.orm import Mapped

from db.base import Scoped
from db.models.cases.mediation_case import CaseState, DisputeType, FocusTag
from db.facts import Entity, choice, choices, day, document, encrypted, flag, integer, long_text, moment, money, ref
from db.facts import Machine, Role, Shape, Step, text


class Item{n:03d}(Scoped):
    """事项{n}。Item {n}."""

    __entity__ = Entity(
        zh="事项{n}", prefix="i{n:03d}", label="name", owner="committee", committee="committee", mediator="created_by",
        matrix=dict(
            PROV="R* P", CITY="R C where done is true", DIST="RCUV D", SECT="R D; RCU B where done is false",
            OFFC="RCUSm S", COMM="RCUS K", MEDR="R O", AUDT="Rm D",
        ),
        machines=(Machine(
            "state", (
                Step("start", "新建", (), "REGISTERED", "C", (Role.DIST, Role.OFFC, Role.COMM)),
                Step("accept", "受理", ("REGISTERED",), "ACCEPTED", "S", (Role.OFFC, Role.COMM)),
                Step("withdraw", "撤回", ("REGISTERED", "ACCEPTED"), "TERMINATED", "S", (Role.COMM,), reason=True),
                Step("review", "审核", ("ACCEPTED",), "CLOSED", "V", (Role.DIST,), apart=("created_by_id",)),
            ), editable=("REGISTERED",),
        ),),
    )  # fmt: skip

    name: Mapped[str] = text("名称", "Name.", search=True)
    code: Mapped[str] = text("编码", "Code.", 20, unique=True)
    note: Mapped[str | None] = long_text("说明", "Note.", personal="null")
    committee_id: Mapped[str] = ref("MediationCommittee", "调委会", "Committee.")
    previous_id: Mapped[str | None] = ref("{previous}", "前一项", "The one before.", reverse="next{n:03d}")
    state: Mapped[str] = choice(CaseState, "状态", "State.", computed=True)
    kind: Mapped[str | None] = choice(DisputeType, "类型", "Kind.")
    tags: Mapped[list[str] | None] = choices(FocusTag, "标签", "Tags.")
    count: Mapped[int] = integer("数量", "Count.")
    amount: Mapped[decimal.Decimal | None] = money("金额", "Amount.")
    on: Mapped[dt.date] = day("日期", "Day.")
    at: Mapped[dt.datetime | None] = moment("时间", "Moment.")
    done: Mapped[bool] = flag("完成", "Done.")
    data: Mapped[dict[str, object] | None] = document("文档", "Document.", copies=Shape())
    phone = encrypted("电话", "Phone.", mask="mobile")
'''
PROGRAM = """
import json, resource, time
begun = time.perf_counter()
import app
from db.registry import registry
imported = time.perf_counter()
entities = registry()
read = time.perf_counter()
from schema.build import build_schema, sdl
schema = build_schema(entities)
built = time.perf_counter()
text = sdl(schema)
document = '''{
  item119s(where: {previous: {name: {eq: "x"}}}) { totalCount nodes { id previous { name next119 { totalCount } } } }
}'''
from graphql import parse, validate
print(json.dumps({
    "entities": len(entities), "types": len(schema.core.type_map), "bytes": len(text.encode()),
    "errors": [str(e) for e in validate(schema.core, parse(document))],
    "fields": [n for n in schema.core.query_type.fields if n.startswith("item119")],
    "resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "processor": time.process_time(),
    "import": imported - begun, "registry": read - imported, "schema": built - read,
}))
"""


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process says that runs a copy of the checkout with the models added."""
    copy = tmp_path_factory.mktemp("grown")
    for package in ("db", "permissions", "resolvers", "schema", "admin"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    for module in ("app.py", "settings.py"):
        shutil.copy(ROOT / module, copy / module)
    for n in range(COUNT):
        previous = f"Item{n - 1:03d}" if n else "HostUnit"
        (copy / "db" / "models" / f"item{n:03d}.py").write_text(MODEL.format(n=n, previous=previous), encoding="utf-8")
    command = [sys.executable, "-c", PROGRAM]
    subprocess.run(command, cwd=copy, capture_output=True, check=True)  # compiles the new files once
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_hundred_and_twenty_models_become_one_schema(grown: dict[str, Any]) -> None:
    """How long it takes is printed, not judged: `./run bench` measures, on a machine at rest."""
    seconds = grown["import"] + grown["registry"] + grown["schema"]
    print(f"{grown['entities']} entities: import {grown['import']:.2f} s, registry {grown['registry']:.2f} s, "
          f"schema {grown['schema']:.2f} s, together {seconds:.2f} s; "
          f"processor {grown['processor']:.2f} s, resident {grown['resident']:.0f} MB, "
          f"{grown['types']} types, {grown['bytes'] / 1e6:.2f} MB")  # fmt: skip
    assert grown["entities"] >= COUNT + 10
    assert grown["errors"] == []
    assert grown["fields"] == ["item119", "item119s"]


def test_the_schema_of_so_many_stays_readable_in_one_piece(grown: dict[str, Any]) -> None:
    # The budget of 59 entities and 31 kinds of child rows, which have no mutations: three fifths of an entity each.
    assert grown["bytes"] / grown["entities"] < 2_500_000 / (59 + 31 * 0.6)
    # At most sixteen inputs an entity (tests/schema/test_sdl.py), the objects that are printed of it, and the payload
    # and results of the steps of its life.
    assert grown["types"] <= (16 + 14 + 3) * grown["entities"] + 300
