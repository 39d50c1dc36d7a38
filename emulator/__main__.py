"""`python -m emulator serve --dir RUN`: bring the test bed up and keep it up; see README.md."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from pathlib import Path

from emulator.bed import Bed, Stopped, Wanted
from emulator.layout import NotInstalled
from emulator.processes import PartFailed

PARTS = ("aws", "kubernetes", "git")


def main() -> int:
    arguments = sys.argv[1:]
    if arguments[:1] == ["demo"]:
        return int(importlib.import_module("emulator.demo").main(arguments[1:]) or 0)
    parser = argparse.ArgumentParser(prog="python -m emulator", description="Slipway's test bed")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="start the parts, write DIR/ready.json, stop them on a signal")
    serve.add_argument("--dir", type=Path, required=True, help="folder of this bed; new or empty")
    serve.add_argument("--only", action="append", choices=PARTS, help="start this part only (may be repeated)")
    serve.add_argument("--aws", choices=("moto", "localstack", "none"), default="moto",
                       help="which emulator of AWS (default: moto)")
    serve.add_argument("--stop-on-eof", action="store_true", help="stop when standard input is closed")
    commands.add_parser("demo", help="the whole story of Slipway on a bed of its own")
    return _serve(parser.parse_args(arguments))


def _serve(options: argparse.Namespace) -> int:
    chosen = [part for part in PARTS if part in (options.only or PARTS) and (part, options.aws) != ("aws", "none")]
    wanted = Wanted(options.aws if "aws" in chosen else "none", "kubernetes" in chosen, "git" in chosen)
    started = time.monotonic()
    try:
        bed = Bed(options.dir, wanted, options.stop_on_eof)
        print(f"bed: starting {', '.join(chosen)} in {bed.folder}", flush=True)
        bed.serve(lambda: print(f"bed: ready after {time.monotonic() - started:.1f} s", flush=True))
    except Stopped as reason:
        print(f"bed: {reason}; everything is stopped", flush=True)
        return 0
    except (PartFailed, NotInstalled, OSError, RuntimeError) as error:
        print(f"bed: {error}", file=sys.stderr, flush=True)
        return 1


if __name__ == "__main__":
    sys.exit(main())
