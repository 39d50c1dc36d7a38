"""Whether a program for Linux is really static: nothing has to be on the machine that runs it."""

from __future__ import annotations

import struct
from pathlib import Path

MACHINES = {"x86_64": 62, "aarch64": 183}
LOAD, DYNAMIC, INTERPRETER = 1, 2, 3
NEEDED = 1


class NotStatic(Exception):
    """The message says why."""


def check_static(path: Path, target: str) -> None:
    """Refuses a file that is no 64-bit ELF for the target's machine, asks for an interpreter or needs a library."""
    with path.open("rb") as file:
        head = file.read(64)
        if head[:6] != b"\x7fELF\x02\x01":
            raise NotStatic(f"{path} is no 64-bit ELF")
        machine = struct.unpack_from("<H", head, 18)[0]
        if machine != MACHINES[target.split("-")[0]]:
            raise NotStatic(f"{path} is for another machine than {target}")
        start, = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        file.seek(start)
        table = file.read(size * count)
        for entry in range(0, len(table), size):
            kind, _, offset, _, _, length = struct.unpack_from("<IIQQQQ", table, entry)
            file.seek(offset)
            if kind == INTERPRETER:
                name = file.read(length).rstrip(b"\0").decode(errors="replace")
                raise NotStatic(f"{path} asks for the interpreter {name}")
            if kind == DYNAMIC and NEEDED in (tag for tag, _ in struct.iter_unpack("<qQ", file.read(length))):
                raise NotStatic(f"{path} needs shared libraries")
