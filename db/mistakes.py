"""What a model may not say: each mistake is told at start with the model, the field and what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from db import crypto
from db.facts import Facts, Grant, Link, OneOf, Parts, Shape, Step
from db.kinds import DATE, KINDS
from db.series import DISTRICT, YEAR

if TYPE_CHECKING:
    from db.entity_info import EntityInfo
    from db.registry import Registry


class ModelMistake(Exception):
    """A model contradicts itself or another; the message says where and what to do."""

    def __init__(self, where: str, wrong: str, remedy: str) -> None:
        super().__init__(f"{where}: {wrong}. {remedy}")


def check_column(where: str, column: sa.Column[Any], facts: Facts) -> None:
    """Refuse a column whose facts contradict its type or each other. Raises ModelMistake."""
    if not facts.zh and not facts.hidden:
        raise ModelMistake(where, "the column has no Chinese label", "Give it one; it is what clerks see.")
    if isinstance(column.type, sa.Enum | sa.DateTime | sa.Date | sa.Numeric) and not isinstance(
        column.type, sa.types.TypeDecorator
    ):
        raise ModelMistake(where, f"{column.type!r} is not portable", "Use the functions of db.facts.")
    if facts.low is not None and facts.high is not None and facts.low > facts.high:
        raise ModelMistake(where, f"the bounds {facts.low}…{facts.high} are empty", "Turn them round.")
    if facts.mask is not None and facts.mask not in crypto.MASKS:
        raise ModelMistake(where, f"there is no mask {facts.mask!r}", f"Use one of {', '.join(crypto.MASKS)}.")
    if facts.unique and facts.personal:
        raise ModelMistake(
            where, "a key of rows is personal", "Who may not read it could still ask for it: drop unique or personal."
        )
    if (wrong := facts.kind.mistake(column, facts)) is not None:
        raise ModelMistake(where, *wrong)
    if isinstance(facts.default, dt.date):
        raise ModelMistake(where, "a fixed date as default ages", "Leave the default out.")


def check_entity(entities: Registry, info: EntityInfo) -> None:
    """Refuse an entity that names what it has not. Raises ModelMistake."""
    facts = info.facts
    where = f"{info.name}.__entity__"
    stored = {*info.fields, *(c.name for c in info.table.c)}
    known = {*stored, *info.relations}
    lists = {relation.name for relation, _ in entities.parts_of(info)}

    def must_know(what: str, names: Iterable[str], among: Collection[str] = known) -> None:
        for name in names:
            if name not in among:
                near = get_close_matches(name, among, 1)
                raise ModelMistake(
                    where,
                    f"{what} names {name!r}, which is no field",
                    f"Did you mean {near[0]!r}?" if near else "Name a field of the model.",
                )

    must_know("label", [facts.label])
    must_know("listed", facts.listed)
    must_know("order", [name.lstrip("-") for name in facts.order])
    must_know("dimensions", facts.dimensions)
    for columns in facts.unique:
        must_know("unique", columns)
    if facts.owner not in (None, "self") and not info.owners:
        raise ModelMistake(
            where, f"owner {facts.owner!r} is no reference", "Name a reference without its _id, 'self', or None."
        )
    for one_of in info.one_ofs.values():
        _check_one_of(info, one_of)
    for what, path in (
        ("committee", facts.committee),
        ("mediator", facts.mediator),
        ("maker", facts.maker),
        ("unit", info.unit),
        ("grid", facts.grid),
    ):
        try:
            entities.walk(info, path or "self")
        except KeyError as missing:
            raise ModelMistake(
                where, f"{what} path {path!r} has no relation {missing}", "Name relations, parted by dots."
            ) from None
    for link in facts.linked:
        _check_link(entities, info, link)
    for role, grant in info.grants.items():
        if grant.scope == "L" and not facts.linked:
            raise ModelMistake(
                where, f"{role.name} has scope L, but nothing links the rows", "Say how: linked=(Link(…),)."
            )
        for letter, what, path in (("B", "unit", info.unit), ("G", "grid", facts.grid or info.scope_column)):
            if grant.scope == letter and path is None:
                raise ModelMistake(
                    where, f"{role.name} has scope {letter}, but no {what} has the rows",
                    f'Name the path to it: {what}="self" or a reference without its _id.',
                )  # fmt: skip
        if grant.operations & _WRITES and (states := [t.column for t in grant.where if facts.is_state(t.column)]):
            raise ModelMistake(
                where, f"{role.name} writes by a condition on {states[0]!r}, which steps change",
                "Say from which states a step leads (Step.sources); by the state only what is read is parted.",
            )  # fmt: skip
        for named in grant.columns.values():
            must_know(f"the grant of {role.name}", named, stored | lists)
        for name in grant.columns.get("E", ()):
            column = info.fields.get(name)
            if column is None or not (column.kind.sealed or column.maskable):
                raise ModelMistake(
                    where,
                    f"the grant of {role.name} reveals {name!r}, which nobody sees masked",
                    "Name masked columns.",
                )
    for column in info.fields.values():
        if column.facts.copies:
            _check_shape(entities, info, f"{info.name}.{column.name}", column.facts.copies)
        if column.facts.series:
            _check_series(entities, info, f"{info.name}.{column.name}", column.facts)
    check_machines(where, info)
    label = info.fields.get(facts.label)
    if label and (label.maskable or label.kind.sealed):
        raise ModelMistake(
            where,
            f"label {facts.label!r} is personal",
            "People must be able to name a row by what everybody may read.",
        )


def _check_one_of(info: EntityInfo, one_of: OneOf) -> None:
    where = f"{info.name}.{one_of.name}"
    if len(one_of.columns) < 2:
        raise ModelMistake(where, "one of one is no choice", "Name two columns, or use ref(…).")
    if one_of.name in {*info.fields, *info.relations}:
        raise ModelMistake(where, "a field or relation has that name", "Choose another name.")


def check_part(entities: Registry, info: EntityInfo) -> None:
    """Refuse child rows whose parent cannot have any, or that more is open of than of it. Raises ModelMistake."""
    said = info.model.__dict__.get("__entity__")
    if not isinstance(said, Parts):
        return
    parent, where = entities[said.parent], f"{info.name}.__entity__"
    if parent.scope_column is None or parent.facts.about is not None:
        raise ModelMistake(where, f"{parent.name} lies in no region of its own", "Give it an owner, as Scoped has it.")
    if "scope_path" not in info.table.c:
        raise ModelMistake(where, "the rows belong to no region", "Derive the model from Part.")
    from_parent = said.from_parent(info.name, parent.facts)
    for role in said.matrix:
        _check_narrower(f"{info.name}.matrix {role}", info, said.matrix[role], from_parent.get(role))


def _check_narrower(where: str, info: EntityInfo, cell: str, inherited: str | None) -> None:
    """An override may hide personal columns and let masked ones be revealed; it opens nothing that the parent does
    not, and takes away nothing but personal columns."""
    if inherited is None:
        raise ModelMistake(where, "the role reads no row of the parent", "Leave the cell out.")
    own, given = Grant.parse(cell), Grant.parse(inherited)
    same = (own.operations - {"E"}, own.scope, own.above, own.aggregate_only) == (
        given.operations, given.scope, given.above, given.aggregate_only
    )  # fmt: skip
    if not same or (given.masked and not own.masked):
        raise ModelMistake(where, f"{cell!r} is not the parent's {inherited!r}", "Name columns, add m or E; no more.")
    plain = {f.name for f in info.fields.values() if f.writable and not (f.maskable or f.kind.sealed)}
    plain |= {r.near for r in info.references if r.facts and not r.facts.computed}
    for letter, named in own.columns.items():
        if letter != "E" and (missing := sorted(column for column in plain if column not in named)):
            raise ModelMistake(where, f"{letter} leaves out {missing[0]!r}, which is not personal", "Name it as well.")


def _check_series(entities: Registry, info: EntityInfo, where: str, facts: Facts) -> None:
    """A number may be made only of what its row and its day have, by steps that there are."""
    series = facts.series
    assert series is not None
    if not (facts.computed and facts.unique):
        raise ModelMistake(where, "a number that may be written, or given twice", "Say computed=True, unique=True.")
    for name in series.needs:
        *steps, last = name.split(".")
        end = info
        try:
            if steps == [DISTRICT] and DISTRICT not in info.relations:
                steps, end = [], entities["Region"]
            end = entities[entities.walk(end, ".".join(steps))[-1].target] if steps else end
            known = name == YEAR or end.fields[last] is not None
        except KeyError:
            known = False
        if not known:
            raise ModelMistake(where, f"the number names {name!r}, which is no field", "See db.series.")
    verbs = {step.verb for step in info.facts.steps if step.sources}
    for verb in series.steps:
        if verb not in verbs:
            raise ModelMistake(where, f"there is no step {verb!r} to give the number", "Name a step of the machine.")


def _check_shape(entities: Registry, info: EntityInfo, where: str, shape: Shape) -> None:
    """A document may copy only what there is: a name that leads nowhere would be read by everybody."""
    if shape.about is not None and shape.about not in info.fields:
        raise ModelMistake(where, f"about names {shape.about!r}, which is no field", "Name the column of the entity.")
    for copy in shape.copies:
        if copy.entity not in entities:
            raise ModelMistake(where, f"there is no entity {copy.entity!r} to copy", "Name the class of an entity.")
        known = {*entities[copy.entity].public_fields, *entities[copy.entity].public_relations}
        for name in copy.names:
            if name not in known:
                near = get_close_matches(name, known, 1)
                hint = f"Did you mean {near[0]!r}?" if near else "Name one of its fields as clients know it."
                raise ModelMistake(where, f"{copy.entity} has no field {name!r} to copy", hint)
    for name, part in shape.parts.items():
        _check_shape(entities, info, f"{where}.{name}", part)


def _check_link(entities: Registry, info: EntityInfo, link: Link) -> None:
    where = f"{info.name}.linked {link.path}"
    try:
        steps = entities.walk(info, link.path)
    except KeyError as missing:
        raise ModelMistake(
            where, f"the path has no relation {missing}", "Name relations, parted by dots, or 'self'."
        ) from None
    end = entities[steps[-1].target] if steps else info
    for column in (*filter(None, [link.unit]), *(name for name, _ in link.where)):
        if column not in end.table.c:
            raise ModelMistake(where, f"{end.name} has no column {column!r}", "Name one of its columns.")
    if link.unit is None and end.scope_column is None:
        raise ModelMistake(
            where, f"{end.name} lies in no region that a unit could cover", "Name the column of the unit."
        )


_WRITES = frozenset("CUSV")


def tested_values(table: sa.Table, column: str) -> tuple[str | bool, ...]:
    """The values that a column can hold which a grant's condition looks at. Raises ValueError for one it may not."""
    said = table.c[column].info["facts"] if column in table.c else None
    if said is None or said.hidden or said.kind not in ("enum", "bool"):
        raise ValueError(
            f"no condition looks at {column!r}: it takes enumerations and yes-no columns of the row itself"
        )
    if said.personal is not None:
        raise ValueError(f"no condition looks at {column!r}, which is personal: which rows are open would tell it")
    return tuple(member.name for member in said.members) if said.members else (False, True)


