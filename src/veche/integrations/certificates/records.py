"""A private key with its certificates: from and to PEM, and what stands in them. Decides nothing."""

import datetime
import ipaddress
import warnings
from collections.abc import Iterable

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.oid import NameOID

from veche.integrations.certificates import BadCertificate

DAY_MS = 86_400_000
LARGEST_FILE = 2**20
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
_SHORTEST_RSA = 2048
_CURVES = ("secp256r1", "secp384r1", "secp521r1")


class Pair(msgspec.Struct, frozen=True):
    """A private key and its certificate, which is followed by those of who signed it, in turn."""

    key: PrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        """The holder's own certificate."""
        return self.chain[0]


class Description(msgspec.Struct, frozen=True):
    """What people want to know of a certificate; times in milliseconds since 1970, names as they stand in it."""

    holder: str
    issuer: str
    names: tuple[str, ...]
    fingerprint: str
    begins_ts: int
    ends_ts: int
    days_left: int


def describe(certificate: x509.Certificate, now_ms: int) -> Description:
    """Describe a certificate; ``days_left`` is negative once it has ended."""
    begins, ends = validity(certificate)
    return Description(
        holder=_shown_name(certificate.subject),
        issuer=_shown_name(certificate.issuer),
        names=names_of(certificate),
        fingerprint=fingerprint(certificate),
        begins_ts=begins,
        ends_ts=ends,
        days_left=(ends - now_ms) // DAY_MS,
    )


def names_of(certificate: x509.Certificate) -> tuple[str, ...]:
    """Return the host names (in ASCII form) and addresses that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return ()
    addresses = (str(address) for address in found.get_values_for_type(x509.IPAddress))
    return (*(name.lower() for name in found.get_values_for_type(x509.DNSName)), *addresses)


def general_names(names: Iterable[str]) -> list[x509.GeneralName]:
    """Return names and addresses as a certificate holds them."""
    return [x509.IPAddress(address) if (address := _address(name)) else x509.DNSName(name) for name in names]


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 fingerprint as every system shows it: pairs of hexadecimal digits parted by colons."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def validity(certificate: x509.Certificate) -> tuple[int, int]:
    """Return when a certificate begins and ends, in milliseconds since 1970."""
    return _ms(certificate.not_valid_before_utc), _ms(certificate.not_valid_after_utc)


def chain_pem(chain: Iterable[x509.Certificate]) -> bytes:
    """Return certificates as PEM."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)


def der(certificate: x509.Certificate) -> bytes:
    """Return one certificate as DER."""
    return certificate.public_bytes(Encoding.DER)


def key_pem(key: PrivateKey) -> bytes:
    """Return a private key as PEM, not encrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def read_pair(chain: bytes, key: bytes, chain_name: str, key_name: str) -> Pair:
    """Read PEM texts; the names say in faults where they came from. Raises ``BadCertificate``.

    That the key belongs to the first certificate is checked; what they are good for is not.
    """
    pair = Pair(read_key(key, key_name), read_chain(chain, chain_name))
    if _public(pair.key.public_key()) == _public(pair.certificate.public_key()):
        return pair
    if any(_public(pair.key.public_key()) == _public(other.public_key()) for other in pair.chain[1:]):
        raise BadCertificate(f"{chain_name} is in the wrong order: the server's own certificate must come first")
    raise BadCertificate(f"the key in {key_name} does not belong to the certificate in {chain_name}")


def read_chain(text: bytes, name: str) -> tuple[x509.Certificate, ...]:
    """Read one or more certificates; raises ``BadCertificate``."""
    _check_size(text, name)
    try:
        with warnings.catch_warnings():  # oddities of foreign certificates are judged elsewhere, or not at all
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            found = tuple(x509.load_pem_x509_certificates(text))
            for certificate in found:
                certificate.public_key(), certificate.extensions, certificate.subject, certificate.issuer
            return found
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        raise BadCertificate(f"{name} holds no certificate in PEM form that can be read") from None


def read_key(text: bytes, name: str) -> PrivateKey:
    """Read a private key; raises ``BadCertificate`` where it is encrypted, weak or not one at all."""
    _check_size(text, name)
    try:
        key = load_pem_private_key(text, None)
    except TypeError:
        raise BadCertificate(
            f"the key in {name} is protected by a passphrase; write it without one: openssl pkey -in {name} -out NEW"
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadCertificate(f"{name} holds no private key in PEM form that can be read") from None
    if isinstance(key, rsa.RSAPrivateKey):
        if key.key_size < _SHORTEST_RSA:
            raise BadCertificate(
                f"the RSA key in {name} has {key.key_size} bits; clients want {_SHORTEST_RSA} at the least"
            )
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return key
    raise BadCertificate(f"the key in {name} is of a kind that not all clients know; use ECDSA P-256 or RSA")


def _check_size(text: bytes, name: str) -> None:
    if not text.strip():
        raise BadCertificate(f"{name} is empty")
    if len(text) > LARGEST_FILE:
        raise BadCertificate(f"{name} is larger than {LARGEST_FILE} bytes: that is no certificate or key")


def _public(key: object) -> bytes:
    encode = getattr(key, "public_bytes", None)
    return encode(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) if encode else b""


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _shown_name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    shown = str(common[0].value) if common else name.rfc4514_string()
    return "".join(character for character in shown if character.isprintable())


def _ms(moment: datetime.datetime) -> int:
    return int(moment.timestamp()) * 1000
