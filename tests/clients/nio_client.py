"""A person's device running an unmodified matrix-nio, with its end-to-end encryption stored in a folder of its own."""

import asyncio
import io
import ssl
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

import nio
from nio.api import RoomPreset
from nio.client.async_client import AsyncClient
from nio.crypto.attachments import decrypt_attachment
from nio.crypto.device import OlmDevice
from nio.crypto.sas import Sas

from tests.clients.attachments import Attachment, Received
from tests.clients.people import Account
from tests.clients.views import DEADLINE, Message, RoomView

Answer = TypeVar("Answer")
THUMBNAIL = (320, 240)
POLL = 30_000
"""Milliseconds of nio's long poll: longer than any wait of a test, so that a poll that is not woken fails the test."""


class NioClient:
    """One device. Keeps what nio hands to its callbacks, as every program on top of nio must."""

    def __init__(self, client: AsyncClient) -> None:
        self.nio = client
        self.user_id = str(client.user_id)
        self.device_id = str(client.device_id)
        self._events: list[tuple[str, nio.Event]] = []
        self._presences: dict[str, tuple[str | None, str | None]] = {}
        client.add_event_callback(self._remember, nio.Event)
        client.add_presence_callback(self._see, nio.PresenceEvent)
        self._syncing = asyncio.create_task(client.sync_forever(timeout=POLL))

    @classmethod
    async def register(cls, account: Account, store: Path) -> "NioClient":
        """A new account with its first device. nio sends the dummy stage at once, without asking for the stages."""
        trusted = ssl.create_default_context(cafile=account.authority) if account.authority else None
        client = AsyncClient(account.base_url, account.name, store_path=str(store), ssl=trusted)
        try:
            await expect(nio.RegisterResponse, client.register(account.name, account.password, "nio"))
        except BaseException:
            await client.close()
            raise
        return cls(client)

    async def create_room(self, invite: str) -> str:
        """A private encrypted room with one invited person."""
        encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        private = RoomPreset.private_chat
        wish = self.nio.room_create(name="nio", preset=private, invite=[invite], initial_state=[encryption])
        return str((await expect(nio.RoomCreateResponse, wish)).room_id)

    async def create_plain_room(self, invite: str) -> str:
        """A private room without encryption, with one invited person."""
        wish = self.nio.room_create(name="plain", preset=RoomPreset.private_chat, invite=[invite])
        return str((await expect(nio.RoomCreateResponse, wish)).room_id)

    async def join(self, room: str) -> None:
        """Accept an invitation."""
        await expect(nio.JoinResponse, self.nio.join(room))

    async def membership(self, room: str, user: str) -> str | None:
        """What nio knows of a user in a room; None also for those who left, whom nio forgets."""
        if room in self.nio.invited_rooms and user == self.user_id:
            return "invite"
        known = self.nio.rooms.get(room)
        if known is None or user not in known.users:
            return None
        return "invite" if user in known.invited_users else "join"

    async def devices_of(self, user: str) -> list[str]:
        """The ids of a user's devices that messages would be encrypted for."""
        return [device.id for device in self.nio.device_store.active_user_devices(user)]

    async def presence(self, user: str) -> tuple[str | None, str | None]:
        """What nio was told of how a user is doing."""
        return self._presences.get(user, (None, None))

    async def set_presence(self, state: str, text: str) -> None:
        """Say how one is doing."""
        await expect(nio.PresenceSetResponse, self.nio.set_presence(state, text))

    async def send_text(self, room: str, text: str) -> str:
        """Send a text message, encrypted."""
        return await self._send(room, "m.room.message", {"msgtype": "m.text", "body": text})

    async def edit(self, room: str, event: str, text: str) -> str:
        """Replace the text of an own message."""
        new = {"msgtype": "m.text", "body": text}
        relation = {"rel_type": "m.replace", "event_id": event}
        return await self._send(
            room, "m.room.message", {**new, "body": f"* {text}", "m.new_content": new, "m.relates_to": relation}
        )

    async def react(self, room: str, event: str, key: str) -> str:
        """Annotate a message; nio sends reactions in the clear."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return await self._send(room, "m.reaction", {"m.relates_to": relation})

    async def redact(self, room: str, event: str) -> str:
        """Take a message or a reaction back."""
        return str((await expect(nio.RoomRedactResponse, self.nio.room_redact(room, event))).event_id)

    async def mark_read(self, room: str, event: str) -> None:
        """Send a public read receipt; nio's stands in the main thread."""
        await expect(nio.UpdateReceiptMarkerResponse, self.nio.update_receipt_marker(room, event))

    async def set_typing(self, room: str, typing: bool) -> None:
        """Start or stop typing."""
        await expect(nio.RoomTypingResponse, self.nio.room_typing(room, typing))

    async def send_file(self, room: str, file: Attachment, *, encrypted: bool) -> str:
        """Upload a file and send it to a room."""
        info: dict[str, Any] = {"mimetype": file.content_type, "size": len(file.content)}
        if file.size:
            info["w"], info["h"] = file.size
        if encrypted and file.thumbnail:
            small = await self._upload(file.name, file.content_type, file.thumbnail, encrypted=True)
            info |= {"thumbnail_file": small["file"], "thumbnail_info": {"mimetype": file.content_type}}
        place = await self._upload(file.name, file.content_type, file.content, encrypted=encrypted)
        msgtype = "m.image" if file.size else "m.file"
        return await self._send(room, "m.room.message", {"msgtype": msgtype, "body": file.name, "info": info, **place})

    async def fetch_file(self, room: str, event: str) -> Received | None:
        """Fetch the file of an event and, of a picture, the thumbnail; None while the event has not arrived."""
        found = next((each for at, each in self._events if at == room and each.event_id == event), None)
        if not isinstance(found, nio.RoomMessageMedia | nio.RoomEncryptedMedia):
            return None
        content = found.source["content"]
        info, is_encrypted = content["info"], isinstance(found, nio.RoomEncryptedMedia)
        if is_encrypted:
            body = await self._decrypted(content["file"])
            small = await self._decrypted(info["thumbnail_file"]) if "thumbnail_file" in info else None
        else:
            body = (await expect(nio.DownloadResponse, self.nio.download(content["url"]))).body
            small = await self._thumbnail(content["url"]) if content["msgtype"] == "m.image" else None
        return Received(content["body"], info["mimetype"], body, is_encrypted, small)

    async def look(self, room: str) -> RoomView:
        """Everything this device would show of a room now; nio leaves aggregating relations to its users."""
        events = [event for at, event in self._events if at == room]
        known = self.nio.rooms.get(room)
        return RoomView(
            messages=[_describe(event, events) for event in events if _is_message(event)],
            read_up_to={user: _read_up_to(known, user) for user in known.users} if known else {},
            typing=list(known.typing_users) if known else [],
        )

    async def start_sas(self, user: str, device: str) -> None:
        """Ask another device for a verification with short authentication strings, by to-device messages."""
        await expect(nio.ToDeviceResponse, self.nio.start_key_verification(self._device(user, device)))

    async def accept_sas(self) -> None:
        """Go along with the verification that another device started."""
        await expect(nio.ToDeviceResponse, self.nio.accept_key_verification(self._sas().transaction_id))

    async def confirm_sas(self) -> None:
        """Say that the emoji on both screens are the same."""
        await expect(nio.ToDeviceResponse, self.nio.confirm_short_auth_string(self._sas().transaction_id))

    async def has_sas(self) -> bool:
        """Whether a verification has begun."""
        return bool(self.nio.key_verifications)

    async def emoji(self) -> list[tuple[str, str]] | None:
        """The emoji to compare, None until both sides have exchanged their keys."""
        return self._sas().get_emoji() if self._sas().established_sas else None

    async def device_is_verified(self, user: str, device: str) -> bool:
        """Whether messages of that device count as verified here."""
        return bool(self._device(user, device).verified)

    async def close(self) -> None:
        """Stop syncing and free the sockets."""
        self._syncing.cancel()
        await asyncio.gather(self._syncing, return_exceptions=True)
        await self.nio.close()

    async def _remember(self, room: nio.MatrixRoom, event: nio.Event) -> None:
        self._events.append((room.room_id, event))

    async def _see(self, event: nio.PresenceEvent) -> None:
        self._presences[event.user_id] = (event.presence, event.status_msg)

    async def _send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        sending = self.nio.room_send(room, kind, content, ignore_unverified_devices=True)
        return str((await expect(nio.RoomSendResponse, sending)).event_id)

    async def _upload(self, name: str, kind: str, content: bytes, *, encrypted: bool) -> dict[str, Any]:
        """What becomes of an upload: ``url`` of a plain file, ``file`` of an encrypted one."""
        size = len(content)
        sending = self.nio.upload(io.BytesIO(content), kind, None if encrypted else name, encrypted, filesize=size)
        async with asyncio.timeout(DEADLINE):
            answer, keys = await sending
        assert isinstance(answer, nio.UploadResponse), answer
        return {"url": answer.content_uri} if keys is None else {"file": {**keys, "url": answer.content_uri}}

    async def _thumbnail(self, url: str) -> bytes:
        server, _, name = url.removeprefix("mxc://").partition("/")
        asked = self.nio.thumbnail(server, name, *THUMBNAIL, nio.ResizingMethod.scale)
        return bytes((await expect(nio.ThumbnailResponse, asked)).body)

    async def _decrypted(self, file: dict[str, Any]) -> bytes:
        got = await expect(nio.DownloadResponse, self.nio.download(file["url"]))
        return bytes(decrypt_attachment(got.body, file["key"]["k"], file["hashes"]["sha256"], file["iv"]))

    def _device(self, user: str, device: str) -> OlmDevice:
        known: OlmDevice = self.nio.device_store[user][device]
        return known

    def _sas(self) -> Sas:
        only: Sas
        (only,) = self.nio.key_verifications.values()
        return only


