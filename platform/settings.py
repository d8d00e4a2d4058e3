"""All settings, read from the environment (docs/settings.md lists every variable)."""

import os
from decimal import Decimal, InvalidOperation
from hashlib import sha256
from pathlib import Path
from socket import gethostname
from typing import Any

import environ
from babel.numbers import is_currency
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from operations import logs

ROOT = Path(__file__).resolve().parent.parent
PLATFORM = ROOT / "platform"

env = environ.Env()
# The data folder: databases, files, logs of one installation.
DATA = Path(env("DATA", default="var"))
DATA = DATA if DATA.is_absolute() else ROOT / DATA
DATA.mkdir(parents=True, exist_ok=True)
environ.Env.read_env(DATA / "env")

DEBUG = env.bool("DEBUG", default=False)
DEMO = env.bool("DEMO", default=False)
PORT = env.int("PORT", default=8000)
BASE_URL = env("BASE_URL", default=f"http://localhost:{PORT}").rstrip("/")
SECURE = BASE_URL.startswith("https://")
HOST = BASE_URL.split("://", 1)[1].split("/")[0].split(":")[0]


def secret(name: str, *, default: str | None = None) -> str:
    """A secret from the environment, or from the file that NAME_FILE names."""
    if path := env(f"{name}_FILE", default=""):
        return Path(path).read_text().strip()
    if value := env(name, default=""):
        return str(value)
    if default is None:
        raise ImproperlyConfigured(f"{name} is not set, and DEBUG is off.")
    return default


SECRET_KEY = secret("SECRET_KEY", default="only-for-debugging" if DEBUG else None)
# While SECRET_KEY is changed, the former ones go on opening what they signed and sealed.
SECRET_KEY_FALLBACKS = [
    each.strip() for each in secret("SECRET_KEY_FALLBACKS", default="").split(",") if each.strip()
]
LOCAL = HOST in {"localhost", "127.0.0.1"}
ALLOWED_HOSTS = [
    HOST,
    *(["localhost", "127.0.0.1", "[::1]"] if LOCAL else []),
    *env.list("ALLOWED_HOSTS", default=[]),
]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# The tests of a clean clone and the laptop are one process: SQLite and its own cache are enough.
DATABASES = {
    "default": env.db_url_config(
        secret("DATABASE_URL", default=f"sqlite:///{DATA / 'db.sqlite3'}")
    ),
}
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
        "PRAGMA mmap_size=134217728; PRAGMA foreign_keys=ON;"
    ),
}

# The sandbox stands in for Stripe until a key arrives.
STRIPE_SECRET_KEY = secret("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS = [
    each.strip() for each in secret("STRIPE_WEBHOOK_SECRETS", default="").split(",") if each.strip()
]
STRIPE_API_BASE = env("STRIPE_API_BASE", default="")
# Where people pay and change their card: Stripe's pages, a domain of one's own for them, or those
# of the sandbox that STRIPE_API_BASE names.
STRIPE_PAGES = env.list(
    "STRIPE_PAGES",
    default=[f"https://{each}.stripe.com" for each in ("checkout", "billing", "invoice")],
) + (["/".join(STRIPE_API_BASE.split("/")[:3])] if STRIPE_API_BASE else [])
# Stripe reckons the tax that prices include, by where the buyer is.
STRIPE_TAX = env.bool("STRIPE_TAX", default=False)
STRIPE_TAX_CODE = env("STRIPE_TAX_CODE", default="")
STRIPE_PAYMENT_METHODS = env.list(
    "STRIPE_PAYMENT_METHODS", default=["card", "alipay", "wechat_pay"]
)
try:
    REFUNDS_ALONE = {
        currency.upper(): Decimal(most)
        for currency, most in env.dict("REFUNDS_ALONE", default={"CNY": "300"}).items()
    }
except InvalidOperation:
    raise ImproperlyConfigured("REFUNDS_ALONE names amounts: CNY=300,USD=40") from None
