"""Tables that are no entities: sessions, tokens, number series. Nothing of them is ever read through the API."""

from __future__ import annotations

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.types import Key, Moment, Text


class LoginSession(Base):
    """A signed-in browser; the token itself is never stored, only its SHA-256."""

    token_hash: Mapped[str] = mapped_column(Text(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), index=True)
    csrf_hash: Mapped[str] = mapped_column(Text(64))
    created_at: Mapped[dt.datetime] = mapped_column(Moment())
    seen_at: Mapped[dt.datetime] = mapped_column(Moment())
    """Renewed at most once a minute; the idle end counts from here."""
    expires_at: Mapped[dt.datetime] = mapped_column(Moment(), index=True)
    """The absolute end."""
    ip: Mapped[str | None] = mapped_column(Text(64))
    agent: Mapped[str | None] = mapped_column(Text(200))


class ApiToken(Base):
    """A bearer token of a person or system; only its SHA-256 is stored."""

    token_hash: Mapped[str] = mapped_column(Text(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), index=True)
    name: Mapped[str] = mapped_column(Text(100))
    created_at: Mapped[dt.datetime] = mapped_column(Moment())
    expires_at: Mapped[dt.datetime | None] = mapped_column(Moment())
    revoked_at: Mapped[dt.datetime | None] = mapped_column(Moment())


class NumberSeries(Base):
    """The last number given out in a series, such as the filings of one district in one year."""

    name: Mapped[str] = mapped_column(Text(100), primary_key=True)
    last: Mapped[int] = mapped_column(sa.Integer())
