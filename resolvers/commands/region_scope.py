"""What a list of regions speaks of. Pure.

Lists stop at counties or streets, or hold one district of many; what is not in them may be there all the same. So a
list speaks of the regions of a level below a place only where it names, with its mapping, more than half as many as
are known there. What it does not speak of stays as it is. A mapping that names a code speaks of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from resolvers.commands.region_tree import LEVELS, NATION, Node

if TYPE_CHECKING:
    from resolvers.commands.region_changes import Current

_RANK = {level.name: rank for rank, level in enumerate(LEVELS)}


def unspoken(
    nodes: Sequence[Node], current: Mapping[str, Current], root: Current, mapped: Container[str]
) -> list[Node]:
    """The `current` regions that the `nodes` of a file do not speak of, as if the file had them as they stand."""
    listed = {node.code: node for node in nodes}
    if current.keys() <= listed.keys():
        return []
    stored = {row.id: row for row in current.values()}
    known: Counter[tuple[str, int]] = Counter()
    named = Counter((above, n.level) for n in nodes if n.code not in current for above in _above(n, listed))
    for row in stored.values():
        families = [(above.code, _RANK[row.level]) for above in _over(row, stored, root)]
        known.update(families)
        if row.code in listed or row.code in mapped:
            named.update(families)
    kept = []
    for row in current.values():
        if row.code in listed or row.code in mapped:
            continue
        place = next(above.code for above in _over(row, stored, root) if above.code in listed or above is root)
        family = place, _RANK[row.level]
        if 2 * named[family] <= known[family]:
            parent = root if row.parent_id == root.id else stored.get(row.parent_id or "")
            kept.append(Node(row.code, row.name, _RANK[row.level], parent.code if parent else ""))
    return kept


def _above(node: Node, listed: Mapping[str, Node]) -> Iterator[str]:
    """The codes above a region of the file, the nearest first."""
    while node.parent in listed:
        node = listed[node.parent]
        yield node.code
    yield NATION


def _over(row: Current, stored: Mapping[str, Current], root: Current) -> Iterator[Current]:
    """The stored regions above one, the nearest first."""
    while (above := stored.get(row.parent_id or "")) is not None:
        row = above
        yield row
    yield root