def check_machines(where: str, info: EntityInfo) -> None:
    """Refuse machines whose steps lead nowhere, meet each other, or ask for what no step may set."""
    machines, seen = info.facts.machines, dict[str, str]()
    for place, machine in enumerate(machines):
        state = info.fields.get(machine.column)
        if state is None:
            raise ModelMistake(where, f"the machine's column {machine.column!r} is no field", "Name the state column.")
        if place and machine.start:
            raise ModelMistake(where, f"the machine {machine.column!r} creates the row as well", "Only the first does.")
        states = set(state.facts.members.__members__) if state.facts.members else set()
        for step in machine.steps:
            at = f"{where} {step.verb}"
            if seen.setdefault(step.verb, machine.column) != machine.column:
                raise ModelMistake(at, "two machines have this verb", "A verb moves one of them: rename it.")
            pauses = step.due.pause if step.due else ()
            for name in sorted({*step.sources, step.target, *pauses} - states) if states else ():
                raise ModelMistake(at, f"{name!r} is no state of {machine.column!r}", "Name a member of its codes.")
            _check_step(at, info, step)


_ARGUMENTS = frozenset({"by", "ifVersion", "reason", "acknowledge", "where", "atMost", "dryRun"})
"""What a step's mutation asks for beside what it takes."""


