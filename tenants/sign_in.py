"""How people sign in: what this platform changes about allauth. Its events are audited in `tenants.sign_in_audit`."""

from __future__ import annotations

import base64
from typing import Any, Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import transaction
from django.http import HttpRequest

from common.sealing import seal, unseal
from governance.audit.tags import Tag
from tenants.models import User
from tenants.sign_in_audit import record_of_person

# The adapter is not told whose secret it seals; that it is a second factor's is all that it can be bound to.
_CONTEXT: Final = b"custos/second-factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody signs up by themselves, and a new password is audited with its change."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def format_email_subject(self, subject: str) -> str:
        return f"Custos: {subject}"

    def set_password(self, user: User, password: str) -> None:
        """Change a password and record that it was changed, in one transaction; never the password."""
        with transaction.atomic():
            super().set_password(user, password)
            record_of_person(Tag.PASSWORD_CHANGED, user)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth is untyped
    """Secrets of second factors are sealed under the platform key, and staff cannot put theirs down."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(text.encode(), _CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(base64.b64decode(encrypted_text), _CONTEXT).decode()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return not authenticator.user.is_staff

    def get_totp_label(self, user: Any) -> str:
        return str(user.username)


def give_totp(user: User) -> str:
    """Give a person without one a one-time-code factor; return its secret (base32), which is not shown again."""
    secret: str = generate_totp_secret()
    TOTP.activate(user, secret)
    return secret


def totp_secret_of(user: User) -> str | None:
    """Return the secret of a person's one-time-code factor, for the demo world's log-ins; None without one."""
    factor = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).first()
    return SecondFactorAdapter().decrypt(factor.data["secret"]) if factor is not None else None
