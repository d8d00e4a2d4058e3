"""An S3-compatible store on this machine: moto's server. Without a signature it gives nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "store"
KEY, SECRET = "the-key", "the-secret"


@contextmanager
def standing() -> Iterator[str]:
    """Gives the store's address; there is an empty bucket in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        address = "http://{}:{}".format(*server.get_host_and_port())
        client = boto3.client(
            "s3",
            endpoint_url=address,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=BUCKET)
        yield address
    finally:
        server.stop()


def use(settings: Any, *, endpoint: str, public: str) -> None:
    """Lets this process's files lie there; `public` is where browsers reach the store."""
    settings.S3_BUCKET, settings.S3_PUBLIC_ENDPOINT = BUCKET, public
    options = {
        "bucket_name": BUCKET,
        "region_name": "us-east-1",
        "endpoint_url": endpoint,
        "access_key": KEY,
        "secret_key": SECRET,
    }
    backend = {"BACKEND": "courses.object_store.StoredFiles", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}
