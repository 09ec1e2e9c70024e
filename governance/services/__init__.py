"""What changes the rules of use. Each act: check who → close the fence → write → record the event → commit.

Stopping is easy and takes one oversight member; resuming takes two. One file for each subject. Each act that takes two
people is the execution of a change request (`governance.four_eyes`, kinds in `services.changes`).
"""

from governance.services.approvals import LONGEST_APPROVAL, ApprovedUse, grant_approval, revoke_approval
from governance.services.exemptions import grant_exemption, revoke_exemption
from governance.services.moratoria import Selector, extend_moratorium, impose_moratorium, lift_moratorium
from governance.services.people import deactivate_staff, reinstate_without_quorum
from governance.services.policy_versions import publish_policy, publish_shipped_policy
from governance.services.preview import CutOff, Preview, preview_moratorium
from governance.services.suspensions import lift_suspension, suspend

__all__ = [
    "LONGEST_APPROVAL",
    "ApprovedUse",
    "CutOff",
    "Preview",
    "Selector",
    "deactivate_staff",
    "extend_moratorium",
    "grant_approval",
    "grant_exemption",
    "impose_moratorium",
    "lift_moratorium",
    "lift_suspension",
    "preview_moratorium",
    "publish_policy",
    "publish_shipped_policy",
    "reinstate_without_quorum",
    "revoke_approval",
    "revoke_exemption",
    "suspend",
]
