"""Where S3-compatible storage is, and how patient we are with it. The library that speaks to it is not loaded here."""

import msgspec


class S3Place(msgspec.Struct, frozen=True):
    """Where the bucket is, and the key to it. ``ca`` is a file of certificates to trust, empty for the public ones."""

    endpoint: str
    bucket: str
    key: str
    secret: str
    region: str = "us-east-1"
    ca: str = ""


class Patience(msgspec.Struct, frozen=True):
    """How long to wait, in seconds, and how often to try.

    ``connect`` and ``silence`` bound one attempt, ``call`` everything that one question takes. An upload is given
    a second more for every ``slowest`` bytes.
    """

    connect: float = 5
    silence: float = 15
    call: float = 40
    attempts: int = 2
    slowest: int = 2**20
