"""The store in a bucket, when its endpoint is slow, wrong or gone: a clear fault, soon, and nothing half-stored."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.stage.buckets import Buckets
from tests.stage.liar import Asked, Liar, error, listing, lying, reply, saying
from tests.stage.server import ROOT
from tests.stage.shelves import MEBIBYTE, Shelf, content_of, digest_of, open_shelf, put, whole
from veche.storage.blobs import LARGEST_PART, BlobFault, BlobMissing, BlobsAway, BlobsFull
from veche.storage.blobs.place import Patience
from veche.storage.blobs.s3 import DOUBT_SECONDS, S3Blobs
from veche.storage.blobs.threads import CALLS_AT_ONCE
from veche.storage.blobs.upload import PART

HASTY = Patience(connect=0.3, silence=0.3, call=0.8, attempts=1)
CONTENT = content_of(1000)
DIGEST = digest_of(CONTENT)
KEY = f"media/{DIGEST[:2]}/{DIGEST}"
PAGE = b"<!DOCTYPE html><html><body><p>Please sign in to the network<br></body></html>"
XHTML = b"<html xmlns='http://www.w3.org/1999/xhtml'><body><p>Welcome</p></body></html>"


async def never(_: Asked, __: asyncio.StreamWriter) -> None:
    """Say nothing, and do not hang up."""
    await asyncio.Event().wait()


async def drip(_: Asked, writer: asyncio.StreamWriter) -> None:
    """Say one letter now and then, for ever."""
    for letter in b"HTTP/1.1 200 OK\r\nX-Header: " + b"x" * 10_000:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


ANSWERS = {
    "nothing": never,
    "a letter now and then": drip,
    "an end": saying(b""),
    "rubbish": saying(b"\x00\xff what?\r\n\r\n"),
    "a page": saying(reply(200, PAGE, {"Content-Type": "text/html"})),
    "a tidy page": saying(reply(200, XHTML, {"Content-Type": "text/html", "ETag": '"x"'})),
    "a page that is not there": saying(reply(404, PAGE, {"Content-Type": "text/html"})),
    "nothing in time": saying(reply(200, b"half", length=1000)),
    "403": saying(error(403, "AccessDenied")),
    "500": saying(error(500, "InternalError")),
    "503": saying(error(503, "SlowDown")),
    "no such bucket": saying(error(404, "NoSuchBucket")),
    "another bucket": saying(listing({KEY: 1000}, name="other")),
}
GOOD_FOR = {("delete", "a tidy page"), ("delete", "another bucket")}
"""Nothing in the answer to a deletion can be doubted: what was not deleted is found by the next sweep."""


async def walk(shelf: Shelf) -> None:
    """Go through all."""
    await shelf.stored()


ASKING: dict[str, Callable[[Shelf], Awaitable[Any]]] = {
    "size": lambda shelf: shelf.blobs.size(DIGEST),
    "read": lambda shelf: whole(shelf.blobs.read(DIGEST)),
    "read a stretch": lambda shelf: whole(shelf.blobs.read(DIGEST, 5, 10)),
    "keep": lambda shelf: put(shelf.blobs, CONTENT),
    "delete": lambda shelf: shelf.blobs.delete(DIGEST),
    "walk": walk,
    "sweep": lambda shelf: shelf.blobs.sweep_incoming(2**42),
}


@pytest.mark.parametrize("answer", ANSWERS)
async def test_an_endpoint_that_misbehaves_is_away(tmp_path: Path, answer: str) -> None:
    async with lying(ANSWERS[answer]) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        for asking, ask in ASKING.items():
            asked_before = len(liar.asked)
            if (asking, answer) in GOOD_FOR:
                assert await ask(shelf)
            else:
                with pytest.raises(BlobsAway):
                    await ask(shelf)
            assert shelf.incoming() == []
            assert len(liar.asked) > asked_before, asking
    await shelf.blobs.close()


async def test_an_endpoint_where_nobody_listens_is_away(tmp_path: Path) -> None:
    async with lying(never) as liar:
        pass
    shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
    for ask in ASKING.values():
        with pytest.raises(BlobsAway):
            await ask(shelf)
    assert shelf.incoming() == []
    await shelf.blobs.close()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (reply(200, CONTENT[:-1] + b"?"), BlobsAway),
        (reply(200, CONTENT[:-1]), BlobsAway),
        (reply(200, CONTENT[:-1], length=1000), BlobsAway),
        (reply(200, CONTENT + b"more"), BlobsAway),
        (reply(206, CONTENT[5:10], {"Content-Range": "bytes 5-9/1000"}), BlobsAway),
        (error(404, "NoSuchKey"), BlobMissing),
        (error(507, "InsufficientStorage"), BlobsFull),
    ],
)
async def test_what_the_digest_disproves_is_not_given(tmp_path: Path, answer: bytes, fault: type[BlobFault]) -> None:
    async with lying(saying(answer)) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(fault):
            await whole(shelf.blobs.read(DIGEST))
    await shelf.blobs.close()


async def test_the_last_part_of_something_else_is_held_back(tmp_path: Path) -> None:
    other = content_of(3 * LARGEST_PART)
    async with lying(saying(reply(200, other))) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place)
        reading = shelf.blobs.read(DIGEST)
        given = [await anext(reading), await anext(reading)]
        with pytest.raises(BlobsAway):
            await anext(reading)
        assert b"".join(given) == other[: 2 * LARGEST_PART]
    await shelf.blobs.close()


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (reply(200, CONTENT), BlobsAway),
        (reply(206, CONTENT[5:15]), BlobsAway),
        (reply(206, CONTENT[5:15], {"Content-Range": "all of it"}), BlobsAway),
        (reply(206, CONTENT[6:16], {"Content-Range": "bytes 6-15/1000"}), BlobsAway),
        (reply(206, CONTENT[5:16], {"Content-Range": "bytes 5-15/1000"}), BlobsAway),
        (reply(206, CONTENT[5:12], {"Content-Range": "bytes 5-14/1000"}), BlobsAway),
        (reply(206, CONTENT[5:12], {"Content-Range": "bytes 5-14/1000"}, length=10), BlobsAway),
        (reply(206, CONTENT[5:12], {"Content-Range": "bytes 5-11/12"}), BlobMissing),
    ],
)
async def test_another_stretch_than_asked_for_is_not_given(
    tmp_path: Path, answer: bytes, fault: type[BlobFault]
) -> None:
    async with lying(saying(answer)) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(fault):
            await whole(shelf.blobs.read(DIGEST, 5, 10))
    await shelf.blobs.close()


async def test_a_content_that_comes_in_drops_is_given_up(tmp_path: Path) -> None:
    async def answer(_: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(200, CONTENT[:500], length=1000))
        await drip(_, writer)

    async with lying(answer) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(BlobsAway):
            await whole(shelf.blobs.read(DIGEST))
    await shelf.blobs.close()


@pytest.mark.parametrize("put_answer", [reply(200), reply(200, PAGE), reply(200, b"", {"ETag": '"x"'})])
async def test_an_upload_that_cannot_be_seen_afterwards_did_not_happen(tmp_path: Path, put_answer: bytes) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(put_answer if asked.method == "PUT" else listing({}))

    async with lying(answer) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(BlobsAway):
            await put(shelf.blobs, CONTENT)
        assert [asked.body for asked in liar.asked if asked.method == "PUT"] == [CONTENT]
        assert shelf.incoming() == []
        assert await shelf.blobs.delete(DIGEST), "what failed holds nothing"
    await shelf.blobs.close()


async def test_a_full_bucket_is_full(tmp_path: Path) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(error(507, "XMinioStorageFull") if asked.method == "PUT" else listing({}))

    async with lying(answer) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(BlobsFull):
            await put(shelf.blobs, CONTENT)
        assert shelf.incoming() == []
    await shelf.blobs.close()


async def test_a_listing_that_goes_in_circles_ends(tmp_path: Path) -> None:
    more = "<IsTruncated>true</IsTruncated><NextContinuationToken>again</NextContinuationToken>"
    async with lying(saying(listing({KEY: 1000, "media/ab/notes.txt": 5}, more=more))) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(BlobsAway):
            await shelf.stored()
    await shelf.blobs.close()


async def test_calls_that_never_end_do_not_pile_up_and_the_store_comes_back(tmp_path: Path) -> None:
    well = listing({KEY: 1000})
    async with lying(drip) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        asking = [asyncio.ensure_future(shelf.blobs.size(DIGEST)) for _ in range(3 * CALLS_AT_ONCE)]
        await asyncio.wait(asking)
        assert all(isinstance(asked.exception(), BlobsAway) for asked in asking)
        assert len(liar.asked) <= CALLS_AT_ONCE
    async with lying(saying(well)) as honest:
        again = open_shelf(tmp_path / "media", honest.place, HASTY)
        assert await again.blobs.size(DIGEST) == 1000
        await again.blobs.close()
    await shelf.blobs.close()


async def test_the_store_comes_back_when_the_endpoint_does(tmp_path: Path) -> None:
    async with lying(never) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        with pytest.raises(BlobsAway):
            await shelf.blobs.size(DIGEST)
        liar.answer = saying(listing({KEY: 1000}))
        assert await shelf.blobs.size(DIGEST) == 1000
    await shelf.blobs.close()


async def test_one_failure_is_borne(tmp_path: Path) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(error(500, "InternalError") if len(liar.asked) == 1 else listing({KEY: 1000}))

    async with lying(answer) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place)
        assert await shelf.blobs.size(DIGEST) == 1000
        assert len(liar.asked) == 2
    await shelf.blobs.close()


async def test_nothing_is_stored_while_its_deletion_may_still_be_on_its_way(tmp_path: Path) -> None:
    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.method == "DELETE":
            await never(asked, writer)
        writer.write(listing({KEY: 1000}))

    now = [1000.0]
    async with lying(answer) as liar:
        blobs = S3Blobs(liar.place, tmp_path / "media", HASTY, lambda: now[0])
        with pytest.raises(BlobsAway):
            await blobs.delete(DIGEST)
        assert [asked.method for asked in liar.asked] == ["DELETE"], "a deletion is not sent twice"
        with pytest.raises(BlobsAway):
            await put(blobs, CONTENT)
        now[0] += DOUBT_SECONDS - 1
        with pytest.raises(BlobsAway):
            await put(blobs, CONTENT)
        now[0] += 1
        assert await put(blobs, CONTENT) == DIGEST
        await blobs.close()


async def test_an_upload_that_is_given_up_stops(tmp_path: Path) -> None:
    """The endpoint takes in little; whoever waited has gone, and so soon does the upload."""
    is_uploading, is_broken_off = asyncio.Event(), asyncio.Event()

    class Slow(Liar):
        async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if await reader.readexactly(3) == b"PUT":
                is_uploading.set()
                async for _ in reader:
                    await asyncio.sleep(0.001)
                is_broken_off.set()
            writer.write(listing({}))
            writer.close()

    with patch("tests.stage.liar.Liar", Slow):
        async with lying(never) as liar:
            shelf = open_shelf(tmp_path / "media", liar.place)
            upload = asyncio.ensure_future(put(shelf.blobs, content_of(8 * MEBIBYTE)))
            await is_uploading.wait()
            upload.cancel()
            await asyncio.wait([upload])
            assert upload.cancelled()
            assert shelf.incoming() == []
            await is_broken_off.wait()
            await shelf.blobs.close()


async def test_an_upload_in_parts_that_fails_is_called_off(tmp_path: Path) -> None:
    begun = b"<InitiateMultipartUploadResult><UploadId>the upload</UploadId></InitiateMultipartUploadResult>"

    async def answer(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.method == "POST":
            writer.write(reply(200, begun))
        elif asked.method == "PUT":
            is_first = "partNumber=1" in asked.target
            writer.write(reply(200, b"", {"ETag": '"first"'}) if is_first else error(500, "InternalError"))
        else:
            writer.write(reply(204) if asked.method == "DELETE" else listing({}))

    async with lying(answer) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, Patience(attempts=1))
        content = content_of(PART + 1)
        with pytest.raises(BlobsAway):
            await put(shelf.blobs, content)
        sent = [asked for asked in liar.asked if asked.method == "PUT"]
        assert b"".join(asked.body for asked in sent) == content
        assert [asked.method for asked in liar.asked] == ["GET", "POST", "PUT", "PUT", "DELETE"]
        assert liar.asked[-1].target.endswith("uploadId=the%20upload")
        assert shelf.incoming() == []
    await shelf.blobs.close()


async def test_where_no_thread_can_be_had_the_store_is_away(tmp_path: Path) -> None:
    async with lying(saying(listing({KEY: 1000}))) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place)
        with patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
            for _ in range(CALLS_AT_ONCE + 1):
                with pytest.raises(BlobsAway):
                    await shelf.blobs.size(DIGEST)
        assert await shelf.blobs.size(DIGEST) == 1000
    await shelf.blobs.close()


async def test_uploads_in_parts_that_a_crash_left_are_swept(buckets: Buckets, tmp_path: Path) -> None:
    place = buckets.fresh()
    shelf = open_shelf(tmp_path / "media", place)
    client = shelf.blobs._connection.client  # type: ignore[attr-defined]  # noqa: SLF001
    for key in (KEY, "media/notes.txt", "elsewhere"):
        client.create_multipart_upload(Bucket=place.bucket, Key=key)
    assert await shelf.blobs.sweep_incoming(0) == 0
    assert await shelf.blobs.sweep_incoming(2**42) == 1
    left = client.list_multipart_uploads(Bucket=place.bucket)["Uploads"]
    assert sorted(upload["Key"] for upload in left) == ["elsewhere", "media/notes.txt"]
    await shelf.blobs.close()


async def test_what_the_bucket_lost_in_part_heals(buckets: Buckets, tmp_path: Path) -> None:
    place = buckets.fresh()
    shelf = open_shelf(tmp_path / "media", place)
    assert await put(shelf.blobs, CONTENT) == DIGEST
    await asyncio.to_thread(buckets.put, place, KEY, CONTENT[:-1])
    with pytest.raises(BlobMissing):
        await anext(shelf.blobs.read(DIGEST, 0, 1000))
    with pytest.raises(BlobsAway):
        await whole(shelf.blobs.read(DIGEST))
    await put(shelf.blobs, CONTENT)
    assert await whole(shelf.blobs.read(DIGEST)) == CONTENT
    await shelf.blobs.close()


async def test_other_objects_in_the_bucket_are_passed_over(buckets: Buckets, tmp_path: Path) -> None:
    place = buckets.fresh()
    shelf = open_shelf(tmp_path / "media", place)
    for key in ("notes.txt", "media/notes.txt", f"media/00/{DIGEST}", f"media/{DIGEST}", f"{KEY}.old"):
        await asyncio.to_thread(buckets.put, place, key, b"x")
    assert await shelf.stored() == []
    assert await shelf.blobs.size(DIGEST) is None
    await shelf.blobs.close()


async def test_a_redirection_is_not_followed(tmp_path: Path) -> None:
    async with lying(saying(listing({KEY: 1000}))) as other:
        away = {"Location": f"{other.endpoint}/veche", "x-amz-bucket-region": "eu-west-3"}
        for status in (301, 302, 307):
            async with lying(saying(reply(status, b"", away))) as liar:
                shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
                for asking in ASKING.values():
                    with pytest.raises(BlobsAway):
                        await asking(shelf)
                await shelf.blobs.close()
        assert other.asked == []


async def test_a_request_that_the_library_would_send_elsewhere_is_stopped(tmp_path: Path) -> None:
    def divert(request: Any, **_: Any) -> None:
        request.url = request.url.replace(liar.endpoint, other.endpoint)

    async with lying(never) as other, lying(saying(listing({KEY: 1000}))) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        client = shelf.blobs._connection.client  # type: ignore[attr-defined]  # noqa: SLF001
        client.meta.events.register("request-created.s3", divert)
        with pytest.raises(BlobsAway, match="another address"):
            await shelf.blobs.size(DIGEST)
        assert liar.asked == other.asked == []
    await shelf.blobs.close()


CALLS_NOTED = """
import asyncio, sys
called = set()
sys.addaudithook(lambda event, args: called.add(str(args[1])) if event in ("socket.connect", "socket.sendto") else None)
sys.addaudithook(lambda event, args: called.add(args[0]) if event == "socket.getaddrinfo" else None)
from pathlib import Path
from tests.stage.shelves import content_of, open_shelf, put, whole
from veche.domain.ids import Digest
from veche.storage.blobs.place import S3Place
async def main():
    shelf = open_shelf(Path(sys.argv[1]), S3Place(sys.argv[2], sys.argv[3], "key", "secret"))
    digest = await put(shelf.blobs, content_of(1000))
    assert await whole(shelf.blobs.read(digest)) == content_of(1000)
    assert len(await shelf.stored()) == 1
    assert await shelf.blobs.delete(digest)
    await shelf.blobs.sweep_incoming(0)
    await shelf.blobs.close()
