"""`python -m emulator.forge SETTINGS.json`: a forge on loopback. It prints its address once it listens, and ends with its standard input.

Settings: {"root": folder of bare repositories `OWNER/NAME.git`, "tokens": {TOKEN: {"login", "permissions": [...]}},
"app": {"id", "key": file of the private key in PEM} or null}.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from emulator.forge.server import Forge


def main() -> None:
    forge = Forge(json.loads(Path(sys.argv[1]).read_text()))
    print(forge.url, flush=True)
    threading.Thread(target=forge.serve_forever, daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
