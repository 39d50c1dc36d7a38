"""A small Kubernetes client: HTTPS, a bearer token, JSON in and out."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
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
        self._server = access.server
        self._token = access.token.read_text().strip()
        self._tls = ssl.create_default_context(cafile=str(access.ca))
        self._timeout = timeout

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

    def _open(self, method: str, path: str, data: bytes | None, content_type: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._token}", "Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = content_type
        request = urllib.request.Request(self._server + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout, context=self._tls) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, error.read().decode(errors="replace")[:500]) from None
