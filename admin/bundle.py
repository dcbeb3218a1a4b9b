"""The front end's files: found in the installed package, put into Chinese once at start, served under new names.

The package is located, never imported: nothing of Piccolo runs in this process.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from admin.literals import SWAPS, Swap

PACKAGE, PINNED = "piccolo_admin", "1.14.0"
FRONT = Path(__file__).parent / "front"


class BundleMistake(Exception):
    """The installed front end is not the one this server was made for; the message says what to do."""


@dataclass(frozen=True)
class File:
    """One file as it is served."""

    content: bytes
    media_type: str

    @functools.cached_property
    def zipped(self) -> bytes:
        """The content, compressed once."""
        return gzip.compress(self.content, mtime=0)


@dataclass(frozen=True)
class Bundle:
    """The page and its assets, by the names the page uses."""

    index: bytes
    assets: dict[str, File]


def package_folder() -> Path:
    """Where the package lies; raises BundleMistake where it is missing or of another version."""
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise BundleMistake(f"{PACKAGE} is not installed. Run ./run again, or pip install {PACKAGE}=={PINNED}.")
    found = version(PACKAGE)
    if found != PINNED:
        raise BundleMistake(
            f"{PACKAGE} {found} is installed, admin/literals.py knows {PINNED}. "
            f"Install {PINNED}, or review the literals and change PINNED in admin/bundle.py."
        )
    return Path(spec.origin).parent


def build() -> Bundle:
    """Page and assets, ready to serve. Raises BundleMistake with every literal that is gone."""
    dist = package_folder() / "dist"
    script = translated(one(dist, "assets/*.js").read_text("utf-8"), SWAPS)
    styles = one(dist, "assets/*.css").read_bytes()
    files = {
        "app.js": File(script.encode(), "text/javascript"),
        "app.css": File(styles, "text/css"),
        "fengqiao.js": File((FRONT / "fengqiao.js").read_bytes(), "text/javascript"),
        "addresses.js": File((FRONT / "addresses.js").read_bytes(), "text/javascript"),
        "fengqiao.css": File((FRONT / "fengqiao.css").read_bytes(), "text/css"),
    }
    names = {name: hashed(name, file.content) for name, file in files.items()}
    page = (FRONT / "index.html").read_text("utf-8")
    for name, served in names.items():
        page = page.replace(f"assets/{name}", f"assets/{served}")
    return Bundle(page.encode(), {names[name]: file for name, file in files.items()})


def translated(script: str, swaps: Sequence[Swap]) -> str:
    """`script` with every literal replaced, each found exactly as often as it says."""
    wrong = []
    for swap in swaps:
        found = script.count(swap.old)
        if found != swap.times:
            wrong.append(f"{swap.old[:80]!r} stands there {found} times instead of {swap.times}")
        script = script.replace(swap.old, swap.new)
    if wrong:
        raise BundleMistake(
            f"{PACKAGE} {PINNED}: {'; '.join(wrong)}. The package was changed: "
            "reinstall it, or review admin/literals.py."
        )
    return script


def one(folder: Path, pattern: str) -> Path:
    """The only file of `folder` that matches."""
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise BundleMistake(f"{folder} has {len(found)} files like {pattern}, not one. Reinstall {PACKAGE}=={PINNED}.")
    return found[0]


def hashed(name: str, content: bytes) -> str:
    """``app.js`` -> ``app-1a2b3c4d5e.js``: a name that changes with the content may be cached for ever."""
    digest = hashlib.sha256(content).hexdigest()[:10]
    return re.sub(r"\.(\w+)$", rf"-{digest}.\1", name)