async def expect(kind: type[Answer], request: Awaitable[object]) -> Answer:
    """Await a request of nio, which returns errors instead of raising them, and repeats some requests for ever."""
    async with asyncio.timeout(DEADLINE):
        answer = await request
    assert isinstance(answer, kind), answer
    return answer


def _is_message(event: nio.Event) -> bool:
    is_text = isinstance(event, nio.RoomMessageText | nio.MegolmEvent | nio.RedactedEvent)
    return is_text and _relation(event).get("rel_type") != "m.replace"


def _describe(event: nio.Event, events: list[nio.Event]) -> Message:
    """One message, with what later events say about it."""
    taken_back = {later.redacts for later in events if isinstance(later, nio.RedactionEvent)}
    is_redacted = isinstance(event, nio.RedactedEvent) or event.event_id in taken_back
    edits = [later for later in events if _replaces(event, later) and later.event_id not in taken_back]
    return Message(
        event_id=event.event_id,
        sender=event.sender,
        text=None if is_redacted else _text(edits[-1] if edits else event),
        is_encrypted=event.decrypted or isinstance(event, nio.MegolmEvent),
        is_edited=bool(edits),
        is_redacted=is_redacted,
        reactions=_reactions(event, [later for later in events if later.event_id not in taken_back]),
    )


