"""What can go wrong with an application."""

from __future__ import annotations

from common.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unprocessable


class ApplicationNotFound(NotFound):
    code = "application-not-found"
    title = "There is no such application of this tenant"


class EvidenceNotFound(NotFound):
    code = "evidence-not-found"
    title = "There is no such document of this application"


class ApplicationOpen(Conflict):
    code = "application-open"
    title = "There is an open application already"


class ApplicationState(Conflict):
    """The state that it is in does not allow this."""

    code = "application-state"
    title = "The application is in another state"


class ApplicationIncomplete(Unprocessable):
    code = "application-incomplete"
    title = "The application is not complete"


class ApplicationChanged(Conflict):
    """It no longer says what the first officer signed."""

    code = "application-changed"
    title = "The application changed since it was reviewed"


class EvidenceUnusable(InvalidRequest):
    code = "evidence-unusable"
    title = "The document is of no accepted kind or size"


class NotAssigned(Forbidden):
    code = "not-assigned"
    title = "The application is not assigned to this officer"
