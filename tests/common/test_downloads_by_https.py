"""Files by digest, from their publisher's own address."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from common.downloads import DownloadFailed, Url, fetch
from tests.common.downloading import CONTENT, cache, file_of, files_below

__all__ = ["cache"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of localhost, with its key, for this run."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


class _Publisher(BaseHTTPRequestHandler):
    """Publishes the file under /model.bin, says too much of it under /cut.bin, and knows nothing else."""

    def do_GET(self) -> None:
        if self.path not in ("/model.bin", "/cut.bin"):
            self.send_error(404)
            return
        content = CONTENT if self.path == "/model.bin" else CONTENT[:100]
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nobody reads the log of a test's server."""


@pytest.fixture
def publisher(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a publisher whose certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with HTTPServer(("127.0.0.1", 0), _Publisher) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://localhost:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_it_takes_a_file_from_its_publisher(publisher: str, cache: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    file = file_of(Url(f"{publisher}/model.bin"))

    path = fetch(file, cache_dir=cache, progress=lambda *report: seen.append(report))

    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("model", len(CONTENT), len(CONTENT))


@pytest.mark.parametrize(("path", "words"), [("/gone.bin", "HTTP Error 404"), ("/cut.bin", "not the declared one")])
def test_a_publisher_that_does_not_have_it_is_a_failed_source(
    publisher: str, cache: Path, path: str, words: str
) -> None:
    with pytest.raises(DownloadFailed, match=words):
        fetch(file_of(Url(f"{publisher}{path}")), cache_dir=cache)

    assert files_below(cache) == {"lock"}


def test_a_publisher_without_a_trusted_certificate_is_a_failed_source(
    publisher: str, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "nobody.pem").touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nobody.pem"))

    with pytest.raises(DownloadFailed, match="CERTIFICATE_VERIFY_FAILED"):
        fetch(file_of(Url(f"{publisher}/model.bin")), cache_dir=cache)
