"""Digests: what notified somebody and stayed unread, told once, in their language, and not again and again."""

import contextlib
from typing import Any

import pytest

from tests.cast import ANNA, BORIS, CARLA
from tests.stage.asgi import Answer
from tests.stage.mail import PUBLIC, SETTINGS, settled
from tests.stage.rooms import found, say
from tests.stage.world import Person, World
from veche.api.web.letters.texts import TEXTS
from veche.commands import accounts
from veche.commands.context import Context
from veche.commands.moderation import restrict
from veche.commands.notifications.digests import end_digests, forget_old_endings, queue_digest
from veche.commands.sessions import note_uses
from veche.domain.accounts.addresses import HOUR_MS, Address, Proof
from veche.domain.ids import UserId
from veche.domain.notifications.digests import ENDING_MS, MOST_OF_ROOM, PAUSES_MS, Told
from veche.domain.notifications.pushers import Pusher, PusherKey
from veche.domain.refusals import Refused
from veche.domain.sessions import OPERATOR
from veche.domain.settings import LANGUAGES, Language
from veche.integrations.mail.records import Failure, Letter, PutOff, Unreachable
from veche.storage.accounts import addresses, proofs
from veche.storage.notifications import digests
from veche.storage.reader import Snapshot
from veche.storage.writer import FULL, Transaction
from veche.workers.accounts import look_for_digests

ADDRESS = "anna@example.org"
MINUTE_MS = 60_000
pytestmark = pytest.mark.settings(**SETTINGS)


async def with_address(world: World, name: str = ANNA) -> Person:
    """Somebody with an address."""
    person = await world.person(name)
    known = Address(f"{name}@example.org", person.user, world.clock(), world.clock())
    await world.commands.writer.run(lambda tx: addresses.add(tx, known))
    return person


async def want(person: Person, language: str = "en", **more: Any) -> Answer:
    """Ask for digests, as clients do."""
    body = {
        "kind": "email",
        "app_id": "m.email",
        "pushkey": ADDRESS,
        "app_display_name": "Email Notifications",
        "device_display_name": ADDRESS,
        "lang": language,
        "data": {},
    }
    return await person.post("/pushers/set", {**body, **more})


async def wait(world: World, minutes: int = 11) -> None:
    """Let time pass, and have everything done that is due then."""
    await look_for_digests(world.commands, world.queries)
    world.clock.advance(ms=minutes * MINUTE_MS)
    await look_for_digests(world.commands, world.queries)
    await settled(world.commands)


async def letters(world: World, count: int) -> list[Letter]:
    """Return the letters that were sent: so many."""
    await settled(world.commands)
    assert len(world.post.letters) == count, [letter.text for letter in world.post.letters]
    return world.post.letters


@pytest.mark.parametrize(
    ("language", "subject", "hidden"),
    [
        ("ru-RU", "Непрочитанное на veche.test: 4", "Зашифрованное сообщение"),
        ("fr", "Non lus sur veche.test : 4", "Un message chiffré"),
        ("en-GB", "Unread on veche.test: 4", "An encrypted message"),
        ("eo", "Unread on veche.test: 4", "An encrypted message"),
    ],
)
async def test_what_stayed_unread_is_told_by_room(world: World, language: str, subject: str, hidden: str) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna, language)).ok()
    plans, talk = await found(boris, anna, name="Plans <b>"), await found(boris, anna)
    await say(boris, plans, "at nine\r\nBcc: dmitri@example.org")
    await say(boris, talk, "hello <script>")
    await say(boris, plans, "at ten")
    sealed = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "c2VjcmV0", "body": "in the clear"}
    (await boris.put(f"/rooms/{talk}/send/m.room.encrypted/1", sealed)).ok()
    await wait(world)
    letter = (await letters(world, 1))[0]
    assert (letter.address, letter.subject) == (ADDRESS, subject)
    assert letter.text.index("Plans") < letter.text.index("at nine") < letter.text.index("at ten")
    assert letter.text.index("at ten") < letter.text.index("hello")
    assert "\r" not in letter.text
    assert hidden in letter.text
    assert "in the clear" not in letter.text + letter.html
    assert "hello &lt;script&gt;" in letter.html
    assert "http" not in letter.html.replace(f"{PUBLIC}/unsubscribe/", "")
    assert letter.unsubscribe in letter.text


