"""One call of an operation: who asks for what, with values that have been checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from common.context import Actor


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation gets.

    Attributes:
        operation: its name.
        actor: who signed.
        region: as the client calls it.
        parameters: the members of the operation's input shape that were sent (`shapes.decode`).
    """

    operation: str
    actor: Actor
    region: str
    parameters: dict[str, Any]

    @property
    def collection_name(self) -> str:
        """The tenant's own name for the collection that the call is about."""
        name: str = self.parameters["CollectionId"]
        return name
