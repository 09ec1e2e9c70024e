"""WSGI entry point for gunicorn."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from config.boot import choose_settings, refuse_unsafe_settings

choose_settings()
# gunicorn's threads are so many and stay: each keeps its connection from request to request (decision 0041). Elsewhere
# threads and tasks come and go, and close theirs.
settings.DATABASES["default"]["CONN_MAX_AGE"] = None
application = get_wsgi_application()
refuse_unsafe_settings()
