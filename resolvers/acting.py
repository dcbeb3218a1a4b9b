"""The marks of acts, and how they are found: ``resolvers/acts/AREA/NAME.py`` does what the model of that path says.

What runs when, all in the transaction of the write:

- ``@prepares`` fills what the server computes or supplies; ``@prepares("level")`` names the columns that clients may
  therefore leave out of a new row;
- ``@checks`` notes faults of general kinds (REQUIRED, RANGE, STATE); ``@rule("BR-24", "…")`` is a rule of the field
  that the model names, in ``Entity(rules=…)`` for every create and update or in ``Step(rules=…)`` for that step;
- ``@allows`` raises Denied where the viewer has no right to this very row, once there is no fault;
- ``@finishes`` completes a row that will be written (numbers); ``@follows`` carries the effects to other rows when it
  stands. A deletion runs ``@allows`` and ``@follows`` only;
- ``@guards("submit")`` notes faults of general kinds before the step is taken;
- ``@whole("shares")`` judges all children of a row together, as they will be: ``(draft of the parent, drafts of the
  children)``, in the module of the parent or of the children, whose ``Parts(whole=…)`` name it;
- ``@effect("approve")`` is what a step does: it returns the columns it sets;
- ``@derives("status", "id", …)`` is the printed value of a column, in SQL, from the stored columns it names;
- ``@timer("open")`` is what the clock does every period of the timer that the model declares: ``(clock: Clock)``, in a
  transaction of its own.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pkgutil import walk_packages
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from db.entity_info import EntityInfo
from db.mistakes import ModelMistake
from db.naming import snake
from db.registry import Registry

if TYPE_CHECKING:
    from db.facts import Step
    from permissions.actions import OpenRow
    from resolvers.commands.clock import Clock
    from resolvers.commands.work import Draft, Work
    from resolvers.compiler import Compiler

F = TypeVar("F", bound=Callable[..., Any])
DraftAct = Callable[["Draft"], None]
WholeAct = Callable[["Draft", "Sequence[Draft]"], None]


@dataclass(frozen=True)
class Act:
    """A step under way on a row, as its effect sees it; the effect returns the columns that it sets."""

    work: Work
    info: EntityInfo
    row: OpenRow
    step: Step
    reason: str | None
    draft: Draft
    """The row as the rules of the step saw it."""


Effect = Callable[[Act], Mapping[str, Any]]
TimerAct = Callable[["Clock"], None]
Derivation = Callable[["Compiler", sa.FromClause], sa.ColumnElement[Any]]


@dataclass(frozen=True)
class Mark:
    """What a function of an acts module is: its kind, the name it answers to, and what else its mark says."""

    kind: str
    name: str = ""
    more: tuple[str, ...] = ()


def _marks(mark: Mark) -> Callable[[F], F]:
    def put(function: F) -> F:
        function.__dict__.setdefault("acts", []).append(mark)
        return function

    return put


def prepares(*supplied: str) -> Callable[[F], F]:
    """Fills columns before they are judged; clients may leave `supplied` out of a new row."""
    return _marks(Mark("prepares", more=supplied))


def checks(function: F) -> F:
    """Notes faults of general kinds in a draft."""
    return _marks(Mark("checks"))(function)


def rule(code: str, zh: str) -> Callable[[F], F]:
    """A rule of the field: ``@rule("BR-24", "案件各日期先后有序")`` notes its faults in a draft."""
    return _marks(Mark("rule", code, (zh,)))


def allows(function: F) -> F:
    """Raises Denied where the viewer may not touch this very row."""
    return _marks(Mark("allows"))(function)


def finishes(function: F) -> F:
    """Completes a row without a fault, just before it is written."""
    return _marks(Mark("finishes"))(function)


def follows(function: F) -> F:
    """Carries the effects of a write to other rows."""
    return _marks(Mark("follows"))(function)


def guards(*verbs: str) -> Callable[[F], F]:
    """Notes faults of general kinds before one of the steps `verbs` is taken."""
    return _marks(Mark("guards", more=verbs))


def whole(name: str) -> Callable[[F], F]:
    """Notes faults of all children of a row together, in its draft or in theirs: ``(parent, children)``."""
    return _marks(Mark("whole", name))


def effect(*verbs: str) -> Callable[[F], F]:
    """What a step does beyond its change of state; one function may serve several verbs."""

    def put(function: F) -> F:
        for verb in verbs:
            _marks(Mark("effect", verb))(function)
        return function

    return put


def derives(column: str, *needs: str) -> Callable[[F], F]:
    """The printed value of `column` in SQL: ``(compiler, table) -> expression``, from the stored columns `needs`."""
    return _marks(Mark("derives", column, needs))


def timer(name: str) -> Callable[[F], F]:
    """What the clock does each time the timer of this name falls due."""
    return _marks(Mark("timer", name))


@dataclass(frozen=True)
class Rule:
    """A numbered rule of the field: its Chinese sentence and the function that notes its faults."""

    code: str
    zh: str
    check: DraftAct


@dataclass(frozen=True)
class Derived:
    """The SQL of a column's printed value, and the stored columns that it needs."""

    expression: Derivation
    needs: tuple[str, ...]


