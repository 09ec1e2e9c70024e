"""What a key is bound to where its lists leave something open. Plain: the gate makes its facts with it."""

from __future__ import annotations

from collections.abc import Sequence


def bound_set(listed: Sequence[str], *, default: str | None) -> list[str]:
    """Return the end users, or the jurisdictions, that a key may state.

    A key that says for whom or where it is used, and lists nothing further, is meant for just that: a header may narrow
    it and never exchange it.

    Args:
        listed: what the key lists.
        default: what it states when a request does not.

    Returns:
        The bound; empty: no narrower than the tenant's approval.
    """
    return list(listed) or ([default] if default else [])
