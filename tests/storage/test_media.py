"""Rows of files: what they come to, pages, expiry, where they are attached, which contents are wanted, links."""

from functools import partial

import msgspec
import pytest

from veche.domain.ids import Digest, Position, RoomId, UserId
from veche.domain.media import File, Link, MediaId, Usage
from veche.domain.media.thumbnails import Thumbnail
from veche.storage.media import attachments, contents, files, links, thumbnails
from veche.storage.reader import Reader
from veche.storage.writer import Transaction, Writer

ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")
ROOM = RoomId("!room:x")
ONE, TWO, SMALL = Digest("1" * 64), Digest("2" * 64), Digest("3" * 64)


def file(name: str, owner: UserId = ANNA, at: int = 1, **more: object) -> File:
    """A file of five bytes."""
    whole = File(MediaId(name), owner, at, None, ONE, 5, "image/png", f"{name}.png", is_loose=True)
    return msgspec.structs.replace(whole, **more)


async def test_a_file_comes_back_as_it_was_added(writer: Writer, reader: Reader) -> None:
    pending = file("pending", expires_ts=2**40, digest=None, size=0, content_type="", file_name=None)
    given = [file("a", is_loose=False), file("b", file_name=None), pending]
    for one in given:
        await writer.run(partial(files.add, file=one))
    for one in given:
        assert await reader.run(partial(files.find, media_id=one.media_id)) == one
    found = await reader.run(lambda at: files.find_all(at, [one.media_id for one in given] + [MediaId("no")]))
    assert sorted(found, key=lambda one: one.media_id) == given
    assert await reader.run(lambda at: files.find(at, MediaId("no"))) is None


async def test_usage_follows_the_rows(writer: Writer, reader: Reader) -> None:
    async def usages() -> list[Usage]:
        return [await reader.run(partial(files.usage, owner=user)) for user in (ANNA, BORIS, files.EVERYBODY)]

    assert await usages() == [Usage(), Usage(), Usage()]
    pending = file("c", BORIS, expires_ts=10, digest=None, size=0)
    for one in (file("a"), file("b", size=7), pending):
        await writer.run(partial(files.add, file=one))
    assert await usages() == [Usage(2, 12), Usage(), Usage(2, 12)]
    await writer.run(lambda tx: files.fill(tx, msgspec.structs.replace(pending, digest=TWO, size=100)))
    assert await usages() == [Usage(2, 12), Usage(1, 100), Usage(3, 112)]
    filled = await reader.run(lambda at: files.find(at, MediaId("c")))
    assert filled is not None
    assert (filled.digest, filled.size, filled.expires_ts) == (TWO, 100, None)
    await writer.run(lambda tx: files.remove(tx, filled, 50, "why not"))
    await writer.run(lambda tx: files.remove(tx, file("b", size=7), 60, "why not"))
    assert await usages() == [Usage(1, 5), Usage(), Usage(1, 5)]


