"""The world with a crowd in it: enough rows of what some may only count, and a city that skips the district level."""

from __future__ import annotations

import decimal

from tests.world import LONG_AGO, Rows, levels_of, rows

# A city without districts: its towns lie right under it; the paths follow the codes (DOMAIN 2.2).
PLACES = {"city3": ("/32/19/", "CITY", "province"), "T1": ("/32/19/001/", "STREET", "city3"),
          "T11": ("/32/19/001/001/", "VILLAGE", "T1"), "T2": ("/32/19/002/", "STREET", "city3"),
          "T21": ("/32/19/002/001/", "VILLAGE", "T2")}  # fmt: skip
STAND = ("T11", "T21", "T1", "city3", "A21", "A22", "B11", "A2", "A", "C11", "T11", "A21", "A21")
AMOUNTS = tuple(map(decimal.Decimal, (
    "0.10", "0.20", "999999999999.99", "0.01", "12345678901.23", "100.00", "0.05", "33333.33", "7.77",
)))  # fmt: skip
TYPES = ("NEIGHBOUR", "NEIGHBOUR", "FAMILY", "NEIGHBOUR", "DAMAGES", "FAMILY", "NEIGHBOUR")


def crowd() -> Rows:
    """The rows of the world and some sixty more after them."""
    world = rows()
    for name, (path, level, above) in PLACES.items():
        world.add(
            "Region", name, code=path.replace("/", "").ljust(12, "0"), name=name, path=path, level=level,
            parent_id=world.key("Region", above), successor_id=None, successor_path=None, valid_from=LONG_AGO,
            valid_to=None,
        )  # fmt: skip
        region = world.named[f"Region:{name}"]
        region |= levels_of(region, {row["id"]: row for row in world.by_entity["Region"]})
    for i, name in enumerate(("T11", "T2", "city3")):
        world.add(
            "MediationCommittee", f"t{i + 2}", region_id=world.key("Region", name), status="ACTIVE", code=f"C-t{i + 2}",
            guiding_office_id=world.key("OrgUnit", "dept"), filing_bureau_id=world.key("OrgUnit", "dept"),
        )  # fmt: skip
    committees = ("a1", "t2", "b1", "t3", "t4", "a2", "t2", "a1", "c1")
    for i in range(26):
        place, committee = STAND[i % len(STAND)], committees[i % len(committees)]
        world.add("HostUnit", f"h{i}", region_id=world.key("Region", place))
        world.add(
            "CommitteeFiling", f"f{i}", committee_id=world.key("MediationCommittee", committee),
            state=("FILED", "FILED", "FILED", "DRAFT", "SUBMITTED")[i % 5],
        )  # fmt: skip
        world.add(
            "MediationCase", f"q{i}", committee_id=world.key("MediationCommittee", committee),
            region_id=world.key("Region", place), amount_claimed=AMOUNTS[i % len(AMOUNTS)] if i % 4 else None,
            dispute_type=TYPES[i % len(TYPES)],
        )  # fmt: skip
    world.sign()
    return world
