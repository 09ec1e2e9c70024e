"""The officers' workplace: what holds, the queues, and the acts of one and of two people.

Pages read as `custos_officer`; nothing is changed by Django's own forms. Each act has a form of its own that calls
`governance.services` or `governance.four_eyes`, which decide who may.
"""

from django.contrib import admin

from governance.admin import (
    changes,
    complaints,
    emergencies,
    log,
    publishing,
    reading,
    replays,
    retention,
    staff,
    stopping,
    vetting,
)
from governance.admin.pages import ReadOnlyAdmin

admin.site.site_title = "Custos"
admin.site.site_header = "Custos administration"
admin.site.index_title = "Governance"
admin.site.index_template = "admin/governance/index.html"

__all__ = [
    "ReadOnlyAdmin",
    "changes",
    "complaints",
    "emergencies",
    "log",
    "publishing",
    "reading",
    "replays",
    "retention",
    "staff",
    "stopping",
    "vetting",
]
