"""The checkout's top level: our names are ours alone, and the locks hold what they should."""

from __future__ import annotations

import json
import re
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {"db", "permissions", "resolvers", "schema", "admin", "bench", "tests"}
# Not `tests`: piccolo installs one too. Ours wins, being a package at the front of the path.
OURS = FOLDERS - {"tests"} | {"app", "settings"}


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_no_dependency_installs_one_of_our_top_level_names() -> None:
    assert OURS & packages_distributions().keys() == set()


@pytest.mark.parametrize("folder", sorted(FOLDERS))
def test_every_folder_with_code_is_a_package(folder: str) -> None:
    # A folder without __init__.py loses to any installed package of its name, even from the front of the path.
    code = any((ROOT / folder).rglob("*.py"))
    assert not code or (ROOT / folder / "__init__.py").is_file()


def test_the_test_lock_holds_the_runtime_lock() -> None:
    assert pins("requirements.lock").items() <= pins("requirements-test.lock").items()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-test.lock", "requirements-node.lock"])
def test_every_locked_package_has_a_hash_and_no_lock_names_a_registry(lock: str) -> None:
    packages = re.split(r"^(?=[\w.-]+==)", (ROOT / lock).read_text(), flags=re.MULTILINE)[1:]
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert not re.search(r"://|--index-url|--find-links", (ROOT / lock).read_text())


def test_the_npm_lock_has_hashes_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    del packages[""]
    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []
