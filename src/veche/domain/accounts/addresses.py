"""Mail addresses: what one looks like, how somebody proves that one is theirs, and who may have it.

Pure rules; neither where addresses and proofs are kept nor how letters travel is known here.
"""

import re
import unicodedata
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import msgspec

from veche.domain.ids import UserId
from veche.domain.refusals import Refusal, forbidden, invalid_param, not_found
from veche.domain.sessions import MOST_GUESSES, Share

Purpose = Literal["register", "add", "reset", "page"]
"""What a proof is for: to register, to add the address, to reset a password in a client, or on the server's page."""

EMAIL: Final = "email"
EMAIL_IDENTITY: Final = "m.login.email.identity"
LONGEST: Final = 254  # characters of an address (RFC 5321, section 4.5.3.1.3)
LONGEST_LOCAL: Final = 64
LONGEST_LABEL: Final = 63  # characters of a domain's part (RFC 1035, section 2.3.4)
LONGEST_WAY: Final = 2000  # characters
MOST_ADDRESSES: Final = 10
"""Addresses of one account: each lets its password be guessed as often again."""
PROOF_MS: Final = 60 * 60_000
"""How long a link or code is good for, and afterwards what it has proven."""
HOUR_MS: Final = 60 * 60_000
DAY_MS: Final = 24 * HOUR_MS
MOST_TRIES: Final = 5
"""How often the code of one letter may be tried."""
CODE_DIGITS: Final = 6
LAST_ATTEMPT: Final = 2**53 - 1

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOTS = re.compile("[.\u3002]")  # the others that RFC 3490 names are unfolded to these
_DOMAIN = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_SECRET = re.compile(r"[0-9a-zA-Z.=_-]{1,255}")

MAIL_IS_OFF = Refusal("M_THREEPID_DENIED", 403, "This server sends no mail.")
NO_TELEPHONES = Refusal("M_THREEPID_MEDIUM_NOT_SUPPORTED", 400, "This server keeps no telephone numbers.")
NO_CHANGES = forbidden("This server sends no mail, so that no address can be shown to be yours.")
NO_IDENTITY_SERVER = forbidden("This server tells no identity server of anybody.")
NOT_VERIFIED = Refusal("M_THREEPID_AUTH_FAILED", 403, "This server asks no identity server; use /account/3pid/add.")
ADDRESS_TAKEN = Refusal("M_THREEPID_IN_USE", 400, "This address belongs to an account already.")
NOT_PROVEN = Refusal("M_THREEPID_AUTH_FAILED", 403, "It is not proven that this address is yours.")
HAS_SERVED = forbidden("That an address is yours has been used for this already, or does not hold any more.")
NO_ADDRESS = Refusal("M_THREEPID_NOT_FOUND", 404, "The account has no such address.")
TOO_MANY = invalid_param(f"An account has at most {MOST_ADDRESSES} addresses.")
BAD_PROOF = Refusal("M_INVALID_PARAM", 400, "The code is wrong, or not good any more.", "token")
LINK_GONE = not_found("This link is not valid.")


class Address(msgspec.Struct, frozen=True):
    """A mail address of an account; times in milliseconds."""

    address: str
    user: UserId
    validated_ts: int
    added_ts: int


class Proof(msgspec.Struct, frozen=True):
    """That somebody shows an address to be theirs: under way, or with ``proven_ts`` done. Secrets are digests only.

    ``asked_from`` is where the asking came from, for whoever opens the letter.
    """

    sid: str
    purpose: Purpose
    address: str
    secret_digest: bytes
    send_attempt: int
    next_link: str
    asked_from: str
    created_ts: int
    expires_ts: int
    link_digest: bytes | None = None
    code_hash: str | None = None
    tries: int = 0
    proven_ts: int | None = None


class ProofWish(msgspec.Struct, frozen=True):
    """What a client asks for: a letter to ``address``; a larger ``send_attempt`` asks for one more."""

    address: str
    client_secret: str
    send_attempt: int
    next_link: str = ""