def _check_step(at: str, info: EntityInfo, step: Step) -> None:
    if step.server and (step.roles or step.operation or step.takes or step.reason or step.by or step.apart):
        raise ModelMistake(at, "nobody takes a step of the server", "Leave roles and all that asks of people out.")
    if not step.server and not (step.roles and step.operation):
        raise ModelMistake(at, "nobody may take the step", "Name an operation and roles, or say server=True.")
    if step.undo and not info.facts.edges(step.undo):
        raise ModelMistake(at, f"there is no step {step.undo!r} back", "Name a verb of the entity.")
    if (step.warns or step.escalates) and step.due is None:
        raise ModelMistake(at, "it warns of no deadline", "Say due=Deadline(…).")
    if step.due and step.due.start is not None:
        start = info.fields.get(step.due.start)
        if start is None or start.kind not in ("date", "datetime"):
            raise ModelMistake(at, f"due begins with {step.due.start!r}, no such field", "Name a day or a moment.")
    for take in step.taken:
        field, relation = info.fields.get(take.column), info.relations.get(take.column.removesuffix("_id"))
        known = field or (relation if relation and relation.near == take.column else None)
        if known is None or not step.sources:
            raise ModelMistake(at, f"takes names {take.column!r}, which it cannot take", "Name a column of the row.")
        state = any(machine.column == take.column for machine in info.facts.machines)
        owner = info.owner is not None and info.owner.near == take.column
        kinds = field is not None and field.kind in ("id", "json")
        if state or owner or kinds or known.public in _ARGUMENTS:
            raise ModelMistake(at, f"takes names {take.column!r}, which no step may set", "Leave it to the server.")


