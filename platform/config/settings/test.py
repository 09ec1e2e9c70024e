"""Tests: the embedded services, the deterministic engine, no waiting."""

from config.settings.base import *  # noqa: F403
from config.settings.base import INSTALLED_APPS, REST_FRAMEWORK, SECRET_KEY

CUSTOS_ENV = "test"
INSTALLED_APPS = [*INSTALLED_APPS, "demo"]
SECRET_KEY = SECRET_KEY or "only-for-tests-" + "0" * 40
CUSTOS_ENGINE = "fake"
# Every test client would read all static files anew; a file is looked for when it is asked for.
WHITENOISE_AUTOREFRESH = True
# Nothing answers there: it can be registered, and no more.
CUSTOS_BUCKET_ENDPOINTS = ("https://objects.example.test",)
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
REST_FRAMEWORK = {**REST_FRAMEWORK, "TEST_REQUEST_DEFAULT_FORMAT": "json"}
# No sequencer runs beside the tests: how the gate judges its absence is tested with other limits.
CUSTOS_SEQUENCER_LAG_SECONDS = CUSTOS_WITNESS_LAG_SECONDS = 10**7
# Two batches are had with few images.
CUSTOS_IMAGES_AT_ONCE = 8