GRACE_DAYS = env.int("GRACE_DAYS", default=7)
# What somebody who cancels is offered instead: a pause, a cheaper plan, or nothing.
RETENTION_OFFER = env("RETENTION_OFFER", default="pause")
# A code for those whose subscription has ended: how much it takes off the first payment (0: no
# such code), how long after the end it comes, how long it is good.
WIN_BACK_PERCENT = env.int("WIN_BACK_PERCENT", default=0)
WIN_BACK_AFTER_DAYS = env.int("WIN_BACK_AFTER_DAYS", default=14)
WIN_BACK_VALID_DAYS = env.int("WIN_BACK_VALID_DAYS", default=30)
if not 0 <= WIN_BACK_PERCENT <= 100 or WIN_BACK_AFTER_DAYS < 0 or WIN_BACK_VALID_DAYS < 1:
    raise ImproperlyConfigured("WIN_BACK_PERCENT is 0 to 100; its days are not negative")
# For how many days who reserved may pay by themselves where their card was refused on the day.
RESERVATION_PAY_DAYS = env.int("RESERVATION_PAY_DAYS", default=7)
if RESERVATION_PAY_DAYS < 1:
    raise ImproperlyConfigured("RESERVATION_PAY_DAYS is at least one day")
PAUSED_KEEPS_ACCESS = env.bool("PAUSED_KEEPS_ACCESS", default=False)
STRIPE_SANDBOX = env.bool("STRIPE_SANDBOX", default=DEBUG) and not STRIPE_SECRET_KEY
DATABASE_ROUTERS: list[str] = []
if STRIPE_SANDBOX:
    # Whoever has this key reads who bought what: guessed by nobody, unless it is for debugging.
    SANDBOX_KEY = env(
        "SANDBOX_KEY",
        default="sk_test_" + sha256(f"sandbox {SECRET_KEY}".encode()).hexdigest()[:32],
    )
    DATABASES["sandbox"] = env.db(
        "SANDBOX_DATABASE_URL", default=f"sqlite:///{DATA / 'sandbox.sqlite3'}"
    )
    DATABASE_ROUTERS += ["payments.sandbox.router.SandboxRouter"]
# Copies of the database that pages are read from (operations.replicas).
REPLICAS: list[str] = []
REPLICA_LAG_SECONDS = env.int("REPLICA_LAG_SECONDS", default=10)
for url in filter(None, map(str.strip, secret("DATABASE_REPLICA_URLS", default="").split(","))):
    REPLICAS.append(f"replica{len(REPLICAS) + 1}")
    replica = env.db_url_config(url)
    replica["OPTIONS"] = {"connect_timeout": 2, **replica.get("OPTIONS", {})}
    DATABASES[REPLICAS[-1]] = {**replica, "TEST": {"MIRROR": "default"}}
if REPLICAS:
    DATABASE_ROUTERS.append("operations.replicas.ReplicaRouter")
# Connections are those of a pooler, which are somebody else's after each transaction.
PGBOUNCER = env.bool("PGBOUNCER", default=False)
for database in DATABASES.values():
    if database["ENGINE"].endswith("sqlite3"):
        database["OPTIONS"] = SQLITE_OPTIONS
        database["CONN_MAX_AGE"] = None
    else:
        database.setdefault("CONN_MAX_AGE", 60)
        database["CONN_HEALTH_CHECKS"] = True
        # A cursor that outlives its transaction would be left behind at another connection.
        database["DISABLE_SERVER_SIDE_CURSORS"] = PGBOUNCER

# One cache for all processes; SQLite's site is one process (docs/operations.md).
REDIS_URL = secret("REDIS_URL", default="")
CACHES: dict[str, dict[str, Any]] = {"default": {}}
if REDIS_URL:
    CACHES["default"]["BACKEND"] = "operations.redis_cache.RedisCache"
    CACHES["default"]["LOCATION"] = REDIS_URL
    CACHES["default"]["OPTIONS"] = {"socket_connect_timeout": 2, "socket_timeout": 5}
elif DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    CACHES["default"]["BACKEND"] = "django.core.cache.backends.locmem.LocMemCache"
else:
    CACHES["default"]["BACKEND"] = "django.core.cache.backends.db.DatabaseCache"
    CACHES["default"]["LOCATION"] = "cache"

