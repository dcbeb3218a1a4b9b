"""Numbers that the server gives out: each once, whoever asks at the same time, and never again.

A number taken in a transaction that fails was never given, so a series has no holes of ours; what was given stays
given when its row is deleted. The names of the series are shared with the bulk loads.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from db.checksums import mod97
from db.prepared import prepared

_TAKE = sa.text(
    "INSERT INTO number_series (name, last) VALUES (:name, 1) "
    "ON CONFLICT (name) DO UPDATE SET last = number_series.last + 1 RETURNING last"
)


def next_number(connection: Connection, series: str) -> int:
    """The next number of `series`, beginning with 1."""
    return int(prepared(connection, ("number",), lambda: _TAKE).value(connection, {"name": series}))


def committee_code(connection: Connection, region_code: str, type_code: str) -> str:
    """A fresh committee code: region 12, type 2, serial 4 and two check digits (DOMAIN 2.3)."""
    serial = next_number(connection, f"committee/{region_code}{type_code}")
    digits = f"{region_code}{type_code}{serial:04d}"
    return digits + mod97(digits)


def mediator_no(connection: Connection, district_code: str) -> str:
    """A fresh register number of a district: its six digits and a serial of six."""
    district = district_code[:6]
    return f"{district}{next_number(connection, f'mediator/{district}'):06d}"


def filing_no(connection: Connection, district_code: str, year: int) -> str:
    """A fresh filing number: district code, year and serial (DOMAIN 2.3)."""
    district = district_code[:6]
    return f"{district}-{year}-{next_number(connection, f'filing/{district}/{year}'):04d}"


def case_no(connection: Connection, committee_code: str, year: int) -> str:
    """A fresh case number: committee code, year and a serial of six (DOMAIN 2.5)."""
    return f"{committee_code}{year}{next_number(connection, f'case/{committee_code}/{year}'):06d}"
