"""`make released`: writes down the last migration of each app of ours, as of this release."""

import json
import os
import sys

import django

from tests.house.files import ROOT

FILE = ROOT / "tests" / "house" / "released.json"


def main() -> None:
    sys.path.insert(0, str(ROOT / "platform"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings_test")
    django.setup()
    from django.db.migrations.loader import MigrationLoader

    from tests.house.test_upgrades import ours

    leaves = [leaf for leaf in MigrationLoader(None).graph.leaf_nodes() if leaf[0] in ours()]
    FILE.write_text(json.dumps(dict(sorted(leaves)), indent=1) + "\n")


if __name__ == "__main__":
    main()
