// Registration, login and logout through the SDK, and the start of its sync loop with encryption in memory.
import { setTimeout as pause } from "node:timers/promises";
import { createClient } from "matrix-js-sdk";
import { rememberBackups, secretStorageCallbacks } from "./encryption.mjs";
import { rememberRequests } from "./verification.mjs";

/**
 * @typedef {object} Device
 * @property {import("matrix-js-sdk").MatrixClient | null} client
 * @property {string} password
 * @property {Uint8Array | null} recoveryKey
 * @property {number} keysInBackup
 * @property {import("matrix-js-sdk/lib/crypto-api/index.js").VerificationRequest[]} requests
 * @property {import("matrix-js-sdk/lib/crypto-api/index.js").ShowSasCallbacks | null} sas
 */

export const sessionCommands = { register, login, logout, login_token, openid_token, relay };

/**
 * Registers as clients do: asks which stages there are, then passes the dummy stage of that session.
 * @param {Device} device
 * @param {{base: string, user: string, password: string, device_name: string, history: number}} wish
 */
async function register(device, wish) {
  const door = createClient({ baseUrl: wish.base });
  const body = { username: wish.user, password: wish.password, initial_device_display_name: wish.device_name };
  const session = await door.registerRequest(body).then(
    () => Promise.reject(new Error("registered without interactive authentication")),
    (refusal) => refusal.data.session,
  );
  const auth = { type: "m.login.dummy", session };
  return await begin(device, wish, await door.registerRequest({ ...body, auth }));
}

/**
 * Signs in by password, or by the token that another device has made.
 * @param {Device} device
 * @param {{base: string, user: string, password: string, token?: string, device_name: string, history: number}} wish
 */
async function login(device, wish) {
  const door = createClient({ baseUrl: wish.base });
  const identifier = { type: "m.id.user", user: wish.user };
  const proof = wish.token
    ? { type: "m.login.token", token: wish.token }
    : { type: "m.login.password", identifier, password: wish.password };
  const credentials = await door.loginRequest({ ...proof, initial_device_display_name: wish.device_name });
  return await begin(device, wish, credentials);
}

/** @param {Device} device */
async function logout(device) {
  await device.client.logout(true);
}

/** A token with which another device signs in: asks what is to be proven, then proves it. @param {Device} device */
async function login_token({ client, password }) {
  const asked = await client.requestLoginToken().then(
    () => Promise.reject(new Error("a token without a proof")),
    (refusal) => refusal.data,
  );
  const identifier = { type: "m.id.user", user: client.getUserId() };
  return await client.requestLoginToken({ type: "m.login.password", identifier, password, session: asked.session });
}

/** @param {Device} device */
async function openid_token({ client }) {
  return await client.getOpenIdToken();
}

/** Where calls go. Asked for directly: by itself the SDK asks only where there is a browser. @param {Device} device */
async function relay({ client }) {
  return await client.turnServer();
}

/**
 * Starts the client the way Element does: threads, lazy members, encryption; resolves once the first sync is processed.
 * @param {Device} device
 * @param {{base: string, password: string, history: number}} wish
 * @param {{user_id: string, device_id: string, access_token: string}} credentials
 */
async function begin(device, { base, password, history }, { user_id, device_id, access_token }) {
  const cryptoCallbacks = secretStorageCallbacks(device);
  const options = { baseUrl: base, userId: user_id, deviceId: device_id, accessToken: access_token, cryptoCallbacks };
  device.client = createClient({ ...options, timelineSupport: true });
  device.password = password;
  await device.client.initRustCrypto({ useIndexedDB: false });
  rememberBackups(device);
  rememberRequests(device);
  await device.client.startClient({ initialSyncLimit: history, lazyLoadMembers: true, threadSupport: true });
  while (!device.client.isInitialSyncComplete()) await pause(10);
  return { user_id, device_id };
}
