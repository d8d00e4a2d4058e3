"""gunicorn's configuration: `gunicorn -c platform/deploy/gunicorn.conf.py … wsgi`.

Nothing of the site is imported here: workers that are started anew (HUP) must find new code.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any


def on_starting(server: Any) -> None:
    """Removes what processes that are no more have counted for /metrics.

    Not while the site runs: a sum that falls looks as if everything had begun anew. (No process
    keeps a gauge, so a worker that dies meanwhile leaves nothing untrue.)
    """
    data = Path(__file__).resolve().parents[2] / os.environ.get("DATA", "var")
    default = data / "metrics" / socket.gethostname()
    for file in Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", default)).glob("*.db"):
        process = file.stem.rpartition("_")[2]
        if process.isdigit() and not _lives(int(process)):
            with suppress(FileNotFoundError):
                file.unlink()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
