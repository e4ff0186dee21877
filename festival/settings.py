"""Settings of the project: everything that differs between machines comes from the environment, checked at start."""

import os
from pathlib import Path
from urllib.parse import unquote

import django_stubs_ext
import pghistory
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from festival.env import Environment, with_demo_defaults
from festival.redis_address import SERVER_SCHEMES, Kind, read_redis
from festival.redis_wait import Wait

django_stubs_ext.monkeypatch()  # admin classes and forms say what they hold: ModelAdmin[Event]
BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(with_demo_defaults(os.environ, BASE_DIR))

# What this process is
MODE = env.choice("FESTIVAL_MODE", ("production", "demo", "test"), default="production")
DEMO = MODE == "demo"
ROLE = env.choice("FESTIVAL_ROLE", ("web", "worker", "command"), default="command")
DATA_DIR = Path(env.text("FESTIVAL_DATA_DIR", str(BASE_DIR / ".data")))
ALLOW_LOADTEST = env.boolean("FESTIVAL_ALLOW_LOADTEST", default=False)
DEMO_PASSCODE = env.text("FESTIVAL_DEMO_PASSCODE", "")
DEMO_ADDRESS = env.text("FESTIVAL_DEMO_ADDRESS", "http://127.0.0.1:8000")
DEBUG = False

# Secrets and addresses
SECRET_KEY = env.secret("FESTIVAL_SECRET_KEY", at_least=32)
SIGNING_KEYS = env.secrets("FESTIVAL_SIGNING_KEYS", at_least=32)
if SECRET_KEY in SIGNING_KEYS:
    env.mistake("FESTIVAL_SIGNING_KEYS", "must not hold FESTIVAL_SECRET_KEY: tickets have keys of their own")
ALLOWED_HOSTS = env.words("FESTIVAL_HOSTS")
if not ALLOWED_HOSTS:
    env.mistake("FESTIVAL_HOSTS", "is not set: name the hosts that students type")
HTTPS = env.boolean("FESTIVAL_HTTPS", default=True)
TRUSTED_PROXY = env.boolean("FESTIVAL_TRUSTED_PROXY", default=False)
SHORT_CODES = env.boolean("FESTIVAL_SHORT_CODES", default=True)
if MODE == "production" and not HTTPS:
    env.mistake("FESTIVAL_HTTPS", "must be yes in production: cookies carry who a student is")
if MODE == "production" and (ALLOW_LOADTEST and "*" in ALLOWED_HOSTS):
    env.mistake("FESTIVAL_HOSTS", "must not be * where load tests are allowed")

INSTALLED_APPS = [
    "accounts",
    "ticketing",
    "festival.apps.FestivalConfig",
    "accounts.admin_app.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_linear_migrations",
    "pgtrigger",
    "pghistory",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "procrastinate.contrib.django",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
]

MIDDLEWARE = [
    "festival.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "festival.middleware.language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "festival.middleware.change_history",
]

ROOT_URLCONF = "festival.urls"
WSGI_APPLICATION = "festival.wsgi.application"
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "ticketing.context.site",
            ]
        },
    }
]

# How much runs, on all machines together: so many connections are opened, and the servers must have room for them
WEB_PROCESSES = env.integer("FESTIVAL_WEB_PROCESSES", default=2, least=1, most=1000)
WEB_THREADS = env.integer("FESTIVAL_WEB_THREADS", default=4, least=1, most=128)
WORKER_PROCESSES = env.integer("FESTIVAL_WORKER_PROCESSES", default=2, least=1, most=100)
JOB_WORKERS = env.integer("FESTIVAL_JOB_WORKERS", default=1, least=0, most=100)
OTHER_CONNECTIONS = env.integer("FESTIVAL_OTHER_CONNECTIONS", default=10, least=0, most=10_000)

# PostgreSQL. No setting is made on the session after connecting, so that a transaction pooler may sit in between.
PGBOUNCER = env.boolean("FESTIVAL_PGBOUNCER", default=False)
POOL_SIZE = env.integer("FESTIVAL_POOL_SIZE", default=WEB_THREADS, least=1, most=500)
TIMEOUTS_MS = {
    "web": {
        "lock_timeout": 5_000,
        "statement_timeout": 10_000,
        "idle_in_transaction_session_timeout": 15_000,
    },
    "worker": {
        "lock_timeout": 5_000,
        "statement_timeout": 60_000,
        "idle_in_transaction_session_timeout": 90_000,
    },
    "command": {"lock_timeout": 30_000, "statement_timeout": 0, "idle_in_transaction_session_timeout": 0},
}[ROLE]
_options: dict[str, object] = {"connect_timeout": 3, "application_name": f"daedong-{ROLE}"}
if ROLE == "web":
    # A full pool answers 503 after two seconds instead of letting requests pile up behind it. A lost server is tried by
    # every request that comes, not ever more seldom: otherwise an outage lasts up to twice as long as it does.
    _options["pool"] = {"min_size": 1, "max_size": POOL_SIZE, "timeout": 2, "reconnect_timeout": 1}
