"""What stands in a digest: unread events by room, texts only of what is not encrypted."""

from collections.abc import Sequence
from string import Template

from veche.domain.accounts.letters import WaitingLetter
from veche.domain.events import ENCRYPTED, MEMBER, MESSAGE
from veche.domain.ids import RoomId
from veche.domain.notifications.digests import MOST_OF_ROOM, MOST_TOLD
from veche.domain.settings import Language
from veche.domain.timeline import Event, content_of
from veche.integrations.mail.composing import Block, Heading, Said, write
from veche.integrations.mail.phrases import PHRASES, Phrases
from veche.integrations.mail.records import Letter
from veche.queries.notifications import Notice
from veche.queries.notifications.digests import Unread


def digest_letter(waiting: WaitingLetter, unread: Unread, server: str, ending: str, now: int) -> Letter:
    """Write a digest; ``ending`` is the page that ends such letters."""
    count = len(unread.notices)
    shown = f"{count}+" if count == MOST_TOLD or unread.until < unread.head else str(count)
    values = {"server": server, "user": unread.pusher.key.user_id, "count": shown, "unsubscribe": ending}
    written = write("digest", waiting.language, values, blocks_of(unread.notices, waiting.language))
    number = f"{unread.pusher.set_ts:x}.{unread.head:x}.{waiting.created_ts:x}"
    return Letter(waiting.address, waiting.language, written.subject, written.text, written.html, number, now, ending)


def blocks_of(notices: Sequence[Notice], language: Language) -> list[Block]:
    """Return what there is to tell, room by room in the order of their first event."""
    phrases, blocks = PHRASES[language], list[Block]()
    rooms: dict[RoomId, list[Notice]] = {}
    for notice in notices:
        rooms.setdefault(notice.event.room_id, []).append(notice)
    for told in rooms.values():
        blocks.append(Heading(_name(told[0], phrases)))
        blocks += [Said(_sender(one), _said(one.event, phrases)) for one in told[:MOST_OF_ROOM]]
        if len(told) > MOST_OF_ROOM:
            blocks.append(Template(phrases.more).substitute(count=len(told) - MOST_OF_ROOM))
    return blocks


def _name(notice: Notice, phrases: Phrases) -> str:
    around = notice.around
    named = around.room_name or around.room_alias
    return named or Template(phrases.conversation).substitute(name=_sender(notice))


def _sender(notice: Notice) -> str:
    return notice.around.sender_name or notice.event.sender


def _said(event: Event, phrases: Phrases) -> str:
    if event.type == ENCRYPTED:
        return phrases.encrypted
    if event.type == MEMBER:
        return phrases.invited
    body = content_of(event).get("body") if event.type == MESSAGE else None
    return body if isinstance(body, str) and body.strip() else phrases.other
