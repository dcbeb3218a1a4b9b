"""The metadata of the trial: a copy of all our tables, so that references to them have a target."""

from __future__ import annotations

import sqlalchemy as sa

import db.models  # noqa: F401  (every table is in the metadata before it is copied)
from db.base import NAMES, Base, Part, Scoped

METADATA = sa.MetaData(naming_convention=NAMES)
OURS = [table.to_metadata(METADATA) for table in Base.metadata.sorted_tables]


class TrialScoped(Scoped):
    """A row of the trial."""

    __abstract__ = True
    metadata = METADATA


class TrialPart(Part):
    """A child row of the trial."""

    __abstract__ = True
    metadata = METADATA
