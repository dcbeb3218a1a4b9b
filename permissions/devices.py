"""Browsers that an account has signed in with: a signed cookie says so, and guesses from elsewhere do not shut it out.

It opens nothing. Whoever steals one may go on guessing where others have to wait, five times, and then waits too.
"""

from __future__ import annotations

import datetime as dt
import hmac
import secrets

from db.clock import now
from db.crypto import derived_key

KEPT = dt.timedelta(days=180)


def issue(account_id: str) -> str:
    """A fresh cookie for a device that the account has just signed in with."""
    said = f"{account_id}.{secrets.token_hex(12)}.{int((now() + KEPT).timestamp())}"
    return f"{said}.{_signed(said)}"


def owner(device: str | None) -> str | None:
    """The id of the account whose device a cookie is; None for one that is over, or that we did not sign."""
    said, _, signature = (device or "")[:400].rpartition(".")
    if not said.isascii() or not signature.isascii() or not hmac.compare_digest(signature, _signed(said)):
        return None
    account_id, _, until = said.split(".")
    return account_id if int(until) > now().timestamp() else None


def _signed(said: str) -> str:
    return hmac.digest(derived_key("device"), said.encode(), "sha256").hex()
