"""``search`` -> SQL: every word must stand in a column that the viewer may read in full.

A word is compared unit by unit with characters that stand next to each other: a Chinese character, digit or sign with
itself, Latin letters either each with itself or with the first letter of a reading, or as syllables, of which the last
one of a word may be unfinished; no syllable reaches over an apostrophe (``xi'an``). Grams find the rows that may hold
the word hardest to find, and patterns over the cells of ``db.grams`` decide; so the statement is the same for any
search, and its values alone are new.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from itertools import chain, islice, pairwise, product
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement
from sqlalchemy.types import TypeDecorator

from db.entity_info import EntityInfo, Field
from db.grams import NEVER, cell, codes, letter_sound, numbered, pair, set_sounds
from db.search import field_of
from db.sounds import PART, heard, parted, readings, syllables
from db.types import Grams, Key
from permissions.columns import conditionable
from permissions.scopes import aggregates_only
from resolvers.binds import Call
from resolvers.faults import bad_input
from resolvers.values import checked_text

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

LONGEST, MOST_WORDS = 100, 8
LONGEST_SYLLABLE = 6
MOST_READINGS = 8
"""Ways to read a word of Latin letters: as letters, and as syllables, those of the fewest first."""


def searchable(info: EntityInfo) -> list[Field]:
    """The columns of an entity that a search looks through."""
    return [field for field in info.fields.values() if field.facts.search]


def found(c: Compiler, info: EntityInfo, table: FromClause, search: Any) -> ColumnElement[bool]:
    """Rows of `table` that a search finds. Raises BAD_INPUT where the viewer may search nothing of the entity."""
    fields = [field for field in searchable(info) if conditionable(info, field, c.viewer)]
    if not fields or aggregates_only(info, c.viewer):
        raise bad_input(
            f"search：您看不到{info.facts.zh}中可以检索的内容。",
            f"search: you may read nothing of {info.name} to search.",
        )

    entity, numbers = info.table.name, range(MOST_READINGS)

    def bind(kind: sa.types.TypeEngine[Any], part: str, number: int | None = None) -> sa.BindParameter[Any]:
        def convert(value: Any, _call: Call) -> Any:
            found = getattr(looked_up(entity, value), part)
            return found if number is None else found[number]

        return c.binds.add(search, kind, convert)

    ids = Found(
        [field_of(info.table, field.name) for field in fields],
        bind(sa.Text(), "others"),
        bind(sa.Text(), "plain"),
        [bind(Grams(), "grams", n) for n in numbers],
        [bind(Pattern(), "patterns", n) for n in numbers],
    )
    # At the head of the statement, wherever the list stands: SQLite's parser holds a hundred open symbols at most.
    rows = sa.select(sa.column("row_id", Key())).select_from(ids.alias(c.name())).cte(c.name())
    return table.c.id.in_(sa.select(rows.c.row_id))


def checked(value: Any, _call: Call | None = None) -> list[str]:
    """The words of a search, folded. Raises BAD_INPUT for what is none."""
    checked_text(value)
    if len(value) > LONGEST:
        raise bad_input(f"search 最多 {LONGEST} 个字。", f"search takes at most {LONGEST} characters.")
    words = list(filter(None, (word.strip(PART) for word in parted(value).split())))
    if not words:
        raise bad_input("search 是空的；请写出要找的内容。", "search is empty; say what to look for.")
    if len(words) > MOST_WORDS:
        raise bad_input(f"search 最多 {MOST_WORDS} 个词。", f"search takes at most {MOST_WORDS} words.")
    return words


# --- what is looked up ------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """The values of a search: how to find the word looked up, each way to read it in its place, and the other words."""

    grams: tuple[list[int] | None, ...]
    patterns: tuple[str | None, ...]
    """One must be met, unless the word can be read in one way only:"""
    plain: str | None
    """the cells of a word that is to be found just as it is written."""
    others: str
    """JSON: of each other word the patterns, of which one must be met."""


class Reading(NamedTuple):
    """One way to read a word: the pattern that its cells meet, and the grams that they have."""

    pattern: str
    grams: tuple[str, ...]


@functools.lru_cache(maxsize=256)
def looked_up(entity: str, search: str) -> Asked:
    """What a search of an entity (its table's name) binds. Raises BAD_INPUT for what is no search."""
    words = [readings_of(word) for word in dict.fromkeys(checked(search))]
    # The word with most grams is the rarest, as a rule.
    words.sort(key=lambda ways: -min(len(way.grams) for way in ways))
    first, *others = words
    none = [None] * (MOST_READINGS - len(first))
    grams = [[numbered(entity, gram) for gram in way.grams] for way in first]
    patterns = [way.pattern for way in first]
    plain = None if "[" in patterns[0] else patterns[0]
    rest = [[way.pattern for way in ways] for ways in others]
    return Asked(
        (*grams, *none), (None,) * MOST_READINGS if plain else (*patterns, *none), plain, orjson.dumps(rest).decode()
    )


def readings_of(word: str) -> list[Reading]:
    """The ways to read a folded word."""
    runs = re.findall(rf"[a-z{PART}]+|[^a-z]", word)
    ways = [_ways(run.strip(PART), last=n == len(runs) - 1) for n, run in enumerate(runs) if run.strip(PART)]
    word = word.replace(PART, "")
    some = islice(product(*ways), MOST_READINGS)
    units = [tuple(unit for run in way for unit in run) for way in some]
    return list({pattern(one): Reading(pattern(one), grams_of(one, word)) for one in units}.values())


def _ways(run: str, last: bool) -> list[tuple[Unit, ...]]:
    """The ways to read a run of Latin letters, or the one way to read any other character."""
    pieces = run.split(PART)
    if not all(piece.isascii() and piece.isalpha() for piece in pieces):
        return [(Sign(run),)]
    spelled = [_spelled(piece, last and n == len(pieces) - 1) for n, piece in enumerate(pieces)]
    joined = [tuple(chain.from_iterable(way)) for way in islice(product(*spelled), MOST_READINGS - 1)]
    return [tuple(map(Letter, "".join(pieces))), *joined]


def _spelled(run: str, last: bool) -> list[tuple[Unit, ...]]:
    """The ways to read letters as syllables, those of the fewest first; at the end of a word the last one may be
    unfinished. From the end on, and never more than are kept: letters can be cut in thousands of ways."""
    ends: list[list[tuple[Unit, ...]]] = [[] for _ in run] + [[()]]
    for start in reversed(range(len(run))):
        found: list[tuple[Unit, ...]] = []
        for end in range(start + 1, min(start + LONGEST_SYLLABLE, len(run)) + 1):
            piece = run[start:end]
            if last and end == len(run) and heard(piece, whole=True) != heard(piece, whole=False):
                found.append((Beginning(piece),))
            elif piece in syllables():
                found += [(Syllable(piece), *rest) for rest in ends[end]]
        ends[start] = sorted(found, key=len)[: MOST_READINGS - 1]
    return ends[0]


# --- units ------------------------------------------------------------------------------------------------------------


class Sign(str):
    """A character that stands for itself."""

    __slots__ = ()


class Letter(str):
    """A Latin letter: itself, or the first of a reading."""

    __slots__ = ()


class Syllable(str):
    """A whole reading."""

    __slots__ = ()


class Beginning(str):
    """A reading or its beginning."""

    __slots__ = ()


Unit = Sign | Letter | Syllable | Beginning
_ANY = f"[^{NEVER}]"


def pattern(units: Sequence[Unit]) -> str:
    """What the cells of the units look like, as both GLOB and regular expressions write it."""
    return "".join(map(_cell_pattern, units))


@functools.lru_cache(maxsize=10_000, typed=True)  # the same letters may be several kinds of unit
def _cell_pattern(unit: Unit) -> str:
    if isinstance(unit, Sign):
        return cell(unit)
    points = set_sounds(heard(unit, whole=isinstance(unit, Syllable)))
    if isinstance(unit, Letter):
        points = [letter_sound(unit), *points]
    return f"{_ANY}[{_ranges(points)}]"


def _ranges(points: Sequence[int]) -> str:
    """Code points as the inside of brackets, neighbours as a range."""
    text = ""
    for n, point in enumerate(points):
        if n and n + 1 < len(points) and points[n - 1] + 1 == point == points[n + 1] - 1:
            text += "" if text.endswith("-") else "-"
        else:
            text += chr(point)
    return text


def grams_of(units: Sequence[Unit], word: str) -> tuple[str, ...]:
    """Grams that every text has in which the units stand next to each other."""
    wanted: dict[str, None] = dict.fromkeys(codes(word))
    paired: set[int] = set()
    for at, (one, other) in enumerate(pairwise(units)):
        said, next_said = _said(one), _said(other)
        if said and next_said:
            wanted[pair(said, next_said)] = None
            paired |= {at, at + 1}
        else:
            wanted[pair(_first(one), _first(other))] = None
    for at, unit in enumerate(units):
        if at not in paired:
            wanted[_said(unit) or str(unit)] = None
    return tuple(wanted)


def _said(unit: Unit) -> str | None:
    """What the unit is called in full; None where only its beginning is known."""
    if isinstance(unit, Sign):
        return min(readings(unit), default=_kept(unit))
    return str(unit) if isinstance(unit, Syllable) else None


def _first(unit: Unit) -> str:
    return (_said(unit) or unit)[0]


def _kept(sign: str) -> str:
    """A character as cells hold it."""
    return cell(sign)[0]


# --- SQL --------------------------------------------------------------------------------------------------------------


class Pattern(TypeDecorator[str]):
    """A pattern to be met anywhere: a regular expression, or for SQLite a GLOB."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return f"*{value}*" if value is not None and dialect.name == "sqlite" else value


class Found(FunctionElement[Any]):
    """The rows that are found, as a table of ``row_id``. What is null of patterns and grams finds nothing."""

    type = sa.types.NullType()
    inherit_cache = False

    def __init__(
        self, fields: Sequence[str], others: ColumnElement[str], plain: ColumnElement[str],
        grams: Sequence[ColumnElement[Any]], patterns: Sequence[ColumnElement[str]],
    ) -> None:  # fmt: skip
        super().__init__(others, plain, *grams, *patterns)
        self.fields = ", ".join(f"'{field}'" for field in fields)

    def parts(self, compiler: Any, kw: Any) -> tuple[str, str, list[str], list[str]]:
        """The SQL of its arguments."""
        others, plain, *rest = (compiler.process(clause, **kw) for clause in self.clauses)
        return others, plain, rest[:MOST_READINGS], rest[MOST_READINGS:]


@compiles(Found, "postgresql")
def _(element: Found, compiler: Any, **kw: Any) -> str:
    others, plain, grams, patterns = element.parts(compiler, kw)
    return (
        f"(SELECT e.row_id FROM search_entry AS e WHERE e.field IN ({element.fields})"
        f" AND ({' OR '.join(f'e.grams @> {some}' for some in grams)})"
        f" AND (strpos(e.cells, {plain}) > 0 OR {' OR '.join(f'e.cells ~ {pattern}' for pattern in patterns)})"
        f" AND ({others} = '[]' OR NOT EXISTS (SELECT 1 FROM jsonb_array_elements({others}::jsonb) AS w(patterns)"
        " WHERE NOT EXISTS (SELECT 1 FROM search_entry AS x WHERE x.row_id = e.row_id"
        f" AND x.field IN ({element.fields})"
        " AND x.cells ~ ANY (ARRAY(SELECT jsonb_array_elements_text(w.patterns)))))))"
    )


@compiles(Found, "sqlite")
def _(element: Found, compiler: Any, **kw: Any) -> str:
    others, plain, grams, patterns = element.parts(compiler, kw)
    query = " || ".join(
        [f"'(' || {grams[0]} || ')'", *(f"coalesce(' OR (' || {some} || ')', '')" for some in grams[1:])]
    )
    return (
        f"(SELECT e.row_id FROM search_gram({query}) AS g CROSS JOIN search_entry AS e ON e.id = g.rowid"
        f" WHERE e.field IN ({element.fields})"
        f" AND (instr(e.cells, {plain}) > 0 OR {' OR '.join(f'e.cells GLOB {pattern}' for pattern in patterns)})"
        f" AND ({others} = '[]' OR NOT EXISTS (SELECT 1 FROM json_each({others}) AS w"
        " WHERE NOT EXISTS (SELECT 1 FROM search_entry AS x"
        f" CROSS JOIN json_each(w.value) AS p WHERE x.row_id = e.row_id AND x.field IN ({element.fields})"
        " AND x.cells GLOB '*' || p.value || '*'))))"
    )
