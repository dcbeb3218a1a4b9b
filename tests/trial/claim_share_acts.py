"""What a share must be by itself."""

from __future__ import annotations

from resolvers.acting import rule
from resolvers.commands.work import Draft


@rule("BR-62", "份额大于零")
def something_is_paid(share: Draft) -> None:
    if share.whole("share") and share.row["share"] <= 0:
        share.fault("share", "RANGE", "须大于零", "is more than nothing")