# How long pages that are the same for everyone are kept; they end with what is published, which
# the other processes learn from a shared cache only.
SHARED_SECONDS = env.int("SHARED_SECONDS", default=60 if REDIS_URL else 0)

INSTALLED_APPS = [
    "demo",
    "insights",
    "growth",
    "community",
    "payments",
    *(["payments.sandbox"] if STRIPE_SANDBOX else []),
    "learning",
    "courses",
    "pages",
    "accounts",
    "operations",
    "wagtail.contrib.redirects",
    "wagtail.contrib.settings",
    "wagtail.contrib.table_block",
    "wagtail.embeds",
    "wagtail.sites",
    "accounts.users_app.UsersConfig",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "wagtailmedia",
    "modelcluster",
    "taggit",
    "django_filters",
    "django_htmx",
    "django_tasks_db",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "operations.middleware.RequestIdMiddleware",
    "operations.middleware.HealthMiddleware",
    *(["operations.replicas.ReplicaMiddleware"] if REPLICAS else []),
    "django.middleware.security.SecurityMiddleware",
    "operations.middleware.PermissionsPolicyMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.middleware.WithoutPersonMiddleware",
    "pages.shared_pages.SharedPagesMiddleware",
    "operations.middleware.TextCompressionMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "operations.middleware.RefusedFormMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.PersonMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.StaffMiddleware",
    "accounts.middleware.LookingMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    "operations.middleware.OwnNotFoundMiddleware",
    "operations.middleware.StillInUseMiddleware",
    "operations.middleware.NonsenseMiddleware",
]

ROOT_URLCONF = "urls"
WSGI_APPLICATION = "wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PLATFORM / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # No module may bear the name `site`: it is the standard library's.
            "libraries": {"site": "pages.templatetags.site_tags"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "pages.shared_pages.nonce",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "wagtail.contrib.settings.context_processors.settings",
            ],
        },
    },
]

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.passwords.Length"},
    {"NAME": "accounts.passwords.NotKnown"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
# The form for signing up drops the password (accounts.forms); the one for logging in keeps it.
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1"]
ACCOUNT_FORMS = {
    "signup": "accounts.forms.SignupForm",
    "login": "accounts.forms.LoginForm",
    "request_login_code": "accounts.forms.RequestLoginCodeForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "add_email": "accounts.forms.AddEmailForm",
    "confirm_login_code": "accounts.forms.ConfirmLoginCodeForm",
    "confirm_email_verification_code": "accounts.forms.ConfirmEmailCodeForm",
    "confirm_password_reset_code": "accounts.forms.ConfirmResetCodeForm",
    "set_password": "accounts.forms.SetPasswordForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "reset_password_from_key": "accounts.forms.NewPasswordForm",
}
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_MAX_ATTEMPTS = ACCOUNT_PASSWORD_RESET_BY_CODE_MAX_ATTEMPTS = 5
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = 600
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SECURE else "http"
# Codes have six digits: what the limits per hour and day leave to guessing is one in a thousand.
ALLAUTH_USER_CODE_FORMAT = {"numeric": True, "length": 6, "dashed": False}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
ACCOUNT_RATE_LIMITS: dict[str, str] | bool = {
    "request_login_code": "20/m/ip,3/m/key,20/h/key,40/d/key",
    "reset_password": "20/m/ip,3/m/key,20/h/key,40/d/key",
    "confirm_email": "1/10s/key,20/h/key,40/d/key",
    "reauthenticate_code": "3/m/user,20/h/user",
}
# Ours, in the same words. A school or a phone network may be one address: they are for machines.
# How often a player tells what is heard, in seconds; where beats become too many, more.
BEAT_SECONDS = min(max(env.int("BEAT_SECONDS", default=15), 5), 300)
# Heartbeats and webhooks have none: they are signed, idempotent and cheap, and losing one loses
# study or money (docs/security.md).
RATE_LIMITS = {
    "search": "120/m/ip",
    "suggest": "240/m/ip",
    "token": "60/m/ip",
    "calendar": "60/m/ip",
    "quiz": "60/m/user",  # each attempt is kept
    "checkout": "20/m/ip,100/h/ip",
    "promotion_code": "30/m/ip,300/h/ip",  # a code should not be found by trying
    "preview": "60/m/ip",
    "first_operator": "10/m/ip",
    "ask_refund": "10/h/user",
    "gift": "10/h/user",  # sent again, with another code
    "seats": "10/h/user",  # lists of colleagues, each of 500 at most
    "redeem": "10/m/ip,60/h/ip",  # codes that are not there
    "export": "5/h/user",
    "notes": "120/m/user",  # those of a page, once for each that is opened
    "note": "60/m/user",
    "review": "120/m/user",
    "notes_file": "30/h/user",
    "feed": "30/m/key,300/h/key",  # of one podcast feed, all its apps together
    "feed_file": "300/m/key",  # players ask for a recording piece by piece
    "feed_made": "20/h/user",
    "ledger": "20/h/user",  # as a file, each way
    "poster": "30/h/user",  # drawn anew each time
    "letters": "20/m/ip,200/d/ip",  # each may send a mail, one a day to an address
    "comment": "30/m/user,200/h/user",  # said, answered, changed
    "like": "60/m/user",
    "report": "20/h/user",
    "credential": "60/h/user",  # claimed, corrected, drawn
}
if not env.bool("RATE_LIMITS", default=True):  # for a bench, which is one address
    RATE_LIMITS, ACCOUNT_RATE_LIMITS = {}, False
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
    "add_webauthn": "accounts.forms.AddPasskeyForm",
    "signup_webauthn": "accounts.forms.SignupPasskeyForm",
    "edit_webauthn": "accounts.forms.RenamePasskeyForm",
}
MFA_PASSKEY_LOGIN_ENABLED = MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # else a touch of somebody's key would be enough
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = BASE_URL.startswith("http://localhost")
MFA_TOTP_TOLERANCE = 1  # clocks differ; accounts.forms keeps a code from working twice
# Kept in the database, and Redis spares the look there: emptied, it signs nobody out.
SESSIONS_IN_CACHE = env.bool("SESSIONS_IN_CACHE", default=False)
if SESSIONS_IN_CACHE and not REDIS_URL:
    raise ImproperlyConfigured(
        "SESSIONS_IN_CACHE needs REDIS_URL: a cache that all processes share."
    )
