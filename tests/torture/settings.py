"""The site's own settings, but for what would only cost time (or break it on purpose)."""

import os

from settings import *  # noqa: F403
from settings import INSTALLED_APPS, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# One machine stands for the whole world here.
ACCOUNT_RATE_LIMITS = False

if os.environ.get("BROKEN"):
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.torture.broken"]
