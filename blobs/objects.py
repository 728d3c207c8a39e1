"""An S3-compatible service, through obstore. Credentials and endpoint come from the usual AWS_* variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from blobs.contract import CHUNK, BlobError, Missing, key_of, unchanged

_RETRIES: Any = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}


class Objects:
    """Files as objects of a bucket, below a prefix. The bucket must be there."""

    def __init__(self, url: str) -> None:
        self.shown = url
        plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://")
        options: Any = {"connect_timeout": timedelta(seconds=5), "allow_http": plain}
        self._store = S3Store.from_url(url, client_options=options, retry_config=_RETRIES)

    def put(self, sha256: str, file: Path) -> None:
        try:
            obstore.put(self._store, key_of(sha256), unchanged(file, sha256))
        except (BaseError, OSError) as error:
            raise self._unusable(error) from error

    def read(self, sha256: str) -> Iterator[bytes]:
        try:
            for chunk in obstore.get(self._store, key_of(sha256)).stream(min_chunk_size=CHUNK):
                yield bytes(chunk)
        except FileNotFoundError:
            raise Missing(f"{self.shown}: {sha256}: ありません / is missing") from None
        except (BaseError, OSError) as error:
            raise self._unusable(error) from error

    def has(self, sha256: str) -> bool:
        try:
            obstore.head(self._store, key_of(sha256))
        except FileNotFoundError:
            return False
        except (BaseError, OSError) as error:
            raise self._unusable(error) from error
        return True

    def _unusable(self, error: Exception) -> BlobError:
        said = str(error).partition("\n")[0][:300]
        return BlobError(
            f"TASKFORCE_ATTACHMENTS: {self.shown}: 添付の置き場を使えません / cannot be used: {said}\n"
            "→ バケットと AWS_ENDPOINT_URL、AWS_ACCESS_KEY_ID、AWS_SECRET_ACCESS_KEY、AWS_REGION を確認してください / "
            "check the bucket and these variables",
            out_of_reach=True,
        )
