"""What can be checked of the images without a Docker engine."""

from __future__ import annotations

import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

DOCKER = Path(__file__).resolve().parents[2] / "docker"


@pytest.mark.parametrize("script", ["entrypoint.sh", "healthcheck.sh"])
def test_the_scripts_are_valid_shell(script: str) -> None:
    subprocess.run(["sh", "-n", DOCKER / script], check=True)


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    text = (
        (DOCKER / "entrypoint.sh")
        .read_text()
        .replace("/tmp/custos-part", f"{tmp_path}/part")
        .replace("cd /app", f"cd {tmp_path}")
    )
    (tmp_path / "entrypoint.sh").write_text(text)

    done = subprocess.run(["sh", tmp_path / "entrypoint.sh", "nonsense"], capture_output=True, text=True)

    assert done.returncode == 64
    assert "prepare, web, worker, scheduler" in done.stderr


def test_compose_starts_web_and_worker_after_the_preparation() -> None:
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    services = compose["services"]

    for name in ("web", "worker", "scheduler", "sequencer"):
        assert services[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
        assert services[name]["command"] == [name]
        assert "custos_admin" not in str(services[name]["environment"]), "only the preparation may create roles"
        assert services[name]["read_only"] is True
    assert "custos_admin" in services["prepare"]["environment"]["DATABASE_URL"]
    assert not any(volume.startswith("data:") for volume in services["witness"]["volumes"]), "it sees no key of the log"
    assert set(compose["volumes"]) == {"data", "database", "broker", "witness", "public"}


def test_the_image_does_not_run_as_root() -> None:
    lines = (DOCKER / "Dockerfile").read_text().splitlines()

    assert "USER custos" in lines
    assert lines.index("USER custos") < lines.index('ENTRYPOINT ["entrypoint.sh"]')
    assert not any(line.startswith("COPY . ") for line in lines), "only what is named gets into the image"


def test_downloads_go_to_the_volume_the_rest_is_read_only() -> None:
    text = (DOCKER / "Dockerfile").read_text()

    assert "CUSTOS_CACHE_DIR=/home/custos/data/cache" in text
    assert 'VOLUME ["/home/custos/data"]' in text


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        ("localhost", "localhost"),
        ("custos.example.org, localhost", "custos.example.org"),
        (".example.org", "example.org"),
    ],
)
def test_the_health_check_asks_under_a_name_that_is_answered(tmp_path: Path, allowed: str, expected: str) -> None:
    asked: list[str | None] = []

    class Web(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(200 if self.path == "/health/ready" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name of the library
            """Say nothing."""

    (tmp_path / "part").write_text("web")
    text = (DOCKER / "healthcheck.sh").read_text().replace("/tmp/custos-part", f"{tmp_path}/part")
    (tmp_path / "healthcheck.sh").write_text(text)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        told = {"PORT": str(server.server_port), "CUSTOS_ALLOWED_HOSTS": allowed}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["sh", tmp_path / "healthcheck.sh"],
            env={**os.environ, **told, "PATH": path},
            capture_output=True,
            text=True,
        )
        server.shutdown()
        thread.join()

    assert (done.returncode, asked) == (0, [expected]), done.stderr
