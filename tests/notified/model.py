"""The plain model: the whole log of each room, who was in it, what they read, and every rule asked for every event."""

from typing import Any

from tests.notified.rules import MASTER, Facts, verdict

Json = dict[str, Any]
UNTHREADED = "*"


class Happened:
    """An event with everything about the moment it was sent in: nothing of this changes later, but ``is_redacted``."""

    def __init__(self, room: "Room", position: int, event: Json) -> None:
        self.room = room
        self.position = position
        self.event = event
        self.id: str = event["event_id"]
        self.is_redacted = False
        self.thread = room.thread_of(event)
        self.size = sum(kind == "join" for kind in room.members.values())
        self.names = dict(room.names)
        self.needed = room.power.get("notifications", {}).get("room", 50)
        self.power = room.power.get("users", {}).get(event["sender"], 0)

    def facts_for(self, user: str) -> Facts:
        """What the rules of one person may ask."""
        return Facts(self.event, self.size, self.power, self.needed, self.names.get(user))


class Room:
    """A room as its log tells it."""

    def __init__(self, room: str) -> None:
        self.id = room
        self.log: list[Happened] = []
        self.by_id: dict[str, Happened] = {}
        self.members: dict[str, str] = {}
        self.names: dict[str, str | None] = {}
        self.joined_at: dict[str, int] = {}
        self.invited_by: dict[str, Happened] = {}
        self.power: Json = {}

    def add(self, position: int, event: Json) -> Happened:
        """Add the next event of the log."""
        happened = Happened(self, position, event)
        self.log.append(happened)
        self.by_id[happened.id] = happened
        if event["type"] == "m.room.member":
            self._move(happened)
        if event["type"] == "m.room.power_levels":
            self.power = event["content"]
        if event["type"] == "m.room.redaction":
            self.by_id[event["redacts"]].is_redacted = True
        return happened

    def thread_of(self, event: Json) -> str:
        """An event stands in the thread it names, or in that of the event it relates to."""
        relation = event["content"].get("m.relates_to")
        if not isinstance(relation, dict) or "state_key" in event or relation.get("event_id") not in self.by_id:
            return ""
        parent = self.by_id[relation["event_id"]]
        return parent.id if relation["rel_type"] == "m.thread" else parent.thread

    def _move(self, happened: Happened) -> None:
        user, content = happened.event["state_key"], happened.event["content"]
        before, now = self.members.get(user), content["membership"]
        self.members[user], self.names[user] = now, content.get("displayname")
        if now == "join" and before != "join":
            self.joined_at[user] = happened.position
        if now == "invite":
            self.invited_by[user] = happened
        elif now != "join" or before not in ("invite", "join"):
            self.invited_by.pop(user, None)


class Reader:
    """One person: rules and ignored people as they are now, and how far they have read which thread of which room."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.ruleset: Json = {}
        self.ignored: set[str] = set()
        self.marks: dict[tuple[str, str], int] = {}
        self.receipts: dict[tuple[str, str, str], int] = {}

    @property
    def is_silent(self) -> bool:
        """Say whether the rule that comes before all others lets nothing through."""
        return any(rule["rule_id"] == MASTER and rule["enabled"] for rule in self.ruleset["override"])

    def read(self, room: str, kind: str, thread: str, position: int) -> None:
        """A receipt: only one that is ahead of the earlier one of its kind moves anything."""
        if position > self.receipts.get((room, kind, thread), 0):
            self.receipts[room, kind, thread] = position
            self._advance(room, thread, position)

    def wrote(self, happened: Happened) -> None:
        """Whoever writes has read what stands before, in that thread."""
        self._advance(happened.room.id, happened.thread, happened.position)

    def has_read(self, happened: Happened) -> bool:
        """Say whether an event is behind the marks."""
        room = happened.room
        if room.members.get(self.user) != "join":
            return False
        names = (happened.thread, UNTHREADED)
        marks = [self.marks.get((room.id, name), 0) for name in names]
        return happened.position <= max(room.joined_at[self.user], *marks)

    def judge(self, happened: Happened) -> tuple[bool, bool]:
        """Return whether an event notifies, and whether loudly."""
        if happened.is_redacted or happened.event["sender"] in self.ignored:
            return False, False
        return verdict(self.ruleset, self.user, happened.facts_for(self.user))

    def is_concerned(self, happened: Happened) -> bool:
        """Say whether they are in the room since before an event, or it is the invitation that stands or led there."""
        room = happened.room
        if room.invited_by.get(self.user) is happened:
            return True
        return room.members.get(self.user) == "join" and happened.position > room.joined_at[self.user]

    def counts(self, room: Room) -> dict[str, tuple[int, int]]:
        """Return how much of each thread ('' the main timeline) is unread: notifying, and loudly."""
        found: dict[str, tuple[int, int]] = {}
        for happened in room.log:
            if happened.position > room.joined_at[self.user] and not self.has_read(happened):
                notifies, loud = self.judge(happened)
                notify, highlight = found.get(happened.thread, (0, 0))
                found[happened.thread] = (notify + notifies, highlight + loud)
        return {thread: counts for thread, counts in found.items() if counts != (0, 0)}

    def badge(self, rooms: list[Room]) -> int:
        """Return the number for the icon: all unread messages."""
        joined = [room for room in rooms if room.members.get(self.user) == "join"]
        return sum(notify for room in joined for notify, _ in self.counts(room).values())

    def notifications(self, rooms: list[Room]) -> list[tuple[str, bool, bool]]:
        """Return (event, is read, is loud) of everything that notified them, newest first."""
        found = []
        for room in rooms:
            for happened in room.log:
                if self.is_concerned(happened):
                    notifies, loud = self.judge(happened)
                    if notifies:
                        found.append((happened.position, happened.id, self.has_read(happened), loud))
        return [(event, is_read, loud) for _, event, is_read, loud in sorted(found, reverse=True)]

    def _advance(self, room: str, thread: str, position: int) -> None:
        self.marks[room, thread] = max(position, self.marks.get((room, thread), 0))
