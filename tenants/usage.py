"""What a request is for: the defaults of its key or tenant, replaced by the governance headers.

That the headers only narrow is the gate's business (rules KEY-001 and VET-004), not checked here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from common.context import Usage
from common.vocabulary import Circumstance
from tenants.errors import GovernanceHeaderInvalid

LONGEST_HEADER = 200


class Defaults(Protocol):
    """What a key or a tenant states when a request does not."""

    @property
    def default_purpose(self) -> str | None: ...
    @property
    def default_on_behalf_of(self) -> str | None: ...
    @property
    def default_jurisdiction(self) -> str | None: ...


def usage_of(headers: Mapping[str, str], *, defaults: Defaults) -> Usage:
    """Put the headers and the defaults together.

    Raises:
        GovernanceHeaderInvalid: a governance header is not short printable ASCII.
    """
    return Usage(
        purpose=_header(headers, "Custos-Purpose") or defaults.default_purpose,
        on_behalf_of=_header(headers, "Custos-On-Behalf-Of") or defaults.default_on_behalf_of,
        jurisdiction=_header(headers, "Custos-Jurisdiction") or defaults.default_jurisdiction,
        case_ref=_header(headers, "Custos-Case"),
        circumstances=_circumstances(headers),
    )


def _circumstances(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Return what the request states against itself: slugs, separated by commas.

    Raises:
        GovernanceHeaderInvalid: one is not of the vocabulary. Left out, it would stop nothing.
    """
    stated = [slug for item in (_header(headers, "Custos-Circumstances") or "").split(",") if (slug := item.strip())]
    if set(stated) - set(Circumstance):
        raise GovernanceHeaderInvalid(f"Custos-Circumstances takes only {', '.join(Circumstance)}.")
    return tuple(sorted(set(stated)))


def _header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a governance header; facts and audit entries hold nothing but short printable ASCII.

    Raises:
        GovernanceHeaderInvalid: it is longer, or holds something else.
    """
    value = headers.get(name)
    if not value:
        return None
    if len(value) > LONGEST_HEADER or not value.isascii() or not value.isprintable():
        raise GovernanceHeaderInvalid(f"{name} must be at most {LONGEST_HEADER} printable ASCII characters.")
    return value
