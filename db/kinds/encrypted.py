"""Personal data nobody reads but by a logged reveal: stored as cipher, digest and mask (``db.columns.Encrypted``)."""

from __future__ import annotations

from db.kinds.text import Textual


class Sealed(Textual):
    """``encrypted``; what is read is the mask."""

    key, use = "encrypted", "encrypted"
    askable = sortable = groupable = textual = False
    sealed = True
