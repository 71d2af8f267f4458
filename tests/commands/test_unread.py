"""Unread counts from running totals equal what every member's rules say of every single unread event.

A seeded walk of messages, receipts and rule changes; after each step all members are counted both ways.
"""

import random
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from tests.cast import ANNA, BORIS, CARLA, DMITRI
from tests.commands.conversation import Conversation, conversation
from tests.stage.world import Person, World
from veche.commands.account_data import set_account_data
from veche.commands.notifications import add_rule, remove_rule, set_actions, set_enabled
from veche.commands.receipts import send_receipt
from veche.domain.events import POWER_LEVELS
from veche.domain.ids import EventId, Position, UserId
from veche.domain.notifications import EventFacts, MemberFacts, RoomFacts, evaluate, ruleset_from
from veche.domain.power_levels import power_levels
from veche.domain.refusals import Refused
from veche.domain.timeline import MAIN, Event, content_of
from veche.queries.sync import unread
from veche.storage import account_data, notifications, rooms, timeline
from veche.storage.reader import Snapshot

STEPS = 60
BODIES = ("hello", "boris, come here", "@room all of you", "is Carla here? and dmitri", "lunch", "")
Marks = dict[tuple[UserId, str], Position]


class Walk(msgspec.Struct):
    """A conversation, what was said in it, and the model's own idea of who has read what."""

    talk: Conversation
    people: list[Person]
    chance: random.Random
    events: list[EventId] = []
    roots: list[EventId] = []
    marks: Marks = {}

    async def step(self) -> None:
        """Do one thing."""
        deeds = [self.speak] * 6 + [self.read] * 3 + [self.edit_rules, self.ignore]
        await self.chance.choice(deeds)()

    async def speak(self) -> None:
        """Somebody says something, in whatever form; that moves their own mark."""
        person, thread = self.chance.choice(self.people), None
        if self.roots and self.chance.random() < 0.5:
            thread = self.chance.choice(self.roots)
        kind, content = self._content(thread)
        event = await self.talk.send(person, kind, content)
        self.events.append(event)
        if "m.relates_to" not in content and self.chance.random() < 0.3:
            self.roots.append(event)
        self._mark(person, *await self._place(event))

    async def read(self) -> None:
        """Somebody reads up to something, with or without a thread, publicly or not."""
        if not self.events:
            return
        person, event = self.chance.choice(self.people), self.chance.choice(self.events)
        position, thread = await self._place(event)
        unthreaded = self.chance.random() < 0.4
        given = msgspec.UNSET if unthreaded else (thread or "main")
        kind = self.chance.choice(("m.read", "m.read.private"))
        await send_receipt(self.talk.world.commands, person.asker, self.talk.room, kind, event, given)
        self._mark(person, position, "all" if unthreaded else thread)

    async def edit_rules(self) -> None:
        """Somebody changes their push rules."""
        ctx, asker, room = self.talk.world.commands, self.chance.choice(self.people).asker, self.talk.room
        loud = {"pattern": "lunch", "actions": ["notify", {"set_tweak": "highlight"}]}
        deeds = (
            lambda: add_rule(ctx, asker, "room", room, {"actions": []}, None, None),
            lambda: add_rule(ctx, asker, "content", "food", loud, None, None),
            lambda: add_rule(ctx, asker, "sender", self.people[0].user, {"actions": []}, None, None),
            lambda: remove_rule(ctx, asker, "room", room),
            lambda: remove_rule(ctx, asker, "content", "food"),
            lambda: remove_rule(ctx, asker, "sender", self.people[0].user),
            lambda: set_enabled(ctx, asker, "override", ".m.rule.master", enabled=self.chance.random() < 0.3),
            lambda: set_actions(ctx, asker, "underride", ".m.rule.message", self.chance.choice(([], ["notify"]))),
        )
        with suppress(Refused):  # there may be nothing to remove
            await self.chance.choice(deeds)()

    async def ignore(self) -> None:
        """Somebody ignores somebody, or nobody any more."""
        asker, other = self.chance.choice(self.people).asker, self.chance.choice(self.people).user
        ignored: dict[str, Any] = {other: {}} if self.chance.random() < 0.4 else {}
        kind, content = account_data.IGNORED_USERS, {"ignored_users": ignored}
        await set_account_data(self.talk.world.commands, asker, asker.user, kind, content)

    async def check(self) -> None:
        """Count for everybody both ways, with threads apart and together."""
        await self.talk.world.queries.reader.run(self._compare)

    def _compare(self, at: Snapshot) -> None:
        room = self.talk.room
        for person in self.people:
            expected = self._expected(at, person.user)
            known = self.talk.world.queries.live.counts
            apart = unread.of_rooms(at, person.user, [room], True, known)[room]
            assert (apart.notify, apart.highlight) == expected.get(MAIN, (0, 0)), person.user
            assert apart.threads == {root: counts for root, counts in expected.items() if root != MAIN}, person.user
            whole = unread.of_rooms(at, person.user, [room], False)[room]
            assert (whole.notify, whole.highlight) == tuple(
                sum(counts[part] for counts in expected.values()) for part in (0, 1)
            ), person.user
            assert whole.threads == {}

    def _expected(self, at: Snapshot, user: UserId) -> dict[str, tuple[int, int]]:
        """Ask the rules about every unread event; timelines without notifications are left out."""
        membership = rooms.membership(at, self.talk.room, user)
        assert membership is not None
        changes, _ = notifications.find_changes(at, user)
        ruleset, ignored = ruleset_from(user, changes), account_data.ignored_by(at, user)
        member, counts = MemberFacts(user, membership.display_name), dict[str, list[int]]()
        for event in timeline.page(at, self.talk.room, membership.since, at.position, 9999, newest_first=False):
            read = max(self.marks.get((user, mark), Position(0)) for mark in ("all", event.thread))
            if event.position <= read or event.sender in ignored:
                continue
            facts = EventFacts(event.type, content_of(event), event.sender, event.room_id, event.state_key)
            verdict = evaluate(ruleset, facts, self._room(at, event), member)
            count = counts.setdefault(event.thread, [0, 0])
            count[0] += verdict.notify
            count[1] += verdict.highlight
        return {thread: (notify, highlight) for thread, (notify, highlight) in counts.items() if notify or highlight}

    def _room(self, at: Snapshot, event: Event) -> RoomFacts:
        levels = power_levels(rooms.current_state(at, self.talk.room))
        return RoomFacts(len(self.people), levels.of(event.sender), levels.notifications)

    def _content(self, thread: EventId | None) -> tuple[str, dict[str, Any]]:
        body: dict[str, Any] = {"msgtype": self.chance.choice(("m.text", "m.text", "m.notice")), "body": self._body()}
        if self.chance.random() < 0.4:
            named = [person.user for person in self.people if self.chance.random() < 0.4]
            body["m.mentions"] = {"user_ids": named, "room": self.chance.random() < 0.3}
        if thread is not None:
            body["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        elif self.events and self.chance.random() < 0.2:
            body["m.relates_to"] = {"rel_type": "m.replace", "event_id": self.chance.choice(self.events)}
        kind = self.chance.choice(("m.room.message",) * 4 + ("m.room.encrypted", "m.sticker", "org.x"))
        return kind, body

    def _body(self) -> str:
        return self.chance.choice(BODIES)

    async def _place(self, event: EventId) -> tuple[Position, str]:
        found = await self.talk.world.queries.reader.run(lambda at: timeline.find(at, self.talk.room, event))
        assert found is not None
        return found.position, found.thread

    def _mark(self, person: Person, position: Position, thread: str) -> None:
        key = (person.user, thread)
        self.marks[key] = max(self.marks.get(key, Position(0)), position)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_totals_and_rules_agree(world: World, seed: int) -> None:
    people = await world.people(ANNA, BORIS, CARLA, DMITRI)
    await people[2].put(f"/profile/{people[2].user}/displayname", {"displayname": "Carla"})
    talk = await conversation(world, *people)
    walk = Walk(talk, people, random.Random(seed))
    state = await world.queries.reader.run(lambda at: rooms.current_state(at, talk.room).get(POWER_LEVELS))
    assert state is not None, "some may call the whole room, others not"
    for _ in range(STEPS):
        await walk.step()
        await walk.check()
