"""Device lists against a model, and the rows of keys and inboxes, on both engines."""

import asyncio
import itertools
from functools import partial
from random import Random
from typing import Literal

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.effort import effort
from veche.domain.encryption.device_keys import NamedKey
from veche.domain.events import MEMBER, Draft
from veche.domain.facts import Entry
from veche.domain.ids import DeviceId, Position, RoomId, UserId
from veche.domain.sessions import Asker
from veche.domain.timeline import NewEvent, encode_event
from veche.queries.sync.device_lists import DeviceLists, changes_since
from veche.storage import encryption, rooms, timeline
from veche.storage.encryption import cross_signing, device_keys, device_lists, one_time_keys, to_device
from veche.storage.engines import Engine, Row
from veche.storage.reader import Reader, Snapshot
from veche.storage.writer import Transaction, Writer

ANNA, BORIS, CARLA = UserId("@anna:x"), UserId("@boris:x"), UserId("@carla:x")
PHONE, DESK = DeviceId("PHONE"), DeviceId("DESK")
HALL, YARD = RoomId("!hall:x"), RoomId("!yard:x")

# Somebody's membership in a room changes, or their keys do, for all or only in the eyes of person 0, who asks.
Kind = Literal["join", "leave", "ban", "invite", "knock", "keys", "signed"]
Step = tuple[Kind, int, int]
KINDS: tuple[Kind, ...] = ("join", "join", "join", "join", "leave", "ban", "invite", "knock", "keys", "signed")
PEOPLE, ROOMS = range(3), range(2)
NAMES = itertools.count()
Joined = frozenset[tuple[int, int]]


def set_membership(tx: Transaction, room: RoomId, user: UserId, membership: str) -> None:
    """Append a member event, as commands do once the rules allow it."""
    draft = Draft(MEMBER, {"membership": membership}, user)
    new = encode_event(room, user, draft, 0, tx.position.to_bytes(16, "big"), None, None)
    assert isinstance(new, NewEvent)
    event = timeline.append(tx, new, notify=0, highlight=0, thread="", relation=None, path="")
    assert event is not None
    rooms.put_membership(tx, room, user, membership, event.position, None)


class Play:
    """The steps of one example, played in the database and in a model of it."""

    def __init__(self, steps: list[Step], name: int) -> None:
        self.steps = steps
        self.users = [UserId(f"@p{at}-{name}:x") for at in PEOPLE]
        self.rooms = [RoomId(f"!r{at}-{name}:x") for at in ROOMS]
        self.moments: list[tuple[Position, Joined]] = []

    def perform(self, tx: Transaction) -> None:
        """Play all steps, noting position and joined members before the first and after each."""
        joined: set[tuple[int, int]] = set()
        self.moments = [(tx.position, frozenset())]
        for kind, person, room in self.steps:
            if kind == "keys":
                device_lists.record_change(tx, self.users[person])
            elif kind == "signed":
                device_lists.record_change_for(tx, self.users[person], self.users[0])
            else:
                set_membership(tx, self.rooms[room], self.users[person], kind)
                (joined.add if kind == "join" else joined.discard)((room, person))
            self.moments.append((tx.position, frozenset(joined)))

    def expected(self, since: int) -> DeviceLists:
        """Say what person 0 must be told of the steps after the first ``since`` ones."""
        then, now = self.moments[since][1], self.moments[-1][1]
        throughout = frozenset.intersection(*(joined for _, joined in self.moments[since:]))
        others = {person for person in PEOPLE if person != 0}
        new_keys = {person for kind, person, _ in self.steps[since:] if kind in ("keys", "signed")}
        met = {person for person in others if share(now, person) and not share(throughout, person)}
        changed = met | {person for person in new_keys if person == 0 or share(now, person)}
        left = {person for person in others if share(then, person) and not share(now, person)}
        return DeviceLists([self.users[at] for at in sorted(changed)], [self.users[at] for at in sorted(left)])


def steps_of(seed: int) -> list[Step]:
    """Draw steps evenly: only long, mixed histories meet all the cases."""
    chance = Random(seed)
    return [(chance.choice(KINDS), chance.choice(PEOPLE), chance.choice(ROOMS)) for _ in range(50)]


def share(joined: Joined, person: int) -> bool:
    """Whether person 0 and another are in one room."""
    return any((room, 0) in joined and (room, person) in joined for room in ROOMS)


@settings(
    max_examples=effort("stateful_examples"),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.integers(0, 2**32))
def test_device_lists_equal_a_model(runner: asyncio.Runner, writer: Writer, reader: Reader, seed: int) -> None:
    play = Play(steps_of(seed), next(NAMES))

    async def perform() -> None:
        await writer.run(play.perform)
        asker = Asker(play.users[0], PHONE)
        positions = [position for position, _ in play.moments]
        found = await reader.run(lambda at: [changes_since(at, asker, position) for position in positions])
        assert found == [play.expected(since) for since in range(len(positions))]

    runner.run(perform())


async def test_a_change_of_keys_is_told_to_the_rooms_of_that_person(engine: Engine) -> None:
    told: list[Entry] = []
    writer = Writer(engine, told.extend)
    writer.start()

    def work(tx: Transaction) -> None:
        for room, membership in ((HALL, "join"), (YARD, "leave")):
            set_membership(tx, room, ANNA, membership)
        device_lists.record_change(tx, ANNA)
        device_lists.record_change_for(tx, ANNA, BORIS)

    await writer.run(work)
    await writer.close()
    facts = [entry.fact for entry in told if entry.fact.kind == "device_list"]
    assert [(fact.user, fact.body) for fact in facts] == [(ANNA, (HALL,)), (BORIS, ())]