def canonical(address: str) -> str:
    """Return an address as it is kept and compared: small letters, an international domain as it is looked up
    (appendices, section 3PID Types). What is no address comes back as something that is none either.

    What is too long is not looked at: anybody may send anything, and this costs no more than an address does.
    """
    whole = address.strip()
    if len(whole) > LONGEST:
        return ""
    local, _, domain = whole.rpartition("@")
    try:
        domain = domain if domain.isascii() else _looked_up(domain)
    except UnicodeError:
        return ""
    return f"{local}@{domain}".lower()


def may_be_address(address: str) -> Refusal | None:
    """Say whether a canonical address is one to which mail can be sent: one line, nothing quoted, no comment."""
    local, _, domain = address.rpartition("@")
    fits = len(address) <= LONGEST and len(local) <= LONGEST_LOCAL
    if fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain):
        return None
    return invalid_param("This is no mail address.", "email")


def may_ask(wish: ProofWish) -> Refusal | None:
    """Say whether a client may ask so (section Adding Account Administrative Contact Information)."""
    if not _SECRET.fullmatch(wish.client_secret):
        return invalid_param("client_secret has 1 to 255 of the characters 0-9, a-z, A-Z and . = _ -.", "client_secret")
    if not 0 <= wish.send_attempt <= LAST_ATTEMPT:
        return invalid_param("send_attempt is a number from 0 on.", "send_attempt")
    return may_be_address(wish.address)


def way_on(next_link: str, public_address: str) -> str:
    """Return where a client wants people to go on, or nothing: only to this server, never elsewhere."""
    try:
        wanted, own = urlsplit(next_link), urlsplit(public_address)
    except ValueError:
        return ""
    is_own = (wanted.scheme, wanted.netloc) == (own.scheme, own.netloc) and own.netloc != ""
    is_plain = next_link.isprintable() and "\\" not in next_link and len(next_link) <= LONGEST_WAY
    return next_link if is_own and is_plain else ""


LETTERS_TO_ADDRESS: Final = Share(20, HOUR_MS)
LETTERS_TO_ADDRESS_FROM_NETWORK: Final = Share(5, HOUR_MS)
"""Fewer than to the address in all: whoever asks for letters to somebody does not keep them from asking themselves."""
LETTERS_FROM_NETWORK: Final = Share(100, HOUR_MS)
CODES_OF_ADDRESS: Final = Share(100, DAY_MS)
"""Wrong codes for one address, whoever asked for them: of a million codes so few hit nothing in years."""
CODES_FROM_NETWORK: Final = Share(MOST_GUESSES, DAY_MS)
"""Wrong codes for one address from one network, which its owner is seldom in."""


def may_be_tried(proof: Proof | None, now: int) -> bool:
    """Say whether the code of a proof may still be tried."""
    return proof is not None and proof.tries <= MOST_TRIES and is_open(proof, now)


def is_open(proof: Proof, now: int) -> bool:
    """Say whether a link or code may still prove something."""
    return proof.proven_ts is None and now < proof.expires_ts


def has_proven(proof: Proof | None, purpose: Purpose, secret_digest: bytes, now: int) -> bool:
    """Say whether a proof was brought for this purpose, by whoever knows its secret, and is still good."""
    if proof is None or proof.proven_ts is None or now >= proof.expires_ts:
        return False
    return proof.purpose == purpose and proof.secret_digest == secret_digest


def code_from(chance: bytes) -> str:
    """Return six digits made of eight random bytes: their share beyond a multiple of a million is nothing."""
    return str(int.from_bytes(chance) % 10**CODE_DIGITS).zfill(CODE_DIGITS)


def credentials_of(proof: dict[str, Any] | None) -> tuple[str, str]:
    """Return sid and client secret of what a client sends as ``threepid_creds``; empty where they are missing."""
    given = proof or {}
    sid, secret = given.get("sid"), given.get("client_secret")
    return (sid, secret) if isinstance(sid, str) and isinstance(secret, str) and "\x00" not in sid else ("", "")


def _looked_up(domain: str) -> str:
    """Return an international domain in its ASCII form; raises ``UnicodeError`` where it has none.

    Lengths are checked after what one character may unfold to (18 others) and before the encoding, which is quadratic.
    """
    unfolded = unicodedata.normalize("NFKC", domain)
    labels = _DOTS.split(unfolded)
    if len(unfolded) > LONGEST or any(len(label) > LONGEST_LABEL for label in labels):
        raise UnicodeError
    return unfolded.encode("idna").decode()