asyncio.run(main())
print(*sorted(called), sep="\\n")
"""


def test_only_the_endpoint_is_called_whatever_the_environment_says(buckets: Buckets, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    config = tmp_path / "config"
    config.write_text(f"[default]\nregion = eu-west-3\nendpoint_url = {nowhere}\ncsm_enabled = true\nca_bundle = /x\n")
    proxies = {f"{name}_proxy": nowhere for name in ("http", "https", "HTTP", "HTTPS", "all", "ALL")}
    traps = proxies | {
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_CONFIG_FILE": str(config),
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": nowhere,
        "AWS_CSM_ENABLED": "true",
        "AWS_DEFAULTS_MODE": "auto",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": nowhere,
        "AWS_ENDPOINT_URL": nowhere,
        "AWS_ENDPOINT_URL_S3": nowhere,
        "AWS_MAX_ATTEMPTS": "9",
        "AWS_PROFILE": "other",
        "AWS_REGION": "eu-west-3",
        "AWS_SHARED_CREDENTIALS_FILE": str(config),
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT))),
    }
    place = buckets.fresh()
    run = subprocess.run(
        [sys.executable, "-c", CALLS_NOTED, str(tmp_path / "media"), place.endpoint, place.bucket],
        env={**os.environ, **traps},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split("\n")) - {""} <= {"127.0.0.1", f"('127.0.0.1', {buckets.port})"}


async def test_faults_say_what_happened_but_neither_keys_nor_what_was_sent(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said = []
    async with lying(never) as liar:
        shelf = open_shelf(tmp_path / "media", liar.place, HASTY)
        for liar.answer in ANSWERS.values():
            with pytest.raises(BlobsAway) as fault:
                await shelf.blobs.size(DIGEST)
            said.append(str(fault.value))
    await shelf.blobs.close()
    assert all(said)
    assert not any(word in f"{said} {caplog.text}" for word in ("the key", "the secret", "sign in", "Welcome"))
