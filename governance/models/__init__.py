"""What governance keeps: what is in force, and the changes that two people sign."""

from governance.models.changes import ChangeRequest
from governance.models.in_force import (
    Approval,
    Exemption,
    Moratorium,
    PolicyEpoch,
    PolicyVersion,
    Suspension,
    TwoApprovers,
)
from governance.models.replays import PolicyReplay

__all__ = [
    "Approval",
    "ChangeRequest",
    "Exemption",
    "Moratorium",
    "PolicyEpoch",
    "PolicyReplay",
    "PolicyVersion",
    "Suspension",
    "TwoApprovers",
]
