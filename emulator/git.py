"""Git as a part of the bed: a folder of bare repositories behind smart HTTP with basic authentication."""

from __future__ import annotations

import json
import os
import secrets
import urllib.request
from pathlib import Path

from emulator import layout
from emulator.ports import Ports
from emulator.processes import Processes

START_SECONDS = 60.0


class Git:
    """The Git server of one bed; a test makes a repository by `git init --bare ROOT/NAME.git`."""

    def __init__(self, ports: Ports, folder: Path) -> None:
        self._port = ports.take()
        self.root = folder / "git"
        self.url = f"http://127.0.0.1:{self._port}"
        self.username = "bed"
        self.password = f"canary-{secrets.token_hex(16)}"

    def start(self, processes: Processes, folder: Path) -> None:
        self.root.mkdir()
        settings = folder / "git.json"
        settings.write_text(json.dumps({
            "port": self._port, "root": str(self.root), "username": self.username, "password": self.password,
        }))
        # The person's own Git configuration has no say in how repositories are served.
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": str(self._configuration(folder))}
        processes.start("git", [layout.python(), "-m", "emulator.git_http", str(settings)], environment, layout.ROOT)

    def wait(self, processes: Processes) -> None:
        processes.wait_until("git", self._is_ready, START_SECONDS)

    def _configuration(self, folder: Path) -> Path:
        path = folder / "gitconfig"
        path.write_text("[safe]\n\tdirectory = *\n[http]\n\treceivepack = true\n")
        return path

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False
