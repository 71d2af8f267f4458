"""Whether a certificate can be used: its chain, its time, its purpose, its names. Changes nothing, reads no file."""

import datetime
import ipaddress
import itertools
from collections.abc import Iterable, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID

from veche.integrations.certificates import BadCertificate
from veche.integrations.certificates.records import DAY_MS, Pair, names_of, validity

RENEWED_DAYS = 30
"""So long before its end an own certificate is renewed, and whoever gave one is warned."""
_BROKEN = (hashes.MD5, hashes.SHA1)


def check_chain(chain: Sequence[x509.Certificate], now_ms: int, source: str) -> None:
    """Check everything but names; raises ``BadCertificate`` with one line that says what is wrong with ``source``."""
    for certificate in chain:
        check_time(certificate, now_ms, source)
    for signed, signer in itertools.pairwise(chain):
        _check_signature(signed, signer, chain, source)
    _check_hashes(chain, source)
    _check_purpose(chain[0], source)
    if not names_of(chain[0]):
        raise BadCertificate(
            f"the certificate in {source} has no names of its own (subjectAltName); no client would take it"
        )


def check_names(certificate: x509.Certificate, must: Sequence[str], may: Sequence[str], source: str) -> None:
    """Check that a certificate is for all of ``must`` or, where that is empty, for one of ``may`` at the least."""
    has = names_of(certificate)
    missing = [name for name in must if not covers(has, name)]
    if missing:
        raise BadCertificate(f"the certificate in {source} is for {_listed(has)}, but not for {_listed(missing)}")
    if not must and not any(covers(has, name) for name in may):
        raise BadCertificate(
            f"the certificate in {source} is for {_listed(has)}, and this server is {_listed(may)}; "
            "name it by the setting tls_names or public_address"
        )


def check_issued(leaf: Pair, authority: Pair, source: str) -> None:
    """Check that the own authority has signed a certificate."""
    if not _is_signed(leaf.certificate, authority.certificate):
        raise BadCertificate(f"the certificate in {source} was not made by the authority beside it")


def check_authority(authority: Pair, now_ms: int, source: str) -> None:
    """Check that the own authority can still sign."""
    check_time(authority.certificate, now_ms, source)
    if not _is_authority(authority.certificate):
        raise BadCertificate(f"the certificate in {source} is no authority's")


def check_time(certificate: x509.Certificate, now_ms: int, source: str) -> None:
    """Check that a certificate has begun and not ended."""
    begins, ends = validity(certificate)
    if ends <= now_ms:
        raise BadCertificate(f"the certificate of {_whose(certificate)} in {source} ended on {_day(ends)}")
    if begins > now_ms:
        raise BadCertificate(f"the certificate of {_whose(certificate)} in {source} begins only on {_day(begins)}")


def is_due(leaf: x509.Certificate, authority: x509.Certificate, names: Iterable[str], now_ms: int) -> bool:
    """Say whether an own certificate must be made anew: it ends soon, has not begun, or is for other names.

    One that lasts as long as its authority cannot be bettered.
    """
    begins, ends = validity(leaf)
    ends_soon = ends <= now_ms + RENEWED_DAYS * DAY_MS and ends < validity(authority)[1]
    return ends_soon or begins > now_ms or set(names_of(leaf)) != set(names)


def covers(has: Iterable[str], name: str) -> bool:
    """Say whether one of a certificate's names stands for ``name``; a star stands for one whole label (RFC 9525)."""
    wild = "" if _is_address(name) or name.count(".") < 2 else "*." + name.partition(".")[2]
    return any(each == name or (wild and each == wild) for each in has)


def _check_signature(
    signed: x509.Certificate, signer: x509.Certificate, chain: Sequence[x509.Certificate], source: str
) -> None:
    if _is_signed(signed, signer):
        if _is_authority(signer):
            return
        raise BadCertificate(f"{_whose(signer)} in {source} signs certificates and is no authority")
    if any(_is_signed(signed, other) for other in chain if other is not signed):
        raise BadCertificate(
            f"{source} is in the wrong order: the server's certificate first, then in turn who signed the one before"
        )
    raise BadCertificate(f"{source} is no chain: {_whose(signer)} has not signed the certificate of {_whose(signed)}")


def _is_signed(signed: x509.Certificate, signer: x509.Certificate) -> bool:
    try:
        signed.verify_directly_issued_by(signer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _check_hashes(chain: Sequence[x509.Certificate], source: str) -> None:
    for certificate in chain:
        is_root = certificate.subject == certificate.issuer and len(chain) > 1
        if isinstance(certificate.signature_hash_algorithm, _BROKEN) and not is_root:
            raise BadCertificate(f"the certificate of {_whose(certificate)} in {source} is signed with a broken hash")


def _check_purpose(certificate: x509.Certificate, source: str) -> None:
    try:
        uses = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    served = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if not any(use in served for use in uses):
        raise BadCertificate(f"the certificate in {source} is not made for servers")


def _whose(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string() or _listed(names_of(certificate)) or "nobody"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:8]) + (" and others" if len(names) > 8 else "")


def _day(ms: int) -> str:
    return datetime.datetime.fromtimestamp(ms // 1000, datetime.UTC).strftime("%Y-%m-%d")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
