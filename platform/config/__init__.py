"""The Django project: settings, URLs, WSGI and Celery."""
