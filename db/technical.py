"""Tables that are no entities: sessions, tokens, number series. Nothing of them is ever read through the API."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from db.base import Base
from db.types import Day, Grams, Json, Key, Moment, Text

_COUNT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A number that the database counts; SQLite does so only by this name."""


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


class SignInAttempt(Base):
    """Failures in a row of an address, a login or a device (``permissions.attempts``)."""

    name: Mapped[str] = mapped_column(Text(64), primary_key=True)
    """A keyed digest of what kind of count it is and whose."""
    failures: Mapped[int] = mapped_column(sa.Integer())
    until: Mapped[dt.datetime | None] = mapped_column(Moment())
    """When it need not wait any more."""
    ends_at: Mapped[dt.datetime] = mapped_column(Moment(), index=True)
    """When the row is of no use any more."""


class FormerPassword(Base):
    """The hash of a password that an account no longer has, so that it is not taken again at once."""

    id: Mapped[str] = mapped_column(Key(), primary_key=True)
    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), index=True)
    password_hash: Mapped[str] = mapped_column(Text(255))


class AccountHold(Base):
    """From when to when somebody could act as an account that is not theirs: they chose its password, or its token.

    It ends when the owner has a password of their own and a second factor (``permissions.hands``).
    """

    id: Mapped[str] = mapped_column(Key(), primary_key=True)
    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), index=True)
    holder_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"))
    since: Mapped[dt.datetime] = mapped_column(Moment())
    until: Mapped[dt.datetime | None] = mapped_column(Moment())


class SecondFactor(Base):
    """The secret of an account's one-time codes (RFC 6238); it counts once a code of it was shown."""

    id: Mapped[str] = mapped_column(Key(), primary_key=True)
    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), index=True, unique=True)
    secret_cipher: Mapped[str] = mapped_column(Text(1000))
    """Encrypted like a column of an entity, so that a rotation of keys finds it."""
    confirmed_at: Mapped[dt.datetime | None] = mapped_column(Moment())
    last_step: Mapped[int] = mapped_column(sa.BigInteger(), default=0)
    """The time step of the last code that was taken: no code counts twice."""


class RecoveryCode(Base):
    """A code that stands in for the second factor once. 78 random bits, so that a plain SHA-256 keeps it."""

    id: Mapped[str] = mapped_column(Key(), primary_key=True)
    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(Text(64))


class RememberedWrite(Base):
    """What a write with an idempotency key came to, for a day; kept in the transaction of the write."""

    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text(64), primary_key=True)
    """SHA-256 of the client's key and of the field that wrote."""
    digest: Mapped[str] = mapped_column(Text(64))
    """SHA-256 of the request."""
    at: Mapped[dt.datetime] = mapped_column(Moment(), index=True)
    outcome: Mapped[Any] = mapped_column(Json(), nullable=True)
    """Keys of rows and faults, as the command returns them; never a value of a row."""


class NumberSeries(Base):
    """The last number given out in a series, such as the filings of one district in one year."""

    name: Mapped[str] = mapped_column(Text(100), primary_key=True)
    last: Mapped[int] = mapped_column(sa.Integer())


class JobRun(Base):
    """What became of one period of a job of the clock (``resolvers.commands.job_runs``); its row is the claim to it."""

    job: Mapped[str] = mapped_column(Text(120), primary_key=True)
    period: Mapped[str] = mapped_column(Text(12), primary_key=True)
    due_at: Mapped[dt.datetime] = mapped_column(Moment(), index=True)
    started_at: Mapped[dt.datetime] = mapped_column(Moment())
    ended_at: Mapped[dt.datetime | None] = mapped_column(Moment())
    outcome: Mapped[str] = mapped_column(Text(6))
    """DONE or FAILED; nothing else is ever committed."""
    problem: Mapped[str | None] = mapped_column(Text(300))
    """The kind of the last failure and its place in the program, never its words."""
    attempts: Mapped[int] = mapped_column(sa.Integer())
    again_at: Mapped[dt.datetime | None] = mapped_column(Moment())
    """When what failed is tried again."""
    made: Mapped[int | None] = mapped_column(sa.Integer())
    """How many rows it made, changed or removed."""


class Holiday(Base):
    """A day that the State Council's notices except from the week (``resolvers.commands.working_days``)."""

    day: Mapped[dt.date] = mapped_column(Day(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text(15))
    """HOLIDAY, or SWAPPED_WORKDAY: a day of a weekend that is worked on for one of them."""
    name: Mapped[str] = mapped_column(Text(100))
    year: Mapped[int] = mapped_column(sa.Integer(), index=True)
    """The calendar year; one without rows is not covered, and nothing is computed over it."""


class PendingRegions(Base):
    """A list of regions that was checked, and takes effect on a day to come (``resolvers.commands.region_pending``)."""

    id: Mapped[str] = mapped_column(Key(), primary_key=True)
    day: Mapped[dt.date] = mapped_column(Day(), index=True)
    name: Mapped[str] = mapped_column(Text(200))
    sha256: Mapped[str] = mapped_column(Text(64))
    mapping_sha256: Mapped[str | None] = mapped_column(Text(64))
    close_at_most: Mapped[int] = mapped_column(sa.Integer())
    content: Mapped[bytes] = mapped_column(sa.LargeBinary())
    """The regions and the mapping, packed."""
    preview: Mapped[str] = mapped_column(Text())
    """What it would do, as it was shown."""
    actor_id: Mapped[str | None] = mapped_column(Key())
    created_at: Mapped[dt.datetime] = mapped_column(Moment())
    problem: Mapped[str | None] = mapped_column(Text())
    """Why it did not take effect although its day has come."""


class RegionGap(Base):
    """Days between the first and the last of a region on which it was not valid, because its code was out of use."""

    region_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("region.id"), primary_key=True)
    first: Mapped[dt.date] = mapped_column(Day(), primary_key=True)
    last: Mapped[dt.date] = mapped_column(Day())
    successor_id: Mapped[str | None] = mapped_column(Key())
    """The region that stood in for it then."""


