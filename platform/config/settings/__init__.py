"""Settings modules; `manage.py`, wsgi and celery pick one by CUSTOS_ENV (see `config.boot`)."""
