"""The base of all models and the columns every row has."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from db.columns import beside
from db.computed import Computed
from db.facts import Encrypted, Entity, Facts, Parts, Step, moment, ref
from db.history import add_history
from db.kinds import ID, INT, TEXT
from db.kinds.beside import names
from db.naming import snake
from db.one_of import Declared
from db.rollups import add_rollups
from db.types import Choice, Key, Text
from db.uniqueness import add_unique_indexes

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table, entities and technical ones alike. Table names are the class's name in snake case."""

    metadata = sa.MetaData(naming_convention=NAMES)

    @declared_attr.directive
    def __tablename__(cls) -> str:
        return snake(cls.__name__)


class Record(Base):
    """A row of an entity: who made and changed it when, its version, and whether it is deleted (DOMAIN 2.2)."""

    __abstract__ = True
    __entity__: ClassVar[Entity | Parts]

    id: Mapped[str] = mapped_column(
        Key(), primary_key=True, info={"facts": Facts(ID, "编号", "Global id.")}, sort_order=-9
    )
    created_at: Mapped[dt.datetime] = moment("创建时间", "When the row was created.", computed=True)
    updated_at: Mapped[dt.datetime] = moment("修改时间", "When the row was last changed.", computed=True)
    version: Mapped[int] = mapped_column(
        sa.Integer(), default=1,
        info={"facts": Facts(
            INT, "版本", "Counts the changes; send it back as ifVersion.", low=1, high=2**31 - 1, computed=True
        )},
    )  # fmt: skip
    deleted_at: Mapped[dt.datetime | None] = moment("删除时间", "Set when the row was deleted.", hidden=True)

    @declared_attr
    def created_by_id(cls) -> Mapped[str | None]:
        return ref("UserAccount", "创建人", "Who created the row.", computed=True, constraint=False, reverse=False)  # type: ignore[no-any-return]

    @declared_attr
    def updated_by_id(cls) -> Mapped[str | None]:
        return ref("UserAccount", "修改人", "Who changed the row last.", computed=True, constraint=False, reverse=False)  # type: ignore[no-any-return]

    def __init_subclass__(cls, **kw: Any) -> None:
        if "__abstract__" not in cls.__dict__:
            _expand_encrypted(cls)
            for name in [n for n, v in cls.__dict__.items() if isinstance(v, Computed)]:
                cls.__annotations__.pop(name, None)  # no column of the table; the registry reads it
            _expand_one_ofs(cls)
            _add_beside(cls)
            _check_choices(cls)
        super().__init_subclass__(**kw)
        if "__abstract__" not in cls.__dict__ and isinstance(cls.__dict__.get("__entity__"), Entity | Parts):
            add_unique_indexes(cls.__table__, cls.__entity__)  # type: ignore[arg-type]
            add_rollups(cls.__table__, cls.__entity__)  # type: ignore[arg-type]
            if cls.__entity__.history:
                add_history(cls.__table__, getattr(cls.__entity__, "known_since", None))  # type: ignore[arg-type]


class Scoped(Record):
    """A row that belongs to a region and an office: what row scopes are compiled from (DESIGN 5).

    ``scope_path`` is the path of the owner's region. The commands fill all three from the owner, unless the model
    declares a ``region_id`` of its own.
    """

    __abstract__ = True

    scope_path: Mapped[str] = mapped_column(
        Text(80),
        index=True,
        info={"facts": Facts(TEXT, "管辖路径", "Path of the owner's region.", computed=True, length=80)},
    )

    @declared_attr
    def region_id(cls) -> Mapped[str]:
        return ref("Region", "所属区划", "The region of the row's owner.", computed=True)  # type: ignore[no-any-return]

    @declared_attr
    def org_scope_id(cls) -> Mapped[str | None]:
        said = "The unit that guides the row's owner."
        return ref("OrgUnit", "归口机构", said, computed=True, constraint=False, reverse=False)  # type: ignore[no-any-return]


class Part(Scoped):
    """A child row: a part of a row of another entity, which ``__entity__ = Parts(…)`` names (``db.parts``).

    The reference to the parent is added here; the commands copy the columns of ``Scoped`` from the parent.
    """

    __abstract__ = True

    def __init_subclass__(cls, **kw: Any) -> None:
        said = cls.__dict__.get("__entity__")
        if "__abstract__" not in cls.__dict__ and isinstance(said, Parts):
            cls.__annotations__[said.column] = Mapped[str]
            setattr(cls, said.column, ref(said.parent, "所属", f"The {said.parent} it is a part of.", fixed=True))
        super().__init_subclass__(**kw)


def _expand_encrypted(cls: type[Any]) -> None:
    """Replace each declared encrypted column by its three stored ones."""
    for name, declared in [(n, v) for n, v in cls.__dict__.items() if isinstance(v, Encrypted)]:
        delattr(cls, name)
        cls.__annotations__.pop(name, None)
        for column, mapped in declared.columns(name).items():
            setattr(cls, column, mapped)


def _expand_one_ofs(cls: type[Any]) -> None:
    """Replace each declared one-of reference by its columns, of which the database lets one be set."""
    made = []
    for name, declared in [(n, v) for n, v in cls.__dict__.items() if isinstance(v, Declared)]:
        delattr(cls, name)
        cls.__annotations__.pop(name, None)
        made.append(declared.facts(name))
        for column, mapped in declared.columns(name).items():
            setattr(cls, column, mapped)
    cls.__one_ofs__ = tuple(made)
    cls.__table_args__ = (*(one_of.check() for one_of in made), *cls.__dict__.get("__table_args__", ()))


def _add_beside(cls: type[Any]) -> None:
    """Give a column whose kind keeps others beside it those."""
    for name, value in list(cls.__dict__.items()):
        column = getattr(value, "column", None)
        facts = column.info.get("facts") if isinstance(column, sa.Column) else None
        if facts is not None:
            for kept in names(name, facts.kind):
                setattr(cls, kept, beside(facts))


def _check_choices(cls: type[Any]) -> None:
    """Give every enum column its CHECK, so that no row can hold a value the API cannot print."""
    checks = []
    for name, value in cls.__dict__.items():
        column = getattr(value, "column", None)
        if isinstance(column, sa.Column) and isinstance(column.type, Choice):
            listed = ", ".join(f"'{member}'" for member in column.type.members)
            checks.append(sa.CheckConstraint(f"{name} IN ({listed})", name=name))
    own = cls.__dict__.get("__table_args__", ())
    cls.__table_args__ = (*checks, *own)


__all__ = ["Base", "Part", "Record", "Scoped", "Step"]
