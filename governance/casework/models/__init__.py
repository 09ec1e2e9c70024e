"""Cases and what courts allowed in them; the training of reviewers; results that wait for their review."""

from governance.casework.models.cases import Authorisation, Case, CaseOfficer
from governance.casework.models.emergencies import BreakGlassGrant
from governance.casework.models.reviews import ReviewCandidate, ReviewProbe, ReviewTask, ReviewVerdict
from governance.casework.models.training import TrainingAttestation

__all__ = [
    "Authorisation",
    "BreakGlassGrant",
    "Case",
    "CaseOfficer",
    "ReviewCandidate",
    "ReviewProbe",
    "ReviewTask",
    "ReviewVerdict",
    "TrainingAttestation",
]
