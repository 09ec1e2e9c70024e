"""What happens to people's accounts, recorded for every tenant that they belong to.

allauth and Django say it by signals. Rows of theirs are watched rather than allauth's own signals, which come only
after the commit: so a change and its entry are written in one transaction (`tenants.urls` opens it for each page).
Ids only: no names, addresses or codes.
"""

from __future__ import annotations

import uuid
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from governance.audit import ledger
from governance.audit.tags import Tag
from tenants import selectors
from tenants.models import User

Fields = Any


def record_of_person(tag: Tag, user: User, *, using: str = "default", **data: Any) -> None:
    """Record what happened to a person's account, in the open transaction on `using`: for each tenant, or for none."""
    tenants: list[uuid.UUID | None] = [found.tenant_id for found in selectors.find_memberships(user.pk)]
    for tenant_id in tenants or [None]:
        ledger.record_event(
            tag,
            actor=ledger.ActorRef("user", str(user.pk)),
            resource=ledger.Resource("user", user.pk),
            tenant_id=tenant_id,
            data=data,
            using=using,
        )


@receiver(user_logged_in, dispatch_uid="custos-signed-in")
def _signed_in(sender: Any, request: HttpRequest, user: User, **_: Fields) -> None:
    from tenants.middleware import has_shown_second_factor

    record_of_person(Tag.SIGNED_IN, user, second_factor=has_shown_second_factor(request, user))


@receiver(user_logged_out, dispatch_uid="custos-signed-out")
def _signed_out(sender: Any, user: User | None, **_: Fields) -> None:
    if user is not None:
        record_of_person(Tag.SIGNED_OUT, user)


@receiver(user_login_failed, dispatch_uid="custos-sign-in-failed")
def _sign_in_failed(sender: Any, credentials: dict[str, Any], **_: Fields) -> None:
    """A name that nobody has is not recorded: it may be a password, typed into the wrong field."""
    user = User.objects.filter(username__iexact=str(credentials.get("username", ""))).first()
    if user is not None:
        record_of_person(Tag.SIGN_IN_FAILED, user, factor="password")
        return
    ledger.record_event(
        Tag.SIGN_IN_FAILED,
        actor=ledger.ActorRef("anonymous", ""),
        resource=ledger.Resource("user", None),
        tenant_id=None,
        data={"factor": "password"},
    )


@receiver(authentication_failed, dispatch_uid="custos-second-factor-failed")
def _second_factor_failed(sender: Any, user: User, **_: Fields) -> None:
    record_of_person(Tag.SIGN_IN_FAILED, user, factor="second")


@receiver(post_save, sender=Authenticator, dispatch_uid="custos-second-factor-added")
def _second_factor_added(sender: Any, instance: Authenticator, created: bool, using: str, **_: Fields) -> None:
    if created:
        record_of_person(Tag.SECOND_FACTOR_ADDED, instance.user, using=using, type=str(instance.type))


@receiver(post_delete, sender=Authenticator, dispatch_uid="custos-second-factor-removed")
def _second_factor_removed(sender: Any, instance: Authenticator, using: str, **_: Fields) -> None:
    record_of_person(Tag.SECOND_FACTOR_REMOVED, instance.user, using=using, type=str(instance.type))


@receiver((post_save, post_delete), sender=EmailAddress, dispatch_uid="custos-email-changed")
def _email_changed(sender: Any, instance: EmailAddress, using: str, **_: Fields) -> None:
    record_of_person(Tag.EMAIL_CHANGED, instance.user, using=using)
