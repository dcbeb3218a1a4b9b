"""What claims and their shares do."""

from __future__ import annotations

from collections.abc import Sequence

from resolvers.acting import whole
from resolvers.commands.work import Draft


@whole("shares")
def shares_make_one(claim: Draft, shares: Sequence[Draft]) -> None:
    """A claim that has shares at all has them in full, and one lead."""
    given = [share.row["share"] for share in shares]
    if given and sum(given) != 1:
        claim.whole_fault("RANGE", "分配份额之和须为 1。", "The shares make one together.")
    leads = [share for share in shares if share.row["lead"]]
    if given and not leads:
        claim.whole_fault("REQUIRED", "须有一名主办。", "One of them leads.")
    for share in leads[1:]:
        share.fault("lead", "CONFLICT", "只能有一名", "is another's already")