SESSION_ENGINE = "django.contrib.sessions.backends." + (
    "cache" if SESSIONS_IN_CACHE else "cached_db" if REDIS_URL else "db"
)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True  # forms carry their token themselves
if SECURE:  # no other host of the same domain can set these
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    LANGUAGE_COOKIE_NAME = "__Host-language"

# Words and numbers
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", _("English"))]
# Our own words, then upstream's where they need the house's voice.
LOCALE_PATHS = [PLATFORM / "locale", PLATFORM / "locale_upstream"]
TIME_ZONE = env("TIME_ZONE", default="Asia/Shanghai")
USE_TZ = True
# Each offer may have a price in each of these; whoever looks chooses one.
DEFAULT_CURRENCY = env("DEFAULT_CURRENCY", default="CNY")
CURRENCIES = list(dict.fromkeys([DEFAULT_CURRENCY, *env.list("CURRENCIES", default=[])]))
if unknown := [each for each in CURRENCIES if not is_currency(each)]:
    raise ImproperlyConfigured(f"CURRENCIES: not known: {', '.join(unknown)}.")

# Files
# A content network may stand before what everybody sees: it fetches from this site.
CDN_URL = env("CDN_URL", default="").rstrip("/")
STATIC_URL = f"{CDN_URL}/static/"
STATIC_ROOT = Path(env("STATIC", default=str(DATA / "static")))
STATICFILES_DIRS = [PLATFORM / "static"]
STATICFILES_FINDERS = [
    "pages.static_files.BundleFinder",
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
MEDIA_URL = f"{CDN_URL}/files/"
MEDIA_ROOT = DATA / "files"
# Large uploads wait where there is room, and /tmp may be memory.
FILE_UPLOAD_TEMP_DIR = DATA / "uploads"
FILE_UPLOAD_TEMP_DIR.mkdir(exist_ok=True)
# Where nginx has MEDIA_ROOT as an internal location: it sends the files that the site lets out.
ACCEL_REDIRECT = env("ACCEL_REDIRECT", default="")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "courses.storage.LocalFiles"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "pages.static_files.HashedStorage"
    },
}
# Files in an S3-compatible store instead of MEDIA_ROOT; browsers reach it at S3_PUBLIC_ENDPOINT.
S3_BUCKET = env("S3_BUCKET", default="")
S3_REGION = env("S3_REGION", default="us-east-1")
S3_ENDPOINT = env("S3_ENDPOINT", default=f"https://s3.{S3_REGION}.amazonaws.com").rstrip("/")
S3_PUBLIC_ENDPOINT = env("S3_PUBLIC_ENDPOINT", default=S3_ENDPOINT).rstrip("/")
S3_SECONDS = env.int("S3_SECONDS", default=3600)
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "courses.object_store.StoredFiles",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "region_name": S3_REGION,
            "endpoint_url": S3_ENDPOINT,
            "access_key": secret("S3_ACCESS_KEY"),
            "secret_key": secret("S3_SECRET_KEY"),
        },
    }

