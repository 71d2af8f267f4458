"""Every call that matrix-nio can send to a server, subject by subject, each answered as nio expects it."""

import asyncio
import inspect
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import nio
from aiohttp import ClientResponse
from nio.api import EventFormat, PushRuleKind, ReceiptType, RoomPreset, RoomVisibility
from nio.client.async_client import AsyncClient
from nio.events.account_data import PushNotify
from nio.events.room_events import MegolmEvent

from tests.clients.people import Account
from tests.clients.views import DEADLINE
from tests.integrations.pictures import corners, encoded

Answer = TypeVar("Answer")

LOCAL = {
    **dict.fromkeys(
        (
            *("add_ephemeral_callback", "add_event_callback", "add_global_account_data_callback"),
            *("add_presence_callback", "add_response_callback", "add_room_account_data_callback"),
            *("add_to_device_callback", "run_response_callbacks", "receive_response"),
        ),
        "hands what was received to callbacks",
    ),
    **dict.fromkeys(
        (
            *("blacklist_device", "unblacklist_device", "ignore_device", "unignore_device", "verify_device"),
            *("unverify_device", "cancel_key_share", "continue_key_share", "decrypt_event", "encrypt"),
            *("export_keys", "import_keys", "load_store", "invalidate_outbound_session", "room_devices"),
            *("get_active_key_requests", "get_active_sas", "get_missing_sessions", "get_users_for_key_claiming"),
            *("room_contains_unverified", "create_key_verification", "confirm_key_verification"),
        ),
        "looks into nio's own store of keys",
    ),
    **dict.fromkeys(
        ("close", "create_matrix_response", "parse_body", "get_timeout_retry_wait_time", "stop_sync_forever"),
        "belongs to nio's own connection",
    ),
    "restore_login": "remembers a token",
    "mxc_to_http": "puts an address together",
}
"""What sends nothing to the server, with what it does instead."""

ELSEWHERE = {
    **dict.fromkeys(
        ("accept_key_verification", "confirm_short_auth_string", "sync_forever"),
        "test_nio_verification",
    ),
    "register_with_token": "test_nio_calls, and it fails: nio expects that servers ask for a dummy stage behind the"
    " token, which the specification leaves to them",
}
"""What other tests call."""


class Caller:
    """One device of a person with nio; ``called`` names what has been called, for all devices together."""

    def __init__(self, account: Account, called: set[str], exits: AsyncExitStack, store: Path | None = None) -> None:
        self.nio = AsyncClient(account.base_url, account.name, store_path=str(store or ""))
        self.account = account
        self.called = called
        self._exits = exits
        exits.push_async_callback(self.nio.close)

    def again(self, name: str = "") -> "Caller":
        """The same person, or with a name somebody with the same password, on a device without a session."""
        account = msgspec.structs.replace(self.account, name=name or self.account.name)
        return Caller(account, self.called, self._exits)

    @property
    def user(self) -> str:
        """The person's user id."""
        return str(self.nio.user_id)

    async def expect(self, kind: type[Answer], name: str, /, *given: Any, **more: Any) -> Answer:
        """Call one method and return its answer, which has to be of that kind: nio returns errors."""
        self.called.add(name)
        async with asyncio.timeout(DEADLINE):
            answer = await getattr(self.nio, name)(*given, **more)
        assert isinstance(answer, kind), f"{name}: {answer}"
        assert not isinstance(answer, nio.ErrorResponse), f"{name}: {answer}"
        return answer

    async def gather(self, name: str, /, *given: Any, **more: Any) -> list[Any]:
        """Call one method that pages by itself, and return all that it finds."""
        self.called.add(name)
        found: AsyncIterator[Any] = getattr(self.nio, name)(*given, **more)
        async with asyncio.timeout(DEADLINE):
            return [one async for one in found]

    async def say(self, room: str, body: str, **more: Any) -> str:
        """Send a text."""
        content = {"msgtype": "m.text", "body": body, **more}
        asked = (room, "m.room.message", content)
        sent = await self.expect(nio.RoomSendResponse, "room_send", *asked, ignore_unverified_devices=True)
        return str(sent.event_id)


