"""Certificates for HTTPS: reading, making and checking them, their folder, and which one is shown.

Nothing here listens to the network. Only what serves HTTPS loads these modules: cryptography takes its time to import.
"""

import msgspec


class BadCertificate(Exception):
    """A certificate, a key or their folder cannot be used; the message is one clear line."""


class Names(msgspec.Struct, frozen=True):
    """What this server is called: ``all`` in order of importance, and those that somebody has set on purpose."""

    all: tuple[str, ...]
    chosen: tuple[str, ...] = ()
