"""The vocabulary a model uses about itself.

A model is a class of columns. Each column is made by one of the functions below, which say what it is, how it is
called in Chinese and English, and what bounds it; ``__entity__ = Entity(…)`` says what the whole row is, who owns it
and who may do what with it. All of it is data: permissions compile it, the schema and the admin derive from it, and
``db.registry`` refuses a model that contradicts itself. The words are made in ``db.enumeration``, ``db.columns``,
``db.grants``, ``db.machines``, ``db.deadlines``, ``db.entities`` and ``db.parts``; a model takes them from here.
"""

from __future__ import annotations

from db.columns import (
    Copy,
    Encrypted,
    Facts,
    Shape,
    When,
    choice,
    choices,
    day,
    document,
    encrypted,
    flag,
    integer,
    long_text,
    moment,
    money,
    number,
    period,
    ref,
    text,
)
from db.computed import Col, Count, Exists, First, Last, Sum, Today, computed
from db.deadlines import Days, Deadline, Escalation, Months, WorkingDays
from db.entities import Entity, Link, Rollup, Through
from db.enumeration import Code, Role
from db.grants import OPERATIONS, REGION_SCOPES, SCOPES, Grant, Grants
from db.kinds import Kind
from db.kinds.shape import Shaped, told
from db.machines import Machine, Step, Take
from db.measures import Measure
from db.one_of import OneOf, one_of
from db.parts import Parts
from db.series import Series, series
from db.timetable import Timer
from db.typed import shape

__all__ = [
    "OPERATIONS",
    "REGION_SCOPES",
    "SCOPES",
    "Code",
    "Col",
    "Copy",
    "Count",
    "Days",
    "Deadline",
    "Encrypted",
    "Entity",
    "Escalation",
    "Exists",
    "Facts",
    "First",
    "Grant",
    "Grants",
    "Kind",
    "Last",
    "Link",
    "Machine",
    "Measure",
    "Months",
    "OneOf",
    "Parts",
    "Role",
    "Rollup",
    "Series",
    "Shape",
    "Shaped",
    "Step",
    "Sum",
    "Take",
    "Through",
    "Timer",
    "Today",
    "When",
    "WorkingDays",
    "choice",
    "choices",
    "computed",
    "day",
    "document",
    "encrypted",
    "flag",
    "integer",
    "long_text",
    "moment",
    "money",
    "number",
    "one_of",
    "period",
    "ref",
    "series",
    "shape",
    "text",
    "told",
]
