"""Random aggregates and groups for Hypothesis: keys of every kind, conditions, orders, totals and rows of groups."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from permissions.viewer import Viewer
from tests.asks import Ask, Groups, Key, Measures
from tests.reference_values import GRANULARITIES, statistical
from tests.strategies import DIRECTIONS, Asks, Draw
from tests.world import LEVELS

ZONES = (None, "Asia/Shanghai", "America/New_York", "Europe/Berlin", "Asia/Kathmandu")
REGION_COLUMNS = ("code", "name", "level", "population")
WHOLE_MONTHS = ("MONTH", "QUARTER", "HALF_YEAR", "YEAR")
NUMBERS = ("sum", "avg", "median", "min", "max")
PLAIN = ("id", "text", "enum", "bool", "int", "decimal")


class GroupAsks(Asks):
    """The strategies of reads with numbers and groups in every list."""

    def grouped(self, entity: str) -> st.SearchStrategy[tuple[str, Ask]]:
        """A viewer and a list of an entity with its groups; often nothing else."""

        @st.composite
        def read(draw: Draw) -> tuple[str, Ask]:
            viewer = draw(st.sampled_from(sorted(self.viewers)))
            ask = self._ask(draw, entity, self.viewers[viewer], depth=draw(st.sampled_from((0, 0, 1))))
            ask.groups = ask.groups or self._groups(draw, entity, self.viewers[viewer])
            return viewer, ask

        return read()

    def walks(self, entity: str) -> st.SearchStrategy[tuple[str, Ask]]:
        """A viewer and groups to be walked page by page."""

        @st.composite
        def read(draw: Draw) -> tuple[str, Ask]:
            viewer = draw(st.sampled_from(sorted(self.viewers)))
            groups = self._groups(draw, entity, self.viewers[viewer])
            groups = replace(groups, first=draw(st.integers(1, 4)), subtotals=False, rows=None, fill=False)
            return viewer, Ask(entity, [], nodes=False, groups=groups)

        return read()

    def _ask(self, draw: Draw, entity: str, viewer: Viewer, depth: int) -> Ask:
        ask = super()._ask(draw, entity, viewer, depth)
        if draw(st.booleans()):
            ask.aggregate = self._measures(draw, entity, viewer)
        if depth == 0 and draw(st.booleans()):
            ask.groups = self._groups(draw, entity, viewer)
        return ask

    def _measures(self, draw: Draw, entity: str, viewer: Viewer, *, distinct: bool = True) -> Measures:
        info = self.reference.entities[entity]
        told = [f for f in info.fields.values() if self.reference.conditionable(entity, f, viewer)]
        distinct = distinct and not self.reference.counts_only(entity, viewer)
        counted = [f.public for f in told if f.kind != "enums"] if distinct else []

        def some(names: list[str]) -> list[str]:
            return draw(st.lists(st.sampled_from(names), max_size=2, unique=True)) if names else []

        found = {f: some([c.public for c in self.measurable(entity, viewer, f)]) for f in NUMBERS}
        return Measures(count=draw(st.booleans()), distinct=some(counted), **found)

    def _groups(self, draw: Draw, entity: str, viewer: Viewer) -> Groups:
        by = told_apart(draw(st.lists(self.key(entity, viewer, 2), min_size=1, max_size=3)))
        groups = Groups(by, self._measures(draw, entity, viewer, distinct=False))
        groups.fill, groups.subtotals, groups.pages = (draw(st.sampled_from((False, False, True))) for _ in range(3))
        if draw(st.booleans()):
            groups.having = draw(self.having(entity, viewer))
        groups.order = draw(st.lists(self._group_order(by, entity, viewer), max_size=2))
        groups.first = draw(st.one_of(st.none(), st.integers(0, 5)))
        grouped = {key.path[0] for key in by}
        plain = [f.public for f in self._columns(entity, viewer) if f.kind in PLAIN and f.public not in grouped]
        groups.stray = draw(st.sampled_from([None, *plain]))
        if not self.reference.counts_only(entity, viewer) and draw(st.booleans()):
            groups.rows = Ask(entity, ["id"], first=draw(st.integers(0, 3)), pages=True)
            if draw(st.booleans()):
                groups.rows.aggregate = self._measures(draw, entity, viewer)
        return groups

    # --- keys -------------------------------------------------------------------------------------------------------

    def key(self, entity: str, viewer: Viewer, depth: int) -> st.SearchStrategy[Key]:
        """A key that the viewer may group by, over at most `depth` references."""
        columns = self._columns(entity, viewer)
        plain = [Key((f.public,)) for f in columns if f.kind in PLAIN]
        plain += [Key((f.public,), rollup=True) for f in columns if f.kind == "enum" and any(statistical(f))]
        if not self.reference.counts_only(entity, viewer):
            plain += [Key((f.public,), element=True) for f in columns if f.kind == "enums"] * 2
        dates = [f.public for f in columns if f.kind in ("date", "datetime")]
        choices: list[st.SearchStrategy[Key]] = [st.sampled_from(plain)] if plain else []
        if dates:
            spans = WHOLE_MONTHS if self.reference.counts_only(entity, viewer) else GRANULARITIES
            bucket = st.tuples(*map(st.sampled_from, (dates, spans, ZONES, (None, None, "named"))))
            choices.append(bucket.map(lambda b: Key((b[0],), b[1], b[2], b[3])))
        ones = [r for r in self._relations(entity, viewer) if not r.many]
        places = [r.public for r in ones if r.target == "Region"]
        if places:
            told = LEVELS[:-1] if self.reference.counts_only(entity, viewer) else LEVELS
            level = st.tuples(st.sampled_from(places), st.sampled_from(told))
            choices += [level.map(lambda p: Key((p[0],), level=p[1]))] * 2
        far = [r for r in ones if r.target != "Region"]
        if depth and far:
            choices.append(
                st.sampled_from(far).flatmap(
                    lambda r: st.deferred(lambda: self.key(r.target, viewer, depth - 1)).map(
                        lambda key: replace(key, path=(r.public, *key.path))
                    )
                )
            )
        return st.one_of(choices)

    def _group_order(self, by: list[Key], entity: str, viewer: Viewer) -> st.SearchStrategy[dict[str, Any]]:
        paths = Counter(key.path for key in by)
        # An order names a path: where two keys share one, it would not say which is meant.
        region = self.reference.entities["Region"].public_fields
        told = [name for name in REGION_COLUMNS if self.reference.conditionable("Region", region[name], viewer)]
        keys = [key.path + ((column,) if key.level else ()) for key in by
                if paths[key.path] == 1 and not key.element
                for column in (told if key.level else ("",))]  # fmt: skip
        numbers = self.measure_order(entity, viewer)
        if not keys:
            return numbers
        named = st.tuples(st.sampled_from(keys), st.sampled_from(DIRECTIONS)).map(lambda p: {"key": _tree(*p)})
        return st.one_of(named, numbers)


def told_apart(keys: list[Key]) -> list[Key]:
    """The keys without repetitions; two periods of one column get names of their own."""
    found: list[Key] = []
    for place, key in enumerate(keys):
        twice = sum(other.path == key.path for other in keys) > 1
        named = replace(key, alias=f"n{place}") if key.granularity and (twice or key.alias) else key
        same = (named.path, named.level, named.alias, named.rollup)
        if not any((other.path, other.level, other.alias, other.rollup) == same for other in found):
            found.append(named)
    return found


def _tree(path: tuple[str, ...], direction: str) -> Any:
    tree: Any = direction
    for name in reversed(path):
        tree = {name: tree}
    return tree
