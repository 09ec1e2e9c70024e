#!/bin/sh
# prepare: roles, migrations, policy, models (once, with a DATABASE_URL that may create roles)
# web | worker | scheduler: long-running, log in with their own database role
set -eu
cd /app
part="${1:-web}"
printf '%s' "$part" > /tmp/custos-part
case "$part" in
  prepare)
    python manage.py fetch_models
    python -m instance prepare
    CUSTOS_DATABASE_ROLE=custos_owner python manage.py migrate --skip-checks
    exec python manage.py publish_policy
    ;;
  web)
    exec gunicorn config.wsgi:application --worker-class gthread --workers "${CUSTOS_WEB_PROCESSES:-1}" \
      --threads "${CUSTOS_WEB_THREADS:-8}" --bind "$CUSTOS_BIND:$PORT" --timeout 120 --graceful-timeout 20 \
      --access-logfile -
    ;;
  worker)
    exec celery -A config.celery worker -Q interactive,bulk,video,maintenance -l INFO --without-gossip \
      --without-mingle --concurrency "${CUSTOS_WORKERS:-2}"
    ;;
  scheduler)
    exec celery -A config.celery beat -s /tmp/scheduler.db -l WARNING
    ;;
  manage)
    shift
    exec python manage.py "$@"
    ;;
  *)
    echo "Unknown part: $part (prepare, web, worker, scheduler, manage)" >&2
    exit 64
    ;;
esac
