// Rooms and the people in them, and how these are doing, as the SDK sees them.
import { Preset } from "matrix-js-sdk";

export const roomCommands = { create_room, join, upgrade, successor, membership, devices_of, presence, set_presence };

/**
 * A private encrypted room with one invited person.
 * @param {import("./sessions.mjs").Device} device
 * @param {{invite: string, name: string}} wish
 */
async function create_room({ client }, { invite, name }) {
  const encryption = { type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } };
  const wish = { preset: Preset.PrivateChat, name, invite: [invite], is_direct: true, initial_state: [encryption] };
  const { room_id } = await client.createRoom(wish);
  return room_id;
}

/** @param {import("./sessions.mjs").Device} device */
async function join({ client }, { room }) {
  await client.joinRoom(room);
}

/** Gives a room another version; answers the id of the room that takes its place. */
async function upgrade({ client }, { room, version }) {
  return (await client.upgradeRoom(room, version)).replacement_room;
}

/** The room that takes a room's place, and the one whose place it took, null where the SDK knows of none. */
function successor({ client }, { room: id }) {
  const room = client.getRoom(id);
  const tombstone = room.currentState.getStateEvents("m.room.tombstone", "");
  return {
    next: tombstone?.getContent().replacement_room ?? null,
    last: room.findPredecessor()?.roomId ?? null,
    version: room.getVersion(),
  };
}

/**
 * The membership of one user in a room, null if the SDK knows of none.
 * @param {import("./sessions.mjs").Device} device
 */
function membership({ client }, { room, user }) {
  return client.getRoom(room)?.getMember(user)?.membership ?? null;
}

/**
 * The ids of a user's devices that messages would be encrypted for.
 * @param {import("./sessions.mjs").Device} device
 */
async function devices_of({ client }, { user }) {
  const devices = await client.getCrypto().getUserDeviceInfo([user]);
  return [...(devices.get(user)?.keys() ?? [])];
}

/**
 * How somebody is doing: their presence and the text they show, null where the SDK knows of none.
 * @param {import("./sessions.mjs").Device} device
 */
function presence({ client }, { user }) {
  const known = client.getUser(user);
  return [known?.presence ?? null, known?.presenceStatusMsg ?? null];
}

/**
 * Say how one is doing, now and by syncing on.
 * @param {import("./sessions.mjs").Device} device
 */
async function set_presence({ client }, { state, text }) {
  client.setSyncPresence(state);
  await client.setPresence({ presence: state, status_msg: text });
}
