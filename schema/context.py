"""What a request carries through GraphQL."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from db.clock import SHANGHAI
from permissions.viewer import Viewer
from resolvers.run import Reading
from schema.exports import Wanted
from schema.open_steps import Loader, loader

if TYPE_CHECKING:
    from permissions.admission import Visit
    from resolvers.services import Services
    from schema.documents import Work


@dataclass
class Context:
    """One request: who asks, the services, the language of messages, and the masks met on the way."""

    viewer: Viewer
    services: Services
    english: bool = False
    operation: str | None = None
    """The operation that the request names."""
    work: Work | None = None
    """The operation that is run, with its variables."""
    wants_cost: bool = False
    cost: dict[str, int] | None = None
    """The price of the operation and its limit, where the answer is to tell them."""
    once: tuple[str, bytes] | None = None
    """The idempotency key that the client sent, and the body it stands for."""
    masked: list[str] = field(default_factory=list)
    visit: Visit | None = None
    """How long the request may take; None outside a server."""
    wanted: Wanted | None = None
    """What is to be exported, where the rows are to come as lines."""
    introspected: Mapping[str, bytes] = field(default_factory=dict)
    """What the schema says of itself in this answer, by response key: printed beforehand."""
    reading: Reading = field(init=False)

    @functools.cached_property
    def steps(self) -> Loader:
        """What the viewer may do with rows, asked for many together."""
        return loader(self)

    def __post_init__(self) -> None:
        self.reading = Reading(self.services.reads)

    def plan_roots(self, fields: int, writing: bool) -> None:
        """What is known before the first root field is resolved: how many there are, and whether they write."""
        if self.visit is not None:
            self.visit.writes = writing
        if self.wanted is not None:
            self.wanted.check(fields, writing)
        if fields > 1 and not writing:
            self.reading.together()

    async def start_over(self) -> None:
        """Forget what was read: the request is answered in another way."""
        await self.reading.close()
        self.masked.clear()
        self.reading = Reading(self.services.reads)

    def extensions(self) -> dict[str, Any]:
        """What the answer says beside its data: ``masked``, and for reports ``dataAsOf`` (``Reading.as_of``)."""
        found: dict[str, Any] = {"cost": self.cost} if self.cost else {}
        if self.masked:
            found["masked"] = list(dict.fromkeys(self.masked))
        if self.reading.as_of is not None:
            found["dataAsOf"] = self.reading.as_of.astimezone(SHANGHAI).isoformat(timespec="milliseconds")
        return found
