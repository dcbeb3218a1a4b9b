"""Random policies: accounts with random grants over the world, and what they amount to, found by loops over rows.

The server reads its viewers from the database; the reference gets those of this module. Nothing of
``permissions.reaches`` or ``permissions.regions`` is used here.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence

from db.facts import Role
from permissions.viewer import Reach, Viewer, subtree
from tests.world import LATER, LONG_AGO, TODAY, Row, Rows, levels_of

DAY = dt.timedelta(days=1)
MEMBERS = 4
"""Accounts of one family: they hold the same roles, of other places."""
FAMILIES: tuple[tuple[str, ...], ...] = (
    ("PROV",), ("CITY",), ("DIST",), ("OFFC",), ("CENT",), ("COMM",), ("MEDR",), ("AUDT",), ("SYS",), ("COURT",),
    ("PART",), ("DHR",), ("DIST", "OFFC"), ("OFFC", "COMM"), ("COMM", "MEDR"), ("CITY", "MEDR"), ("COURT", "PART"),
    ("AUDT", "OFFC"), ("CENT", "COMM", "MEDR"), ("CITY", "OFFC"), ("AUDT", "CENT"),
    ("SECT",), ("FINA", "SECT"), ("GRID",), (),
)  # fmt: skip
ANCHORS = {
    "region": ("PROV", "CITY", "DIST", "DHR", "FINA", "AUDT"), "org_unit": ("SECT", "OFFC", "CENT", "COURT", "PART"),
    "committee": ("COMM",), "mediator": ("MEDR",),
}  # fmt: skip
TABLES = {"region": "Region", "org_unit": "OrgUnit", "committee": "MediationCommittee", "mediator": "Mediator"}
HOLDING = ((LONG_AGO, None), (LONG_AGO, LATER), (LONG_AGO, TODAY), (TODAY, None))
NOT_HOLDING = ((LONG_AGO, TODAY - DAY), (TODAY + DAY, None), (LATER, None), (LONG_AGO, LONG_AGO))


def populate(world: Rows, seed: int) -> list[str]:
    """Adds the accounts of every family with their grants; their names.

    Each account has for every role of its family a grant or two that hold today, and now and then some that ended, that
    begin later, were taken back, or are on what was deleted: these must open nothing.
    """
    dice = random.Random(seed)
    _neighbour(world)
    _former(world)
    # Nothing is in a region that was deleted: what is in use cannot be.
    places = [row["id"] for row in world.by_entity["Region"] if row["deleted_at"] is None]
    names = []
    for number, roles in enumerate(FAMILIES):
        for member in range(MEMBERS):
            name = f"proof{number}x{member}"
            region = dice.choice(places)
            world.add(
                "UserAccount", name, login_name=name, region_id=region, is_active=True, must_change_password=False,
                is_service=False, addresses=None, mfa_enabled=False,
            )  # fmt: skip
            for role in roles:
                for _ in range(dice.choice((1, 1, 2))):
                    _grant(world, dice, name, role, dice.choice(HOLDING))
            for _ in range(dice.choice((0, 1, 2))):
                _grant(world, dice, name, dice.choice(list(Role)).name, dice.choice(NOT_HOLDING))
            if dice.random() < 0.3:
                _grant(world, dice, name, dice.choice(list(Role)).name, HOLDING[0], revoked=True)
            if dice.random() < 0.3:
                _grant(world, dice, name, dice.choice(sum(ANCHORS.values(), ())), HOLDING[0], gone=True)
            names.append(name)
    world.sign()
    return names


def _neighbour(world: Rows) -> None:
    """A district beside `A` whose path begins with the same signs but for the slash, and rows in it."""
    region = dict(world.named["Region:A"])
    for name in ("id", "path", "code", "name", "province_id", "city_id", "district_id", "street_id"):
        region.pop(name, None)
    world.add("Region", "A-beside", **{**region, "path": "/32/01/021/", "code": "320102100000", "name": "A-beside"})
    beside = world.named["Region:A-beside"]
    beside |= levels_of(beside, {row["id"]: row for row in world.by_entity["Region"]})
    for number in range(2):
        world.add("HostUnit", f"beside{number}", region_id=beside["id"])
    world.add("UserAccount", "beside", region_id=beside["id"])


def _former(world: Rows) -> None:
    """A mediator whom every committee that is filed had once, and none has today."""
    world.add("Mediator", "former", region_id=world.key("Region", "A"))
    for row in list(world.by_entity["MediationCommittee"]):
        if row["filing_status"] == "FILED" and row["deleted_at"] is None:
            world.add(
                "MediatorAppointment", mediator_id=world.key("Mediator", "former"), committee_id=row["id"],
                role="MEMBER", start_on=LONG_AGO, end_on=TODAY - DAY,
            )  # fmt: skip


def _grant(
    world: Rows,
    dice: random.Random,
    name: str,
    role: str,
    days: tuple[dt.date, dt.date | None],
    revoked: bool = False,
    gone: bool = False,
) -> None:
    what = next((anchor for anchor, roles in ANCHORS.items() if role in roles), None)
    anchors = {}
    if what is not None:
        rows = [row for row in world.by_entity[TABLES[what]] if (row["deleted_at"] is not None) == gone]
        if role in ("PROV", "CITY") and not gone:
            rows = [row for row in rows if row["level"] in ("PROVINCE", "CITY")]
        anchors = {f"{what}_id": dice.choice(rows)["id"]}
    none = dict.fromkeys(f"{anchor}_id" for anchor in ANCHORS)
    since, until = days
    world.add(
        "RoleGrant", account_id=world.key("UserAccount", name), role=role, valid_from=since, valid_to=until,
        within=_limits_drawn(world, dice), **{**none, **anchors},
        **({"deleted_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)} if revoked else {}),
    )  # fmt: skip


def _limits_drawn(world: Rows, dice: random.Random) -> list[dict[str, str]] | None:
    """The regions of who gave a grant: mostly nobody's, else one or two of any level."""
    if dice.random() < 0.6:
        return None
    regions = [row for row in world.by_entity["Region"] if row["deleted_at"] is None]
    drawn = dice.sample(regions, dice.choice((1, 1, 2)))
    return [{"id": f"rg_{row['id']}", "code": row["code"], "name": row["name"]} for row in drawn]


