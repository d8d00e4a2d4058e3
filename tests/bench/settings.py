"""The site as a server runs it, with the floors beside it."""

import os

from settings import *  # noqa: F403
from settings import CACHES, TEMPLATES
from tests.bench import plain

ROOT_URLCONF = "tests.bench.urls"
TEMPLATES = [*TEMPLATES, plain.ENGINE]
# Its own corner of Redis, which is emptied afterwards.
CACHES["default"]["KEY_PREFIX"] = os.environ["BENCH_PREFIX"]
