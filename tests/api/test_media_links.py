"""Short links: made by readers, opened by readers, ended by their makers and administrators; and lists of files."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.cast import ANNA, BORIS, CARLA, ELENA
from tests.stage.asgi import Answer
from tests.stage.media import announce, fetch, fill, id_of, may_fetch, picture, upload
from tests.stage.rooms import found, redact, rows_of, send
from tests.stage.world import Person, World
from veche.domain.settings import LANGUAGES

LINKS, FILES = "/_veche/v1/media/links", "/_veche/v1/media/files"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def link(person: Person, uri: str) -> dict[str, Any]:
    """Somebody's link to a file."""
    return dict((await person.post(f"/_veche/v1/media/{id_of(uri)}/link")).ok())


async def follow(person: Person, short: str) -> Answer:
    """Open a link with a token."""
    return await person.world.begin("GET", f"/f/{short}", token=person.token).answer()


async def browse(world: World, short: str, **headers: str) -> Answer:
    """Open a link in a browser that has no token."""
    return await world.begin("GET", f"/f/{short}", headers={**BROWSER, **headers}).answer()


async def fill_in(world: World, short: str, name: str, password: str, lang: str = "en") -> Answer:
    """Send the form of a link's page."""
    form = urlencode({"name": name, "password": password}).encode()
    headers = {**BROWSER, "content-type": "application/x-www-form-urlencoded"}
    return await world.begin("POST", f"/f/{short}?lang={lang}", form, headers=headers).answer()


