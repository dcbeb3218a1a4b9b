"""The rules of passwords: everything that is wrong is said at once, in Chinese, and nothing good is refused."""

from __future__ import annotations

import itertools

import pytest

from db.engine import Database
from permissions import passwords
from permissions.kept_passwords import set_password
from permissions.sign_ins import Refusal, SignedIn, change_password, sign_in
from settings import Settings, get_settings
from tests.permissions.world import PASSWORD, World

SHORT, MIX = "口令至少 10 个字符。", "口令须包含小写字母、大写字母、数字、符号中的至少 3 种。"
LOGIN, LONG = "口令不能包含登录名。", "口令最多 200 个字符。"
COMMON = "口令太常见，容易被猜到：不要用常用词、键盘顺序或重复的字符。"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("Kurz-1", [SHORT]),
        ("short", [SHORT, MIX]),
        ("", [SHORT, MIX, COMMON]),
        ("onlylowercase", [MIX]),
        ("lower82640", [MIX]),
        ("My-District-1", [LOGIN]),
        ("Yt-tcirtsid-1", [LOGIN]),
        ("A1-" + "xyzv" * 50, [LONG]),
        ("枫桥经验Fengqiao1963", []),
        (PASSWORD, []),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(password: str, said: list[str]) -> None:
    assert [problem.zh for problem in passwords.problems(password, "district")] == said


@pytest.mark.parametrize(
    "password",
    ["Password-2024", "P@ssw0rd2024", "Admin@12345", "Qwertyuiop-1", "Abcdefghij1!", "12345678Aa!", "Aa1!Aa1!Aa1!",
     "1qaz2wsx#EDC", "Woaini-520!!", "AAAAAAAAa1-", "Huawei@2026"],
)  # fmt: skip
def test_what_many_choose_is_refused(password: str) -> None:
    assert COMMON in [problem.zh for problem in passwords.problems(password, "district")]


@pytest.mark.parametrize(
    "password", ["Ketten-Brücke-7", "Wxh!7042-gd", "红枫 Lake 42 north", "tRee9-holz-mist", "Another-1978"]
)
def test_what_few_would_guess_is_taken(password: str) -> None:
    assert passwords.problems(password, "district") == []


def test_an_installation_may_ask_for_more() -> None:
    strict = Settings(password_length=14, password_classes=4)
    found = passwords.problems("Ketten-12345", "district", strict)
    assert [problem.code for problem in found] == ["RANGE"]
    assert [problem.code for problem in passwords.problems("KettenBrücke1963", "district", strict)] == []
    assert [problem.code for problem in passwords.problems("KettenBruecke1963", "district", strict)] == ["PATTERN"]


def test_generated_passwords_meet_the_strictest_rules_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FENGQIAO_PASSWORD_LENGTH", "16")
    monkeypatch.setenv("FENGQIAO_PASSWORD_CLASSES", "4")
    get_settings.cache_clear()
    try:
        made = {passwords.generate_password() for _ in range(50)}
        assert len(made) == 50
        assert all(passwords.problems(password, "someone") == [] for password in made)
    finally:
        get_settings.cache_clear()


async def test_a_password_used_of_late_is_not_taken_again(database: Database, world: World) -> None:
    key = world.keys["@district"]
    taken = [PASSWORD, "Ketten-Brücke-7", "Wxh!7042-gd", "tRee9-holz-mist"]
    for old, new in itertools.pairwise(taken):
        assert await change_password(database, key, old, new, None) == []

    async def refused(new: str) -> list[str | None]:
        return [refusal.zh for refusal in await change_password(database, key, taken[-1], new, None)]

    assert await refused("tRee9-holz-mist") == ["新口令不能与原口令相同。"]
    assert await refused("Wxh!7042-gd") == await refused("Ketten-Brücke-7") == ["新口令不能与最近 3 个用过的口令相同。"]
    assert await refused(PASSWORD) == []


async def test_a_password_that_was_reset_counts_among_those_used(database: Database, world: World) -> None:
    key, fresh = world.keys["@district"], await passwords.hash_in_thread("Ketten-Brücke-7")
    await database.write(lambda connection: set_password(connection, key, fresh, by=None, must_change=True))
    again = await change_password(database, key, "Ketten-Brücke-7", PASSWORD, None)
    assert [refusal.at for refusal in again] == ["newPassword"]
    assert isinstance(await sign_in(database, "district", PASSWORD, None, None), Refusal)
    assert isinstance(await sign_in(database, "district", "Ketten-Brücke-7", None, None), SignedIn)
