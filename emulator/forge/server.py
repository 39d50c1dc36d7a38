"""The server: Git over HTTP, the APIs, and `/_emulator/…` by which a test says what is to go wrong and looks at what is there."""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess
import threading
import time
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from emulator import git_http
from emulator.forge import app, github, gitlab
from emulator.forge.repositories import Repository


class Refused(Exception):
    """An answer that is not what was asked for."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


class Forge(ThreadingHTTPServer):
    """All that it knows is in memory, beside the repositories themselves."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.root = str(settings["root"])
        self.tokens: dict[str, dict[str, Any]] = settings["tokens"]
        self.app = settings.get("app")
        self.username = "git"
        self.repositories: dict[str, Repository] = {}
        self.faults: list[dict[str, Any]] = []
        self.log: list[dict[str, Any]] = []
        self.lock = threading.RLock()

    def repository(self, path: str) -> Repository:
        with self.lock:
            path = path.removesuffix(".git")
            bare = Path(self.root) / f"{path}.git"
            if not bare.exists():
                raise Refused(404, {"message": "Not Found"})
            return self.repositories.setdefault(path, Repository(path, bare))

    def who(self, headers: Any) -> dict[str, Any] | None:
        given = headers.get("Authorization", "")
        kind, _, value = given.partition(" ")
        if kind.lower() == "basic":
            value = base64.b64decode(value).decode("utf-8", "replace").partition(":")[2]
        value = value if given else headers.get("PRIVATE-TOKEN", "")
        with self.lock:
            known = self.tokens.get(value)
        return known if known and known.get("until", float("inf")) > time.time() else None

    def issue(self, permissions: list[str]) -> str:
        token = f"ghs_canary{secrets.token_hex(12)}"
        with self.lock:
            self.tokens[token] = {"login": "slipway[bot]", "permissions": permissions, "until": time.time() + 3600}
        return token

    def fault(self, what: str) -> dict[str, Any] | None:
        with self.lock:
            for fault in self.faults:
                if fault["times"] > 0 and re.search(fault["match"], what):
                    fault["times"] -= 1
                    return fault
        return None


class Handler(git_http.Handler):
    """Git's requests go where those of the plain server go; all others are the APIs'."""

    server: Forge  # type: ignore[assignment]

    def do_PATCH(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, *arguments: Any) -> None:
        pass

    def _serve(self) -> None:
        url = urlsplit(self.path)
        is_git = re.search(r"\.git/(info/refs|git-(upload|receive)-pack)$", url.path)
        with self.server.lock:
            self.server.log.append({"method": self.command, "path": self.path})
        if is_git:
            who = self.server.who(self.headers)
            if who is None or "contents" not in who["permissions"]:
                self.close_connection = True
                return self._answer(401, ("WWW-Authenticate", 'Basic realm="git"'), ("Connection", "close"))
            return self._git()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            given = json.loads(body) if body else {}
            fault = self.server.fault(f"{self.command} {url.path}") if not url.path.startswith("/_emulator") else None
            if fault and not fault.get("after"):
                raise Refused(fault["status"], fault.get("body", {"message": "Server Error"}), fault.get("headers", {}))
            status, answer, headers = self._route(url.path, dict(parse_qsl(url.query)), given)
            if fault:
                raise Refused(fault["status"], {"message": "Server Error"}, fault.get("headers", {}))
        except Refused as refused:
            status, answer, headers = refused.status, refused.body, refused.headers
        text = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _git(self) -> None:
        self._run_backend(subprocess.DEVNULL)

    def _route(self, path: str, query: dict[str, str], given: Any) -> tuple[int, Any, dict[str, str]]:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts[0] == "_emulator":
            return 200, self._control(parts[1], query, given), {}
        if parts[:3] == ["api", "v3", "app"]:
            return app.route(self.server, self.headers, self.command, parts[3:], given)
        if parts[:2] == ["api", "v3"] and parts[-1:] == ["installation"]:
            return app.route(self.server, self.headers, self.command, parts[2:], given)
        who = self.server.who(self.headers)
        if who is None:
            raise Refused(401, {"message": "Bad credentials" if "v3" in parts else "401 Unauthorized"})
        if parts[:2] == ["api", "graphql"]:
            return github.graphql(self.server, who, given)
        if parts[:2] == ["api", "v3"]:
            return github.route(self.server, who, self.command, parts[2:], query, given)
        if parts[:2] == ["api", "v4"]:
            return gitlab.route(self.server, who, self.command, parts[2:], query, given)
        raise Refused(404, {"message": "Not Found"})

    def _control(self, what: str, query: dict[str, str], given: Any) -> Any:
        if what == "log":
            with self.server.lock:
                return list(self.server.log)
        if what == "know":
            with self.server.lock:
                self.server.tokens[given["token"]] = {"login": given["login"], "permissions": given["permissions"]}
            return {}
        if what == "faults":
            with self.server.lock:
                self.server.faults = given
            return {}
        repository = self.server.repository(query["path"])
        with repository.lock:
            if what == "statuses":
                return list(repository.statuses)
            if what == "settings":
                repository.settings.update(given)
                repository.protect()
            elif what == "merge":
                request = repository.requests[int(query["number"]) - 1]
                forge = github if query.get("forge", "github") == "github" else gitlab
                return {"commit": forge.press(repository, request, query["method"])}
            elif what == "checks":
                for request in [one for one in repository.requests if one.state == "open" and one.auto_merge]:
                    wanted = request.auto_merge or {}
                    forge = github if wanted["forge"] == "github" else gitlab
                    forge.press(repository, request, wanted["method"], wanted.get("title"), wanted.get("message"))
            elif what == "comment":
                repository.requests[int(query["number"]) - 1].say(repository.next_comment(), given["body"], given["author"])
            elif what == "close":
                repository.requests[int(query["number"]) - 1].state = "closed"
            return [vars(request) for request in repository.requests]