if PGBOUNCER:
    _options["prepare_threshold"] = None
else:
    _options["options"] = " ".join(f"-c {name}={ms}" for name, ms in TIMEOUTS_MS.items())
_database = env.url("DATABASE_URL", ("postgresql", "postgres"))
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(_database.path.lstrip("/")),
        "USER": unquote(_database.username or ""),
        "PASSWORD": unquote(_database.password or ""),
        "HOST": _database.hostname or "",
        "PORT": _database.port or "",
        "ATOMIC_REQUESTS": False,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": PGBOUNCER,
        "OPTIONS": _options,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The history of a row is its `changes`; pghistory's own name for it, `events`, means shows here.
PGHISTORY_OBJ_FIELD = pghistory.ObjForeignKey(related_name="changes")

# Redis in two roles: the sale (kept for ever, append-only) and what may be lost (cache, sessions' copies).
REDIS_SALE, _cache = read_redis(env, "REDIS_URL"), env.url("CACHE_URL", SERVER_SCHEMES)
REDIS_URL, CACHE_URL = REDIS_SALE.url, _cache.geturl()
if REDIS_URL and REDIS_SALE.is_same_database(_cache):
    env.mistake("CACHE_URL", "is the database of REDIS_URL: clearing the cache would empty the sale")
SENTINEL_PASSWORD = env.text("FESTIVAL_SENTINEL_PASSWORD", "")
if SENTINEL_PASSWORD and REDIS_SALE.kind != Kind.SENTINEL:
    env.mistake("FESTIVAL_SENTINEL_PASSWORD", "is set, but REDIS_URL names no Sentinel")
# A sale is handed only to a Redis whose acknowledgements survive its death, unless this says otherwise.
REDIS_MAY_FORGET = env.boolean("FESTIVAL_REDIS_MAY_FORGET", default=False)
# How long a receipt restores a claim that was lost; as long nothing is given after a loss.
RECEIPT_SECONDS = env.integer("FESTIVAL_RECEIPT_SECONDS", default=1800, least=5, most=86_400)
# What a claim waits for before it is told, and for how long: longer than it takes, shorter than a reader's patience
REDIS_WAIT = env.choice("FESTIVAL_REDIS_WAIT", tuple(Wait), default=Wait.NO)
REDIS_WAIT_MS = env.integer("FESTIVAL_REDIS_WAIT_MS", default=500, least=10, most=900)
# Most connections of one process to a server of the sale: one for each thread, and two for asking where a cluster's
# servers are while the others are in use. Commands may run more threads.
REDIS_SPARE = 2
REDIS_POOL_SIZE = {"web": WEB_THREADS + REDIS_SPARE, "worker": 4, "command": 64}[ROLE]
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": CACHE_URL,
        "OPTIONS": {
            "SOCKET_CONNECT_TIMEOUT": 1,
            "SOCKET_TIMEOUT": 1,
            "CONNECTION_POOL_CLASS": "redis.BlockingConnectionPool",
            "CONNECTION_POOL_KWARGS": {"max_connections": REDIS_POOL_SIZE, "timeout": 1},
        },
    },
    # What every visitor sees, kept in each process for at most a second: no network, no thundering herd on Redis.
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "public"},
}

# Who is who
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/admin/"
ACCOUNT_ADAPTER = "accounts.staff.StaffAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False  # a student may log in as staff on the same phone
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Daedong"
MFA_TOTP_TOLERANCE = 1  # phones are off by some seconds
MFA_ADAPTER = "accounts.staff.SecondFactorAdapter"
STAFF_SESSION_SECONDS = 12 * 3600

