"""The certificate that the server shows: a given one where there is one, else its own, made and renewed here.

Files are written; nothing listens here. Every method may be called from any thread.
"""

import contextlib
import logging
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from veche.integrations.certificates import BadCertificate, Names
from veche.integrations.certificates.checking import (
    RENEWED_DAYS,
    check_authority,
    check_chain,
    check_issued,
    check_names,
    covers,
    is_due,
)
from veche.integrations.certificates.contexts import server_context
from veche.integrations.certificates.folder import Files, Folder
from veche.integrations.certificates.issuing import new_authority, new_leaf
from veche.integrations.certificates.records import (
    DAY_MS,
    Description,
    Pair,
    chain_pem,
    describe,
    key_pem,
    read_pair,
)

_AUTHORITY_DAYS = 365
"""So long before its end the authority is spoken of: everybody will have to trust another one."""
_log = logging.getLogger("veche.tls")


class Shown(msgspec.Struct, frozen=True):
    """A certificate in use. ``authority`` is the server's own; None where the certificate was given."""

    pair: Pair
    authority: Pair | None
    context: ssl.SSLContext

    @property
    def is_given(self) -> bool:
        """Whether it came from elsewhere."""
        return self.authority is None


class Report(msgspec.Struct, frozen=True):
    """What ``veche tls status`` tells."""

    is_given: bool
    certificate: Description
    authority: Description | None
    missing: tuple[str, ...]
    """Names of this server that the certificate is not for."""


