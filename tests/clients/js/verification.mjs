// Request-based verification with short authentication strings, between own devices or between two people.
import { CryptoEvent, VerificationPhase, VerifierEvent } from "matrix-js-sdk/lib/crypto-api/index.js";

export const verificationCommands = {
  request_own_verification,
  request_user_verification,
  accept_verification,
  start_sas,
  follow_sas,
  confirm_sas,
  verification,
};

/** @typedef {import("./sessions.mjs").Device} Device */

/** Keeps the requests that reach this device, newest last. @param {Device} device */
export function rememberRequests(device) {
  device.client.on(CryptoEvent.VerificationRequestReceived, (request) => device.requests.push(request));
}

/** Asks one's other devices. @param {Device} device */
async function request_own_verification(device) {
  device.requests.push(await device.client.getCrypto().requestOwnUserVerification());
}

/** Asks another person in a room. @param {Device} device */
async function request_user_verification(device, { user, room }) {
  device.requests.push(await device.client.getCrypto().requestVerificationDM(user, room));
}

/** @param {Device} device */
async function accept_verification(device) {
  await device.requests.at(-1).accept();
}

/** Chooses short authentication strings, which both sides then derive. @param {Device} device */
async function start_sas(device) {
  compare(device, await device.requests.at(-1).startVerification("m.sas.v1"));
}

/** Goes along with the method that the other side started. @param {Device} device */
function follow_sas(device) {
  compare(device, device.requests.at(-1).verifier);
}

/** Says that the strings on both screens are the same. @param {Device} device */
async function confirm_sas(device) {
  await device.sas.confirm();
}

/** The latest request: its phase in words, and the emoji once they can be shown. @param {Device} device */
function verification(device) {
  const request = device.requests.at(-1);
  return { phase: request ? VerificationPhase[request.phase] : null, emoji: device.sas?.sas.emoji ?? null };
}

/** @param {Device} device */
function compare(device, verifier) {
  device.sas = null;
  verifier.on(VerifierEvent.ShowSas, (sas) => {
    device.sas = sas;
  });
  // A failure shows in the phase, which becomes Cancelled.
  verifier.verify().catch((error) => console.error("verification ended:", error));
}