async def test_nobody_is_told_before_the_pause_or_of_what_they_have_read(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    await say(boris, room, "one")
    await wait(world, 9)
    await letters(world, 0)
    read = await say(boris, room, "two")
    (await anna.post(f"/rooms/{room}/receipt/m.read/{read}")).ok()
    await say(boris, room, "three")
    await wait(world, 9)
    await letters(world, 0)
    await wait(world, 2)
    text = (await letters(world, 1))[0].text
    assert ("three" in text, "two" in text, "one" in text) == (True, False, False)


async def test_what_was_read_while_the_letter_waited_is_not_sent(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    event = await say(boris, room, "one")
    world.post.fails = lambda letter: Unreachable("away")
    await wait(world)
    (await anna.post(f"/rooms/{room}/receipt/m.read/{event}")).ok()
    world.post.fails = lambda letter: None
    await wait(world, 60)
    await letters(world, 0)


async def test_letters_come_less_and_less_often_until_somebody_is_back(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    for number, pause_ms in enumerate(PAUSES_MS, 1):
        await say(boris, room, f"message {number}")
        if pause_ms:
            await wait(world, pause_ms // MINUTE_MS - 12)
            await letters(world, number - 1)
            await wait(world, 13)
        else:
            await wait(world)
        assert f"message {number}" in (await letters(world, number))[-1].text
    (await anna.get("/account/whoami")).ok()
    await note_uses(world.commands)
    await say(boris, room, "welcome back")
    await wait(world, HOUR_MS // MINUTE_MS)
    assert "welcome back" in (await letters(world, len(PAUSES_MS) + 1))[-1].text


async def test_a_restart_forgets_nobody_and_tells_nothing_twice(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    await say(boris, room, "one")
    world.clock.advance(ms=11 * MINUTE_MS)
    await world.restart()
    await wait(world, 0)
    await letters(world, 1)
    await world.restart()
    await wait(world, 26 * 60)
    await letters(world, 1)


async def test_a_room_with_much_news_is_cut_short(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    for number in range(MOST_OF_ROOM + 2):
        await say(boris, room, f"message-{number}.")
    await wait(world)
    text = (await letters(world, 1))[0].text
    assert f"message-{MOST_OF_ROOM - 1}." in text
    assert f"message-{MOST_OF_ROOM}." not in text
    assert "And more: 2." in text


async def test_letters_go_to_proven_addresses_only(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    for person, more in ((boris, {}), (anna, {"pushkey": "other@example.org"}), (anna, {"app_id": "org.example"})):
        (await want(person, **more)).refused(400, "M_INVALID_PARAM")


async def test_one_address_gets_one_letter_however_it_is_written(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    for pushkey in ("Anna@Example.org", " anna@example.org", ADDRESS, "ANNA@EXAMPLE.ORG "):
        (await want(anna, pushkey=pushkey, append=True)).ok()
    assert [one["pushkey"] for one in (await anna.get("/pushers")).ok()["pushers"]] == [ADDRESS]
    await say(boris, await found(boris, anna), "one")
    await wait(world)
    await letters(world, 1)
    (await want(anna, pushkey="anna@Example.ORG", kind=None)).ok()
    assert (await anna.get("/pushers")).ok() == {"pushers": []}


async def test_letters_end_with_the_address_and_with_the_account(world: World) -> None:
    anna, boris, carla = await with_address(world), await world.person(BORIS), await with_address(world, CARLA)
    (await want(anna)).ok()
    (await want(carla, pushkey="carla@example.org")).ok()
    room = await found(boris, anna, carla)
    await say(boris, room, "one")
    (await anna.post("/account/3pid/delete", {"medium": "email", "address": ADDRESS})).ok()
    assert (await anna.get("/pushers")).ok() == {"pushers": []}
    await accounts.deactivate_account(world.commands, OPERATOR, carla.user, erases=False)
    await wait(world)
    await letters(world, 0)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_letters_are_ended_by_their_link(world: World, language: Language) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna, language)).ok()
    room = await found(boris, anna)
    await say(boris, room, "one")
    await wait(world)
    path = (await letters(world, 1))[0].unsubscribe.removeprefix(PUBLIC)
    texts = TEXTS[language]
    headers = {"accept-language": language}
    asked = await world.call("GET", path, headers=headers)
    assert (asked.status, texts.end_text.partition("<")[0] in asked.bytes.decode()) == (200, True)
    assert len((await anna.get("/pushers")).ok()["pushers"]) == 1  # whatever follows links ends nothing
    for _ in range(2):
        ended = await world.call("POST", path, b"List-Unsubscribe=One-Click", headers=headers)
        assert (ended.status, texts.ended_title in ended.bytes.decode()) == (200, True)
    assert (await anna.get("/pushers")).ok() == {"pushers": []}
    await say(boris, room, "two")
    await wait(world, 25 * 60)
    await letters(world, 1)
    for method in ("GET", "POST"):
        assert (await world.call(method, "/unsubscribe/unknown", headers=headers)).status == 404


async def test_an_outage_loses_no_digest_and_doubles_none(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    tried: list[Letter] = []

    def fail(letter: Letter) -> Failure | None:
        tried.append(letter)
        return PutOff("later: 450") if len(tried) < 4 else None

    world.post.fails = fail
    for number in range(4):
        await say(boris, room, f"message {number}")
        await wait(world, 16)
    text = (await letters(world, 1))[0].text
    assert all(f"message {number}" in text for number in range(4))
    assert len({letter.unsubscribe for letter in tried}) == 1


async def test_a_look_that_fails_keeps_nobody_from_their_letter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris, carla = await with_address(world), await world.person(BORIS), await with_address(world, CARLA)
    (await want(anna)).ok()
    (await want(carla, pushkey="carla@example.org")).ok()
    await say(boris, await found(boris, anna, carla), "one")
    await look_for_digests(world.commands, world.queries)
    world.clock.advance(ms=11 * MINUTE_MS)
    failed: list[PusherKey] = []

    async def once_full(ctx: Context, pusher: Pusher, language: Language) -> None:
        if not failed:
            failed.append(pusher.key)
            raise Refused(FULL)
        await queue_digest(ctx, pusher, language)

    monkeypatch.setattr("veche.workers.accounts.digesting.queue_digest", once_full)
    with contextlib.suppress(Refused):  # it is the server's own looking that fails, perhaps
        await look_for_digests(world.commands, world.queries)
    told = await letters(world, 1)
    assert {letter.address for letter in told}.isdisjoint(key.pushkey for key in failed)
    world.clock.advance(ms=MINUTE_MS)
    await look_for_digests(world.commands, world.queries)
    assert {letter.address for letter in await letters(world, 2)} == {ADDRESS, "carla@example.org"}


async def test_a_full_disk_tells_nothing_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    await say(boris, room, "one")

    def refuse(tx: Transaction, user: UserId, pushkey: str, new: Told) -> None:
        raise Refused(FULL)

    with monkeypatch.context() as patch:
        patch.setattr(digests, "put_told", refuse)
        await wait(world)
        await letters(world, 1)
    await wait(world, 61)
    await say(boris, room, "two")
    await wait(world, 61)
    text = (await letters(world, 2))[1].text
    assert ("one" in text, "two" in text) == (False, True)
    told = await world.queries.reader.run(lambda at: digests.told(at, anna.user, ADDRESS))
    assert told.in_a_row == 2


async def test_who_is_locked_out_is_told_nothing(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    await say(boris, room, "one")
    await restrict(world.commands, OPERATOR, anna.user, "lock")
    await wait(world)
    await letters(world, 0)


async def test_a_long_log_is_gone_through_bit_by_bit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    alone, room = await found(boris), await found(boris, anna)
    for number in range(7):
        await say(boris, alone, f"to myself {number}")
    await say(boris, room, "to Anna")
    monkeypatch.setattr("veche.queries.notifications.digests.STRETCH", 5)
    for _ in range(12):
        await wait(world, 1)
    await wait(world)
    assert "to Anna" in (await letters(world, 1))[0].text


async def test_invitations_and_what_has_no_text_are_named(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    room = await found(boris, anna)
    await say(boris, room, " ")
    await found(boris, invite=[anna.user])
    await wait(world)
    text = (await letters(world, 1))[0].text
    assert "Conversation with @boris:veche.test" in text
    assert "@boris:veche.test: Invites you." in text
    assert "@boris:veche.test: Something that your client shows." in text


async def test_links_of_old_letters_are_forgotten(world: World) -> None:
    anna, boris = await with_address(world), await world.person(BORIS)
    (await want(anna)).ok()
    await say(boris, await found(boris, anna), "one")
    await wait(world)
    path = (await letters(world, 1))[0].unsubscribe.removeprefix(PUBLIC)
    world.clock.advance(ms=ENDING_MS - HOUR_MS)
    await forget_old_endings(world.commands)
    assert (await world.call("GET", path)).status == 200
    world.clock.advance(ms=HOUR_MS)
    await forget_old_endings(world.commands)
    assert (await world.call("GET", path)).status == 404
    await end_digests(world.commands, path.rpartition("/")[2])
    assert len((await anna.get("/pushers")).ok()["pushers"]) == 1


@pytest.mark.settings(registration="open")
async def test_without_mail_there_are_no_letters(world: World) -> None:
    anna = await with_address(world)
    (await want(anna)).refused(400, "M_INVALID_PARAM")
    await look_for_digests(world.commands, world.queries)
    assert world.commands.live.digests.seen is None


@pytest.mark.settings(registration="open")
async def test_what_mail_left_behind_is_forgotten_where_it_was_turned_off(world: World) -> None:
    anna, now = await with_address(world), world.clock()
    proof = Proof("sid", "add", ADDRESS, b"digest", 1, "", "10.0.0.1", now, now + HOUR_MS)

    def plant(tx: Transaction) -> None:
        proofs.add(tx, proof)
        proofs.count_use(tx, "to somebody", now)
        digests.add_ending(tx, b"ending", anna.user, ADDRESS, now)

    def left(at: Snapshot) -> list[int]:
        tables = ("address_proofs", "address_uses", "digest_endings")
        return [row[0] for table in tables for row in at.all(f"SELECT COUNT(*) FROM {table}")]

    await world.commands.writer.run(plant)
    assert await world.queries.reader.run(left) == [1, 1, 1]
    world.clock.advance(ms=ENDING_MS + 1)
    await forget_old_endings(world.commands)
    await accounts.forget_old_proofs(world.commands)
    assert await world.queries.reader.run(left) == [0, 0, 0]
