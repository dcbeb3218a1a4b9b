"""What has happened to a committee until today: its terms, and how far its filings have come.

The first committees of the demo's district live through all stories once; after that weights decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from db.models.register.committee_filing import FilingState, FilingType
from db.models.register.mediation_committee import CommitteeStatus
from db.models.register.mediation_committee import FilingStatus as Status

FILED = FilingState.FILED


@dataclass(frozen=True)
class Story:
    """One course of events.

    `begun` are bounds, in days before today, for the begin of the current term; `ends_in`, in days from today, for its
    end. `first` is the state of the filing of its establishment (None: nobody has filed it), `then` a later filing.
    """

    name: str
    weight: float
    filing_status: Status
    begun: tuple[int, int] = (110, 960)
    first: FilingState | None = FILED
    then: tuple[FilingType, FilingState] | None = None
    status: CommitteeStatus = CommitteeStatus.ACTIVE
    terms: int = 1
    ends_in: tuple[int, int] | None = None

    @property
    def waiting(self) -> bool:
        """Whether the later filing is not decided yet: a new term it attests has not begun."""
        return self.then is not None and self.then[1] is not FILED


_NEW = (8, 40)
_CHANGE, _REELECTION = FilingType.CHANGE, FilingType.REELECTION

SETTLED = Story("settled", 60, Status.FILED)
OWN = Story("change drafted", 1, Status.OUTDATED, then=(_CHANGE, FilingState.DRAFT))
STORIES = (
    SETTLED,
    Story("new, submitted", 1, Status.PENDING, _NEW, FilingState.SUBMITTED),
    Story("change submitted", 1, Status.PENDING, then=(_CHANGE, FilingState.SUBMITTED)),
    Story("new, checked", 1, Status.PENDING, _NEW, FilingState.OFFICE_CHECKED),
    Story("new, returned", 1, Status.PENDING, _NEW, FilingState.RETURNED),
    Story("new, drafted", 1, Status.UNFILED, _NEW, FilingState.DRAFT),
    Story("re-elected", 10, Status.FILED, then=(_REELECTION, FILED), terms=2),
    Story("new, refused", 0.5, Status.UNFILED, _NEW, FilingState.NOT_FILED),
    Story("new, withdrawn", 0.5, Status.UNFILED, _NEW, FilingState.WITHDRAWN),
    Story(
        "re-election checked",
        1,
        Status.PENDING,
        then=(_REELECTION, FilingState.OFFICE_CHECKED),
        terms=2,
        ends_in=(2, 20),
    ),
    Story("change checked", 1, Status.PENDING, then=(_CHANGE, FilingState.OFFICE_CHECKED)),
    Story("term ends soon", 6, Status.FILED, ends_in=(1, 89)),
    Story("term expired", 4, Status.FILED, ends_in=(-120, -1)),
    Story("changed", 4, Status.FILED, then=(_CHANGE, FILED)),
    Story("unfiled", 2, Status.UNFILED, first=None),
    Story("change returned", 1, Status.PENDING, then=(_CHANGE, FilingState.RETURNED)),
    OWN,
    Story("mended", 1, Status.FILED, status=CommitteeStatus.RECTIFYING),
    Story(
        "dissolved", 1, Status.FILED, (600, 940), then=(FilingType.DISSOLVE, FILED), status=CommitteeStatus.DISSOLVED
    ),
)
_WEIGHTS = [tale.weight for tale in STORIES]
_OF_STREETS = tuple(tale for tale in STORIES if tale.name in ("settled", "re-elected", "changed", "term ends soon"))


def story(chance: Random, nth: int | None, *, home: bool) -> Story:
    """The story of the `nth` committee of a district, streets not counted; None: of a street's committee.

    In the district of the accounts (`home`) the first is that of the account `committee`, and the next ones live
    through all stories.
    """
    if nth is None:
        return chance.choices(_OF_STREETS, [tale.weight for tale in _OF_STREETS])[0]
    if home and nth == 0:
        return OWN
    if home and nth <= len(STORIES):
        return STORIES[nth - 1]
    return chance.choices(STORIES, _WEIGHTS)[0]
