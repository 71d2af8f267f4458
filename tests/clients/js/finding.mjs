// Finding messages, rooms and people: search, spaces, the directories, and rooms that are read without joining.
import { EventType, Preset, RoomType, Visibility } from "matrix-js-sdk";
import { RoomHierarchy } from "matrix-js-sdk/lib/room-hierarchy.js";

export const findingCommands = {
  search,
  create_space,
  add_child,
  hierarchy,
  create_public_room,
  public_rooms,
  find_people,
  summary,
  peek,
};

/** @typedef {import("./sessions.mjs").Device} Device */

/** Searches messages, reading page after page; answers their ids in the order found, and how many there are. */
async function search({ client }, { term, rooms }) {
  let found = await client.searchRoomEvents({ term, filter: rooms ? { rooms } : {} });
  const { count } = found;
  while (found.next_batch) found = await client.backPaginateRoomEventsSearch(found);
  const events = found.results.map((result) => result.context.getEvent().getId());
  return { count, events };
}

/** @param {Device} device */
async function create_space({ client }, { name }) {
  const wish = { name, preset: Preset.PublicChat, creation_content: { type: RoomType.Space } };
  return (await client.createRoom(wish)).room_id;
}

/** @param {Device} device */
async function add_child({ client }, { space, room }) {
  await client.sendStateEvent(space, EventType.SpaceChild, { via: [client.getDomain()] }, room);
}

/** The rooms of a space and of the spaces in it, read page after page; the SDK knows which leads to which. */
async function hierarchy({ client }, { space, page }) {
  const reading = new RoomHierarchy(client.getRoom(space), page);
  await reading.load();
  while (reading.canLoadMore) await reading.load();
  const children = reading.rooms.map(({ room_id, children_state }) => [
    room_id,
    children_state.map((event) => event.state_key),
  ]);
  return { rooms: reading.rooms.map(({ room_id }) => room_id), children: Object.fromEntries(children) };
}

/** A room that is listed, that all may join, and that all may read where that is said. @param {Device} device */
async function create_public_room({ client }, { name, readable }) {
  const visible = { type: EventType.RoomHistoryVisibility, state_key: "" };
  const initial_state = readable ? [{ ...visible, content: { history_visibility: "world_readable" } }] : [];
  const wish = { name, preset: Preset.PublicChat, visibility: Visibility.Public, initial_state };
  return (await client.createRoom(wish)).room_id;
}

/** The ids of the public rooms whose name holds a word. @param {Device} device */
async function public_rooms({ client }, { term }) {
  const { chunk } = await client.publicRooms({ limit: 50, filter: { generic_search_term: term } });
  return chunk.map((room) => room.room_id);
}

/** @param {Device} device */
async function find_people({ client }, { term }) {
  return (await client.searchUserDirectory({ term })).results.map((person) => person.user_id);
}

/** @param {Device} device */
async function summary({ client }, { room }) {
  const { name, num_joined_members, membership } = await client.getRoomSummary(room);
  return { name, members: num_joined_members, membership: membership ?? null };
}

/** Reads a room without joining; answers its texts, of which more come by the stream of events. */
async function peek({ client }, { room: id }) {
  const room = client.getRoom(id) ?? (await client.peekInRoom(id));
  return room
    .getLiveTimeline()
    .getEvents()
    .filter((event) => event.getType() === EventType.RoomMessage)
    .map((event) => event.getContent().body);
}