class SearchEntry(Base):
    """The text of one searchable column of one living row, as the search finds it (``db.search``)."""

    __table_args__ = (
        sa.Index(None, "row_id", "field", unique=True),
        # SQLite keeps grams in a full-text index of its own (``db.search``), and none of them here.
        sa.Index(None, "grams", postgresql_using="gin", sqlite_where=sa.text("grams IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(sa.Integer(), primary_key=True)
    row_id: Mapped[str] = mapped_column(Key())
    field: Mapped[str] = mapped_column(Text(120))
    """Table and column: ``mediator.name``."""
    cells: Mapped[str] = mapped_column(Text())
    grams: Mapped[list[int] | None] = mapped_column(Grams())


class AuditWaiting(Base):
    """A record of the audit log that is not sealed yet; written in the transaction of the record (``db.audit``)."""

    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(_COUNT, primary_key=True)
    """Drawn when the act holds all rows it touched: of two acts on one row the later has the higher, never again."""
    record_id: Mapped[str] = mapped_column(Key(), unique=True)
    mark: Mapped[str] = mapped_column(Text(64))
    """HMAC of the record by whoever wrote it: what has none was not written by this system, and is never sealed."""
    secret: Mapped[str] = mapped_column(Text(8))
    numbered: Mapped[bool] = mapped_column(sa.Boolean(), default=False)
    """Its lines have their places in the outbox, though this record still waits for who knows its secret."""


class OutboxEntry(Base):
    """The place of a line in the order of all changes (``db.outbox``): 1, 2, 3, … without a gap."""

    n: Mapped[int] = mapped_column(sa.BigInteger(), primary_key=True, autoincrement=False)
    line_id: Mapped[str] = mapped_column(Key())


class AuditTally(Base):
    """How far the chain has ever come, beside the chain: one row, made with the table and never again."""

    id: Mapped[int] = mapped_column(sa.Integer(), primary_key=True, autoincrement=False)
    """Always 1."""
    seq: Mapped[int] = mapped_column(sa.BigInteger())
    mark: Mapped[str] = mapped_column(Text(64))
    """HMAC of the number."""
    secret: Mapped[str] = mapped_column(Text(8))


class AuditSeal(Base):
    """One link of the chain over the audit log (``db.audit.chain``). No reference: a record that is gone leaves it."""

    seq: Mapped[int] = mapped_column(sa.BigInteger(), primary_key=True, autoincrement=False)
    """1, 2, 3, … without a gap, in the order of sealing."""
    record_id: Mapped[str] = mapped_column(Key(), index=True, unique=True)
    mark: Mapped[str] = mapped_column(Text(64))
    """HMAC of the record."""
    seal: Mapped[str] = mapped_column(Text(64))
    """HMAC of the link before and of this one."""
    secret: Mapped[str] = mapped_column(Text(8))
    """Id of the secret whose key made both."""
    sealed_at: Mapped[dt.datetime] = mapped_column(Moment())


class AuditCheckpoint(Base):
    """Where the chain begins since records whose time is over were removed (``db.audit.prune``)."""

    seq: Mapped[int] = mapped_column(sa.BigInteger(), primary_key=True, autoincrement=False)
    """The last link that was removed."""
    seal: Mapped[str] = mapped_column(Text(64))
    removed_at: Mapped[dt.datetime] = mapped_column(Moment())
    mark: Mapped[str] = mapped_column(Text(64))
    """HMAC of all of this."""
    secret: Mapped[str] = mapped_column(Text(8))


class KeptKey(Base):
    """The key of the chain of an earlier secret, wrapped with the current one: old seals are never made anew."""

    secret: Mapped[str] = mapped_column(Text(8), primary_key=True)
    wrapped: Mapped[str] = mapped_column(Text(200))


class InstallationSecret(Base):
    """A secret with which something here may be encrypted (``db.installation``): without it the server won't start."""

    secret: Mapped[str] = mapped_column(Text(8), primary_key=True)
    mark: Mapped[str] = mapped_column(Text(64))
    """A digest that only this secret makes; it tells nothing about it."""
    since: Mapped[dt.datetime] = mapped_column(Moment())


class DemoAccount(Base):
    """An account that came with the demo data: many know its password (``permissions.demo_accounts``)."""

    account_id: Mapped[str] = mapped_column(Key(), sa.ForeignKey("user_account.id"), primary_key=True)
