"""`If-Match` (RFC 9110, 13.1.1): change or delete a thing only if it is still what the caller has seen."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from django.utils.http import parse_etags, quote_etag
from rest_framework.request import Request

from common.errors import PreconditionFailed

_ANY: Final = "*"
_TAG_DIGITS: Final = 32


@dataclass(frozen=True, slots=True)
class Precondition:
    """The entity tags of which the present one must be one; none: no condition."""

    tags: tuple[str, ...] = ()

    def require(self, present: str) -> None:
        """Compare with the tag of the locked row (strong comparison: a weak tag equals nothing).

        Raises:
            PreconditionFailed: the present tag is none of those that were named.
        """
        if self.tags and _ANY not in self.tags and present not in self.tags:
            raise PreconditionFailed("Read it again, then decide: If-Match names another state than the present one.")


UNCONDITIONAL: Final = Precondition()


def precondition_of(request: Request) -> Precondition:
    """Return what `If-Match` asks for. A header that names no tag matches nothing."""
    header: str | None = request.headers.get("If-Match")
    if header is None:
        return UNCONDITIONAL
    return Precondition(tuple(parse_etags(header)) or ("",))


def entity_tag(*state: object) -> str:
    """Return the strong entity tag of a state, in quotation marks; it tells nothing of what it is made of."""
    text = "\0".join(map(str, state))
    return quote_etag(hashlib.sha256(text.encode()).hexdigest()[:_TAG_DIGITS])
