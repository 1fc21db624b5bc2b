"""docker/digests.py against a registry that runs here: the digests of images, and what it refuses. Docker Hub itself was never asked."""

import hashlib
import http.server
import json
import re
import runpy
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAIN = runpy.run_path(str(ROOT / "docker/digests.py"))["main"]
BOTH = ("amd64", "arm64")


class Registry(http.server.BaseHTTPRequestHandler):
    """Gives a list of platforms to whoever shows the token that it gives to anybody."""

    platforms = BOTH

    def do_GET(self) -> None:
        """A token, a list, or the demand for a token."""
        if self.path.startswith("/token?"):
            return self._answered(200, json.dumps({"token": "anybody"}).encode())
        if self.headers.get("Authorization") != "Bearer anybody":
            here = f"http://127.0.0.1:{self.server.server_address[1]}/token"
            return self._answered(401, b"", f'Bearer realm="{here}",service="here",scope="pull"')
        return self._answered(200, content(self.path, self.platforms))

    def _answered(self, code: int, body: bytes, wanted: str = "") -> None:
        self.send_response(code)
        if wanted:
            self.send_header("WWW-Authenticate", wanted)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Nothing."""


def content(path: str, platforms: tuple[str, ...] = BOTH) -> bytes:
    """The list of platforms of an image."""
    return json.dumps({"of": path, "manifests": [{"platform": {"architecture": one}} for one in platforms]}).encode()


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[list[str]]:
    """The options for a copy of the files, and a registry."""
    for name in ("docker-compose.yml", "docker/Dockerfile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text((ROOT / name).read_text())
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield ["--root", str(tmp_path), "--registry", f"http://127.0.0.1:{server.server_address[1]}"]
        server.shutdown()


def test_pinned_and_checked(asked: list[str], tmp_path: Path) -> None:
    """Each image gets the hash of what came. A check says before that the tags have moved, and afterwards that they have not."""
    assert MAIN([*asked, "--check"]) == 1
    assert (tmp_path / "docker-compose.yml").read_text() == (ROOT / "docker-compose.yml").read_text()
    assert MAIN(asked) == 0
    assert MAIN([*asked, "--check"]) == 0

    wanted = hashlib.sha256(content("/v2/grafana/grafana/manifests/13.2.3")).hexdigest()
    assert re.findall(r"grafana:13\.2\.3@sha256:(\w+)", (tmp_path / "docker-compose.yml").read_text()) == [wanted]


def test_an_image_for_one_processor_is_not_pinned(asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """A list without arm64 would leave a Raspberry Pi without an image. Nothing is written."""
    monkeypatch.setattr(Registry, "platforms", ("amd64",))

    assert MAIN(asked) == 2
    assert "is not there for arm64" in capsys.readouterr().err
    assert (tmp_path / "docker-compose.yml").read_text() == (ROOT / "docker-compose.yml").read_text()
