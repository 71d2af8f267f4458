"""Push gateways: telling one about a notification, and reading what it says of the pushkeys (Push Gateway API).

Whom to tell what, and when to try again, is not known here.
"""

import msgspec

from veche.domain.notifications.gateways import Gateways, gateway_of
from veche.domain.refusals import Refusal
from veche.integrations.outgoing import Outgoing, Unreachable

SLOWEST_RETRY_S = 3600.0


class NotDelivered(Exception):
    """A gateway did not take a notification. ``is_final`` says that it will not take this one later either.

    ``retry_after_s`` is how long it asked to be left alone, if it did.
    """

    def __init__(self, reason: str, *, is_final: bool = False, retry_after_s: float = 0.0) -> None:
        super().__init__(reason)
        self.is_final = is_final
        self.retry_after_s = retry_after_s


class _Reply(msgspec.Struct, frozen=True):
    rejected: list[str]


class PushGateways:
    """Calls the gateways that the administrator allows; by default there are none."""

    def __init__(self, gateways: Gateways, outgoing: Outgoing) -> None:
        self._gateways = gateways
        self._outgoing = outgoing

    async def push(self, url: str, body: bytes) -> frozenset[str]:
        """Tell the gateway at ``url``; returns the pushkeys it rejects. Raises ``NotDelivered``."""
        gateway = gateway_of(self._gateways, url)
        if isinstance(gateway, Refusal):  # allowed when it was set, and taken from the list since
            raise NotDelivered("this gateway is not among push_gateways any more")
        try:
            answer = await self._outgoing.post(gateway.origin, gateway.path, body)
        except Unreachable as fault:
            raise NotDelivered(str(fault)) from None
        if answer.status != 200:
            wait = min(answer.retry_after_s or 0.0, SLOWEST_RETRY_S)
            is_final = 400 <= answer.status < 500 and answer.status not in (401, 403, 404, 408, 425, 429)
            raise NotDelivered(f"it answered {answer.status}", is_final=is_final, retry_after_s=wait)
        try:
            return frozenset(_decoder.decode(answer.body).rejected)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise NotDelivered("its answer is not that of a push gateway") from None

    async def close(self) -> None:
        """End what is under way."""
        await self._outgoing.close()


_decoder = msgspec.json.Decoder(_Reply)
