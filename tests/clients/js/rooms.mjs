// Rooms and the people in them, as the SDK sees them.
import { Preset } from "matrix-js-sdk";

export const roomCommands = { create_room, join, membership, devices_of };

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
