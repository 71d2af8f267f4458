"""Puts one file into a bucket: in one request, or in several that become visible together at the end."""

import contextlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from veche.storage.blobs import BlobsAway

PART = 2**24
MOST_PARTS = 10_000
KIND = "application/octet-stream"


class Upload:
    """One upload, run in a thread; whoever waits for it may give it up."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self._client = client
        self._names = {"Bucket": bucket, "Key": key}
        self.is_given_up = threading.Event()

    def run(self, path: Path, size: int) -> None:
        """Upload; raises what the client raises. A file of any size is read piece by piece."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if size <= PART:
                body = Stretch(descriptor, 0, size, self.is_given_up)
                self._client.put_object(**self._names, Body=body, ContentType=KIND)
            else:
                self._in_parts(descriptor, size)
        finally:
            os.close(descriptor)

    def _in_parts(self, descriptor: int, size: int) -> None:
        begun = self._client.create_multipart_upload(**self._names, ContentType=KIND)["UploadId"]
        names = {**self._names, "UploadId": begun}
        try:
            parts = [
                {"PartNumber": number, "ETag": self._client.upload_part(**names, PartNumber=number, Body=body)["ETag"]}
                for number, body in enumerate(self._bodies(descriptor, size), 1)
            ]
            self._client.complete_multipart_upload(**names, MultipartUpload={"Parts": parts})
        except BaseException:
            with contextlib.suppress(Exception):  # the sweep does it where the storage is away
                self._client.abort_multipart_upload(**names)
            raise

    def _bodies(self, descriptor: int, size: int) -> Iterator["Stretch"]:
        part = max(PART, -(-size // MOST_PARTS))
        for start in range(0, size, part):
            yield Stretch(descriptor, start, min(part, size - start), self.is_given_up)


class Stretch:
    """A part of a file as the body of a request: it can be read again, and stops when the upload is given up."""

    def __init__(self, descriptor: int, start: int, size: int, is_given_up: threading.Event) -> None:
        self._descriptor = descriptor
        self._start = start
        self._size = size
        self._place = 0
        self._is_given_up = is_given_up

    def read(self, amount: int | None = None) -> bytes:
        """Return the next bytes, all that are left without an amount."""
        if self._is_given_up.is_set():
            raise BlobsAway("the upload was given up")
        rest = self._size - self._place
        wanted = rest if amount is None or amount < 0 else min(amount, rest)
        part = os.pread(self._descriptor, wanted, self._start + self._place)
        self._place += len(part)
        return part

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to another place in the stretch."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place in the stretch."""
        return self._place
