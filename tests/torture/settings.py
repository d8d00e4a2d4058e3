"""The site's own settings, but for what would only cost time (or break it on purpose)."""

import os

# One machine stands for the whole world here: nobody is counted.
os.environ["RATE_LIMITS"] = "0"

from settings import *  # noqa: F403
from settings import INSTALLED_APPS, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}

if os.environ.get("BROKEN"):
    INSTALLED_APPS = [*INSTALLED_APPS, "tests.torture.broken"]
