"""All settings. The environment is read in config/env.py alone; apps use django.conf.settings."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
import dj_email_url
from csp.constants import NONE, SELF
from django.templatetags.static import static
from django.urls import reverse_lazy

from config import crashes, logs
from config import env as environment

ENV = environment.load()
BASE_DIR = Path(__file__).resolve().parent.parent
HOME = ENV.plumbline_home
PUBLIC_URL = ENV.public_url
PUBLIC_HOST = urlsplit(PUBLIC_URL).hostname or "localhost"

# --- Django ---------------------------------------------------------------------------------------------------------

SECRET_KEY = ENV.secret_key.get_secret_value()
FIELD_KEYS = ENV.field_keys
DEBUG = False
ALLOWED_HOSTS = sorted({PUBLIC_HOST, "localhost", "127.0.0.1"})
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"
SITE_NAME = "Plumbline"

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # its default replaces the admin site; ours is a subclass of it
    "config.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "django_htmx",
    "django_structlog",
    "audit",
    "accounts",
    "connector.installs",
    "connector.lake",
    "connector.records",
    "connector.sync",
    "connector.receipts",
    "connector.tools",
    "connector.pages",
    "connector.sandbox",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "config.middleware.UnreadableRequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.OrganizationMiddleware",
]

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
                "connector.pages.frame.navigation",
            ],
        },
    },
]

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# --- Database, cache, queue: embedded by default, PostgreSQL and Redis by environment alone ---------------------------

DATABASES: dict[str, Any] = {"default": dict(dj_database_url.parse(ENV.database_url))}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    # WAL lets pages read while a worker writes; an immediate transaction waits for the lock at its start instead of
    # failing in its middle (SQLITE_BUSY cannot be retried there).
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
else:
    # Under ASGI a persistent connection would belong to a thread that may never come back: a pool instead.
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # Nobody holds a connection while it waits for something else, so a request that gets none in time meets a fault.
    pool = {"min_size": 2, "max_size": 20, "timeout": 10}
    DATABASES["default"]["OPTIONS"] = {"pool": pool} if ENV.database_pool else {}
    DATABASES["default"]["OPTIONS"]["options"] = "-c idle_in_transaction_session_timeout=300000 -c timezone=UTC"

REDIS_URL = ENV.redis_url
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}

CELERY_BROKER_URL = REDIS_URL or "filesystem://localhost"  # a name that is not used, and asked for
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"visibility_timeout": 120}
    if REDIS_URL
    else {
        "data_folder_in": str(HOME / "queue" / "messages"),
        "data_folder_out": str(HOME / "queue" / "messages"),
        "control_folder": str(HOME / "queue" / "control"),
        "polling_interval": 0.1,
    }
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True  # the row is the truth, no result backend
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_DEFAULT_QUEUE = "increment"

LAKE_URL = ENV.lake_url

# --- Klaviyo ----------------------------------------------------------------------------------------------------------

KLAVIYO_CLIENT_ID = ENV.klaviyo_client_id
KLAVIYO_CLIENT_SECRET = ENV.klaviyo_client_secret.get_secret_value()
KLAVIYO_API_URL = ENV.klaviyo_api_url
KLAVIYO_AUTHORIZE_URL = ENV.klaviyo_authorize_url
# Klaviyo's own pages are where its consent page is; anywhere else, a sandbox stands in for it and pages say so.
KLAVIYO_PAGES_URL = "{0.scheme}://{0.netloc}".format(urlsplit(ENV.klaviyo_authorize_url))
KLAVIYO_IS_SANDBOX = KLAVIYO_PAGES_URL != "https://www.klaviyo.com"
KLAVIYO_REVISION = ENV.klaviyo_revision

# --- Signing in -------------------------------------------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"{SITE_NAME}: "
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_FORMS = {"login": "connector.pages.forms.SignInForm"}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if ENV.is_https else "http"
# An office shares one address, and each consent of a signed-out member begins with a sign-in.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1  # a code typed as it changes, or on a phone whose clock is half a minute off, still counts
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"  # Klaviyo's redirect back must carry the session
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENV.is_https
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENV.is_https else None
SECURE_SSL_REDIRECT = False  # the proxy's work; a redirect on /mcp would lose the Authorization header
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # see SECURE_SSL_REDIRECT
    "oauth2_provider.W008",  # http is for an assistant's own machine alone (RFC 8252), which accounts/oauth.py checks
]
SECURE_HSTS_SECONDS = 31_536_000 if ENV.is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = ENV.is_https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin"],
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

# --- Our own OAuth server (accounts/oauth.py, accounts/grants.py); values from RFC 9700 and design notes ---------------

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Application"
OAUTH2_PROVIDER_GRANT_MODEL = "accounts.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "accounts.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "accounts.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "accounts.IDToken"
OAUTH2_PROVIDER_DEVICE_GRANT_MODEL = "accounts.DeviceGrant"
OAUTH2_PROVIDER: dict[str, Any] = {
    "OIDC_ISS_ENDPOINT": PUBLIC_URL,
    "SCOPES": {
        "read": "Ask questions and read the answers",
        "write": "Propose drafts, which a person then approves or rejects",
        "offline_access": "Stay connected",
    },
    "DEFAULT_SCOPES": ["read"],
    "PKCE_REQUIRED": True,
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": 60,
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 90 * 24 * 3600,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_GRACE_PERIOD_SECONDS": 0,
    "ALLOWED_REDIRECT_URI_SCHEMES": ["https", "http", "cursor", "vscode", "vscode-insiders"],
    "ALLOW_LOCALHOST_LOOPBACK": True,
    "OAUTH2_SERVER_CLASS": "oauthlib.oauth2.WebApplicationServer",  # codes and refresh tokens, no other grant
    "OAUTH2_VALIDATOR_CLASS": "accounts.oauth_validator.Validator",
    "CIMD_ENABLED": True,
    "CIMD_METADATA_FETCHER": "accounts.oauth_validator.MetadataFetcher",
    "CIMD_REGISTRATION_PERMISSION_CLASSES": ("accounts.oauth_validator.FewPerAddress",),
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,
    "COMPLIANT_BCP_RFC9700_REFRESH_TOKEN": True,
    "COMPLIANT_BCP_RFC9700_REDIRECT_URI_MATCHING": True,
    "COMPLIANT_BCP_RFC9700_PKCE_REQUIRED": True,
    # REDIRECT_URI_SCHEME stays off: assistants on a person's own computer listen at http://127.0.0.1 (RFC 8252).
}

OPENAI_APPS_CHALLENGE = ENV.openai_apps_challenge

# --- REST -------------------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["connector.api.authentication.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["connector.api.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "connector.api.problems.problem_response",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Plumbline",
    "DESCRIPTION": "Exact answers from your Klaviyo accounts.",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

# --- Static files, mail, admin ----------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

MAIL_IS_FILES = not ENV.email_url
if not MAIL_IS_FILES:
    EMAIL = dj_email_url.parse(ENV.email_url)
    vars().update({name: value for name, value in EMAIL.items() if name != "EMAIL_FILE_PATH"})
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HOME / "mail"
DEFAULT_FROM_EMAIL = f"{SITE_NAME} <plumbline@{PUBLIC_HOST}>"

UNFOLD = {
    "SITE_TITLE": SITE_NAME,
    "SITE_HEADER": SITE_NAME,
    "SITE_URL": "/",
    "SITE_ICON": lambda request: static("img/mark.svg"),
    # The pages' green (static/css/plumbline.css) in the steps that Unfold asks for.
    "COLORS": {
        "primary": {
            "50": "oklch(97.8% .016 181)",
            "100": "oklch(94.6% .037 181)",
            "200": "oklch(89% .068 181)",
            "300": "oklch(82% .095 181)",
            "400": "oklch(74% .105 181)",
            "500": "oklch(60% .1 181)",
            "600": "oklch(47.5% .083 181)",
            "700": "oklch(41% .07 181)",
            "800": "oklch(36% .06 181)",
            "900": "oklch(31% .05 181)",
            "950": "oklch(22% .04 181)",
        },
    },
    "SHOW_VIEW_ON_SITE": False,
    "LOGIN": {"redirect_after": reverse_lazy("admin:index")},
}

# --- Logs: one line of facts each, never a token, a body or a person ---------------------------------------------------

logs.route_requests()
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        # httpx logs whole addresses at INFO, filters and cursors included
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "uvicorn.access": {"level": "WARNING"},
        # a line for each message, and beat sends one every few seconds
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "mcp": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}

if ENV.sentry_dsn:
    crashes.report_to(ENV.sentry_dsn)
