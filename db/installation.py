"""Whose secrets this database was written with: a digest of each, so that no process works under a wrong one.

With a wrong secret everything seems to work: people are looked up by digests that meet nothing, a registered identity
number is taken a second time, and what is written mixes two secrets. So each secret that ever was the current one has a
line here, until a rotation has left nothing that needs it, and whoever lacks one of them does not start.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.engine import Connection

from db import crypto
from db.audit.chain import SEAL, ChainKeys
from db.clock import now
from db.rotation import sealed_tables
from db.technical import InstallationSecret, KeptKey

LINES: Any = InstallationSecret.__table__
HINT = (
    "请把原来的密钥放回 FENGQIAO_SECRET_KEY (或 var/secret.key), 或写进 FENGQIAO_PREVIOUS_SECRET_KEYS 再执行 "
    "./run keys rotate; 原来的密钥确已丢失的, 执行 ./run keys adopt"
)


class WrongSecret(Exception):
    """The database was written with a secret that this process lacks."""


def mark_of(secret: str) -> str:
    """The digest of the secret of that id."""
    return hmac.digest(crypto.derived_key("installation", secret), b"installation", "sha256").hex()


def findings(connection: Connection) -> list[str]:
    """What is wrong with the secrets of this process for this database; it only reads, whatever the structure."""
    lacking = _lacking(connection)
    if not lacking:
        return []
    return [f"数据库是用另一个密钥写的 (标识 {'、'.join(lacking)}), 现在的设置里没有它: {HINT}"]


def remember(connection: Connection) -> None:
    """Note the current secret; after ``findings`` found nothing. Any number of processes may do so at once."""
    secret = crypto.current_secret()
    if connection.scalar(sa.select(LINES.c.secret).where(LINES.c.secret == secret)) is None:
        line = {"secret": secret, "mark": mark_of(secret), "since": now()}
        absent = ~sa.exists().where(LINES.c.secret == secret)
        values = sa.select(*(sa.literal(value, LINES.c[name].type) for name, value in line.items())).where(absent)
        try:
            with connection.begin_nested():
                connection.execute(sa.insert(LINES).from_select(list(line), values))
        except sa.exc.IntegrityError:
            return  # another process was faster


def settle(connection: Connection) -> None:
    """Leave the current secret alone: nothing needs another one any more, or what needs it is given up."""
    connection.execute(sa.delete(LINES))
    remember(connection)


def _lacking(connection: Connection) -> list[str]:
    """The ids of the secrets that something here needs and the settings lack."""
    there = set(sa.inspect(connection).get_table_names())
    if LINES.name in there:
        known = connection.execute(sa.select(LINES.c.secret, LINES.c.mark)).all()
        if known:
            return sorted(secret for secret, mark in known if not _is_known(secret, mark))
    return sorted(set(_by_content(connection, there)))


def _is_known(secret: str, mark: str) -> bool:
    return secret in crypto.secrets() and hmac.compare_digest(mark_of(secret), mark)


_SEALED = re.compile(r"2\.([0-9a-f]{8})\.")


def _needs(stored: str, context: str) -> str | None:
    """The secret that a ciphertext needs and that is not known; what is no ciphertext of ours tells of none."""
    named = _SEALED.match(stored)
    if named is not None:
        return None if named[1] in crypto.secrets() else named[1]
    if stored.startswith("1."):  # before secrets had ids: only opening it tells
        try:
            crypto.decrypt(stored, context)
        except InvalidTag:
            return "未知"
        except ValueError:
            return None
    return None


def _by_content(connection: Connection, there: set[str]) -> Iterator[str]:
    """The same for a database that has no lines yet: one value of each secret and column is asked."""
    for sealed in sealed_tables():
        if sealed.table.name not in there:
            continue
        for name in sealed.names:
            cipher = sealed.cipher(name)
            head = sa.func.substr(cipher, 1, len(crypto.fresh_prefix()))
            one = sa.select(sa.func.min(cipher)).where(cipher.is_not(None)).group_by(head)
            for stored in connection.scalars(one):
                if (lacking := _needs(stored, f"{sealed.table.name}.{name}")) is not None:
                    yield lacking
    if {"kept_key", "audit_seal"} <= there:
        for wrapped in connection.scalars(sa.select(KeptKey.wrapped)):
            if (lacking := _needs(wrapped, "")) is not None:
                yield lacking
        last = connection.scalar(sa.select(SEAL.c.secret).order_by(SEAL.c.seq.desc()).limit(1))
        if last is not None and ChainKeys(connection).get(last) is None:
            yield last