class Keeper:
    """Keeps the folder of certificates. ``names`` says what the server is called now, ``clock`` gives milliseconds."""

    def __init__(self, folder: Path, server_name: str, names: Callable[[], Names], clock: Callable[[], int]) -> None:
        self._folder = Folder(folder)
        self._server_name = server_name
        self._names = names
        self._clock = clock
        self._lock = threading.RLock()
        self._shown: Shown | None = None
        self._warned_day = 0

    @property
    def shown(self) -> Shown:
        """The certificate in use; ``open`` has been called."""
        assert self._shown is not None
        return self._shown

    def open(self) -> Shown:
        """Take what lies in the folder into use, and make what is missing there.

        Raises ``BadCertificate`` for what cannot be read, does not belong together or, given, has ended.
        """
        with self._lock:
            self._shown = self._given() or self._own()
            self._warn(self._shown)
            return self._shown

    def look(self) -> Shown:
        """Renew an own certificate that ends soon or is for other names than the server's; warn of what people must do.

        Raises ``BadCertificate`` or ``OSError`` where that fails; the old one stays in use then.
        """
        with self._lock:
            shown = self.shown
            if shown.authority is not None and self._is_due(shown.pair, shown.authority):
                shown = self._renewed(shown.authority)
            self._warn(shown)
            return shown

    def renew(self) -> Shown:
        """Make a new certificate of the server's own now, whether it is due or not."""
        with self._lock:
            shown = self._shown or self.open()
            if shown.authority is None:
                raise BadCertificate(
                    "the certificate was given and is not renewed here: bring another with veche tls install CERT KEY"
                )
            return self._renewed(shown.authority)

    def install(self, chain: bytes, key: bytes, chain_name: str, key_name: str) -> Shown:
        """Show a given certificate from now on. Raises ``BadCertificate``, and the old one stays."""
        with self._lock:
            pair = read_pair(chain, key, chain_name, key_name)
            check_chain(pair.chain, self._clock(), chain_name)
            names = self._names()
            check_names(pair.certificate, names.chosen, names.all, chain_name)
            self._folder.write("given", chain_pem(pair.chain), key_pem(pair.key), _loads)
            self._shown = Shown(pair, None, server_context(self._folder.files("given")))
            self._tell("installed", pair)
            return self._shown

    def report(self) -> Report | None:
        """Describe the certificate in use, or what lies in the folder; None where there is nothing yet."""
        with self._lock:
            shown = self._shown or self._standing()
            if shown is None:
                return None
            now = self._clock()
            has = describe(shown.pair.certificate, now)
            authority = None if shown.authority is None else describe(shown.authority.certificate, now)
            missing = tuple(name for name in self._names().all if not covers(has.names, name))
            return Report(shown.is_given, has, authority, missing)

    def _standing(self) -> Shown | None:
        """Return what the folder holds, and make nothing."""
        given = self._given()
        if given is not None or self._folder.read("ca") is None or self._folder.read("leaf") is None:
            return given
        leaf, authority = self._read("leaf"), self._read("ca")
        assert leaf is not None
        return Shown(leaf, authority, server_context(self._folder.files("leaf")))

    def _given(self) -> Shown | None:
        self._folder.settle("given")
        pair = self._read("given")
        if pair is None:
            return None
        files = self._folder.files("given")
        check_chain(pair.chain, self._clock(), str(files.certificate))
        try:
            names = self._names()
            check_names(pair.certificate, names.chosen, names.all, str(files.certificate))
        except BadCertificate as fault:
            _log.warning("%s", fault)
        return Shown(pair, None, server_context(files))

    def _own(self) -> Shown:
        for name in ("ca", "leaf"):
            self._folder.settle(name)
        with _cured_by("put ca.* back from a backup, or delete ca.* and leaf.*: everybody will have to trust anew"):
            authority = self._authority()
        with _cured_by("delete leaf.crt and leaf.key beside it, and others are made at the next start"):
            leaf = self._read("leaf")
            if leaf is not None:
                check_issued(leaf, authority, str(self._folder.files("leaf").certificate))
        if leaf is None or self._is_due(leaf, authority):
            return self._renewed(authority)
        return Shown(leaf, authority, server_context(self._folder.files("leaf")))

    def _authority(self) -> Pair:
        authority = self._read("ca")
        if authority is None:
            authority = new_authority(self._server_name, self._clock())
            self._folder.write("ca", chain_pem(authority.chain), key_pem(authority.key), _loads)
            _log.info("made a certificate authority: %s", describe(authority.certificate, self._clock()).fingerprint)
        check_authority(authority, self._clock(), str(self._folder.files("ca").certificate))
        return authority

    def _is_due(self, leaf: Pair, authority: Pair) -> bool:
        return is_due(leaf.certificate, authority.certificate, self._names().all, self._clock())

    def _renewed(self, authority: Pair) -> Shown:
        leaf = new_leaf(authority, self._names().all, self._clock())
        self._folder.write("leaf", chain_pem(leaf.chain), key_pem(leaf.key), _loads)
        self._shown = Shown(leaf, authority, server_context(self._folder.files("leaf")))
        self._tell("renewed", leaf)
        return self._shown

    def _read(self, name: str) -> Pair | None:
        found = self._folder.read(name)
        if found is None:
            return None
        files = self._folder.files(name)
        return read_pair(*found, str(files.certificate), str(files.key))

    def _warn(self, shown: Shown) -> None:
        """Say once a day what somebody will have to do something about."""
        now = self._clock()
        if now // DAY_MS == self._warned_day:
            return
        self._warned_day = now // DAY_MS
        has = describe(shown.pair.certificate, now)
        if has.days_left < RENEWED_DAYS:
            cure = "bring another with veche tls install CERT KEY" if shown.is_given else "so does its authority"
            _log.warning("the certificate for %s ends in %d days; %s", ", ".join(has.names), has.days_left, cure)
        if shown.authority is not None:
            left = describe(shown.authority.certificate, now).days_left
            if left < _AUTHORITY_DAYS:
                _log.warning("the certificate authority ends in %d days; see the manual about making another", left)

    def _tell(self, what: str, pair: Pair) -> None:
        has = describe(pair.certificate, self._clock())
        listed = ", ".join(has.names)
        _log.info("%s the certificate for %s, good for %d days: %s", what, listed, has.days_left, has.fingerprint)


@contextlib.contextmanager
def _cured_by(cure: str) -> Iterator[None]:
    """Say with what is wrong what to do about it."""
    try:
        yield
    except BadCertificate as fault:
        raise BadCertificate(f"{fault}; {cure}") from None


def _loads(files: Files) -> None:
    """Prove that new files can be used, before they take the place of the old ones."""
    server_context(files)