# Background work: the search index at once, everything else by a worker.
TASKS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"},
    "jobs": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []},
}
# Workers ask the database for jobs, or a broker calls them: amqp://… or redis://…
CELERY_BROKER_URL = secret("CELERY_BROKER_URL", default="")
CELERY_QUEUE = env("CELERY_QUEUE", default="jobs")
if CELERY_BROKER_URL:
    TASKS["jobs"]["BACKEND"] = "operations.broker.BrokeredBackend"
WORKER_STALE_SECONDS = env.float("WORKER_STALE_SECONDS", default=30.0)
WORKER_REQUIRED = env.bool("WORKER_REQUIRED", default=True)
BACKLOG_SECONDS = env.int("BACKLOG_SECONDS", default=900)

# What Prometheus may read at /metrics; without a token nothing is measured.
METRICS_TOKEN = secret("METRICS_TOKEN", default="")
if METRICS_TOKEN:
    MIDDLEWARE.insert(1, "operations.middleware.MetricsMiddleware")
    # Machines that share a data folder count apart. The library reads it when it is imported.
    counted = env("PROMETHEUS_MULTIPROC_DIR", default=str(DATA / "metrics" / gethostname()))
    Path(counted).mkdir(parents=True, exist_ok=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = counted

LOGGING = logs.configuration(debug=DEBUG, level=env("LOG_LEVEL", default="INFO"))

# Certificates as Open Badges (learning.badge_keys): off without a key. Former ones, public halves
# alone, go on verifying what they signed.
OPEN_BADGES_KEY = secret("OPEN_BADGES_KEY", default="")
OPEN_BADGES_OLD_KEYS = secret("OPEN_BADGES_OLD_KEYS", default="")

# Mail
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default=f"noreply@{HOST}")
# smtp://user:password@host:587 (STARTTLS: smtp+tls://, TLS: smtp+ssl://). Without it mails are
# kept in the outbox and sent nowhere.
EMAIL_URL = secret("EMAIL_URL", default="")
MAILERS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
}
if EMAIL_URL:
    smtp = env.email_url_config(EMAIL_URL)
    MAILERS["default"] = {
        "BACKEND": smtp["EMAIL_BACKEND"],
        "OPTIONS": {
            "host": smtp["EMAIL_HOST"],
            "port": smtp["EMAIL_PORT"] or 25,
            "username": smtp["EMAIL_HOST_USER"] or "",
            "password": smtp["EMAIL_HOST_PASSWORD"] or "",
            "use_tls": smtp.get("EMAIL_USE_TLS", False),
            "use_ssl": smtp.get("EMAIL_USE_SSL", False),
            "timeout": 20,
        },
    }

