"""Settings: everything that differs between installations comes from environment variables (portal/env.py)."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF

from portal.env import BadSettingError, Env

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()
VERSION = "0.1.0"

DATA_DIR = env.folder("DATA_DIR", BASE_DIR / "data")
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
DEBUG = env.flag("DEBUG", False)


def _secret_key() -> str:
    """Return SECRET_KEY from the environment, else one that this installation made for itself, once."""
    given = env.text("SECRET_KEY", "")
    if given:
        if len(given) < 32:
            raise BadSettingError("SECRET_KEY has fewer than 32 characters. Use at least 32 random ones.")
        return given
    path = DATA_DIR / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text().strip()


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", ())
HTTPS = env.flag("HTTPS", False)
PORT = env.integer("PORT", 8000, least=1, most=65535)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "csp",
    "django_filters",
    "django_htmx",
    "portal.apps.PortalConfig",
    "portal.accounts.apps.AccountsConfig",
    "archive.apps.ArchiveConfig",
    "archive.audit.apps.AuditConfig",
    "archive.retention.apps.RetentionConfig",
]

MIDDLEWARE = [
    "portal.middleware.forwarded_scheme",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.middleware.correlation",
    "portal.middleware.one_memory",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.own_language",
    "allauth.account.middleware.AccountMiddleware",
    "portal.middleware.private_pages",
    "portal.middleware.refusals",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
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
                "portal.shell.shell",
            ],
            "builtins": ["portal.templatetags.vellum"],
        },
    }
]

DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "portal.sqlite",
        "NAME": DATA_DIR / "vellum.db",
        "CONN_MAX_AGE": None,
        # The page cache of each connection, in MB: loads profit from it. A thread of the web server has less.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "cache_mb": env.integer("SQLITE_CACHE_MB", 64, least=2, most=256)},
    }
}
# The word index on SQLite: rebuildable, and read by everybody beside its one writer.
SEARCH_DB = DATA_DIR / "search.db"
# Processes that read the text of documents, beside the worker that waits for them.
EXTRACTION_WORKERS = env.integer("EXTRACTION_WORKERS", 2, least=0, most=64)
# A JSON file with further programs that make native print formats readable; see archive/retrieval/transformers.
TRANSFORMERS = env.text("TRANSFORMERS", "")
WEB_CACHE_MB = env.integer("WEB_CACHE_MB", 8, least=2, most=256)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The tier table names an alias of STORAGES; "local" is the embedded default.
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files"},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    "local": {"BACKEND": "archive.storage.local.LocalStore", "OPTIONS": {"location": DATA_DIR / "objects"}},
}

AUTH_USER_MODEL = "accounts.User"
# Without allauth's own back end, which tells those who know a password that their user is not active.
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
# Failures count by user name; a whole house, or all behind one proxy, may share an address.
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip", "login_failed": "5/5m/key,100/5m/ip"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
DISPLAY_TIME_ZONE = env.zone("DISPLAY_TIME_ZONE", "Europe/Berlin")

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static" / "build", ("js", BASE_DIR / "static" / "js")]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "worker-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "manifest-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = HTTPS
# Believed of TRUSTED_PROXIES only: `portal.middleware.forwarded_scheme` drops it from all others.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31536000 if HTTPS else 0
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600

# Celery over files needs no server; messages are doorbells only (archive/work), so losing one costs a delay.
_BROKER = DATA_DIR / "broker"
for _folder in ("messages", "control"):
    (_BROKER / _folder).mkdir(parents=True, exist_ok=True)
# The module of the Celery app, imported when a bell is to be rung.
DOORBELL = "portal.celery"
CELERY_BROKER_URL = "filesystem://localhost"  # a host that is not used: without one kombu warns of it
CELERY_BROKER_TRANSPORT = "portal.doorbell:Transport"
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "data_folder_in": str(_BROKER / "messages"),
    "data_folder_out": str(_BROKER / "messages"),
    "control_folder": str(_BROKER / "control"),
    "polling_interval": 0.1,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE = {"sweep": {"task": "archive.work.sweep", "schedule": 5.0}}
CELERY_BEAT_SCHEDULE_FILENAME = str(_BROKER / "beat")
TRUSTED_PROXIES = env.addresses("TRUSTED_PROXIES")
RESERVE_MB = env.integer("RESERVE_MB", 256, least=0, most=1_000_000)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["archive.ingest.uploads.GuardedUploadHandler"]
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "incoming"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
FAILED_UPLOAD_DAYS = env.integer("FAILED_UPLOAD_DAYS", 14, least=1, most=3650)
# How long the file of an export is kept for its user.
EXPORT_HOURS = env.integer("EXPORT_HOURS", 24, least=1, most=720)
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
SILENCED_SYSTEM_CHECKS: list[str] = []

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "portal.logs.LineFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))},
}
