#!/bin/sh
# Healthy: the web server answers its probe; the other parts run.
set -eu
part="$(cat /tmp/custos-part 2>/dev/null || echo web)"
case "$part" in
  web)
    exec python -c "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/ready', timeout=5)"
    ;;
  worker)
    exec celery -A config.celery inspect ping --timeout 5 --destination "celery@$(hostname)"
    ;;
  *)
    exit 0
    ;;
esac
