"""Files in an S3-compatible store (`S3_BUCKET`): what the site lets out is fetched there.

The address is signed and holds for S3_SECONDS: no thread of the site waits for a slow phone.
"""

from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError
from django.conf import settings
from storages.backends.s3 import S3Storage

from courses.storage import OneStorage


class StoredFiles(OneStorage, S3Storage):
    def __init__(self, **options: Any) -> None:
        super().__init__(
            file_overwrite=False, signature_version="s3v4", addressing_style="path", **options
        )

    def prepare(self) -> None:
        """Makes the bucket if it is not there."""
        client = self.connection.meta.client
        try:
            client.head_bucket(Bucket=self.bucket_name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            client.create_bucket(Bucket=self.bucket_name)

    def put(self, name: str, data: bytes) -> None:
        self.bucket.Object(name).put(Body=data)

    def signed_address(
        self, name: str, *, method: str, content_type: str, cache: str, saved_as: str
    ) -> str:
        """Where this method (GET or HEAD) finds the file, with the headers it is to come with.

        `saved_as` is a whole Content-Disposition, or empty.
        """
        told = {"ResponseContentType": content_type, "ResponseCacheControl": cache}
        if saved_as:
            told["ResponseContentDisposition"] = saved_as
        address: str = self._as_browsers_reach_it.generate_presigned_url(
            "head_object" if method == "HEAD" else "get_object",
            Params={"Bucket": self.bucket_name, "Key": name, **told},
            ExpiresIn=settings.S3_SECONDS,
        )
        return address

    @cached_property
    def _as_browsers_reach_it(self) -> Any:
        """The signature covers the host, which may be another one from outside."""
        return self._create_session().client(
            "s3",
            region_name=self.region_name,
            endpoint_url=settings.S3_PUBLIC_ENDPOINT,
            config=self.client_config,
        )
