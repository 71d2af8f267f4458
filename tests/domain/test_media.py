"""Files: addresses, names, types, quotas, thumbnails, links, and who may read what."""

import re
from collections.abc import Iterable
from itertools import product
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from veche.domain.ids import DeviceId, Digest, Position, RoomId, UserId
from veche.domain.media import (
    File,
    Link,
    MediaId,
    Shown,
    Stay,
    Usage,
    clean_name,
    declared_type,
    disposition,
    files_named_in,
    is_media_id,
    may_be_so_large,
    may_begin,
    may_create,
    may_keep,
    may_list,
    may_read,
    may_remove,
    may_revoke,
    may_want,
    media_id_of,
    media_uri,
    names_files,
    short_text,
    size_for,
    told_type,
)
from veche.domain.media.kinds import ATTACHED, INLINE, UNKNOWN
from veche.domain.media.links import is_short
from veche.domain.media.quotas import MOST_DOWNLOADS_AT_ONCE, MOST_DOWNLOADS_OF_ALL, may_download
from veche.domain.media.thumbnails import LADDER, RETRY_MS, Thumbnail, is_final
from veche.domain.media.uris import MOST_NAMED
from veche.domain.moderation import SUSPENDED
from veche.domain.sessions import Asker
from veche.domain.settings import Limits
from veche.domain.visibility import Range

ANNA, BORIS = UserId("@anna:veche.test"), UserId("@boris:veche.test")
LIMITS = Limits("veche.test", largest_upload=100, quota_per_person=250, quota_of_server=400, pending_uploads=3)
NOW, UPLOADED = 1_000_000, 500_000


@pytest.mark.parametrize("text", ["A", "aZ09_-", "x" * 64])
def test_ids_of_files(text: str) -> None:
    assert is_media_id(text)
    assert media_id_of(media_uri("veche.test", MediaId(text)), "veche.test") == text


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a/b", "a\\b", "a.b", "a%2e", "a\n", "\x00", "ä", "a b", "x" * 65, "a\u2024"]
)
def test_what_is_no_id(text: str) -> None:
    assert not is_media_id(text)
    assert media_id_of(f"mxc://veche.test/{text}", "veche.test") is None


@pytest.mark.parametrize(
    "uri", [None, 5, "", "mxc://", "mxc://other/abc", "https://veche.test/abc", "mxc://veche.testabc"]
)
def test_addresses_of_other_things(uri: object) -> None:
    assert media_id_of(uri, "veche.test") is None


def test_files_that_a_text_names() -> None:
    text = (
        b'{"a":"mxc://veche.test/one","b":["mxc://veche.test/two","mxc://veche.test/one"],"c":"mxc://other/three",'
        b'"body":"see mxc://veche.test/four, and mxc://veche.test/five/six","d":"mxc://veche.test/"}'
    )
    assert files_named_in(text, "veche.test") == ["one", "two", "four", "five"]
    assert names_files(text)
    assert not names_files(b'{"body":"mxc:/ /veche.test/one mx://c"}')
    assert files_named_in(b"mxc://vecheXtest/one mxc://veche.test/" + b"x" * 65, "veche.test") == []
    many = b" ".join(b"mxc://veche.test/%d" % number for number in range(500))
    assert len(files_named_in(many, "veche.test")) == MOST_NAMED


