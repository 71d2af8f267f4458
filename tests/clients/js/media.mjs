// Files and pictures, plain and encrypted, sent and fetched as Element does it.
import { EventType, MsgType } from "matrix-js-sdk";
import attachments from "matrix-encrypt-attachment";

export const mediaCommands = { create_plain_room, send_file, fetch_file };

const THUMBNAIL = [320, 240];

/** @typedef {import("./sessions.mjs").Device} Device */

/** A private room without encryption, with one invited person. @param {Device} device */
async function create_plain_room({ client }, { invite }) {
  return (await client.createRoom({ preset: "private_chat", name: "plain", invite: [invite] })).room_id;
}

/**
 * Uploads a file and tells the room; contents travel in base64.
 * @param {Device} device
 * @param {{room: string, name: string, content_type: string, content: string, size: [number, number] | null,
 *   thumbnail: string | null, encrypted: boolean}} wish
 */
async function send_file({ client }, { room, name, content_type, content, size, thumbnail, encrypted }) {
  const bytes = Buffer.from(content, "base64");
  const info = { mimetype: content_type, size: bytes.length };
  if (size) [info.w, info.h] = size;
  if (encrypted && thumbnail) {
    const small = await upload(client, Buffer.from(thumbnail, "base64"), { type: content_type }, true);
    Object.assign(info, { thumbnail_file: small.file, thumbnail_info: { mimetype: content_type } });
  }
  const place = await upload(client, bytes, { type: content_type, name }, encrypted);
  const msgtype = size ? MsgType.Image : MsgType.File;
  return (await client.sendEvent(room, EventType.RoomMessage, { msgtype, body: name, info, ...place })).event_id;
}

/** What becomes of an upload: `url` of a plain file, `file` of an encrypted one. */
async function upload(client, bytes, { type, name }, encrypted) {
  if (!encrypted) {
    const { content_uri } = await client.uploadContent(new Blob([bytes], { type }), { name, type });
    return { url: content_uri };
  }
  const { data, info } = await attachments.encryptAttachment(exactly(bytes));
  const unnamed = { type: "application/octet-stream", includeFilename: false };
  const { content_uri } = await client.uploadContent(new Blob([data]), unnamed);
  return { file: { ...info, url: content_uri } };
}

/**
 * Fetches the file of an event and its thumbnail: the sender's of an encrypted picture, the server's of a plain one.
 * Answers null while the event has not arrived.
 * @param {Device} device
 */
async function fetch_file({ client }, { room, event: id }) {
  const event = client.getRoom(room)?.findEventById(id);
  if (!event || event.isBeingDecrypted() || event.isDecryptionFailure()) return null;
  const { body, info, file, url, msgtype } = event.getContent();
  const shown = { name: body, content_type: info.mimetype, is_encrypted: Boolean(file), thumbnail: null };
  if (file) {
    shown.content = base64(await decrypted(client, file));
    if (info.thumbnail_file) shown.thumbnail = base64(await decrypted(client, info.thumbnail_file));
  } else {
    shown.content = base64(await fetched(client, whole(client, url)));
    if (msgtype === MsgType.Image) {
      const small = client.mxcUrlToHttp(url, ...THUMBNAIL, "scale", false, true, true);
      shown.thumbnail = base64(await fetched(client, small));
    }
  }
  return shown;
}

async function decrypted(client, file) {
  return await attachments.decryptAttachment(await fetched(client, whole(client, file.url)), file);
}

/** The address of a whole file, for those who are signed in. */
function whole(client, url) {
  return client.mxcUrlToHttp(url, undefined, undefined, undefined, false, true, true);
}

/** The SDK makes addresses; fetching them, with one's token, is left to those who show what comes. */
async function fetched(client, url) {
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${client.getAccessToken()}` } });
  if (!answer.ok) throw new Error(`${answer.status} for ${url}: ${await answer.text()}`);
  return await answer.arrayBuffer();
}

/** A buffer's own bytes, without those that share its memory. @param {Buffer} buffer */
function exactly(buffer) {
  return buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength);
}

/** @param {ArrayBuffer} bytes */
function base64(bytes) {
  return Buffer.from(bytes).toString("base64");
}
