"""The README is true: its map names what is there, and its new entity works when one does what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from settings import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
_LEFT_OUT = shutil.ignore_patterns(
    ".venv", "node_modules", "var", ".git", "__pycache__", ".pytest_cache", ".hypothesis", ".mypy_cache"
)
_USE = """
import asyncio, json, sys
from db.engine import Database
from db.facts import Role
from db.registry import registry
from permissions.viewer import Reach, Viewer
from resolvers.requests import Pick, page
from resolvers.run import Reads
from schema.build import build_schema, sdl
from settings import get_settings

async def main():
    database = Database(get_settings())
    info = registry()["Grid"]
    viewer = Viewer("0", "x", "x", {Role.DIST: Reach(ranges=(("/", "0"),))})
    rows = await Reads(database, registry()).rows(page(info, Pick(info).add("id", "name", "worker_mobile")), viewer)
    await database.stop()
    text = sdl(build_schema())
    print(json.dumps([rows, "type Grid implements Node" in text, "createGrid" in text, "workerMobile: String" in text]))

asyncio.run(main())
"""


def _run(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout


def test_the_map_names_what_is_there() -> None:
    """Every file and folder on the map exists, and every folder of ours is on it."""
    drawn = re.search(r"## The map of the house\n\n```\n(.*?)```", README, re.DOTALL)
    assert drawn is not None
    names = set(re.findall(r"(?:^|  )([a-z]+(?:\.py|/)?)(?=\s|$)", re.sub(r"  +[^\n]*", "  ", drawn[1]), re.MULTILINE))
    names |= {"tests/", "bench/", "docs/"}

    assert [name for name in sorted(names) if not (ROOT / name.rstrip("/")).exists()] == []
    folders = {f"{path.name}/" for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    assert folders - names == set()


def test_every_setting_says_what_it_means() -> None:
    """`./run check` can list every setting with its meaning."""
    from settings import Settings

    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_new_entity_is_one_file_and_a_generated_migration(tmp_path: Path) -> None:
    """Writing the README's model and running its commands gives a table, a GraphQL type, and rows to ask for."""
    example = re.search(r"```python\n(\"\"\"Grid .*?)```", README, re.DOTALL)
    assert example is not None
    commands = re.search(r"```sh\n(\./run revision.*?)```", README, re.DOTALL)
    assert commands is not None
    house = tmp_path / "house"
    shutil.copytree(ROOT, house, ignore=_LEFT_OUT)
    for name in (".venv", "node_modules"):
        (house / name).symlink_to(ROOT / name)
    (house / "db" / "models" / "places" / "grid.py").write_text(example[1], encoding="utf-8")
    environment = {
        **os.environ,
        "FENGQIAO_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path / 'new.db'}",
        "FENGQIAO_SECRET_KEY": "k" * 40,
    }

    for line in commands[1].strip().splitlines():
        _run(house, environment, *[part.strip('"') for part in re.findall(r'"[^"]*"|\S+', line)])
    printed = _run(house, {**environment, "PYTHONPATH": str(house)}, sys.executable, "-c", _USE)

    assert printed.splitlines()[-1] == '[{"nodes": [], "totalCount": 0}, true, true, true]'
