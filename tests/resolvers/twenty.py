"""Twenty cases in a small country, to be counted by hand: the tables are the world of the tests beside.

    N    city 320100 with districts X and Q (and E, where nothing happened; OLD ended long ago)
      X    district 320102 with street M and its village D
      Q    district 320104 with street QS
      S    a street right under the city, 320100400: the tree skips the district
    G    city 321900 without districts (as Dongguan is) with town GT

A case's own number is its title. Committees: c1 in D, c2 in M, c3 in N, c4 in G, c5 in Q without cases.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from db.facts import Role
from permissions.viewer import Reach, Viewer, subtree
from tests.places import Place
from tests.world import LONG_AGO, Rows, levels_of

# name: path, code, level, the region above
REGIONS = {
    "nation": ("/", "000000000000", "NATION", None), "P": ("/32/", "320000000000", "PROVINCE", "nation"),
    "N": ("/32/01/", "320100000000", "CITY", "P"), "X": ("/32/01/02/", "320102000000", "DISTRICT", "N"),
    "M": ("/32/01/02/002/", "320102002000", "STREET", "X"), "D": ("/32/01/02/002/001/", "320102002001", "VILLAGE", "M"),
    "Q": ("/32/01/04/", "320104000000", "DISTRICT", "N"), "QS": ("/32/01/04/001/", "320104001000", "STREET", "Q"),
    "E": ("/32/01/06/", "320106000000", "DISTRICT", "N"), "S": ("/32/01/00400/", "320100400000", "STREET", "N"),
    "OLD": ("/32/01/03/", "320103000000", "DISTRICT", "N"), "G": ("/32/19/", "321900000000", "CITY", "P"),
    "GT": ("/32/19/00101/", "321900101000", "STREET", "G"),
}  # fmt: skip
COMMITTEES = {"c1": "D", "c2": "M", "c3": "N", "c4": "G", "c5": "Q"}
AGREED, FAILED = "AGREED", "FAILED"
# case: committee, place, type, outcome, amount, headcount, public
CASES: dict[int, tuple[str, str, str, str | None, str | None, int, bool]] = {
    1: ("c1", "D", "NEIGHBOUR", AGREED, "0.10", 2, True),
    2: ("c1", "D", "NEIGHBOUR", AGREED, "0.20", 3, True),
    3: ("c1", "M", "FAMILY", AGREED, "999999999999.99", 2, True),
    4: ("c1", "M", "NEIGHBOUR", FAILED, "999999999999.99", 2, True),
    5: ("c1", "D", "NEIGHBOUR", AGREED, None, 5, True),
    6: ("c1", "D", "FAMILY", None, None, 2, False),
    7: ("c1", "M", "NEIGHBOUR", AGREED, "0.00", 4, False),
    8: ("c3", "X", "DAMAGES", AGREED, "12345678901.23", 10, False),
    9: ("c3", "X", "NEIGHBOUR", FAILED, "100.00", 2, False),
    10: ("c2", "QS", "FAMILY", AGREED, "0.05", 2, False),
    11: ("c3", "QS", "FAMILY", AGREED, None, 2, False),
    12: ("c3", "QS", "NEIGHBOUR", None, None, 2, False),
    13: ("c3", "Q", "DAMAGES", AGREED, None, 2, False),
    14: ("c3", "S", "NEIGHBOUR", AGREED, "1.00", 2, False),
    15: ("c3", "S", "NEIGHBOUR", AGREED, "2.00", 2, False),
    16: ("c4", "GT", "FAMILY", AGREED, None, 2, False),
    17: ("c4", "GT", "NEIGHBOUR", FAILED, None, 2, False),
    18: ("c4", "G", "DAMAGES", None, "7.77", 2, False),
    19: ("c3", "N", "NEIGHBOUR", AGREED, None, 2, False),
    20: ("c3", "P", "DAMAGES", AGREED, None, 2, False),
}
LONGITUDES = {1: "0", 2: "0.000001", 3: "-0.000001", 4: "0", 8: "-180", 9: "179.999999"}
# Sundays, Mondays and New Years; 19 and 20 are not concluded.
CONCLUDED = {
    1: "2024-12-29", 2: "2024-12-30", 3: "2025-12-31", 4: "2026-01-01", 5: "2026-01-15", 6: "2026-01-16",
    7: "2026-01-31", 8: "2026-02-01", 9: "2026-03-31", 10: "2026-04-01", 11: "2026-06-15", 12: "2026-06-16",
    13: "2026-06-30", 14: "2026-07-01", 15: "2026-12-31", 16: "2027-01-01", 17: "2027-01-03", 18: "2027-01-04",
}  # fmt: skip
# In UTC. New York's clocks go forward on 8 March 2026 at 07:00 and back on 1 November at 06:00.
REGISTERED = {
    1: "2026-05-02T15:59:59.999", 2: "2026-05-02T16:00:00", 3: "2026-05-02T23:30:00", 4: "2026-05-03T12:00:00",
    5: "2026-03-08T04:59:00", 6: "2026-03-09T03:59:00", 7: "2026-03-09T04:00:00", 8: "2026-11-01T03:59:00",
    9: "2026-11-02T04:59:00", 10: "2026-11-02T05:00:00", **dict.fromkeys(range(11, 21), "2026-08-01T00:00:00"),
}  # fmt: skip


def key(n: int) -> str:
    """The id of a row by its number, so that the order of ids is that of the tables."""
    return f"{n:08x}-0000-7000-8000-{n:012x}"


ACCOUNTS = {login: key(900 + n) for n, login in enumerate(("all", "street", "counts", "other"))}


def country(world: Rows, regions: dict[str, tuple[str, str, str, str | None]]) -> None:
    """The regions of a table: path, code, level and the region above; the one called OLD has ended."""
    for n, (name, (path, code, level, above)) in enumerate(regions.items()):
        world.add(
            "Region", name, id=key(n + 1), code=code, name=name, short_name=name, path=path, level=level,
            parent_id=world.key("Region", above), successor_id=None, successor_path=None, valid_from=LONG_AGO,
            valid_to=dt.date(2021, 1, 1) if name == "OLD" else None,
        )  # fmt: skip
    by_id = {row["id"]: row for row in world.by_entity["Region"]}
    for row in by_id.values():
        row |= levels_of(row, by_id)


def twenty() -> Rows:
    """The twenty cases, their committees and regions."""
    world = Rows()
    country(world, REGIONS)
    world.add("OrgUnit", "bureau", id=key(100), region_id=world.key("Region", "N"), name="bureau")
    bureau = world.key("OrgUnit", "bureau")
    for login, account in ACCOUNTS.items():
        world.add("UserAccount", login, id=account, login_name=login, region_id=world.key("Region", "P"))
    for n, (name, region) in enumerate(COMMITTEES.items()):
        world.add(
            "MediationCommittee", name, id=key(200 + n), name=name, region_id=world.key("Region", region),
            guiding_office_id=bureau, filing_bureau_id=bureau, host_unit_id=None,
        )  # fmt: skip
    for n, (committee, place, kind, outcome, amount, people, public) in CASES.items():
        given: dict[str, Any] = {"dispute_type": kind, "outcome": outcome, "headcount": people, "public": public}
        given["concluded_on"] = dt.date.fromisoformat(CONCLUDED[n]) if n in CONCLUDED else None
        given["amount_claimed"] = None if amount is None else Decimal(amount)
        given["longitude"] = Decimal(LONGITUDES[n]) if n in LONGITUDES else None
        world.add(
            "MediationCase", f"k{n}", id=key(300 + n), title=f"{n}", state="CLOSED", closed_on=None,
            committee_id=world.key("MediationCommittee", committee), region_id=world.key("Region", place),
            registered_at=dt.datetime.fromisoformat(REGISTERED[n]).replace(tzinfo=dt.UTC), **given,
        )  # fmt: skip
    return world


def reader(login: str, role: Role, path: str, *above: str) -> Viewer:
    """Somebody with one role over one subtree, who sees the regions above by name."""
    return Viewer(ACCOUNTS[login], login, login, {role: Reach((subtree(path),), tuple(sorted(above)))})


def readers() -> dict[str, Viewer]:
    """`all` sees every row, `street` what belongs to M, `counts` numbers only."""
    street = reader("street", Role.OFFC, "/32/01/02/002/", "/", "/32/", "/32/01/", "/32/01/02/")
    return {
        "all": reader("all", Role.DIST, "/32/", "/"), "street": street, "counts": reader("counts", Role.PROV, "/32/"),
        "other": reader("other", Role.DIST, "/32/01/", "/", "/32/"),
    }  # fmt: skip


# --- questions -------------------------------------------------------------------------------------------------------


def grouped(store: Place, by: str, asked: str, where: str = "", viewer: str = "all", order: str = "") -> Any:
    """What the groupBy of the cases answers."""
    listed = ", ".join(part for part in (where and f"where: {where}", order and f"orderBy: {order}") if part)
    document = f"{{ mediationCases{f'({listed})' if listed else ''} {{ groupBy(by: {by}) {{ {asked} }} }} }}"
    answer = store.ask(viewer, document)
    assert "errors" not in answer, answer
    return answer["data"]["mediationCases"]["groupBy"]


def counts(store: Place, by: str, key: str, **more: str) -> dict[Any, int]:
    """Key -> count, in the order of the groups."""
    nodes = grouped(store, by, f"nodes {{ key {{ {key} }} count }}", **more)["nodes"]
    return {tuple(map(flat, node["key"].values())): node["count"] for node in nodes}


def flat(value: Any) -> Any:
    """A key as it is written in these tests: a region by its name."""
    return value["name"] if isinstance(value, dict) else value


def one(found: dict[Any, int]) -> list[tuple[Any, int]]:
    """Counts by a single key as pairs in their order."""
    return [(key, count) for (key,), count in found.items()]
