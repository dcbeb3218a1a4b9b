"""What a viewer may do with the rows of an answer: no statement can print it.

Where a list selects ``allowedSteps``, the statement prints the row's id instead, and a DataLoader of the request
answers for all rows together (``strawberry.dataloader``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection
from strawberry.dataloader import DataLoader

from db.identity import parse_global_id
from permissions.walls import behind
from resolvers.commands.open_steps import OpenStep, open_steps
from resolvers.commands.work import named
from resolvers.requests import Later
from schema.errors import user_error

if TYPE_CHECKING:
    from db.entity_info import EntityInfo
    from schema.context import Context

Asked = tuple[str, bool]
"""The global id of a row, and whether to judge what is missing."""
Told = list[dict[str, Any]]
Loader = DataLoader[Asked, Told]


def loader(context: Context) -> Loader:
    """The loader of one request."""

    async def load(asked: list[Asked]) -> Sequence[Told]:
        found = {
            (identity, judged): told
            for judged in (False, True)
            for identity, told in await _load(
                context, [identity for identity, wants in asked if wants is judged], judged
            )
        }
        return [found.get(each, []) for each in asked]

    # Nothing is kept: of two writes in a request the second tells what may be done after it.
    return DataLoader(load_fn=load, cache=False)


async def _load(context: Context, identities: Sequence[str], judged: bool) -> Iterable[tuple[str, Told]]:
    """Rows by their global ids; none where a row is not there, cannot be seen, or has no state machine."""
    services, viewer = context.services, context.viewer
    keys: dict[str, dict[str, str]] = defaultdict(dict)
    for identity in identities:
        prefix, key = parse_global_id(identity) or ("", "")
        info = services.entities.by_prefix.get(prefix)
        if info is not None and info.facts.machines:
            keys[info.name][key] = identity
    found: list[tuple[str, Told]] = []
    for name, wanted in keys.items():
        info = services.entities[name]

        def look(
            connection: Any, info: EntityInfo = info, wanted: dict[str, str] = wanted
        ) -> dict[str, list[OpenStep]]:
            settings = services.database.settings
            return open_steps(connection, services.entities, viewer, settings, info, list(wanted), judged=judged)

        steps = await behind(services.database, viewer, "act").look(look)
        found += [(wanted[key], _told(context, info, wanted[key], open_)) for key, open_ in steps.items()]
    return found


def _open_steps(
    context: Context, info: EntityInfo, keys: Sequence[str], judged: bool, connection: Connection
) -> dict[str, list[OpenStep]]:
    services = context.services
    settings = services.database.settings
    return open_steps(connection, services.entities, context.viewer, settings, info, keys, judged=judged)


def _told(context: Context, info: EntityInfo, identity: str, steps: Sequence[OpenStep]) -> Told:
    return [
        {
            "row": identity, "verb": each.step.verb, "label": each.step.zh, "target": each.step.target,
            "reasonRequired": each.step.reason, "dueOn": each.due_on,
            "takes": [named(info, take.column).public for take in each.step.taken],
            "missing": [user_error(fault, context.english) for fault in each.missing],
        }
        for each in steps
    ]  # fmt: skip


# --- in the rows of a list --------------------------------------------------------------------------------------------


async def fill(steps: Loader, later: Sequence[tuple[str, Later]], answer: Any) -> None:
    """Put what the rows of an answer may be told of in the places where their ids stand."""
    places = [
        (row, key, wanted) for path, wanted in later for row, key in _places(answer, path.split(".")) if row.get(key)
    ]
    told = await steps.load_many([(row[key], wanted.asks_for("missing")) for row, key, wanted in places])
    for (row, key, wanted), found in zip(places, told, strict=True):
        row[key] = [_printed(step, wanted.parts) for step in found]


def _places(value: Any, path: Sequence[str]) -> Iterator[tuple[dict[str, Any], str]]:
    if isinstance(value, list):
        for item in value:
            yield from _places(item, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            yield value, path[0]
        else:
            yield from _places(value.get(path[0]), path[1:])


def _printed(value: dict[str, Any], parts: Sequence[tuple[str, str, Any]]) -> dict[str, Any]:
    """What is selected of an object; of ``__typename`` its third is the type's name."""
    made: dict[str, Any] = {}
    for key, name, more in parts:
        found = more if name == "__typename" else value.get(name)
        nested = isinstance(more, list) and isinstance(found, list)
        made[key] = [_printed(item, more) for item in found or ()] if nested else found
    return made
