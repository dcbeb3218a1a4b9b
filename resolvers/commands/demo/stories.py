"""What has happened to a committee until today: its terms, and how far its filings have come.

The first committees of the demo's district live through all stories once; after that weights decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from db.enums import CommitteeStatus, FilingState, FilingType
from db.enums import FilingStatus as Status

FILED = FilingState.FILED


@dataclass(frozen=True)
class Story:
    """One course of events.

    `ends_in` are bounds, in days from today, for the end of the current term. `first` is the state of the filing
    of its establishment (None: nobody has filed it), `then` a later filing.
    """

    name: str
    weight: float
    filing_status: Status
    ends_in: tuple[int, int]
    first: FilingState | None = FILED
    then: tuple[FilingType, FilingState] | None = None
    status: CommitteeStatus = CommitteeStatus.ACTIVE
    terms: int = 1

    @property
    def waiting(self) -> bool:
        """Whether the later filing is not decided yet: a new term it attests has not begun."""
        return self.then is not None and self.then[1] is not FILED


_NEW = (1_055, 1_087)  # begun 8 to 40 days ago
_RUNNING = (120, 980)
_CHANGE, _REELECTION = FilingType.CHANGE, FilingType.REELECTION

SETTLED = Story("settled", 60, Status.FILED, _RUNNING)
OWN = Story("change drafted", 1, Status.OUTDATED, _RUNNING, then=(_CHANGE, FilingState.DRAFT))
STORIES = (
    SETTLED,
    Story("new, submitted", 1, Status.PENDING, _NEW, FilingState.SUBMITTED),
    Story("change submitted", 1, Status.PENDING, _RUNNING, then=(_CHANGE, FilingState.SUBMITTED)),
    Story("new, checked", 1, Status.PENDING, _NEW, FilingState.OFFICE_CHECKED),
    Story("new, returned", 1, Status.PENDING, _NEW, FilingState.RETURNED),
    Story("new, drafted", 1, Status.UNFILED, _NEW, FilingState.DRAFT),
    Story("re-elected", 10, Status.FILED, _RUNNING, then=(_REELECTION, FILED), terms=2),
    Story("new, refused", 0.5, Status.UNFILED, _NEW, FilingState.NOT_FILED),
    Story("new, withdrawn", 0.5, Status.UNFILED, _NEW, FilingState.WITHDRAWN),
    Story("re-election checked", 1, Status.PENDING, (2, 20), then=(_REELECTION, FilingState.OFFICE_CHECKED), terms=2),
    Story("change checked", 1, Status.PENDING, _RUNNING, then=(_CHANGE, FilingState.OFFICE_CHECKED)),
    Story("term ends soon", 6, Status.FILED, (1, 89)),
    Story("term expired", 4, Status.FILED, (-120, -1)),
    Story("changed", 4, Status.FILED, _RUNNING, then=(_CHANGE, FILED)),
    Story("unfiled", 2, Status.UNFILED, _RUNNING, None),
    Story("change returned", 1, Status.PENDING, _RUNNING, then=(_CHANGE, FilingState.RETURNED)),
    OWN,
    Story("mended", 1, Status.FILED, _RUNNING, status=CommitteeStatus.RECTIFYING),
    Story("dissolved", 1, Status.FILED, (150, 500), then=(FilingType.DISSOLVE, FILED), status=CommitteeStatus.DISSOLVED),
)
_WEIGHTS = [story.weight for story in STORIES]


def story(chance: Random, position: int, *, home: bool) -> Story:
    """The story of the `position`-th committee of a district; `home`: the district of the accounts.

    There the second committee is that of the account `committee`, and the next ones live through all stories.
    """
    if home and position == 1:
        return OWN
    if home and 2 <= position < 2 + len(STORIES):
        return STORIES[position - 2]
    return chance.choices(STORIES, _WEIGHTS)[0]