async def test_a_deleted_device_leaves_nothing_behind(writer: Writer, reader: Reader) -> None:
    key = NamedKey("signed_curve25519", "A", b"{}", b"digest")

    def fill(tx: Transaction) -> None:
        for device in (PHONE, DESK):
            device_keys.put(tx, ANNA, device, b"{}")
            for name in ("A", "B"):
                added = msgspec.structs.replace(key, key_id=name, digest=name.encode())
                one_time_keys.add(tx, ANNA, device, added, Position(1))
            one_time_keys.take(tx, ANNA, device, "signed_curve25519", 0)
            one_time_keys.put_fallback(tx, ANNA, device, key)
            to_device.add(tx, ANNA, device, b"{}")
            to_device.begin_part(tx, ANNA, device, "m.test", "1", 0, 0)
            cross_signing.put_signature(tx, ANNA, device, (ANNA, "ed25519:S", "s"))
            cross_signing.put_signature(tx, ANNA, "M", (ANNA, f"ed25519:{device}", "s"))

    await writer.run(fill)
    assert await writer.run(lambda tx: encryption.delete_device(tx, ANNA, PHONE))
    assert not await writer.run(lambda tx: encryption.delete_device(tx, ANNA, PHONE))
    tables = (
        *("device_keys", "one_time_keys", "claimed_keys", "fallback_keys", "to_device", "to_device_transactions"),
    )
    for table in tables:
        left = await reader.run(partial(_devices_in, table=table))
        assert left == [(DESK,)], table
    signatures = await reader.run(lambda at: cross_signing.signatures_seen(at, [ANNA], ANNA))
    assert signatures == {(ANNA, DESK): [(ANNA, "ed25519:S", "s")], (ANNA, "M"): [(ANNA, "ed25519:DESK", "s")]}


async def test_an_inbox_is_read_in_order_and_up_to_the_snapshot(writer: Writer, reader: Reader) -> None:
    def fill(tx: Transaction) -> list[Position]:
        return [
            to_device.add(tx, ANNA, device, str(at).encode()) for at, device in enumerate((PHONE, DESK, PHONE, PHONE))
        ]

    first, _, second, third = await writer.run(fill)

    def look(at: Snapshot) -> list[tuple[Position, bytes]]:
        return to_device.waiting(at, ANNA, PHONE, first, 10)

    assert await reader.run(look) == [(second, b"2"), (third, b"3")]
    await writer.run(lambda tx: to_device.delete_delivered(tx, ANNA, PHONE, second))
    assert await reader.run(lambda at: to_device.oldest(at, ANNA, PHONE)) == third
    assert await reader.run(lambda at: to_device.oldest(at, ANNA, DESK)) is not None
    assert await reader.run(lambda at: to_device.oldest(at, BORIS, PHONE)) is None


async def test_signatures_are_seen_by_the_owner_and_the_signer(writer: Writer, reader: Reader) -> None:
    def sign(tx: Transaction) -> list[bool]:
        return [
            cross_signing.put_signature(tx, ANNA, "M", (signer, "ed25519:K", text))
            for signer, text in ((ANNA, "a"), (BORIS, "b"), (CARLA, "c"), (CARLA, "c"), (CARLA, "d"))
        ]

    assert await writer.run(sign) == [True, True, True, False, True]
    for reading, seen in ((ANNA, "a"), (BORIS, "ab"), (CARLA, "ad")):
        found = await reader.run(partial(cross_signing.signatures_seen, users=[ANNA], reader=reading))
        assert sorted(text for _, _, text in found[ANNA, "M"]) == list(seen)


async def test_fallback_keys_are_replaced_and_used(writer: Writer, reader: Reader) -> None:
    first, second = (NamedKey("a", name, name.encode(), b"") for name in ("1", "2"))

    def work(tx: Transaction) -> list[object]:
        return [
            one_time_keys.put_fallback(tx, ANNA, PHONE, first),
            one_time_keys.use_fallback(tx, ANNA, PHONE, "a"),
            one_time_keys.use_fallback(tx, ANNA, PHONE, "a"),
            one_time_keys.put_fallback(tx, ANNA, PHONE, first),
            one_time_keys.unused_fallbacks(tx, ANNA, PHONE),
            one_time_keys.put_fallback(tx, ANNA, PHONE, second),
            one_time_keys.unused_fallbacks(tx, ANNA, PHONE),
            one_time_keys.use_fallback(tx, ANNA, DESK, "a"),
        ]

    expected = [True, ("1", b"1", True), ("1", b"1", False), False, [], True, ["a"], None]
    assert await writer.run(work) == expected
    assert await reader.run(lambda at: one_time_keys.counts(at, ANNA, PHONE)) == {}


async def test_a_public_key_is_known_as_such(writer: Writer) -> None:
    from veche.domain.encryption.cross_signing import CrossSigningKey

    await writer.run(lambda tx: cross_signing.put(tx, ANNA, CrossSigningKey("master", "M", b"{}")))
    known = await writer.run(lambda tx: [cross_signing.is_public_key(tx, user, "M") for user in (ANNA, BORIS)])
    assert known == [True, False]


def _devices_in(at: Snapshot, table: str) -> list[Row]:
    return at.all(f"SELECT device_id FROM {table}")
