"""`manage.py erase_tenant`: the operator deletes a tenant with all it has."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.context import tenant_scope
from common.errors import PlatformError
from governance.audit import ledger
from recognition.services import erasure
from tenants.models import Tenant
from tenants.selectors import get_tenant_by_slug
from tenants.services import departure


class Command(BaseCommand):
    help = (
        "Delete a tenant with everything it has; the audit log stays. Without --now it falls due after"
        " CUSTOS_TENANT_DELETION_DAYS, and its owner may take that back until then."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--confirm", required=True, metavar="SLUG", help="the slug once more")
        parser.add_argument("--now", action="store_true", help="no grace: delete now, and say what there was")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["slug"]
        if options["confirm"] != slug:
            raise CommandError("--confirm must repeat the slug.")
        found = get_tenant_by_slug(slug)
        if found is None or found.erased_at is not None:
            raise CommandError(f"There is no tenant {slug}.")
        grace = timedelta(0) if options["now"] else timedelta(days=settings.CUSTOS_TENANT_DELETION_DAYS)
        with tenant_scope(found.id):
            tenant = Tenant.objects.select_for_update(no_key=True).get(id=found.id)
            departure.set_due(tenant, grace=grace, actor=ledger.SYSTEM)
        if not options["now"]:
            self.stdout.write(f"{slug} will be deleted after {tenant.deletion_due_at:%Y-%m-%d %H:%M} UTC.")
            return
        self._erase(tenant)

    def _erase(self, tenant: Tenant) -> None:
        try:
            while not erasure.erase(tenant.id, until=time.monotonic() + settings.CUSTOS_TASK_VISIBILITY_SECONDS):
                self.stdout.write("  …")
        except PlatformError as error:
            raise CommandError(f"{error.detail} Run it again, or leave the rest to the scheduler.") from error
        with tenant_scope(tenant.id):
            counts = Tenant.objects.get(id=tenant.id).erased_counts or {}
        for name, count in sorted(counts.items()):
            self.stdout.write(f"  {name}: {count}")
        self.stdout.write(f"{tenant.slug} is deleted; the audit log knows it as {tenant.id}.")
