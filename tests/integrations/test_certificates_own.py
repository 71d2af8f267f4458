"""The server's own authority and certificates: who trusts them, for which names, and when others are made."""

import datetime
import ipaddress
import logging
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.stage.world import Clock
from veche.integrations.certificates import BadCertificate, Names
from veche.integrations.certificates.checking import RENEWED_DAYS
from veche.integrations.certificates.contexts import server_context
from veche.integrations.certificates.folder import Files
from veche.integrations.certificates.issuing import AUTHORITY_DAYS, LEAF_DAYS, new_authority, new_leaf
from veche.integrations.certificates.keeper import Keeper
from veche.integrations.certificates.records import DAY_MS, fingerprint, names_of, validity

NAMES = ("office.example", "xn--80a1acny.example", "192.0.2.7", "fd00::7", "127.0.0.1")
LONG = ".".join(["a" * 60] * 4)


class Desk:
    """A keeper whose clock and names a test can change."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.clock = Clock()
        self.names = names or NAMES
        self.folder = folder / "tls"
        self.keeper = self.again()

    def again(self) -> Keeper:
        """A keeper of the same folder, as after a restart."""
        self.keeper = Keeper(self.folder, "office.example", lambda: Names(self.names), self.clock)
        return self.keeper

    @property
    def leaf(self) -> x509.Certificate:
        """The certificate that is shown."""
        return self.keeper.shown.pair.certificate


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An empty folder and who looks after it."""
    return Desk(tmp_path)


def shakes_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Let a client and a server meet in memory; returns the client's side, raises what the client finds wrong."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    mine = client.wrap_bio(to_client, to_server, server_hostname=name)
    other = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (mine, other, mine, other, mine):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    return mine


def trusting(authority: Path) -> ssl.SSLContext:
    """A client as Python makes it, that trusts one authority."""
    return ssl.create_default_context(cafile=authority)


@pytest.mark.parametrize("name", NAMES)
def test_who_trusts_the_authority_accepts_every_name(desk: Desk, name: str) -> None:
    context = desk.keeper.open().context
    found = shakes_hands(context, trusting(desk.folder / "ca.crt"), name)
    assert found.version() == "TLSv1.3"
    assert found.selected_alpn_protocol() is None
    authority = desk.keeper.shown.authority
    assert authority is not None
    general: x509.GeneralName
    try:
        general = x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        general = x509.DNSName(name)
    verifier = PolicyBuilder().store(Store([authority.certificate])).build_server_verifier(general)
    assert verifier.verify(desk.leaf, []) == [desk.leaf, authority.certificate]


def test_nobody_else_accepts_anything(desk: Desk, tmp_path: Path) -> None:
    context = desk.keeper.open().context
    with pytest.raises(ssl.SSLCertVerificationError, match="unable to get local issuer"):
        shakes_hands(context, ssl.create_default_context(), "office.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        shakes_hands(context, trusting(desk.folder / "ca.crt"), "other.example")
    with pytest.raises(ssl.SSLCertVerificationError, match="IP address mismatch"):
        shakes_hands(context, trusting(desk.folder / "ca.crt"), "192.0.2.8")
    other = Desk(tmp_path / "other")
    other.keeper.open()
    with pytest.raises(ssl.SSLCertVerificationError):
        shakes_hands(context, trusting(other.folder / "ca.crt"), "office.example")


def test_an_authority_signs_servers_and_nothing_that_signs(desk: Desk) -> None:
    authority = desk.keeper.open().authority
    assert authority is not None
    found = authority.certificate
    limits = found.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (limits.critical, limits.value.ca, limits.value.path_length) == (True, True, 0)
    uses = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (uses.key_cert_sign, uses.digital_signature) == (True, False)
    under = new_authority("under", desk.clock())
    forged = x509.CertificateBuilder(
        issuer_name=desk.leaf.subject,
        subject_name=under.certificate.subject,
        public_key=under.key.public_key(),
        serial_number=1,
        not_valid_before=datetime.datetime.now(datetime.UTC),
        not_valid_after=datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1),
    ).add_extension(x509.SubjectAlternativeName([x509.DNSName("bank.example")]), critical=False)
    leaf_key = desk.keeper.shown.pair.key
    signed = forged.sign(leaf_key, under.certificate.signature_hash_algorithm)  # type: ignore[arg-type]
    verifier = PolicyBuilder().store(Store([found])).build_server_verifier(x509.DNSName("bank.example"))
    with pytest.raises(VerificationError):
        verifier.verify(signed, [desk.leaf])


