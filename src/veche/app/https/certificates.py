"""The server's certificate as the rest of the program sees it: off the loop, with refusals, loaded when needed."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from veche.app.settings import BadSetting, Values
from veche.domain.refusals import Refused, invalid_param
from veche.integrations.certificates import BadCertificate, Names
from veche.live.operation import CertificateState, Condition

if TYPE_CHECKING:
    from veche.integrations.certificates.keeper import Keeper, Shown

T = TypeVar("T")
FOLDER = "tls"


class Certificates:
    """One server's certificate. Nothing is read or made before it is asked for."""

    def __init__(
        self, values: Values, data: Path, server_name: str, clock: Callable[[], int], condition: Condition
    ) -> None:
        self._values = values
        self._folder = data / FOLDER
        self._server_name = server_name
        self._clock = clock
        self._condition = condition
        self._known: Keeper | None = None
        self.is_in_use = False

    @property
    def context(self) -> ssl.SSLContext:
        """What new connections are greeted with."""
        return self._keeper.shown.context

    @property
    def shown(self) -> "Shown":
        """The certificate in use."""
        return self._keeper.shown

    @property
    def names(self) -> Names:
        """What the server is called now."""
        from veche.app.https.names import server_names

        return server_names(self._values, self._server_name)

    def open(self) -> None:
        """Take the certificate into use, made where there is none; raises ``BadCertificate`` or ``BadSetting``."""
        self.is_in_use = True
        self._note(self._keeper.open())

    async def look(self) -> None:
        """Renew it where that is due."""
        if self.is_in_use:
            self._note(await self._off_the_loop(self._keeper.look))

    async def renew(self) -> dict[str, Any]:
        """Make another one now; returns the new report."""
        self._note(await self._off_the_loop(lambda: self._keeper.renew()))
        return await self.report()

    async def install(self, chain: bytes, key: bytes, chain_name: str, key_name: str) -> dict[str, Any]:
        """Show a given one from now on; returns the new report. The names say in faults where the texts came from."""
        wish = partial(self._install, chain, key, chain_name, key_name)
        self._note(await self._off_the_loop(wish))
        return await self.report()

    async def report(self) -> dict[str, Any]:
        """Return what ``veche tls status`` tells; ``certificate`` is absent where there is none yet."""
        found = await self._off_the_loop(lambda: self._keeper.report())
        told: dict[str, Any] = {} if found is None else msgspec.to_builtins(found)
        return {**told, "is_in_use": self.is_in_use, "folder": str(self._folder)}

    def _install(self, chain: bytes, key: bytes, chain_name: str, key_name: str) -> "Shown":
        return self._keeper.install(chain, key, chain_name, key_name)

    @property
    def _keeper(self) -> "Keeper":
        if self._known is None:
            from veche.integrations.certificates.keeper import Keeper

            self._known = Keeper(self._folder, self._server_name, lambda: self.names, self._clock)
        return self._known

    def _note(self, shown: "Shown") -> None:
        from veche.integrations.certificates.checking import RENEWED_DAYS
        from veche.integrations.certificates.records import describe

        if self.is_in_use:
            left = describe(shown.pair.certificate, self._clock()).days_left
            self._condition.certificate = CertificateState(shown.is_given, left, left < RENEWED_DAYS)

    async def _off_the_loop(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except (BadCertificate, BadSetting) as fault:
            raise Refused(invalid_param(str(fault))) from None
        except OSError as fault:
            raise Refused(invalid_param(f"{self._folder}: {fault}")) from None
