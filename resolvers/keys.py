"""``groupBy(by: …)`` -> the keys of groups: which column, over which references, cut how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, FromClause, and_, case, select

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Kind
from db.kinds import DATE, ENUM, ID, INT, TEXT
from db.models.places.region import RegionLevel
from db.periods import Granularity
from db.types import Key as KeyType
from permissions.columns import conditionable
from permissions.scopes import aggregates_only, region_follows
from resolvers.buckets import CHINA, Bucket, LocalDay, Period, offsets
from resolvers.codes import STAT, column_name, column_number, elements, holds, rolls_up
from resolvers.faults import bad_input
from resolvers.followed import check_followed
from resolvers.joins import link, the_first
from resolvers.months import WHOLE_MONTHS
from resolvers.periods import start_of
from resolvers.succession import heir

if TYPE_CHECKING:
    from resolvers.compiler import Compiler

MOST_KEYS = 8
_HEIR = "@heir"
LEVELS = {"PROVINCE": "province_id", "CITY": "city_id", "DISTRICT": "district_id", "STREET": "street_id"}
"""Level -> the column of a region that holds its ancestor there; the ends of the tree need none."""


@dataclass(frozen=True)
class GroupKey:
    """One key. `path` are the public names from the entity to the column or, for a region's level, to the relation."""

    path: tuple[str, ...]
    info: EntityInfo
    """The entity whose column it is; for a level Region."""
    relations: tuple[Relation, ...]
    column: Field | None = None
    level: str | None = None
    granularity: Granularity | None = None
    zone: str = CHINA
    label: str | None = None
    """What tells two buckets of one column apart: ``as``."""
    rollup: bool = False
    """Whether codes stand for the statistical columns that they roll up to."""

    @property
    def kind(self) -> Kind:
        """What its value is when it is sorted and kept in a cursor."""
        if self.column is None:
            return ID
        return INT if self.granularity or self.rollup else ENUM if self.overlaps else self.column.kind

    @property
    def overlaps(self) -> bool:
        """Whether a row may be in several groups: those of the elements of a list."""
        return self.column is not None and self.column.kind.listing

    @property
    def part(self) -> str | None:
        """What tells it from another key over the same path, beside ``as``."""
        return STAT if self.rollup else self.level

    @property
    def prefix(self) -> str:
        """The prefix of ids that its value is printed with."""
        return self.info.facts.prefix

    def printable(self, value: ColumnElement[Any]) -> tuple[ColumnElement[Any], Kind]:
        """The value as the answer shows it, and its kind."""
        if self.rollup and self.column is not None:
            return column_name(self.column, value), TEXT
        return (Period(value, self.granularity), DATE) if self.granularity else (value, self.kind)


def names_of(keys: Sequence[GroupKey]) -> list[str]:
    """The names of keys, as ``totalled`` lists them."""
    paths = [key.path for key in keys]
    return [
        key.label or ".".join([*key.path, *([key.part] if key.part and paths.count(key.path) > 1 else [])])
        for key in keys
    ]


def read_keys(c: Compiler, info: EntityInfo, by: Sequence[Mapping[str, Any]], at: str) -> list[GroupKey]:
    """The keys that ``by`` names. Raises BAD_INPUT for what is empty, named twice or not to be grouped by."""
    if not by:
        raise bad_input(f"{at} 是空的；请给出分组的字段。", f"{at} is empty; say what to group by.")
    if len(by) > MOST_KEYS:
        raise bad_input(f"{at} 最多 {MOST_KEYS} 个字段。", f"{at} takes at most {MOST_KEYS} keys.")
    keys = [_key(c, info, item, f"{at}[{i}]", (), ()) for i, item in enumerate(by)]
    for i, key in enumerate(keys):
        if any(_same(key, other) for other in keys[:i]):
            raise bad_input(
                f"{at}[{i}]：与前面的字段重复；同一日期字段分两次，要用 as 区分。",
                f"{at}[{i}]: named twice; two buckets of one column take different `as`.",
            )
    return keys


def _same(key: GroupKey, other: GroupKey) -> bool:
    if key.label is not None and key.label == other.label:
        return True
    return key.path == other.path and key.part == other.part and key.label == other.label


