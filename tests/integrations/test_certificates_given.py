"""Certificates that somebody brings: which are shown, which are refused and how, and what is said of their end."""

import logging
import stat
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.integrations.test_certificates_own import shakes_hands, trusting
from tests.stage.certificates import Key, Paper, curve_key, foreign_authority, foreign_leaf, odd_key, rsa_key
from tests.stage.world import Clock
from veche.integrations.certificates import BadCertificate, Names
from veche.integrations.certificates.checking import covers
from veche.integrations.certificates.keeper import Keeper
from veche.integrations.certificates.records import DAY_MS, LARGEST_FILE, fingerprint

ROOT = foreign_authority("Root")
BETWEEN = foreign_authority("Between", signer=ROOT)
GOOD = foreign_leaf(BETWEEN, ("chat.example.org",))
KNOWN = Names(("chat.example.org", "office", "192.0.2.7"))


class Bench(msgspec.Struct, frozen=True):
    """A folder with a certificate of the server's own in use."""

    keeper: Keeper
    clock: Clock
    folder: Path
    again: Callable[[Names], Keeper]

    def install(self, *chain: Paper, key: Paper | None = None) -> None:
        """Bring a chain and the first one's key, or another."""
        self.bring(b"".join(paper.pem for paper in chain), (key or chain[0]).key_pem())

    def bring(self, chain: bytes, key: bytes) -> None:
        """Bring two texts."""
        self.keeper.install(chain, key, "CERT", "KEY")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """As after the first start."""
    clock = Clock()
    folder = tmp_path / "tls"
    keeper = Keeper(folder, "office", lambda: KNOWN, clock)
    keeper.open()
    return Bench(keeper, clock, folder, lambda names: Keeper(folder, "office", lambda: names, clock))


@pytest.mark.parametrize("key", [curve_key(), rsa_key(2048)], ids=["ecdsa", "rsa"])
def test_a_chain_from_elsewhere_is_shown_from_now_on(bench: Bench, tmp_path: Path, key: Key) -> None:
    leaf = foreign_leaf(BETWEEN, ("chat.example.org",), key=key)
    (tmp_path / "root.pem").write_bytes(ROOT.pem)
    client = trusting(tmp_path / "root.pem")
    for chain in ((leaf, BETWEEN), (leaf, BETWEEN, ROOT)):
        bench.install(*chain)
        shakes_hands(bench.keeper.shown.context, client, "chat.example.org")
    assert fingerprint(bench.again(KNOWN).open().pair.certificate) == fingerprint(leaf.certificate)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in bench.folder.iterdir()}
    assert (modes["given.crt"], modes["given.key"]) == (0o600, 0o600)
    shown = bench.keeper.report()
    assert shown is not None
    assert (shown.is_given, shown.authority, shown.missing) == (True, None, ("office", "192.0.2.7"))


def test_a_kind_of_key_is_not_shown_any_more_once_another_is_installed(bench: Bench, tmp_path: Path) -> None:
    """A client that prefers ECDSA would else go on to get the old certificate."""
    bench.install(foreign_leaf(None, ("chat.example.org",), key=rsa_key(2048)))
    context = bench.keeper.shown.context
    client = trusting(bench.folder / "given.crt")
    found = shakes_hands(context, client, "chat.example.org").getpeercert(binary_form=True)
    bench.install(foreign_leaf(None, ("chat.example.org",)))
    client.load_verify_locations(bench.folder / "given.crt")
    assert shakes_hands(bench.keeper.shown.context, client, "chat.example.org").getpeercert(binary_form=True) != found


def bad(*chain: Paper, key: Paper | None = None) -> tuple[bytes, bytes]:
    """The texts of a bad wish."""
    return b"".join(paper.pem for paper in chain), (key or chain[0]).key_pem()


def named(*names: str) -> Paper:
    """A good certificate for other names."""
    return foreign_leaf(BETWEEN, names)


MAIL = foreign_leaf(BETWEEN, ("chat.example.org",), purpose=ExtendedKeyUsageOID.EMAIL_PROTECTION)
STRANGER = foreign_authority("Stranger")
NO_AUTHORITY = foreign_authority("No authority", signer=ROOT, is_authority=False)
REFUSED = {
    "a key of another certificate": (bad(GOOD, BETWEEN, key=ROOT), "the key in KEY does not belong"),
    "ended": (bad(foreign_leaf(BETWEEN, ("chat.example.org",), begins=-20, ends=-1), BETWEEN), "ended on"),
    "not begun": (bad(foreign_leaf(BETWEEN, ("chat.example.org",), begins=2), BETWEEN), "begins only on"),
    "authority first": (bad(BETWEEN, GOOD, key=GOOD), "wrong order"),
    "wrong order behind it": (bad(GOOD, ROOT, BETWEEN), "wrong order"),
    "signed by somebody else": (bad(GOOD, STRANGER), "is no chain"),
    "signed by no authority": (bad(foreign_leaf(NO_AUTHORITY, ("chat.example.org",)), NO_AUTHORITY), "no authority"),
    "short key": (bad(foreign_leaf(BETWEEN, ("chat.example.org",), key=rsa_key(1024)), BETWEEN), "1024 bits"),
    "odd key": (bad(foreign_leaf(BETWEEN, ("chat.example.org",), key=odd_key()), BETWEEN), "not all clients know"),
    "no names": (bad(named(), BETWEEN), "no names of its own"),
    "other names": (bad(named("mail.example.org", "192.0.2.8"), BETWEEN), "this server is chat.example.org, office"),
    "for mail": (bad(MAIL, BETWEEN), "not made for servers"),
    "locked key": ((GOOD.pem + BETWEEN.pem, GOOD.key_pem(b"secret")), "protected by a passphrase"),
    "key and certificate swapped": ((GOOD.key_pem(), GOOD.pem), "no private key in PEM form"),
    "two certificates": ((GOOD.pem, GOOD.pem), "no private key in PEM form"),
    "empty certificate": ((b"", GOOD.key_pem()), "CERT is empty"),
    "empty key": ((GOOD.pem, b" \n"), "KEY is empty"),
    "garbage": ((b"\x00\xff" * 200, GOOD.key_pem()), "CERT holds no certificate"),
    "garbage for a key": ((GOOD.pem, b"\x00\xff" * 200), "KEY holds no private key"),
    "cut certificate": ((GOOD.pem[:300], GOOD.key_pem()), "CERT holds no certificate"),
    "huge": ((b"x" * (LARGEST_FILE + 1), GOOD.key_pem()), "is larger than"),
    "huge key": ((GOOD.pem, b"x" * (LARGEST_FILE + 1)), "is larger than"),
}