def public_calls() -> set[str]:
    """Return the names of all public methods of nio's client."""
    return {name for name, _ in inspect.getmembers(AsyncClient, callable) if not name.startswith("_")}


async def profile(anna: Caller, boris: Caller, room: str) -> None:
    """Who people are, and how they do."""
    await anna.expect(nio.ProfileSetDisplayNameResponse, "set_displayname", "Anna")
    picture = encoded(corners(8, 8), "PNG")
    file = (io.BytesIO(picture), "image/png", "anna.png")
    uploaded, _ = await anna.expect(tuple, "upload", *file, filesize=len(picture))
    assert isinstance(uploaded, nio.UploadResponse), uploaded
    await anna.expect(nio.ProfileSetAvatarResponse, "set_avatar", uploaded.content_uri)
    assert (await boris.expect(nio.ProfileGetResponse, "get_profile", anna.user)).displayname == "Anna"
    assert (await boris.expect(nio.ProfileGetDisplayNameResponse, "get_displayname", anna.user)).displayname == "Anna"
    avatar = await boris.expect(nio.ProfileGetAvatarResponse, "get_avatar", anna.user)
    assert avatar.avatar_url == uploaded.content_uri
    await anna.expect(nio.PresenceSetResponse, "set_presence", "online", "here")
    assert (await boris.expect(nio.PresenceGetResponse, "get_presence", anna.user)).status_msg == "here"
    await anna.expect(nio.ContentRepositoryConfigResponse, "content_repository_config")
    assert (await anna.expect(nio.DownloadResponse, "download", uploaded.content_uri)).body == picture
    server, _, name = uploaded.content_uri.removeprefix("mxc://").partition("/")
    await anna.expect(nio.ThumbnailResponse, "thumbnail", server, name, 4, 4)


async def discovery(anna: Caller, boris: Caller, room: str) -> None:
    """What a client asks first, and who it is."""
    await anna.expect(nio.DiscoveryInfoResponse, "discovery_info")
    assert "m.login.password" in (await anna.expect(nio.LoginInfoResponse, "login_info")).flows
    assert (await anna.expect(nio.WhoamiResponse, "whoami")).user_id == anna.user
    assert (await anna.expect(nio.GetOpenIDTokenResponse, "get_openid_token", anna.user)).expires_in == 3600
    wish = {"event_format": EventFormat.client, "room": {"timeline": {"limit": 5}}}
    filter_id = (await anna.expect(nio.UploadFilterResponse, "upload_filter", **wish)).filter_id
    await anna.expect(nio.SyncResponse, "sync", 0, filter_id)
    path, body = f"/_matrix/client/v3/user/{anna.user}/account_data/m.direct", {boris.user: [room]}
    headers = {"Authorization": f"Bearer {anna.nio.access_token}", "Content-Type": "application/json"}
    assert (await anna.expect(ClientResponse, "send", "PUT", path, json.dumps(body), headers)).status == 200
    assert (await anna.expect(nio.DirectRoomsResponse, "list_direct_rooms")).rooms == {boris.user: [room]}


async def timeline(anna: Caller, boris: Caller, room: str) -> None:
    """What is said and read."""
    root = await anna.say(room, "first")
    reply = await boris.say(room, "second", **{"m.relates_to": {"rel_type": "m.thread", "event_id": root}})
    assert (await boris.expect(nio.RoomGetEventResponse, "room_get_event", room, root)).event.body == "first"
    context = await boris.expect(nio.RoomContextResponse, "room_context", room, root, 4)
    assert context.event.event_id == root
    page = await boris.expect(nio.RoomMessagesResponse, "room_messages", room, limit=2)
    assert [event.event_id for event in page.chunk] == [reply, root]
    assert [event.event_id for event in await boris.gather("room_get_event_relations", room, root)] == [reply]
    assert [event.event_id for event in await boris.gather("room_get_threads", room)] == [root]
    await anna.expect(nio.RoomTypingResponse, "room_typing", room)
    for kind in (ReceiptType.read, ReceiptType.read_private):
        await anna.expect(nio.UpdateReceiptMarkerResponse, "update_receipt_marker", room, root, kind)
    await anna.expect(nio.RoomReadMarkersResponse, "room_read_markers", room, reply, reply, reply)
    await boris.expect(nio.RoomRedactResponse, "room_redact", room, reply, "a slip")


