"""What a stranger or a colleague with bad intentions tried, and what the server answers now."""

import pytest

from tests.cast import ANNA, BORIS
from tests.stage.world import World
from veche.api.http.door import address_of


async def test_no_room_begins_with_endless_state(world: World) -> None:
    """All of it would go into one transaction, and everybody's messages would wait for it."""
    anna = await world.person(ANNA)
    state = [{"type": "org.example.note", "state_key": str(number), "content": {}} for number in range(201)]
    (await anna.post("/createRoom", {"initial_state": state})).refused(400, "M_INVALID_PARAM")
    (await anna.post("/createRoom", {"initial_state": state[:200]})).ok()


async def test_a_redaction_cannot_be_set_as_state(world: World) -> None:
    """Some clients would hide the event it names, although its sender may not redact."""
    anna, boris = await world.people(ANNA, BORIS)
    levels = {"redact": 90, "users": {anna.user: 100, boris.user: 50}}
    wish = {"preset": "public_chat", "power_level_content_override": levels}
    room = (await anna.post("/createRoom", wish)).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    event = (await anna.put(f"/rooms/{room}/send/m.room.message/1", {"msgtype": "m.text", "body": "no"})).ok()
    attempt = await boris.put(f"/rooms/{room}/state/m.room.redaction/x", {"redacts": event["event_id"]})
    attempt.refused(403, "M_FORBIDDEN")


async def test_pages_can_be_of_thread_roots_only(world: World) -> None:
    anna, boris = await world.people(ANNA, BORIS)
    room = (await anna.post("/createRoom", {"preset": "public_chat"})).ok()["room_id"]
    (await boris.post(f"/join/{room}")).ok()
    path = f"/rooms/{room}/send/m.room.message"
    root = (await anna.put(f"{path}/1", {"msgtype": "m.text", "body": "root"})).ok()["event_id"]
    await anna.put(f"{path}/2", {"msgtype": "m.text", "body": "alone"})
    relation = {"rel_type": "m.thread", "event_id": root}
    (await boris.put(f"{path}/3", {"msgtype": "m.text", "body": "below", "m.relates_to": relation})).ok()
    for wanted, found in (
        ('{"related_by_rel_types":["m.thread"]}', [root]),
        (f'{{"related_by_senders":["{boris.user}"]}}', [root]),
        (f'{{"related_by_senders":["{anna.user}"]}}', []),
        ('{"related_by_rel_types":["m.reference"]}', []),
    ):
        page = (await anna.get(f"/rooms/{room}/messages", dir="b", filter=wanted)).ok()
        assert [event["event_id"] for event in page["chunk"]] == found


async def test_an_odd_presence_is_refused_wherever_the_request_goes(world: World) -> None:
    anna = await world.person(ANNA)
    since = (await anna.get("/sync")).ok()["next_batch"]
    (await anna.get("/sync", since=since, set_presence="bogus")).refused(400, "M_INVALID_PARAM")
    answer = await anna.get("/sync", since=since, set_presence="offline")
    assert answer.ok()["next_batch"]
    assert answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("peer", "said", "address"),
    [
        ("10.0.0.7", b"1.2.3.4", "10.0.0.7"),
        ("127.0.0.1", b"1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", b"9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("127.0.0.1", b"", "127.0.0.1"),
        ("127.0.0.1", None, "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_may_name_the_client(peer: str, said: bytes | None, address: str) -> None:
    headers = [(b"host", b"x")] if said is None else [(b"x-forwarded-for", b"8.8.8.8"), (b"x-forwarded-for", said)]
    assert address_of(headers, peer, frozenset({"127.0.0.1"})) == address
