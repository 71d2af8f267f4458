"""Who is measured: Veche, or a peer installed into its own environment. Says how each is started; starts nothing."""

import base64
import json
import os
import secrets
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parent.parent
SERVER_NAME = "bench.example"
SYNAPSE = "matrix-synapse==1.163.2"


class Contestant(msgspec.Struct, frozen=True):
    """`command(data, port, database)` makes what is missing in the folder `data`; its value is what to run."""

    name: str
    version: str
    command: Callable[[Path, int, str], list[str]]
    tells_presence: bool = True
    speaks_tls: bool = True
    backs_up: bool = True


def veche() -> Contestant:
    """This repository's server, run by the interpreter that runs the benchmark."""
    return Contestant("veche", _revision(), _veche_command)


def synapse() -> Contestant:
    """Synapse from PyPI with SQLite, rate limits and presence off.

    It is installed on first use, unless VECHE_PEER_PYTHON names an interpreter that has it.
    """
    python = os.environ.get("VECHE_PEER_PYTHON") or str(_installed("synapse", SYNAPSE))

    def command(data: Path, port: int, _database: str) -> list[str]:
        config = data / "homeserver.yaml"
        config.write_text(json.dumps(_synapse_settings(data, port)))  # JSON is YAML
        return [python, "-m", "synapse.app.homeserver", "--config-path", str(config)]

    return Contestant(
        "synapse", SYNAPSE.partition("==")[2], command, tells_presence=False, speaks_tls=False, backs_up=False
    )


def _veche_command(data: Path, port: int, database: str) -> list[str]:
    command = [sys.executable, "-m", "veche", "serve", "--data", str(data), "--host", "127.0.0.1", "--port", str(port)]
    settings = {"registration": "open", "server_name": SERVER_NAME, "rate_limits": "off", "largest_upload": str(2**31)}
    if database:
        settings["database"] = database
    for name, value in settings.items():
        command += ["--set", f"{name}={value}"]
    return command


def _revision() -> str:
    told = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return told.stdout.strip() or "unversioned"


def _installed(name: str, requirement: str) -> Path:
    folder = ROOT / ".veche" / "peers" / name
    python = folder / "bin" / "python"
    mark = folder / requirement.replace("=", "-")
    if not mark.exists():
        print(f"installing {requirement} into {folder}", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", requirement], check=True)
        mark.touch()
    return python


def _synapse_settings(data: Path, port: int) -> dict[str, object]:
    return {
        "server_name": SERVER_NAME,
        "pid_file": str(data / "homeserver.pid"),
        "listeners": [
            {"port": port, "type": "http", "bind_addresses": ["127.0.0.1"], "resources": [{"names": ["client"]}]}
        ],
        "database": {"name": "sqlite3", "args": {"database": str(data / "homeserver.db")}},
        "log_config": str(_written(data / "log.yaml", json.dumps(_SYNAPSE_LOG))),
        "media_store_path": str(data / "media"),
        "max_upload_size": "2G",
        "signing_key_path": str(_written(data / "signing.key", f"ed25519 a_bench {_seed()}\n")),
        "macaroon_secret_key": "bench",
        "form_secret": "bench",
        "trusted_key_servers": [],
        "report_stats": False,
        "enable_registration": True,
        "enable_registration_without_verification": True,
        "bcrypt_rounds": 4,
        "presence": {"enabled": False},
        "federation_domain_whitelist": [],
        **_NO_LIMITS,
    }


_SYNAPSE_LOG = {
    "version": 1,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"level": "WARNING", "handlers": ["console"]},
}
_FREE = {"per_second": 1_000_000, "burst_count": 1_000_000}
_NO_LIMITS: dict[str, object] = {
    "rc_message": _FREE,
    "rc_registration": _FREE,
    "rc_login": {"address": _FREE, "account": _FREE, "failed_attempts": _FREE},
    "rc_joins": {"local": _FREE, "remote": _FREE},
    "rc_joins_per_room": _FREE,
    "rc_room_creation": _FREE,
    "rc_invites": {"per_room": _FREE, "per_user": _FREE, "per_issuer": _FREE},
    "rc_admin_redaction": _FREE,
    "rc_presence": {"per_user": _FREE},
}


def _written(path: Path, text: str) -> Path:
    if not path.exists():
        path.write_text(text)
    return path


def _seed() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
