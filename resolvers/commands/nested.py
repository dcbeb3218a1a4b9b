"""Rows written together with the row they belong to: ``{"create": {…}}`` in the place of a reference or of a list.

What a reference names is made before the row, what a row owns after it, all in the one transaction. A fault stands
where its value stands: ``("committeeTerms", "0", "startsOn")``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from db.entity_info import EntityInfo, Relation
from db.registry import Registry
from resolvers.commands.work import Draft, place_of, public_id
from resolvers.faults import Fault, Refused, bad_input

DEEPEST = 3
"""Levels of rows below the one that a client writes."""
MOST = 100
"""Rows that one row brings along."""

_WRITTEN = frozenset({"create", "update", "set", "delete"})
Make = Callable[[EntityInfo, Mapping[str, Any]], str]
"""Creates a row of an entity: its key."""


@dataclass
class Parts:
    """An input, taken apart: what names rows to be made first, the lists of rows to be made after, and the rest."""

    own: dict[str, Any] = field(default_factory=dict)
    before: list[tuple[Relation, Mapping[str, Any]]] = field(default_factory=list)
    after: list[tuple[Relation, list[Mapping[str, Any]]]] = field(default_factory=list)
    children: dict[str, Any] = field(default_factory=dict)
    """What is said of child rows, by the public names of their lists (``resolvers.commands.parts``)."""
    faults: list[Fault] = field(default_factory=list)


def owned_lists(entities: Registry, info: EntityInfo) -> Iterator[Relation]:
    """The lists of rows that are parts of a row: they are owned by it and by no other, ever (DESIGN 5)."""
    for relation in info.relations.values():
        target = entities[relation.target]
        owner = target.owner
        if not relation.many or relation.through or owner is None or owner.near != relation.far:
            continue
        fixed = owner.facts is not None and owner.facts.fixed and not target.table.c[owner.near].nullable
        if fixed and owner.target == info.name and creatable(target):
            yield relation


def creatable(info: EntityInfo) -> bool:
    """Whether clients create rows of the entity at all."""
    return not info.facts.written_by_commands and any("C" in grant.operations for grant in info.grants.values())


def split(entities: Registry, info: EntityInfo, data: Mapping[str, Any], new: bool) -> Parts:
    """Take the input of a row that is new, or of a change, apart; what is wrong with its form is among the parts."""
    parts = Parts()
    data = _unfolded(info, data, parts, new)
    lists = {relation.public: relation for relation in owned_lists(entities, info)}
    children = {relation.public for relation, _ in entities.parts_of(info)}
    for name, value in data.items():
        relation = info.public_relations.get(name)
        if name in children:
            parts.children[name] = value
        elif name in lists:
            _take_list(parts, lists[name], value if isinstance(value, Mapping) else {}, new)
        elif relation is None or relation.many or not isinstance(value, Mapping):
            parts.own[name] = value
        else:
            _take_reference(parts, info, relation, value)
    return parts


def _unfolded(info: EntityInfo, data: Mapping[str, Any], parts: Parts, new: bool) -> dict[str, Any]:
    """The input with each one-of reference as the references it is made of: the others are cleared by it."""
    made: dict[str, Any] = {}
    for name, value in data.items():
        one_of = info.public_one_ofs.get(name)
        if one_of is None:
            made[name] = value
            continue
        members = [info.reference(column).public for column in one_of.columns]
        given = {key: each for key, each in (value or {}).items() if each is not None}
        if len(given) > 1 or not given.keys() <= set(members):
            zh, en = f"“{one_of.zh}”只能指一条。", f"{one_of.public}: name one row."
            parts.faults.append(Fault((one_of.public,), "CONFLICT", zh, en))
        elif not new or given:
            made |= {member: given.get(member) for member in members}
    return made


def _take_reference(parts: Parts, info: EntityInfo, relation: Relation, value: Mapping[str, Any]) -> None:
    if not value.keys() <= {"connect", "create"}:
        parts.own[relation.public] = value
        return
    given = {name: each for name, each in value.items() if each is not None}
    made = given.get("create", [])
    made = [made] if isinstance(made, Mapping) else made
    if len(given) != 1 or ("create" in given and len(made) != 1):
        zh, en = "connect 和 create 须写且只写一个，只能指一条", "name or create one row"
        parts.faults.append(replace(_one_of(relation, zh, en), path=place_of(info, relation)))
    elif made:
        parts.before.append((relation, made[0]))
    else:
        parts.own[relation.public] = given["connect"]


def _take_list(parts: Parts, relation: Relation, value: Mapping[str, Any], new: bool) -> None:
    made = value.get("create")
    made = [made] if isinstance(made, Mapping) else made
    if not new:
        parts.faults.append(_fault(relation, "READ_ONLY", "只能在新建时一并填写", "can be given at creation only"))
    elif value.get("connect") is not None or made is None:
        parts.faults.append(_one_of(relation, "须写 create：已有的不能改属他处", "takes create: rows never move"))
    else:
        parts.after.append((relation, list(made)))


def _one_of(relation: Relation, zh: str, en: str) -> Fault:
    return _fault(relation, "REQUIRED", zh, en)


def _fault(relation: Relation, code: str, zh: str, en: str) -> Fault:
    return Fault((relation.public,), code, f"“{relation.zh}”{zh}。", f"{relation.public}: {en}.")


# --- making -----------------------------------------------------------------------------------------------------------


def make_before(draft: Draft, parts: Parts, make: Make) -> dict[str, Any]:
    """Create what the row is to refer to; the input with references to it. Faults are noted in the draft."""
    own = dict(parts.own)
    draft.faults.extend(parts.faults)
    draft.broken.update(columns_to_come(draft.info, Parts(faults=parts.faults)))
    for relation, data in parts.before:
        target = draft.work.entities[relation.target]
        try:
            own[relation.public] = {"id": public_id(target, make(target, data))}
        except Refused as refused:
            draft.broken.add(relation.near)
            draft.faults.extend(fault.under(*place_of(draft.info, relation)) for fault in refused.faults)
    return own


def make_after(draft: Draft, parts: Parts, make: Make) -> None:
    """Create what the row owns. Raises Refused with the faults of all of it."""
    faults: list[Fault] = []
    for relation, item, place in _items(parts):
        target = draft.work.entities[relation.target]
        owner = target.reference(relation.far).public
        try:
            make(target, {**item, owner: {"id": public_id(draft.info, draft.row["id"])}})
        except Refused as refused:
            faults.extend(fault.under(*place) for fault in refused.faults)
    if faults:
        raise Refused(faults)


def brought(
    entities: Registry, parts: Parts
) -> Iterator[tuple[EntityInfo, Mapping[str, Any], str | None, tuple[str, ...]]]:
    """The rows an input brings along: entity, input, the column of the row it is a part of, and its place."""
    for relation, item in parts.before:
        yield entities[relation.target], item, None, place_of(entities[relation.source], relation)
    for relation, item, place in _items(parts):
        yield entities[relation.target], item, relation.far, place


def columns_to_come(info: EntityInfo, parts: Parts) -> set[str]:
    """The columns about which nothing can be said yet: those of rows to be made first, and those with a fault."""
    found = {relation.near for relation, _ in parts.before}
    for fault in parts.faults:
        one_of, relation = info.public_one_ofs.get(fault.path[0]), info.public_relations.get(fault.path[0])
        found.update(one_of.columns if one_of else [relation.near] if relation and not relation.many else [])
    return found


def refuse_owner(draft: Draft, parts: Parts, column: str) -> None:
    """Leave the column of what a part belongs to alone: its place says that already."""
    relation = draft.info.reference(column)
    draft.broken.add(column)
    if parts.own.pop(relation.public, None) is not None:
        draft.fault(column, "READ_ONLY", "由外层确定，不能填写", "follows from the row around it")


def _items(parts: Parts) -> Iterator[tuple[Relation, Mapping[str, Any], tuple[str, str]]]:
    for relation, items in parts.after:
        for number, item in enumerate(items):
            yield relation, item, (relation.public, str(number))


# --- bounds -----------------------------------------------------------------------------------------------------------


def brings(data: Mapping[str, Any]) -> bool:
    """Whether an input brings rows along."""
    return any(True for _ in _created(data))


def check_size(data: Mapping[str, Any]) -> None:
    """Raises BAD_INPUT for an input that nests deeper than `DEEPEST` or brings more rows than `MOST`."""
    levels: Iterable[Mapping[str, Any]] = [data]
    count = 0
    for depth in range(DEEPEST + 2):
        levels = [row for above in levels for row in _created(above)]
        count += len(levels)
        if count > MOST:
            raise bad_input(f"一次最多一并写 {MOST} 条。", f"At most {MOST} rows are written along with a row.")
        if not levels:
            return
        if depth >= DEEPEST:
            break
    raise bad_input(f"一并写最多 {DEEPEST} 层。", f"Rows are written at most {DEEPEST} levels deep.")


def _created(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for value in data.values():
        for what, made in value.items() if isinstance(value, Mapping) else ():
            if what in _WRITTEN:
                for item in [made] if isinstance(made, Mapping) else made if isinstance(made, list) else []:
                    yield item if isinstance(item, Mapping) else {}
            elif isinstance(made, Mapping):  # one way of a one-of reference
                yield from _created({what: made})
