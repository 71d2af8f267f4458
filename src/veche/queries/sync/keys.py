"""What a device is told in every answer: how many one-time keys it has left, and which fallback keys are unused."""

from veche.base import json
from veche.domain.encryption.device_keys import SIGNED_CURVE25519
from veche.domain.sessions import Asker
from veche.storage.encryption import one_time_keys
from veche.storage.reader import Snapshot


def counts(at: Snapshot, asker: Asker) -> tuple[bytes, bytes]:
    """Return ``device_one_time_keys_count``, zero named too, and ``device_unused_fallback_key_types``, as JSON.

    Clients upload keys only when they are told a number, even if it is zero. ``live.key_counts`` keeps the result
    until a commit changes it.
    """
    left = {SIGNED_CURVE25519: 0} | one_time_keys.counts(at, asker.user, asker.device)
    unused = one_time_keys.unused_fallbacks(at, asker.user, asker.device)
    return json.encode(left), json.encode(unused)
