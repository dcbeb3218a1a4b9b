"""Document and viewer -> what of the rows it copies is kept from the viewer.

A document is read by roles that open its row. Of what it copies (``db.facts.Shape``) each of them shows what it
shows of the copied entity itself: its columns and masks hold inside the document too. Whose scope is "oneself" (O), or
who may only count, is shown nothing of the others in it. Roles add up row by row, as they do for columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import ColumnElement, FromClause

from db.entity_info import EntityInfo, Field
from db.facts import Grant, Role, Shape
from db.registry import Registry
from permissions.columns import Sight, shows, where_shown
from permissions.scopes import grants_of
from permissions.viewer import Viewer

Veil = dict[str, "Sight | Veil | tuple[ColumnElement[bool], Veil]"]
"""Keys of an object, or of each one of a list, that are not simply shown: when they are, what is not, or both."""


def veil(entities: Registry, info: EntityInfo, field: Field, table: FromClause, viewer: Viewer) -> dict[str, Veil]:
    """What is kept from the viewer in a document of `table`, by the entity its row tells of; "" of any entity."""
    shape = field.facts.copies
    if shape is None:
        return {}

    grants = grants_of(info, viewer, "R")
    known: dict[tuple[bool, ...], Sight] = {}

    def sees(shown: Callable[[Role, Grant], bool]) -> Sight:
        """One object for all that the same grants show: a statement asks each condition once."""
        showing = tuple(shown(role, grant) for role, grant in grants)
        if showing not in known:
            known[showing] = where_shown(entities, info, table, viewer, shown)
        return known[showing]

    veils = {"": _copied(entities, shape, sees)}
    if shape.about is not None:
        veils |= {other.name: _told(entities, other, sees) for other in entities.values() if not other.facts.technical}
    return {name: found for name, found in veils.items() if found}


def paths(veils: Mapping[str, Veil]) -> Iterator[str]:
    """The dotted paths of what may be kept from the viewer."""

    def walk(some: Veil, above: str) -> Iterator[str]:
        for key, kept in some.items():
            inner = kept[1] if isinstance(kept, tuple) else kept
            if isinstance(inner, dict):
                yield from walk(inner, f"{above}{key}.")
            if not isinstance(kept, dict):
                yield above + key

    for found in veils.values():
        yield from walk(found, "")


_See = Callable[[Callable[[Role, Grant], bool]], Sight]


def _copied(entities: Registry, shape: Shape, sees: _See) -> Veil:
    seen: dict[str, Sight] = {}
    inner: Veil = {}
    for copy in shape.copies:
        info = entities[copy.entity]
        for name in copy.names or (*info.public_fields, *info.public_relations):
            sight = sees(lambda role, _, info=info, name=name: _shows(info, name, role))  # type: ignore[misc]
            _note(entities, info, name, sight, seen, inner, sees)
    for name, part in shape.parts.items():
        if name not in inner and (kept := _copied(entities, part, sees)):
            inner[name] = kept
    return _together(seen, inner)


def _told(entities: Registry, info: EntityInfo, sees: _See) -> Veil:
    """Of values that were written masked only whole columns are kept, and what documents among them copy."""
    seen: dict[str, Sight] = {}
    inner: Veil = {}
    for name in (*info.public_fields, *info.public_relations):
        sight = sees(lambda role, _, name=name: _touches(info, name, role))  # type: ignore[misc]
        _note(entities, info, name, sight, seen, inner, sees)
    return _together(seen, inner)


def _note(
    entities: Registry, info: EntityInfo, name: str, sight: Sight, seen: dict[str, Sight], inner: Veil, sees: _See
) -> None:
    if not (isinstance(sight, str) and sight == "shown"):
        seen[name] = sight
    shape = info.public_fields[name].facts.copies if name in info.public_fields else None
    if shape is not None and (kept := _copied(entities, shape, sees)):
        inner[name] = kept


def _together(seen: Mapping[str, Sight], inner: Veil) -> Veil:
    """What is shown on some rows only is veiled on those as well: who may read a key need not read all below it."""
    found: Veil = dict(inner)
    for name, sight in seen.items():
        below = inner.get(name)
        found[name] = sight if isinstance(sight, str) or not isinstance(below, dict) else (sight, below)
    return found


def _shows(info: EntityInfo, name: str, role: Role) -> bool:
    """Whether a role shows what a copy of some row holds: which row it is, or was, no condition can be asked."""
    known = [g for g in info.grants.of(role) if g.scope != "O" and _touching(info, name, g)]
    return any(name in info.public_relations or shows(grant, info.public_fields[name]) for grant in known)


def _touches(info: EntityInfo, name: str, role: Role) -> bool:
    return any(_touching(info, name, grant) for grant in info.grants.of(role))


def _touching(info: EntityInfo, name: str, grant: Grant) -> bool:
    if "R" not in grant.operations or grant.aggregate_only or grant.where:
        return False
    column = info.public_relations[name].near if name in info.public_relations else info.public_fields[name].name
    return grant.touches("R", column)