def test_how_long_and_how_strong(desk: Desk) -> None:
    shown = desk.keeper.open()
    now = desk.clock()
    assert shown.authority is not None
    for pair, days in ((shown.authority, AUTHORITY_DAYS), (shown.pair, LEAF_DAYS)):
        begins, ends = validity(pair.certificate)
        assert begins < now - DAY_MS / 2, "clocks of an office differ"
        assert isinstance(pair.key, ec.EllipticCurvePrivateKey)
        assert pair.key.curve.name == "secp256r1"
        assert (ends - begins) / DAY_MS <= days + 1
    assert validity(shown.pair.certificate)[1] - validity(shown.pair.certificate)[0] <= 397 * DAY_MS
    assert validity(shown.authority.certificate)[1] > now + 10 * 365 * DAY_MS


def test_every_authority_has_a_name_of_its_own() -> None:
    names = {new_authority("office.example", 10**12).certificate.subject.rfc4514_string() for _ in range(20)}
    assert len(names) == 20


def test_long_names_and_many_of_them(tmp_path: Path) -> None:
    many = tuple(f"10.0.{number // 250}.{number % 250}" for number in range(250))
    desk = Desk(tmp_path, LONG, *many)
    context = desk.keeper.open().context
    for name in (LONG, many[0], many[-1]):
        shakes_hands(context, trusting(desk.folder / "ca.crt"), name)


@pytest.mark.parametrize("wild", ["*.example.org", "*", "a*.example.org"])
def test_wildcards_are_not_signed(wild: str) -> None:
    now = Clock()()
    with pytest.raises(BadCertificate, match="whole names only"):
        new_leaf(new_authority("office.example", now), ("office.example", wild), now)


def test_files_are_for_their_owner_only(desk: Desk) -> None:
    desk.keeper.open()
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in desk.folder.iterdir()} == dict.fromkeys(
        ("ca.crt", "ca.key", "leaf.crt", "leaf.key"), 0o600
    )
    (desk.folder / "ca.key").chmod(0o644)
    desk.again().open()
    assert stat.S_IMODE((desk.folder / "ca.key").stat().st_mode) == 0o600


def test_a_restart_changes_nothing(desk: Desk) -> None:
    desk.keeper.open()
    before = {path.name: path.read_bytes() for path in desk.folder.iterdir()}
    desk.again().open()
    desk.keeper.look()
    assert {path.name: path.read_bytes() for path in desk.folder.iterdir()} == before


def test_a_certificate_is_renewed_thirty_days_before_its_end(desk: Desk) -> None:
    first = fingerprint(desk.keeper.open().pair.certificate)
    ca = (desk.folder / "ca.crt").read_bytes()
    left = validity(desk.leaf)[1] - desk.clock()
    desk.clock.advance(ms=left - RENEWED_DAYS * DAY_MS - 3_600_000)
    desk.keeper.look()
    assert fingerprint(desk.leaf) == first
    desk.clock.advance(ms=2 * 3_600_000)
    desk.keeper.look()
    second = fingerprint(desk.leaf)
    assert second != first
    assert validity(desk.leaf)[1] - desk.clock() > 300 * DAY_MS
    assert (desk.folder / "ca.crt").read_bytes() == ca
    desk.keeper.look()
    assert fingerprint(desk.leaf) == second


def test_a_server_that_slept_too_long_begins_with_a_new_certificate(desk: Desk) -> None:
    desk.keeper.open()
    desk.clock.advance(ms=500 * DAY_MS)
    assert validity(desk.again().open().pair.certificate)[0] < desk.clock() < validity(desk.leaf)[1]


def test_a_clock_that_was_wrong_is_no_harm(desk: Desk) -> None:
    desk.clock.advance(ms=300 * DAY_MS)
    desk.keeper.open()
    desk.clock.advance(ms=-300 * DAY_MS)
    with pytest.raises(BadCertificate, match=r"ca\.crt begins only on"):
        desk.again().open()


