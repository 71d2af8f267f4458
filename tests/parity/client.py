"""A client as the specification describes it: it holds what each sync adds, and fills gaps from ``/messages``."""

import json
from typing import Any

import msgspec

from tests.stage.people import Person

MEMBER = "m.room.member"
Event = dict[str, Any]
Answer = dict[str, Any]
Pieces = dict[tuple[str, str], Event]


class Differs(AssertionError):
    """What a client holds is not what is true."""


class Shape(msgspec.Struct, frozen=True):
    """How a client syncs: its filter in parts, the mode of state, and how large its pages of history are."""

    limit: int | None = None
    lazy: bool = False
    redundant: bool = False
    by_thread: bool = False
    after: bool = False
    timeline: dict[str, Any] = {}
    state: dict[str, Any] = {}
    ephemeral: dict[str, Any] = {}
    account_data: dict[str, Any] = {}
    rooms: dict[str, Any] = {}
    presence: dict[str, Any] = {}
    page: int = 7
    pages_to_token: bool = False

    def without_room(self, room: str) -> "Shape":
        """The same shape for a client that wants nothing of one room."""
        return msgspec.structs.replace(self, rooms={"not_rooms": [room]})

    @property
    def timeline_filter(self) -> dict[str, Any]:
        """The filter of the timeline, which is also that of the pages that fill its gaps."""
        limit = {} if self.limit is None else {"limit": self.limit}
        return {**self.timeline, **limit, "unread_thread_notifications": self.by_thread}

    @property
    def filter(self) -> dict[str, Any]:
        """The whole filter."""
        members = {"lazy_load_members": self.lazy, "include_redundant_members": self.redundant}
        return {
            "account_data": self.account_data,
            "presence": self.presence,
            "room": {
                **self.rooms,
                "timeline": self.timeline_filter,
                "state": {**self.state, **members},
                "ephemeral": self.ephemeral,
                "account_data": self.account_data,
            },
        }


class RoomView:
    """One room as a client holds it. ``counts`` are (notify, highlight, the same by thread)."""

    def __init__(self) -> None:
        self.membership = "leave"
        self.log: list[Event] = []
        self.state: Pieces = {}
        self.receipts: dict[tuple[str, str, str | None], str] = {}
        self.data: dict[str, Any] = {}
        self.counts: tuple[int, int, dict[str, tuple[int, int]]] = (0, 0, {})
        self.summary: dict[str, Any] = {}

    def begin_anew(self) -> None:
        """Let go of what was held before a new membership: the server tells everything again."""
        self.log = []
        self.state = {}

    def take_state(self, told: Answer, *, after: bool) -> None:
        """Take the state an answer tells; without ``after`` the state events of the timeline come on top."""
        name, other = ("state_after", "state") if after else ("state", "state_after")
        if other in told:
            raise Differs(f"{other} was not asked for")
        events = list(told.get(name, {}).get("events", []))
        if not after:
            events += [event for event in told["timeline"]["events"] if "state_key" in event]
        self.state.update({(event["type"], event["state_key"]): event for event in events})

    def take_news(self, told: Answer) -> None:
        """Take receipts, account data, counts and summary of a joined room."""
        for event in told.get("ephemeral", {}).get("events", []):
            if event["type"] == "m.receipt":
                self.receipts.update(_receipts(event["content"]))
        for event in told.get("account_data", {}).get("events", []):
            self.data[event["type"]] = event["content"]
        self.summary.update(told.get("summary", {}))
        by_thread = told.get("unread_thread_notifications", {})
        self.counts = (*_counts(told["unread_notifications"]), {root: _counts(one) for root, one in by_thread.items()})


