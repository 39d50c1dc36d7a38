"""Types into a shell on a terminal of its own, and prints the command line that the shell then has: KEYS SHELL…"""

import os
import pty
import re
import select
import signal
import sys
import time

keys, shell = sys.argv[1], sys.argv[2:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(shell[0], shell)

seen = b""


def until(pattern: bytes) -> "re.Match[bytes]":
    global seen
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
        found = re.search(pattern, seen)
        if found:
            seen = seen[found.end():]
            return found
    sys.exit(f"{pattern!r} did not come; the terminal shows {seen!r}")


until(rb"READY>")
os.write(terminal, keys.encode())
print(until(rb"GOT<([^\x1b>]*)>")[1].decode().strip())
os.kill(pid, signal.SIGKILL)