def _key(
    c: Compiler, info: EntityInfo, item: Any, at: str, path: tuple[str, ...], relations: tuple[Relation, ...]
) -> GroupKey:
    if not isinstance(item, Mapping) or len(item) != 1 or next(iter(item.values())) is None:
        raise bad_input(f"{at}：要且只要给出一个字段。", f"{at}: give exactly one field.")
    [(name, value)] = item.items()
    here, path = f"{at}.{name}", (*path, name)
    column = info.public_fields.get(name)
    if column is not None:
        return _column_key(c, info, column, value, here, path, relations)
    relation = info.public_relations[name]
    _dimension(c, info, relation.name, here)
    check_followed(c, relation, here)
    relations = (*relations, relation)
    target = c.entities[relation.target]
    if target.name != "Region":
        return _key(c, target, value, here, path, relations)
    level = c.fix(value.get("level"))
    if level is None:
        raise bad_input(f"{here}.level 不能为 null。", f"{here}.level must not be null.")
    if level == RegionLevel.VILLAGE.name and aggregates_only(info, c.viewer):
        raise bad_input(
            f"{here}.level：只看汇总的角色按区划分组只到街道（乡镇）。",
            f"{here}.level: roles that see aggregates only group by region down to streets.",
        )
    return GroupKey(path, target, relations, level=level)


def _column_key(
    c: Compiler, info: EntityInfo, column: Field, value: Any, at: str, path: tuple[str, ...],
    relations: tuple[Relation, ...],
) -> GroupKey:  # fmt: skip
    if not conditionable(info, column, c.viewer):
        raise bad_input(
            f"{at}：您看不到“{column.facts.zh}”的全部内容，不能用来分组。",
            f"{at}: you may not read this column, so it is no key.",
            about=info.name,
        )
    _dimension(c, info, column.name, at)
    if column.kind.listing and aggregates_only(info, c.viewer):
        raise bad_input(
            f"{at}：一条记录可在几组中，只看汇总的角色不能用它分组。",
            f"{at}: a row may be in several groups; roles that see aggregates only may not group by it.",
        )
    if not column.kind.bucketed:
        if isinstance(value, Mapping) and rolls_up(column) and c.fix(value.get("rollup")) == STAT:
            return GroupKey(path, info, relations, column, rollup=True)
        if value is not True:
            raise bad_input(f"{at} 只能写 true。", f"{at} takes true only.")
        return GroupKey(path, info, relations, column)
    granularity = c.fix(value.get("granularity"))
    zone, label = c.fix(value.get("timeZone")), c.fix(value.get("as"))
    if granularity is None:
        raise bad_input(f"{at}.granularity 不能为 null。", f"{at}.granularity must not be null.")
    if granularity not in WHOLE_MONTHS and aggregates_only(info, c.viewer):
        raise bad_input(
            f"{at}.granularity：只看汇总的角色按日期分组只到月。",
            f"{at}.granularity: roles that see aggregates only group days by months or longer.",
        )
    if label is not None and not 0 < len(label) <= 50:
        raise bad_input(f"{at}.as 应为 1 到 50 个字。", f"{at}.as has 1 to 50 characters.")
    zone = CHINA if zone is None else zone
    offsets(zone, f"{at}.timeZone")  # for days as well, which no zone shifts
    return GroupKey(path, info, relations, column, granularity=granularity, zone=zone, label=label)


def _dimension(c: Compiler, info: EntityInfo, name: str, at: str) -> None:
    if aggregates_only(info, c.viewer) and name not in info.dimensions:
        raise bad_input(
            f"{at}：只看汇总的角色不能用它分组。",
            f"{at}: not a dimension; roles that see aggregates only may not group by it.",
        )


# --- keys over rows ------------------------------------------------------------------------------------------------


