"""Slugs and numbers in words."""

from __future__ import annotations

import base64
import uuid
from typing import Any, Final

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from common.vocabulary import JobStatus, QualityReason

register = template.Library()

_REASONS: Final[dict[str, str]] = {
    QualityReason.EXCEEDS_MAX_FACES: "more faces than asked for",
    QualityReason.EXTREME_POSE: "turned too far away",
    QualityReason.LOW_BRIGHTNESS: "too dark",
    QualityReason.LOW_SHARPNESS: "not sharp enough",
    QualityReason.LOW_CONFIDENCE: "perhaps not a face",
    QualityReason.SMALL_BOUNDING_BOX: "too small",
    QualityReason.LOW_FACE_QUALITY: "of low quality",
}
# A mark, so that a state is told apart without its colour.
_STATES: Final[dict[str, tuple[str, str]]] = {
    JobStatus.QUEUED: ("…", "quiet"),
    JobStatus.RUNNING: ("▸", "quiet"),
    JobStatus.SUCCEEDED: ("✓", "good"),
    JobStatus.FAILED: ("✕", "bad"),
    JobStatus.CANCELLED: ("–", "quiet"),
    JobStatus.HALTED_BY_POLICY: ("■", "bad"),
    "pending": ("…", "quiet"),
    "done": ("✓", "good"),
    "enrolled": ("✓", "good"),
    "allowed": ("✓", "good"),
    "refused": ("■", "bad"),
    "active": ("✓", "good"),
    "created": ("…", "quiet"),
    "expired": ("–", "quiet"),
    "revoked": ("✕", "bad"),
    "released": ("✓", "good"),
    "rejected": ("✕", "bad"),
    "inconclusive": ("•", "quiet"),
    "open": ("▸", "good"),
    "closed": ("–", "quiet"),
    "draft": ("…", "quiet"),
    "submitted": ("▸", "quiet"),
    "in_review": ("▸", "quiet"),
    "more_information": ("?", "bad"),
    "approved": ("✓", "good"),
    "appealed": ("▸", "quiet"),
    "expiring": ("!", "bad"),
    "superseded": ("–", "quiet"),
    "proven": ("✓", "good"),
    "received": ("…", "quiet"),
    "acknowledged": ("▸", "quiet"),
    "answered": ("✓", "good"),
    "overdue": ("!", "bad"),
    "withdrawn": ("✕", "bad"),
    "false": ("✕", "bad"),
}


@register.filter
def words(slug: Any) -> str:
    """`photo_organisation` → "photo organisation"; a dash for nothing."""
    return str(slug).replace("_", " ") if slug not in (None, "") else "–"


@register.filter
def listed(slugs: list[str]) -> str:
    """Slugs in words, with commas; a dash for none."""
    return ", ".join(map(words, slugs)) or "–"


@register.filter
def reason(code: str) -> str:
    """Why a face was not enrolled, in words."""
    return _REASONS.get(code, words(code).lower())


@register.filter
def short(value: uuid.UUID | str) -> str:
    """The last twelve characters of an id: those of a UUIDv7 that differ."""
    return str(value)[-12:]


@register.filter
def expected(number: float) -> str:
    """A number of expected false candidates, as exact as it deserves."""
    if number >= 10:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 0.05 else "less than 0.1"


@register.filter
def as_source(jpeg: bytes) -> str:
    """A JPEG as an address inside the page: stored nowhere, and gone with it."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


@register.filter
def grouped(number: int) -> str:
    """1234567 → "1,234,567"."""
    return f"{number:,}"


@register.simple_block_tag
def table(content: SafeString, label: str) -> SafeString:
    """A table that scrolls within itself, and whose rows are cards on a narrow screen."""
    return render_to_string("dashboard/partials/table.html", {"content": content, "label": label})


@register.filter
def rate(value: float | None) -> str:
    """A share as "1 in 12,000", or in per cent where it is large."""
    if value is None:
        return "–"
    if value >= 0.001 or value <= 0:
        return f"{100 * value:.2g} %"
    return f"1 in {_two_digits(1 / value):,}"


@register.filter
def interval(rate_with_ends: dict[str, Any]) -> str:
    """A measured share with its interval."""
    if rate_with_ends["value"] is None:
        return "not measured"
    low, high = rate(rate_with_ends["low"]), rate(rate_with_ends["high"])
    return f"{rate(rate_with_ends['value'])} ({low} to {high})"


@register.filter
def at(rows: list[Any], index: int) -> Any:
    """The row at a position."""
    return rows[index]


@register.filter
def inline_svg(drawn: str) -> SafeString:
    """An SVG of ours, without its prologue, to stand in a page that is kept as a file."""
    return mark_safe(drawn[drawn.index("<svg") :])  # noqa: S308 drawn by `recognition.evaluation.plots`, labels escaped


def _two_digits(value: float) -> int:
    step = 10 ** max(0, len(str(int(value))) - 2)
    return int(round(value / step) * step)


@register.inclusion_tag("dashboard/partials/state.html")
def state(slug: str) -> dict[str, str]:
    """A state as a mark and a word; the colour only adds to them."""
    mark, tone = _STATES.get(slug, ("•", "quiet"))
    return {"word": words(slug), "mark": mark, "tone": tone}
