"""The small file of regions that the tests share: cut from the official one, with every odd case in it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "data" / "regions-odd-cases.csv"
Line = tuple[str, str, str]


def lines() -> list[Line]:
    with FILE.open(encoding="utf-8", newline="") as stream:
        return [(code, name, level) for code, name, level in list(csv.reader(stream))[1:]]


def written(folder: Path, rows: list[Any], header: str = "code,name,level", name: str = "file.csv") -> Path:
    text = "\n".join([header, *(",".join(row) for row in rows), ""])
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file