@dataclass
class Keyed:
    """The rows of a table with the rows its keys refer to joined outward: a reference leads to one row at most."""

    c: Compiler
    info: EntityInfo
    table: FromClause
    joined: FromClause = field(init=False)
    aliases: list[FromClause] = field(init=False)
    _far: dict[tuple[str, ...], FromClause] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.joined, self.aliases = self.table, [self.table]

    def value(self, key: GroupKey) -> ColumnElement[Any]:
        """The value of a key over a row; of a region's level the id of the region there, seen or not."""
        info, near = self.info, self.table
        for i, relation in enumerate(key.relations):
            near = self._step(info, relation, near, key.path[: i + 1])
            info = self.c.entities[relation.target]
        if key.column is None:
            return _at_level(self._heir(near, key.path), key.level or "", self.c)
        spans = key.column.kind.spanning
        value = start_of(key.column, near) if spans else self.c.column(key.info, key.column, near)
        if key.overlaps:
            return self._element(key, key.column, value)
        if key.rollup:
            return column_number(key.column, value)
        if key.granularity is None:
            return sa.type_coerce(value, key.column.type)
        return Bucket(LocalDay(value, key.zone) if key.column.kind.instant else value, key.granularity)

    def _heir(self, region: FromClause, path: tuple[str, ...]) -> FromClause:
        """The region itself, or where successors are counted the one that stands for it in the end."""
        if not self.c.successors:
            return region
        if (*path, _HEIR) not in self._far:
            last = self._far[*path, _HEIR] = self.c.alias(self.c.entities["Region"])
            self.aliases.append(last)
            self.joined = self.joined.outerjoin(last, last.c.id == heir(self.c, region))
        return self._far[*path, _HEIR]

    def seen(self, key: GroupKey) -> ColumnElement[Any]:
        """The value of a key over a row; of a region's level null where the region is not seen."""
        if not key.level:
            return self.value(key)
        place = (*key.path, key.level)
        if place not in self._far:
            region, c = self.c.alias(key.info), self.c
            on = and_(region.c.id == self.value(key), c.scope(key.info, region))
            self.aliases.append(region)
            self.joined = self.joined.outerjoin(region, on)
            self._far[place] = region
        return self._far[place].c.id

    def _element(self, key: GroupKey, column: Field, value: ColumnElement[Any]) -> ColumnElement[str]:
        """Each element of a list beside the row; null beside one whose list is empty or null."""
        if key.path not in self._far:
            members = self._far[key.path] = elements(column, self.c.name)
            self.aliases.append(members)
            self.joined = self.joined.outerjoin(members, holds(value, members))
        return sa.type_coerce(self._far[key.path].c.e, sa.Text())

    def _step(self, info: EntityInfo, relation: Relation, near: FromClause, path: tuple[str, ...]) -> FromClause:
        if path in self._far:
            return self._far[path]
        c, target = self.c, self.c.entities[relation.target]
        far = self._far[path] = c.alias(target)
        self.aliases.append(far)
        if relation.through is not None:
            on: list[ColumnElement[bool]] = [the_first(c, relation, near, far)]
        else:
            on = [*link(c, relation, near, far)]
            # The owner's region of a row that is seen is seen itself, where both go by the same ranges.
            owned = relation.name == info.facts.owner and target.name == "Region"
            # What stood there once is gathered before it is joined: there the ranges keep it short.
            if c.past is not None or not (owned and near is self.table and region_follows(c.entities, info, c.viewer)):
                on.append(c.scope(target, far))
        self.joined = self.joined.outerjoin(far, and_(*on))
        if near is self.table:
            c.beside[near, relation.name] = far  # conditions over it need not look for it again
        return far


def _at_level(region: FromClause, level: str, c: Compiler) -> ColumnElement[Any]:
    """The region's lowest ancestor, or itself, at or above a level; null where it stands above the level (API 4)."""
    if level in LEVELS:
        return region.c[LEVELS[level]]
    if level == RegionLevel.VILLAGE.name:
        village = region.c.level == sa.literal_column("'VILLAGE'", region.c.level.type)
        return sa.type_coerce(case((village, region.c.id)), KeyType())
    root = c.alias(c.entities["Region"])
    top = select(root.c.id).where(root.c.parent_id.is_(None)).correlate_except(root).limit(1).scalar_subquery()
    return sa.type_coerce(case((region.c.id.is_not(None), top)), KeyType())
