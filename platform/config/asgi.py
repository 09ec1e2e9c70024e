"""ASGI entry point."""

from django.conf import settings
from django.core.asgi import get_asgi_application

from config.boot import choose_settings, refuse_unsafe_settings

choose_settings()
# Its threads come and go, and would leave their connections behind.
settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
application = get_asgi_application()
refuse_unsafe_settings()