_DIMENSIONS, _SUMS = frozenset({"enum", "bool"}), frozenset({"int", "decimal"})


def check_rollups(info: EntityInfo) -> None:
    """Refuse a rollup over what it cannot count by or add up. Raises ModelMistake."""
    for rollup in info.facts.rollups:
        where = f"{info.name}.rollups {rollup.name}"
        if "scope_path" not in info.table.c:
            raise ModelMistake(where, "the rows belong to no region", "Derive the model from Scoped.")
        asked = (
            ("day", (rollup.day,), {DATE}),
            ("dimensions", rollup.dimensions, {kind for kind in KINDS.values() if kind.finite}),
            ("sums", rollup.sums, {kind for kind in KINDS.values() if kind.summable}),
        )
        for what, names, kinds in asked:
            for name in names:
                field = info.fields.get(name)
                if field is None or field.kind not in kinds or field.maskable:
                    remedy = f"Name fields that hold {' or '.join(sorted(kinds))} and are not personal."
                    raise ModelMistake(where, f"{what} names {name!r}, which is no such field", remedy)
        for name in rollup.regions:
            relation = info.relations.get(name)
            if relation is None or relation.target != "Region" or relation.many or relation.through is not None:
                remedy = "Name references to Region without their _id."
                raise ModelMistake(where, f"regions names {name!r}, which is no reference to a region", remedy)
