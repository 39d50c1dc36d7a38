"""A bed for a test, started and stopped as the project's integration tests do it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from emulator import layout


class Running:
    """A bed that is ready; `about` is its ready.json."""

    def __init__(self, folder: Path, *parts: str) -> None:
        only = [argument for part in parts for argument in ("--only", part)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "emulator", "serve", "--dir", str(folder), "--stop-on-eof", *only],
            cwd=layout.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        ready = folder / "ready.json"
        while not ready.exists():
            if self.process.poll() is not None:
                raise AssertionError(f"the bed did not start: {self.process.communicate()[0]}")
            time.sleep(0.05)
        self.about: dict[str, Any] = json.loads(ready.read_text())

    def living(self) -> list[str]:
        """Names of the parts whose processes are alive (a zombie is not)."""
        return [name for name, pid in self.about["pids"].items() if name != "bed" and _is_alive(pid)]

    def close(self) -> str:
        """Close its standard input, wait for its end, and answer what it said."""
        return self.process.communicate(timeout=60)[0]


@contextmanager
def running(*parts: str) -> Iterator[Running]:
    """A bed of the named parts in a folder of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        bed = Running(Path(scratch) / "bed", *parts)
        try:
            yield bed
        finally:
            if bed.process.poll() is None:
                bed.close()
            else:
                bed.process.communicate()


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