@pytest.mark.parametrize("wish", REFUSED)
def test_what_is_refused_leaves_the_old_one_in_place(bench: Bench, wish: str) -> None:
    texts, reason = REFUSED[wish]
    for before in (None, (GOOD, BETWEEN)):
        if before:
            bench.install(*before)
        shown = bench.keeper.shown
        files = {path.name: path.read_bytes() for path in bench.folder.iterdir()}
        with pytest.raises(BadCertificate, match=reason) as fault:
            bench.bring(*texts)
        assert "\n" not in str(fault.value)
        assert bench.keeper.shown is shown
        assert {path.name: path.read_bytes() for path in bench.folder.iterdir()} == files
        bench.again(KNOWN).open()


def test_names_that_were_set_must_all_be_covered(bench: Bench) -> None:
    chosen = Names(("chat.example.org", "office.example.org", "office"), ("chat.example.org", "office.example.org"))
    keeper = bench.again(chosen)
    with pytest.raises(BadCertificate, match=r"is for chat\.example\.org, but not for office\.example\.org"):
        keeper.install(GOOD.pem + BETWEEN.pem, GOOD.key_pem(), "CERT", "KEY")
    wild = named("*.example.org")
    keeper.install(wild.pem + BETWEEN.pem, wild.key_pem(), "CERT", "KEY")
    shown = keeper.report()
    assert shown is not None
    assert shown.missing == ("office",)


@pytest.mark.parametrize(
    ("has", "name", "is_covered"),
    [
        ("chat.example.org", "chat.example.org", True),
        ("*.example.org", "chat.example.org", True),
        ("*.example.org", "example.org", False),
        ("*.example.org", "a.chat.example.org", False),
        ("*.org", "example.org", False),
        ("*", "office", False),
        ("*.0.2.7", "192.0.2.7", False),
        ("192.0.2.7", "192.0.2.7", True),
        ("fd00::7", "fd00::7", True),
    ],
)
def test_what_a_name_covers(has: str, name: str, is_covered: bool) -> None:
    assert covers((has,), name) is is_covered


def test_a_given_certificate_is_not_renewed_but_warned_about(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.install(GOOD, BETWEEN)
    with pytest.raises(BadCertificate, match="was given and is not renewed here"):
        bench.keeper.renew()
    with caplog.at_level(logging.WARNING):
        bench.keeper.look()
        assert caplog.text == ""
        bench.clock.advance(ms=61 * DAY_MS)
        bench.keeper.look()
        assert "the certificate for chat.example.org ends in 28 days; bring another" in caplog.text
        caplog.clear()
        bench.keeper.look()
        assert caplog.text == "", "once a day is enough"
        bench.clock.advance(ms=DAY_MS)
        bench.keeper.look()
        assert "ends in 27 days" in caplog.text
    assert fingerprint(bench.keeper.shown.pair.certificate) == fingerprint(GOOD.certificate)
    bench.clock.advance(ms=60 * DAY_MS)
    bench.keeper.look()
    with pytest.raises(BadCertificate, match=r"given\.crt ended on"):
        bench.again(KNOWN).open()


def test_a_given_certificate_for_other_names_is_shown_with_a_warning(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.install(GOOD, BETWEEN)
    with caplog.at_level(logging.WARNING):
        bench.again(Names(("elsewhere",), ("elsewhere",))).open()
    assert "is for chat.example.org, but not for elsewhere" in caplog.text


def test_once_the_given_one_is_removed_the_own_one_is_back(bench: Bench) -> None:
    own = fingerprint(bench.keeper.shown.pair.certificate)
    bench.install(GOOD, BETWEEN)
    for name in ("given.crt", "given.key"):
        (bench.folder / name).unlink()
    assert fingerprint(bench.again(KNOWN).open().pair.certificate) == own


def test_a_report_makes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "tls"
    assert Keeper(folder, "office", lambda: KNOWN, Clock()).report() is None
    assert not folder.exists()
    made = Keeper(folder, "office", lambda: KNOWN, Clock()).open()
    assert made.authority is not None
    found = Keeper(folder, "office", lambda: KNOWN, Clock()).report()
    assert found is not None
    assert found.authority is not None
    assert found.authority.fingerprint == fingerprint(made.authority.certificate)
    assert (found.certificate.names, found.certificate.days_left, found.missing) == (KNOWN.all, 395, ())
