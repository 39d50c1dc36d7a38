"""A small Kubernetes client: HTTPS, a bearer token, JSON in and out."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.parse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class ApiError(Exception):
    """The API server refused a request."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


@dataclass(frozen=True)
class Access:
    """How to reach an API server: its address, and files with its CA and an administrator's token."""

    server: str
    ca: Path
    token: Path

    def as_json(self) -> dict[str, str]:
        return {"server": self.server, "ca": str(self.ca), "token": str(self.token)}

    @classmethod
    def from_json(cls, value: dict[str, str]) -> Access:
        return cls(value["server"], Path(value["ca"]), Path(value["token"]))


class Client:
    """Requests to one API server as its administrator."""

    def __init__(self, access: Access, timeout: float = 5) -> None:
        self._server = urllib.parse.urlsplit(access.server)
        self._token = access.token.read_text().strip()
        self._tls = ssl.create_default_context(cafile=str(access.ca))
        self._timeout = timeout
        # Kept open, since a handshake costs more than what is asked; one a thread.
        self._connections = threading.local()

    def get(self, path: str) -> Json:
        return self._send("GET", path)

    def find(self, path: str) -> Json | None:
        """The object at `path`, or None where there is none (or nothing of that kind yet)."""
        try:
            return self.get(path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def create(self, path: str, body: Json) -> Json:
        return self._send("POST", path, body)

    def delete(self, path: str) -> None:
        """Delete what is at `path`; what is gone already is no error."""
        try:
            self._send("DELETE", path)
        except ApiError as error:
            if error.status != 404:
                raise

    def merge(self, path: str, body: Json) -> Json:
        """Apply a JSON merge patch."""
        return self._send("PATCH", path, body, "application/merge-patch+json")

    def is_ready(self) -> bool:
        """Whether the API server answers /readyz; any failure to reach it is a no."""
        try:
            self._open("GET", "/readyz", None, "")
        except (ApiError, OSError):
            return False
        return True

    def _send(self, method: str, path: str, body: Json | None = None, content_type: str = "application/json") -> Json:
        data = None if body is None else json.dumps(body).encode()
        answer = self._open(method, path, data, content_type)
        return json.loads(answer) if answer else {}

    def _open(self, method: str, path: str, body: bytes | None, content_type: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        status, content = self._exchange(method, path, body, headers)
        if status >= 400:
            raise ApiError(status, content.decode(errors="replace")[:500])
        return content

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        """Any failure to reach the server is an OSError. A connection that it has closed meanwhile is made anew."""
        kept = getattr(self._connections, "open", None)
        connection = kept or http.client.HTTPSConnection(
            self._server.hostname or "", self._server.port, timeout=self._timeout, context=self._tls)
        self._connections.open = None
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except (http.client.HTTPException, ConnectionError) as error:
            connection.close()
            if kept:
                return self._exchange(method, path, body, headers)
            raise error if isinstance(error, OSError) else ConnectionError(str(error)) from error
        except OSError:
            connection.close()
            raise
        self._connections.open = None if answer.will_close else connection
        return answer.status, content
