"""Keyset cursors: the database prints the keys of a row, this module signs them on the way out and checks them in.

A cursor is bound to the list it came from (entity, relation, ordering, condition) and to the viewer. The statement
prints ``NONCE:list:hex-of-keys``; the nonce is fresh in every process, so no text in a row can pass for a cursor.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import Any

import orjson

from db.crypto import derived_key
from resolvers.faults import Denied, bad_input

NONCE = secrets.token_hex(12)
_PRINTED = re.compile(rf"{NONCE}:([0-9]+):([0-9a-f]*)".encode())
_MAC = 12


def _no_cursor() -> Denied:
    return bad_input(
        "游标无效：它不是这个列表、这种排序和条件、这个用户的游标。",
        "This is no cursor of this list, ordering, condition and viewer.",
    )


def context(viewer: str, *what: Any) -> bytes:
    """What a cursor is bound to, as a digest."""
    return hashlib.sha256(orjson.dumps([viewer, *what], default=str, option=orjson.OPT_SORT_KEYS)).digest()


def _sign(keys: bytes, bound_to: bytes) -> bytes:
    return hmac.digest(derived_key("cursor"), bound_to + keys, "sha256")[:_MAC]


def sign_all(text: bytes, contexts: Callable[[int], bytes]) -> bytes:
    """The answer of a statement with every printed cursor signed for its list."""

    def signed(match: re.Match[bytes]) -> bytes:
        keys = bytes.fromhex(match[2].decode())
        return base64.urlsafe_b64encode(_sign(keys, contexts(int(match[1]))) + keys).rstrip(b"=")

    return _PRINTED.sub(signed, text)


@functools.lru_cache(maxsize=1024)
def keys_of(cursor: str, bound_to: bytes) -> list[Any]:
    """The keys inside a cursor. Raises BAD_INPUT for what is forged, foreign or from another list."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise _no_cursor() from None
    mac, keys = raw[:_MAC], raw[_MAC:]
    if not hmac.compare_digest(mac, _sign(keys, bound_to)):
        raise _no_cursor()
    found: list[Any] = orjson.loads(keys)
    return found
