"""Making the server's own certificate authority, and certificates signed by it (RFC 5280)."""

import datetime
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from veche.integrations.certificates import BadCertificate
from veche.integrations.certificates.records import DAY_MS, Pair, general_names, validity

AUTHORITY_DAYS = 7305
"""Twenty years: whoever trusted it once is not asked again while the server's machine lives."""
LEAF_DAYS = 397
"""The most that browsers allow a public certificate; some systems measure private ones by it too."""
_SKEW_MS = DAY_MS
"""Certificates begin a day early: the clocks of an office differ."""
_LONGEST_COMMON_NAME = 64
_NO_USES = dict.fromkeys(
    (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    ),
    False,
)


def new_authority(server_name: str, now_ms: int) -> Pair:
    """Make a certificate authority: a key, and the certificate that people are asked to trust.

    It may sign servers' certificates and nothing that signs further. Part of its serial number stands in its name, so
    that a second one of the same server is another one to every system.
    """
    key, serial = ec.generate_private_key(ec.SECP256R1()), x509.random_serial_number()
    name = _name(f"Veche {server_name[:40]} {serial >> 128 & 0xFFFFFFFF:08x}", organisation="Veche")
    ends_ms = now_ms + AUTHORITY_DAYS * DAY_MS
    builder = (
        _builder(name, name, key.public_key(), serial, now_ms - _SKEW_MS, ends_ms)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_uses(key_cert_sign=True, crl_sign=True), critical=True)
    )
    return Pair(key, (builder.sign(key, hashes.SHA256()),))


def new_leaf(authority: Pair, names: Sequence[str], now_ms: int) -> Pair:
    """Make a key and a certificate for these host names and addresses, signed by the authority.

    Raises ``BadCertificate`` for a wildcard, or where the authority has ended.
    """
    if wild := [name for name in names if "*" in name]:
        raise BadCertificate(f"{wild[0]} is no name of one server: the own certificate is for whole names only")
    _, authority_ends = validity(authority.certificate)
    if authority_ends <= now_ms:
        raise BadCertificate("the certificate authority has ended and can sign no more")
    key = ec.generate_private_key(ec.SECP256R1())
    begins_ms = now_ms - _SKEW_MS
    ends_ms = min(begins_ms + LEAF_DAYS * DAY_MS, authority_ends)
    subject = _name(names[0] if len(names[0]) <= _LONGEST_COMMON_NAME else "Veche")
    issuer, public = authority.certificate.subject, key.public_key()
    builder = (
        _builder(subject, issuer, public, x509.random_serial_number(), begins_ms, ends_ms)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_uses(digital_signature=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(general_names(names)), critical=False)
        .add_extension(_authority_key(authority), critical=False)
    )
    return Pair(key, (builder.sign(authority.key, hashes.SHA256()),))


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    serial: int,
    begins_ms: int,
    ends_ms: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(serial)
        .not_valid_before(_moment(begins_ms))
        .not_valid_after(_moment(ends_ms))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _authority_key(authority: Pair) -> x509.AuthorityKeyIdentifier:
    found = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(found.value)


def _name(common: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _uses(**uses: bool) -> x509.KeyUsage:
    return x509.KeyUsage(**(_NO_USES | uses))


def _moment(ms: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC)
