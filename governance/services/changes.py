"""Every kind of change of governance's own that takes two people. Other apps register theirs in the same way."""

from __future__ import annotations

from typing import Final

from common.vocabulary import StaffRole
from governance import four_eyes
from governance.four_eyes import ChangeKind
from governance.services import approvals, exemptions, moratoria, people, policy_versions, suspensions

_OFFICERS: Final = frozenset({StaffRole.OFFICER})
_OVERSIGHT: Final = frozenset({StaffRole.OVERSIGHT})

KINDS: Final = (
    ChangeKind(
        slug="grant_approval",
        label="Approve an organisation",
        roles=_OFFICERS,
        check=approvals.check_approval,
        execute=approvals.execute_approval,
        subject="tenant",
    ),
    ChangeKind(
        slug="grant_exemption",
        label="Exempt an organisation from a moratorium",
        roles=_OFFICERS,
        check=exemptions.check_exemption,
        execute=exemptions.execute_exemption,
        subject="moratorium",
    ),
    ChangeKind(
        slug="lift_moratorium",
        label="Lift a moratorium",
        roles=_OVERSIGHT,
        check=moratoria.check_lifting,
        execute=moratoria.execute_lifting,
        subject="moratorium",
    ),
    ChangeKind(
        slug="lift_suspension",
        label="Lift a suspension",
        roles=_OVERSIGHT,
        check=suspensions.check_lifting,
        execute=suspensions.execute_lifting,
        subject="suspension",
    ),
    ChangeKind(
        slug="publish_policy",
        label="Put a policy version in force",
        roles=_OVERSIGHT,
        check=policy_versions.check_publication,
        execute=policy_versions.execute_publication,
    ),
    ChangeKind(
        slug="create_staff",
        label="Create a member of staff",
        roles=_OVERSIGHT,
        check=people.check_staff,
        execute=people.execute_staff,
    ),
    ChangeKind(
        slug="reset_second_factor",
        label="Reset the second factor of a member of staff",
        roles=_OVERSIGHT,
        check=people.check_reset,
        execute=people.execute_reset,
        subject="user",
    ),
    ChangeKind(
        slug="reinstate_staff",
        label="Let a member of staff in again",
        roles=_OVERSIGHT,
        check=people.check_reinstatement,
        execute=people.execute_reinstatement,
        subject="user",
    ),
)


def register_all() -> None:
    """Make them known; called when the app is ready."""
    for kind in KINDS:
        four_eyes.register(kind)
