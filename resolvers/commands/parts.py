"""Child rows (``db.parts``) written inside the create and update of their parent, which is held and judged with them.

``{"create": [{…}], "update": [{"id", …}], "delete": [id]}``, or ``{"set": [{"id"?, …}]}`` for the whole list: an item
with an id is that child, one without is new, who is absent is deleted. A fault stands where its value stands:
``("claimShares", "create", "0", "share")``. The parent's version counts for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from db.entity_info import EntityInfo, Relation
from db.identity import new_key, parse_global_id
from permissions.actions import OpenRow, open_row, writable_columns
from resolvers.acting import acts_of, wholes
from resolvers.commands import deletion, inputs, nested
from resolvers.commands.references import not_found
from resolvers.commands.work import Draft, Row, Work
from resolvers.faults import Fault, Refused

Before = Callable[[EntityInfo, Mapping[str, Any], str | None], list[Fault]]


@dataclass(frozen=True)
class Hands:
    """What the writing of a row lends to that of its children: it makes rows, judges drafts, and tells the faults of
    rows to be made."""

    make: nested.Make
    judge: Callable[[Draft], None]
    before: Before


def take(parent: Draft, given: Mapping[str, Any], hands: Hands) -> bool:
    """Write what an input says of the children of a row, by the names of their lists; whether any changed.

    Faults are noted in the parent's draft. Once it has one, or is judged early, nothing is written any more.
    """
    touched, lists = False, parent.work.entities.parts_of(parent.info)
    if lists:
        parent.work.learn(parent.info.name, parent.row)  # as it will be: the children take after it
    for relation, info in lists:
        said = given.get(relation.public)
        if said is None and not info.facts.whole:
            continue
        children = _Children(parent, relation, info, hands)
        if said is not None:
            children.take(said)
        if not children.faulty:
            children.judge_together()
        touched |= children.touched
    return touched


def remove(parent: Draft) -> None:
    """Delete the children of a row, before it is deleted itself."""
    for relation, info in parent.work.entities.parts_of(parent.info):
        for row in standing(parent.work, relation, info, parent.row["id"]):
            _delete(parent.work, info, OpenRow(row))


def standing(work: Work, relation: Relation, info: EntityInfo, key: str) -> list[Row]:
    """The living children of a row in one of its lists."""
    return work.living(info.name, info.table.c[relation.far] == key)


def _delete(work: Work, info: EntityInfo, row: OpenRow) -> None:
    draft, acts = Draft(work, info, row, {**row.values, "deleted_at": work.now}), acts_of(info.model)
    _run(acts.allow, draft)
    work.change(info.name, row.key, deleted_at=work.now)
    _run(acts.follow, draft)


@dataclass
class _Children:
    """The children of a row in one of its lists, as they will be."""

    parent: Draft
    relation: Relation
    info: EntityInfo
    hands: Hands
    rows: dict[str, Draft] = field(default_factory=dict)
    places: dict[str, tuple[str, ...]] = field(default_factory=dict)
    touched: bool = False
    faulty: bool = False

    def __post_init__(self) -> None:
        if not self.parent.new:
            for row in standing(self.work, self.relation, self.info, self.parent.row["id"]):
                self.rows[row["id"]] = Draft(self.work, self.info, OpenRow(row), dict(row))

    @property
    def work(self) -> Work:
        return self.parent.work

    @property
    def dry(self) -> bool:
        return self.parent.early or bool(self.parent.faults)

    def take(self, said: Any) -> None:
        """Read, judge and write what an input says: first what goes, then what changes, then what is new."""
        given = {name: each for name, each in said.items() if each is not None} if isinstance(said, Mapping) else {}
        if not self._allowed():
            self._refuse((), "READ_ONLY", "您不能修改", "may not be changed by you")
            return
        if "set" in given and len(given) > 1:
            self._refuse((), "CONFLICT", "写了 set 就不能再写其他", "takes set, or create, update and delete")
            return
        for key, place in list(self._going(given)):
            self._delete(key, place)
        for what in ("set", "update"):
            for number, item in enumerate(_list(given.get(what, ()))):
                place = (what, str(number))
                if (what == "update" or item.get("id") is not None) and (named := self._named(item.get("id"), place)):
                    self._update(named, item, place)
        for what in ("set", "create"):
            for number, item in enumerate(_list(given.get(what, ()))):
                if what == "create" or item.get("id") is None:
                    self._create(item, (what, str(number)))

    def judge_together(self) -> None:
        """What must hold of all of them; what is noted of the parent as a whole, is noted of their list."""
        faults, self.parent.faults = self.parent.faults, []
        for judge in wholes(self.parent.info, self.info):
            judge(self.parent, list(self.rows.values()))
        noted, self.parent.faults = self.parent.faults, faults
        for fault in noted:
            self.parent.faults.append(fault if fault.path else fault.under(self.relation.public))
        for key, draft in self.rows.items():
            self._harvest(draft, self.places.get(key, ()))

    # --- one child ----------------------------------------------------------------------------------------------------

    def _going(self, given: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
        for number, identity in enumerate(given.get("delete", ())):
            if named := self._named(identity, ("delete", str(number)), ()):
                yield named, ("delete", str(number))
        if "set" in given:
            kept = {self._key(item.get("id")) for item in _list(given["set"])}
            yield from ((key, ("set",)) for key in self.rows if key not in kept)

    def _delete(self, key: str, place: tuple[str, ...]) -> None:
        row = self._open(key, "delete", place)
        if row is None:
            return
        del self.rows[key]
        if referring := deletion.referring(self.work, self.info, key):
            self._note(replace(deletion.fault_of(self.info, referring), path=place))
            return
        self.touched = True
        _delete(self.work, self.info, row)  # also where something is faulty: others may take its place

    def _update(self, key: str, item: Mapping[str, Any], place: tuple[str, ...]) -> None:
        row = self._open(key, "update", (*place, "id"))
        if row is not None:
            draft = Draft(self.work, self.info, row, dict(row.values), early=self.parent.early)
            self._judge(draft, {name: value for name, value in item.items() if name != "id"}, place)

    def _create(self, item: Mapping[str, Any], place: tuple[str, ...]) -> None:
        mine = {"id": new_key(), self.relation.far: self.parent.row["id"]}
        draft = Draft(self.work, self.info, None, mine, set(mine), early=self.parent.early)
        self._judge(draft, {name: value for name, value in item.items() if (name, value) != ("id", None)}, place)

    def _judge(self, draft: Draft, data: Mapping[str, Any], place: tuple[str, ...]) -> None:
        entities, owner = self.work.entities, self.info.reference(self.relation.far).public
        parts = nested.split(entities, self.info, data, new=draft.new)
        if parts.own.pop(owner, None) is not None:
            draft.fault(self.relation.far, "READ_ONLY", "由外层确定，不能填写", "follows from the row around it")
        if self.dry:
            draft.faults.extend(parts.faults)
            draft.broken.update(nested.columns_to_come(self.info, parts))
            inputs.read(draft, parts.own)
            for target, brought, column, inside in nested.brought(entities, parts):
                draft.faults.extend(fault.under(*inside) for fault in self.hands.before(target, brought, column))
        else:
            inputs.read(draft, nested.make_before(draft, parts, self.hands.make))
        if draft.new:
            inputs.fill_defaults(draft)
        self.hands.judge(draft)
        self.rows[draft.row["id"]], self.places[draft.row["id"]] = draft, place
        self._harvest(draft, place)
        if not self.dry:
            self._write(draft, parts, place)

    def _write(self, draft: Draft, parts: nested.Parts, place: tuple[str, ...]) -> None:
        acts, changes = acts_of(self.info.model), draft.changes()
        _run(acts.allow, draft)
        if not changes:
            return
        self.touched = True
        _run(acts.finish, draft)
        if draft.new:
            draft.row |= self.work.made()
            self.work.insert(self.info.table, draft.row)
        else:
            self.work.change(self.info.name, draft.row["id"], **draft.changes())
        _run(acts.follow, draft)
        try:
            nested.make_after(draft, parts, self.hands.make)
        except Refused as refused:
            for fault in refused.faults:
                self._note(fault.under(*place))

    # --- which child, and whether -------------------------------------------------------------------------------------

    def _allowed(self) -> bool:
        """Whether the viewer may write this list of the parent."""
        return self.relation.name in writable_columns(self.parent.info, self.work.viewer, self.parent.open)

    def _key(self, identity: Any) -> str | None:
        found = parse_global_id(str(identity))
        return found[1] if found and found[0] == self.info.facts.prefix and found[1] in self.rows else None

    def _named(self, identity: Any, place: tuple[str, ...], at: tuple[str, ...] = ("id",)) -> str | None:
        """The key of the child that an id names, once; of another parent's there is none here."""
        key = self._key(identity)
        if key is None:
            self._note(replace(not_found(self.info), path=(*place, *at)))
        elif key in self.places:
            self._refuse((*place, *at), "CONFLICT", "写了两次同一条", "names a row twice")
            return None
        else:
            self.places[key] = place
        return key

    def _open(self, key: str, purpose: str, place: tuple[str, ...]) -> OpenRow | None:
        row = open_row(self.work.connection, self.work.entities, self.info, self.work.viewer, key, hold=purpose)
        if row is None:
            self._note(replace(not_found(self.info), path=place))
        return row

    # --- faults -------------------------------------------------------------------------------------------------------

    def _harvest(self, draft: Draft, place: tuple[str, ...]) -> None:
        for fault in draft.faults:
            self._note(fault.under(*place))
        draft.faults = []

    def _refuse(self, place: tuple[str, ...], code: str, zh: str, en: str) -> None:
        self._note(Fault(place, code, f"“{self.relation.zh}”{zh}。", f"{self.relation.public} {en}."))

    def _note(self, fault: Fault) -> None:
        self.faulty = True
        self.parent.faults.append(fault.under(self.relation.public))


def _list(items: Any) -> Sequence[Mapping[str, Any]]:
    return [items] if isinstance(items, Mapping) else items


def _run(acts: Sequence[Callable[[Draft], None]], draft: Draft) -> None:
    for act in acts:
        act(draft)