# The university's login (OpenID Connect), for students only; without its address there is none
OIDC_SERVER = OIDC_CLIENT_ID = OIDC_CLIENT_SECRET = ""
OIDC_NAME = env.text("FESTIVAL_OIDC_NAME", "")
OIDC_NUMBER_CLAIM = env.text("FESTIVAL_OIDC_NUMBER_CLAIM", "student_number")
OIDC_SCOPES = ["openid", *env.words("FESTIVAL_OIDC_SCOPES")]
if env.given("FESTIVAL_OIDC_SERVER", "FESTIVAL_OIDC_CLIENT_ID", "FESTIVAL_OIDC_CLIENT_SECRET"):
    _oidc = env.url("FESTIVAL_OIDC_SERVER", ("https",) if MODE == "production" else ("https", "http"))
    if _oidc.scheme and not _oidc.hostname:
        env.mistake("FESTIVAL_OIDC_SERVER", "names no host")
    if _oidc.scheme == "http" and _oidc.hostname not in ("127.0.0.1", "localhost"):
        env.mistake("FESTIVAL_OIDC_SERVER", "must start with https:// unless the server is on this machine")
    OIDC_SERVER = _oidc.geturl().rstrip("/")
    OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = (
        env.text("FESTIVAL_OIDC_CLIENT_ID"),
        env.text("FESTIVAL_OIDC_CLIENT_SECRET"),
    )
SOCIALACCOUNT_ADAPTER = "accounts.verification.oidc.ProvesOnly"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"SCOPE": OIDC_SCOPES, "OAUTH_PKCE_ENABLED": True}}
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5
SOCIALACCOUNT_STORE_TOKENS = False
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_AGE = STAFF_SESSION_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "festival.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if HTTPS and host != "*"]

# The browser's rules
SECURE_SSL_REDIRECT = HTTPS and MODE == "production"
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if MODE == "production" else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = MODE == "production"
SECURE_REFERRER_POLICY = "same-origin"
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "SAMEORIGIN" if DEMO else "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        # The demo shows student, gate and council side by side, each under a host name of its own.
        "frame-ancestors": [SELF, "http://daedong.localhost:*"] if DEMO else [NONE],
    }
}

# Bodies: a claim has 16 KiB at most (checked by its view), a roster upload is a file and not counted here.
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# Words and times
LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", _("Korean")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["festival.formats"]
TIME_ZONE = "Asia/Seoul"
USE_I18N = USE_TZ = True

# Files
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("FESTIVAL_STATIC_ROOT", str(DATA_DIR / "static")))
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "media"},
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if MODE == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = MODE == "test"  # tests serve the files where they are written, nothing is collected

# Jobs are found in every app's `tasks`, and here
PROCRASTINATE_IMPORT_PATHS = ["accounts.roster_jobs", "accounts.card_jobs"]

# Mail leaves through the job worker only
MAIL_FROM = env.text("FESTIVAL_MAIL_FROM", "festival@localhost" if MODE != "production" else None)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
_mail = env.url(
    "FESTIVAL_MAIL_URL", ("smtp", "smtps") if MODE == "production" else ("smtp", "smtps", "folder")
)
if _mail.scheme == "folder":
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = _mail.path
else:
    EMAIL_BACKEND = "accounts.mail.post.SmtpBackend"
    EMAIL_HOST, EMAIL_PORT = (
        _mail.hostname or "localhost",
        _mail.port or (465 if _mail.scheme == "smtps" else 587),
    )
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp" and bool(_mail.username)
EMAIL_TIMEOUT = 20
BOUNCES_URL = env.text("FESTIVAL_BOUNCES_URL", "")
if BOUNCES_URL:
    _bounces = env.url("FESTIVAL_BOUNCES_URL", ("imaps", "imap"))
    if _bounces.scheme == "imap" and _bounces.hostname not in ("127.0.0.1", "::1", "localhost"):
        env.mistake("FESTIVAL_BOUNCES_URL", "must be imaps: the password would travel in the open")

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "festival.errors.AlwaysJSON",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "festival.errors.api_exception",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Daedong",
    "DESCRIPTION": "First come, first served tickets for a university festival. Errors are RFC 9457 problem details.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "session": {"type": "apiKey", "in": "cookie", "name": "sessionid"},
            "claimPass": {"type": "apiKey", "in": "cookie", "name": "festival_pass"},
            "csrfCookie": {"type": "apiKey", "in": "cookie", "name": "csrftoken"},
            "csrfToken": {"type": "apiKey", "in": "header", "name": "X-CSRFToken"},
            "gateDevice": {"type": "http", "scheme": "bearer"},
        }
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "festival.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {
        "handlers": ["stderr"],
        "level": env.choice("FESTIVAL_LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"),
    },
    "loggers": {
        "django.request": {"level": "ERROR"},  # refusals by intent are answers, not worth a line each
        "procrastinate": {"level": "WARNING"},
        "django.server": {"handlers": [], "propagate": False},
    },
}

env.finish()
