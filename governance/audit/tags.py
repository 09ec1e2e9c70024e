"""Every event tag, `subject:action`, one sentence each.

Decisions and outcomes need no tag: the operation names them.
"""

from __future__ import annotations

from enum import StrEnum


class Tag(StrEnum):
    """What an event entry tells."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Tag:
        tag = str.__new__(cls, value)
        tag._value_ = value
        tag.sentence = sentence
        return tag

    TENANT_CREATED = "tenant:created", "A tenant was created; it may do nothing until it is approved."
    TENANT_DEFAULTS_CHANGED = "tenant:defaults-changed", "What members' requests are for by default was changed."
    TENANT_DELETION_REQUESTED = "tenant:deletion-requested", "The deletion of a tenant with all it has was asked for."
    TENANT_DELETION_WITHDRAWN = "tenant:deletion-withdrawn", "The request for the deletion of a tenant was taken back."
    TENANT_ERASED = "tenant:erased", "A tenant was deleted: how many rows of each kind, pictures and staged folders."
    MEMBER_ADDED = "member:added", "A person became a member of a tenant."
    MEMBER_INVITED = "member:invited", "An address was invited to become a member with a role."
    INVITATION_WITHDRAWN = "member:invitation-withdrawn", "An invitation was withdrawn before it was accepted."
    MEMBER_ROLE_CHANGED = "member:role-changed", "A member was given another role."
    MEMBER_REMOVED = "member:removed", "A person is no member of a tenant any more."
    STAFF_CREATED = "staff:created", "A member of the platform's own staff was created."
    SECOND_FACTOR_RESET = (
        "staff:second-factor-reset",
        "Two oversight members took a member of staff's second factor away.",
    )
    STAFF_DEACTIVATED = "staff:deactivated", "A member of the platform's own staff was shut out."
    STAFF_REINSTATED = (
        "staff:reinstated",
        "A member of staff was let in again, by two oversight members or, where there are no two, by the operator.",
    )
    KEY_ISSUED = "api-key:issued", "An API key was issued with its binding."
    KEY_ROTATED = "api-key:rotated", "An API key was given new secrets; the previous ones end at a stated time."
    KEY_REVOKED = "api-key:revoked", "An API key was revoked."
    BUCKET_REGISTERED = (
        "bucket:registered",
        "A tenant's bucket of an S3-compatible service was registered; where it is.",
    )
    BUCKET_REMOVED = "bucket:removed", "A tenant's bucket was removed, and its credentials destroyed."
    SIGNED_IN = "user:signed-in", "A person signed in; says whether with a second factor."
    SIGN_IN_FAILED = "user:sign-in-failed", "A sign-in failed: wrong name, password or code."
    SIGNED_OUT = "user:signed-out", "A person signed out."
    PASSWORD_CHANGED = "user:password-changed", "A person's password was changed or reset."
    EMAIL_CHANGED = "user:email-changed", "A person's e-mail address was added, changed or removed."
    SECOND_FACTOR_ADDED = (
        "user:second-factor-added",
        "A person got a second factor: a one-time-code app, or recovery codes.",
    )
    SECOND_FACTOR_REMOVED = "user:second-factor-removed", "A second factor was taken away."
    POLICY_PUBLISHED = "policy:published", "A policy version was published with its effective date."
    POLICY_REPLAYED = (
        "policy:replayed",
        "The oversight had past decisions replayed under candidate rules; the digest of these, and of how many days.",
    )
    POLICY_REPLAY_CANCELLED = "policy:replay-cancelled", "The oversight stopped a replay before it ended."
    APPROVAL_GRANTED = "approval:granted", "Two officers approved a tenant for purposes and operations."
    APPROVAL_REVOKED = "approval:revoked", "An approval was taken back."
    APPLICATION_BEGUN = "application:begun", "An organisation began an application to be vetted."
    APPLICATION_CHANGED = (
        "application:changed",
        "An organisation changed statements of its application; says which.",
    )
    APPLICATION_SUBMITTED = "application:submitted", "An organisation handed its application to the officers."
    APPLICATION_ASSIGNED = "application:assigned", "An application was assigned to an officer."
    APPLICATION_UNASSIGNED = "application:unassigned", "An application was taken from an officer."
    APPLICATION_TAKEN_UP = "application:taken-up", "An officer began to review an application."
    APPLICATION_QUESTIONED = "application:questioned", "An officer asked an organisation for more information."
    APPLICATION_APPROVED = "application:approved", "Two officers approved an application."
    APPLICATION_REFUSED = "application:refused", "Two officers refused an application."
    APPLICATION_APPEALED = "application:appealed", "An organisation appealed against a refusal."
    APPLICATION_SUPERSEDED = "application:superseded", "An approved application was followed by a newer one."
    APPLICATION_EXPIRING = "application:expiring", "An organisation was reminded that its approval ends."
    APPLICATION_EXPIRED = "application:expired", "An approval has ended."
    EVIDENCE_ADDED = "evidence:added", "A document was put to an application; its digest."
    EVIDENCE_REMOVED = "evidence:removed", "A document was taken from an application and destroyed."
    EVIDENCE_READ = "evidence:read", "A member of staff opened a document of an application."
    SUSPENSION_IMPOSED = "suspension:imposed", "A tenant, user, key or collection was suspended."
    SUSPENSION_LIFTED = "suspension:lifted", "Two oversight members lifted a suspension."
    MORATORIUM_IMPOSED = "moratorium:imposed", "A category of use was stopped."
    MORATORIUM_EXTENDED = "moratorium:extended", "A moratorium ends later, or not until further notice; says when."
    MORATORIUM_LIFTED = "moratorium:lifted", "Two oversight members lifted a moratorium."
    EXEMPTION_GRANTED = "exemption:granted", "Two officers exempted a tenant, for stated purposes and end users."
    EXEMPTION_REVOKED = "exemption:revoked", "An exemption was taken back; the moratorium holds for the tenant again."
    ALLOWANCE_SET = (
        "allowance:set",
        "One officer lowered how much a tenant, or one of its keys, may use, or two set it.",
    )
    CHANGE_PROPOSED = "change:proposed", "A member of staff asked for a change that takes two people."
    CHANGE_EXECUTED = "change:executed", "A second member of staff signed a change, and it was executed."
    CHANGE_REJECTED = "change:rejected", "A change that was asked for was turned down."
    CHANGE_WITHDRAWN = "change:withdrawn", "Who asked for a change took it back."
    CHANGE_ALTERED = "change:altered", "A change was not what had been proposed; it was refused."
    ENGINE_MOVE_STARTED = "engine-move:started", "A collection began to move to another engine version."
    ENGINE_MOVE_SWITCHED = "engine-move:switched", "A collection is searched with another engine version from now on."
    ENGINE_MOVE_ROLLED_BACK = "engine-move:rolled-back", "A collection is searched with its first engine version again."
    ENGINE_MOVE_ENDED = "engine-move:ended", "The index of a collection that was not searched was deleted."
    RETENTION_PURGED = "retention:purged", "What was past its time was deleted: how much of each kind."
    SCHEDULE_SET = "schedule:set", "Two officers set how long faces may be kept for a purpose in a place."
    SCHEDULE_ENDED = "schedule:ended", "Two officers ended a retention schedule."
    HOLD_IMPOSED = "hold:imposed", "A collection was put under a legal hold: kept as it is, and not used."
    HOLD_LIFTED = "hold:lifted", "Two oversight members lifted a legal hold."
    PURPOSE_MET = "collection:purpose-met", "A tenant said that the purpose of a collection is met: its faces go."
    COMPLAINT_RECEIVED = "complaint:received", "A person complained, or asked for correction, erasure or access."
    COMPLAINT_ASSIGNED = "complaint:assigned", "Staff said whose matter a complaint is."
    COMPLAINT_ACKNOWLEDGED = "complaint:acknowledged", "A person was told that a complaint is looked into."
    COMPLAINT_ANSWERED = "complaint:answered", "A complaint was answered; says with which outcome."
    COMPLAINT_OVERDUE = "complaint:overdue", "A complaint was not acknowledged or answered in time."
    TRANSPARENCY_PUBLISHED = (
        "transparency:published",
        "A transparency report was published for everybody; names its period and SHA-256.",
    )
    JOB_HALTED = "job:halted", "A running job was stopped by policy and its partial output destroyed."
    AUDIT_KEY_INTRODUCED = (
        "audit-key:introduced",
        "A key that signs checkpoints or receipts, or a witness's, was introduced; from here on it is the one in use.",
    )
    CONSENT_RECORDED = "consent:recorded", "A person's consent to be enrolled in a collection was recorded."
    CONSENT_WITHDRAWN = (
        "consent:withdrawn",
        "A person's consent was withdrawn, and every face of theirs in the collection deleted.",
    )
    DISCLOSURE_FILED = "disclosure:filed", "An organisation accounted for its searches of a period."
    WATCHLIST_GRANTED = (
        "watchlist:granted",
        "Two officers let a collection be watched for, in an operation, for a time.",
    )
    SUBJECT_REVIEWED = (
        "subject:reviewed",
        "Two oversight members reviewed the repeated searches of one person and set their count back.",
    )
    CASE_OPENED = "case:opened", "A case was opened, for a purpose and an offence class."
    CASE_CLOSED = "case:closed", "A case was closed: requests that name it are refused."
    CASE_DISCLOSED = "case:disclosed", "A disclosure package of a case was put together; names its SHA-256."
    AUTHORISATION_RECORDED = (
        "authorisation:recorded",
        "A warrant or order was recorded in a case, or an urgent use declared.",
    )
    AUTHORISATION_RATIFIED = "authorisation:ratified", "A court's ratification of an urgent use was recorded."
    AUTHORISATION_REVOKED = "authorisation:revoked", "An authorisation was withdrawn."
    AUTHORISATION_PURGED = (
        "authorisation:purged",
        "What an urgent use brought was destroyed, because no court ratified it in time.",
    )
    BREAK_GLASS_OPENED = (
        "break-glass:opened",
        "A case worker opened emergency access in a case; says what for, and the digest of the reason.",
    )
    BREAK_GLASS_CONFIRMED = "break-glass:confirmed", "A second person confirmed the emergency."
    BREAK_GLASS_CLOSED = "break-glass:closed", "Emergency access was ended before its time."
    BREAK_GLASS_LAPSED = "break-glass:lapsed", "Emergency access ended because no second person confirmed it in time."
    BREAK_GLASS_OVERDUE = (
        "break-glass:overdue",
        "Emergency access was not reviewed in time: the organisation is suspended from the deadline on.",
    )
    BREAK_GLASS_REVIEWED = "break-glass:reviewed", "The oversight reviewed an emergency; says what it found."
    TRAINING_ATTESTED = "training:attested", "A manager attested that a member is trained to review."
    TRAINING_REVOKED = "training:revoked", "An attestation of training was taken back."
    REVIEW_VERDICT = "review:verdict-given", "A reviewer gave a verdict; says which of the two, and not what."
    REVIEW_CLOSED = "review:closed", "A review ended; says how, and how many candidates were released."
    EVIDENCE_SEALED = (
        "evidence:sealed",
        "Evidence about a subject was sealed; the entry holds the digest of what is kept.",
    )
    SUBJECT_ERASED = (
        "subject:erased",
        "A subject's key was destroyed: what was sealed under it can be opened by nobody.",
    )