# --- what the grants amount to ----------------------------------------------------------------------------------------


def expected_viewers(rows: Mapping[str, Sequence[Row]], names: Sequence[str], today: dt.date) -> dict[str, Viewer]:
    """The viewers of the accounts by name, from rows alone."""
    ids = {row["login_name"]: row["id"] for row in rows["UserAccount"]}
    return {name: Viewer(ids[name], name, name, _reaches(rows, ids[name], today)) for name in names}


def same_reaches(one: Viewer, other: Viewer) -> bool:
    """Whether two viewers may reach the same: the order in which it is listed says nothing."""

    def told(viewer: Viewer) -> dict[str, list[set[object]]]:
        parts = ("ranges", "above", "committees", "mediators", "units", "below", "grids", "limits")
        return {role.name: [set(getattr(reach, part)) for part in parts] for role, reach in viewer.reaches.items()}

    return told(one) == told(other)


def _reaches(rows: Mapping[str, Sequence[Row]], account: str, today: dt.date) -> dict[Role, Reach]:
    found: dict[Role, list[Reach]] = {}
    for grant in rows["RoleGrant"]:
        if grant["account_id"] == account and _holds(grant, "valid_from", "valid_to", today):
            reach = _reach(rows, grant, today)
            if reach is not None:
                found.setdefault(Role[grant["role"]], []).append(reach)
    return {role: _together(reaches) for role, reaches in found.items()}


def _together(reaches: list[Reach]) -> Reach:
    parts = ("ranges", "above", "committees", "mediators", "units", "below", "grids", "limits")
    several = {part: {item for reach in reaches for item in getattr(reach, part)} for part in parts}
    for part in ("ranges", "limits"):
        several[part] = set(_outermost(low for low, _ in several[part]))
    return Reach(**{part: tuple(sorted(items)) for part, items in several.items()})


def _reach(rows: Mapping[str, Sequence[Row]], grant: Row, today: dt.date) -> Reach | None:
    role = grant["role"]
    if role == "SYS":
        return Reach()
    limits = _limits(rows, today, grant)
    if role in ANCHORS["region"]:
        return _of_regions(rows, today, [grant["region_id"]], limits) if grant["region_id"] else None
    if role in ANCHORS["org_unit"]:
        if not _alive(rows, "OrgUnit", grant["org_unit_id"]):
            return None
        covered = [
            c["region_id"] for c in rows["OrgUnitCoverage"]
            if c["org_unit_id"] == grant["org_unit_id"] and _holds(c, "valid_from", "valid_to", today)
        ]  # fmt: skip
        below = tuple(_below(rows, grant["org_unit_id"], limits))
        return _of_regions(rows, today, covered, limits, units=(grant["org_unit_id"],), below=below)
    if role == "GRID":
        return None  # there are no grids to be named yet
    if role == "COMM":
        if not _alive(rows, "MediationCommittee", grant["committee_id"]):
            return None
        return _of_committees(rows, today, [grant["committee_id"]], limits)
    if not _alive(rows, "Mediator", grant["mediator_id"]):
        return None
    posts = {
        post["committee_id"] for post in rows["MediatorAppointment"]
        if post["mediator_id"] == grant["mediator_id"] and _holds(post, "start_on", "end_on", today)
    }  # fmt: skip
    committees = [key for key in posts if _alive(rows, "MediationCommittee", key)]
    return _of_committees(rows, today, committees, limits, mediators=(grant["mediator_id"],))


