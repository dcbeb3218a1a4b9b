"""The kinds of columns, a file each; ``KINDS`` by their names (docs/house.md says how to add one)."""

from __future__ import annotations

from collections.abc import Mapping

from db.kinds.choice import One, Some
from db.kinds.day import Date
from db.kinds.document import Document
from db.kinds.encrypted import Sealed
from db.kinds.flag import Flag
from db.kinds.identity import Identity
from db.kinds.integer import Integer
from db.kinds.kind import Bad, Kind, Several
from db.kinds.moment import Datetime
from db.kinds.number import Decimal
from db.kinds.period import Period
from db.kinds.reference import Reference
from db.kinds.shape import Typed
from db.kinds.text import Textual

ID, REF, TEXT, ENCRYPTED, INT, DECIMAL = Identity(), Reference(), Textual(), Sealed(), Integer(), Decimal()
BOOL, DATE, DATETIME, ENUM, ENUMS, JSON = Flag(), Date(), Datetime(), One(), Some(), Document()
PERIOD, SHAPE = Period(), Typed()

KINDS: Mapping[str, Kind] = {
    str(kind): kind
    for kind in (ID, REF, TEXT, ENCRYPTED, INT, DECIMAL, BOOL, DATE, DATETIME, ENUM, ENUMS, JSON, PERIOD, SHAPE)
}  # fmt: skip

__all__ = [
    "BOOL", "DATE", "DATETIME", "DECIMAL", "ENCRYPTED", "ENUM", "ENUMS", "ID", "INT", "JSON", "KINDS", "PERIOD",
    "REF", "SHAPE", "TEXT", "Bad", "Kind", "Several",
]  # fmt: skip
