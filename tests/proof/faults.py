"""The planted faults: one guard each, spread over rows, columns, grants, numbers, cursors, writes and the wall."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed

from tests.proof.mutants import Mutant

ACTIONS, COLUMNS, REACHES = "permissions/actions.py", "permissions/columns.py", "permissions/reaches.py"
SCOPES, VEILS, WALLS = "permissions/scopes.py", "permissions/veils.py", "permissions/walls.py"
COMPILER, CONDITIONS, JOINS = "resolvers/compiler.py", "resolvers/conditions.py", "resolvers/joins.py"
KEYS, LEVELS = "resolvers/keys.py", "resolvers/levels.py"
OUTBOX, PARTS = "db/outbox.py", "resolvers/commands/parts.py"
MEASURES, ORDERINGS, REFERENCES = "resolvers/measures.py", "resolvers/orderings.py", "resolvers/commands/references.py"

_ROWS = (
    Mutant(
        "a relation filter looks at every living row", CONDITIONS,
        "*link(c, relation, near, far), c.scope(target, far), not_(",
        "*link(c, relation, near, far), far.c.deleted_at.is_(None), not_(",
    ),
    Mutant(
        "a condition over a reference looks at a row that cannot be seen", CONDITIONS,
        "[*link(c, relation, table, far), c.scope(target, far)]",
        "[*link(c, relation, table, far), far.c.deleted_at.is_(None)]",
    ),
    Mutant(
        "a list is ordered by a row that cannot be seen", ORDERINGS,
        ".where(*link(c, relation, table, far), c.scope(target, far))",
        ".where(*link(c, relation, table, far), far.c.deleted_at.is_(None))",
    ),
    Mutant(
        "measures of a relation count every living row", MEASURES,
        "one = rows.where(c.scope(info, far))", "one = rows.where(far.c.deleted_at.is_(None))",
    ),
    Mutant(
        "a nested reference prints a row that cannot be seen", COMPILER,
        "*link(self, item.relation, table, far, hold), self.scope(info, far)]",
        "*link(self, item.relation, table, far, hold), far.c.deleted_at.is_(None)]",
    ),
    Mutant(
        "a nested list prints every living row", "resolvers/lists.py",
        "        if held and request.relation is not None and", "        if request.relation is not None and",
    ),
    Mutant(
        "a row is found by its key wherever it is", COMPILER,
        '*by_key(self, info, table, request.by, "by"), self.scope(info, table)]',
        '*by_key(self, info, table, request.by, "by"), table.c.deleted_at.is_(None)]',
    ),
    Mutant(
        "rows are grouped by a row that cannot be seen", KEYS,
        "on.append(c.scope(target, far))", "on.append(far.c.deleted_at.is_(None))",
    ),
    Mutant(
        "a row between two ends need not be seen", JOINS,
        "living(via) if proven else c.scope(info, via)", "living(via)",
    ),
    Mutant(
        "a region that cannot be seen names a subtree", JOINS,
        "[*by_key(c, info, region, by, where), c.scope(info, region)]",
        "[*by_key(c, info, region, by, where), region.c.deleted_at.is_(None)]",
    ),
)  # fmt: skip

_CONTAINMENT = (
    Mutant(
        "containment is proven although the levels above are open too", SCOPES,
        "if not grants or any(not g.by_regions or g.above for _, g in grants):",
        "if not grants or any(not g.by_regions for _, g in grants):",
    ),
    Mutant(
        "containment is proven between entities that different roles open", COMPILER,
        "and pure_ranges(target, self.viewer) == proof", "and pure_ranges(target, self.viewer) is not None",
    ),
    Mutant(
        "containment is proven whichever reference leads down", COMPILER,
        'and column == f"{target.facts.owner}_id"', "",
    ),
    Mutant(
        "the region of a row counts as seen although another scope opens the row", SCOPES,
        "if grant.scope not in REGION_SCOPES or not of_region.by_regions:", "if of_region.where:",
    ),
)  # fmt: skip

_SCOPES = (
    Mutant(
        "a range takes in what merely begins with the same signs", "permissions/viewer.py",
        'return path, path[:-1] + "0"', 'return path, path[:-1] + "~"',
    ),
    Mutant(
        "the levels above open their subtrees", SCOPES,
        'return [table.c[info.scope_column].in_([_bind(f"v_{role.name}_above{i}", Text()) for i in range(len(above))]',
        'return [table.c[info.scope_column] >= (_bind(f"v_{role.name}_above0", Text())',
    ),
    Mutant(
        "deleted rows are shown", SCOPES,
        "return and_(living(table), or_(false(), *open_rows)", "return and_(or_(false(), *open_rows)",
    ),
    Mutant(
        "records tell of entities that are closed to the viewer", SCOPES,
        "return [or_(column.is_(None), column.in_(names))]", "return []",
    ),
    Mutant(
        "one's own committee stands for all in its region", SCOPES,
        "if info.facts.committee is None:\n                return _in_ranges",
        "if info.scope_column is not None:\n                return _in_ranges",
    ),
    Mutant(
        "a court is linked to committees that are not filed", SCOPES,
        "_tied(info, table, viewer, role, link), *_fixed(table, link.where)", "_tied(info, table, viewer, role, link)",
    ),
)  # fmt: skip

_GRANTS = (
    Mutant(
        "a grant that ended counts", REACHES,
        "since <= day, sa.or_(until.is_(None), until >= day)]", "since <= day]",
    ),
    Mutant(
        "a grant on a unit that was deleted counts", REACHES,
        "and unit and _lives(connection, OrgUnit, unit):", "and unit:",
    ),
    Mutant(
        "a grant reaches committees beyond the regions of who gave it", REACHES,
        "if inside(subtree(row.scope_path), limits)]", "]",
    ),
    Mutant(
        "a unit covers regions beyond those of who gave the grant", REACHES,
        "if found := common(ranges_of(connection, region), limits):", "if found := ranges_of(connection, region):",
    ),
    Mutant(
        "rows of one's own are reached wherever they stand", SCOPES,
        "if info.scope_column is None or not reach.limited:", "if reach:",
    ),
)  # fmt: skip

_CONDITIONS = (
    Mutant(
        "a grant opens rows that do not meet its condition", SCOPES,
        "return and_(*_met(table, grant.where), opened) if grant.where else opened", "return opened",
    ),
    Mutant(
        "of several tests of a condition one is enough", SCOPES,
        "return and_(*_met(table, grant.where), opened) if", "return and_(or_(*_met(table, grant.where)), opened) if",
    ),
    Mutant(
        "a test that is turned round opens what it closes", "db/grants.py",
        "if (word in test.words) != test.negated)", "if word in test.words)",
    ),
    Mutant(
        "containment is proven although conditions part the rows", "db/grants.py",
        "return self.scope in REGION_SCOPES and not self.where", "return self.scope in REGION_SCOPES",
    ),
    Mutant(
        "records tell of rows that a condition closes", SCOPES,
        'return any(not grant.where for _, grant in grants_of(info, viewer, "R"))',
        'return bool(grants_of(info, viewer, "R"))',
    ),
    Mutant(
        "units that are not below one's own are reached", REACHES,
        "child.c.parent_id == tree.c.id,", "child.c.parent_id.is_not(tree.c.id),",
    ),
)  # fmt: skip

_COLUMNS = (
    Mutant(
        "a mask is skipped", COLUMNS,
        "shown = not (grant.masked and field.maskable) and grant.touches", "shown = grant.touches",
    ),
    Mutant(
        "a document shows what a role may not read of the rows it copies", VEILS,
        "known = [g for g in info.grants.of(role) if g.scope != \"O\" and _touching(info, name, g)]",
        "known = list(info.grants.of(role))",
    ),
    Mutant(
        "a document in a record shows what a role may not read", VEILS,
        "if shape.about is not None:", "if shape.about == '':",
    ),
    Mutant(
        "columns that a role may not read are shown to it", COLUMNS,
        'and grant.touches("R", field.name)', "",
    ),
    Mutant(
        "a role that shows a column shows it on the rows of all", COLUMNS,
        'if len(showing) == len(grants):\n        return "shown"', 'if showing:\n        return "shown"',
    ),
    Mutant(
        "a reference that is withheld leads on", JOINS,
        'return [] if seen == "shown" else', "return [] if seen else",
    ),
    Mutant(
        "a list is ordered by what may not be read", ORDERINGS,
        "if not conditionable(info, field, c.viewer):", 'if field.kind == "encrypted":',
    ),
    Mutant(
        "what may not be read is searched", "resolvers/search.py",
        "f\"(SELECT e.row_id FROM search_entry AS e WHERE e.field IN ({element.fields})\"",
        '"(SELECT e.row_id FROM search_entry AS e WHERE true"', kind="postgresql",
    ),
)  # fmt: skip

_NUMBERS = (
    Mutant(
        "who may only count sees the rows of another role as well", SCOPES,
        "and not (rows and grant.aggregate_only)", "",
    ),
    Mutant(
        "a small number of all is told", "resolvers/totals.py",
        "few = and_(counted.c.n > 0, counted.c.n <", "few = and_(counted.c.n > 0, counted.c.n + 4 <",
    ),
    Mutant(
        "a small group prints its key and its number", LEVELS,
        "ranked.c.smalls > _ZERO,", "ranked.c.smalls < _ZERO,",
    ),
    Mutant(
        "what is left without a key is one small group by itself", LEVELS,
        "or_(ranked.c.small, ranked.c.before == _ZERO, ranked.c.together + ranked.c.before < enough)",
        "ranked.c.small",
    ),
    Mutant(
        "who may only count parts a month into days", KEYS,
        "if granularity not in WHOLE_MONTHS and aggregates_only(info, c.viewer):",
        "if granularity is None and aggregates_only(info, c.viewer):",
    ),
)  # fmt: skip

_FOLLOWED = (
    Mutant(
        "conditions over what may only be counted are answered as if nothing were there", "resolvers/followed.py",
        'closed = None if grants_of(target, c.viewer, "R") else target',
        'closed = None if grants_of(target, c.viewer, "R", rows=False) else target',
    ),
    Mutant(
        "a list is ordered by numbers of what may not be read", ORDERINGS,
        "    check_followed(c, relation, at)\n    if relation.many:", "    if relation.many:",
    ),
)  # fmt: skip

_PLANS = (
    Mutant(
        "a cursor is everybody's", COMPILER,
        "context(viewer.account_id, resolve(", 'context("", resolve(',
    ),
    Mutant(
        "a cursor goes on under another condition", "resolvers/requests.py",
        "return [self.entity.name, relation, self.where, ", "return [self.entity.name, relation, ",
    ),
    Mutant(
        "a plan is kept for viewers of every kind", "schema/plans.py",
        "shape(graphql.variable_values), context.viewer.kind)", "shape(graphql.variable_values))",
    ),
)  # fmt: skip

_WRITES = (
    Mutant(
        "a reference may name a row that cannot be seen", REFERENCES,
        ".where(condition, scope(work.entities, info, table, work.viewer)).limit(1)",
        ".where(condition, table.c.deleted_at.is_(None)).limit(1)",
    ),
    Mutant(
        "a change of many rows meets rows that cannot be seen", ACTIONS,
        ".where(chosen, scope(entities, info, table, viewer))", ".where(chosen, table.c.deleted_at.is_(None))",
    ),
    Mutant(
        "a row that one may only read is changed", "resolvers/commands/rows.py",
        'if not row.roles("U"):', "if not row.values:",
    ),
    Mutant(
        "a refusal tells that there is such a row", REFERENCES,
        "    if found is None:\n        raise Refused",
        '    if found is None and work.get(info.name, str(by.get("id"))[-36:]):\n'
        '        raise bad_input("无权修改。", "Not yours.")\n    if found is None:\n        raise Refused',
    ),
    Mutant(
        "an export leaves before it is on record", "resolvers/streams.py",
        "            await self._record(viewer, request.entity, told)\n            told |=", "            told |=",
    ),
    Mutant(
        "the admin shows every table", "admin/tables.py",
        'return [table for table in self.values() if may(table.info, viewer, "R")]', "return list(self.values())",
    ),
)  # fmt: skip

_WALL = (
    Mutant(
        "the wall is handed the reach of who came before", WALLS,
        'viewer.__dict__.setdefault("_handed", {})', 'hand.__dict__.setdefault("_handed", {})', kind="walled",
    ),
)  # fmt: skip

_PAST = (
    Mutant(
        "who may only count asks for any day of the past", "resolvers/past.py",
        "        if aggregates_only(info, viewer):\n            binds.check(leaf, _month_end)\n", "",
    ),
    Mutant(
        "rows between two ends hold today, whatever day is asked about", JOINS,
        "*current(via, through.since, through.until, c.today()),", "*current(via, through.since, through.until),",
    ),
)  # fmt: skip

_BY_PARTS, _BY_OUTBOX, _BY_AS_OF = (
    f"tests/{name}.py" for name in ("resolvers/test_parts", "db/test_outbox", "resolvers/test_as_of")
)

_CHILDREN = (
    Mutant(
        "a child of another parent is changed", PARTS,
        "found[0] == self.info.facts.prefix and found[1] in self.rows else None",
        "found[0] == self.info.facts.prefix else None", by=_BY_PARTS,
    ),
    Mutant(
        "who may not write a list of children writes them", PARTS,
        "        if not self._allowed():\n", "        if said is None:\n", by=_BY_PARTS,
    ),
    Mutant(
        "what must hold of all children is not asked", PARTS,
        "for judge in wholes(self.parent.info, self.info):", "for judge in ():", by=_BY_PARTS,
    ),
    Mutant(
        "children stay when their parent goes", PARTS,
        "        for row in standing(parent.work, relation, info, parent.row[\"id\"]):\n            _delete",
        "        for row in []:\n            _delete", by=_BY_PARTS,
    ),
    Mutant(
        "a whole list keeps what it does not name", PARTS,
        "for key in self.rows if key not in kept)", "for key in [] if key not in kept)", by=_BY_PARTS,
    ),
)  # fmt: skip

_OUTBOX = (
    Mutant(
        "changes are numbered by the place that their act drew", OUTBOX,
        "sa.func.coalesce(_LAST, 0) + place, LINE.c.id", "_WAITING.c.id, LINE.c.id", by=_BY_OUTBOX,
    ),
    Mutant(
        "numbers are given again once their changes are removed", OUTBOX,
        "_LAST = sa.select(NumberSeries.last).where(NumberSeries.name == SERIES).scalar_subquery()",
        "_LAST = sa.select(sa.func.max(_ENTRY.c.n)).scalar_subquery()", by=_BY_OUTBOX,
    ),
    Mutant(
        "what was numbered last is forgotten", OUTBOX,
        "series.values(last=NumberSeries.last + done)", "series.values(last=NumberSeries.last)", by=_BY_OUTBOX,
    ),
)  # fmt: skip

_STOOD = (
    Mutant(
        "a row stands before it was as it is", "db/history.py",
        "return sa.or_(since <= at, sa.and_(rows.c.version <= _FIRST, first))", "return sa.or_(since <= at, first)",
        by=_BY_AS_OF,
    ),
    Mutant(
        "what was changed by then still stands", "db/history.py",
        "was.where(begun(shadow, shadow.c.stood_from), shadow.c.stood_to > at))",
        "was.where(begun(shadow, shadow.c.stood_from)))", by=_BY_AS_OF,
    ),
)  # fmt: skip

FAULTS = (
    _ROWS + _CONTAINMENT + _SCOPES + _GRANTS + _CONDITIONS + _COLUMNS + _NUMBERS + _FOLLOWED + _PLANS + _WRITES + _WALL
    + _PAST + _CHILDREN + _OUTBOX + _STOOD
)  # fmt: skip


def hunt_all(
    progress: Callable[[int, int], None], postgres: str | None, at_once: int | None = None
) -> list[tuple[Mutant, str | None]]:
    """Each fault with what noticed it, None where nothing did, in the order of FAULTS; some at once.

    `progress` is told how many are through and how many there are. Raises RuntimeError where a hunt could not run.
    """
    found: dict[Mutant, str | None] = {}
    with ThreadPoolExecutor(at_once or os.cpu_count()) as pool:
        running = {pool.submit(fault.caught, postgres): fault for fault in FAULTS}
        for number, ready in enumerate(as_completed(running), 1):
            found[running[ready]] = ready.result()
            progress(number, len(running))
    return [(fault, found[fault]) for fault in FAULTS]