class Client:
    """One person's client on one device."""

    def __init__(self, person: Person, shape: Shape) -> None:
        self.person = person
        self.shape = shape
        self.token: str | None = None
        self.rooms: dict[str, RoomView] = {}
        self.data: dict[str, Any] = {}

    @property
    def user(self) -> str:
        """Whose client it is."""
        return self.person.user

    def forget_everything(self) -> None:
        """Begin like a fresh client on the same device."""
        self.token, self.rooms, self.data = None, {}, {}

    async def ask(self, *, full_state: bool = False) -> Answer:
        """Ask for news; nothing is held of the answer yet, as if it were lost on its way."""
        answer = await self.person.get(
            "/sync",
            since=self.token,
            timeout=0,
            filter=json.dumps(self.shape.filter),
            use_state_after=json.dumps(self.shape.after),
            full_state="true" if full_state else None,
        )
        found: Answer = answer.ok()
        return found

    async def take(self, answer: Answer, renewed: set[str]) -> None:
        """Hold what an answer adds. In ``renewed`` rooms the membership began anew since the token."""
        for event in answer.get("account_data", {}).get("events", []):
            self.data[event["type"]] = event["content"]
        rooms = answer.get("rooms", {})
        for kind in ("invite", "knock"):
            for room in rooms.get(kind, {}):
                self.view(room).membership = kind
        for room, told in rooms.get("leave", {}).items():
            await self._take_room(room, told, is_new=room in renewed)
            self.view(room).membership = "leave"
        for room, told in rooms.get("join", {}).items():
            await self._take_room(room, told, is_new=self.token is None or room in renewed)
            self.view(room).membership = "join"
            self.view(room).take_news(told)
        self.token = answer["next_batch"]

    def view(self, room: str) -> RoomView:
        """The room as it is held."""
        return self.rooms.setdefault(room, RoomView())

    async def _take_room(self, room: str, told: Answer, *, is_new: bool) -> None:
        view, timeline = self.view(room), told["timeline"]
        if is_new:
            view.begin_anew()
        missed = await self._missed(room, view, timeline, is_new=is_new) if timeline["limited"] else []
        view.log += missed + timeline["events"]
        view.take_state(told, after=self.shape.after)
        _refuse_repetitions(view.log)
        if self.shape.lazy and (is_new or view.membership == "join"):
            self._look_for_unknown(set(view.state), timeline["events"])
        if self.shape.lazy and is_new and not self.shape.state and (MEMBER, self.user) not in view.state:
            raise Differs(f"{self.user} is not told their own membership of {room}")

    async def _missed(self, room: str, view: RoomView, timeline: Answer, *, is_new: bool) -> list[Event]:
        """Page back from a gap to what is held already, or to the beginning; return the events oldest first."""
        held = {event["event_id"] for event in view.log}
        found: list[Event] = []
        start: str | None = timeline["prev_batch"]
        stop = self.token if self.shape.pages_to_token and not is_new else None
        while start is not None:
            page = await self._page(room, start, stop)
            start = page.get("end")
            new = [event for event in page["chunk"] if event["event_id"] not in held]
            found += new
            if len(new) < len(page["chunk"]):
                if stop is not None:
                    raise Differs("a page goes beyond its end")
                break
            if self.shape.lazy:
                told = {(event["type"], event["state_key"]) for event in page.get("state", [])}
                self._look_for_unknown(told, new)
        return found[::-1]

    async def _page(self, room: str, start: str, stop: str | None) -> Answer:
        shape = self.shape
        wanted = json.dumps({**shape.timeline, "lazy_load_members": shape.lazy})
        query = {"from": start, "to": stop, "dir": "b", "limit": shape.page, "filter": wanted}
        found: Answer = (await self.person.get(f"/rooms/{room}/messages", **query)).ok()
        return found

    def _look_for_unknown(self, told: set[tuple[str, str]], events: list[Event]) -> None:
        """A client that loads members lazily must know everybody whose events it shows; a page tells them anew."""
        if self.shape.state:
            return
        for event in events:
            if (MEMBER, event["sender"]) not in told and not _is_their_own(event):
                raise Differs(f"{self.user} does not know {event['sender']}, who wrote {event}")


def _is_their_own(event: Event) -> bool:
    return event["type"] == MEMBER and bool(event.get("state_key") == event["sender"])


def _receipts(content: Answer) -> dict[tuple[str, str, str | None], str]:
    return {
        (user, kind, said.get("thread_id")): event
        for event, kinds in content.items()
        for kind, users in kinds.items()
        for user, said in users.items()
    }


def _counts(told: Answer) -> tuple[int, int]:
    return told["notification_count"], told["highlight_count"]


def _refuse_repetitions(log: list[Event]) -> None:
    ids = [event["event_id"] for event in log]
    if len(ids) != len(set(ids)):
        raise Differs("an event was told twice")