async def test_the_same_file_and_person_have_one_link(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    await found(anna, boris)
    uri, other = await upload(anna, filename="plan.pdf", kind="application/pdf"), await upload(anna)
    made = await link(anna, uri)
    assert re.fullmatch(r"[1-9A-HJ-NP-Za-km-z]{10}", made["short"])
    assert made == {
        "short": made["short"],
        "url": f"http://veche.test/f/{made['short']}",
        "content_uri": uri,
        "user_id": anna.user,
        "created_ts": made["created_ts"],
        "file_name": "plan.pdf",
    }
    assert await link(anna, uri) == made
    assert len({made["short"], (await link(anna, other))["short"], (await link(boris, uri))["short"]}) == 3
    await world.restart()
    assert await link(anna, uri) == made
    answer = await follow(boris, made["short"])
    assert (answer.status, answer.bytes) == (200, b"some bytes")
    assert answer.headers["content-disposition"] == 'attachment; filename="plan.pdf"'
    assert answer.headers["content-security-policy"].startswith("sandbox;")


@pytest.mark.settings(public_address="https://chat.example.org/")
async def test_links_stand_at_the_public_address(world: World) -> None:
    anna = await world.person(ANNA)
    made = await link(anna, await upload(anna))
    assert made["url"] == f"https://chat.example.org/f/{made['short']}"


async def test_a_link_opens_nothing_to_whom_the_file_is_not_open(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    room = await found(anna, boris)
    uri = await upload(anna)
    event = await send(anna, room, "m.room.message", picture(uri))
    short = (await link(boris, uri))["short"]
    (await carla.post(f"/_veche/v1/media/{id_of(uri)}/link")).refused(404, "M_NOT_FOUND")
    refusal = (await follow(carla, short)).refused(404, "M_NOT_FOUND")
    assert refusal == (await follow(carla, "abcdefghij")).refused(404, "M_NOT_FOUND")
    assert refusal == (await follow(carla, "no.link")).refused(404, "M_NOT_FOUND")
    assert (await follow(anna, short)).status == 200
    (await boris.post(f"/rooms/{room}/leave")).ok()
    (await follow(boris, short)).refused(404, "M_NOT_FOUND")
    assert (await follow(anna, short)).status == 200
    await redact(anna, room, event)
    (await follow(anna, short)).refused(404, "M_NOT_FOUND")
    assert (await anna.get(LINKS)).ok() == {"links": []}


async def test_links_to_what_is_not_there(world: World) -> None:
    anna = await world.person(ANNA)
    for name in ("unknown", "a.b", "x" * 300):
        (await anna.post(f"/_veche/v1/media/{name}/link")).refused(404, "M_NOT_FOUND")
    pending = await announce(anna)
    short = (await link(anna, pending))["short"]
    (await follow(anna, short)).refused(504, "M_NOT_YET_UPLOADED")
    (await fill(anna, pending, b"at last")).ok()
    assert (await follow(anna, short)).bytes == b"at last"


async def test_without_a_token(world: World) -> None:
    anna = await world.person(ANNA)
    short = (await link(anna, await upload(anna)))["short"]
    (await world.call("GET", f"/f/{short}")).refused(401, "M_MISSING_TOKEN")
    (await world.call("GET", f"/f/{short}", token="nonsense")).refused(401, "M_UNKNOWN_TOKEN")
    shown = await world.call("GET", f"/f/{short}", token="nonsense", headers=BROWSER)
    assert (shown.status, shown.headers["content-type"]) == (401, "text/html; charset=utf-8")
    page, unknown = await browse(world, short), await browse(world, "abcdefghij")
    assert page.status == unknown.status == 200
    assert page.bytes == unknown.bytes, "nobody learns whether there is such a link"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert {"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert "script" not in policy
    assert page.headers["cache-control"] == "no-store"
    assert b"<script" not in page.bytes
    assert b'name="password" type="password"' in page.bytes


@pytest.mark.parametrize(
    ("query", "accepted", "word"),
    [
        ("", "ru-RU,ru;q=0.9,en;q=0.8", "Вам прислали файл"),
        ("", "fr", "On vous a envoyé un fichier"),
        ("", "de,en;q=0.5", "Somebody sent you a file"),
        ("", "", "Somebody sent you a file"),
        ("?lang=ru", "fr", "Вам прислали файл"),
        ("?lang=xx", "fr", "On vous a envoyé un fichier"),
    ],
)
async def test_the_page_speaks_three_languages(world: World, query: str, accepted: str, word: str) -> None:
    headers = {**BROWSER, "accept-language": accepted}
    page = await world.begin("GET", f"/f/abcdefghij{query}", headers=headers).answer()
    text = page.bytes.decode()
    assert word in text
    assert all(f'href="?lang={language}"' in text for language in LANGUAGES)


async def test_signing_in_for_one_download(world: World) -> None:
    anna, boris, carla = await world.people(ANNA, BORIS, CARLA)
    await found(anna, boris)
    uri = await upload(anna, b"picture", kind="image/png", filename="cat.png")
    short = (await link(anna, uri))["short"]
    before = await rows_of(world)
    for name in ("boris", boris.user, "BORIS"):
        answer = await fill_in(world, short, name, "boris's own password")
        assert (answer.status, answer.bytes) == (200, b"picture")
        assert answer.headers["content-disposition"] == 'attachment; filename="cat.png"'
        assert answer.headers["content-security-policy"].startswith("sandbox;")
        assert "set-cookie" not in answer.headers
    after = await rows_of(world)
    assert {name: after[name] for name in ("devices", "access_tokens", "refresh_tokens")} == {
        name: before[name] for name in ("devices", "access_tokens", "refresh_tokens")
    }
    stranger = await fill_in(world, short, "carla", "carla's own password")
    unknown = await fill_in(world, "abcdefghij", "carla", "carla's own password")
    assert stranger.status == 404
    assert stranger.bytes == unknown.bytes
    assert b"There is no such file" in stranger.bytes
    assert carla.user not in (await boris.get("/sync")).bytes.decode()


async def test_guessing_is_limited_as_at_the_sign_in(world: World) -> None:
    anna = await world.person(ANNA)
    short = (await link(anna, await upload(anna)))["short"]
    wrong = await fill_in(world, short, "anna", "wrong")
    assert wrong.status == 403
    assert wrong.bytes == (await fill_in(world, "abcdefghij", "anna", "wrong")).bytes
    assert b"The user name or the password is wrong" in wrong.bytes
    nobody = await fill_in(world, short, "nobody", "wrong")
    assert (nobody.status, nobody.bytes.replace(b"nobody", b"anna")) == (403, wrong.bytes)
    for _ in range(8):
        await fill_in(world, short, "anna", "wrong")
    late = await fill_in(world, short, "anna", "anna's own password")
    assert late.status == 429
    assert int(late.headers["retry-after"]) > 0
    assert b"Too many tries" in late.bytes
    body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": "anna"}}
    (await world.call("POST", "/_matrix/client/v3/login", {**body, "password": "anna's own password"})).refused(
        429, "M_LIMIT_EXCEEDED"
    )
    world.clock.advance(seconds=16 * 60)
    assert (await fill_in(world, short, "anna", "anna's own password")).status == 200


async def test_whoever_is_locked_gets_nothing(world: World) -> None:
    anna = await world.person(ANNA)
    elena = await world.person(ELENA, role="administrator")
    short = (await link(anna, await upload(anna)))["short"]
    (await elena.put(f"/_veche/v1/accounts/{anna.user}/lock", {})).ok()
    answer = await fill_in(world, short, "anna", "anna's own password")
    assert answer.status == 401
    assert b"This account is locked" in answer.bytes


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"name=anna",
        b"password=x",
        b"%00=%00&name=%00",
        b"name=" + b"x" * 10_000,
        b"&" * 50,
        b"{}",
        b"[1]",
    ],
)
async def test_forms_that_make_no_sense(world: World, body: bytes) -> None:
    await world.person(ANNA)
    answer = await world.begin("POST", "/f/abcdefghij", body, headers=BROWSER).answer()
    assert answer.status == 403
    assert b"<form" in answer.bytes


async def test_what_is_typed_is_shown_as_text_only(world: World) -> None:
    answer = await fill_in(world, "abcdefghij", '"><script>alert(1)</script>', "x")
    assert b"<script" not in answer.bytes
    assert b"&quot;&gt;&lt;script&gt;" in answer.bytes


async def test_ending_a_link(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    await found(anna, boris)
    uri = await upload(anna)
    first, second = (await link(anna, uri))["short"], (await link(boris, uri))["short"]
    for short in (first, "abcdefghij", "nonsense"):
        (await boris.delete(f"{LINKS}/{short}")).refused(404, "M_NOT_FOUND")
    (await boris.delete(f"{LINKS}/{second}")).ok()
    (await boris.delete(f"{LINKS}/{second}")).refused(404, "M_NOT_FOUND")
    (await follow(boris, second)).refused(404, "M_NOT_FOUND")
    assert (await follow(boris, first)).status == 200
    assert (await link(boris, uri))["short"] not in (first, second)
    (await elena.delete(f"{LINKS}/{first}")).ok()
    (await follow(anna, first)).refused(404, "M_NOT_FOUND")
    [act] = (await elena.get("/_veche/v1/audit")).ok()["acts"]
    assert (act["what"], act["whom"]) == ("revoke link", anna.user)


async def test_who_sees_which_links(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    for person in (anna, boris, anna, boris, anna):
        await link(person, await upload(person))
        world.clock.advance(seconds=1)

    async def listed(person: Person, **query: Any) -> list[str]:
        owners: list[str] = []
        while True:
            page = (await person.get(LINKS, limit=2, **query)).ok()
            owners += [one["user_id"] for one in page["links"]]
            if "next_batch" not in page:
                return owners
            query["from"] = page["next_batch"]

    a, b = str(anna.user), str(boris.user)
    assert await listed(anna) == [a, a, a]
    assert await listed(boris, user_id=b) == [b, b]
    assert await listed(elena) == [a, b, a, b, a]
    assert await listed(elena, user_id=b) == [b, b]
    (await anna.get(LINKS, user_id=b)).refused(403, "M_FORBIDDEN")
    for start in ("x", "1", "1.", ".a", "-1.a", "9" * 30 + ".a"):
        (await anna.get(LINKS, **{"from": start})).refused(400, "M_INVALID_PARAM")


@pytest.mark.settings(quota_per_person=5000)
async def test_lists_of_files(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    uris = []
    for number in range(5):
        uris.append(await upload(anna, b"x" * number, kind="text/plain", filename=f"{number}.txt"))
        world.clock.advance(seconds=1)
    await announce(anna)
    of_anna = f"/_veche/v1/accounts/{anna.user}/files"
    for person, path in ((anna, FILES), (elena, of_anna)):
        page = (await person.get(path, limit=3)).ok()
        assert [one["content_uri"] for one in page["files"]] == uris[:1:-1]
        assert page["usage"] == {"files": 5, "bytes": 10, "quota": 5000}
        rest = (await person.get(path, limit=3, **{"from": page["next_batch"]})).ok()
        assert [one["file_name"] for one in rest["files"]] == ["1.txt", "0.txt"]
        assert "next_batch" not in rest
    (await boris.get(of_anna)).refused(403, "M_FORBIDDEN")
    assert (await boris.get(FILES)).ok() == {"files": [], "usage": {"files": 0, "bytes": 0, "quota": 5000}}


async def test_removing_files(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    elena = await world.person(ELENA, role="administrator")
    room = await found(anna, boris)
    own, other = await upload(anna, b"1"), await upload(anna, b"2")
    await send(anna, room, "m.room.message", picture(own))
    for name in (id_of(own), "unknown", "a.b"):
        (await boris.delete(f"{FILES}/{name}")).refused(404, "M_NOT_FOUND")
    (await anna.delete(f"{FILES}/{id_of(own)}")).ok()
    (await anna.delete(f"{FILES}/{id_of(own)}")).refused(404, "M_NOT_FOUND")
    assert [await may_fetch(person, own) for person in (anna, boris)] == [False, False]
    assert (await fetch(elena, other)).status == 404, "an administrator may remove what they may not read"
    (await elena.delete(f"{FILES}/{id_of(other)}", {"reason": "not for the office"})).ok()
    assert not await may_fetch(anna, other)
    [act] = (await elena.get("/_veche/v1/audit")).ok()["acts"]
    assert (act["what"], act["whom"], act["reason"]) == ("remove file", anna.user, "not for the office")
    assert (await anna.get(FILES)).ok()["usage"]["files"] == 0
    pending = await announce(anna)
    (await anna.delete(f"{FILES}/{id_of(pending)}")).ok()
    (await fetch(anna, pending)).refused(404, "M_NOT_FOUND")
