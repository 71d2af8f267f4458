"""Files from people who mean harm: traversal in every name, types that lie, names that break headers, odd bodies."""

from itertools import product
from urllib.parse import quote, unquote

import pytest

from tests.cast import ANNA
from tests.stage.media import OLD, V1, fetch, id_of, path_of, png, send_file, stored, thumbnail, upload
from tests.stage.rooms import rows_of
from tests.stage.world import World

_DOTS = (
    *("..", "%2e%2e", "%252e%252e", ".%2e", "%2e.", "%c0%ae%c0%ae", "%e0%80%ae%e0%80%ae", "..%00", "%u002e%u002e"),
    *("....", "..;", "%EF%BC%8E%EF%BC%8E", "%E2%80%A5", "~"),
)
_SLASHES = ("/", "%2f", "%252f", "%5c", "\\", "%c0%af", "%EF%BC%8F", "//", "/./", "%2f%00")
_TARGETS = ("etc/passwd", "veche.sqlite3")
TRAVERSALS = [f"{dots}{slash}{dots}{slash}{target}" for dots, slash, target in product(_DOTS, _SLASHES, _TARGETS)]
LIES = {
    "html as a picture": ("image/png", b"<html><script>alert(1)</script></html>"),
    "html as itself": ("text/html", b"<html><script>alert(1)</script></html>"),
    "html in capitals": ("TEXT/HTML; charset=UTF-7", b"+ADw-script+AD4-alert(1)+ADw-/script+AD4-"),
    "svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "svg as png": ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "xhtml": ("application/xhtml+xml", b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
    "gif that is a script": ("application/javascript", b"GIF89a=1;alert(1)"),
    "script as gif": ("image/gif", b"GIF89a=1;alert(1)"),
    "two types": ("image/png, text/html", b"<html>"),
    "pdf with script": ("application/pdf", b"%PDF-1.7 /JS (app.alert(1))"),
    "mixed": ("multipart/x-mixed-replace; boundary=x", b"--x\r\ncontent-type: text/html\r\n\r\n<script/>"),
    "mhtml": ("message/rfc822", b"MIME-Version: 1.0"),
    "manifest": ("text/cache-manifest", b"CACHE MANIFEST"),
    "no type": ("", b"<html>"),
    "nonsense": ("\x7f\xff", b"<html>"),
}
_MAY_BE_SHOWN = {"image/png", "image/gif"}


def test_there_are_enough_traversals() -> None:
    assert len(set(TRAVERSALS)) >= 200


@pytest.mark.parametrize("part", ["server", "id", "both", "upload"])
async def test_no_traversal_leads_anywhere(world: World, part: str) -> None:
    anna = await world.person(ANNA)
    (world.place.data / "etc").mkdir(exist_ok=True)
    (world.place.data / "etc" / "passwd").write_text("secret")
    uri, before = await upload(anna), await rows_of(world)
    for raw in TRAVERSALS:
        for text in (raw.replace("\\", "%5c"), quote(raw, safe="")):
            where = {
                "server": f"{text}/{id_of(uri)}",
                "id": f"veche.test/{text}",
                "both": text,
                "upload": f"veche.test/{text}",
            }[part]
            if part == "upload":
                answer = await anna.call("PUT", f"{OLD}/upload/{where}", b"overwritten")
                assert answer.status in (400, 404, 405), where
                continue
            for what in ("download", "thumbnail"):
                answer = await anna.get(f"{V1}/{what}/{where}", width=32, height=32)
                assert answer.status in (400, 404), where
                assert b"secret" not in answer.bytes
                assert b"SQLite" not in answer.bytes
    assert await rows_of(world) == before
    assert (world.place.data / "etc" / "passwd").read_text() == "secret"


async def test_no_traversal_in_a_name_leaves_its_folder(world: World) -> None:
    anna = await world.person(ANNA)
    uri = await upload(anna)
    for raw in TRAVERSALS:
        named = await upload(anna, filename=raw)
        for answer in (await fetch(anna, named), await anna.get(f"{path_of(uri)}/{quote(raw, safe='')}")):
            header = answer.headers["content-disposition"]
            assert answer.status == 200
            told = unquote(header.partition("filename")[2])
            assert not set("/\\") & set(told), header
    for folder in world.place.data.rglob("*"):
        assert folder.name not in ("passwd", "etc")
    assert len(await stored(world)) == 1


