"""WSGI entry point for gunicorn."""

from django.core.wsgi import get_wsgi_application

from config.boot import choose_settings, refuse_unsafe_settings

choose_settings()
application = get_wsgi_application()
refuse_unsafe_settings()
