// Push rules: what this person is told of.
import { PushRuleActionName, PushRuleKind, TweakName } from "matrix-js-sdk";

export const notificationCommands = { rules, add_keyword, remove_keyword, enable_rule, mute };

const SCOPE = "global";

/** @typedef {import("./sessions.mjs").Device} Device */

/** Which rules there are by what sync has told, and whether each is on: kind → id → enabled. */
function rules({ client }) {
  const told = Object.entries(client.pushRules.global);
  return Object.fromEntries(
    told.map(([kind, some]) => [kind, Object.fromEntries(some.map((rule) => [rule.rule_id, rule.enabled]))]),
  );
}

/** Be told of messages with a word, as of one's name. @param {Device} device */
async function add_keyword({ client }, { word }) {
  const actions = [PushRuleActionName.Notify, { set_tweak: TweakName.Highlight }];
  await client.addPushRule(SCOPE, PushRuleKind.ContentSpecific, word, { actions, pattern: word });
}

/** @param {Device} device */
async function remove_keyword({ client }, { word }) {
  await client.deletePushRule(SCOPE, PushRuleKind.ContentSpecific, word);
}

/** @param {Device} device */
async function enable_rule({ client }, { kind, rule, enabled }) {
  await client.setPushRuleEnabled(SCOPE, kind, rule, enabled);
}

/**
 * Be told nothing of a room any more, or all again. The SDK's own way back looks for an old action in the rule, which
 * servers have to leave out.
 * @param {Device} device
 */
async function mute({ client }, { room, muted }) {
  if (muted) await client.setRoomMutePushRule(SCOPE, room, true);
  else await client.deletePushRule(SCOPE, PushRuleKind.RoomSpecific, room);
}
