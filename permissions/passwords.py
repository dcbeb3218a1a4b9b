"""Passwords: argon2id hashes, the rules, and fresh ones. Hashing never happens on the event loop."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
import string
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from permissions.places import Overloaded, aside
from settings import Settings, get_settings

T = TypeVar("T")
LONGEST = 200
_CLASSES = ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")
_hasher = PasswordHash((Argon2Hasher(),))
# A hash takes 64 MB: two at a time bound the memory that a flood of sign-ins can claim.
_threads = ThreadPoolExecutor(2, thread_name_prefix="password")
WAITING, KNOWN_WAITING = 16, 32
"""Hashes that are made or waited for at a time: a tenth of a second each for two of them, so nobody waits long. The
second half is for people whom the house knows: strangers, however many, do not take it."""
_asked = 0


class Problem(NamedTuple):
    """What is wrong with a password or a code, as a fault of API.md without its path."""

    code: str
    zh: str
    en: str


# --- hashes -----------------------------------------------------------------------------------------------------------


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


def check_room(known: bool = True) -> None:
    """Raises Overloaded where too many wait for a hash already; of strangers (not `known`) fewer may wait."""
    if _asked >= (KNOWN_WAITING if known else WAITING):
        raise Overloaded


async def hash_in_thread(password: str) -> str:
    """``hash_password`` beside the event loop. Raises Overloaded."""
    return await _in_thread(True, hash_password, password)


async def matches_in_thread(password: str, stored: str | None, known: bool = True) -> bool:
    """``matches`` beside the event loop. Raises Overloaded."""
    return await _in_thread(known, matches, password, stored)


async def _in_thread(known: bool, work: Callable[..., T], *given: Any) -> T:
    """Who waits here holds no place among the requests in work: reads do not wait for passwords."""
    global _asked
    check_room(known)
    async with aside():
        _asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(_threads, work, *given)
        finally:
            _asked -= 1


async def matches_any(password: str, stored: Iterable[str]) -> bool:
    """Whether the password is one of those that were hashed."""
    for each in stored:
        if await matches_in_thread(password, each):
            return True
    return False


# --- rules ------------------------------------------------------------------------------------------------------------


def problems(password: str, login: str, settings: Settings | None = None) -> list[Problem]:
    """Everything that is wrong with a new password of the account `login`; empty where nothing is.

    What it was before is not looked at here (``sign_ins.change_password``).
    """
    settings = settings or get_settings()
    shortest, classes = settings.password_length, settings.password_classes
    found = []
    if len(password) < shortest:
        found.append(
            Problem("RANGE", f"口令至少 {shortest} 个字符。", f"A password has at least {shortest} characters.")
        )
    if len(password) > LONGEST:
        found.append(
            Problem("TOO_LONG", f"口令最多 {LONGEST} 个字符。", f"A password has at most {LONGEST} characters.")
        )
        return found
    if sum(bool(re.search(kind, password)) for kind in _CLASSES) < classes:
        zh = f"口令须包含小写字母、大写字母、数字、符号中的至少 {classes} 种。"
        en = f"A password mixes at least {classes} of lower case, upper case, digits and symbols."
        found.append(Problem("PATTERN", zh, en))
    if _holds(password, login):
        found.append(Problem("PATTERN", "口令不能包含登录名。", "A password does not contain the login."))
    if is_common(password):
        zh = "口令太常见，容易被猜到：不要用常用词、键盘顺序或重复的字符。"
        found.append(Problem("PATTERN", zh, "The password is too common: no usual words, keyboard rows or repetition."))
    return found


def _holds(password: str, login: str) -> bool:
    """Whether the login stands in the password, forwards or backwards."""
    word, lower = login.lower(), password.lower()
    return word in lower or (len(word) > 3 and word[::-1] in lower)


_COMMON = (
    "password passwd passw pass pwd admin administrator root system sysadmin test tester guest user default changeme "
    "welcome letmein login iloveyou sunshine dragon monkey football master superman qwert qwerty qwertyuiop asdf "
    "asdfgh asdfghjkl zxcv zxcvbn zxcvbnm qaz qazwsx wsx abc abcd abcdef woaini woaizhongguo zhongguo china nihao mima "
    "guanliyuan beijing shanghai hello huawei"
)
_WORDS = frozenset(_COMMON.split())
_ROWS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb")
_NEXT = frozenset(pair for row in _ROWS for each in (row, row[::-1]) for pair in itertools.pairwise(each))
_DISGUISES = str.maketrans("@4310$5!7", "aaeiossit")


def is_common(password: str) -> bool:
    """Whether the password is a usual word with trimmings, or mostly rows of the keyboard or one character."""
    lower = password.lower()
    core = re.sub(r"^[^a-z@$]+|[^a-z@$]+$", "", lower)
    if {re.sub("[^a-z]", "", word) for word in (lower, core.translate(_DISGUISES))} & _WORDS:
        return True
    easy = sum(a == b or (a, b) in _NEXT for a, b in itertools.pairwise(lower))
    return len(set(lower)) < 5 or easy * 2 > len(lower)


def generate_password() -> str:
    """A fresh password that meets the rules: sixteen characters without look-alikes, in groups of four."""
    alphabet = "".join(set(string.ascii_letters + string.digits) - set("0O1lIo"))
    while True:
        groups = ["".join(secrets.choice(alphabet) for _ in range(4)) for _ in range(4)]
        if not problems(password := "-".join(groups), "-" * LONGEST):
            return password
