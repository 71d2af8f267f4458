"""Presence in memory: looked at once a second, and only at those of whom something may have changed."""

from functools import partial

from veche.domain.ids import DeviceId, Position, RoomId, UserId
from veche.domain.presence import GRACE_MS, NOTHING_SAID, Known, Said
from veche.live.counter import Counter
from veche.live.notifier import Listener, Notifier
from veche.live.presence import POLLS_A_SECOND, Presence
from veche.live.tail import Tail

ANNA, BORIS = UserId("@anna:x"), UserId("@boris:x")
PHONE, DESK = DeviceId("PHONE"), DeviceId("DESK")
IDLE = 300_000


class Moment:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 10_000_000

    def __call__(self) -> int:
        return self.now


def presence(clock: Moment, *known: Known) -> Presence:
    """Nobody is here yet."""
    return Presence(clock, Counter(), IDLE, known=known)


def test_a_device_that_waits_is_here_however_long(monkeypatch: object) -> None:
    clock = Moment()
    people = presence(clock)
    feed = Notifier(Tail(Position(0)), Counter()).open(ANNA, {}, Position(0))
    assert feed is not None
    shown = people.touch(ANNA, PHONE, "unavailable")
    listeners = [Listener(feed, PHONE, lambda: None, shown) for _ in range(2)]
    assert people.changed() == [ANNA]
    people.tell([ANNA])
    listeners[0].wake()
    listeners[0].leave()
    for _ in range(20):
        clock.now += GRACE_MS
        assert people.changed() == []
    listeners[1].leave()
    clock.now += GRACE_MS - 1
    assert people.changed() == []
    clock.now += 1
    assert people.changed() == [ANNA]
    assert people.status(ANNA)[0].presence == "offline"


def test_what_comes_and_goes_within_a_second_is_not_told() -> None:
    clock = Moment()
    people = presence(clock)
    people.put(ANNA, PHONE, "online")
    people.put(ANNA, PHONE, None)
    people.touch(BORIS, PHONE, "offline")
    assert people.changed() == []
    assert people.told_since(0) == []


def test_each_is_told_once_by_the_latest_count() -> None:
    clock = Moment()
    people = presence(clock)
    for user in (ANNA, BORIS):
        people.touch(user, PHONE, "online")
    first = people.tell(people.changed())
    assert people.changed() == []
    people.say(ANNA, Said("lunch"))
    second = people.tell([ANNA, BORIS])
    assert second > first
    assert [one.user for one in people.told_since(first)] == [ANNA]
    assert {one.user for one in people.told_since(0)} == {ANNA, BORIS}
    assert people.told_since(second) == []


def test_only_the_active_are_noted() -> None:
    clock = Moment()
    people = presence(clock)
    people.touch(ANNA, PHONE, "online")
    people.touch(BORIS, PHONE, "unavailable")
    people.act(UserId("@carla:x"), PHONE)
    assert people.take_active(500) == [(ANNA, clock.now)]
    clock.now += 1_000
    people.touch(ANNA, PHONE, "online")
    people.touch(ANNA, DESK, "online")
    assert people.take_active(500) == [], "neither syncing on nor joining in on another device is doing something"
    people.act(ANNA, DESK)
    people.act(BORIS, PHONE)
    assert people.take_active(1) == [(ANNA, clock.now)]
    assert people.take_active(1) == [(BORIS, clock.now)]
    clock.now += GRACE_MS
    people.act(ANNA, DESK)
    assert people.take_active(1) == [], "that device has gone"


def test_a_device_that_comes_back_late_arrives_anew() -> None:
    clock = Moment()
    people = presence(clock)
    people.touch(ANNA, PHONE, "online")
    people.tell(people.changed())
    clock.now += IDLE
    people.touch(ANNA, PHONE, "online")
    assert people.changed() == []
    assert people.status(ANNA) == (people.find(ANNA).told.status, clock.now)  # type: ignore[union-attr]


def test_those_active_just_before_the_start_are_expected_back() -> None:
    clock = Moment()
    lately, earlier = clock.now - IDLE + 1, clock.now - IDLE
    people = presence(clock, Known(ANNA, NOTHING_SAID, lately), Known(BORIS, Said("away"), earlier))
    assert people.status(ANNA)[0].presence == "online"
    assert people.status(BORIS) == (people.find(BORIS).told.status, earlier)  # type: ignore[union-attr]
    assert people.changed() == []
    clock.now += GRACE_MS
    assert people.changed() == [ANNA]
    assert people.status(ANNA)[0].presence == "offline"


def test_whoever_is_forgotten_is_nobody() -> None:
    clock = Moment()
    people = presence(clock)
    people.touch(ANNA, PHONE, "online")
    people.tell(people.changed())
    people.say(ANNA, Said("lunch"))
    people.forget(ANNA)
    people.forget(BORIS)
    assert people.find(ANNA) is None
    assert people.changed() == []
    assert people.tell([ANNA]) == 2
    assert people.told_since(0) == []
    clock.now += GRACE_MS
    assert people.changed() == []
    assert people.take_active(1) == []


def test_where_it_is_off_nothing_is_remembered() -> None:
    clock = Moment()
    people = Presence(clock, Counter(), IDLE, is_on=False, known=[Known(ANNA, Said("lunch"), clock.now)])
    assert people.touch(ANNA, PHONE, "online") is None
    people.act(ANNA, PHONE)
    assert people.changed() == []
    assert people.find(ANNA) is None


def test_a_round_that_woke_very_many_puts_off_the_next() -> None:
    clock = Moment()
    people = presence(clock)
    people.rest(POLLS_A_SECOND)
    people.touch(ANNA, PHONE, "online")
    assert people.changed() == [ANNA]
    people.rest(2 * POLLS_A_SECOND + 1)
    assert [people.changed() for _ in range(3)] == [[], [], [ANNA]]


def test_only_those_who_share_a_room_are_woken() -> None:
    tail = Tail(Position(0))
    notifier = Notifier(tail, Counter())
    room, other = RoomId("!room:x"), RoomId("!other:x")
    woken: list[UserId] = []
    for name, rooms in (("anna", [room]), ("boris", [room, other]), ("carla", [other]), ("dmitri", [])):
        user = UserId(f"@{name}:x")
        feed = notifier.open(user, dict.fromkeys(rooms, Position(0)), Position(0))
        assert feed is not None
        Listener(feed, PHONE, partial(woken.append, user))
    assert notifier.tell_statuses([ANNA, UserId("@nobody:x")], 1) == 2
    assert sorted(woken) == [ANNA, BORIS]
    assert notifier.tell_statuses([UserId("@dmitri:x")], 2) == 1
    told = {name: notifier.feed(UserId(f"@{name}:x")).told for name in ("anna", "boris", "carla", "dmitri")}  # type: ignore[union-attr]
    assert told == {"anna": 1, "boris": 1, "carla": 0, "dmitri": 2}
