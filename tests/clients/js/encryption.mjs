// Cross-signing, secret storage and key backup, as a user sets them up and gets them back on a new device.
import { CryptoEvent, decodeRecoveryKey } from "matrix-js-sdk/lib/crypto-api/index.js";

export const encryptionCommands = {
  bootstrap_cross_signing,
  bootstrap_secret_storage,
  unlock,
  restore_backup,
  backup_status,
  encryption_status,
  user_has_identity,
  user_has_replaced_identity,
  user_is_verified,
  device_is_verified,
};

/** @typedef {import("./sessions.mjs").Device} Device */

/** Hands the SDK the recovery key that the user of this device typed in or was shown. @param {Device} device */
export function secretStorageCallbacks(device) {
  return {
    getSecretStorageKey: async ({ keys }) => device.recoveryKey && [Object.keys(keys)[0], device.recoveryKey],
    cacheSecretStorageKey: (_id, _info, key) => {
      device.recoveryKey = key;
    },
  };
}

/**
 * Asks the server how many keys its backup holds, each time the SDK has uploaded all it knows.
 * @param {Device} device
 */
export function rememberBackups(device) {
  device.client.on(CryptoEvent.KeyBackupSessionsRemaining, async (remaining) => {
    if (remaining > 0) return;
    const check = await device.client.getCrypto().checkKeyBackupAndEnable();
    device.keysInBackup = check?.backupInfo.count ?? 0;
  });
}

/**
 * Makes and uploads the user's identity keys; answers which stages of re-authentication the server asked for.
 * @param {Device} device
 */
async function bootstrap_cross_signing(device, { is_reset }) {
  const asked = [];
  await device.client.getCrypto().bootstrapCrossSigning({
    setupNewCrossSigning: is_reset,
    authUploadDeviceSigningKeys: (upload) => reauthenticate(device, upload, asked),
  });
  return asked;
}

/**
 * Makes a secret storage with a new recovery key, and a key backup; answers the recovery key as the user would note it.
 * @param {Device} device
 */
async function bootstrap_secret_storage({ client }) {
  const crypto = client.getCrypto();
  const key = await crypto.createRecoveryKeyFromPassphrase();
  await crypto.bootstrapSecretStorage({ createSecretStorageKey: async () => key, setupNewKeyBackup: true });
  return key.encodedPrivateKey;
}

/**
 * Opens the secret storage on a new device, which fetches the identity keys and signs this device with them.
 * @param {Device} device
 */
async function unlock(device, { recovery_key }) {
  device.recoveryKey = decodeRecoveryKey(recovery_key);
  await device.client.getCrypto().bootstrapCrossSigning({});
  await device.client.getCrypto().loadSessionBackupPrivateKeyFromSecretStorage();
}

/** Fetches all keys of the backup; answers {total, imported}. @param {Device} device */
async function restore_backup({ client }) {
  return await client.getCrypto().restoreKeyBackup();
}

/**
 * The version this device backs up to (null if none), and how many keys the server held when it last had finished.
 * @param {Device} device
 */
async function backup_status({ client, keysInBackup }) {
  return { active: await client.getCrypto().getActiveSessionBackupVersion(), count: keysInBackup };
}

/** @param {Device} device */
async function encryption_status({ client }) {
  const { privateKeysCachedLocally: cached } = await client.getCrypto().getCrossSigningStatus();
  return {
    has_identity_keys: cached.masterKey && cached.selfSigningKey && cached.userSigningKey,
    has_backup_key: (await client.getCrypto().getSessionBackupPrivateKey()) !== null,
  };
}

/** Whether this device has seen the identity keys of another user. @param {Device} device */
async function user_has_identity({ client }, { user }) {
  return await client.getCrypto().userHasCrossSigningKeys(user);
}

/** Whether the identity keys of another user are not those seen first. @param {Device} device */
async function user_has_replaced_identity({ client }, { user }) {
  return (await client.getCrypto().getUserVerificationStatus(user)).needsUserApproval;
}

/** @param {Device} device */
async function user_is_verified({ client }, { user }) {
  return (await client.getCrypto().getUserVerificationStatus(user)).isCrossSigningVerified();
}

/** @param {Device} device */
async function device_is_verified({ client }, { user, device }) {
  return (await client.getCrypto().getDeviceVerificationStatus(user, device))?.crossSigningVerified ?? false;
}

/**
 * Tries an upload as it is; where the server refuses it with stages, passes the password stage.
 * @param {Device} device
 */
async function reauthenticate(device, upload, asked) {
  try {
    return await upload(null);
  } catch (refusal) {
    if (refusal.httpStatus !== 401) throw refusal;
    asked.push(...refusal.data.flows.map((flow) => flow.stages.join(" ")));
    const identifier = { type: "m.id.user", user: device.client.getUserId() };
    const { session } = refusal.data;
    return await upload({ type: "m.login.password", identifier, password: device.password, session });
  }
}