def _below(rows: Mapping[str, Sequence[Row]], unit: str, limits: Sequence[str]) -> set[str]:
    """The units that are this one or have it above them, over living units, as far as they stand within the limits."""
    living = {row["id"]: row for row in rows["OrgUnit"] if row["deleted_at"] is None}
    found = set()
    for key in living:
        passed, step = set(), key
        while step in living and step not in passed and unit not in passed:
            passed.add(step)
            step = living[step]["parent_id"]
        if unit in passed and any(living[key]["scope_path"].startswith(limit) for limit in limits):
            found.add(key)
    return found


def _limits(rows: Mapping[str, Sequence[Row]], today: dt.date, grant: Row) -> list[str]:
    """The subtrees, by their paths, in which whoever gave a grant may give; all where nobody says."""
    if grant["within"] is None:
        return ["/"]
    return [low for low, _ in _all_of(rows, today, [region["id"].removeprefix("rg_") for region in grant["within"]])]


def _of_committees(
    rows: Mapping[str, Sequence[Row]],
    today: dt.date,
    keys: Sequence[str],
    limits: Sequence[str],
    **more: tuple[str, ...],
) -> Reach:
    mine = [row for row in rows["MediationCommittee"] if row["id"] in keys]
    within = [row for row in mine if any(row["scope_path"].startswith(limit) for limit in limits)]
    regions = [row["region_id"] for row in within]
    return _of_regions(rows, today, regions, limits, committees=tuple(row["id"] for row in within), **more)


def _of_regions(
    rows: Mapping[str, Sequence[Row]],
    today: dt.date,
    keys: Sequence[str],
    limits: Sequence[str],
    **more: tuple[str, ...],
) -> Reach:
    found: set[str] = set()
    above: set[str] = set()
    for key in keys:
        tops = [low for low, _ in _all_of(rows, today, [key])]
        # The part of the region in the limits: a limit inside it, or the region itself inside a limit.
        parts = [top for top in tops if any(top.startswith(limit) for limit in limits)]
        parts += [limit for limit in limits if any(limit.startswith(top) for top in tops)]
        found.update(parts)
        own = [row["path"] for row in rows["Region"] if row["id"] == key and row["deleted_at"] is None]
        living = {row["path"] for row in rows["Region"] if row["deleted_at"] is None}
        above |= {p for path in own for p in living if parts and path.startswith(p) and p != path}
    ends = tuple(_outermost(limits))
    return Reach(tuple(_outermost(found)), tuple(sorted(above)), limits=ends, **more)


def _all_of(rows: Mapping[str, Sequence[Row]], today: dt.date, keys: Sequence[str]) -> list[tuple[str, str]]:
    """The subtrees of regions, and of what the regions in them took the place of."""
    paths = [row["path"] for key in keys for row in rows["Region"] if row["id"] == key and row["deleted_at"] is None]
    tops, before = set(paths), None
    while tops != before:  # what the regions inside took the place of, wherever it stands
        before = set(tops)
        tops |= {
            row["path"] for row in rows["Region"]
            if row["deleted_at"] is None and row["successor_path"] and row["valid_to"] and row["valid_to"] < today
            and any(row["successor_path"].startswith(top) for top in before)
        }  # fmt: skip
    return _outermost(tops)


def _outermost(paths: object) -> list[tuple[str, str]]:
    several = set(paths)  # type: ignore[call-overload]
    return sorted(subtree(p) for p in several if not any(p != q and p.startswith(q) for q in several))


def _alive(rows: Mapping[str, Sequence[Row]], entity: str, key: str | None) -> bool:
    return any(row["id"] == key and row["deleted_at"] is None for row in rows[entity])


def _holds(row: Row, since: str, until: str, today: dt.date) -> bool:
    return row["deleted_at"] is None and row[since] <= today and (row[until] is None or row[until] >= today)
