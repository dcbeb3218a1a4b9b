"""An attack on the numbers of who may only count: everything that may be asked is asked, and rows are worked out of it.

The attacker knows the rules of the server, and of each key which values occur, and looks for rows: a number below five,
printed or left when what is told is taken from its total; a group of which the key is told and the number is not; a
group for which the rules leave one size only; a sum of so few values that it is nearly one of them. Over random
registers nothing of the kind may be found. The same attack on the answers to who sees the rows finds rows: it would
notice.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from tests.databases import Kind
from tests.places import Place, place
from tests.resolvers.twenty import key, readers, twenty
from tests.world import Row, Rows

K = 5
KEYS = {
    "disputeType": ("disputeType: true", "disputeType"), "outcome": ("outcome: true", "outcome"),
    "public": ("public: true", "public"),
    "year": ("concludedOn: {granularity: YEAR}", "concludedOn"),
    "month": ("concludedOn: {granularity: MONTH}", "concludedOn"),
    "street": ("region: {level: STREET}", "region { code }"),
}  # fmt: skip
WHERE = (None, "{disputeType: {neq: FAMILY}}")


def register(seed: int) -> Rows:
    """The committees and regions of the twenty cases with other cases, of which most groups are small."""
    chance, world = random.Random(seed), twenty()
    world.by_entity["MediationCase"].clear()
    for n in range(chance.randint(35, 60)):
        place_of = chance.choices(("D", "M", "QS", "S", "GT", "Q", "P"), (9, 6, 4, 3, 2, 1, 1))[0]
        kinds = ("FAMILY", "NEIGHBOUR", "DAMAGES", "TRAFFIC", "CONTRACT")
        day = dt.date(2025, 1, 15) + dt.timedelta(days=chance.choice((0, 0, 3, 31, 200, 370, 400)))
        world.add(
            "MediationCase", f"r{n}", id=key(400 + n), title=f"{n}", state="CLOSED", closed_on=None,
            committee_id=world.key("MediationCommittee", chance.choice(("c1", "c2", "c3", "c4"))),
            region_id=world.key("Region", place_of), registered_at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
            dispute_type=chance.choices(kinds, (12, 9, 4, 2, 2))[0], headcount=chance.randint(2, 9),
            outcome=chance.choices(("AGREED", "FAILED", "WITHDRAWN", None), (9, 4, 2, 2))[0], longitude=None,
            concluded_on=chance.choices((day, None), (9, 1))[0], public=chance.random() < 0.4,
            amount_claimed=Decimal(chance.randint(1, 9999)) if chance.random() < 0.4 else None,
        )  # fmt: skip
    return world


@dataclass(frozen=True)
class Cell:
    """A group or total of an answer: the values of its keys, which of them it stands for, its numbers."""

    values: tuple[Any, ...]
    count: int | None
    amount: str | None
    suppressed: bool


def values_of(cell: Any, names: Sequence[str]) -> tuple[Any, ...]:
    """The keys of a cell, a region by its code."""
    found = (cell["key"][KEYS[name][1].split()[0]] for name in names)
    return tuple(value["code"] if isinstance(value, dict) else value for value in found)


def asked(store: Place, viewer: str, names: Sequence[str], where: str | None, fill: bool) -> list[list[Cell]]:
    """An answer, level by level: the total, the totals of the first key, the groups."""
    by = ", ".join(f"{{{KEYS[name][0]}}}" for name in names)
    cell = f"key {{ {' '.join(KEYS[name][1] for name in names)} }} count sum {{ amountClaimed }} suppressed"
    listed = f"mediationCases(where: {where})" if where else "mediationCases"
    document = f"{{ {listed} {{ groupBy(by: [{by}], fill: {str(fill).lower()}, first: 1000)"
    answer = store.ask(viewer, f"{document} {{ nodes {{ {cell} }} subtotals {{ {cell} totalled }} }} }} }}")
    assert answer.get("errors") is None, answer
    found = answer["data"]["mediationCases"]["groupBy"]
    levels: list[list[Cell]] = [[] for _ in range(len(names) + 1)]
    for item in [*found["subtotals"], *found["nodes"]]:
        level = len(names) - len(item.get("totalled", ()))
        values = values_of(item, names)[:level]
        levels[level].append(Cell(values, item["count"], item["sum"]["amountClaimed"], item["suppressed"]))
    return levels


def questions() -> Iterator[tuple[tuple[str, ...], str | None, bool]]:
    """Every key by itself, filled and not, and every pair of keys in both orders, under each condition."""
    for where in WHERE:
        for name in KEYS:
            yield from (((name,), where, fill) for fill in (False, True))
        for pair in itertools.permutations(KEYS, 2):
            if {*pair} != {"year", "month"}:  # twice the same field in one key of the answer
                yield pair, where, False


def attack(store: Place, viewer: str) -> list[str]:
    """What can be worked out of the answers to a viewer."""
    cases = store.world.by_entity["MediationCase"]
    found: list[str] = []
    for names, where, fill in questions():
        levels = asked(store, viewer, names, where, fill)
        question = f"{names} {where} {fill}: "
        found += [question + what for what in [*printed(levels), *left(levels), *sums(levels, cases, names, where)]]
        if len(names) == 1 and names[0] in ("disputeType", "outcome", "public"):
            found += [question + what for what in sized(levels[1], occurring(cases, names[0], where))]
    return found


def printed(levels: list[list[Cell]]) -> Iterator[str]:
    """Numbers of few, and keys of groups whose numbers are withheld."""
    for cell in itertools.chain(*levels):
        if cell.count is not None and 0 < cell.count < K:
            yield f"{cell.values} are {cell.count}"
        if cell.suppressed and cell.values and cell.values[-1] is not None:
            yield f"{cell.values} is a group"


def left(levels: list[list[Cell]]) -> Iterator[str]:
    """What is left of a total when the groups below it are taken away whose numbers are told."""
    for above, below in itertools.pairwise(levels):
        for total in above:
            parts = [cell.count for cell in below if cell.values[:-1] == total.values and not cell.suppressed]
            if total.count is not None and not total.suppressed and None not in parts:
                rest = total.count - sum(part for part in parts if part is not None)
                if 0 < rest < K:
                    yield f"{rest} are left of {total.values}"


def kept(case: Row, where: str | None) -> bool:
    """Whether a case meets the condition."""
    return where is None or case["dispute_type"] != "FAMILY"


def value(case: Row, name: str) -> Any:
    """What a key that is a column says of a case."""
    return case[{"disputeType": "dispute_type"}.get(name, name)]


def occurring(cases: Sequence[Row], name: str, where: str | None) -> Counter[Any]:
    """How often each value of a key occurs; the attacker is told which do."""
    return Counter(value(case, name) for case in cases if kept(case, where))


def sums(levels: list[list[Cell]], cases: Sequence[Row], names: Sequence[str], where: str | None) -> Iterator[str]:
    """Sums of one to four values, told or left of a sum above."""
    if not {*names} <= {"disputeType", "outcome", "public"}:
        return

    def held(values: tuple[Any, ...]) -> int:
        met = [case for case in cases if kept(case, where)]
        for name, wanted in zip(names, values, strict=False):
            met = [case for case in met if value(case, name) == wanted]
        return sum(case["amount_claimed"] is not None for case in met)

    for above, below in itertools.pairwise(levels):
        for total in above:
            parts = [cell for cell in below if cell.values[:-1] == total.values and cell.amount is not None]
            plain = [cell for cell in parts if not cell.suppressed]
            for cell in plain:
                if 0 < held(cell.values) < K:
                    yield f"the sum of {cell.values} is of {held(cell.values)} values"
            rest = held(total.values) - sum(held(cell.values) for cell in plain)
            if plain and total.amount is not None and not total.suppressed and 0 < rest < K:
                yield f"the sum left of {total.values} is of {rest} values"


def sized(cells: list[Cell], truth: Counter[Any]) -> Iterator[str]:
    """Groups for which the rules leave one size: all ways are tried to share out what stands together."""
    shown = {cell.values[0]: cell.count for cell in cells if not cell.suppressed and cell.count}
    rest = [cell.count for cell in cells if cell.suppressed]
    absent = [name for name in truth if name not in shown]
    if not rest or rest[0] is None or not 1 < len(absent) <= 4 or rest[0] == len(absent):
        return
    possible = [
        dict(zip(absent, sizes, strict=True)) for sizes in shared(rest[0], len(absent))
        if told_by_rule({**shown, **dict(zip(absent, sizes, strict=True))}) == {*shown}
    ]  # fmt: skip
    assert {name: truth[name] for name in absent} in possible, "the attacker knows the rule"
    for name in absent:
        if len({sizes[name] for sizes in possible}) == 1:
            yield f"{name} can only be {truth[name]}"


def shared(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    """All ways to make a total of so many numbers that are not zero."""
    for cuts in itertools.combinations(range(1, total), parts - 1):
        yield tuple(high - low for low, high in itertools.pairwise((0, *cuts, total)))


def told_by_rule(sizes: dict[Any, Any]) -> set[Any]:
    """The groups that print a key: docs/decisions.md."""
    small = [name for name, n in sizes.items() if n < K]
    others = sorted((name for name in sizes if name not in small), key=lambda name: (name is None, str(name).upper()))
    together = sum(sizes[name] for name in small)
    joined = 0
    while small and others and (joined == 0 or together < len(small) + K + 1):
        together += sizes[others.pop()]
        joined += 1
    return {*others}


@pytest.mark.parametrize("seed", range(2))
def test_nobody_who_may_only_count_works_out_a_row(
    database_kind: Kind, migrated_database: Callable[[Kind], str], seed: int
) -> None:
    with place(migrated_database(database_kind), register(seed), readers()) as store:
        store.services.reads.differencing.per_hour = 10**9
        assert attack(store, "counts") == []
        everything = attack(store, "all")
    for sign in ("are 1", "the sum of"):
        assert any(sign in what for what in everything), "the attack finds rows where they are told"
