"""A key backup made by one matrix-js-sdk device lets a new device of the same person read the old messages."""

from tests.clients.js_client import JsClient
from tests.clients.stage import Stage, share_room
from tests.clients.views import RoomView, until

TEXTS = [f"old message {number}" for number in range(8)]
"""More than the new device's first sync brings, so that it has to page back."""


async def test_a_new_device_reads_old_messages_from_the_backup(stage: Stage) -> None:
    alice, bob = await stage.js("alice"), await stage.js("bob")
    recovery_key = await set_up_backup(alice)
    room = await share_room(alice, bob)
    await converse(room, alice, bob)
    await until_backed_up(alice, sessions=2)
    # Nobody who could hand the keys over stays: only the backup has them.
    await alice.do("logout")
    phone = await stage.js_again(alice.account, history=3)
    await scroll_to_beginning(phone, room)
    assert readable(await phone.look(room)) == []
    await phone.do("unlock", recovery_key=recovery_key)
    restored = await phone.do("restore_backup")
    assert restored["total"] == restored["imported"] >= 2
    await until_readable(phone, room, TEXTS)
    await answers_in_the_old_room(phone, bob, room)


async def set_up_backup(person: JsClient) -> str:
    """Identity keys, secret storage and an active backup; answers the recovery key."""
    await person.do("bootstrap_cross_signing", is_reset=False)
    recovery_key = await person.do("bootstrap_secret_storage")
    await until(
        lambda: person.do("backup_status"), lambda status: status["active"] is not None, "the backup is switched on"
    )
    return str(recovery_key)


async def converse(room: str, alice: JsClient, bob: JsClient) -> None:
    """Both speak in turn, each seeing the other's message before answering."""
    for number, text in enumerate(TEXTS):
        speaker, listener = (alice, bob) if number % 2 == 0 else (bob, alice)
        await speaker.send_text(room, text)
        await until_readable(listener, room, TEXTS[: number + 1])


async def until_backed_up(person: JsClient, sessions: int) -> None:
    """Wait until the server's backup holds that many keys."""
    await until(
        lambda: person.do("backup_status"),
        lambda status: status["count"] >= sessions,
        f"{sessions} keys in the backup",
    )


async def scroll_to_beginning(person: JsClient, room: str) -> None:
    """Page back until there is nothing older, and see that all old messages are there, unreadable as yet."""
    await until(lambda: person.do("scroll_back", room=room, limit=4), bool, f"the beginning of {room}")
    assert len((await person.look(room)).messages) == len(TEXTS)


async def answers_in_the_old_room(phone: JsClient, bob: JsClient, room: str) -> None:
    """The new device takes part: what it sends, the other person reads."""
    await phone.send_text(room, "back again")
    await until_readable(bob, room, [*TEXTS, "back again"])


async def until_readable(person: JsClient, room: str, texts: list[str]) -> None:
    """Wait until a device shows exactly these texts."""
    expected = f"{person.user_id} can read {texts}"
    await until(lambda: person.look(room), lambda view: readable(view) == texts, expected)


def readable(view: RoomView) -> list[str]:
    """The texts that the device can show, oldest first."""
    return [message.text for message in view.messages if message.text is not None]
