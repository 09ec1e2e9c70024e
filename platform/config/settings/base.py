"""Settings that hold in every environment; dev, test and prod only override.

Reads the variables through `config.env` and the secrets from files in the keys folder, never from the environment.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from environ import Env

from config import env

ENVIRONMENT = env.read()
REPOSITORY = env.REPOSITORY


def _secret(name: str) -> str | None:
    path = ENVIRONMENT.keys_dir / name
    return path.read_text().strip() if path.is_file() else None


# --- Custos -----------------------------------------------------------------------------------------------------
CUSTOS_ENV = ENVIRONMENT.env
CUSTOS_HOME: Path = ENVIRONMENT.home
CUSTOS_KEYS_DIR: Path = ENVIRONMENT.keys_dir
CUSTOS_MODELS_DIR: Path = ENVIRONMENT.models_dir
CUSTOS_CACHE_DIR: Path = ENVIRONMENT.cache_dir
CUSTOS_RUNTIME = ENVIRONMENT.runtime
CUSTOS_ENGINE_TURNS = ENVIRONMENT.engine_turns
CUSTOS_ENGINE_WAIT_SECONDS = ENVIRONMENT.engine_wait_seconds
CUSTOS_ENGINE = "onnx"
CUSTOS_ENGINES_OFFERED = tuple(
    name.strip() for name in ENVIRONMENT.engines_offered.split(",") if name.strip() not in ("", "none")
)
CUSTOS_TASK_VISIBILITY_SECONDS = ENVIRONMENT.task_visibility_seconds
CUSTOS_DEDICATED_PARTITION_FACES = 2_000  # SEARCH 2.1: from here on a collection gets its own partition
CUSTOS_MAX_IMAGE_BYTES = 15 * 1024 * 1024
CUSTOS_MAX_BATCH_IMAGES = 500
# Images of a job that a worker claims, judges and commits together: what a batch costs is shared by so many.
CUSTOS_IMAGES_AT_ONCE = 16
CUSTOS_JOB_RESULT_DAYS = ENVIRONMENT.job_result_days
CUSTOS_COMPLAINT_DAYS = ENVIRONMENT.complaint_days
CUSTOS_TENANT_DELETION_DAYS = ENVIRONMENT.tenant_deletion_days
CUSTOS_KEY_REQUESTS_PER_MINUTE = ENVIRONMENT.key_requests_per_minute
CUSTOS_TENANT_REQUESTS_PER_MINUTE = ENVIRONMENT.tenant_requests_per_minute
CUSTOS_KEY_UNITS_PER_DAY = ENVIRONMENT.key_units_per_day
CUSTOS_TENANT_UNITS_PER_DAY = ENVIRONMENT.tenant_units_per_day
CUSTOS_SEQUENCER_LAG_SECONDS = ENVIRONMENT.sequencer_lag_seconds
CUSTOS_WITNESS_LAG_SECONDS = ENVIRONMENT.witness_lag_seconds
CUSTOS_WITNESS_REQUIRED = ENVIRONMENT.witness_required
CUSTOS_REVIEW_DAYS = 30  # after that a review that nobody gave ends, and its pictures are destroyed
CUSTOS_WITNESS_URL = ENVIRONMENT.witness_url or ""
CUSTOS_IDEMPOTENCY_LEASE_SECONDS = 120  # longer than a request can last: see the database's and the server's timeouts

# --- Kept pictures ----------------------------------------------------------------------------------------------
# Never served from there: they are read through the gate (recognition.services.images).
CUSTOS_BUCKET_ENDPOINTS = env.bucket_endpoints(ENVIRONMENT.bucket_endpoints)
CUSTOS_METRICS_TOKEN = _secret("metrics_token")
IMAGE_STORE = env.ImageStore.parse(ENVIRONMENT.image_store) if ENVIRONMENT.image_store else None


def _bucket(store: env.ImageStore) -> dict[str, Any]:
    """Return the storage of a bucket. Without files for the log-in, the client library looks for the machine's own."""
    from boto3.s3.transfer import TransferConfig
    from botocore.config import Config

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": store.bucket,
            "location": store.prefix,
            "region_name": store.region,
            "endpoint_url": store.endpoint,
            # A bucket that does not answer must not hold a request, or a worker's batch, up for long.
            "client_config": Config(
                connect_timeout=5,
                read_timeout=20,
                retries={"total_max_attempts": 2},
                signature_version="s3v4",
                s3={"addressing_style": "path" if store.endpoint else "auto"},
            ),
            # In one piece: of an upload in parts that is killed, parts stay that no listing shows.
            "transfer_config": TransferConfig(multipart_threshold=CUSTOS_MAX_IMAGE_BYTES + 1, use_threads=False),
            "access_key": _secret("storage/access_key_id"),
            "secret_key": _secret("storage/secret_access_key"),
            "default_acl": None,
            "file_overwrite": True,
        },
    }


STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "images": _bucket(IMAGE_STORE) if IMAGE_STORE else {"BACKEND": "recognition.storage.ImageFolder"},
}

# --- Django -----------------------------------------------------------------------------------------------------
SECRET_KEY = _secret("django_secret") or ""
DEBUG = False
ALLOWED_HOSTS = [host.strip() for host in ENVIRONMENT.allowed_hosts.split(",") if host.strip()]
INSTALLED_APPS = [
    "config",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "guardian",
    "csp",
    "governance.audit",
    "tenants",
    "allauth",  # after tenants, whose templates replace its own
    "allauth.account",
    "allauth.mfa",
    "governance",
    "governance.accountability",
    "governance.casework",
    "governance.vetting",
    "traffic",
    "recognition",
    "dashboard",
]
MIDDLEWARE = [
    "config.metrics.Measured",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.middleware.RequestContext",
    "csp.middleware.CSPMiddleware",
    "dashboard.middleware.FormLimit",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tenants.middleware.SecondFactorForStaff",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "traffic.middleware.Metering",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [REPOSITORY / "platform" / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.navigation.organisation",
            ]
        },
    }
]
AUTH_USER_MODEL = "tenants.User"
# guardian answers for single objects (which officer reviews which application) and signs nobody in.
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # files are served from the packages that ship them: no collectstatic step
SESSION_COOKIE_AGE = 12 * 60 * 60  # a working day
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "dashboard.pages.csrf_failure"
# Nothing inline and nothing from elsewhere. `data:`: the picture inside an answer, and the icons of Pico's style sheet;
# `blob:`: the preview of a chosen picture.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 24 * 1024 * 1024  # a 15 MB image in base64, and its JSON
DATA_UPLOAD_MAX_NUMBER_FILES = CUSTOS_MAX_BATCH_IMAGES
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# --- Databases --------------------------------------------------------------------------------------------------
# One PostgreSQL, several roles (API 4): `default` is bound by row-level security, `officer` reaches the governance
# tables of all tenants. The ledger has its own pool outside DATABASES (governance.audit.ledger).
DATABASE_ROUTERS = ["config.routers.OneDatabase"]


DATABASE_ADDRESS = env.DatabaseAddress.parse(ENVIRONMENT.database_url or "postgresql://127.0.0.1:5432/custos")
# The fence needs each statement to see what committed before it, and a decision to be durable when it is answered: both
# are said here, whatever the server's configuration. A plan that is kept suits every parameter: the few statements that
# are prepared look rows up by key (`common.prepared`), and so do foreign keys. Searches are bound by the client and
# planned for the tenant that asks: generic plans are a trap on skewed tenants (SEARCH 4).
SESSION_OPTIONS = (
    r"-c plan_cache_mode=force_generic_plan -c default_transaction_isolation=read\ committed -c synchronous_commit=on"
)


def connection_parameters(role: str) -> dict[str, Any]:
    """Return host, port, name, user and password of a database role."""
    return {
        "NAME": DATABASE_ADDRESS.name,
        "HOST": DATABASE_ADDRESS.host,
        "PORT": str(DATABASE_ADDRESS.port),
        "USER": role,
        "PASSWORD": _secret(f"database/{role}") or "",
    }


