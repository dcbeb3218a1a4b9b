"""All entities and their relations, read from the models once and checked; everything above derives from this.

A mistake in a model raises ModelMistake at start, with the model, the field and what to do.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

import sqlalchemy as sa
from sqlalchemy import inspect

from db.base import Base, Record
from db.computing import add_computed
from db.declared import facts_of
from db.entity_info import EntityInfo, Field, Relation
from db.facts import SCOPES, Entity, Facts, Grant, Grants, Role
from db.kinds import REF
from db.mistakes import ModelMistake, check_column, check_entity, check_part, check_rollups, tested_values
from db.naming import camel, snake


class Registry(Mapping[str, EntityInfo]):
    """The entities by class name, in the order of their names."""

    def __init__(self, models: Iterable[type[Record]]) -> None:
        known = {m.__name__: m for m in sorted(models, key=lambda m: m.__name__)}
        self._by_name = {name: _read(m, facts_of(m, known)) for name, m in known.items()}
        self.by_prefix = self._unique_prefixes()
        for info in self._by_name.values():
            self._add_references(info)
        for info in self._by_name.values():
            self._add_through(info)
        for info in self._by_name.values():
            add_computed(self, info, Field)
        for info in self._by_name.values():
            check_entity(self, info)
            check_part(self, info)
            check_rollups(info)

    def __getitem__(self, name: str) -> EntityInfo:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def of(self, model: type[Record]) -> EntityInfo:
        """The entity of a model class."""
        return self._by_name[model.__name__]

    def by_key(self, key: str) -> EntityInfo:
        """The entity of a table name."""
        return next(info for info in self.values() if info.key == key)

    def under(self, grants: Grants) -> Registry:
        """The same entities, each under the same grants in place of its own."""
        other = copy.copy(self)
        other._by_name = {name: replace(info, grants=grants) for name, info in self._by_name.items()}
        return other

    def parts_of(self, info: EntityInfo) -> list[tuple[Relation, EntityInfo]]:
        """The lists of child rows of an entity, and what they hold."""
        if info.parts is None:
            lists = [(r, self[r.target]) for r in info.relations.values() if r.many and r.through is None]
            mine = [(r, child) for r, child in lists if child.part_of == info.name]
            info.parts = [(r, child) for r, child in mine if child.owner and child.owner.near == r.far]
        return info.parts

    def walk(self, start: EntityInfo, path: str) -> list[Relation]:
        """The relations named by a dotted `path` from `start`; "self" is the empty path."""
        steps: list[Relation] = []
        for name in [] if path == "self" else path.split("."):
            steps.append(start.relations[name])
            start = self[steps[-1].target]
        return steps

    def _unique_prefixes(self) -> dict[str, EntityInfo]:
        seen: dict[str, EntityInfo] = {}
        for info in self._by_name.values():
            prefix = info.facts.prefix
            if prefix in seen:
                raise ModelMistake(
                    info.name, f"the id prefix {prefix!r} is taken by {seen[prefix].name}", "Choose another."
                )
            if not (prefix.isascii() and prefix.isalnum() and prefix.islower()):
                raise ModelMistake(
                    info.name, f"the id prefix {prefix!r} is not lower-case letters and digits", "Choose another."
                )
            seen[prefix] = info
        return seen

    def _add_references(self, info: EntityInfo) -> None:
        for column in info.table.c:
            facts: Facts = column.info["facts"]
            if facts.kind != REF or facts.hidden:
                continue
            where = f"{info.name}.{column.name}"
            if not column.name.endswith("_id"):
                raise ModelMistake(where, "a reference's column must end in _id", f"Rename it to {column.name}_id.")
            if facts.target not in self._by_name:
                near = get_close_matches(facts.target or "", self._by_name, 1)
                hint = f"Did you mean {near[0]!r}?" if near else "Name the class of an entity in db/models."
                raise ModelMistake(where, f"there is no entity {facts.target!r}", hint)
            name = column.name.removesuffix("_id")
            target = self._by_name[facts.target or ""]
            zh = target.facts.zh if info.part_of and name == info.facts.owner else facts.zh
            zh += f"（{target.facts.zh}）" if facts.one_of else ""
            self._put(info, Relation(name, info.name, target.name, zh, facts.en, column.name, "id", False, facts))
            if facts.reverse is not False:
                self._put(target, self._reverse(info, target, column.name, facts))

    def _reverse(self, info: EntityInfo, target: EntityInfo, column: str, facts: Facts) -> Relation:
        several = [
            c.name for c in info.table.c
            if c.info["facts"].target == target.name and c.info["facts"].reverse is None
        ]  # fmt: skip
        name = facts.reverse or snake(info.plural)
        if not facts.reverse and len(several) > 1:
            name += "_as_" + column.removesuffix("_id")
        zh = info.facts.zh if len(several) < 2 else f"{info.facts.zh}（{facts.zh}）"
        return Relation(
            name,
            target.name,
            info.name,
            zh,
            f"{info.name} rows whose {camel(column.removesuffix('_id'))} this is.",
            "id",
            column,
            True,
        )

    def _add_through(self, info: EntityInfo) -> None:
        for link in info.facts.through:
            where = f"{info.name}.through {link.name}"
            via = self._by_name.get(link.via)
            if via is None:
                raise ModelMistake(
                    where, f"there is no entity {link.via!r}", "Name the class of an entity in db/models."
                )
            for column in filter(None, (link.near, link.far, link.since, link.until, *(c for c, _ in link.where))):
                if column not in via.table.c:
                    raise ModelMistake(where, f"{link.via} has no column {column!r}", "Name one of its columns.")
            target = via.table.c[link.far].info["facts"].target
            self._put(
                info,
                Relation(link.name, info.name, target, link.zh, link.en, link.start, "id", not link.one, None, link),
            )
        if "Region" in self._by_name and info.name == "Region":
            self._put(
                info,
                Relation(
                    "ancestors",
                    "Region",
                    "Region",
                    "上级各级区划",
                    "The regions above, the nearest last.",
                    "path",
                    "path",
                    True,
                ),
            )

    def _put(self, info: EntityInfo, relation: Relation) -> None:
        taken = info.relations.get(relation.name) or info.fields.get(relation.name)
        if taken is not None:
            raise ModelMistake(
                f"{info.name}.{relation.name}", f"the relation from {relation.target} meets a field of that name",
                "Give the reference another reverse=…, or reverse=False.",
            )  # fmt: skip
        info.relations[relation.name] = relation


def _read(model: type[Record], facts: Entity) -> EntityInfo:
    """The entity without its relations: fields, hidden columns, grants."""
    if not (model.__doc__ or "").strip():
        raise ModelMistake(model.__name__, "the model has no docstring", "Describe it, Chinese first, then English.")
    table = inspect(model).local_table
    assert isinstance(table, sa.Table)
    grants = _grants(model, facts, table)
    one_ofs = {one_of.name: one_of for one_of in model.__dict__.get("__one_ofs__", ())}
    info = EntityInfo(model, model.__name__, facts, table, grants=grants, one_ofs=one_ofs)
    for column in table.c:
        said = column.info.get("facts")
        where = f"{model.__name__}.{column.name}"
        if said is None:
            raise ModelMistake(
                where, "the column says nothing about itself", "Make it with a function of db.facts, such as text(…)."
            )
        check_column(where, column, said)
        if said.hidden:
            info.hidden[column.name] = said
        elif said.kind != REF:
            name = column.info.get("encrypted", column.name)
            masked_null = said.personal == "null"
            nullable = bool(column.nullable or masked_null)
            info.fields[name] = Field(
                name, column.name, said, nullable, column.type, _withheld(grants, name), said.formula
            )
    return info


def _withheld(grants: Grants, name: str) -> bool:
    """Whether some role reads rows, but not this column of them."""
    return any("R" in grant.operations and not grant.touches("R", name) for grant in grants.values())


def _grants(model: type[Record], facts: Entity, table: sa.Table) -> Grants:
    """The cells of an entity in the permission matrix. Raises ModelMistake for what is none."""
    grants: list[tuple[Role, Grant]] = []
    tested = functools.partial(tested_values, table)
    for role, cell in facts.matrix.items():
        try:
            grants += [(Role[role], Grant.parse(part.strip()).settled(tested)) for part in cell.split(";")]
        except KeyError:
            near = get_close_matches(role, Role.__members__, 1)
            raise ModelMistake(
                model.__name__,
                f"there is no role {role!r}",
                f"Did you mean {near[0]!r}?" if near else "See db.facts.Role.",
            ) from None
        except ValueError as wrong:
            raise ModelMistake(
                f"{model.__name__}.matrix {role}", str(wrong), f"Scopes are {', '.join(SCOPES)}."
            ) from None
    return Grants(grants)


@functools.cache
def registry() -> Registry:
    """The registry of all models in ``db/models``."""
    import db.models  # noqa: F401  (imports every model)

    return Registry(_entities(Record))


def _entities(base: type[Record]) -> Iterator[type[Record]]:
    for model in base.__subclasses__():
        if "__abstract__" not in model.__dict__ and model.metadata is Base.metadata:
            yield model
        yield from _entities(model)
