"""Settings of the desk: twelve-factor, read once from the environment, loud when something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tradingdesk.environment import env, secret
from tradingdesk.logging_setup import configure_structlog, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = secret("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
PORT = env.int("PORT", default=8000)
REHEARSAL = env.bool("REHEARSAL", default=False)
BUILD = env.str("BUILD", default="development")[:40]

LADDER = [
    "dashboard", "api", "demo", "golive", "ops", "supervision", "trading", "reconciliation",
    "portfolio", "orders", "risk", "bots", "strategies", "simulator", "marketdata", "venues",
    "approvals", "accounts", "audit", "core",
]  # fmt: skip

INSTALLED_APPS = [
    "tradingdesk.admin_config.DeskAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "channels",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_structlog",
    "django_htmx",
    "csp",
    "axes",
    "tradingdesk",
    *[f"apps.{name}" for name in LADDER],
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tradingdesk.urls"
ASGI_APPLICATION = "tradingdesk.asgi.application"
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
                "apps.dashboard.context.frame",
            ],
        },
    }
]


def database(url: str, *, role: str | None = None) -> dict[str, Any]:
    """Return one Django database entry for a PostgreSQL URL, optionally running as `role`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise SystemExit(f"DATABASE_URL must start with postgres:// (found {parts.scheme!r})")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    options: dict[str, Any] = {k: v for k, v in query.items() if k not in {"host", "user", "port"}}
    timeout = "-c idle_in_transaction_session_timeout=60s"
    options["options"] = " ".join(
        filter(None, [options.get("options"), timeout, f"-c role={role}" if role else None])
    )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": query.get("user") or parts.username or "",
        "PASSWORD": parts.password or "",
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


DATABASE_URL = secret("DATABASE_URL")
DATABASE_OWNER_URL = secret("DATABASE_OWNER_URL", default="")
SIMULATOR_DATABASE_URL = secret("SIMULATOR_DATABASE_URL", default="") or (
    urlsplit(DATABASE_URL)._replace(path=urlsplit(DATABASE_URL).path + "_simulator").geturl()
)
DATABASES = {
    "default": database(DATABASE_URL, role=None if DATABASE_OWNER_URL else "desk_app"),
    "owner": database(DATABASE_OWNER_URL or DATABASE_URL),
    "simulator": database(SIMULATOR_DATABASE_URL),
}
# A folder of its own, best on another disk; the newest of each reason are kept.
BACKUP_DIR = env.str("BACKUP_DIR", default="") or str(
    Path(env.str("DESK_HOME", default=str(BASE_DIR / ".desk"))) / "backups"
)
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
# Where prices come from when an instrument's own venue is quiet, in this order; empty: nowhere.
PRICE_FALLBACK_VENUES = env.list("PRICE_FALLBACK_VENUES", default=["binance", "kraken", "kucoin"])
DATABASE_ROUTERS = ["tradingdesk.routers.DeskRouter"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = secret("REDIS_URL")
REDIS_PREFIX = env.str("REDIS_PREFIX", default="desk")
BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": f"{REDIS_PREFIX}:cache",
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": f"{REDIS_PREFIX}:channels"},
    }
}

CELERY_BROKER_URL = BROKER_URL
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "trading.*": {"queue": "trading"},
    "orders.*": {"queue": "trading"},
    "*": {"queue": "default"},
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": f"{REDIS_PREFIX}:celery:",
    "visibility_timeout": 60,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "apps.ops.scheduler:GovernedScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
CELERY_DB_REUSE_MAX = 10_000
DJANGO_CELERY_BEAT_TZ_AWARE = True
DJANGO_STRUCTLOG_CELERY_ENABLED = True

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "apps.accounts.backends.RolesBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/sign-in/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_TEMPLATE = "session/locked.html"
AXES_ENABLE_ACCESS_FAILURE_LOG = False
AXES_VERBOSE = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
SECURE_COOKIES = env.bool("SECURE_COOKIES", default=not DEBUG)
SESSION_COOKIE_SECURE = SECURE_COOKIES
CSRF_COOKIE_SECURE = SECURE_COOKIES
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
STATIC_URL = "/static/"
# With DEBUG the finders serve what lies in the apps; `collectstatic` belongs to DEBUG=0.
STATIC_ROOT = None if DEBUG else env.path("STATIC_ROOT", default=str(BASE_DIR / ".static"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "apps.api.authentication.ScopedTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["apps.api.permissions.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "apps.api.pagination.NewestFirst",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "apps.api.problems.problem_response",
    "COERCE_DECIMAL_TO_STRING": True,
    "DEFAULT_THROTTLE_CLASSES": [
        "apps.api.throttles.ReadThrottle",
        "apps.api.throttles.ActThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {"read": "600/min", "act": "60/min"},
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"TOKEN_MODEL": "accounts.ApiToken", "AUTH_HEADER_PREFIX": "Bearer"}
KNOX_TOKEN_MODEL = "accounts.ApiToken"  # noqa: S105 - a model's name
SPECTACULAR_SETTINGS = {
    "TITLE": "Trading Desk",
    "DESCRIPTION": "Operate and govern a fleet of trading bots.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "LimitScopeEnum": "apps.risk.models.LIMIT_SCOPES",
        "RestrictionScopeEnum": "apps.risk.domain.restrictions.RESTRICTION_SCOPES",
        "CaseKindEnum": "apps.reconciliation.models.CASE_KINDS",
        "ComparisonKindEnum": "apps.reconciliation.models.COMPARISON_KINDS",
    },
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
}

DESK_KEYRING = secret("DESK_KEYRING")
DESK_MARK_KEY = secret("DESK_MARK_KEY")
SIMULATOR_URL = env.str(
    "SIMULATOR_URL", default=f"http://127.0.0.1:{env.int('SIMULATOR_PORT', default=8001)}"
)
SIMULATOR_TOKEN = secret("SIMULATOR_TOKEN", default="")
SENTRY_DSN = secret("SENTRY_DSN", default="")

DESK_REPLAY_PLAN = env.str("DESK_REPLAY_PLAN", default="")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOG_FORMAT = env.str("LOG_FORMAT", default="json")
LOGGING = logging_config(level=LOG_LEVEL, fmt=LOG_FORMAT)
configure_structlog()
if SENTRY_DSN:
    # only a desk that reports its errors loads the client
    from tradingdesk.monitoring import configure_sentry

    configure_sentry(SENTRY_DSN)
