"""How sides are measured: whole processes, timed from outside, in turn."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = int(os.environ.get("RUNS", "5"))
SLIPWAY = Path(
    os.environ.get("SLIPWAY") or Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/slipway"
)
TERRAGRUNT = shutil.which("terragrunt")
TOOL = shutil.which("tofu") or shutil.which("terraform")


@dataclass
class Figure:
    """What one side took."""

    seconds: list[float]
    cpu: list[float]
    peak_mib: float

    def text(self) -> str:
        median = statistics.median(self.seconds)
        spread = f"{min(self.seconds):.3f}–{max(self.seconds):.3f}"
        return f"{median:.3f} s ({spread}), CPU {statistics.median(self.cpu):.2f} s, {self.peak_mib:.0f} MiB"


@dataclass
class Side:
    """A command, and what has to be done before each run of it."""

    command: list[str]
    folder: Path
    before: Callable[[], None] = lambda: None
    environment: dict[str, str] | None = None
    exits: int = 0


def run(side: Side) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds, and peak memory in MiB of the largest process of one run."""
    side.before()
    begun = time.monotonic()
    with open(os.devnull, "w") as nothing, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(side.command, cwd=side.folder, env=side.environment, stdout=nothing, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        if process.returncode != side.exits:
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(side.command)} ended with {process.returncode}:\n{text}")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(*sides: Side, runs: int = RUNS) -> list[Figure]:
    """All sides in turn, so that a slow minute of the machine is shared."""
    for side in sides:
        run(side)
    taken: list[list[tuple[float, float, float]]] = [[] for _ in sides]
    for _ in range(runs):
        for side, figures in zip(sides, taken, strict=True):
            figures.append(run(side))
    return [
        Figure([run[0] for run in all_], [run[1] for run in all_], max(run[2] for run in all_)) for all_ in taken
    ]


def row(what: str, other: str, figures: list[Figure]) -> str:
    ours, *theirs = figures
    if not theirs:
        return f"| {what} | {ours.text()} | {'not installed' if other == 'Terragrunt' else other} | — |"
    ratio = statistics.median(b / a for a, b in zip(ours.seconds, theirs[0].seconds, strict=True))
    return f"| {what} | {ours.text()} | {other}: {theirs[0].text()} | {ratio:.1f} times |"
