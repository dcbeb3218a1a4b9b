"""The front end is the pinned one, put into Chinese, and nothing of Piccolo runs here."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import requires, version
from pathlib import Path

import pytest

from admin import bundle, translations
from admin.bundle import BundleMistake
from admin.literals import SWAPS, Swap

ROOT = Path(__file__).parent.parent.parent


def test_the_pinned_version_is_installed_and_the_one_in_the_requirements() -> None:
    assert version(bundle.PACKAGE) == bundle.PINNED
    assert f'"piccolo-admin=={bundle.PINNED}"' in (ROOT / "pyproject.toml").read_text()
    assert requires(bundle.PACKAGE)


def test_every_literal_is_replaced_and_the_page_names_only_files_that_are_served() -> None:
    built = bundle.build()
    page = built.index.decode()
    assert len(built.assets) == 5
    assert all(f"./assets/{name}" in page for name in built.assets)
    script = next(
        f.content.decode() for name, f in built.assets.items() if name.startswith("app-") and name.endswith(".js")
    )
    left = [swap.old for swap in SWAPS if swap.old in script and swap.old not in swap.new]
    assert left == []


def test_a_literal_that_is_gone_stops_the_start_and_is_named() -> None:
    with pytest.raises(BundleMistake, match=r"'Save all' stands there 0 times.*'Open' stands there 2 times"):
        bundle.translated("Open Open", [Swap("Save all", "全部保存"), Swap("Open", "打开")])


def test_another_version_stops_the_start_and_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "version", lambda _name: "9.9.9")
    with pytest.raises(BundleMistake, match=r"9\.9\.9 is installed.*Install 1\.14\.0"):
        bundle.build()


def test_every_word_the_front_end_looks_up_has_a_translation() -> None:
    source = (bundle.package_folder() / "translations" / "data.py").read_text("utf-8")
    known = [
        {ast.literal_eval(key) for key in keyword.value.keys if key is not None}
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "translations" and isinstance(keyword.value, ast.Dict)
    ]
    assert known
    assert set().union(*known) == translations.WORDS.keys()


def test_nothing_of_piccolo_is_imported_by_the_server() -> None:
    code = (
        "import sys, app, admin.bundle\n"
        "app.create_app()\n"
        "found = sorted(name for name in sys.modules if name.partition('.')[0].startswith('piccolo'))\n"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_asset_may_be_cached_for_ever_because_its_name_follows_its_content() -> None:
    assert bundle.hashed("app.js", b"a") != bundle.hashed("app.js", b"b")
    assert bundle.hashed("app.js", b"a") == bundle.hashed("app.js", b"a")
