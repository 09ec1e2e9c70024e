"""System checks: production refuses to start on an unsafe default."""

from __future__ import annotations

import stat
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

LEAST_SECRET_LENGTH = 50
SECOND_FACTOR = "tenants.middleware.SecondFactorForStaff"


@register()
def production_is_safe(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse what is fine for a demonstration and dangerous for real people's faces."""
    if settings.CUSTOS_ENV != "production":
        return []
    found: list[CheckMessage] = []
    if settings.DEBUG:
        found.append(Error("DEBUG is on.", id="custos.E001"))
    if len(settings.SECRET_KEY) < LEAST_SECRET_LENGTH:
        found.append(Error("The file django_secret in the keys folder is missing or too short.", id="custos.E002"))
    if not settings.ALLOWED_HOSTS or "*" in settings.ALLOWED_HOSTS:
        found.append(Error("Set CUSTOS_ALLOWED_HOSTS to the names of this server.", id="custos.E003"))
    if (settings.CUSTOS_HOME / "demo" / "credentials.json").exists():
        found.append(Error("This home holds the demo world, whose log-ins are in a file.", id="custos.E004"))
    keys = settings.CUSTOS_KEYS_DIR
    if not keys.is_dir() or stat.S_IMODE(keys.stat().st_mode) & 0o077:
        found.append(Error("The keys folder must exist with mode 0700.", id="custos.E005"))
    if settings.CUSTOS_ENGINE == "fake":
        found.append(Error("The fake engine recognises nobody.", id="custos.E006"))
    if not (settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE):
        found.append(Error("Session and CSRF cookies must be for HTTPS only.", id="custos.E007"))
    if settings.IMAGE_STORE and (settings.IMAGE_STORE.endpoint or "https:").startswith("http:"):
        found.append(Error("Kept pictures would travel unencrypted: the endpoint must be https.", id="custos.E010"))
    if SECOND_FACTOR not in settings.MIDDLEWARE:
        found.append(Error("Staff could sign in without a second factor.", id="custos.E008"))
    return found


@register(Tags.database)
def nobody_is_superuser(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Refuse superusers; a constraint of the database does already, unless somebody has dropped it."""
    if settings.CUSTOS_ENV != "production" or not databases or "default" not in databases:
        return []
    from django.contrib.auth import get_user_model

    if get_user_model()._default_manager.filter(is_superuser=True).exists():
        return [Error("There is a superuser; rights come from staff roles alone.", id="custos.E009")]
    return []
