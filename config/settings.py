"""Django's settings; everything that differs between sites comes from the environment (`config/options.py`)."""

import os
import re
import secrets
import tomllib
from datetime import date
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from config import process
from config.database import database
from config.institute import institute, origin
from config.logs import configure_structlog, logging_settings
from config.options import read_options
from papers.accounts.retention import SESSION_DAYS

BASE_DIR = Path(__file__).resolve().parent.parent
OPTION = read_options()

VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]

DEBUG: bool = OPTION["DEBUG"]
PRODUCTION: bool = OPTION["PRODUCTION"]
DATA_DIR: Path = (BASE_DIR / OPTION["DATA_DIR"]).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _secret_key() -> str:
    """The key given, else the one kept in DATA_DIR, made at the first start."""
    given: str = OPTION["SECRET_KEY"]
    if given:
        return given
    if PRODUCTION:
        raise ImproperlyConfigured("SECRET_KEY must be given with PRODUCTION=1 (50 random characters or more).")
    path: Path = DATA_DIR / "secret-key"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        key = path.read_text()
        if not key:  # a crash between making and filling it
            raise ImproperlyConfigured(f"{path} is empty: delete it, and a new key is made.") from None
        return key
    with os.fdopen(descriptor, "w") as file:
        key = secrets.token_urlsafe(60)
        file.write(key)
    return key


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = list(OPTION["ALLOWED_HOSTS"])
CSRF_TRUSTED_ORIGINS = list(OPTION["CSRF_TRUSTED_ORIGINS"])
FORCE_SCRIPT_NAME = OPTION["SCRIPT_NAME"].rstrip("/") or None
if OPTION["PROXY_HEADER"]:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "config.apps.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "ninja",
    "papers",
    "search",
    "workers",
    "api",
]
MIDDLEWARE = [
    "workers.metrics.count_requests",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Around all that may refuse a request (a host name that is not ours), so that its page has the policy too.
    "csp.middleware.CSPMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "config.conditional.etag_without_token",
    "config.conditional.for_its_reader",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "papers.accounts.closed.ClosedAddresses",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.limits.limited",
    "config.texts.Readable",
]
ROOT_URLCONF = "config.urls"
CSRF_FAILURE_VIEW = "papers.views.errors.csrf_failure"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
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
                "papers.views.context.reader",
                "papers.accounts.context.accounts",
            ],
        },
    }
]

# The database is the truth.
DATABASES = {
    "default": database(
        OPTION["DATABASE_URL"],
        DATA_DIR / "papertide.sqlite3",
        process.kind(),
        OPTION["DATABASE_POOL"],
        OPTION["DATABASE_TIMEOUT"],
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL: str = OPTION["REDIS_URL"]
_REDIS = {
    "BACKEND": "django_redis.cache.RedisCache",
    "LOCATION": REDIS_URL,
    # Without its cache a site is slower, not away; and a Redis that hangs must not hang its readers.
    "OPTIONS": {"IGNORE_EXCEPTIONS": True, "SOCKET_CONNECT_TIMEOUT": 1, "SOCKET_TIMEOUT": 1},
}
CACHES = {
    "default": _REDIS if REDIS_URL else {"BACKEND": "config.caches.TwoShelves"},
    # Requests by client. Of a site without Redis in a place of their own: many addresses push out no other count.
    "limits": _REDIS | {"KEY_PREFIX": "limits"}
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "limits",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    },
    # Pieces of cards as HTML, each under the hash of what it shows: in every process, since they cost less than a
    # question to Redis. 10,000 of them are some 13 MB; the pickers of lists are large and have a place of their own.
    "pieces": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pieces",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
    "pickers": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pickers",
        "OPTIONS": {"MAX_ENTRIES": 50},
    },
}

AUTH_USER_MODEL = "papers.Reader"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

