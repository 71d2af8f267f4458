"""Debian's testssl looks at HTTPS on the real server: nothing serious is wrong, and nothing old is spoken."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.ci import is_ci
from tests.effort import depth
from tests.stage.server import Server

CHECKS = {
    "ci": ("--protocols", "--server-defaults", "--server-preference", "--vulnerable"),
    "long": ("--full",),
}
EVERYWHERE = ("--quiet", "--color", "0", "--warnings", "off", "--nodns", "none")
"""``--nodns none``: nothing is asked of anybody but the server."""
QUICK = {"USLEEP_SND": "0.01", "USLEEP_REC": "0.02", "MAX_WAITSOCK": "4"} | dict.fromkeys(
    ("HEARTBLEED_MAX_WAITSOCK", "CCS_MAX_WAITSOCK"), "2"
)
"""The waits are meant for the internet; loopback answers sooner."""
INHERENT = {
    "cert_revocation": "a private authority has no address where clients could ask whether a certificate is revoked",
}
"""What testssl calls serious and belongs to a private authority. That its chain is trusted is not among them: the
authority is given to testssl as it is given to every client.
"""
SERIOUS = ("HIGH", "CRITICAL", "FATAL")


def scan(server: Server, folder: Path) -> dict[str, dict[str, str]]:
    """Let testssl look at a server; returns what it found by name."""
    program = shutil.which("testssl") or shutil.which("testssl.sh")
    if program is None:
        lacking = "testssl is missing: apt-get install testssl.sh"
        if is_ci():
            pytest.fail(lacking)
        pytest.skip(lacking)
    found = folder / "found.json"
    command = [program, *EVERYWHERE, "--add-ca", str(server.authority), "--jsonfile", str(found), *CHECKS[depth()]]
    told = subprocess.run(
        [*command, f"127.0.0.1:{server.port}"],
        env={**os.environ, **QUICK},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    print(told)  # noqa: T201  # shown with a failure
    return {finding["id"]: finding for finding in json.loads(found.read_text())}


@pytest.mark.settings(tls="on", trust_port=0)
def test_testssl_finds_nothing_serious(server: Server, tmp_path: Path) -> None:
    found = scan(server, tmp_path)
    offered = {name: found[name]["finding"] for name in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2", "TLS1_3")}
    assert {name for name, finding in offered.items() if finding.startswith("offered")} == {"TLS1_2", "TLS1_3"}
    assert all(finding == "not offered" for name, finding in offered.items() if name not in ("TLS1_2", "TLS1_3"))
    assert found["cert_chain_of_trust"]["finding"].startswith("passed")
    assert found["cert_trust"]["severity"] == "OK"
    serious = {name: finding for name, finding in found.items() if finding["severity"] in SERIOUS}
    assert serious.keys() - INHERENT.keys() == set(), serious
    looked_for = {"heartbleed", "CCS", "ROBOT", "CRIME_TLS", "secure_client_renego", "LOGJAM", "POODLE_SSL", "RC4"}
    assert looked_for <= found.keys()
    assert "ERROR" not in server.last_words()
    assert "Traceback" not in server.last_words()