def test_other_names_make_another_certificate(desk: Desk) -> None:
    first = fingerprint(desk.keeper.open().pair.certificate)
    for names in ((*NAMES, "192.0.2.99"), NAMES[1:]):
        desk.names = names
        desk.keeper.look()
        assert set(names_of(desk.leaf)) == set(names)
    desk.names = tuple(reversed(NAMES[1:]))
    before = fingerprint(desk.leaf)
    desk.keeper.look()
    assert fingerprint(desk.leaf) == before != first, "another order is no other set"
    desk.names = NAMES
    desk.again().open()
    assert set(names_of(desk.leaf)) == set(NAMES)


def test_an_authority_near_its_end_is_spoken_of_and_not_outlived(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.keeper.open()
    desk.clock.advance(ms=(AUTHORITY_DAYS - 20) * DAY_MS)
    with caplog.at_level(logging.WARNING):
        desk.keeper.look()
        assert "authority ends in 1" in caplog.text
        caplog.clear()
        first = fingerprint(desk.leaf)
        desk.keeper.look()
    assert fingerprint(desk.leaf) == first, "what cannot be bettered is not renewed again and again"
    assert caplog.text == "", "once a day is enough"
    shown = desk.keeper.shown
    assert shown.authority is not None
    assert validity(shown.pair.certificate)[1] == validity(shown.authority.certificate)[1]
    desk.clock.advance(ms=21 * DAY_MS)
    with pytest.raises(BadCertificate, match=r"ended on .*everybody will have to trust anew"):
        desk.again().open()


def test_renewing_by_hand(desk: Desk) -> None:
    first = fingerprint(desk.keeper.open().pair.certificate)
    assert fingerprint(desk.keeper.renew().pair.certificate) != first
    assert fingerprint(desk.again().renew().pair.certificate) not in ("", first)


def test_everybody_may_ask_at_once(desk: Desk) -> None:
    desk.keeper.open()
    threads = [threading.Thread(target=desk.keeper.renew) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fingerprint(desk.leaf) == fingerprint(desk.again().open().pair.certificate)


@pytest.mark.parametrize("name", ["ca.crt", "ca.key", "leaf.crt", "leaf.key"])
@pytest.mark.parametrize("harm", ["gone", "empty", "garbage", "cut", "folder", "other"])
def test_what_lies_in_the_folder_and_cannot_be_used(desk: Desk, tmp_path: Path, name: str, harm: str) -> None:
    desk.keeper.open()
    path = desk.folder / name
    text = path.read_bytes()
    path.unlink()
    if harm == "folder":
        path.mkdir()
    elif harm == "other":
        other = Desk(tmp_path / "other")
        other.keeper.open()
        path.write_bytes((other.folder / name).read_bytes())
    elif harm != "gone":
        path.write_bytes({"empty": b"", "garbage": b"\x00\xff" * 500, "cut": text[: len(text) // 2]}[harm])
    with pytest.raises(BadCertificate) as fault:
        desk.again().open()
    assert "\n" not in str(fault.value)
    assert str(desk.folder) in str(fault.value)
    assert "delete" in str(fault.value)
    files = {each.name for each in desk.folder.iterdir()}
    assert files - {name} == {"ca.crt", "ca.key", "leaf.crt", "leaf.key"} - {name}, "nothing was made or removed"


def test_a_certificate_of_another_authority_is_not_shown(desk: Desk, tmp_path: Path) -> None:
    desk.keeper.open()
    other = Desk(tmp_path / "other")
    other.keeper.open()
    for name in ("leaf.crt", "leaf.key"):
        (desk.folder / name).write_bytes((other.folder / name).read_bytes())
    with pytest.raises(BadCertificate, match="was not made by the authority beside it"):
        desk.again().open()


def test_what_is_spoken(desk: Desk) -> None:
    context = desk.keeper.open().context
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert {cipher["aead"] for cipher in context.get_ciphers()} == {True}
    names = {cipher["name"] for cipher in context.get_ciphers()}
    assert all(name.startswith(("TLS_", "ECDHE-")) for name in names), names
    client = trusting(desk.folder / "ca.crt")
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert shakes_hands(context, client, "office.example").version() == "TLSv1.2"
    client.set_ciphers("AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA256")
    with pytest.raises(ssl.SSLError, match="NO_SHARED_CIPHER"):
        shakes_hands(context, client, "office.example")


def test_files_that_are_no_certificate_make_no_context(tmp_path: Path) -> None:
    with pytest.raises(BadCertificate, match="cannot be used"):
        server_context(Files(tmp_path / "none.crt", tmp_path / "none.key"))
