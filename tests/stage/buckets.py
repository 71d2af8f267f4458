"""S3-compatible storage for one test session: moto's server in a process of its own, on loopback."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from veche.storage.blobs.connection import Connection
from veche.storage.blobs.place import Patience, S3Place

PATIENCE = 60.0
_GUARD = '"$@" & read -r _; kill -KILL $!; wait $!'
"""Stops the server as soon as its input ends: when it is closed, or when the tests' process is gone."""
_ADDRESS = re.compile(rb"Running on http://127\.0\.0\.1:(\d+)")


class Buckets:
    """A running server; ``fresh`` makes an empty bucket in it."""

    def __init__(self) -> None:
        self._made = 0
        self._folder = Path(tempfile.mkdtemp(prefix="veche-s3-"))
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", _GUARD, "sh", *command], stdin=subprocess.PIPE, stdout=log, stderr=log
            )
        self.port = self._find_port()
        self._client = Connection(self._place(), Patience()).client

    @property
    def endpoint(self) -> str:
        """The base URL."""
        return f"http://127.0.0.1:{self.port}"

    def fresh(self) -> S3Place:
        """Make a bucket."""
        self._made += 1
        place = self._place()
        self._client.create_bucket(Bucket=place.bucket)
        return place

    def put(self, place: S3Place, key: str, body: bytes) -> None:
        """Put an object into a bucket, past the store."""
        self._client.put_object(Bucket=place.bucket, Key=key, Body=body)

    def close(self) -> None:
        """Stop the server."""
        self._process.communicate()  # the guard sees its input end
        shutil.rmtree(self._folder, ignore_errors=True)

    def _place(self) -> S3Place:
        return S3Place(self.endpoint, f"veche-{self._made}", "a key", "a/secret+key")

    def _find_port(self) -> int:
        end = time.monotonic() + PATIENCE
        while True:
            written = (self._folder / "log").read_bytes()
            if found := _ADDRESS.search(written):
                return int(found[1])
            assert self._process.poll() is None, written.decode(errors="replace")
            assert time.monotonic() < end, written.decode(errors="replace")
            time.sleep(0.02)


def setting_of(place: S3Place) -> str:
    """Return the setting ``media_store`` that names a bucket of the test's server."""
    return f"s3://a%20key:a%2Fsecret%2Bkey@{Path(place.endpoint).name}/{place.bucket}?tls=off"