@pytest.mark.parametrize(
    ("given_name", "kept"),
    [
        ("photo.png", "photo.png"),
        ("  a b.txt ", "a b.txt"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("..\\..\\boot.ini", ".._.._boot.ini"),
        ("C:\\Users\\x.doc", "C:_Users_x.doc"),
        ("a\r\nSet-Cookie: x=1", "aSet-Cookie: x=1"),
        ('say "hello".txt', 'say "hello".txt'),
        ("отчёт за март.pdf", "отчёт за март.pdf"),
        ("résumé.odt", "résumé.odt"),
        ("invoice\u202egpj.exe", "invoicegpj.exe"),
        ("a\x00b", "ab"),
        (
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467.png",
            "family \U0001f468\u200d\U0001f469\u200d\U0001f467.png",
        ),
        ("half \ud800 pair", "half  pair"),
        (".htaccess", ".htaccess"),
        ("", None),
        (None, None),
        (".", None),
        ("..", None),
        ("\x00\x01", None),
        (" . . ", None),
    ],
)
def test_names_are_cleaned(given_name: str | None, kept: str | None) -> None:
    assert clean_name(given_name) == kept


@pytest.mark.parametrize("long", ["x" * 5_000, "ж" * 5_000, "\U0001f600" * 5_000, "x." + "y" * 5_000, "." + "x" * 300])
def test_long_names_are_cut(long: str) -> None:
    kept = clean_name(f"{long}.docx")
    assert kept is not None
    assert 200 < len(kept.encode()) <= 255
    assert kept.endswith(".docx")
    bare = clean_name(long)
    assert bare is not None
    assert len(bare.encode()) <= 255


@given(st.text(max_size=400))
def test_any_name_makes_a_whole_header(name: str) -> None:
    kept = clean_name(name)
    header = disposition(kept, is_inline=False)
    assert header.isascii()
    assert header.isprintable()
    assert clean_name(kept) == kept
    if kept is None:
        assert header == "attachment"
        return
    assert not set("/\\\r\n\x00") & set(kept)
    assert told_name(header) == kept


def told_name(header: str) -> str:
    """Read a file's name as browsers do (RFC 6266)."""
    exact = re.search(r"filename\*=UTF-8''([^;]*)\Z", header)
    if exact:
        return unquote(exact[1], errors="strict")
    plain = re.fullmatch(r'(?:inline|attachment); filename="([^"\\]*)"', header)
    assert plain, header
    return plain[1]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (None, "inline"),
        ("a b.png", 'inline; filename="a b.png"'),
        ('a"b.png', "inline; filename=\"a_b.png\"; filename*=UTF-8''a%22b.png"),
        ("50%.png", "inline; filename=\"50_.png\"; filename*=UTF-8''50%25.png"),
        ("ж.png", "inline; filename=\"_.png\"; filename*=UTF-8''%D0%B6.png"),
        ("a;b=c.png", "inline; filename=\"a_b_c.png\"; filename*=UTF-8''a%3Bb%3Dc.png"),
    ],
)
def test_how_a_name_stands_in_a_header(name: str | None, header: str) -> None:
    assert disposition(name, is_inline=True) == header
    assert name is None or told_name(header) == name


@pytest.mark.parametrize(
    ("declared", "told", "is_inline"),
    [
        ("image/png", "image/png", True),
        ("IMAGE/PNG", "image/png", True),
        ("image/png; name=x", "image/png", True),
        ("text/plain", "text/plain", True),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8", True),
        ('text/plain;charset="Windows-1251";x=y', "text/plain; charset=windows-1251", True),
        ("text/plain; charset=\"a;b\"", "text/plain", True),
        ("application/json; charset=utf-7", "application/json", True),
        ("application/pdf", "application/pdf", False),
        ("application/zip", "application/zip", False),
        *((name, UNKNOWN, False) for name in (
            "text/html", "text/html; charset=utf-8", "TEXT/HTML", "image/svg+xml", "application/xhtml+xml", "text/xml",
            "application/xml", "application/javascript", "text/javascript", "application/x-shockwave-flash",
            "multipart/x-mixed-replace", "message/rfc822", "application/octet-stream", "text/cache-manifest",
            "application/wasm", "font/woff", "x/y", "chemical/x-pdb",
        )),
    ],
)  # fmt: skip
def test_which_types_are_told(declared: str, told: str, is_inline: bool) -> None:
    assert declared_type(declared) == declared
    found = told_type(declared)
    assert (found.content_type, found.is_inline) == (told, is_inline)


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "png",
        "image/",
        "/png",
        "image/png\r\nX: y",
        "image/png, text/html",
        "image /png",
        "картинка/png",
        "a/" + "b" * 300,
    ],
)
def test_what_is_no_type_is_unknown(header: str) -> None:
    assert declared_type(header) == UNKNOWN


def test_nothing_that_runs_is_ever_told() -> None:
    for name in INLINE | ATTACHED:
        assert not re.search(r"html|svg|xml\Z|script|flash|multipart|message/", name), name
    assert not INLINE & ATTACHED


def test_the_ladder_of_thumbnails() -> None:
    def steps(width: int, height: int) -> tuple[str, str]:
        cut, fitted = (size_for(width, height, method, animated=False).name for method in ("crop", "scale"))
        return cut, fitted

    assert steps(1, 1) == ("32x32 crop", "320x240 scale")
    assert steps(32, 32) == ("32x32 crop", "320x240 scale")
    assert steps(32, 33) == ("96x96 crop", "320x240 scale")
    assert steps(97, 10) == ("320x240 scale", "320x240 scale")
    assert steps(320, 240) == ("320x240 scale", "320x240 scale")
    assert steps(320, 241) == ("640x480 scale", "640x480 scale")
    assert steps(641, 1) == ("800x600 scale", "800x600 scale")
    assert steps(10**9, 10**9) == ("800x600 scale", "800x600 scale")
    assert size_for(30, 30, "crop", animated=True).name == "32x32 crop animated"


