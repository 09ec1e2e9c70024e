"""The slugs that every layer may import: categories, operations, purposes, roles, job kinds and states.

Words follow GOVERNANCE and ISO/IEC 2382-37. A slug is stored, audited and sent over the API, so it is never renamed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class CustomerCategory(StrEnum):
    """What kind of organisation a tenant, or the end user it acts for, is."""

    LAW_ENFORCEMENT = "law_enforcement"
    INTELLIGENCE = "intelligence"
    IMMIGRATION = "immigration"
    CORRECTIONS = "corrections"
    PRIVATE_SECURITY = "private_security"
    RETAIL = "retail"
    EMPLOYER = "employer"
    IDENTITY_VERIFICATION = "identity_verification"
    EDUCATION = "education"
    HOUSING = "housing"
    MEDIA = "media"
    RESEARCH = "research"
    CONSUMER_SOFTWARE = "consumer_software"
    VICTIM_RESCUE_NGO = "victim_rescue_ngo"
    MISSING_PERSONS_CLEARINGHOUSE = "missing_persons_clearinghouse"
    PERSONAL = "personal"


class Operation(StrEnum):
    """What is done; the unit that approvals, moratoria and key scopes name."""

    DETECT = "detect"
    ANALYSE_ATTRIBUTES = "analyse_attributes"
    COMPARE = "compare"
    ENROL = "enrol"
    SEARCH = "search"
    WATCHLIST_REALTIME = "watchlist_realtime"
    TRACK = "track"
    CLUSTER = "cluster"
    EXPORT = "export"
    EVALUATE = "evaluate"
    READ_RESULT = "read_result"
    REVIEW = "review"
    DELETE = "delete"
    ADMINISTER = "administer"
    READ_OWN_DECISIONS = "read_own_decisions"


# Stopping never blocks these (GOVERNANCE 4).
RIGHTS: Final = frozenset({Operation.DELETE, Operation.READ_OWN_DECISIONS})
# People do these, never a key: a program has no trained eye.
PERSONAL: Final = frozenset({Operation.REVIEW})


class Purpose(StrEnum):
    """Why it is done."""

    PHOTO_ORGANISATION = "photo_organisation"
    IDENTITY_VERIFICATION = "identity_verification"
    SECOND_FACTOR = "second_factor"
    ACCESS_CONTROL = "access_control"
    MISSING_PERSON_SEARCH = "missing_person_search"
    VICTIM_IDENTIFICATION = "victim_identification"
    CRIMINAL_INVESTIGATION = "criminal_investigation"
    BORDER_CONTROL = "border_control"
    LOSS_PREVENTION = "loss_prevention"
    JOURNALISM = "journalism"
    RESEARCH_EVALUATION = "research_evaluation"


class Attestation(StrEnum):
    """What an organisation attests once, at its approval, of all its uses."""

    LAWFUL_BASIS = "lawful_basis"
    PROVENANCE_KNOWN = "provenance_known"
    ADULTS_ONLY = "adults_only"
    UNALTERED_PROBES = "unaltered_probes"
    NO_TRAIT_TARGETING = "no_trait_targeting"


class Circumstance(StrEnum):
    """What a request says about itself that may stop it: a caller can only be stricter with itself."""

    SCRAPED_SOURCE = "scraped_source"
    MINOR_SUBJECT = "minor_subject"
    ALTERED_PROBE = "altered_probe"
    TRAIT_TARGETING = "trait_targeting"
    PROTEST_TARGETING = "protest_targeting"


class OffenceClass(StrEnum):
    """How grave the offence is that a case is about, least grave first; `none`: no offence (somebody is missing)."""

    NONE = "none"
    MINOR = "minor"
    MODERATE = "moderate"
    SERIOUS = "serious"
    LIFE_THREATENING = "life_threatening"


class AuthorisationKind(StrEnum):
    """What a court has allowed; `exigent`: nothing yet, for want of time, to be ratified by one."""

    WARRANT = "warrant"
    COURT_ORDER = "court_order"
    EXIGENT = "exigent"


class TenantRole(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    CASE_WORKER = "case_worker"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class StaffRole(StrEnum):
    OFFICER = "officer"
    OVERSIGHT = "oversight"
    AUDITOR = "auditor"
    OPERATOR = "operator"


class JobKind(StrEnum):
    ENROL_FACES = "enrol_faces"
    SEARCH_FACES = "search_faces"
    EVALUATE = "evaluate"
    FILL_INDEX = "fill_index"


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    HALTED_BY_POLICY = "halted_by_policy"


OPEN_JOB_STATUSES: Final = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})


class PersonStatus(StrEnum):
    """Whether a person has a face to be found by."""

    CREATED = "created"
    ACTIVE = "active"


class JoinReason(StrEnum):
    """Why a face was not joined to a person, or not taken from one; Rekognition's words."""

    FACE_NOT_FOUND = "FACE_NOT_FOUND"
    ASSOCIATED_TO_A_DIFFERENT_USER = "ASSOCIATED_TO_A_DIFFERENT_USER"
    LOW_MATCH_CONFIDENCE = "LOW_MATCH_CONFIDENCE"


class QualityReason(StrEnum):
    """Why a detected face was not enrolled; Rekognition's words."""

    EXCEEDS_MAX_FACES = "EXCEEDS_MAX_FACES"
    EXTREME_POSE = "EXTREME_POSE"
    LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
    LOW_SHARPNESS = "LOW_SHARPNESS"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
    LOW_FACE_QUALITY = "LOW_FACE_QUALITY"


class FaceAttribute(StrEnum):
    """What an engine can say of a face beyond box, pose and quality; asked for by these names.

    Race and ethnicity are not among them and never will be. Liveness is advisory and only given when named: `all` does
    not mean it.
    """

    AGE_RANGE = "age_range"
    BEARD = "beard"
    EMOTIONS = "emotions"
    EYE_DIRECTION = "eye_direction"
    EYEGLASSES = "eyeglasses"
    EYES_OPEN = "eyes_open"
    FACE_OCCLUDED = "face_occluded"
    GENDER = "gender"
    HAIR_COLOUR = "hair_colour"
    LANDMARKS = "landmarks"
    LIVENESS = "liveness"
    MOUSTACHE = "moustache"
    MOUTH_OPEN = "mouth_open"
    SMILE = "smile"
    SUNGLASSES = "sunglasses"


# ISO 3166 codes (and EU) with their parent; a rule for a parent holds in its children.
JURISDICTION_PARENTS: Final[dict[str, str | None]] = {
    "EU": None,
    "US": None,
    "GB": None,
    "CA": None,
    "AU": None,
    "CH": None,
    **dict.fromkeys("AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE".split(), "EU"),
    **{
        f"US-{state}": "US"
        for state in (
            "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH"
            " OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC"
        ).split()
    },
    "GB-ENG": "GB",
    "GB-NIR": "GB",
    "GB-SCT": "GB",
    "GB-WLS": "GB",
}


def jurisdiction_lineage(code: str) -> tuple[str, ...]:
    """Return the code and its parents, nearest first; empty when the code is unknown."""
    lineage: list[str] = []
    current: str | None = code
    while current is not None and current in JURISDICTION_PARENTS:
        lineage.append(current)
        current = JURISDICTION_PARENTS[current]
    return tuple(lineage)


# The parts of each jurisdiction, at any depth, without itself.
JURISDICTION_PARTS: Final[dict[str, frozenset[str]]] = {
    code: frozenset(part for part in JURISDICTION_PARENTS if part != code and code in jurisdiction_lineage(part))
    for code in JURISDICTION_PARENTS
}
