"""The bed: starts the parts in order, says when all are ready, watches them, and stops them in reverse."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn

from emulator import layout
from emulator.argocd import ArgoCd
from emulator.aws.part import REGION, LocalStack, Moto, client_environment
from emulator.git import Git
from emulator.kubernetes.control_plane import ControlPlane
from emulator.ports import Ports
from emulator.processes import Processes

TICK_SECONDS = 0.25
AWS = {"moto": Moto, "localstack": LocalStack}


@dataclass(frozen=True)
class Wanted:
    """Which parts a bed has; `aws` names its emulator."""

    aws: Literal["moto", "localstack", "none"] = "moto"
    kubernetes: bool = True
    git: bool = True


class Stopped(Exception):
    """Somebody asked the bed to stop; the message says who."""


class Bed:
    """One bed in one folder."""

    def __init__(self, folder: Path, wanted: Wanted, stop_on_eof: bool) -> None:
        self.folder = folder.resolve()
        self._stop_on_eof = stop_on_eof
        self._ports = Ports()
        self._processes = Processes(self.folder / "log")
        self._aws = AWS[wanted.aws](self._ports) if wanted.aws != "none" else None
        self._git = Git(self._ports, self.folder) if wanted.git else None
        self._argocd = ArgoCd(self._ports, self.folder) if wanted.kubernetes else None
        self._kubernetes = (
            ControlPlane(self._ports, self.folder, self._argocd.forwards) if self._argocd else None)

    def serve(self, on_ready: Callable[[], None]) -> NoReturn:
        """Run until asked to stop (which raises Stopped) or until a part fails (which raises PartFailed)."""
        self._prepare_folder()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _stop)
        try:
            self._start()
            self._announce()
            on_ready()
            while True:
                self._tick()
                time.sleep(TICK_SECONDS)
        finally:
            # A second Ctrl-C must not leave half of the parts behind.
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._ready_file.unlink(missing_ok=True)
            self._processes.stop_all()

    @property
    def _ready_file(self) -> Path:
        return self.folder / "ready.json"

    def _prepare_folder(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.folder.iterdir()):
            raise FileExistsError(f"{self.folder} is not empty; a bed needs a folder of its own")
        (self.folder / "log").mkdir()

    def _start(self) -> None:
        """Start what is slow first, and wait for each only where the next needs it."""
        access = None
        if self._kubernetes and self._argocd:
            access = self._kubernetes.start(self._processes, self._aws.webhook if self._aws else None)
            self._argocd.start(self._processes, access, self._kubernetes.kubeconfig)
        if self._aws:
            layout.require(layout.TERRAFORM_RC)
            self._aws.start(self._processes, self.folder, access)
        if self._git:
            self._git.start(self._processes, self.folder)
            self._git.wait(self._processes)
        if self._aws:
            self._aws.wait(self._processes)
        if self._kubernetes:
            # Where there is EKS, its node groups bring the nodes.
            self._kubernetes.wait(self._processes, with_nodes=not isinstance(self._aws, Moto))

    def _tick(self) -> None:
        self._processes.check()
        if self._argocd:
            self._argocd.tick(self._processes)
        if self._stop_on_eof and _at_end_of_input():
            raise Stopped("standard input is closed")

    def _announce(self) -> None:
        """Write ready.json whole or not at all: whoever sees it may read it."""
        part = self._ready_file.with_suffix(".part")
        part.touch(mode=0o600)
        part.write_text(json.dumps(self._description(), indent=2) + "\n")
        part.replace(self._ready_file)

    def _description(self) -> dict[str, Any]:
        description: dict[str, Any] = {"env": self._client_environment(), "pids": self._processes.pids}
        description["pids"]["bed"] = os.getpid()
        if self._aws:
            description["aws"] = {"endpoint": self._aws.endpoint, "region": REGION}
        if self._kubernetes:
            access = self._kubernetes.access
            description["kubernetes"] = {
                "server": access.server, "kubeconfig": str(self._kubernetes.kubeconfig), "ca": str(access.ca),
            }
            description["argocd"] = {"manifests": {name: str(path) for name, path in self._argocd.manifests.items()}}
        if self._git:
            description["git"] = {
                "url": self._git.url, "root": str(self._git.root),
                "username": self._git.username, "password": self._git.password,
            }
        return description

    def _client_environment(self) -> dict[str, str]:
        environment = {
            "TF_CLI_CONFIG_FILE": str(layout.TERRAFORM_RC),
            "path": str(layout.BIN),
        }
        if self._aws:
            environment |= client_environment(self._aws.endpoint)
        if self._kubernetes:
            environment["KUBECONFIG"] = str(self._kubernetes.kubeconfig)
        return environment


def _stop(number: int, _frame: object) -> None:
    raise Stopped(f"{signal.Signals(number).name} received")


def _at_end_of_input() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], 0)
    return bool(readable) and os.read(sys.stdin.fileno(), 4096) == b""
