"""Serves a scene to a browser on this machine: Rerun's own viewer, kept from talking to anybody else.

Rerun's page loads a font and sends usage figures to other hosts, and its servers listen on all interfaces. Here the
viewer's files are taken from Rerun once, and served with the scene from the loopback interface alone.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from orchestrator.dataset import DatasetError

FILES = ("", "re_viewer.js", "re_viewer_bg.wasm")
HOST = "127.0.0.1"
PATIENCE = 30.0
"""[s] for Rerun to serve its files."""

_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; connect-src 'self'"
)

_QUIET = """<link rel="icon" href="data:,">
<script>
  // Usage figures stay here: whatever is meant for another host is answered with nothing.
  const fetched = window.fetch;
  window.fetch = (request, options) =>
    new URL(request.url ?? request, location.href).host === location.host
      ? fetched(request, options)
      : Promise.resolve(new Response(null, { status: 204 }));
</script>
"""


@dataclass(frozen=True)
class Asset:
    """A file of the viewer, with the headers that tell what it is."""

    content: bytes
    headers: dict[str, str]


def viewer_files() -> dict[str, Asset]:
    """The files of Rerun's web viewer, by name, made quiet.

    Raises:
        DatasetError: Rerun does not serve them.
    """
    page, data = _free_port(), _free_port()
    words = ["--serve-web", "--bind", HOST, "--web-viewer-port", str(page), "--port", str(data)]
    server = subprocess.Popen(
        [sys.executable, "-m", "rerun", *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        files = {name: _fetch(f"http://{HOST}:{page}/{name}", server) for name in FILES}
    finally:
        server.terminate()
        server.wait(10)
    index = files[""]
    text = re.sub(r"<link\b[^>]*https?://[^>]*>", "", index.content.decode(), flags=re.DOTALL)
    return files | {"": Asset(text.replace("<head>", f"<head>{_QUIET}", 1).encode(), index.headers)}


def serve(scene: Path, port: int) -> ThreadingHTTPServer:
    """A server of a scene (.rrd) on this machine's loopback interface; call its ``serve_forever``.

    Raises:
        DatasetError: the port is taken, or Rerun does not serve its viewer.
    """
    files = viewer_files()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = self.path.partition("?")[0].removeprefix("/")
            if name == scene.name:
                self._send(scene.read_bytes(), {"Content-Type": "application/octet-stream"})
            elif name in files:
                self._send(files[name].content, files[name].headers)
            else:
                self.send_error(404)

        def _send(self, content: bytes, headers: dict[str, str]) -> None:
            self.send_response(200)
            for name, value in (headers | {"Content-Length": str(len(content))}).items():
                self.send_header(name, value)
            self.send_header("Content-Security-Policy", _POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise DatasetError(f"port {port} cannot be used ({error.strerror}); choose another --port") from error


def address(server: ThreadingHTTPServer, scene: Path) -> str:
    """What to open in a browser."""
    root = f"http://{HOST}:{server.server_port}"
    return f"{root}/?hide_welcome_screen&persist=0&theme=dark&url={root}/{scene.name}"


def _fetch(url: str, server: subprocess.Popen[bytes]) -> Asset:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(url, timeout=PATIENCE) as reply:
                kept = ("content-type", "content-encoding", "rerun-final-length")
                return Asset(reply.read(), {name: reply.headers[name] for name in kept if reply.headers[name]})
        except (URLError, ConnectionError) as error:
            if time.monotonic() > end or server.poll() is not None:
                raise DatasetError(f"Rerun does not serve its web viewer ({error}); use --save FILE") from error
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
