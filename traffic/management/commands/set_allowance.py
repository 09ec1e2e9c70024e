"""`manage.py set_allowance`: how many requests a minute and units a day a tenant, or one of its keys, may use."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.errors import PlatformError
from tenants.models import User
from tenants.selectors import get_tenant_by_slug
from traffic import services


class Command(BaseCommand):
    help = (
        "Let a tenant, or one of its keys, use no more than it may now (two officers raise it, in the administration)."
        " A limit left out is the platform's default; 0 is none."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("tenant", help="the tenant's slug")
        parser.add_argument("--officer", required=True, help="user name of the vetting officer who sets it")
        parser.add_argument("--key", type=uuid.UUID, help="id of one of its keys; left out: the tenant as a whole")
        parser.add_argument("--requests-per-minute", type=int)
        parser.add_argument("--units-per-day", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = get_tenant_by_slug(options["tenant"])
        officer = User.objects.filter(username=options["officer"]).first()
        if tenant is None or officer is None:
            raise CommandError(f"There is no {'tenant' if tenant is None else 'officer'} of this name.")
        limits = {name: options[name] for name in ("requests_per_minute", "units_per_day")}
        try:
            services.set_allowance(tenant.id, set_by=officer, key_id=options["key"], **limits)
        except PlatformError as error:
            raise CommandError(error.detail or error.title) from error
        self.stdout.write(f"Set for {tenant.slug}; every process notices within seconds.")
