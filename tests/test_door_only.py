"""Tables of entities are written in one place: the source is parsed, and any other write is a fault."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from db.registry import registry
from settings import ROOT

HOUSE = ("db", "permissions", "resolvers", "schema", "admin")
BELOW = {"db/door.py", "db/bulk.py", "db/kept.py"}
"""Where it is done."""
OWN = {
    "db/audit/records.py": "the audit log writes itself: its rows never change",
    "db/audit/lines.py": "its lines do",
    "db/audit/prune.py": "and are removed when their time is over",
    "db/outbox.py": "with the places of their lines",
    "db/history.py": "the shadow beside an entity's table, by the door",
    "db/rollup_triggers.py": "roll-ups beside an entity's table, by the database",
    "db/rollup_upkeep.py": "roll-ups beside an entity's table",
}
FREE_TEXT = {"db/search.py", "db/walls.py"}
"""Technical tables written in SQL's own words."""
WRITES = {"insert", "update", "delete", "pg_insert", "sqlite_insert"}
SQL = re.compile(r"\b(?:INSERT\s+(?:OR\s+\w+\s+)?INTO|DELETE\s+FROM|UPDATE)\s+(\w+)", re.IGNORECASE)
OPEN_ENDED = re.compile(r"\b(?:INSERT\s+INTO|DELETE\s+FROM|(?<!FOR )UPDATE)\s+$", re.IGNORECASE)


@functools.cache
def tables() -> frozenset[str]:
    return frozenset(info.table.name for info in registry().values())


_KNOWN: dict[str, frozenset[str]] = {}


def technical(module: str) -> frozenset[str]:
    """The names of a module of ours that stand for tables of no entity."""
    if module not in _KNOWN:
        _KNOWN[module] = frozenset()  # of modules that import one another neither has more than it says itself
        _KNOWN[module] = _technical(module)
    return _KNOWN[module]


def _technical(module: str) -> frozenset[str]:
    path = ROOT / f"{module.replace('.', '/')}.py"
    if not path.exists():
        return frozenset()
    tree = ast.parse(path.read_text())
    if module == "db.technical":
        return frozenset(node.name for node in tree.body if isinstance(node, ast.ClassDef))
    return names_in(tree)


def names_in(tree: ast.Module) -> frozenset[str]:
    """Imported from where they are technical, or set at the top of the module to the table of one."""
    known: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in HOUSE:
            known |= {a.asname or a.name for a in node.names if a.name in technical(node.module)}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and target is not None and node.value is not None:
            one = isinstance(target, ast.Name)
            names = [target] if one else getattr(target, "elts", [])
            values = [node.value] if one else getattr(node.value, "elts", [])
            known |= {n.id for n, v in zip(names, values, strict=False) if isinstance(n, ast.Name) and of(v) in known}
    return frozenset(known)


def of(node: ast.expr) -> str | None:
    """The name whose table an expression is: ``Name``, ``Name.__table__``."""
    if isinstance(node, ast.Attribute) and node.attr == "__table__":
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def writes(source: str) -> Iterator[str]:
    """What in a source writes, or may write, a table of an entity: line and words."""
    tree = ast.parse(source)
    known = names_in(tree)
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            on = node.func.value if isinstance(node.func, ast.Attribute) else None
            whole = f"{node.lineno}: {ast.unparse(node)[:80]}"
            first, second = (node.args[at] if len(node.args) > at else None for at in (0, 1))
            if called in {"copy_records_to_table", "insert_rows"}:
                is_ours = second is None or of(second) not in known
            elif called in WRITES and (on is None or of(on) in {"sa", "sqlalchemy", "postgresql", "sqlite"}):
                is_ours = first is not None and of(first) not in known
            else:
                is_ours = called in WRITES and on is not None and is_table(on) and of(on) not in known
            if is_ours:
                yield whole
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            found = [name for name in SQL.findall(node.value) if name.lower() in tables()]
            if found or (OPEN_ENDED.search(node.value) and node.value.strip().upper() != "UPDATE"):
                yield f"{node.lineno}: {node.value[:80]}"


def is_table(node: ast.expr) -> bool:
    """``something.table``, ``Model.__table__``, ``TABLE``."""
    return (isinstance(node, ast.Attribute) and node.attr in {"table", "__table__"}) or (
        isinstance(node, ast.Name) and node.id.isupper()
    )


def sources() -> Iterator[tuple[str, Path]]:
    for path in sorted([*ROOT.glob("*.py"), *(p for folder in HOUSE for p in (ROOT / folder).rglob("*.py"))]):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("db/migrations/"):
            yield name, path


def test_only_the_door_writes_rows_of_entities() -> None:
    allowed = BELOW | set(OWN) | FREE_TEXT
    found = {name: told for name, path in sources() if name not in allowed and (told := list(writes(path.read_text())))}
    assert found == {}


def test_what_is_allowed_elsewhere_is_needed() -> None:
    """A file that writes nothing any more leaves the list."""
    idle = [name for name in {*OWN, *FREE_TEXT} if not list(writes((ROOT / name).read_text()))]
    assert idle == []


@pytest.mark.parametrize(
    "line",
    [
        "sa.update(Mediator).values(name='x')",
        "sa.insert(info.table)",
        "sa.delete(_TABLE)",
        "Mediator.__table__.insert()",
        "info.table.update()",
        "bulk.insert_rows(connection, table, columns, rows)",
        "connection.exec_driver_sql('UPDATE mediator SET name = 1')",
        "connection.exec_driver_sql(f'INSERT INTO {table.name} VALUES (1)')",
        "sa.text('delete from mediation_case')",
    ],
)
def test_a_write_beside_the_door_is_found(line: str) -> None:
    model = "from db.models.people.mediator import Mediator"
    source = f"import sqlalchemy as sa\n{model}\n_TABLE = Mediator.__table__\n{line}\n"
    assert [told.split(":")[0] for told in writes(source)] == ["4"]


def test_technical_tables_are_written_freely() -> None:
    source = "import sqlalchemy as sa\nfrom db.technical import ApiToken\n_T = ApiToken.__table__\nsa.update(_T)\n"
    assert list(writes(source)) == []