def test_no_thumbnail_is_smaller_than_wanted_where_a_larger_one_is_made() -> None:
    for width, height in product(range(1, 801, 53), range(1, 601, 47)):
        for step in (size_for(width, height, "crop", animated=False), size_for(width, height, "scale", animated=False)):
            assert step.width >= width
            assert step.height >= height
            assert step in LADDER


@pytest.mark.parametrize(("width", "height", "field"), [(0, 1, "width"), (-5, 1, "width"), (1, 0, "height")])
def test_thumbnails_of_no_size(width: int, height: int, field: str) -> None:
    refusal = may_want(width, height)
    assert refusal is not None
    assert (refusal.status, refusal.field) == (400, field)
    assert may_want(1, 1) is None


def test_a_failure_is_remembered_for_a_day() -> None:
    failed = Thumbnail(Digest("a"), "32x32 crop", None, 0, "", "no picture", NOW)
    assert is_final(failed, NOW + RETRY_MS - 1)
    assert not is_final(failed, NOW + RETRY_MS)
    assert is_final(msgspec.structs.replace(failed, digest=Digest("b"), fault=None), NOW + 10 * RETRY_MS)


def test_quotas() -> None:
    assert may_be_so_large(100, LIMITS) is None
    assert may_keep(100, Usage(1, 150), Usage(3, 300), LIMITS) is None
    assert may_create(2, LIMITS) is None
    assert may_begin(19) is None
    found = [
        may_be_so_large(101, LIMITS),
        may_keep(101, Usage(1, 150), Usage(3, 150), LIMITS),
        may_keep(1, Usage(), Usage(4, 400), LIMITS),
        may_create(3, LIMITS),
        may_begin(20),
    ]
    codes = ["M_TOO_LARGE", "M_FORBIDDEN", "M_RESOURCE_LIMIT_EXCEEDED", "M_LIMIT_EXCEEDED", "M_LIMIT_EXCEEDED"]
    assert [refusal and refusal.code for refusal in found] == codes
    assert [refusal and refusal.status for refusal in found] == [413, 403, 507, 429, 429]
    assert may_keep(10**12, Usage(1, 10**12), Usage(1, 10**12), Limits("veche.test")) is None


def test_short_links() -> None:
    texts = {short_text(bytes([number]) * 16) for number in range(256)}
    assert len(texts) == 256
    assert all(is_short(text) for text in texts)
    for text in ("", "123456789", "12345678900", "12345678O1", "0123456789", "abc/../def", "1234567891\n"):
        assert not is_short(text)


def test_who_may_end_a_link_and_see_lists() -> None:
    link = Link("abcdefghij", MediaId("a"), ANNA, NOW)
    anna, boris = Asker(ANNA, DeviceId("A")), Asker(BORIS, DeviceId("B"))
    elena = Asker(BORIS, DeviceId("B"), "administrator")
    assert [may_revoke(link, asker) is None for asker in (anna, boris, elena)] == [True, False, True]
    assert may_revoke(None, elena) == may_revoke(link, boris)
    suspended = Asker(BORIS, DeviceId("B"), "administrator", is_suspended=True)
    assert may_revoke(link, suspended) == SUSPENDED
    assert may_revoke(link, Asker(ANNA, DeviceId("A"), is_suspended=True)) is None
    assert [may_list(asker, ANNA) is None for asker in (anna, boris, elena)] == [True, False, True]
    assert [may_list(asker, None) is None for asker in (anna, boris, elena)] == [False, False, True]


class Facts(msgspec.Struct, frozen=True):
    """A file's standing as a table row has it. ``seen`` and ``events`` are positions in the one room joined."""

    profile: bool = False
    open: bool = False
    door: bool = False
    since: bool = False
    near_until: int = -1
    joined: bool = False
    visibility: str = "shared"
    joined_at: int = 10
    event_at: int = 5
    head: Position = Position(20)
    rule: str = ""

    def is_in_a_profile(self) -> bool:
        return self.profile

    def is_in_the_open(self) -> bool:
        return self.open

    def is_told_at_a_door(self) -> bool:
        return self.door

    def came_since_joining(self) -> bool:
        return self.since

    def owner_was_near(self, since: int) -> bool:
        return self.near_until >= since

    def pictures(self) -> Iterable[Shown]:
        if self.rule:
            allow = [{"type": "m.room_membership", "room_id": "!office:x"}]
            yield Shown({"m.room.join_rules": {"join_rule": self.rule, "allow": allow}}, None)

    def own_rooms(self) -> set[RoomId]:
        return {RoomId("!office:x")} if self.joined else set()

    def stays(self) -> Iterable[Stay]:
        if self.joined:
            membership = [(Position(self.joined_at), "join")]
            yield Stay(RoomId("!r"), [(Position(1), self.visibility)], membership)

    def is_within(self, room: RoomId, part: Range) -> bool:
        return part.first <= self.event_at <= part.last


