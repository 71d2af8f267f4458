"""Certificates as somebody else's authority makes them, good ones and bad ones, for tests that bring them along."""

import datetime
import ipaddress
from collections.abc import Sequence
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
DAY = datetime.timedelta(days=1)


class Paper(msgspec.Struct, frozen=True):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self, passphrase: bytes = b"") -> bytes:
        """The key as PEM, encrypted where there is a passphrase."""
        lock: KeySerializationEncryption = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


def curve_key() -> Key:
    """A new ECDSA key."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int) -> Key:
    """A new RSA key."""
    return rsa.generate_private_key(65537, bits)


def odd_key() -> Key:
    """A new key of a kind that browsers do not know."""
    return ed25519.Ed25519PrivateKey.generate()


def foreign_authority(name: str = "Elsewhere", *, signer: Paper | None = None, is_authority: bool = True) -> Paper:
    """An authority, signed by itself or another; or something that only looks like one."""
    key = curve_key()
    return Paper(_signed(name, key, signer, (), -10, 3000, is_authority=is_authority), key)


def foreign_leaf(
    signer: Paper | None,
    names: Sequence[str] = ("127.0.0.1", "localhost"),
    *,
    key: Key | None = None,
    begins: int = -1,
    ends: int = 90,
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Paper:
    """A server's certificate, signed by an authority or by itself; times in days from now."""
    key = key or curve_key()
    return Paper(_signed("server", key, signer, names, begins, ends, is_authority=False, purpose=purpose), key)


def _signed(
    name: str,
    key: Key,
    signer: Paper | None,
    names: Sequence[str],
    begins: int,
    ends: int,
    *,
    is_authority: bool,
    purpose: x509.ObjectIdentifier | None = None,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begins * DAY)
        .not_valid_after(now + ends * DAY)
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    by = signer.key if signer else key
    return builder.sign(by, None if isinstance(by, ed25519.Ed25519PrivateKey) else hashes.SHA256())


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def written(folder: Path, name: str, certificates: bytes, key: bytes) -> tuple[Path, Path]:
    """Write a chain and a key into two files, the key for its owner only."""
    paths = folder / f"{name}.pem", folder / f"{name}.key"
    paths[0].write_bytes(certificates)
    paths[1].write_bytes(key)
    paths[1].chmod(0o600)
    return paths
