"""What a request carries through GraphQL."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from permissions.viewer import Viewer

if TYPE_CHECKING:
    from resolvers.services import Services


@dataclass
class Context:
    """One request: who asks, the services, the language of messages, and the masks met on the way."""

    viewer: Viewer
    services: Services
    english: bool = False
    operation: str | None = None
    """The operation that the request names."""
    masked: list[str] = field(default_factory=list)
