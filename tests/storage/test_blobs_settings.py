"""One setting says where files are kept; a bucket behind TLS is trusted only with its certificate."""

import datetime
import ipaddress
import os
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.stage.buckets import Buckets, setting_of
from tests.stage.liar import listing, lying, saying
from tests.stage.server import ROOT
from tests.stage.shelves import content_of, digest_of, put, whole
from veche.app.settings import BadSetting, Values, defaults, read
from veche.app.stores import open_blobs
from veche.storage.blobs import BlobsAway
from veche.storage.blobs.disk import DiskBlobs
from veche.storage.blobs.s3 import S3Blobs

ONLY_DISK = """
import sys
from pathlib import Path
from veche.app.stores import open_blobs
open_blobs({"media_store": ""}, Path(sys.argv[1]))
assert not {"botocore", "urllib3"} & set(sys.modules)
"""


def naming(store: str) -> Values:
    """Return the settings with this ``media_store``, as the server would read it."""
    return defaults() | {"media_store": read("media_store", store, "veche.toml")}


async def test_files_lie_in_the_data_folder_by_default(tmp_path: Path) -> None:
    blobs = open_blobs(defaults(), tmp_path)
    assert isinstance(blobs, DiskBlobs)
    digest = await put(blobs, b"content")
    assert (tmp_path / "media" / digest[:2] / digest[2:4] / digest).read_bytes() == b"content"
    await blobs.close()


def test_without_a_bucket_nothing_of_its_library_is_loaded(tmp_path: Path) -> None:
    path = os.pathsep.join((str(ROOT / "src"), str(ROOT)))
    subprocess.run([sys.executable, "-c", ONLY_DISK, str(tmp_path)], check=True, env={**os.environ, "PYTHONPATH": path})


async def test_a_bucket_is_named_by_one_setting(buckets: Buckets, tmp_path: Path) -> None:
    blobs = open_blobs(naming(setting_of(buckets.fresh())), tmp_path)
    assert isinstance(blobs, S3Blobs)
    content = content_of(100_000)
    assert await put(blobs, content) == digest_of(content)
    assert await whole(blobs.read(digest_of(content))) == content
    await blobs.close()


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("s3://key:secret@host/veche?tls=perhaps", "tls must be on or off"),
        ("s3://key:secret@host/veche?zone=1", "no option called 'zone'"),
        ("s3://key:secret@host/veche?ca=/nowhere/ca.pem", "no file /nowhere/ca.pem"),
        ("https://host/veche", "media_store must be"),
        ("s3://host/veche", "media_store must be"),
        ("s3://key:secret@host", "media_store must be"),
        ("s3://key:secret@host/veche/more", "media_store must be"),
        ("s3://key:se/cret@host/veche", "media_store must be"),
        ("s3://key:secret@host/..", "media_store must be"),
    ],
)
def test_a_wrong_address_stops_the_start_and_is_not_repeated(tmp_path: Path, store: str, said: str) -> None:
    with pytest.raises(BadSetting) as fault:
        open_blobs(naming(store), tmp_path)
    assert said in str(fault.value)
    assert not any(word in str(fault.value) for word in ("key:secret", "se/cret"))


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for loopback that nobody knows, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a closed network")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(secret)
    return path


async def test_a_bucket_behind_tls_is_trusted_with_its_certificate_only(certificate: Path, tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, certificate.with_name("key.pem"))
    digest = digest_of(b"content")
    key = f"media/{digest[:2]}/{digest}"
    async with lying(saying(listing({key: 7})), tls) as liar:
        host = liar.endpoint.removeprefix("https://")
        trusting = open_blobs(naming(f"s3://key:secret@{host}/veche?ca={certificate}"), tmp_path)
        assert await trusting.size(digest) == 7
        await trusting.close()
        asked = len(liar.asked)
        doubting = open_blobs(naming(f"s3://key:secret@{host}/veche"), tmp_path)
        with pytest.raises(BlobsAway):
            await doubting.size(digest)
        assert len(liar.asked) == asked, "the keys were not shown to a stranger"
        await doubting.close()
