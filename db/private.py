"""Files that only the account of the server may read: the database with its log, the secret, what is written beside.

Whatever the umask is: what is made here is made so, and what is found otherwise is mended where it is ours.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import make_url

from settings import SECRET_FILE, Settings

_OTHERS = 0o077


def make_folder(path: Path) -> None:
    """A folder with those above it that are missing, open to its owner alone."""
    if not path.exists():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def make_file(path: Path) -> None:
    """An empty file where there is none. SQLite gives its log and its index the rights of the database itself."""
    make_folder(path.parent)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))


def write(path: Path, text: str) -> None:
    """A file with `text`, open to its owner alone, whatever was there."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(handle, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)


def findings(settings: Settings) -> list[str]:
    """What others may read, after everything that is ours was mended: a sentence each, with the command."""
    found = []
    for path in _ours(settings):
        mode = path.stat().st_mode
        if not mode & _OTHERS:
            continue
        try:
            path.chmod(mode & ~_OTHERS)
        except PermissionError:  # it belongs to another account
            wanted = "700" if path.is_dir() else "600"
            found.append(f"{path} 他人可读: 请以其所有者的身份执行 chmod {wanted} {shlex.quote(str(path))}")
    return found


def _ours(settings: Settings) -> Iterator[Path]:
    """What is there of it. The secret is not mended but told (``settings.problems``): somebody may have read it."""
    var = SECRET_FILE.parent
    places = [var, *(path for path in sorted(var.glob("*")) if path.is_file() and path != SECRET_FILE)]
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite":
        places += [Path(f"{url.database}{ending}") for ending in ("", "-wal", "-shm", "-journal")]
    return (path for path in places if path.exists())
