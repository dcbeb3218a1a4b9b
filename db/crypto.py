"""Encrypted columns (D11): AES-256-GCM ciphertext, keyed digest for exact look-up, printed mask.

The key lies outside the database (``settings.secrets``); keys for different uses are derived from it, so that a
digest never tells anything about a ciphertext. An installation that changes its secret knows several for a while: what
is new is made with the current one, and what was made with an earlier one is still read (``db.rotation``).
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from settings import get_settings


class UnknownSecret(Exception):
    """What was encrypted needs a secret that the settings do not name."""


@functools.cache
def secrets() -> dict[str, bytes]:
    """The installation's secrets by their ids, the current one first. An id tells nothing about its secret."""
    known = get_settings().secrets()
    return {hmac.digest(secret, b"id of this secret", "sha256").hex()[:8]: secret for secret in known}


def current_secret() -> str:
    """The id of the secret that new values are made with."""
    return next(iter(secrets()))


@functools.cache
def derived_key(purpose: str, secret: str | None = None) -> bytes:
    """A 32-byte key for one `purpose`, from the secret of that id or the current one. Raises UnknownSecret."""
    known = secrets()
    if secret is not None and secret not in known:
        raise UnknownSecret(secret)
    return hmac.digest(known[secret or current_secret()], purpose.encode(), "sha256")


def forget_secrets() -> None:
    """Read the secrets from the settings anew: they were changed while this process runs."""
    secrets.cache_clear()
    derived_key.cache_clear()


# --- values -----------------------------------------------------------------------------------------------------------


def encrypt(value: str, context: str) -> str:
    """Ciphertext of `value`; `context` (table and column) is authenticated, so that cells cannot be swapped."""
    return fresh_prefix() + _sealed(derived_key("column"), value.encode(), context)


def decrypt(stored: str, context: str) -> str:
    """The value of a ciphertext. Raises ``InvalidTag`` where it was tampered with, and UnknownSecret."""
    version, _, rest = stored.partition(".")
    if version == "1":  # before secrets had ids
        return _by_any_secret(rest, context)
    secret, _, sealed = rest.partition(".")
    return _opened(derived_key("column", secret), sealed, context).decode()


def fresh_prefix() -> str:
    """What the ciphertexts of the current secret begin with."""
    return f"2.{current_secret()}."


def digest(value: str, context: str, secret: str | None = None) -> str:
    """A keyed digest of `value` for exact look-up and uniqueness, by the secret of that id or the current one."""
    return hmac.new(derived_key("digest", secret), f"{context}\0{value}".encode(), hashlib.sha256).hexdigest()


def digests(value: str, context: str) -> list[str]:
    """The digests by which a row with `value` may be stored: while secrets change, not all are of the current one."""
    return [digest(value, context, secret) for secret in secrets()]


def wrap(key: bytes, context: str) -> str:
    """A key as it may lie in the database, readable by who has the current secret."""
    return fresh_prefix() + _sealed(derived_key("wrap"), key, context)


def unwrap(stored: str, context: str) -> bytes:
    """The key that was wrapped. Raises ``InvalidTag`` and UnknownSecret."""
    _, secret, sealed = stored.split(".", 2)
    return _opened(derived_key("wrap", secret), sealed, context)


def _sealed(key: bytes, value: bytes, context: str) -> str:
    nonce = os.urandom(12)
    return base64.urlsafe_b64encode(nonce + AESGCM(key).encrypt(nonce, value, context.encode())).decode()


def _opened(key: bytes, sealed: str, context: str) -> bytes:
    raw = base64.urlsafe_b64decode(sealed)
    return AESGCM(key).decrypt(raw[:12], raw[12:], context.encode())


def _by_any_secret(sealed: str, context: str) -> str:
    for secret in secrets():
        try:
            return _opened(derived_key("column", secret), sealed, context).decode()
        except InvalidTag:
            continue
    raise InvalidTag


# --- masks ------------------------------------------------------------------------------------------------------------


def _middle(head: int, tail: int) -> Callable[[str], str]:
    def mask(value: str) -> str:
        hidden = max(len(value) - head - tail, 3)
        return value[:head] + "*" * hidden + (value[-tail:] if tail else "")

    return mask


def _address(value: str) -> str:
    """Down to the community: what follows the last 区, 村, 社区, 街道 or 镇 is hidden."""
    cut = max(
        (value.rfind(word) + len(word) for word in ("社区", "村", "街道", "镇", "乡", "区", "县") if word in value),
        default=0,
    )
    return value[:cut] + "***"


MASKS: dict[str, Callable[[str], str]] = {
    "id_number": _middle(3, 2),
    "mobile": _middle(3, 4),
    "bank_account": _middle(0, 4),
    "address": _address,
}
"""Patterns of DOMAIN 5.3."""
