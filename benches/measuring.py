"""How sides are measured: whole processes, timed from outside, in turn."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
import time
import uuid
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


def peak_of_all(side: Side, runs: int = 3) -> float:
    """Peak memory in MiB of all processes that a run starts, also of those that outlive who started them: the median of some runs.
    What several of them map at once counts once (PSS)."""
    return statistics.median(_peak_of_all(side) for _ in range(runs))


def _peak_of_all(side: Side) -> float:
    side.before()
    mark = f"BENCH_RUN={uuid.uuid4().hex}"
    name, value = mark.split("=")
    environment = {**(os.environ if side.environment is None else side.environment), name: value}
    process = subprocess.Popen(side.command, cwd=side.folder, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(_proportional_kib(folder) for folder in Path("/proc").iterdir() if _is_of(folder, mark)))
        time.sleep(0.05)
    if process.returncode != side.exits:
        raise SystemExit(f"{' '.join(side.command)} ended with {process.returncode}")
    return peak / 1024


def _is_of(process: Path, mark: str) -> bool:
    try:
        return process.name.isdigit() and mark.encode() in (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _proportional_kib(process: Path) -> int:
    try:
        lines = (process / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


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