@dataclass
class Acts:
    """All that one entity does; empty for an entity without a module."""

    prepare: list[DraftAct] = field(default_factory=list)
    check: list[DraftAct] = field(default_factory=list)
    allow: list[DraftAct] = field(default_factory=list)
    finish: list[DraftAct] = field(default_factory=list)
    follow: list[DraftAct] = field(default_factory=list)
    supplied: frozenset[str] = frozenset()
    rules: dict[str, Rule] = field(default_factory=dict)
    guards: dict[str, list[DraftAct]] = field(default_factory=dict)
    effects: dict[str, Effect] = field(default_factory=dict)
    derived: dict[str, Derived] = field(default_factory=dict)
    wholes: dict[str, WholeAct] = field(default_factory=dict)
    timers: dict[str, TimerAct] = field(default_factory=dict)


_PHASES = {"prepares": "prepare", "checks": "check", "allows": "allow", "finishes": "finish", "follows": "follow"}


@functools.cache
def acts_of(model: type) -> Acts:
    """What the entity of this model does, from the module at the model's path; none: nothing."""
    path = _path(model)
    return _read(import_module(path)) if path in _modules() else Acts()


def _path(model: type) -> str:
    """``db.models.cases.mediation_case`` -> ``resolvers.acts.cases.mediation_case``; a model may stand elsewhere."""
    area = model.__module__.removeprefix("db.models").rpartition(".")[0].lstrip(".")
    return ".".join(filter(None, ("resolvers.acts", area, snake(model.__name__))))


@functools.cache
def _modules() -> frozenset[str]:
    spec = find_spec("resolvers.acts")
    places = spec.submodule_search_locations if spec else None
    return frozenset(found.name for found in walk_packages(places, "resolvers.acts.") if not found.ispkg)


def _marked(module: ModuleType) -> Iterator[tuple[Mark, Any]]:
    for function in vars(module).values():
        if getattr(function, "__module__", "") == module.__name__:
            for mark in getattr(function, "__dict__", {}).get("acts", ()):
                yield mark, function


def _read(module: ModuleType) -> Acts:
    acts = Acts()
    for mark, function in _marked(module):
        if mark.kind in _PHASES:
            getattr(acts, _PHASES[mark.kind]).append(function)
            acts.supplied |= set(mark.more)
        elif mark.kind == "rule":
            _put(module, acts.rules, mark, Rule(mark.name, mark.more[0], function))
        elif mark.kind == "guards":
            for verb in mark.more:
                acts.guards.setdefault(verb, []).append(function)
        elif mark.kind == "effect":
            _put(module, acts.effects, mark, function)
        elif mark.kind == "whole":
            _put(module, acts.wholes, mark, function)
        elif mark.kind == "derives":
            _put(module, acts.derived, mark, Derived(function, mark.more))
        elif mark.kind == "timer":
            _put(module, acts.timers, mark, function)
    return acts


def _put(module: ModuleType, place: dict[str, Any], mark: Mark, value: Any) -> None:
    if mark.name in place:
        raise ModelMistake(module.__name__, f"{mark.kind} {mark.name!r} stands twice", "Keep one of the two.")
    place[mark.name] = value