@pytest.mark.parametrize("lie", LIES)
async def test_types_that_lie_run_nowhere(world: World, lie: str) -> None:
    anna = await world.person(ANNA)
    kind, body = LIES[lie]
    answer = await fetch(anna, await upload(anna, body, kind=kind, filename="x.html"))
    headers = answer.headers
    assert answer.bytes == body
    bare = headers["content-type"]
    assert bare in {*_MAY_BE_SHOWN, "application/octet-stream", "application/pdf"}
    assert headers["content-disposition"].startswith("inline" if bare in _MAY_BE_SHOWN else "attachment")
    assert headers["content-security-policy"].startswith("sandbox;")
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nSet-Cookie: stolen=1",
        "a\nX-Injected: 1\n\n<html>",
        'a"; filename="evil.exe',
        "a\x00.png",
        "a\u2028b",
        "a\u202egnp.exe",
        "a" * 100_000,
        "ж" * 20_000,
        "=?utf-8?q?evil?=",
        "a;b;c=d",
        "%0d%0aX-Injected: 1",
        "\ufeff",
    ],
)
async def test_names_break_no_header(world: World, name: str) -> None:
    anna = await world.person(ANNA)
    if "\x00" in name:
        (await send_file(anna, filename=name)).refused(400, "M_INVALID_PARAM")
        return
    answer = await fetch(anna, await upload(anna, filename=name))
    assert answer.status == 200
    assert not {"set-cookie", "x-injected"} & set(answer.headers)
    header = answer.headers["content-disposition"]
    assert len(header) < 1200
    assert header.isascii()
    assert header.isprintable()
    assert header.count("filename=") <= 1


async def test_content_types_break_no_header(world: World) -> None:
    anna = await world.person(ANNA)
    for kind in ("image/png; x=\r\nSet-Cookie: a=b", "image/png\x00", "a" * 9_000, "image/" + "p" * 300, "\u00e9/x"):
        answer = await fetch(anna, await upload(anna, kind=kind))
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "set-cookie" not in answer.headers


async def test_polyglots_are_pictures_only_where_this_server_made_them(world: World) -> None:
    anna = await world.person(ANNA)
    body = png(50, 50) + b"<script>alert(1)</script>"
    uri = await upload(anna, body, kind="text/html")
    assert (await fetch(anna, uri)).headers["content-type"] == "application/octet-stream"
    made = await thumbnail(anna, uri, 32, 32, method="crop")
    assert made.status == 200
    assert b"script" not in made.bytes


@pytest.mark.parametrize("header", ["-5", "abc", "", "9" * 30, "1e3"])
async def test_lengths_that_make_no_sense(world: World, header: str) -> None:
    anna = await world.person(ANNA)
    sent = world.begin("POST", f"{OLD}/upload", b"x" * 10, token=anna.token, headers={"content-length": header})
    answer = await sent.answer()
    assert answer.status in (200, 400, 413)
    assert len(await stored(world)) == (answer.status == 200)


@pytest.mark.settings(largest_upload=50)
async def test_bodies_in_many_parts(world: World) -> None:
    anna = await world.person(ANNA)
    whole = world.begin("POST", f"{OLD}/upload", parts=[b"x"] * 50, token=anna.token)
    uri = (await whole.answer()).ok()["content_uri"]
    assert (await fetch(anna, uri)).bytes == b"x" * 50
    endless = world.begin("POST", f"{OLD}/upload", parts=[b"y"] * 100_000, token=anna.token)
    (await endless.answer()).refused(413, "M_TOO_LARGE")
    assert len(await stored(world)) == 1


async def test_an_upload_whose_client_goes_away_leaves_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    before = await rows_of(world)
    torn = world.begin(
        "POST", f"{OLD}/upload", parts=[b"x" * 100_000, b""], token=anna.token, headers={"content-length": "300000"}
    )
    (await torn.answer()).refused(400, "M_UNKNOWN")
    assert await rows_of(world) == before
    assert await stored(world) == []


@pytest.mark.settings(rate_limits="on")
async def test_uploads_have_a_rate_of_their_own(world: World) -> None:
    anna = await world.person(ANNA)
    statuses = [(await send_file(anna, b"%d" % number)).status for number in range(200)]
    assert set(statuses) == {200, 429}
    assert statuses[:100] == [200] * 100
    assert (await anna.get("/account/whoami")).status == 200