def _database(role: str) -> dict[str, Any]:
    return {
        "ENGINE": "common.database",
        **connection_parameters(role),
        "OPTIONS": {
            # A database behind a network that is cut is given up after so long; the address may say otherwise.
            "connect_timeout": "10",  # seconds
            "tcp_user_timeout": "10000",  # milliseconds that what was sent may stay unacknowledged
            **DATABASE_ADDRESS.options,
            "application_name": f"custos-{role.removeprefix('custos_')}",
            "options": SESSION_OPTIONS,
            # Lets `common.prepared` prepare; Django's own cursors bind parameters themselves and never do.
            "prepare_threshold": 5,
        },
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {
    "default": _database(ENVIRONMENT.database_role),
    "officer": _database("custos_officer" if ENVIRONMENT.database_role == "custos_app" else ENVIRONMENT.database_role),
}
LEDGER_POOL_SIZE = ENVIRONMENT.web_threads + 4

# Counts of failed sign-ins and used one-time codes: shared by all processes, and no reason for sign-in to depend on the
# broker.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"},
    # What every request asks and each process may remember for itself.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

# --- Sign-in (allauth) -------------------------------------------------------------------------------------------
# Nobody signs up: members are invited, staff are created. Its built-in rate limits stay as they are.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "dashboard:front"
ACCOUNT_ADAPTER = "tenants.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # an invitation reached its address already
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ALLAUTH_TRUSTED_PROXY_COUNT = ENVIRONMENT.trusted_proxies
MFA_TOTP_TOLERANCE = 1  # RFC 6238 section 5.2: one step, for slow fingers and clocks that differ
MFA_ADAPTER = "tenants.sign_in.SecondFactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Custos"

# --- REST -------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tenants.authentication.ApiKeyAuthentication",
        "tenants.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["tenants.api.permissions.IsTenantActor"],
    "DEFAULT_THROTTLE_CLASSES": ["traffic.api.throttling.AllowanceThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.parsers.BoundedJSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.problems.handle",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Custos",
    "DESCRIPTION": "Face recognition in which access is governed.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",  # 3.0 cannot say that a described object may be null
    "SCHEMA_PATH_PREFIX": "/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

# --- Celery -----------------------------------------------------------------------------------------------------
CELERY_BROKER_URL = ENVIRONMENT.broker_url
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_ROUTES = {
    "recognition.run_enrolment_batch": {"queue": "bulk"},
    "recognition.run_search_batch": {"queue": "bulk"},
    "recognition.sweep_jobs": {"queue": "maintenance"},
    "recognition.purge": {"queue": "maintenance"},
    "traffic.purge_answers": {"queue": "maintenance"},
    "casework.end_what_is_due": {"queue": "maintenance"},
    "vetting.keep_up": {"queue": "maintenance"},
    "recognition.promote_collection": {"queue": "maintenance"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # kombu's defaults need 96 s to redeliver after kill -9; these 10 s beyond the timeout (SEARCH 5).
    "visibility_timeout": CUSTOS_TASK_VISIBILITY_SECONDS,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
    # Of sending: a broker that is away must not hold a request up. Workers reconnect by other settings.
    "max_retries": 0,
}
CELERY_BEAT_SCHEDULE = {
    "keep-up-vetting": {"task": "vetting.keep_up", "schedule": 300.0, "options": {"expires": 300}},
    "keep-clocks": {"task": "accountability.keep_clocks", "schedule": 300.0, "options": {"expires": 300}},
    "sweep-jobs": {"task": "recognition.sweep_jobs", "schedule": 10.0, "options": {"expires": 30}},
    "end-what-is-due": {"task": "casework.end_what_is_due", "schedule": 60.0, "options": {"expires": 60}},
    "send-replays": {"task": "governance.send_replays", "schedule": 60.0, "options": {"expires": 60}},
    "purge": {"task": "recognition.purge", "schedule": 60.0, "options": {"expires": 60}},
    "purge-answers": {"task": "traffic.purge_answers", "schedule": 600.0, "options": {"expires": 600}},
}

# --- Mail and logs ----------------------------------------------------------------------------------------------
DEFAULT_FROM_EMAIL = ENVIRONMENT.mail_from
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = CUSTOS_HOME / "mail"
if ENVIRONMENT.email_url:
    globals().update(Env.email_url_config(ENVIRONMENT.email_url))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.WithoutRows", "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
}
