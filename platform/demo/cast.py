"""Who plays: four tenants, their keys and approvals, and the platform's staff. Data only."""

from __future__ import annotations

from dataclasses import dataclass

from common.vocabulary import CustomerCategory, OffenceClass, Operation, Purpose, StaffRole, TenantRole

WORKING_OPERATIONS = (
    Operation.DETECT,
    Operation.ANALYSE_ATTRIBUTES,
    Operation.COMPARE,
    Operation.ENROL,
    Operation.SEARCH,
    Operation.CLUSTER,
    Operation.READ_RESULT,
    Operation.ADMINISTER,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantPart:
    """One tenant of the demo world.

    Attributes:
        end_users: on whose behalf it is approved to act, itself included; its key lists the same.
        rationale: what it tells the officers that it is for.
        stated_end_user: what its key says when a request does not; None: the tenant itself.
    """

    slug: str
    name: str
    category: CustomerCategory
    purposes: tuple[Purpose, ...]
    jurisdiction: str
    rationale: str
    end_users: tuple[CustomerCategory, ...]
    stated_end_user: CustomerCategory | None = None
    members: tuple[tuple[str, TenantRole], ...] = ()


REVIEWERS = ("rescue-reviewer-1", "rescue-reviewer-2")

TENANTS = (
    TenantPart(
        slug="photo-app",
        name="Family Album",
        category=CustomerCategory.CONSUMER_SOFTWARE,
        purposes=(Purpose.PHOTO_ORGANISATION,),
        rationale="Families sort their own photographs by who is on them.",
        jurisdiction="US",
        end_users=(CustomerCategory.CONSUMER_SOFTWARE, CustomerCategory.PERSONAL),
        members=(("album-owner", TenantRole.OWNER), ("album-developer", TenantRole.DEVELOPER)),
    ),
    TenantPart(
        slug="id-check",
        name="Second Look Identity",
        category=CustomerCategory.IDENTITY_VERIFICATION,
        purposes=(Purpose.IDENTITY_VERIFICATION, Purpose.SECOND_FACTOR),
        rationale="Customers of banks show that they are who their document says.",
        jurisdiction="US",
        end_users=(CustomerCategory.IDENTITY_VERIFICATION,),
        members=(("idcheck-owner", TenantRole.OWNER),),
    ),
    TenantPart(
        slug="rescue-charity",
        name="Bring Them Home",
        category=CustomerCategory.VICTIM_RESCUE_NGO,
        purposes=(Purpose.VICTIM_IDENTIFICATION, Purpose.MISSING_PERSON_SEARCH),
        rationale="We find minors who are offered online, and tell the police of their town.",
        jurisdiction="US",
        end_users=(
            CustomerCategory.VICTIM_RESCUE_NGO,
            CustomerCategory.MISSING_PERSONS_CLEARINGHOUSE,
            CustomerCategory.LAW_ENFORCEMENT,
        ),
        stated_end_user=CustomerCategory.VICTIM_RESCUE_NGO,
        members=(
            ("rescue-owner", TenantRole.OWNER),
            ("rescue-caseworker", TenantRole.CASE_WORKER),
            *((username, TenantRole.REVIEWER) for username in REVIEWERS),
        ),
    ),
    TenantPart(
        slug="police",
        name="Metro Police Department",
        category=CustomerCategory.LAW_ENFORCEMENT,
        purposes=(Purpose.CRIMINAL_INVESTIGATION,),
        rationale="Leads in investigations of serious crimes, each in a case.",
        jurisdiction="US",
        end_users=(CustomerCategory.LAW_ENFORCEMENT,),
        members=(("police-owner", TenantRole.OWNER),),
    ),
)

STAFF = (
    ("officer-1", StaffRole.OFFICER),
    ("officer-2", StaffRole.OFFICER),
    ("oversight-1", StaffRole.OVERSIGHT),
    ("oversight-2", StaffRole.OVERSIGHT),
    ("auditor", StaffRole.AUDITOR),
)

# The charity's cases: what its searches are for, and how grave it is.
CASES = (
    ("BTH-2019-041", OffenceClass.LIFE_THREATENING, "Minors offered online; identify and find them."),
    ("BTH-2019-042", OffenceClass.MINOR, "A supermarket asks who took two bottles of wine."),
)
GRAVE_CASE, PETTY_CASE = (reference for reference, _, _ in CASES)

POLICE_COLLECTION = "bookings-2019"
MORATORIUM_REASON = (
    "One-year moratorium on police use of face recognition, so that legislators have time to put rules in place."
)
MORATORIUM_SOURCE = "Modelled on the provider moratorium announced on 10 June 2020."
EXEMPT_PURPOSES = (Purpose.VICTIM_IDENTIFICATION, Purpose.MISSING_PERSON_SEARCH)
