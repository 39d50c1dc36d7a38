"""The parts of a bed as processes: started with a log each, watched, and stopped in reverse order by process id."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Loaded before any fork: a child between fork and exec may do very little.
_LIBC = ctypes.CDLL(None, use_errno=True)
# Nothing here is worth a long goodbye: the data goes with the folder.
STOP_SECONDS = 4.0
# Most parts are programs of Go that live for minutes: an API server spends a third of its time to tidy up a memory which it need not
# save, above all where the definitions of Argo CD come and go. It keeps the last hundred changes of these, each of megabytes: beside
# three other beds there is an end to what it may take, far above what it needs.
LAVISH = {"GOGC": "200", "GOMEMLIMIT": "3GiB"}


class PartFailed(Exception):
    """A part died, or did not become ready; the message ends with the tail of its log."""


class Processes:
    """The running parts, in the order in which they were started."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        """Start a part. It gets its own session, so that a Ctrl-C in the terminal reaches the bed alone, which
        then stops the parts in order; and it dies with the bed, even where that is killed outright."""
        parent = os.getpid()

        def die_with_parent() -> None:
            _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # the bed died before the line above
                os._exit(1)

        with open(self.log(name), "ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, env=LAVISH | dict(environment),
                start_new_session=True, preexec_fn=die_with_parent,
            )

    def log(self, name: str) -> Path:
        """The log file of a part."""
        return self._logs / f"{name}.log"

    @property
    def pids(self) -> dict[str, int]:
        return {name: process.pid for name, process in self._running.items()}

    def check(self) -> None:
        """Raise PartFailed where a part has died."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                how = f"was killed by signal {-code}" if code < 0 else f"exited with code {code}"
                raise PartFailed(f"{name} {how}\n{self.tail(name)}")

    def wait_until(self, name: str, ready: Callable[[], bool], seconds: float) -> None:
        """Wait until a part is ready, or raise PartFailed."""
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise PartFailed(f"{name} is not ready after {seconds:.0f} s\n{self.tail(name)}")
            time.sleep(0.05)

    def tail(self, name: str, lines: int = 15) -> str:
        """The end of a part's log, indented, under its path."""
        path = self.log(name)
        text = path.read_text(errors="replace").splitlines()[-lines:] if path.exists() else []
        return "\n".join([f"  {path}:", *(f"    {line[:300]}" for line in text)])

    def stop(self, *names: str) -> None:
        """Stop the named parts that run, in reverse order of their start: SIGTERM, and SIGKILL to what stays."""
        for name in reversed([name for name in self._running if name in names]):
            process = self._running.pop(name)
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                print(f"{name} does not stop; killing it", file=sys.stderr, flush=True)
                process.kill()
                process.wait()

    def stop_all(self) -> None:
        self.stop(*self._running)