# Wagtail
WAGTAIL_SITE_NAME = "日知"
WAGTAILADMIN_BASE_URL = BASE_URL
WAGTAIL_GRAVATAR_PROVIDER_URL = None
WAGTAIL_ENABLE_UPDATE_CHECK = False
# Wagtail's own doors and its ways to change a person stay shut: /account/ has them all.
WAGTAILADMIN_LOGIN_URL = WAGTAIL_FRONTEND_LOGIN_URL = "/account/login/"
WAGTAIL_PASSWORD_RESET_ENABLED = WAGTAIL_PASSWORD_MANAGEMENT_ENABLED = False
WAGTAIL_EMAIL_MANAGEMENT_ENABLED = WAGTAILUSERS_PASSWORD_ENABLED = False
# Nothing of other sites is set into pages, so nothing is asked of them either.
WAGTAILEMBEDS_FINDERS: list[dict[str, Any]] = []
WAGTAIL_I18N_ENABLED = False
WAGTAILADMIN_PERMITTED_LANGUAGES = LANGUAGES
WAGTAILIMAGES_IMAGE_MODEL = "courses.PrivateImage"
WAGTAILDOCS_DOCUMENT_MODEL = "courses.PrivateDocument"
WAGTAILDOCS_SERVE_METHOD = "direct"
# What every browser plays and courses/uploads.py can look into.
WAGTAILMEDIA = {
    "MEDIA_MODEL": "courses.PrivateMedia",
    "AUDIO_EXTENSIONS": ["mp3", "m4a", "ogg", "wav", "flac"],
    "VIDEO_EXTENSIONS": ["mp4", "m4v"],
}
WAGTAILDOCS_EXTENSIONS = [
    *("pdf", "epub", "docx", "xlsx", "pptx", "zip", "txt", "md", "csv"),
    *("mp3", "m4a", "jpg", "png"),
]
WAGTAILIMAGES_IMAGE_FORM_BASE = "courses.picture_form.PictureForm"
WAGTAILIMAGES_MAX_IMAGE_PIXELS = 50_000_000
WAGTAILSEARCH_BACKENDS: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "courses.search.backend"}
}
# The index is in the database, or in OpenSearch.
OPENSEARCH_URL = secret("OPENSEARCH_URL", default="")
if OPENSEARCH_URL:
    WAGTAILSEARCH_BACKENDS["default"] |= {
        "URLS": [OPENSEARCH_URL],
        "INDEX_PREFIX": env("OPENSEARCH_PREFIX", default="rizhi_"),
        "TIMEOUT": 5,
    }

# Walls
CDN = [CDN_URL] if CDN_URL else []
STORE = [S3_PUBLIC_ENDPOINT] if S3_BUCKET else []
SECURE_CSP: dict[str, list[str]] = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, *CDN, CSP.NONCE],
    "style-src": [CSP.SELF, *CDN],
    "img-src": [CSP.SELF, *CDN, *STORE, "data:"],
    "media-src": [CSP.SELF, *STORE],
    "font-src": [CSP.SELF, *CDN],
    "connect-src": [CSP.SELF, *STORE],  # lessons kept on a device are fetched whole
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    # A form that leads on to Stripe's own pages counts as sent there.
    "form-action": [CSP.SELF, *STRIPE_PAGES],
    "frame-ancestors": [CSP.SELF],
}
# Wagtail's admin has scripts and styles inside its pages (and its previews show ours).
ADMIN_CSP: dict[str, list[str]] = {
    **SECURE_CSP,
    "script-src": [CSP.SELF, *CDN, CSP.UNSAFE_INLINE],
    "style-src": [CSP.SELF, *CDN, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, *CDN, *STORE, "data:", "blob:"],
    "media-src": [CSP.SELF, *STORE, "blob:"],
}
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE
SECURE_SSL_REDIRECT = SECURE
# Only behind a proxy of ours that sets the header itself (docs/operations.md).
if env.int("TRUSTED_PROXIES", default=0):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
CSRF_FAILURE_VIEW = "operations.errors.csrf_failure"
X_FRAME_OPTIONS = "SAMEORIGIN"
# The editor's preview is a frame of our own; nobody else may frame us.
SILENCED_SYSTEM_CHECKS = ["security.W019"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
