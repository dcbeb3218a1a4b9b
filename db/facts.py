"""The vocabulary a model uses about itself.

A model is a class of columns. Each column is made by one of the functions below, which say what it is, how it is
called in Chinese and English, and what bounds it; ``__entity__ = Entity(…)`` says what the whole row is, who owns it
and who may do what with it. All of it is data: permissions compile it, the schema and the admin derive from it, and
``db.registry`` refuses a model that contradicts itself. The words are made in ``db.enumeration``, ``db.columns``,
``db.grants``, ``db.machines`` and ``db.entities``; a model takes them from here.
"""

from __future__ import annotations

from db.columns import (
    Copy,
    Encrypted,
    Facts,
    Kind,
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
    ref,
    text,
)
from db.entities import Entity, Link, Rollup, Through
from db.enumeration import Code, Role
from db.grants import OPERATIONS, REGION_SCOPES, SCOPES, Grant
from db.machines import Machine, Step
from db.timetable import Timer

__all__ = [
    "OPERATIONS",
    "REGION_SCOPES",
    "SCOPES",
    "Code",
    "Copy",
    "Encrypted",
    "Entity",
    "Facts",
    "Grant",
    "Kind",
    "Link",
    "Machine",
    "Role",
    "Rollup",
    "Shape",
    "Step",
    "Through",
    "Timer",
    "When",
    "choice",
    "choices",
    "day",
    "document",
    "encrypted",
    "flag",
    "integer",
    "long_text",
    "moment",
    "money",
    "number",
    "ref",
    "text",
]
