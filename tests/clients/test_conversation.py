"""Two people with different client libraries talk in an encrypted room, whoever of them made it."""

from collections.abc import Callable

import pytest

from tests.clients.people import Person
from tests.clients.stage import Stage, share_room
from tests.clients.views import Message, RoomView, until


@pytest.mark.parametrize(("host_uses", "guest_uses"), [("js", "nio"), ("nio", "js")])
async def test_two_people_talk_encrypted(stage: Stage, host_uses: str, guest_uses: str) -> None:
    alice = await enter(stage, "alice", host_uses)
    bob = await enter(stage, "bob", guest_uses)
    room = await share_room(alice, bob)
    await talk(room, alice, bob)
    await talk(room, bob, alice)


async def enter(stage: Stage, name: str, library: str) -> Person:
    """A new person who uses that library."""
    return await (stage.js(name) if library == "js" else stage.nio(name))


async def talk(room: str, speaker: Person, listener: Person) -> None:
    """Everything that one person does and the other must see, each step in its turn."""
    event = await typed_text_arrives(room, speaker, listener)
    await receipt_arrives(room, event, listener, speaker)
    await edit_arrives(room, event, speaker, listener)
    await reaction_comes_and_goes(room, event, listener, speaker)
    await redaction_arrives(room, event, speaker, listener)


async def typed_text_arrives(room: str, speaker: Person, listener: Person) -> str:
    await speaker.set_typing(room, True)
    await sees(listener, room, lambda view: speaker.user_id in view.typing, f"{speaker.user_id} typing")
    event = await speaker.send_text(room, f"greetings from {speaker.user_id}")
    await speaker.set_typing(room, False)
    await sees(listener, room, lambda view: speaker.user_id not in view.typing, f"{speaker.user_id} not typing")
    for person in (speaker, listener):
        message = await shows(person, room, event, lambda message: message.text is not None)
        assert (message.text, message.sender) == (f"greetings from {speaker.user_id}", speaker.user_id)
        assert message.is_encrypted
    return event


async def receipt_arrives(room: str, event: str, reader: Person, speaker: Person) -> None:
    await reader.mark_read(room, event)
    await sees(
        speaker, room, lambda view: view.read_up_to.get(reader.user_id) == event, f"read mark of {reader.user_id}"
    )


async def edit_arrives(room: str, event: str, speaker: Person, listener: Person) -> None:
    await speaker.edit(room, event, "better words")
    for person in (speaker, listener):
        message = await shows(person, room, event, lambda message: message.is_edited)
        assert message.text == "better words"


async def reaction_comes_and_goes(room: str, event: str, listener: Person, speaker: Person) -> None:
    reaction = await listener.react(room, event, "👍")
    expected = {"👍": [listener.user_id]}
    for person in (speaker, listener):
        await shows(person, room, event, lambda message: message.reactions == expected)
    await listener.redact(room, reaction)
    for person in (speaker, listener):
        await shows(person, room, event, lambda message: message.reactions == {})


async def redaction_arrives(room: str, event: str, speaker: Person, listener: Person) -> None:
    await speaker.redact(room, event)
    for person in (speaker, listener):
        message = await shows(person, room, event, lambda message: message.is_redacted)
        assert message.text is None


async def sees(person: Person, room: str, holds: Callable[[RoomView], bool], expected: str) -> None:
    """Wait until a person's view of a room is as expected."""
    await until(lambda: person.look(room), holds, f"{person.user_id} sees {expected}")


async def shows(person: Person, room: str, event: str, holds: Callable[[Message], bool]) -> Message:
    """Wait until a person's device shows that message as expected."""

    def is_shown(view: RoomView) -> bool:
        message = view.message(event)
        return message is not None and holds(message)

    view = await until(lambda: person.look(room), is_shown, f"{person.user_id} sees {event} as expected")
    message = view.message(event)
    assert message is not None
    return message
