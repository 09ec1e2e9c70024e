"""`manage.py vendor_assets`: fetch the style sheets of others anew, by digest."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common.downloads import DownloadFailed
from dashboard import vendoring


class Command(BaseCommand):
    help = "Fetch the style sheets that the pages are made with into static/dashboard/vendor/ (needs npm)."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = vendoring.refresh(cache_dir=settings.CUSTOS_CACHE_DIR)
        except DownloadFailed as error:
            raise CommandError(error.detail) from error
        for path in written:
            self.stdout.write(str(path.relative_to(vendoring.FOLDER)))