AUTHENTICATION_BACKENDS = ["papers.accounts.backend.Door"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my"
SINGLE_USER: bool = OPTION["SINGLE_USER"]
SIGNUP_OPEN: bool = OPTION["SIGNUP_OPEN"]
SESSION_COOKIE_AGE = SESSION_DAYS * 86400
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
ACCOUNT_ADAPTER = "papers.accounts.adapter.Accounts"
ACCOUNT_LOGIN_METHODS = {"email", "username"}  # administrators made by a command have a name
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
# Without a server for mail nobody could verify an address; the pages say so.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if OPTION["EMAIL_HOST"] else "none"
ACCOUNT_EMAIL_NOTIFICATIONS = bool(OPTION["EMAIL_HOST"])
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True  # one address, and the next one until it is verified
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_METHODS = {"password"}
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
# By address (of a connection; behind a proxy that is that of all readers together) and by account.
_CROWD = 20 if OPTION["PROXY_HEADER"] else 1
ACCOUNT_RATE_LIMITS = {
    "login": f"{30 * _CROWD}/m/ip",
    "login_failed": f"{10 * _CROWD}/m/ip,5/5m/key",
    "signup": f"{10 * _CROWD}/h/ip",
    "reset_password": f"{10 * _CROWD}/h/ip,3/h/key",
    "reset_password_from_key": f"{20 * _CROWD}/m/ip",
}
ACCOUNT_FORMS = {
    "login": "papers.accounts.forms.SignIn",
    "signup": "papers.accounts.forms.SignUp",
    "add_email": "papers.accounts.forms.ChangeAddress",
    "change_password": "papers.accounts.forms.ChangePassword",
    "set_password": "papers.accounts.forms.SetPassword",
    "reset_password": "papers.accounts.forms.AskReset",
    "reset_password_from_key": "papers.accounts.forms.Reset",
    "reauthenticate": "papers.accounts.forms.AskAgain",
}
# Sign-in by an institute
SOCIALACCOUNT_ADAPTER = "papers.accounts.adapter.Institutes"
SOCIALACCOUNT_FORMS = {"signup": "papers.accounts.forms.SignUpByInstitute"}
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = institute(
    OPTION["OIDC_ISSUER"], OPTION["OIDC_CLIENT_ID"], OPTION["OIDC_CLIENT_SECRET"], OPTION["OIDC_NAME"]
)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 86400
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = PRODUCTION
TIME_ZONE = "UTC"
USE_TZ = True
# With its path in full: Django would add it only once a request has told it, which is after WhiteNoise has asked.
STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # A PDF in its card, after a click: arXiv's own address, never through this site.
        "frame-src": ["https://arxiv.org"],
        # A browser holds the way on that a form's answer names against this, too: sign-in goes on to the institute.
        "form-action": [SELF, *origin(OPTION["OIDC_ISSUER"])],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
CSRF_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = PRODUCTION
# What watches the site from its own network asks without TLS.
SECURE_REDIRECT_EXEMPT = [rf"^{re.escape((FORCE_SCRIPT_NAME or '').lstrip('/'))}/?(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31536000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# Search
SEARCH_ENGINE: str = OPTION["SEARCH_ENGINE"]
ELASTICSEARCH = {
    name: OPTION[f"ELASTICSEARCH_{name}"]
    for name in ("URL", "USER", "PASSWORD", "API_KEY", "CA_FILE", "INDEX", "SHARDS", "REPLICAS", "TIMEOUT")
}
EMBEDDING_MODEL: str = OPTION["EMBEDDING_MODEL"]
ENCODER_RUNTIME: str = OPTION["ENCODER_RUNTIME"]
ONNX_DIR = Path(OPTION["ONNX_DIR"]) if OPTION["ONNX_DIR"] else DATA_DIR / "onnx"
RERANKER_MODEL: str = OPTION["RERANKER_MODEL"]
RERANKER_SHARE: float = OPTION["RERANKER_SHARE"]
WHITENING_BETA: float = OPTION["WHITENING_BETA"]
WHITENING_GAMMA: float = OPTION["WHITENING_GAMMA"]
INDEX_DIR = DATA_DIR / "index"

# Arrival
PULL_CATEGORIES: tuple[str, ...] = OPTION["PULL_CATEGORIES"]
CONTACT_EMAIL: str = OPTION["CONTACT_EMAIL"]
ARXIV_URL: str = OPTION["ARXIV_URL"]
ARXIV_API_URL = f"{ARXIV_URL or 'https://export.arxiv.org'}/api/query"
ARXIV_OAI_URL = f"{ARXIV_URL or 'https://oaipmh.arxiv.org'}/oai"
ARXIV_RSS_URL = f"{ARXIV_URL or 'https://rss.arxiv.org'}/rss"
ARXIV_HOLIDAYS: frozenset[date] = OPTION["ARXIV_HOLIDAYS"]
ARXIV_DELAY: float = OPTION["ARXIV_DELAY"]

# How much one client may ask in a minute (config/limits.py)
CLIENT_LIMITS: dict[str, int] = {"pages": OPTION["LIMIT_PAGES"], "api": OPTION["LIMIT_API"]}

# Assistants
MCP: bool = OPTION["MCP"]

# Watching
METRICS_TOKEN: str = OPTION["METRICS_TOKEN"]

# Mail
SITE_URL: str = OPTION["SITE_URL"]
EMAIL_HOST: str = OPTION["EMAIL_HOST"]
EMAIL_PORT: int = OPTION["EMAIL_PORT"]
EMAIL_HOST_USER: str = OPTION["EMAIL_USER"]
EMAIL_HOST_PASSWORD: str = OPTION["EMAIL_PASSWORD"]
EMAIL_USE_TLS = OPTION["EMAIL_SECURITY"] == "starttls"
EMAIL_USE_SSL = OPTION["EMAIL_SECURITY"] == "tls"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL: str = OPTION["EMAIL_FROM"] or CONTACT_EMAIL or "papertide@localhost"
BOUNCE_ADDRESS: str = OPTION["BOUNCE_ADDRESS"]
BOUNCE_MAILDIR: str = OPTION["BOUNCE_MAILDIR"]
OPERATOR_EMAIL: tuple[str, ...] = OPTION["OPERATOR_EMAIL"]

LOG_LEVEL: str = OPTION["LOG_LEVEL"]
LOGGING = logging_settings(OPTION["LOG_FORMAT"], LOG_LEVEL)
configure_structlog()
