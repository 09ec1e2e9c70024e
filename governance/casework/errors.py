"""What case work answers when something cannot be."""

from __future__ import annotations

from common.errors import Conflict, Forbidden, InvalidRequest, NotFound


class CaseNotFound(NotFound):
    code = "case-not-found"
    title = "There is no such case"


class CaseExists(Conflict):
    code = "case-exists"
    title = "A case of this reference exists already"


class CaseClosed(Conflict):
    code = "case-closed"
    title = "The case is closed"


class CaseStillOpen(Conflict):
    code = "case-still-open"
    title = "The case is open: its searches still bring evidence"


class OfficerInvalid(InvalidRequest):
    code = "case-officer-invalid"
    title = "A case officer must be a member of the organisation"


class AuthorisationInvalid(InvalidRequest):
    code = "authorisation-invalid"
    title = "The authorisation is not valid"


class AuthorisationNotFound(NotFound):
    code = "authorisation-not-found"
    title = "There is no such authorisation in the case"


class AuthorisationEnded(Conflict):
    """It was ratified, withdrawn or purged before, or its deadline has passed."""

    code = "authorisation-ended"
    title = "The authorisation can no longer be changed"


class UrgencyNotRatified(Conflict):
    """Else urgency would follow urgency, and no court would ever be asked."""

    code = "urgency-not-ratified"
    title = "The case has an urgent use that no court has ratified"


class TooManyAuthorisations(Conflict):
    """Their facts would not fit into the audit entry of a decision."""

    code = "too-many-authorisations"
    title = "The case holds too many authorisations"


class SecondPersonNeeded(Forbidden):
    code = "second-person-needed"
    title = "This takes another person than the one who began it"


class BreakGlassInvalid(InvalidRequest):
    code = "break-glass-invalid"
    title = "The glass cannot be broken like this"


class BreakGlassNotFound(NotFound):
    code = "break-glass-not-found"
    title = "There is no such grant"


class BreakGlassUnreviewed(Conflict):
    """Else one person could go on alone, a quarter of an hour at a time."""

    code = "break-glass-unreviewed"
    title = "The organisation has broken the glass, and the oversight has not reviewed it"


class BreakGlassEnded(Conflict):
    """It was confirmed, closed or reviewed before, or its time has passed."""

    code = "break-glass-ended"
    title = "The grant can no longer be changed"


class BreakGlassOverdue(Conflict):
    """The organisation is suspended; letting it resume takes two."""

    code = "break-glass-overdue"
    title = "The review is overdue: two members of the oversight settle it by a change request"


class TrainingInvalid(InvalidRequest):
    code = "training-invalid"
    title = "The attestation of training is not valid"


class TrainingNotFound(NotFound):
    code = "training-not-found"
    title = "There is no such attestation"


class ReviewNotFound(NotFound):
    code = "review-not-found"
    title = "There is no such review"


class ReviewPending(Conflict):
    """Nobody is named before two people have released them."""

    code = "review-pending"
    title = "The result is under review"


class ReviewClosed(Conflict):
    code = "review-closed"
    title = "The review has ended"


class AlreadyReviewed(Conflict):
    code = "already-reviewed"
    title = "This person has given their verdict"


class NotAReviewer(Forbidden):
    code = "not-a-reviewer"
    title = "This takes another person: a reviewer who did not ask for the result"
