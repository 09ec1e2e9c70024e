"""What an application says, checked and comparable: its completeness, its digest, and how it differs from another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from common.canonical import NotCanonical, digest
from common.errors import InvalidRequest
from common.vocabulary import JURISDICTION_PARENTS, Attestation, CustomerCategory, Operation, Purpose
from governance.vetting.models import VettingApplication

MOST_OFFICERS: Final = 100
_LONGEST_TEXT: Final = 10_000
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "jurisdictions": frozenset(JURISDICTION_PARENTS),
    "purposes": frozenset(str(purpose) for purpose in Purpose),
    "operations": frozenset(str(operation) for operation in Operation),
    "attestations": frozenset(str(attestation) for attestation in Attestation),
    "end_users": frozenset(str(category) for category in CustomerCategory),
}
_NEEDED: Final = (
    "legal_name", "registration", "address", "contact", "jurisdictions", "purposes", "operations", "end_users",
    "rationale", "case_officers",
)  # fmt: skip
_OFFICER_FIELDS: Final = {"name", "training", "trained_on"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One statement that is not what it was when the organisation was last approved."""

    name: str
    before: Any
    after: Any


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return statements in the form in which they are stored.

    Raises:
        InvalidRequest: an unknown slug, an officer without a name, training and date, or text without canonical form.
    """
    stated = dict(values)
    for name, known in _KNOWN.items():
        if name in stated:
            stated[name] = _slugs(name, stated[name], known=known)
    if "case_officers" in stated:
        stated["case_officers"] = [_officer(entry) for entry in stated["case_officers"]]
        if len(stated["case_officers"]) > MOST_OFFICERS:
            raise InvalidRequest(f"At most {MOST_OFFICERS} case officers.")
    for name, value in stated.items():
        if isinstance(value, str) and len(value) > _LONGEST_TEXT:
            raise InvalidRequest(f"{name} is too long.")
    try:
        digest(stated)
    except NotCanonical as error:
        raise InvalidRequest(str(error)) from error
    return stated


def missing(application: VettingApplication) -> list[str]:
    """Return what an application still lacks before it can be submitted."""
    return [name for name in _NEEDED if not getattr(application, name)]


def digest_of(application: VettingApplication, *, evidence: Iterable[str]) -> str:
    """Return the SHA-256 of everything that was reviewed: the statements and the digests of the documents."""
    return digest({"statements": application.content(), "evidence": sorted(evidence)})


def differences(before: VettingApplication | None, after: VettingApplication) -> list[Difference]:
    """Return every statement that changed; all of them when there was nothing before."""
    old = before.content() if before is not None else {}
    return [
        Difference(name.replace("_", " "), old.get(name), value)
        for name, value in after.content().items()
        if old.get(name) != value
    ]


def _slugs(name: str, values: Iterable[str], *, known: frozenset[str]) -> list[str]:
    unknown = sorted(set(values) - known)
    if unknown:
        raise InvalidRequest(f"Unknown {name.replace('_', ' ')}: {', '.join(unknown)}.")
    return sorted(set(values))


def _officer(entry: Mapping[str, Any]) -> dict[str, str]:
    if set(entry) != _OFFICER_FIELDS or not all(isinstance(v, str) and v.strip() for v in entry.values()):
        raise InvalidRequest("A case officer has a name, a training and the day it was taken (trained_on).")
    try:
        date.fromisoformat(entry["trained_on"])
    except ValueError as error:
        raise InvalidRequest("trained_on is a day such as 2026-03-02.") from error
    return {name: entry[name].strip() for name in sorted(_OFFICER_FIELDS)}
