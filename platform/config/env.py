"""Every environment variable that Custos reads, typed, with its default and a sentence.

No Django here: the supervisor (`instance`) reads the same list. `docs/reference/settings.md` is checked against it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT_PORT = 5432
# Parts of a database URL that say who logs in: they are for set-up. `application_name` and `options` are set by role.
_LOG_IN = frozenset({"user", "password", "passfile", "service", "sslpassword", "application_name", "options"})

_STORE_OPTIONS = frozenset({"region", "endpoint"})


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: name, default as text (None: derived), and what it does."""

    name: str
    default: str | None
    sentence: str


VARIABLES: tuple[Variable, ...] = (
    Variable("CUSTOS_ENV", "development", "development, test or production; production refuses unsafe settings."),
    Variable("CUSTOS_HOME", "var", "Folder of this instance: database, broker, keys, models, mail, logs."),
    Variable("PORT", "8000", "TCP port of the web server."),
    Variable("CUSTOS_BIND", "127.0.0.1", "Address that the web server listens on."),
    Variable(
        "DATABASE_URL", None, "External PostgreSQL; unset: the embedded one. Credentials in it are for set-up only."
    ),
    Variable("BROKER_URL", None, "External Valkey or Redis; unset: the embedded one."),
    Variable("CUSTOS_DATABASE_ROLE", "custos_app", "Database role of this process (custos_owner for migrations)."),
    Variable("CUSTOS_KEYS_DIR", None, "Private keys and database passwords, 0700; default $CUSTOS_HOME/keys."),
    Variable("CUSTOS_MODELS_DIR", None, "Model weights; default $CUSTOS_HOME/models."),
    Variable(
        "CUSTOS_IMAGE_STORE",
        None,
        "Where kept pictures lie, as s3://bucket/prefix?region=…&endpoint=https://…; unset: $CUSTOS_HOME/images.",
    ),
    Variable(
        "CUSTOS_BUCKET_ENDPOINTS",
        "none",
        "S3-compatible services whose buckets tenants may register: https://host, comma-separated (http:// on the"
        " loopback alone); none: none of them.",
    ),
    Variable("CUSTOS_CACHE_DIR", None, "Verified downloads by digest; default the user's cache folder."),
    Variable(
        "CUSTOS_RUNTIME",
        "auto",
        "Inference runtime: auto (the fastest that agrees), openvino, onnxruntime, openvino-gpu or onnxruntime-cuda.",
    ),
    Variable(
        "CUSTOS_ENGINES_OFFERED",
        "deepface:yunet+SFace",
        "Engines that a collection may name besides the default one, comma-separated; none: none of them.",
    ),
    Variable("CUSTOS_ENGINE_TURNS", "0", "Pictures that one process looks at at once; 0: as many as it has cores."),
    Variable(
        "CUSTOS_ENGINE_WAIT_SECONDS", "10", "How long a request waits for its turn before it is answered with 503."
    ),
    Variable("CUSTOS_WORKERS", "2", "Celery worker processes started by `make run`."),
    Variable("CUSTOS_WEB_THREADS", "8", "Threads of the web server started by `make run`."),
    Variable("CUSTOS_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", "Host names the web server answers to."),
    Variable("CUSTOS_TASK_VISIBILITY_SECONDS", "60", "After this long an unacknowledged task is delivered again."),
    Variable(
        "CUSTOS_JOB_RESULT_DAYS",
        "30",
        "Most days that results of jobs, and closed reviews, are kept; a collection's retention may be shorter.",
    ),
    Variable(
        "CUSTOS_COMPLAINT_DAYS",
        "365",
        "Days after its answer that the words of a complaint, and whose they are, are kept; that there was one stays.",
    ),
    Variable(
        "CUSTOS_TENANT_DELETION_DAYS", "7", "Days in which an owner may take the deletion of an organisation back."
    ),
    Variable("CUSTOS_KEY_REQUESTS_PER_MINUTE", "6000", "Most requests of one API key in a minute; 0: no limit."),
    Variable("CUSTOS_TENANT_REQUESTS_PER_MINUTE", "12000", "Most requests of a tenant in a minute; 0: no limit."),
    Variable(
        "CUSTOS_KEY_UNITS_PER_DAY", "0", "Most units (requests and further images) of a key in a day; 0: no limit."
    ),
    Variable("CUSTOS_TENANT_UNITS_PER_DAY", "1000000", "Most units of a tenant in a day; 0: no limit."),
    Variable(
        "CUSTOS_TRUSTED_PROXIES", "0", "Proxies before this server; sign-in limits count the address they report."
    ),
    Variable(
        "CUSTOS_WITNESS_URL", None, "Witness that cosigns the audit log's checkpoints; unset: `make run` starts one."
    ),
    Variable("CUSTOS_SEQUENCER_LAG_SECONDS", "60", "An entry not sequenced for longer stops high-risk uses (AUD-002)."),
    Variable("CUSTOS_WITNESS_LAG_SECONDS", "600", "A checkpoint not cosigned for longer stops them too."),
    Variable(
        "CUSTOS_WITNESS_REQUIRED", "0", "1: they are stopped as well while no witness is registered; 0: none is needed."
    ),
    Variable("CUSTOS_MAIL_FROM", "custos@localhost", "Sender of the platform's mail."),
    Variable(
        "EMAIL_URL", None, "Mail server, as smtp+tls://user:password@host:587; unset: files in $CUSTOS_HOME/mail."
    ),
)