async def test_pages_of_files_are_whole_and_without_gaps(writer: Writer, reader: Reader) -> None:
    for number in range(7):
        await writer.run(partial(files.add, file=file(f"f{number}", at=number // 2)))
    await writer.run(partial(files.add, file=file("gone", at=1, removed_ts=5)))
    await writer.run(partial(files.add, file=file("other", BORIS)))
    await writer.run(partial(files.add, file=file("pending", digest=None, expires_ts=2**40)))
    seen: list[File] = []
    before = None
    while page := await reader.run(partial(files.page, owner=ANNA, before=before, limit=3)):
        seen += page
        before = (page[-1].created_ts, page[-1].media_id)
    assert [one.media_id for one in seen] == ["f6", "f5", "f4", "f3", "f2", "f1", "f0"]


async def test_what_was_announced_expires(writer: Writer, reader: Reader) -> None:
    for number in range(5):
        await writer.run(partial(files.add, file=file(f"p{number}", digest=None, expires_ts=10 + number)))
    await writer.run(partial(files.add, file=file("stays")))
    assert await reader.run(lambda at: files.pending(at, ANNA, 11)) == 3
    assert await writer.run(lambda tx: files.expire(tx, 12, 2)) == 2
    assert await writer.run(lambda tx: files.expire(tx, 12, 2)) == 1
    assert await writer.run(lambda tx: files.expire(tx, 12, 2)) == 0
    left = [await reader.run(partial(files.find, media_id=MediaId(f"p{number}"))) for number in range(5)]
    assert [one.removed_ts if one else -1 for one in left] == [12, 12, 12, None, None]
    assert await reader.run(lambda at: files.usage(at, ANNA)) == Usage(1, 5)


@pytest.mark.parametrize("a_is_own", [True, False])
async def test_attaching_and_detaching(writer: Writer, reader: Reader, a_is_own: bool) -> None:
    async def shown() -> list[bool]:
        return [await reader.run(partial(attachments.is_shown_by_owner, media_id=each, owner=ANNA)) for each in (a, b)]

    a, b = MediaId("a"), MediaId("b")

    def attach(tx: Transaction) -> None:
        attachments.attach_to_event(tx, a, ROOM, Position(5), "", is_own=True, is_open=False)
        attachments.attach_to_event(tx, b, ROOM, Position(5), "", is_own=True, is_open=False)
        attachments.attach_to_event(tx, a, ROOM, Position(6), "member", is_own=a_is_own, is_open=True)
        attachments.attach_to_profile(tx, ANNA, a)
        attachments.attach_to_profile(tx, ANNA, b)

    await writer.run(attach)
    assert await reader.run(lambda at: attachments.in_profile(at, ANNA)) == b
    assert sorted(await writer.run(lambda tx: attachments.detach_from_event(tx, Position(5)))) == [a, b]
    assert await shown() == [a_is_own, True]
    assert await writer.run(lambda tx: attachments.detach_from_profile(tx, ANNA)) == b
    assert await writer.run(lambda tx: attachments.detach_from_profile(tx, ANNA)) is None
    assert await shown() == [a_is_own, False]
    assert await writer.run(lambda tx: attachments.detach_from_event(tx, Position(5))) == []


async def test_all_that_refers_to_a_file_is_cleared_in_slices(writer: Writer, reader: Reader) -> None:
    def attach(tx: Transaction) -> None:
        for position in range(1, 6):
            attachments.attach_to_event(tx, MediaId("a"), ROOM, Position(position), "", is_own=True, is_open=False)
        attachments.attach_to_event(tx, MediaId("b"), ROOM, Position(1), "", is_own=True, is_open=False)
        attachments.attach_to_profile(tx, ANNA, MediaId("a"))

    await writer.run(attach)
    ended = [await writer.run(lambda tx: attachments.clear(tx, MediaId("a"), 2)) for _ in range(3)]
    assert ended == [False, False, True]
    assert not await reader.run(lambda at: attachments.is_shown_by_owner(at, MediaId("a"), ANNA))
    assert await reader.run(lambda at: attachments.is_shown_by_owner(at, MediaId("b"), ANNA))


async def test_which_contents_are_wanted(writer: Writer, reader: Reader) -> None:
    gone = file("gone", digest=TWO)

    def work(tx: Transaction) -> None:
        files.add(tx, file("a"))
        files.add(tx, gone)
        files.remove(tx, gone, 9, "why not")
        thumbnails.put(tx, Thumbnail(ONE, "32x32 crop", SMALL, 3, "image/png", None, 1))
        thumbnails.put(tx, Thumbnail(ONE, "96x96 crop", None, 0, "", "no picture", 1))

    await writer.run(work)
    everything = [ONE, TWO, SMALL, Digest("4" * 64)]
    assert await reader.run(lambda at: contents.wanted(at, everything)) == {ONE, SMALL}
    assert await reader.run(lambda at: (contents.has_file(at, ONE), contents.has_file(at, TWO))) == (True, False)
    assert await reader.run(lambda at: contents.removed(at, 10)) == [("gone", TWO)]
    await writer.run(lambda tx: contents.forget(tx, MediaId("a")))
    assert await reader.run(lambda at: contents.has_file(at, ONE)), "only a removed file forgets its contents"
    await writer.run(lambda tx: contents.forget(tx, MediaId("gone")))
    assert await reader.run(lambda at: contents.removed(at, 10)) == []
    assert await writer.run(lambda tx: thumbnails.drop_all(tx, ONE)) == [SMALL]
    assert await reader.run(lambda at: contents.wanted(at, everything)) == {ONE}


async def test_a_thumbnail_is_replaced(writer: Writer, reader: Reader) -> None:
    failed = Thumbnail(ONE, "32x32 crop", None, 0, "", "too large", 1)
    made = Thumbnail(ONE, "32x32 crop", SMALL, 3, "image/png", None, 2)
    for one in (failed, made):
        await writer.run(partial(thumbnails.put, made=one))
        assert await reader.run(lambda at: thumbnails.find(at, ONE, "32x32 crop")) == one
    assert await reader.run(lambda at: thumbnails.find(at, TWO, "32x32 crop")) is None


async def test_links(writer: Writer, reader: Reader) -> None:
    given = [Link(f"s{number}", MediaId("a"), UserId(f"@u{number % 2}:x"), number, "a.png") for number in range(2)]
    await writer.run(partial(files.add, file=file("a")))
    for link in given:
        assert await writer.run(partial(links.add, link=link))
    taken = msgspec.structs.replace(given[0], media_id=MediaId("b"))
    assert not await writer.run(lambda tx: links.add(tx, taken))
    assert await reader.run(lambda at: links.find(at, "s0")) == given[0]
    assert await reader.run(lambda at: links.of_file(at, MediaId("a"), UserId("@u1:x"))) == given[1]
    assert await reader.run(lambda at: links.page(at, None, None, 5)) == given[::-1]
    assert await reader.run(lambda at: links.page(at, None, (1, "s1"), 5)) == given[:1]
    assert await reader.run(lambda at: links.page(at, UserId("@u0:x"), None, 5)) == given[:1]
    await writer.run(lambda tx: links.revoke(tx, "s0", ANNA, 9))
    assert await reader.run(lambda at: links.find(at, "s0")) is None
    again = msgspec.structs.replace(given[0], short="s9")
    assert await writer.run(lambda tx: links.add(tx, again)), "a revoked link leaves room for another"
    await writer.run(lambda tx: files.remove(tx, file("a"), 9, "why not"))
    assert await reader.run(lambda at: links.page(at, None, None, 5)) == []
