"""`manage.py start`, which `make run` calls: prepares what is not there yet, then serves."""

import os
import sys
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands

from operations import preparation, translations
from operations.management.commands.runserver import Command as Runserver


class Command(Runserver):
    help = "Prepares databases, translations, files and demo, then runs the site."

    def handle(self, *args: Any, **options: Any) -> None:
        options["addrport"] = options["addrport"] or f"127.0.0.1:{settings.PORT}"
        super().handle(*args, **options)

    def run(self, **options: Any) -> None:
        # The reloader starts this command anew in a child, which has nothing left to prepare.
        if os.environ.get("RUN_MAIN") != "true":
            self._prepare()
        super().run(**options)

    def _prepare(self) -> None:
        self._lock = preparation.lock_data_folder()
        if translations.compile_stale(settings.LOCALE_PATHS):
            self._say("Translations are compiled.")
        self._say("Looking at the database …")
        for alias in preparation.migrate_what_is_due():
            self._say(f"The {alias} database is up to date.")
        if not settings.DEBUG and preparation.collect_static_when_stale():
            self._say("Static files are collected.")
        if settings.DEMO and "demo" in get_commands():
            call_command("demo", stdout=self.stdout)

    def greet(self, server_port: int) -> None:
        self._say(f"\n  {settings.WAGTAIL_SITE_NAME}  {settings.BASE_URL}/")
        if settings.DEMO and settings.DEBUG:
            self._say(f"  demo desk  {settings.BASE_URL}/demo/   (accounts, mails, test cards)")
        elif link := self._first_operator_link():
            self._say(f"  first operator, once  {link}")
        self._say("  Ctrl-C ends it.\n")

    def _first_operator_link(self) -> str:
        """The one-time address for a site that nobody runs yet."""
        if "first_operator" not in get_commands():
            return ""
        said = StringIO()
        call_command("first_operator", stdout=said)
        return said.getvalue().strip() if "://" in said.getvalue() else ""

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        sys.stdout.flush()