def file_of_anna(**more: object) -> File:
    """A file that Anna uploaded and has referred to."""
    whole = File(MediaId("a"), ANNA, UPLOADED, None, Digest("d"), 5, "image/png", None, is_loose=False)
    return msgspec.structs.replace(whole, **more)


@pytest.mark.parametrize(
    ("facts", "attached", "loose"),
    [
        (Facts(), False, False),
        (Facts(near_until=NOW), False, True),
        (Facts(near_until=UPLOADED), False, True),
        (Facts(near_until=UPLOADED - 1), False, False),
        (Facts(profile=True), True, True),
        (Facts(open=True), True, True),
        (Facts(door=True), True, True),
        (Facts(since=True), True, True),
        (Facts(joined=True, visibility="shared"), True, True),
        (Facts(joined=True, visibility="world_readable"), True, True),
        (Facts(joined=True, visibility="invited"), False, False),
        (Facts(joined=True, visibility="joined"), False, False),
        (Facts(joined=True, visibility="joined", event_at=10), True, True),
        (Facts(joined=True, visibility="nonsense"), True, True),
        (Facts(rule="public"), True, True),
        (Facts(rule="invite"), False, False),
        (Facts(rule="restricted"), False, False),
        (Facts(rule="restricted", joined=True, visibility="joined"), True, True),
    ],
)
def test_who_may_read(facts: Facts, attached: bool, loose: bool) -> None:
    for is_loose, expected in ((False, attached), (True, loose)):
        file = file_of_anna(is_loose=is_loose)
        assert (may_read(file, BORIS, facts, NOW) is None) == expected
        assert may_read(file, ANNA, facts, NOW) is None
        assert may_read(file, UserId(""), Facts(True, True, True, True, NOW, True), NOW) is not None


def test_what_is_gone_nobody_may_read_or_remove() -> None:
    everything = Facts(profile=True, open=True, door=True, since=True, near_until=NOW, joined=True)
    gone = (None, file_of_anna(removed_ts=5), file_of_anna(expires_ts=NOW, digest=None))
    refusals = [may_read(file, user, everything, NOW) for file in gone for user in (ANNA, BORIS)]
    anna = Asker(ANNA, DeviceId("A"), "administrator")
    refusals += [may_remove(file, anna, NOW) for file in gone]
    refusals += [
        may_read(file_of_anna(), BORIS, Facts(), NOW),
        may_remove(file_of_anna(), Asker(BORIS, DeviceId("B")), NOW),
    ]
    assert len(set(map(str, refusals))) == 1, "one refusal must be like the other"
    assert refusals[0] is not None
    assert (refusals[0].status, refusals[0].code) == (404, "M_NOT_FOUND")
    assert may_remove(file_of_anna(), Asker(ANNA, DeviceId("A")), NOW) is None
    assert may_remove(file_of_anna(), Asker(BORIS, DeviceId("B"), "administrator"), NOW) is None
    suspended = Asker(BORIS, DeviceId("B"), "administrator", is_suspended=True)
    assert may_remove(file_of_anna(), suspended, NOW) == SUSPENDED
    assert may_remove(file_of_anna(), Asker(ANNA, DeviceId("A"), is_suspended=True), NOW) is None
    assert may_read(file_of_anna(expires_ts=NOW + 1, digest=None), ANNA, Facts(), NOW) is None


@pytest.mark.parametrize(
    ("own", "of_all", "expected"),
    [
        (0, 0, None),
        (MOST_DOWNLOADS_AT_ONCE - 1, MOST_DOWNLOADS_OF_ALL - 1, None),
        (MOST_DOWNLOADS_AT_ONCE, MOST_DOWNLOADS_AT_ONCE, (429, "M_LIMIT_EXCEEDED")),
        (0, MOST_DOWNLOADS_OF_ALL, (503, "M_UNKNOWN")),
    ],
)
def test_downloads_at_once_are_bounded(own: int, of_all: int, expected: tuple[int, str] | None) -> None:
    refusal = may_download(own, of_all)
    assert (refusal and (refusal.status, refusal.code)) == expected
    assert refusal is None or (refusal.extra or {})["retry_after_ms"] > 0