def _text(name: str) -> str | None:
    value = os.environ.get(name, "").strip()
    if value:
        return value
    return next(variable.default for variable in VARIABLES if variable.name == name)


def _path(name: str, fallback: Path) -> Path:
    value = _text(name)
    return (REPOSITORY / Path(value).expanduser()) if value else fallback


def _integer(name: str) -> int:
    value = _text(name)
    try:
        return int(value or "")
    except ValueError:
        raise SystemExit(f"{name} must be a whole number, not {value!r}.") from None


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Where a database is, without a log-in.

    Attributes:
        host: a name, an address (IPv6 without brackets), or the folder of a socket.
        options: libpq's further parameters, such as sslmode and sslrootcert.
    """

    host: str
    port: int
    name: str
    options: Mapping[str, str]

    @classmethod
    def parse(cls, url: str) -> DatabaseAddress:
        """Take a DATABASE_URL apart as libpq does.

        Raises:
            SystemExit: it is none. The message does not repeat it: it may hold a password.
        """
        try:
            parts = {name: str(value) for name, value in conninfo_to_dict(url).items() if name not in _LOG_IN}
            host, port = parts.pop("host", "") or "127.0.0.1", int(parts.pop("port", "") or DEFAULT_PORT)
        except (psycopg.ProgrammingError, ValueError):
            raise SystemExit("DATABASE_URL must look like postgresql://user:password@host:5432/name.") from None
        return cls(host, port, parts.pop("dbname", "") or "custos", parts)

    @property
    def url(self) -> str:
        """The address as a URL."""
        is_folder = self.host.startswith("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        query = {**({"host": self.host} if is_folder else {}), **self.options}
        return urlunsplit(
            (
                "postgresql",
                f"{'' if is_folder else host}:{self.port}",
                f"/{quote(self.name, safe='')}",
                urlencode(query, safe="/", quote_via=quote),
                "",
            )
        )


@dataclass(frozen=True, slots=True)
class ImageStore:
    """A bucket of an S3-compatible service, without a log-in.

    Attributes:
        prefix: before the name of every object; empty for none.
        region, endpoint: None: what the client library finds out.
    """

    bucket: str
    prefix: str
    region: str | None
    endpoint: str | None

    @classmethod
    def parse(cls, url: str) -> ImageStore:
        """Take a CUSTOS_IMAGE_STORE apart.

        Raises:
            SystemExit: it is none. The message does not repeat it: it may hold a secret.
        """
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or not query.keys() <= _STORE_OPTIONS:
            raise SystemExit("CUSTOS_IMAGE_STORE must look like s3://bucket/prefix?region=…&endpoint=https://….")
        return cls(parts.netloc, parts.path.strip("/"), query.get("region"), query.get("endpoint"))


def bucket_endpoints(text: str) -> tuple[str, ...]:
    """Take a CUSTOS_BUCKET_ENDPOINTS apart.

    Raises:
        SystemExit: one of them is more, or less, than scheme and host, or would be spoken to in clear over a network.
    """
    named = [item.strip().rstrip("/") for item in text.split(",")]
    endpoints = tuple(item for item in named if item not in ("", "none"))
    for endpoint in endpoints:
        parts = urlsplit(endpoint)
        is_private = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
        if (
            not is_private
            or not parts.hostname
            or endpoint != f"{parts.scheme}://{parts.netloc}"
            or "@" in parts.netloc
        ):
            raise SystemExit(
                "CUSTOS_BUCKET_ENDPOINTS must list https://host or https://host:port, separated by commas (http:// on"
                f" the loopback alone), not {endpoint!r}."
            )
    return endpoints


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables, read once."""

    env: str = field(default_factory=lambda: _text("CUSTOS_ENV") or "")
    home: Path = field(default_factory=lambda: _path("CUSTOS_HOME", REPOSITORY / "var"))
    port: int = field(default_factory=lambda: _integer("PORT"))
    bind: str = field(default_factory=lambda: _text("CUSTOS_BIND") or "")
    database_url: str | None = field(default_factory=lambda: _text("DATABASE_URL"))
    broker_url: str | None = field(default_factory=lambda: _text("BROKER_URL"))
    database_role: str = field(default_factory=lambda: _text("CUSTOS_DATABASE_ROLE") or "")
    image_store: str | None = field(default_factory=lambda: _text("CUSTOS_IMAGE_STORE"))
    bucket_endpoints: str = field(default_factory=lambda: _text("CUSTOS_BUCKET_ENDPOINTS") or "")
    runtime: str = field(default_factory=lambda: _text("CUSTOS_RUNTIME") or "")
    engines_offered: str = field(default_factory=lambda: _text("CUSTOS_ENGINES_OFFERED") or "")
    engine_turns: int = field(default_factory=lambda: _integer("CUSTOS_ENGINE_TURNS"))
    engine_wait_seconds: int = field(default_factory=lambda: _integer("CUSTOS_ENGINE_WAIT_SECONDS"))
    workers: int = field(default_factory=lambda: _integer("CUSTOS_WORKERS"))
    web_threads: int = field(default_factory=lambda: _integer("CUSTOS_WEB_THREADS"))
    allowed_hosts: str = field(default_factory=lambda: _text("CUSTOS_ALLOWED_HOSTS") or "")
    task_visibility_seconds: int = field(default_factory=lambda: _integer("CUSTOS_TASK_VISIBILITY_SECONDS"))
    job_result_days: int = field(default_factory=lambda: _integer("CUSTOS_JOB_RESULT_DAYS"))
    complaint_days: int = field(default_factory=lambda: _integer("CUSTOS_COMPLAINT_DAYS"))
    tenant_deletion_days: int = field(default_factory=lambda: _integer("CUSTOS_TENANT_DELETION_DAYS"))
    key_requests_per_minute: int = field(default_factory=lambda: _integer("CUSTOS_KEY_REQUESTS_PER_MINUTE"))
    tenant_requests_per_minute: int = field(default_factory=lambda: _integer("CUSTOS_TENANT_REQUESTS_PER_MINUTE"))
    key_units_per_day: int = field(default_factory=lambda: _integer("CUSTOS_KEY_UNITS_PER_DAY"))
    tenant_units_per_day: int = field(default_factory=lambda: _integer("CUSTOS_TENANT_UNITS_PER_DAY"))
    trusted_proxies: int = field(default_factory=lambda: _integer("CUSTOS_TRUSTED_PROXIES"))
    sequencer_lag_seconds: int = field(default_factory=lambda: _integer("CUSTOS_SEQUENCER_LAG_SECONDS"))
    witness_lag_seconds: int = field(default_factory=lambda: _integer("CUSTOS_WITNESS_LAG_SECONDS"))
    witness_required: bool = field(default_factory=lambda: _integer("CUSTOS_WITNESS_REQUIRED") != 0)
    witness_url: str | None = field(default_factory=lambda: _text("CUSTOS_WITNESS_URL"))
    mail_from: str = field(default_factory=lambda: _text("CUSTOS_MAIL_FROM") or "")
    email_url: str | None = field(default_factory=lambda: _text("EMAIL_URL"))

    @property
    def keys_dir(self) -> Path:
        return _path("CUSTOS_KEYS_DIR", self.home / "keys")

    @property
    def models_dir(self) -> Path:
        return _path("CUSTOS_MODELS_DIR", self.home / "models")

    @property
    def cache_dir(self) -> Path:
        user_cache = Path(os.environ.get("XDG_CACHE_HOME", "").strip() or Path.home() / ".cache")
        return _path("CUSTOS_CACHE_DIR", user_cache / "custos")


def read() -> Environment:
    """Read the variables now."""
    return Environment()
