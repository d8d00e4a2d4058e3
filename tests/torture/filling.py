"""Databases as they are after the migrations, without waiting for these where a copy will do."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing

from django.core.management import call_command
from django.db import connections

from tests.conftest import template_of
from tests.torture.cluster import programs


def fill(alias: str) -> None:
    """From the migrated database that LIKE_<ALIAS> names, the suite's last, or by migrating."""
    like = os.environ.get(f"LIKE_{alias.upper()}", "")
    name = connections[alias].settings_dict["NAME"]
    template = template_of(alias)
    if like.startswith("postgres"):
        _copy_server(like, os.environ[f"{'SANDBOX_' * (alias == 'sandbox')}DATABASE_URL"])
    elif like:
        with closing(sqlite3.connect(like.removeprefix("sqlite:///"))) as source:
            source.execute("VACUUM INTO ?", [str(name)])
    elif connections[alias].vendor == "sqlite" and template.exists():
        shutil.copy(template, name)
    else:
        call_command("migrate", database=alias, verbosity=0, interactive=False)
    if alias == "default":  # the copied site may have had Redis
        call_command("createcachetable", verbosity=0)


def _copy_server(source: str, target: str) -> None:
    bin_folder = programs()
    assert bin_folder
    dump = [str(bin_folder / "pg_dump"), "--no-owner", "--no-privileges", "-d", source]
    load = [str(bin_folder / "psql"), "-q", "-X", "-v", "ON_ERROR_STOP=1", "-d", target]
    with subprocess.Popen(dump, stdout=subprocess.PIPE) as dumping:
        subprocess.run(load, stdin=dumping.stdout, stdout=subprocess.DEVNULL, check=True)
    assert dumping.returncode == 0
