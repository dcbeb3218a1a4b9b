"""Encrypted columns (D11): AES-256-GCM ciphertext, keyed digest for exact look-up, printed mask.

The key lies outside the database (``settings.secret_key``); keys for different uses are derived from it, so that a
digest never tells anything about a ciphertext.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from settings import get_settings


@functools.cache
def derived_key(purpose: str) -> bytes:
    """A 32-byte key for one `purpose`, from the one secret of the installation."""
    return hmac.digest(get_settings().secret(), purpose.encode(), "sha256")


def encrypt(value: str, context: str) -> str:
    """Ciphertext of `value`; `context` (table and column) is authenticated, so that cells cannot be swapped."""
    nonce = os.urandom(12)
    sealed = AESGCM(derived_key("column")).encrypt(nonce, value.encode(), context.encode())
    return "1." + base64.urlsafe_b64encode(nonce + sealed).decode()


def decrypt(stored: str, context: str) -> str:
    """The value of a ciphertext. Raises ``cryptography.exceptions.InvalidTag`` where it was tampered with."""
    raw = base64.urlsafe_b64decode(stored.removeprefix("1."))
    return AESGCM(derived_key("column")).decrypt(raw[:12], raw[12:], context.encode()).decode()


def digest(value: str, context: str) -> str:
    """A keyed digest of `value` for exact look-up and uniqueness."""
    return hmac.new(derived_key("digest"), f"{context}\0{value}".encode(), hashlib.sha256).hexdigest()


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