def check_acts(entities: Registry) -> None:
    """Refuse what is declared and not done, or done and not declared. Raises ModelMistake."""
    known = {_path(info.model) for info in entities.values()}
    for path in sorted(_modules() - known):
        if any(True for _ in _marked(import_module(path))):
            raise ModelMistake(path, "it has acts, but no model has this path", "Name it as its model's file.")
    for info in entities.values():
        _check(info, acts_of(info.model))
        _check_whole(entities, info)


def wholes(parent: EntityInfo, child: EntityInfo) -> list[WholeAct]:
    """What judges the children of a row together."""
    found = acts_of(parent.model).wholes | acts_of(child.model).wholes
    return [found[name] for name in child.facts.whole]


def _check_whole(entities: Registry, info: EntityInfo) -> None:
    """What judges children together stands with them or with their parent, once."""
    where, done = _path(info.model), acts_of(info.model).wholes
    declared = list(info.facts.whole)
    for _, child in entities.parts_of(info):
        own, theirs = child.facts.whole, acts_of(child.model).wholes
        for name in own:
            if name in declared:
                raise ModelMistake(
                    child.name, f"the whole {name!r} of {info.name} stands twice", "Choose another name."
                )
            if (name in done) == (name in theirs):
                wrong = "declared and done nowhere" if name not in done else "done twice"
                remedy = f'Write it once: @whole("{name}") in {where}.'
                raise ModelMistake(child.name, f"the whole {name!r} is {wrong}", remedy)
        declared += own
    for name in sorted(done.keys() - set(declared)):
        raise ModelMistake(where, f"the whole {name!r} is named by no model", f'Name it: Parts(whole=("{name}",)).')


def _check(info: EntityInfo, acts: Acts) -> None:
    where, steps = _path(info.model), info.facts.steps
    declared = {*info.facts.rules, *(code for step in steps for code in step.rules)}
    verbs = {step.verb for step in steps if step.sources}
    for code in sorted(declared - acts.rules.keys()):
        raise ModelMistake(
            info.name, f"the rule {code} is declared and done nowhere", f'Write it: @rule("{code}", …) in {where}.'
        )
    for code in sorted(acts.rules.keys() - declared):
        raise ModelMistake(
            where, f"the rule {code} is named by no model", f'Name it: rules=("{code}",) in {info.name}.'
        )
    for verb in sorted((acts.effects.keys() | acts.guards.keys()) - verbs):
        raise ModelMistake(where, f"there is no step {verb!r}", f"Declare it in the machine of {info.name}.")
    _check_timers(info, acts, where)
    for column in sorted(acts.derived.keys() - info.fields.keys()):
        raise ModelMistake(where, f"there is no column {column!r} to derive", f"Declare it in {info.name}.")
    tested = {test.column for grant in info.grants.values() for test in grant.where}
    for column in sorted(tested & acts.derived.keys()):
        remedy = "Test a stored column: another value is shown than the one that would decide."
        raise ModelMistake(info.name, f"a grant's condition looks at {column!r}, which is derived", remedy)
    for column in sorted(acts.supplied - {*info.fields, *(c.name for c in info.table.c)}):
        raise ModelMistake(where, f"there is no column {column!r} to supply", f"Declare it in {info.name}.")


def _check_timers(info: EntityInfo, acts: Acts, where: str) -> None:
    declared = {each.name: each for each in info.facts.timers}
    for name in sorted(declared.keys() - acts.timers.keys()):
        raise ModelMistake(
            info.name, f"the timer {name!r} is declared and done nowhere", f'Write it: @timer("{name}") in {where}.'
        )
    for name in sorted(acts.timers.keys() - declared.keys()):
        raise ModelMistake(
            where,
            f"the timer {name!r} is declared by no model",
            f'Declare it: timers=(Timer("{name}", …),) in {info.name}.',
        )
    for name, each in declared.items():
        if (wrong := each.mistake()) is not None:
            raise ModelMistake(f"{info.name}.timers {name}", wrong, "Say every= and at= as db.timetable.Timer does.")
