"""Ports that beds running side by side do not take from each other.

Asking the kernel for a free port and closing it again is a race once several beds start together. Here each bed
claims a block of ports by a file lock, which the kernel releases when the bed dies, whatever kills it. The blocks lie
under the range from which the kernel takes ports for outgoing connections, so none of those gets in the way.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
from pathlib import Path
from typing import IO

FIRST, LAST, SIZE = 20000, 32000, 40
# Private to the user; holds a lock file a block. Wherever TMPDIR leads: ports are the machine's, and beds with other scratch folders
# have to see each other.
FOLDER = Path("/tmp") / f"slipway-emulator-ports-{os.getuid()}"


class Ports:
    """A claimed block of loopback ports, given out one by one."""

    def __init__(self) -> None:
        self._lock, self._first = _claim()
        self._next = self._first

    def take(self) -> int:
        """A port on which nothing listens now, and which no other bed will be given."""
        while self._next < self._first + SIZE:
            port = self._next
            self._next += 1
            if _is_free(port):
                return port
        raise RuntimeError(f"no free port is left among {self._first} to {self._first + SIZE - 1}")


def socket_path(port: int) -> Path:
    """A path for a Unix socket that goes with a taken port. A bed's own folder may be too deep: the kernel allows
    108 bytes."""
    return FOLDER / f"{port}.sock"


def _claim() -> tuple[IO[bytes], int]:
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    blocks = list(range(FIRST, LAST, SIZE))
    random.shuffle(blocks)
    for first in blocks:
        lock = open(FOLDER / str(first), "wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return lock, first
    raise RuntimeError(f"every block of ports is taken; see the locks in {FOLDER}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers bind: connections of a dead server that linger in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