async def state(anna: Caller, boris: Caller, room: str) -> None:
    """What a room is, and what people may do in it."""
    await anna.expect(nio.RoomPutStateResponse, "room_put_state", room, "m.room.name", {"name": "Tea"})
    await anna.expect(nio.RoomPutStateResponse, "update_room_topic", room, "Black or green")
    assert (await boris.expect(nio.RoomGetStateResponse, "room_get_state", room)).events
    name = await boris.expect(nio.RoomGetStateEventResponse, "room_get_state_event", room, "m.room.name")
    assert name.content == {"name": "Tea"}
    assert not await boris.expect(bool, "has_permission", room, "ban")
    assert await boris.expect(bool, "has_event_permission", room, "m.room.message")


async def membership(anna: Caller, boris: Caller, room: str) -> None:
    """Who comes and goes."""
    found = await boris.expect(nio.JoinedMembersResponse, "joined_members", room)
    assert {member.user_id for member in found.members} == {anna.user, boris.user}
    assert room in (await boris.expect(nio.JoinedRoomsResponse, "joined_rooms")).rooms
    await anna.expect(nio.RoomKickResponse, "room_kick", room, boris.user, "out")
    await anna.expect(nio.RoomPutStateResponse, "room_enable_knocking", room)
    await boris.expect(nio.RoomKnockResponse, "room_knock", room, "let me in")
    await anna.expect(nio.RoomInviteResponse, "room_invite", room, boris.user)
    await boris.expect(nio.JoinResponse, "join", room)
    await boris.expect(nio.RoomLeaveResponse, "room_leave", room)
    await boris.expect(nio.RoomForgetResponse, "room_forget", room)
    await anna.expect(nio.RoomBanResponse, "room_ban", room, boris.user, "for good")
    await anna.expect(nio.RoomUnbanResponse, "room_unban", room, boris.user)


async def directory(anna: Caller, boris: Caller, room: str) -> None:
    """Aliases, public rooms, a space and its rooms, a room's successor."""
    server = anna.user.partition(":")[2]
    alias, other = (f"#{anna.account.name}-{what}:{server}" for what in ("one", "two"))
    wish = {"visibility": RoomVisibility.public, "name": "Hall", "preset": RoomPreset.public_chat}
    hall = (await anna.expect(nio.RoomCreateResponse, "room_create", **wish)).room_id
    await anna.expect(nio.RoomPutAliasResponse, "room_put_alias", alias, hall)
    assert (await boris.expect(nio.RoomResolveAliasResponse, "room_resolve_alias", alias)).room_id == hall
    await anna.expect(nio.RoomDeleteAliasResponse, "room_delete_alias", alias)
    await anna.expect(nio.responses.RoomUpdateAliasResponse, "room_update_aliases", hall, alias, [other])
    assert (await boris.expect(nio.RoomGetVisibilityResponse, "room_get_visibility", hall)).visibility == "public"
    for more in ({}, {"filter_generic_search_term": "hall"}):
        listed = await boris.expect(nio.responses.PublicRoomsResponse, "list_public_rooms", **more)
        assert hall in [one.room_id for one in listed.public_rooms]
    space = (await anna.expect(nio.RoomCreateResponse, "room_create", name="House", space=True)).room_id
    child = {"via": [server]}
    await anna.expect(nio.RoomPutStateResponse, "room_put_state", space, "m.space.child", child, hall)
    found = await anna.expect(nio.SpaceGetHierarchyResponse, "space_get_hierarchy", space)
    assert [one["room_id"] for one in found.rooms] == [space, hall]
    upgraded = await anna.expect(nio.responses.RoomUpgradeResponse, "room_upgrade", hall, "11")
    assert (await boris.expect(nio.RoomResolveAliasResponse, "room_resolve_alias", alias)).room_id == upgraded.room_id


