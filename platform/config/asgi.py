"""ASGI entry point."""

from django.core.asgi import get_asgi_application

from config.boot import choose_settings, refuse_unsafe_settings

choose_settings()
application = get_asgi_application()
refuse_unsafe_settings()
