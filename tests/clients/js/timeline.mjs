// What people do with messages, and what they see of them on this device.
import { EventType, MsgType, RelationType } from "matrix-js-sdk";

export const timelineCommands = { send_text, edit, react, redact, mark_read, set_typing, scroll_back, look };

/** @typedef {import("./sessions.mjs").Device} Device */

/** @param {Device} device */
async function send_text({ client }, { room, text }) {
  return (await client.sendTextMessage(room, text)).event_id;
}

/** @param {Device} device */
async function edit({ client }, { room, event, text }) {
  const content = { msgtype: MsgType.Text, body: text };
  const relation = { rel_type: RelationType.Replace, event_id: event };
  const replacement = { msgtype: MsgType.Text, body: `* ${text}`, "m.new_content": content, "m.relates_to": relation };
  return (await client.sendMessage(room, replacement)).event_id;
}

/** @param {Device} device */
async function react({ client }, { room, event, key }) {
  const relation = { rel_type: RelationType.Annotation, event_id: event, key };
  return (await client.sendEvent(room, EventType.Reaction, { "m.relates_to": relation })).event_id;
}

/** @param {Device} device */
async function redact({ client }, { room, event }) {
  return (await client.redactEvent(room, event)).event_id;
}

/** @param {Device} device */
async function mark_read({ client }, { room, event }) {
  await client.sendReadReceipt(client.getRoom(room).findEventById(event));
}

/** @param {Device} device */
async function set_typing({ client }, { room, typing }) {
  await client.sendTyping(room, typing, 30_000);
}

/** Loads older messages; answers whether the beginning of the room is reached. @param {Device} device */
async function scroll_back({ client }, { room: id, limit }) {
  const room = client.getRoom(id);
  await client.scrollback(room, limit);
  return room.oldState.paginationToken === null;
}

/** Everything this device would show of a room now. @param {Device} device */
function look({ client }, { room: id }) {
  const room = client.getRoom(id);
  const messages = room.getLiveTimeline().getEvents().filter(isMessage);
  return {
    messages: messages.map((event) => describe(room, event)),
    read_up_to: Object.fromEntries(room.getJoinedMembers().map(({ userId }) => [userId, readUpTo(room, userId)])),
    typing: room.getJoinedMembers().filter((member) => member.typing).map((member) => member.userId),
  };
}

/** @param {import("matrix-js-sdk").MatrixEvent} event */
function isMessage(event) {
  const isText = [EventType.RoomMessage, EventType.RoomMessageEncrypted].includes(event.getType());
  return isText && !event.isRelation(RelationType.Replace);
}

/**
 * @param {import("matrix-js-sdk").Room} room
 * @param {import("matrix-js-sdk").MatrixEvent} event
 */
function describe(room, event) {
  return {
    event_id: event.getId(),
    sender: event.getSender(),
    text: event.isDecryptionFailure() ? null : (event.getContent().body ?? null),
    is_encrypted: event.isEncrypted(),
    is_edited: event.replacingEvent() !== null,
    is_redacted: event.isRedacted(),
    reactions: reactionsTo(room, event),
  };
}

/** Who reacted with what: key → user ids. */
function reactionsTo(room, event) {
  const relations = room.relations.getChildEventsForEvent(
    event.getId(),
    RelationType.Annotation,
    EventType.Reaction,
  );
  // A key whose reactions were all taken back stays there, with nobody in it.
  const byKey = (relations?.getSortedAnnotationsByKey() ?? []).filter(([, events]) => events.size > 0);
  return Object.fromEntries(byKey.map(([key, events]) => [key, [...events].map((reaction) => reaction.getSender())]));
}

/** The event a user's own read receipt stands at; receipts that the SDK infers from sending do not count. */
function readUpTo(room, userId) {
  return room.getReadReceiptForUserId(userId, true)?.eventId ?? null;
}
