"""mautrix as an ordinary client: it parses every answer into types of its own, and is refused what is malformed."""

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from mautrix.api import HTTPAPI
from mautrix.client import Client
from mautrix.errors import MForbidden, MNotFound
from mautrix.types import (
    EventType,
    Filter,
    Membership,
    MessageEvent,
    PaginationDirection,
    PresenceState,
    PushActionType,
    PushRuleKind,
    PushRuleScope,
    RoomCreatePreset,
    RoomDirectoryVisibility,
    RoomFilter,
    RoomID,
    RoomNameStateEventContent,
    RoomTagInfo,
    StateEvent,
    TextMessageEventContent,
    UserID,
)

from tests.clients.views import until


class Person:
    """Somebody with mautrix; ``heard`` are the messages that its syncing has handed over, ``seen`` other kinds."""

    def __init__(self, url: str, name: str) -> None:
        self.name = f"{name}-{secrets.token_hex(4)}"
        self.password = secrets.token_urlsafe(18)
        self.client = Client(api=HTTPAPI(url))
        self.heard: list[str] = []
        self.seen: set[str] = set()
        self.client.add_event_handler(EventType.ROOM_MESSAGE, self._hear)
        self.client.add_event_handler(EventType.ALL, self._see)

    @property
    def user(self) -> UserID:
        """The person's user id."""
        return self.client.mxid

    async def enter(self) -> None:
        """Make an account, sign in to it and begin to sync."""
        body = {"username": self.name, "password": self.password, "auth": {"type": "m.login.dummy"}}
        async with self.client.api.session.post(
            f"{self.client.api.base_url}/_matrix/client/v3/register", json={**body, "inhibit_login": True}
        ) as answer:
            assert answer.status == 200, await answer.text()
        await self.client.login(UserID(self.name), password=self.password, device_name="mautrix")
        self.client.start(Filter(room=RoomFilter(include_leave=True)))

    async def leave(self) -> None:
        """Stop syncing and free the sockets."""
        self.client.stop()
        await self.client.api.session.close()

    async def hears(self, text: str) -> None:
        """Wait until a message with that text has arrived."""

        async def heard() -> list[str]:
            return self.heard

        await until(heard, lambda texts: text in texts, f"{self.user} hears {text}")

    async def sees(self, kind: EventType) -> None:
        """Wait until an event of that type has arrived."""

        async def seen() -> set[str]:
            return self.seen

        await until(seen, lambda kinds: str(kind) in kinds, f"{self.user} sees {kind}")

    async def _hear(self, event: MessageEvent) -> None:
        self.heard.append(str(event.content.body))

    async def _see(self, event: StateEvent) -> None:
        self.seen.add(str(event.type))


@pytest.fixture
def people(homeserver: str, runner: asyncio.Runner) -> Iterator[tuple[Person, Person]]:
    """Two people who are signed in and sync."""
    exits = AsyncExitStack()

    async def enter(name: str) -> Person:
        person = Person(homeserver, name)
        exits.push_async_callback(person.leave)
        await person.enter()
        return person

    yield runner.run(enter("anna")), runner.run(enter("boris"))
    runner.run(exits.aclose())


async def shared_room(anna: Person, boris: Person) -> RoomID:
    """A private room in which both are."""
    room: RoomID = await anna.client.create_room(name="Tea", preset=RoomCreatePreset.PRIVATE, invitees=[boris.user])
    await boris.client.join_room(room)
    return room


async def test_talking(people: tuple[Person, Person]) -> None:
    anna, boris = people
    room = await shared_room(anna, boris)
    said = await anna.client.send_text(room, "hello", html="<b>hello</b>")
    await boris.hears("hello")
    await boris.client.set_typing(room, 5_000)
    await anna.sees(EventType.TYPING)
    await boris.client.send_receipt(room, said)
    await anna.sees(EventType.RECEIPT)
    await boris.client.set_fully_read_marker(room, said, read_receipt=said)
    reaction = await boris.client.react(room, said, "👍")
    await anna.sees(EventType.REACTION)
    await boris.client.redact(room, reaction, "a slip")
    await anna.sees(EventType.ROOM_REDACTION)
    edit = TextMessageEventContent(msgtype="m.text", body="good morning")
    edit.set_edit(said)
    await anna.client.send_message(room, edit)
    await boris.hears("good morning")
    event = await boris.client.get_event(room, said)
    assert (event.sender, event.content.body) == (anna.user, "hello")
    page = await boris.client.get_messages(room, PaginationDirection.BACKWARD, limit=3)
    assert [one.type for one in page.events] == [EventType.ROOM_MESSAGE, EventType.ROOM_REDACTION, EventType.REACTION]
    assert (await boris.client.get_event_context(room, said)).event.event_id == said