def _replaces(event: nio.Event, later: nio.Event) -> bool:
    """Only the sender may replace a message, and only by another message."""
    relation = _relation(later)
    is_edit = relation.get("rel_type") == "m.replace" and isinstance(later, nio.RoomMessageText)
    return is_edit and relation.get("event_id") == event.event_id and later.sender == event.sender


def _reactions(event: nio.Event, events: list[nio.Event]) -> dict[str, list[str]]:
    reactions: dict[str, list[str]] = {}
    for later in events:
        if isinstance(later, nio.ReactionEvent) and later.reacts_to == event.event_id:
            reactions.setdefault(later.key, []).append(later.sender)
    return reactions


def _text(event: nio.Event) -> str | None:
    content = event.source["content"]
    shown = content.get("m.new_content", content)
    return shown.get("body") if isinstance(event, nio.RoomMessageText) else None


def _relation(event: nio.Event) -> dict[str, Any]:
    relation: dict[str, Any] = event.source.get("content", {}).get("m.relates_to", {})
    return relation


def _read_up_to(room: nio.MatrixRoom, user: str) -> str | None:
    """The user's read receipt of the main thread, else the unthreaded one."""
    receipt = room.threaded_read_receipts.get(user, {}).get("main") or room.read_receipts.get(user)
    return receipt.event_id if receipt else None
