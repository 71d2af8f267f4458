// Threads: writing into them, the list of a room's threads, and what is unread in each, as the SDK counts it.
import { Direction, MsgType, NotificationCountType, ThreadFilterType } from "matrix-js-sdk";

export const threadCommands = { send_in_thread, thread_list, known_threads, counts };

/** @typedef {import("./sessions.mjs").Device} Device */

/** Answers a message in its thread. @param {Device} device */
async function send_in_thread({ client }, { room, root, text }) {
  return (await client.sendMessage(room, root, { msgtype: MsgType.Text, body: text })).event_id;
}

/** The roots of a room's threads, the newest last: all, or those that this person took part in. */
async function thread_list({ client }, { room, mine }) {
  const which = mine ? ThreadFilterType.My : ThreadFilterType.All;
  const { chunk } = await client.createThreadListMessagesRequest(room, null, 50, Direction.Backward, which);
  return chunk.map((event) => event.event_id);
}

/** What the SDK shows of each thread of a room: how many answers, the newest, whether this person took part. */
async function known_threads({ client }, { room: id }) {
  const room = client.getRoom(id);
  await room.createThreadsTimelineSets();
  await room.fetchRoomThreads();
  return Object.fromEntries(
    room.getThreads().map((thread) => [
      thread.id,
      { answers: thread.length, newest: thread.replyToEvent?.getId() ?? null, is_mine: thread.hasCurrentUserParticipated },
    ]),
  );
}

/** How many messages are unread, and how many of them are for this person: in the room, and in each thread. */
function counts({ client }, { room: id }) {
  const room = client.getRoom(id);
  const both = (count) => [count(NotificationCountType.Total) ?? 0, count(NotificationCountType.Highlight) ?? 0];
  const threads = room.getThreads().map(({ id: root }) => [
    root,
    both((kind) => room.getThreadUnreadNotificationCount(root, kind)),
  ]);
  return { room: both((kind) => room.getRoomUnreadNotificationCount(kind)), threads: Object.fromEntries(threads) };
}
