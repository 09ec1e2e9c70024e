#!/bin/sh
# Healthy: the web server answers its probe; the other parts run.
set -eu
part="$(cat /tmp/custos-part 2>/dev/null || echo web)"
case "$part" in
  web)
    # Under the first name that the server answers to: 127.0.0.1 need not be one.
    exec python -c "
import os, urllib.request as u
name = os.environ.get('CUSTOS_ALLOWED_HOSTS', '127.0.0.1').split(',')[0].strip().lstrip('.')
u.urlopen(u.Request(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready', headers={'Host': name}), timeout=5)"
    ;;
  worker)
    exec celery -A config.celery inspect ping --timeout 5 --destination "celery@$(hostname)"
    ;;
  *)
    exit 0
    ;;
esac
