// One person's device: runs an unmodified matrix-js-sdk, commanded by lines of JSON on stdin, answering on stdout.
// {"id": 1, "do": "login", ...} is answered by {"id": 1, "ok": ...} or {"id": 1, "error": "..."}, in any order.
import "./console.mjs";
import "./promise.mjs";
import { createInterface } from "node:readline";
import { encryptionCommands } from "./encryption.mjs";
import { findingCommands } from "./finding.mjs";
import { mediaCommands } from "./media.mjs";
import { notificationCommands } from "./notifications.mjs";
import { roomCommands } from "./rooms.mjs";
import { sessionCommands } from "./sessions.mjs";
import { threadCommands } from "./threads.mjs";
import { timelineCommands } from "./timeline.mjs";
import { verificationCommands } from "./verification.mjs";

const COMMANDS = {
  ...sessionCommands,
  ...roomCommands,
  ...timelineCommands,
  ...mediaCommands,
  ...encryptionCommands,
  ...verificationCommands,
  ...threadCommands,
  ...findingCommands,
  ...notificationCommands,
};

/**
 * What the process remembers: the client once signed in, and what its user would remember.
 * @type {import("./sessions.mjs").Device}
 */
const device = { client: null, password: "", recoveryKey: null, keysInBackup: 0, requests: [], sas: null };

/** @param {string} line */
async function answer(line) {
  const { id, do: name, ...details } = JSON.parse(line);
  try {
    const ok = await COMMANDS[name](device, details);
    return { id, ok: ok ?? null };
  } catch (error) {
    return { id, error: String(error?.stack ?? error) };
  }
}

const lines = createInterface({ input: process.stdin });
lines.on("line", async (line) => process.stdout.write(`${JSON.stringify(await answer(line))}\n`));
lines.on("close", () => process.exit(0));