async def push_rules(anna: Caller, boris: Caller, room: str) -> None:
    """What people are told of."""
    place = ("global", PushRuleKind.content, "tea")
    await anna.expect(nio.SetPushRuleResponse, "set_pushrule", *place, actions=[PushNotify()], pattern="tea")
    await anna.expect(nio.EnablePushRuleResponse, "enable_pushrule", *place, False)
    await anna.expect(nio.SetPushRuleActionsResponse, "set_pushrule_actions", *place, [])
    await anna.expect(nio.DeletePushRuleResponse, "delete_pushrule", *place)


async def encryption(anna: Caller, boris: Caller, room: str) -> None:
    """Keys, and messages to devices."""
    for person in (anna, boris):
        await person.expect(nio.KeysUploadResponse, "keys_upload")
    wish = {"invite": [boris.user], "initial_state": [_ENCRYPTION]}
    secret = (await anna.expect(nio.RoomCreateResponse, "room_create", **wish)).room_id
    await boris.expect(nio.JoinResponse, "join", secret)
    for person in (anna, boris):
        await person.expect(nio.SyncResponse, "sync", 0, full_state=True)
        await person.expect(nio.KeysQueryResponse, "keys_query")
    await anna.expect(nio.KeysClaimResponse, "keys_claim", anna.nio.get_missing_sessions(secret))
    await anna.expect(nio.ShareGroupSessionResponse, "share_group_session", secret, ignore_unverified_devices=True)
    said = await anna.say(secret, "sealed")
    read = (await boris.expect(nio.RoomGetEventResponse, "room_get_event", secret, said)).event
    assert isinstance(read, MegolmEvent), "nothing decrypts an event that is fetched alone"
    await boris.expect(nio.RoomKeyRequestResponse, "request_room_key", read)
    [device] = anna.nio.device_store.active_user_devices(boris.user)
    message = nio.ToDeviceMessage("org.veche.hello", boris.user, device.id, {"text": "hello"})
    await anna.expect(nio.ToDeviceResponse, "to_device", message)
    [known] = [anna.nio.device_store[boris.user][device.id]]
    await anna.expect(nio.ToDeviceResponse, "start_key_verification", known)
    await anna.expect(nio.ToDeviceResponse, "cancel_key_verification", *anna.nio.key_verifications)
    assert await anna.expect(list, "send_to_device_messages") == []


async def devices(anna: Caller, boris: Caller, room: str) -> None:
    """Devices and sessions; the last to be called, as it ends them."""
    proof = {"type": "m.login.password", "user": anna.user, "password": anna.account.password}
    second, third = anna.again(), anna.again()
    await second.expect(nio.LoginResponse, "login", anna.account.password, "second")
    raw = {**proof, "identifier": {"type": "m.id.user", "user": anna.user}, "device_id": "THIRD"}
    await third.expect(nio.LoginResponse, "login_raw", raw)
    await anna.expect(nio.UpdateDeviceResponse, "update_device", "THIRD", {"display_name": "tablet"})
    found = await anna.expect(nio.DevicesResponse, "devices")
    assert {"second", "tablet"} <= {device.display_name for device in found.devices}
    asked = await anna.expect(nio.DeleteDevicesAuthResponse, "delete_devices", ["THIRD"])
    await anna.expect(nio.DeleteDevicesResponse, "delete_devices", ["THIRD"], {**proof, "session": asked.session})
    await second.expect(nio.LogoutResponse, "logout")
    await anna.expect(nio.LogoutResponse, "logout", all_devices=True)


async def registering(anna: Caller, boris: Caller, room: str) -> None:
    """Asking what it takes to make an account."""
    other = anna.again(f"{anna.account.name}-more")
    given = (other.account.name, other.account.password, {"initial_device_display_name": "nio"})
    await other.expect(nio.responses.RegisterInteractiveResponse, "register_interactive", *given)


Chapter = Callable[[Caller, Caller, str], Any]
CHAPTERS: tuple[Chapter, ...] = (
    *(discovery, profile, timeline, state, membership, directory, push_rules, encryption, registering, devices),
)
_ENCRYPTION = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
