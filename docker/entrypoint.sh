#!/bin/sh
# prepare: roles, migrations, policy, models (once, with a DATABASE_URL that may create roles)
# web | worker | scheduler | sequencer | witness: long-running, log in with their own database role
set -eu
cd /app
part="${1:-web}"
printf '%s' "$part" > /tmp/custos-part
case "$part" in
  prepare)
    python manage.py fetch_models
    python -m instance prepare
    CUSTOS_DATABASE_ROLE=custos_owner python manage.py migrate --skip-checks
    python manage.py publish_policy
    python -m instance guard
    python manage.py audit keys
    if [ -d /home/custos/public ]; then cp "${CUSTOS_KEYS_DIR:-$CUSTOS_HOME/keys}/audit/trusted.keys" /home/custos/public/; fi
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
  sequencer)
    # The witness wrote its public key into the folder that both see, or it is introduced by hand.
    if [ -n "${CUSTOS_WITNESS_KEY_FILE:-}" ]; then
      until [ -s "$CUSTOS_WITNESS_KEY_FILE" ]; do sleep 1; done
      python manage.py audit keys --witness "$(cat "$CUSTOS_WITNESS_KEY_FILE")"
    fi
    exec python manage.py audit sequence
    ;;
  witness)
    # Needs none of the data volume but the public keys: its key and its memory are in a volume of its own.
    python -m governance.audit.witness init --folder /home/custos/witness > /home/custos/public/witness.vkey
    until [ -s /home/custos/public/trusted.keys ]; do sleep 1; done
    exec python -m governance.audit.witness serve --folder /home/custos/witness --host 0.0.0.0 --port 8090 \
      --log-keys /home/custos/public/trusted.keys
    ;;
  manage)
    shift
    exec python manage.py "$@"
    ;;
  *)
    echo "Unknown part: $part (prepare, web, worker, scheduler, sequencer, witness, manage)" >&2
    exit 64
    ;;
esac
