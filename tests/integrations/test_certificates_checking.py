"""What a server finds wrong with certificates that look like its own: an authority that is none, a leaf of another."""

import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.stage.certificates import foreign_authority, foreign_leaf
from veche.integrations.certificates import BadCertificate
from veche.integrations.certificates.checking import check_authority, check_chain, check_issued
from veche.integrations.certificates.issuing import new_authority, new_leaf
from veche.integrations.certificates.records import DAY_MS, Pair

NOW = int(datetime.datetime.now(datetime.UTC).timestamp() * 1000)
ELSEWHERE = foreign_authority()


def bare(is_authority: bool | None = None) -> Pair:
    """A certificate signed by itself that says no more of itself than it is asked to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bare")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now - day, now + 9 * day)
    if is_authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(is_authority, None), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName("chat.example.org")])
    builder = builder.add_extension(names, critical=False)
    return Pair(key, (builder.sign(key, hashes.SHA256()),))


@pytest.mark.parametrize("is_authority", [None, False])
def test_an_authority_must_say_that_it_is_one(is_authority: bool | None) -> None:
    with pytest.raises(BadCertificate, match="is no authority's"):
        check_authority(bare(is_authority), NOW, "authority.pem")
    check_authority(bare(True), NOW, "authority.pem")
    check_authority(new_authority("office", NOW), NOW, "authority.pem")


def test_an_own_certificate_is_of_the_own_authority() -> None:
    first, second = new_authority("office", NOW), new_authority("office", NOW)
    leaf = new_leaf(first, ("chat.example.org",), NOW)
    check_issued(leaf, first, "server.pem")
    with pytest.raises(BadCertificate, match=r"server.pem was not made by the authority beside it"):
        check_issued(leaf, second, "server.pem")


def test_a_signer_that_is_no_authority_is_named() -> None:
    between = foreign_authority("Between", signer=ELSEWHERE, is_authority=False)
    leaf = foreign_leaf(between, ("chat.example.org",))
    with pytest.raises(BadCertificate, match=r"CN=Between in chain.pem signs certificates and is no authority"):
        check_chain((leaf.certificate, between.certificate, ELSEWHERE.certificate), NOW, "chain.pem")


def test_a_certificate_without_purposes_is_for_all() -> None:
    check_chain(bare().chain, NOW, "server.pem")


def test_a_broken_hash_proves_nothing() -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "old")])
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, now - day, now + 9 * day)
    sha_256, sha_1 = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("0b", "05"))
    signed = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    old = x509.load_der_x509_certificate(signed.replace(sha_256, sha_1))  # nobody makes such a one any more
    with pytest.raises(BadCertificate, match=r"CN=old in server.pem is signed with a broken hash"):
        check_chain((old,), NOW, "server.pem")


@pytest.mark.parametrize("names", [("*.example.org",), ("chat.example.org", "*")])
def test_an_own_certificate_is_for_whole_names_only(names: tuple[str, ...]) -> None:
    with pytest.raises(BadCertificate, match="is no name of one server"):
        new_leaf(new_authority("office", NOW), names, NOW)


def test_an_authority_that_has_ended_signs_no_more() -> None:
    authority = new_authority("office", NOW)
    with pytest.raises(BadCertificate, match="has ended"):
        new_leaf(authority, ("chat.example.org",), NOW + 8000 * DAY_MS)
