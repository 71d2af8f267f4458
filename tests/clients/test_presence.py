"""People with different client libraries see how the other is doing."""

from tests.clients.people import Person
from tests.clients.stage import Stage, share_room
from tests.clients.views import until


async def test_each_sees_how_the_other_is_doing(stage: Stage) -> None:
    alice, bob = await stage.js("alice"), await stage.nio("bob")
    await share_room(alice, bob)
    await sees(alice, bob, "online", None)
    await sees(bob, alice, "online", None)
    await bob.set_presence("unavailable", "at lunch")
    await sees(alice, bob, "unavailable", "at lunch")
    await alice.set_presence("unavailable", "in a meeting")
    await sees(bob, alice, "unavailable", "in a meeting")


async def sees(person: Person, other: Person, state: str, text: str | None) -> None:
    """Wait until a person's device shows the other like this."""
    await until(
        lambda: person.presence(other.user_id),
        lambda seen: seen == (state, text),
        f"{person.user_id} sees {other.user_id} as {state}: {text}",
    )
