"""Verification between two matrix-nio devices: short authentication strings by to-device messages, no request."""

from tests.clients.nio_client import NioClient
from tests.clients.stage import Stage, share_room
from tests.clients.views import until


async def test_two_devices_compare_emoji_and_count_each_other_as_verified(stage: Stage) -> None:
    alice, bob = await stage.nio("alice"), await stage.nio("bob")
    await share_room(alice, bob)
    assert not await alice.device_is_verified(bob.user_id, bob.device_id)
    await alice.start_sas(bob.user_id, bob.device_id)
    await until(bob.has_sas, bool, "the start reaches the other device")
    await bob.accept_sas()
    assert await shown_emoji(alice) == await shown_emoji(bob)
    await alice.confirm_sas()
    await bob.confirm_sas()
    await until_verified(alice, bob)
    await until_verified(bob, alice)


async def shown_emoji(person: NioClient) -> list[tuple[str, str]]:
    """The seven emoji with their names, once the device shows them."""
    emoji = await until(person.emoji, lambda shown: shown is not None, f"{person.user_id} sees emoji")
    assert emoji is not None
    assert len(emoji) == 7
    return emoji


async def until_verified(person: NioClient, other: NioClient) -> None:
    """Wait until a device counts another as verified."""
    expected = f"{person.user_id} counts {other.device_id} as verified"
    await until(lambda: person.device_is_verified(other.user_id, other.device_id), bool, expected)
