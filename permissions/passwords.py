"""Passwords: argon2id hashes, the policy, and fresh ones. Hashing never happens on the event loop."""

from __future__ import annotations

import asyncio
import re
import secrets
import string
from concurrent.futures import ThreadPoolExecutor

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

SHORTEST, LONGEST = 10, 200
_CLASSES = ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")
_hasher = PasswordHash((Argon2Hasher(),))
# A hash takes 64 MB: two at a time bound the memory that a flood of sign-ins can claim.
_threads = ThreadPoolExecutor(2, thread_name_prefix="password")


def hash_password(password: str) -> str:
    """The argon2id hash of a password; takes about a tenth of a second."""
    return _hasher.hash(password)


def matches(password: str, stored: str | None) -> bool:
    """Whether `password` is the one that was hashed; without a hash it is not, and takes as long to say so."""
    if len(password) > LONGEST:
        password, stored = "", None
    if stored is None:
        hash_password(password)
        return False
    return _hasher.verify(password, stored)


async def hash_in_thread(password: str) -> str:
    """``hash_password`` beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, hash_password, password)


async def matches_in_thread(password: str, stored: str | None) -> bool:
    """``matches`` beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, matches, password, stored)


def weakness(password: str, login: str) -> tuple[str, str] | None:
    """What is wrong with a new password, in Chinese and English; None where nothing is."""
    if len(password) < SHORTEST:
        return f"口令至少 {SHORTEST} 个字符。", f"A password has at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"口令最多 {LONGEST} 个字符。", f"A password has at most {LONGEST} characters."
    if sum(bool(re.search(kind, password)) for kind in _CLASSES) < 3:
        return (
            "口令须包含小写字母、大写字母、数字、符号中的至少三种。",
            "A password mixes at least three of lower case, upper case, digits and symbols.",
        )
    if login.lower() in password.lower():
        return "口令不能包含登录名。", "A password does not contain the login."
    return None


def generate_password() -> str:
    """A fresh password that meets the policy: sixteen characters without look-alikes, in groups of four."""
    alphabet = "".join(set(string.ascii_letters + string.digits) - set("0O1lIo"))
    while True:
        groups = ["".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4)]
        if weakness(password := "-".join(groups), "-" * SHORTEST) is None:
            return password
