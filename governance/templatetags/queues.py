"""Template tags of the administration's first page."""

from __future__ import annotations

from django import template

from governance.admin import queues
from tenants.models import User

register = template.Library()


@register.simple_tag
def waiting_for(user: User) -> list[queues.Queue]:
    """Return what waits for a member of staff."""
    return queues.waiting_for(user)
