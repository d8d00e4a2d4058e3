"""Settings of the test suite: fast where that changes no behaviour."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("DEBUG", "0")
os.environ.setdefault("SECRET_KEY", "only-for-the-tests")
os.environ.setdefault("STRIPE_SANDBOX", "1")
# Each process of the suite has a data folder of its own.
os.environ["DATA"] = tempfile.mkdtemp(prefix="rizhi-test-")
os.environ["LOG_LEVEL"] = "WARNING"
# Nothing is measured unless a test wants it; how is settled when the library is imported.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="rizhi-counted-")
if os.environ.get("DATABASE_URL", "").startswith("postgres"):
    os.environ.setdefault("SANDBOX_DATABASE_URL", os.environ["DATABASE_URL"])

from settings import *  # noqa: F403
from settings import CACHES, DATA, DATABASES, PLATFORM, REDIS_URL, STORAGES

WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

for alias, database in DATABASES.items():
    if database["ENGINE"].endswith("sqlite3"):
        database["TEST"] = {"NAME": str(Path(DATA) / f"test-{alias}.sqlite3")}
        database["NAME"] = str(Path(DATA) / f"{alias}.sqlite3")
    else:
        # The sandbox has a database of its own there, too.
        database["TEST"] = {"NAME": f"test_{database['NAME']}_{alias}"}
        # What a crash would lose need not be kept. No query is compiled: as in production.
        database["OPTIONS"] = {"options": "-c synchronous_commit=off -c jit=off"}

if REDIS_URL:
    # Emptied before each test, so a number of its own from the top for each process.
    CACHES["default"]["LOCATION"] = (
        f"{REDIS_URL.rstrip('/').rsplit('/', 1)[0]}/{15 - WORKER}"
        if (REDIS_URL.count("/") > 2)
        else f"{REDIS_URL}/{15 - WORKER}"
    )

# What a page asks of the database is counted as where Redis spares it the session.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = True
# Tests change what pages show without publishing it; those of shared pages turn this on.
SHARED_SECONDS = 0
STATICFILES_DIRS = [PLATFORM / "static"]
