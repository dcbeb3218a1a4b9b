"""What is unique becomes a unique index, and a violated index becomes the field it stands for again.

Uniqueness is a fact of the model (``unique=`` of a column, ``Entity.unique`` of a row). Deleted rows never count, so
every such index is partial. ``db.base`` adds the indexes while a model is read; there is no second list of them.
"""

from __future__ import annotations

import re

import sqlalchemy as sa

from db.facts import Entity, Facts, Parts

LIVING = "deleted_at IS NULL"
_fields: dict[str, tuple[str, tuple[str, ...]]] = {}


def add_unique_indexes(table: sa.Table, entity: Entity | Parts) -> None:
    """Give `table` one unique index for each column and each group of columns that its facts call unique."""
    for column in list(table.c):
        facts: Facts | None = column.info.get("facts")
        if facts is not None and facts.unique:
            # Of the three columns of an encrypted one only the digest is equal for equal values.
            declared = column.info.get("encrypted")
            stored = f"{declared}_digest" if declared else column.name
            condition = LIVING if facts.unique is True else f"{facts.unique} AND {LIVING}"
            _add(table, (stored,), (declared or column.name,), condition)
    for columns in entity.unique:
        _add(table, columns, columns, LIVING)


def field_of_index(name: str) -> tuple[str, tuple[str, ...]] | None:
    """``uq_mediator_id_number_digest`` -> ``("mediator", ("id_number",))``; None for an index that is not of here."""
    return _fields.get(name)


def field_of_violation(error: sa.exc.IntegrityError) -> tuple[str, tuple[str, ...]] | None:
    """The entity's key and the fields whose uniqueness `error` reports; None where it reports something else."""
    # PostgreSQL names the index; SQLite names the columns, which name the index.
    message = str(error.orig)
    if named := re.search(r'unique constraint "(\w+)"', message):
        return field_of_index(named[1])
    if listed := re.search(r"UNIQUE constraint failed: (\w+)\.(.+)", message):
        columns = (part.rpartition(".")[2] for part in listed[2].split(", "))
        return field_of_index("_".join(("uq", listed[1], *columns)))
    return None


def _add(table: sa.Table, columns: tuple[str, ...], names: tuple[str, ...], condition: str) -> None:
    name = "_".join(("uq", table.name, *columns))
    where = sa.text(condition)
    sa.Index(name, *(table.c[c] for c in columns), unique=True, sqlite_where=where, postgresql_where=where)
    _fields[name] = (table.name, names)
