"""What descriptions say: Chinese first, English behind it, from the declarations of the models alone."""

from __future__ import annotations

import inspect
import re

from db.entity_info import EntityInfo, Field, Relation
from db.facts import Facts, OneOf


def said(of: Field | Relation | OneOf, more_zh: str = "", more_en: str = "") -> str:
    """The whole description of a column or relation: where its values are read or written."""
    declared = _declared(of)
    return f"{declared.zh}。{more_zh}{declared.en}{f' {more_en}' if more_en else ''}"


def named(of: Field | Relation, more_zh: str = "", more_en: str = "") -> str:
    """Its name in both languages, short for the many places that only refer to it: ``设立日期。Established on.``"""
    return f"{_declared(of).zh}{more_zh}。{of.name.replace('_', ' ').capitalize()}{more_en}."


def words(info: EntityInfo) -> str:
    """What a row is called in English: ``mediation committee``."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", info.name).lower()


def entity(info: EntityInfo) -> str:
    """The description of an entity: its model's docstring, without the indentation of the source."""
    return inspect.cleandoc(info.model.__doc__ or "")


def _declared(of: Field | Relation | OneOf) -> Facts | Relation | OneOf:
    return of.facts if isinstance(of, Field) else of
