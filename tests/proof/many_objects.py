"""`python -m tests.proof.many_objects 1000000`: how long `manage.py reconcile` takes over so many
objects, and the memory at its largest.

The demo's site on SQLite; so many movements of the balance stand in the sandbox and in ours.
"""

import os
import subprocess
import sys
import tempfile
import time
from itertools import batched

from tests.operations.processes import ROOT, environment
from tests.proof.served import PREPARING

AT_ONCE = 2000
PREFIX = "txn_many"
A_SECOND = 2  # so many are made in one
EARLIER = 10_000_000  # seconds before the demo's first payment


def main(objects: int) -> int:
    with tempfile.TemporaryDirectory(prefix="rizhi-many-") as folder:
        env = environment(DATA=folder, DEBUG="1", LOG_LEVEL="WARNING")
        for what, command in PREPARING[:4]:
            print(f"preparing {what}", flush=True)
            subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=env,
                check=True,
                stdout=subprocess.DEVNULL,
            )
        for number in (objects // 100, objects):
            fill = [sys.executable, "-m", "tests.proof.many_objects", "fill", str(number)]
            subprocess.run(fill, cwd=ROOT, env=env, check=True)
            reconcile(number, env)
    return 0


def reconcile(number: int, env: dict[str, str]) -> None:
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "manage.py", "reconcile"], cwd=ROOT, env=env)
    _, status, used = os.wait4(process.pid, 0)
    took = time.monotonic() - began
    if status:
        sys.exit("reconcile failed")
    unit = 1024 if sys.platform == "darwin" else 1
    megabytes = used.ru_maxrss / 1024 / unit
    print(f"{number} objects: {took:.0f} s, {megabytes:.0f} MB at most", flush=True)


def fill(number: int) -> None:
    """Up to so many movements of the balance, copied from a payment's."""
    from payments.mirror import moment
    from payments.models import MoneyEntry
    from payments.sandbox.models import StripeObject

    # Of the demo's own, whatever was made before: Stripe lists the newest first.
    demo = MoneyEntry.objects.exclude(stripe_id__startswith=PREFIX)
    entry = demo.filter(kind=MoneyEntry.Kind.CHARGE).earliest("booked_at")
    booked = StripeObject.objects.get(stripe_id=entry.stripe_id)
    first = booked.created - EARLIER
    there = StripeObject.objects.filter(stripe_id__startswith=PREFIX).count()

    def theirs(n: int) -> StripeObject:
        name, created = f"{PREFIX}{n}", first + n // A_SECOND
        data = booked.data | {"id": name, "created": created}
        return StripeObject(stripe_id=name, kind=booked.kind, created=created, data=data)

    def ours(n: int) -> MoneyEntry:
        kept = {f.attname: getattr(entry, f.attname) for f in MoneyEntry._meta.concrete_fields}
        made = {"stripe_id": f"{PREFIX}{n}", "booked_at": moment(first + n // A_SECOND)}
        return MoneyEntry(**kept | made | {"id": None})

    for numbers in batched(range(there, number), AT_ONCE):
        StripeObject.objects.bulk_create(map(theirs, numbers))
        MoneyEntry.objects.bulk_create(map(ours, numbers))
        print(f"\r{numbers[-1] + 1} objects made", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
        sys.path.insert(0, str(ROOT / "platform"))
        import django

        django.setup()
        fill(int(sys.argv[2]))
    else:
        sys.exit(main(int(sys.argv[1])))
