"""Tenants and people are managed by services; the administration shows tenants through `governance.admin`."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group

# Rights follow from staff roles and memberships; Django's groups would be a second, unaudited way to grant them.
admin.site.unregister(Group)
