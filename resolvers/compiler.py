"""A request and a viewer -> one statement that returns the JSON text of the answer.

One Compiler lives for one statement. It walks the request, and wherever a table comes in, the viewer's scope comes in
with it; the only exception is `proven`, and it says why.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, case, func, select
from sqlalchemy.engine import Dialect

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Role
from db.kinds import TEXT
from db.registry import Registry
from db.types import Day
from permissions.columns import reference_sight, sight
from permissions.scopes import aggregates_only, pure_ranges, scope
from permissions.veils import paths, veil
from permissions.viewer import Viewer
from resolvers import computed
from resolvers.acting import acts_of
from resolvers.binds import Binds, Call, Looked, Values, resolve
from resolvers.cursors import context
from resolvers.faults import forbidden, too_large
from resolvers.fragments import Member, Pieces, braced, concat, literal, pieces, printed
from resolvers.joins import by_key, link, the_latest
from resolvers.lists import ListText
from resolvers.parts import Parts, Tree
from resolvers.past import Past
from resolvers.requests import Connection, Either, Later, One, Paged, PartsOf, Pick, Single, Slot
from resolvers.veiled import veiled

MOST_TABLES = 2_000
_REPORTS = frozenset({"totalCount", "aggregate", "groupBy"})

Proof = frozenset[Role] | None
"""The roles whose region ranges alone restrict a table; None where its rows are restricted otherwise."""


@dataclass(frozen=True)
class Plan:
    """A compiled statement and how to run it for any viewer of the kind and any values of the shape."""

    sql: str
    values: Values
    cursors: tuple[Paged, ...]
    """The lists that cursors of the statement, printed or read, belong to."""
    prints_cursors: bool
    may_be_too_many: bool
    """Whether the answer may be ``fill.TOO_MANY``."""
    fixed: tuple[tuple[str | int, ...], ...]
    """The places among the variables whose values the statement was made for."""
    masked: tuple[str, ...]
    """Paths of the answer that print masks, without list indexes."""
    guarded: tuple[str, ...]
    """The entities that it counts for a viewer who may see no rows of them."""
    later: tuple[tuple[str, Later], ...] = ()
    """Paths of the answer that print an id in the place of what is told later, without list indexes."""
    past: Past | None = None
    """The moment that it is about, if that is not now."""
    about: tuple[Any, ...] = ()
    """What its cursors are bound to besides: the moment, and whether successors count."""
    lookups: tuple[tuple[str, Values], ...] = ()
    """Statements of one text each that are read before, and how to run them: the paths of regions it names."""

    @functools.cached_property
    def is_report(self) -> bool:
        """Whether it counts or measures rows, so that its answer says of which moment it is."""
        return any(part in _REPORTS for paged in self.cursors for _, part, _ in paged.parts)

    def call(
        self, viewer: Viewer, variables: Any = None, looked: Sequence[bytes | None] = ()
    ) -> tuple[Sequence[Any], Callable[[int], bytes]]:
        """The values of one execution and what its cursors are bound to. Raises BAD_INPUT for values that are none.

        `looked` is what the look-ups found, in their order.
        """
        known: dict[int, bytes] = {}

        def contexts(number: int) -> bytes:
            if number not in known:
                bound = [*self.cursors[number].bound, *self.about]
                known[number] = context(viewer.account_id, resolve(bound, variables))
            return known[number]

        return self.values(Call(variables, viewer.binds, contexts, looked)), contexts


def compile_request(
    request: Connection | Single, entities: Registry, viewer: Viewer, dialect: Dialect, suppress_below: int = 5,
    use_rollups: bool = True,
) -> Plan:  # fmt: skip
    """The plan of a request. Raises Denied for what the viewer may not ask."""
    c = Compiler(entities, viewer, suppress_below)
    c.ask_past(request)
    c.use_rollups = use_rollups and c.past is None and not c.successors
    return c.plan(c.single(request) if isinstance(request, Single) else c.list(request), dialect)


class Compiler:
    """The state of one compilation: aliases, binds, the lists with cursors and the masks met on the way."""

    def __init__(self, entities: Registry, viewer: Viewer, suppress_below: int) -> None:
        self.entities, self.viewer, self.suppress_below = entities, viewer, suppress_below
        self.binds = Binds()
        self.cursors: list[Paged] = []
        self.masked: list[str] = []
        self.later: list[tuple[str, Later]] = []
        self.guarded: set[str] = set()
        self.prints_cursors = False
        self.may_be_too_many = False
        self.use_rollups = True
        self.fixed: dict[tuple[str | int, ...], Any] = {}
        self.counts_only = False
        """Whether the list at the root is one of which the viewer sees numbers only."""
        self.looks_up = False
        """Whether ranges of regions are looked up before: where a planner that guesses them wrong costs most."""
        self.lookups: list[sa.Select[Any]] = []
        self.past: Past | None = None
        """The moment that the statement is about, if that is not now."""
        self.successors = False
        """Whether rows at regions that ended count with the regions that took their place."""
        self.beside: dict[tuple[FromClause, str], FromClause] = {}
        """(alias, reference) -> the row it names, where the statement has joined it outward already."""
        self._names = 0

    def plan(self, statement: sa.Select[Any], dialect: Dialect) -> Plan:
        """The plan of a statement that this compiler made, the last thing it does."""
        compiled = statement.compile(dialect=dialect)
        looks = [look.compile(dialect=dialect) for look in self.lookups]
        return Plan(
            str(compiled),
            Values(compiled, self.binds, dialect),
            tuple(self.cursors),
            self.prints_cursors,
            self.may_be_too_many,
            tuple(self.fixed),
            tuple(dict.fromkeys(self.masked)),
            tuple(sorted(self.guarded)),
            tuple(self.later),
            self.past,
            (*([self.past.leaf] if self.past else ()), *(["successors"] if self.successors else ())),
            tuple((str(look), Values(look, self.binds, dialect, checked=False)) for look in looks),
        )

    def fix(self, leaf: Any) -> Any:
        """The value of a leaf that the statement itself depends on: the plan is good for this value only."""
        if isinstance(leaf, Slot):
            self.fixed[leaf.path] = leaf.value
            return leaf.value
        return leaf

    def look_up(self, statement: sa.Select[Any]) -> Looked:
        """What a statement of one text finds, read before the plan's own."""
        self.lookups.append(statement)
        return Looked(len(self.lookups) - 1)

    def name(self) -> str:
        """A fresh name inside the statement. Raises TOO_EXPENSIVE before it grows beyond reason."""
        self._names += 1
        if self._names > MOST_TABLES:
            raise too_large()
        return f"t{self._names}"

    def ask_past(self, request: Connection | Single) -> None:
        """Let the statement be about the moment that a request names, if it names one; before anything is compiled."""
        info = request.pick.entity if isinstance(request, Single) else request.entity
        self.past = Past.of(request.as_of, info, self.viewer, self.binds)
        self.successors = isinstance(request, Connection) and bool(self.fix(request.successors))

    def alias(self, info: EntityInfo) -> FromClause:
        """A fresh alias of an entity's rows: of its table, or of what stood at the moment that is asked about."""
        return self.past.rows(info, self.name()) if self.past else info.columns.alias(self.name())

    def today(self) -> sa.BindParameter[Any]:
        """The day that "today" means in the statement; for rights it is always the real one."""
        return self.past.day() if self.past else sa.bindparam("v_today", type_=Day())

    def scope(self, info: EntityInfo, table: FromClause) -> ColumnElement[bool]:
        """The rows of `table` the viewer may see."""
        return scope(self.entities, info, table, self.viewer)

    def column(self, info: EntityInfo, field: Field, table: FromClause) -> ColumnElement[Any]:
        """The value of a field on `table`."""
        if field.formula is not None:
            return computed.value(self, info, field, table)
        derived = acts_of(info.model).derived.get(field.name)
        return derived.expression(self, table) if derived else table.c[field.column]

    # --- one row ---------------------------------------------------------------------------------------------------

    def single(self, request: Single) -> sa.Select[Any]:
        """The statement of one row by key; no row where it does not exist or cannot be seen."""
        info = request.pick.entity
        self.rows_allowed(info, request.pick.entity.single)
        table = self.alias(info)
        conditions = [*by_key(self, info, table, request.by, "by"), self.scope(info, table)]
        row = select(self.object(request.pick, table, pure_ranges(info, self.viewer), "")).where(*conditions)
        return the_latest(self, row, table)

    def list(self, request: Connection) -> sa.Select[Any]:
        """The statement of a list at the root."""
        # PostgreSQL guesses a range that a subselect gives at a few regions, and reads a province by index;
        # SQLite takes no subselect into the rows of a moment.
        self.counts_only = aggregates_only(request.entity, self.viewer)
        reports = any(part in ("groupBy", "aggregate") for _, part, _ in request.parts)
        self.looks_up = self.counts_only or reports or self.past is not None
        return ListText(self, request, None, None, "").statement()

    def object(self, pick: Pick, table: FromClause, proof: Proof, path: str) -> ColumnElement[str]:
        """The JSON object of one row of `table`."""
        members: list[Member] = []
        for key, item in pick.items:
            if isinstance(item, str):
                members.append((key, f'"{item}"'))
            else:
                members.append((key, self._item(pick.entity, item, table, proof, f"{path}.{key}" if path else key)))
        return concat(braced(members))

    def _item(
        self,
        info: EntityInfo,
        item: Field | PartsOf | One | Either | Later | Connection,
        table: FromClause,
        proof: Proof,
        path: str,
    ) -> ColumnElement[Any] | Pieces:
        if isinstance(item, Field):
            return self._scalar(info, item, table, path)
        if isinstance(item, PartsOf):
            return self._scalar(info, item.field, table, path, item.tree)
        if isinstance(item, Later):
            self.later.append((path, item))
            return self._scalar(info, info.fields["id"], table, path)
        if isinstance(item, One | Either):
            ones = [item] if isinstance(item, One) else item.ones
            rows = [self._one(one, table, proof, path) for one in ones]
            return func.coalesce(*rows, literal("null"), type_=sa.Text())
        return ListText(self, item, table, proof, path).sql()

    def _scalar(
        self, info: EntityInfo, field: Field, table: FromClause, path: str, tree: Tree | None = None
    ) -> ColumnElement[Any] | Pieces:
        seen = sight(self.entities, info, field, table, self.viewer)
        encrypted = field.kind.sealed
        if encrypted or not (isinstance(seen, str) and seen == "shown"):
            self.masked.append(path)
        if isinstance(seen, str) and seen == "masked":
            return self._mask(field, table)
        if field.formula is not None and not computed.readable(self, info, field):
            self.masked.append(path)
            return literal("null")
        value, prefix = self.column(info, field, table), info.facts.prefix
        if kept := veil(self.entities, info, field, table, self.viewer):
            self.masked += [f"{path}.{part}" for part in paths(kept)]
            about = field.facts.copies.about if field.facts.copies else None
            value = veiled(value, table.c[about] if about else None, kept)
        value = value if tree is None else Parts(value, tree)
        plain = isinstance(seen, str)
        if plain and not field.nullable:
            return pieces(value, field.kind, prefix)
        shown = printed(value, field.kind, prefix)
        shown = func.coalesce(shown, literal("null"), type_=sa.Text()) if field.nullable else shown
        return shown if isinstance(seen, str) else case((seen, shown), else_=self._mask(field, table))

    def _mask(self, field: Field, table: FromClause) -> ColumnElement[str]:
        if field.facts.personal != "surname":
            return literal("null")
        surname = func.substr(table.c[field.column], sa.literal_column("1"), sa.literal_column("1"), type_=sa.Text())
        return func.coalesce(printed(surname + literal("某某"), TEXT), literal("null"), type_=sa.Text())

    def _one(self, item: One, table: FromClause, proof: Proof, path: str) -> ColumnElement[Any]:
        info = item.pick.entity
        far = self.alias(info)
        hold = self.proven(item.relation, proof)
        conditions = [*link(self, item.relation, table, far, hold), self.scope(info, far)]
        rows = (
            select(self.object(item.pick, far, pure_ranges(info, self.viewer), path))
            .where(*conditions)
            .correlate_except(far)
        )
        if item.relation.through is not None:
            rows = rows.order_by(far.c.id).limit(sa.literal_column("1"))
        return rows.scalar_subquery()

    def proven(self, relation: Relation, proof: Proof) -> bool:
        """Whether rows a relation leads down to cannot lie outside the viewer's scope.

        So where the row above was restricted by region ranges alone, the rows below have that row as their owner
        (so they carry its scope path), and the viewer sees them by the very same ranges.
        """
        if proof is None or self.past is not None:
            return False  # of two rows that moved together one may have stood there a moment longer
        through = relation.through
        target = self.entities[through.via if through else relation.target]
        column = through.near if through else relation.far
        owned = relation.many or through is not None
        return (
            owned
            and (through is None or through.start == "id")
            and target.facts.owner is not None
            and column == f"{target.facts.owner}_id"
            and pure_ranges(target, self.viewer) == proof
        )

    def rows_allowed(self, info: EntityInfo, path: str) -> None:
        """Refuse rows to a viewer who may only count them."""
        if aggregates_only(info, self.viewer):
            raise forbidden(
                f"您只能查看“{info.facts.zh}”的汇总数，不能查看明细（{path}）。",
                f"You may see aggregates of {info.name} only, not its rows ({path}).",
                about=info.name,
            )

    def columns_of(self, pick: Pick, table: FromClause) -> Iterator[str]:
        """The stored columns that printing `pick` refers to."""
        for _, item in pick.items:
            if isinstance(item, Field | PartsOf):
                item = item.field if isinstance(item, PartsOf) else item
                yield from self._columns_of_field(pick.entity, item, table)
            elif isinstance(item, Either):
                for one in item.ones:
                    yield from self._columns_of_step(pick.entity, one.relation, table)
            elif isinstance(item, Later):
                yield "id"
            elif not isinstance(item, str):
                assert item.relation is not None
                yield from self._columns_of_step(pick.entity, item.relation, table)

    def _columns_of_step(self, info: EntityInfo, relation: Relation, table: FromClause) -> Sequence[str]:
        stored = not relation.many or relation.through is not None
        if stored and not isinstance(reference_sight(self.entities, info, relation.near, table, self.viewer), str):
            return [column.name for column in table.c]
        return ("parent_id",) if relation.name == "ancestors" else (relation.near,)

    def _columns_of_field(self, info: EntityInfo, field: Field, table: FromClause) -> Sequence[str]:
        kept = veil(self.entities, info, field, table, self.viewer)
        if kept or not isinstance(sight(self.entities, info, field, table, self.viewer), str):
            return [column.name for column in table.c]  # which mask falls may depend on any column of the scope
        if field.formula is not None:
            return [name for one in (field, *field.inputs) for name in self._needs(info, one)]
        return self._needs(info, field)

    def _needs(self, info: EntityInfo, field: Field) -> Sequence[str]:
        """The stored columns that a field's value is made of."""
        if field.formula is not None:
            return computed.needs(info, field)
        derived = acts_of(info.model).derived.get(field.name)
        return derived.needs if derived else (field.column,)
