"""Downloading: whole and in parts, what browsers are told, waiting for what was announced, and the old paths."""

import asyncio
from typing import Any

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.asgi import Answer
from tests.stage.media import (
    V1,
    Faulty,
    announce,
    fetch,
    fill,
    path_of,
    png,
    send_file,
    stored,
    thumbnail,
    upload,
    with_blobs,
)
from tests.stage.world import Person, World
from veche.commands import moderation
from veche.domain.sessions import OPERATOR
from veche.queries.media import contents
from veche.storage.blobs import BlobMissing, BlobsAway

BODY = bytes(range(256)) * 8
OLD_PATHS = ("/_matrix/media/v3", "/_matrix/media/r0", "/_matrix/media/v1")


def expect_safe(answer: Answer) -> None:
    """Fail unless a browser is told to run nothing of it, whatever it is."""
    headers = answer.headers
    policy = {part.strip() for part in headers["content-security-policy"].split(";")}
    assert {"sandbox", "default-src 'none'", "script-src 'none'"} <= policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["access-control-allow-origin"] == "*"
    assert "private" in headers["cache-control"]
    assert "authorization" in headers["vary"]


async def ask(person: Person, method: str, uri: str, **headers: str) -> Answer:
    """Ask for a file with headers; an underscore in their names stands for a hyphen."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await person.world.begin(method, path_of(uri), token=person.token, headers=named).answer()


async def test_a_whole_file(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, BODY, kind="image/png", filename="cat.png")
    answer = await fetch(anna, uri)
    assert (answer.status, answer.bytes) == (200, BODY)
    expect_safe(answer)
    headers = answer.headers
    assert headers["content-type"] == "image/png"
    assert headers["content-disposition"] == 'inline; filename="cat.png"'
    assert headers["content-length"] == "2048"
    assert headers["accept-ranges"] == "bytes"
    assert headers["etag"] == f'"{(await stored(world))[0]}"'
    head = await ask(anna, "HEAD", uri)
    assert (head.status, head.bytes) == (200, b"")
    assert {**head.headers, "x-request-id": ""} == {**headers, "x-request-id": ""}


@pytest.mark.parametrize(
    ("wish", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=100-199", 100, 200),
        ("bytes=2047-", 2047, 2048),
        ("bytes=2000-99999", 2000, 2048),
        ("bytes=0-", 0, 2048),
        ("bytes=-1", 2047, 2048),
        ("bytes=-2048", 0, 2048),
        ("bytes=-99999", 0, 2048),
    ],
)
async def test_a_part_of_a_file(world: World, wish: str, start: int, stop: int) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, BODY)
    for method in ("GET", "HEAD"):
        answer = await ask(anna, method, uri, range=wish)
        assert answer.status == 206
        assert answer.bytes == (BODY[start:stop] if method == "GET" else b"")
        assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/2048"
        assert answer.headers["content-length"] == str(stop - start)
        expect_safe(answer)


@pytest.mark.parametrize("wish", ["bytes=2048-", "bytes=9999-", "bytes=2048-2050", "bytes=-0"])
async def test_a_part_that_is_not_there(world: World, wish: str) -> None:
    anna = await world.person(ANNA)
    answer = await ask(anna, "GET", await upload(anna, BODY), range=wish)
    assert (answer.status, answer.bytes) == (416, b"")
    assert answer.headers["content-range"] == "bytes */2048"
    expect_safe(answer)


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=5-1",
        "bytes=0-1,5-9",
        "lines=1-2",
        "bytes=0x1-2",
        "bytes=-²",
    ],
)
async def test_what_is_no_range_is_passed_over(world: World, wish: str) -> None:
    anna = await world.person(ANNA)
    encoded = wish.encode().decode("latin-1")
    answer = await ask(anna, "GET", await upload(anna, BODY), range=encoded)
    assert (answer.status, answer.bytes) == (200, BODY)


async def test_an_empty_file(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"", kind="text/plain")
    answer = await fetch(anna, uri)
    assert (answer.status, answer.bytes, answer.headers["content-length"]) == (200, b"", "0")
    assert (await ask(anna, "GET", uri, range="bytes=0-")).status == 416


async def test_what_the_client_has_already_is_not_sent_again(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    uri = await upload(anna, BODY)
    tag = (await fetch(anna, uri)).headers["etag"]
    for condition in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await ask(anna, "GET", uri, if_none_match=condition)
        assert (answer.status, answer.bytes, answer.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in answer.headers
        expect_safe(answer)
        (await ask(boris, "GET", uri, if_none_match=condition)).refused(404, "M_NOT_FOUND")
    for condition in ('"x"', tag[:-2] + '"', ""):
        assert (await ask(anna, "GET", uri, if_none_match=condition)).bytes == BODY


async def test_thumbnails_are_told_as_carefully(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, png(), kind="text/html", filename="x.html")
    answer = await thumbnail(anna, uri)
    expect_safe(answer)
    assert answer.headers["content-type"] in ("image/png", "image/jpeg", "image/webp")
    assert answer.headers["content-disposition"].startswith('inline; filename="thumbnail.')
    again = world.begin(
        "GET",
        path_of(uri, "thumbnail"),
        query={"width": 96, "height": 96},
        token=anna.token,
        headers={"if-none-match": answer.headers["etag"]},
    )
    assert (await again.answer()).status == 304


async def test_a_name_that_the_caller_gives(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, filename="own.txt")
    for given, told in (
        ("other.txt", 'filename="other.txt"'),
        ("%D0%B6.txt", "filename=\"_.txt\"; filename*=UTF-8''%D0%B6.txt"),
        ("a%2Fb%5Cc.txt", 'filename="a_b_c.txt"'),
        ("%0D%0AX-Bad%3A%201", "filename=\"X-Bad_ 1\"; filename*=UTF-8''X-Bad%3A%201"),
        ("..", 'filename="own.txt"'),
    ):
        answer = await anna.get(f"{path_of(uri)}/{given}")
        assert answer.status == 200
        assert answer.headers["content-disposition"] == f"attachment; {told}"
        assert "x-bad" not in answer.headers


@pytest.mark.parametrize(
    "uri", ["mxc://veche.test/unknown", "mxc://other.test/abc", "mxc://Veche.test/abc", "mxc://x/y"]
)
async def test_what_is_not_here(world: World, uri: str) -> None:
    anna = await world.person(ANNA)
    for what in ("download", "thumbnail"):
        answer = await anna.get(path_of(uri, what), width=32, height=32)
        answer.refused(404, "M_NOT_FOUND")


async def test_old_paths_open_nothing_without_a_token(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    uri = await upload(anna, png())
    name, size = uri.removeprefix("mxc://"), {"width": 32, "height": 32}
    for old in OLD_PATHS:
        paths = (f"{old}/download/{name}", f"{old}/download/{name}/x.png", f"{old}/thumbnail/{name}")
        for path in paths:
            for token in (None, "nonsense", boris.token):
                query: dict[str, Any] = {**size, "allow_redirect": "true"}
                answer = await world.call("GET", path, query=query, token=token)
                answer.refused(404, "M_NOT_FOUND")
            assert (await anna.get(path, **size, allow_remote="true")).status == 200
            by_query = await world.call("GET", path, query={**size, "access_token": anna.token})
            assert by_query.status == 200
        assert (await world.call("GET", f"{old}/config")).status == 401
    (await world.call("GET", path_of(uri))).refused(401, "M_MISSING_TOKEN")


async def test_how_much_may_be_uploaded(world: World) -> None:
    anna = await world.person(ANNA)
    for path in (f"{V1}/config", *(f"{old}/config" for old in OLD_PATHS)):
        assert (await anna.get(path)).ok() == {"m.upload.size": 100 * 2**20}
    for path in ("/_matrix/media/r0/upload", "/_matrix/media/v1/upload"):
        assert (await anna.call("POST", path, b"x")).ok()["content_uri"].startswith("mxc://veche.test/")


async def test_previews_of_other_sites_are_not_made(world: World) -> None:
    anna = await world.person(ANNA)
    for path in (f"{V1}/preview_url", "/_matrix/media/v3/preview_url"):
        (await anna.get(path, url="https://example.org")).refused(404, "M_UNRECOGNIZED")


async def test_a_download_waits_for_what_was_announced(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await announce(anna)
    waiting = [anna.begin("GET", path_of(uri), timeout_ms=600_000) for _ in range(3)]
    await asyncio.sleep(0.05)
    assert all(one.is_waiting for one in waiting)
    (await fill(anna, uri, b"at last")).ok()
    assert [(await one.answer()).bytes for one in waiting] == [b"at last"] * 3


async def test_a_download_does_not_wait_for_ever(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await announce(anna)
    for timeout in ("0", "20", "-5"):
        (await fetch(anna, uri, timeout_ms=timeout)).refused(504, "M_NOT_YET_UPLOADED")
    gone = anna.begin("GET", path_of(uri), timeout_ms=600_000)
    await asyncio.sleep(0.05)
    await gone.hang_up()
    last = anna.begin("GET", path_of(uri), timeout_ms=600_000)
    await asyncio.sleep(0.05)
    world.queries.live.notifier.close()
    (await last.answer()).refused(504, "M_NOT_YET_UPLOADED")
    assert not vars(world.queries.live.media.arrivals)["_waiting"]


async def test_who_loses_a_file_while_waiting_is_not_given_it(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = (await anna.post("/createRoom", {"invite": [boris.user]})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    uri = await announce(anna)
    waiting = boris.begin("GET", path_of(uri), timeout_ms=600_000)
    await asyncio.sleep(0.05)
    assert waiting.is_waiting
    (await anna.post(f"/rooms/{room}/kick", {"user_id": boris.user})).ok()
    (await fill(anna, uri)).ok()
    (await waiting.answer()).refused(404, "M_NOT_FOUND")


@pytest.mark.parametrize("is_locked", [True, False])
async def test_whoever_is_locked_or_signed_out_waits_no_longer_for_a_file(world: World, is_locked: bool) -> None:
    anna = await world.person(ANNA)
    uri = await announce(anna)
    phone = await world.device(anna.user, "PHONE")
    waiting = phone.begin("GET", path_of(uri), timeout_ms=600_000)
    await asyncio.sleep(0.05)
    assert waiting.is_waiting
    if is_locked:
        await moderation.restrict(world.commands, OPERATOR, anna.user, "lock")
    else:
        (await phone.post("/logout")).ok()
    (await waiting.answer()).refused(401, "M_USER_LOCKED" if is_locked else "M_UNKNOWN_TOKEN")


async def test_a_store_that_is_away_or_has_lost_a_content(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, BODY)
    store = Faulty(world.commands.blobs)
    with_blobs(world, store)
    store.faults = {"read": BlobsAway("away")}
    answer = await fetch(anna, uri)
    assert "cannot be reached" in answer.refused(503, "M_UNKNOWN")["error"]
    assert answer.headers["retry-after"] == "10"
    assert (await ask(anna, "GET", uri, if_none_match="*")).status == 304
    store.faults = {"read": BlobMissing("lost")}
    (await fetch(anna, uri)).refused(404, "M_NOT_FOUND")
    store.faults = {}
    assert (await fetch(anna, uri)).bytes == BODY


async def test_a_reader_who_goes_away_leaves_nothing_open(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna, b"x" * 5_000_000)
    store = Faulty(world.commands.blobs)
    with_blobs(world, store)
    gone = anna.begin("GET", path_of(uri))
    await gone.hang_up()
    assert (await ask(anna, "HEAD", uri)).status == 200
    assert (await fetch(anna, uri)).status == 200
    assert store.opened == store.closed


async def test_contents_that_nobody_reads_to_the_end_are_closed(world: World) -> None:
    anna = await world.person(ANNA)
    await upload(anna, b"x" * 2_000_000)
    [digest] = await stored(world)
    store = Faulty(world.commands.blobs)
    with_blobs(world, store)
    for begun in (True, False):
        parts = await contents(world.running.application.door.queries, anna.asker, digest, 0, None)
        if begun:
            assert await anext(parts)
        await parts.aclose()
    parts = await contents(world.running.application.door.queries, anna.asker, digest, 0, None)
    with pytest.raises(ValueError, match="why"):
        await parts.athrow(ValueError("why"))
    assert (store.opened, store.closed) == (3, 3)


async def test_uploads_answer_as_the_specification_says(world: World) -> None:
    anna = await world.person(ANNA)
    assert set((await send_file(anna, b"x")).ok()) == {"content_uri"}
    assert set((await anna.post("/_matrix/media/v1/create")).ok()) == {"content_uri", "unused_expires_at"}
    (await world.call("POST", "/_matrix/media/v3/upload", b"x")).refused(401, "M_MISSING_TOKEN")