async def test_rooms_and_their_state(people: tuple[Person, Person]) -> None:
    anna, boris = people
    room = await shared_room(anna, boris)
    await anna.client.send_state_event(room, EventType.ROOM_NAME, RoomNameStateEventContent(name="Coffee"))
    assert (await boris.client.get_state_event(room, EventType.ROOM_NAME)).name == "Coffee"
    assert EventType.ROOM_CREATE in {event.type for event in await boris.client.get_state(room)}
    assert (await anna.client.get_joined_members(room)).keys() == {anna.user, boris.user}
    assert room in await boris.client.get_joined_rooms()
    alias = f"tea-{anna.name}"
    await anna.client.add_room_alias(room, alias)
    server = anna.user.partition(":")[2]
    assert (await boris.client.resolve_room_alias(f"#{alias}:{server}")).room_id == room
    await anna.client.remove_room_alias(alias)
    with pytest.raises(MNotFound):
        await boris.client.resolve_room_alias(f"#{alias}:{server}")
    await anna.client.set_room_directory_visibility(room, RoomDirectoryVisibility.PUBLIC)
    assert await boris.client.get_room_directory_visibility(room) == RoomDirectoryVisibility.PUBLIC
    assert room in [one.room_id for one in (await boris.client.get_room_directory(search_query="coffee")).chunk]
    with pytest.raises(MForbidden):
        await boris.client.kick_user(room, anna.user, "no")
    await anna.client.kick_user(room, boris.user, "out")
    await anna.client.ban_user(room, boris.user, "for good")
    left = await anna.client.get_members(room, membership=Membership.BAN)
    assert [event.state_key for event in left] == [boris.user]
    await anna.client.unban_user(room, boris.user)
    await anna.client.invite_user(room, boris.user, reason="back again")
    await boris.client.join_room_by_id(room)
    await boris.client.leave_room(room)
    await boris.client.forget_room(room)


async def test_profile_presence_and_files(people: tuple[Person, Person]) -> None:
    anna, boris = people
    await shared_room(anna, boris)
    assert (await anna.client.whoami()).user_id == anna.user
    versions = await anna.client.versions()
    assert versions.latest_version.major == 1
    file = await anna.client.upload_media(b"a file of anna's", "text/plain", "note.txt")
    assert await anna.client.download_media(file) == b"a file of anna's"
    later = await anna.client.upload_media(b"a later one", "text/plain", async_upload=True)
    assert await anna.client.download_media(later, timeout_ms=20_000) == b"a later one"
    assert (await anna.client.get_media_repo_config()).upload_size > 0
    await anna.client.set_displayname("Anna")
    await anna.client.set_avatar_url(file)
    profile = await boris.client.get_profile(anna.user)
    assert (profile.displayname, profile.avatar_url) == ("Anna", file)
    anna.client.stop()  # whoever syncs is online again
    await anna.client.set_presence(PresenceState.UNAVAILABLE, "at lunch")
    assert (await boris.client.get_presence(anna.user)).presence == PresenceState.UNAVAILABLE
    found = await boris.client.search_users("Anna")
    assert anna.user in [one.user_id for one in found.results]


async def test_account_data_tags_and_push_rules(people: tuple[Person, Person]) -> None:
    anna, boris = people
    room = await shared_room(anna, boris)
    await anna.client.set_account_data("org.veche.note", {"text": "mine"})
    assert (await anna.client.get_account_data("org.veche.note"))["text"] == "mine"
    await anna.client.set_room_tag(room, "u.tea", RoomTagInfo(order=0.5))
    assert (await anna.client.get_room_tag(room, "u.tea")).order == 0.5
    await anna.client.remove_room_tag(room, "u.tea")
    place = (PushRuleScope.GLOBAL, PushRuleKind.CONTENT, "tea")
    await anna.client.set_push_rule(*place, actions=[PushActionType.NOTIFY], pattern="tea")
    rule = await anna.client.get_push_rule(*place)
    assert (rule.pattern, rule.enabled) == ("tea", True)
    await anna.client.remove_push_rule(*place)
    with pytest.raises(MNotFound):
        await anna.client.get_push_rule(*place)
    flows = await anna.client.get_login_flows()
    assert "m.login.password" in [str(flow.type) for flow in flows.flows]
    await anna.client.logout()
