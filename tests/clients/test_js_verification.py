"""Request-based verification between matrix-js-sdk devices: one's own second device, and another person."""

from tests.clients.js_client import JsClient
from tests.clients.stage import Stage, share_room, until_devices_known
from tests.clients.views import until


async def test_a_new_device_is_verified_by_comparing_emoji_and_receives_the_identity_keys(stage: Stage) -> None:
    laptop = await stage.js("alice")
    await laptop.do("bootstrap_cross_signing", is_reset=False)
    await laptop.do("bootstrap_secret_storage")
    phone = await stage.js_again(laptop.account)
    await until_devices_known(laptop, phone)
    assert not await sees_verified_device(laptop, phone)
    await phone.do("request_own_verification")
    await verify_each_other(phone, laptop)
    await until_device_verified(laptop, phone)
    await until_device_verified(phone, laptop)
    await until_secrets_arrived(phone)


async def test_two_people_verify_each_other_in_their_room(stage: Stage) -> None:
    alice, bob = await stage.js("alice"), await stage.js("bob")
    for person in (alice, bob):
        await person.do("bootstrap_cross_signing", is_reset=False)
    room = await share_room(alice, bob)
    await until_identity_known(alice, bob)
    await alice.do("request_user_verification", user=bob.user_id, room=room)
    await verify_each_other(alice, bob)
    await until_person_verified(alice, bob)
    await until_person_verified(bob, alice)


async def test_replacing_the_identity_asks_for_the_password_and_warns_the_others(stage: Stage) -> None:
    alice, bob = await stage.js("alice"), await stage.js("bob")
    assert await alice.do("bootstrap_cross_signing", is_reset=False) == []
    await share_room(alice, bob)
    await until_identity_known(bob, alice)
    assert not await sees_replaced_identity(bob, alice)
    assert "m.login.password" in await alice.do("bootstrap_cross_signing", is_reset=True)
    expected = f"{bob.user_id} is warned that {alice.user_id} has another identity"
    await until(lambda: sees_replaced_identity(bob, alice), bool, expected)


async def verify_each_other(asker: JsClient, asked: JsClient) -> None:
    """From a request that the asker has sent to the end of the comparison on both sides."""
    await until_phase(asked, "Requested")
    await asked.do("accept_verification")
    await until_phase(asker, "Ready")
    await asker.do("start_sas")
    await until_phase(asked, "Started")
    await asked.do("follow_sas")
    assert await shown_emoji(asker) == await shown_emoji(asked)
    await asker.do("confirm_sas")
    await asked.do("confirm_sas")
    await until_phase(asker, "Done")
    await until_phase(asked, "Done")


async def until_phase(person: JsClient, phase: str) -> None:
    """Wait until the latest verification of a device has come to that phase."""
    await until(
        lambda: person.do("verification"), lambda seen: seen["phase"] == phase, f"{person.user_id} at phase {phase}"
    )


async def shown_emoji(person: JsClient) -> list[list[str]]:
    """The seven emoji with their names, once the device shows them."""
    seen = await until(
        lambda: person.do("verification"), lambda seen: seen["emoji"] is not None, f"{person.user_id} sees emoji"
    )
    emoji: list[list[str]] = seen["emoji"]
    assert len(emoji) == 7
    return emoji


async def sees_verified_device(person: JsClient, other: JsClient) -> bool:
    """Whether a device counts another as signed by its owner's verified identity."""
    return bool(await person.do("device_is_verified", user=other.user_id, device=other.device_id))


async def sees_replaced_identity(person: JsClient, other: JsClient) -> bool:
    """Whether the identity of another person is not the one that this device saw first."""
    return bool(await person.do("user_has_replaced_identity", user=other.user_id))


async def until_device_verified(person: JsClient, other: JsClient) -> None:
    """Wait until a device counts another as verified through cross-signing."""
    expected = f"{person.device_id} counts {other.device_id} as verified"
    await until(lambda: sees_verified_device(person, other), bool, expected)


async def until_person_verified(person: JsClient, other: JsClient) -> None:
    """Wait until a device counts the identity of another person as verified."""
    expected = f"{person.user_id} counts {other.user_id} as verified"
    await until(lambda: person.do("user_is_verified", user=other.user_id), bool, expected)


async def until_identity_known(person: JsClient, other: JsClient) -> None:
    """Wait until a device has seen the identity keys of another person, which it needs to ask for verification."""
    expected = f"{person.user_id} knows the identity of {other.user_id}"
    await until(lambda: person.do("user_has_identity", user=other.user_id), bool, expected)


async def until_secrets_arrived(person: JsClient) -> None:
    """Wait until the other device has handed over the private identity keys and the key of the backup."""
    everything = {"has_identity_keys": True, "has_backup_key": True}
    expected = f"{person.device_id} has all private keys"
    await until(lambda: person.do("encryption_status"), lambda seen: seen == everything, expected)
