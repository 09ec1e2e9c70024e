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
    MEMBER_ADDED = "member:added", "A person became a member of a tenant."
    STAFF_CREATED = "staff:created", "A member of the platform's own staff was created."
    KEY_ISSUED = "api-key:issued", "An API key was issued with its binding."
    KEY_REVOKED = "api-key:revoked", "An API key was revoked."
    POLICY_PUBLISHED = "policy:published", "A policy version was published with its effective date."
    APPROVAL_GRANTED = "approval:granted", "Two officers approved a tenant for purposes and operations."
    APPROVAL_REVOKED = "approval:revoked", "An approval was taken back."
    SUSPENSION_IMPOSED = "suspension:imposed", "A tenant, user, key or collection was suspended."
    SUSPENSION_LIFTED = "suspension:lifted", "Two oversight members lifted a suspension."
    MORATORIUM_IMPOSED = "moratorium:imposed", "A category of use was stopped."
    MORATORIUM_LIFTED = "moratorium:lifted", "Two oversight members lifted a moratorium."
    EXEMPTION_GRANTED = "exemption:granted", "Two officers exempted a tenant, for stated purposes and end users."
    ALLOWANCE_SET = "allowance:set", "An officer set how much a tenant, or one of its keys, may use."
    JOB_HALTED = "job:halted", "A running job was stopped by policy and its partial output destroyed."
