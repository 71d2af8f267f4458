"""``veche tls``: the certificate that HTTPS shows."""

import stat
import time
from pathlib import Path
from typing import Any

import click

from veche.app.cli.faults import Declined, Fault
from veche.app.cli.place import with_place

_LARGEST_FILE = 2**20
_MOST_NAMES = 12
_FILE = click.Path(path_type=Path)


@click.group()
def tls() -> None:
    """The certificate for HTTPS: status, renew, install."""


@tls.command()
@with_place
def status(data: Path, pairs: tuple[str, ...]) -> None:
    """Say which certificate is shown, for which names and how long, and who signed it."""
    from veche.app.actions import ShowCertificate
    from veche.app.cli.reach import reach

    click.echo("\n".join(_described(reach(data, pairs, ShowCertificate()))))


@tls.command()
@with_place
def renew(data: Path, pairs: tuple[str, ...]) -> None:
    """Make another certificate of the server's own now. Connections that stand are not touched."""
    from veche.app.actions import RenewCertificate
    from veche.app.cli.reach import reach

    click.echo("\n".join(["The certificate is renewed.", *_described(reach(data, pairs, RenewCertificate()))]))


@tls.command()
@click.argument("cert", type=_FILE)
@click.argument("key", type=_FILE)
@with_place
def install(cert: Path, key: Path, data: Path, pairs: tuple[str, ...]) -> None:
    """Show a given certificate from now on: CERT is the chain in PEM form, the server's own first; KEY its key."""
    from veche.app.actions import InstallCertificate
    from veche.app.cli.reach import reach

    wish = InstallCertificate(_content(cert), _content(key, is_key=True), str(cert), str(key))
    click.echo("\n".join(["The certificate is installed.", *_described(reach(data, pairs, wish))]))


def _content(path: Path, *, is_key: bool = False) -> bytes:
    """Read a file that somebody named; a key that everybody on the machine may read is refused."""
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise Declined(f"{path} is no file")
        if about.st_size > _LARGEST_FILE:
            raise Declined(f"{path} is larger than {_LARGEST_FILE} bytes: that is no certificate or key")
        if is_key and about.st_mode & stat.S_IRWXO:
            raise Declined(f"everybody on this machine may read {path}: chmod 600 it, or better, make another key")
        return path.read_bytes()
    except OSError as fault:
        raise Fault(f"{path}: {fault.strerror}") from None


def _described(report: dict[str, Any]) -> list[str]:
    lines = [] if report["is_in_use"] else ["HTTPS is not spoken now: the server listens on loopback, or not at all."]
    if "certificate" not in report:
        return [*lines, f"There is no certificate in {report['folder']} yet; one is made when HTTPS is first spoken."]
    has, authority = report["certificate"], report["authority"]
    kind = "a given one" if report["is_given"] else "the server's own"
    lines += [
        f"certificate  {has['holder']}, {kind}",
        f"names        {_listed(has['names'])}",
        f"SHA-256      {has['fingerprint']}",
        f"good until   {_until(has)}",
        f"signed by    {has['issuer']}",
    ]
    if report["missing"]:
        lines.append(f"not for      {_listed(report['missing'])}, by which this server is known too")
    if authority is not None:
        lines += [
            f"authority    {authority['holder']}; to be trusted by everybody",
            f"SHA-256      {authority['fingerprint']}",
            f"good until   {_until(authority)}",
        ]
    return lines


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _until(described: dict[str, Any]) -> str:
    day = time.strftime("%Y-%m-%d", time.gmtime(described["ends_ts"] / 1000))
    left = described["days_left"]
    return f"{day}, {left} days from now" if left >= 0 else f"{day}: it has ended"
