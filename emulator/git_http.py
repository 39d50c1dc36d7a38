"""`python -m emulator.git_http SETTINGS.json`: Git over smart HTTP on loopback, through `git http-backend`.

Settings: {"port": N, "root": folder of bare repositories, "username", "password"}. Bodies are streamed both ways, so
a large push does not stand in memory. A repository that is to refuse pushes gets a `pre-receive` hook, as anywhere.
"""

from __future__ import annotations

import base64
import hmac
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO

CHUNK = 64 * 1024


class Server(ThreadingHTTPServer):
    """One thread a connection; `settings` are those of the file."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, settings: dict[str, object]) -> None:
        super().__init__(("127.0.0.1", int(str(settings["port"]))), Handler)
        self.root = str(settings["root"])
        self.username = str(settings["username"])
        credentials = f"{settings['username']}:{settings['password']}".encode()
        self.authorization = f"Basic {base64.b64encode(credentials).decode()}"


class Handler(BaseHTTPRequestHandler):
    """Hands each request to `git http-backend` as a CGI program."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def _serve(self) -> None:
        if self.path == "/health":
            return self._answer(200)
        given = self.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), self.server.authorization.encode()):
            # The body was not read, so the connection cannot be used again.
            self.close_connection = True
            return self._answer(401, ("WWW-Authenticate", 'Basic realm="git"'), ("Connection", "close"))
        self._run_backend()

    def _run_backend(self, errors: int | None = None) -> None:
        """Hand the request to Git; what it says beside its answer goes to `errors`."""
        with subprocess.Popen(["git", "http-backend"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                              env=self._cgi_environment()) as backend:
            assert backend.stdin and backend.stdout
            try:
                for chunk in self._body():
                    backend.stdin.write(chunk)
                backend.stdin.close()
            except BrokenPipeError:
                # The backend has its answer already (a refusal); what is left of the body is of no use.
                self.close_connection = True
            self._forward(backend.stdout)

    def _cgi_environment(self) -> dict[str, str]:
        path, _, query = self.path.partition("?")
        environment = {
            **os.environ,
            "GIT_PROJECT_ROOT": self.server.root, "GIT_HTTP_EXPORT_ALL": "1",
            "REMOTE_USER": self.server.username, "REMOTE_ADDR": self.client_address[0],
            "REQUEST_METHOD": self.command, "PATH_INFO": path, "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        # Without a length the backend reads to the end, which is how a chunked body is handed on.
        if length := self.headers.get("Content-Length"):
            environment["CONTENT_LENGTH"] = length
        return environment

    def _body(self) -> Iterator[bytes]:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            while size := int(self.rfile.readline().split(b";")[0], 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0 and (chunk := self.rfile.read(min(left, CHUNK))):
            left -= len(chunk)
            yield chunk

    def _forward(self, output: IO[bytes]) -> None:
        status, headers = 200, []
        while line := output.readline().strip():
            name, _, value = line.decode("latin-1").partition(": ")
            if name.lower() == "status":
                status = int(value.split()[0])
            else:
                headers.append((name, value))
        else:
            if not headers and status == 200:
                return self._answer(500)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while chunk := output.read1(CHUNK):  # type: ignore[attr-defined]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        self.wfile.write(b"0\r\n\r\n")

    def _answer(self, status: int, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()


def main() -> None:
    if shutil.which("git") is None:
        sys.exit("git is not on PATH")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    Server(json.loads(Path(sys.argv[1]).read_text())).serve_forever()


if __name__ == "__main__":
    main()
