#!/usr/bin/env python3
"""`make bench`: Slipway beside Terragrunt and the bare tool, in the same run, into docs/benchmarks.md.

Whole processes are timed from outside, alternating between the two sides; a figure is the median of five runs after
one that is not counted. Before anything is timed both sides have to give the same answer. What is not installed
(Terragrunt) is left out, and the table says so.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 5
SLIPWAY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/slipway"
TERRAGRUNT = shutil.which("terragrunt")
TOOL = shutil.which("tofu") or shutil.which("terraform")


@dataclass
class Figure:
    """What one side took."""

    seconds: list[float]
    peak_mib: float

    def text(self) -> str:
        median = statistics.median(self.seconds)
        return f"{median:.3f} s ({min(self.seconds):.3f}–{max(self.seconds):.3f}), {self.peak_mib:.0f} MiB"


@dataclass
class Side:
    """A command, and what has to be done before each run of it."""

    command: list[str]
    folder: Path
    before: Callable[[], None] = lambda: None


def run(side: Side) -> tuple[float, float]:
    """Wall seconds and peak memory in MiB of the largest process of one run."""
    side.before()
    begun = time.monotonic()
    with open(os.devnull, "w") as nothing, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(side.command, cwd=side.folder, stdout=nothing, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        if process.returncode != 0:
            errors.seek(0)
            text = errors.read().decode(errors="replace")[-2000:]
            raise SystemExit(f"{' '.join(side.command)} ended with {process.returncode}:\n{text}")
    return seconds, usage.ru_maxrss / 1024


def measure(*sides: Side) -> list[Figure]:
    """All sides in turn, so that a slow minute of the machine is shared."""
    for side in sides:
        run(side)
    taken: list[list[tuple[float, float]]] = [[] for _ in sides]
    for _ in range(RUNS):
        for side, figures in zip(sides, taken, strict=True):
            figures.append(run(side))
    return [Figure([seconds for seconds, _ in all_], max(peak for _, peak in all_)) for all_ in taken]


# -- estates -----------------------------------------------------------------------------------------


def large_estate(folder: Path, units: int) -> None:
    """Units with a shared root, a file read for each region, and up to three dependencies with mocks."""
    (folder / "live").mkdir(parents=True)
    (folder / "slipway.hcl").write_text('estate {\n  root = "live"\n}\n')
    (folder / "live/root.hcl").write_text(
        "locals {\n  region = read_terragrunt_config(find_in_parent_folders(\"region.hcl\")).locals\n"
        "  tags   = { region = local.region.name, unit = path_relative_to_include() }\n}\n\n"
        'inputs = {\n  region = local.region.name\n  tags   = local.tags\n}\n'
    )
    for number in range(units):
        region = folder / f"live/region-{number % 20}"
        unit = region / f"unit-{number}"
        unit.mkdir(parents=True)
        (region / "region.hcl").write_text(f'locals {{\n  name = "region-{number % 20}"\n}}\n')
        blocks, inputs = "", ""
        for offset in range(1, 1 + number % 4):
            if (other := number - 20 * offset) >= 0:
                blocks += (
                    f'dependency "unit_{other}" {{\n  config_path  = "../unit-{other}"\n'
                    f'  mock_outputs = {{ id = "mock-{other}" }}\n}}\n\n'
                )
                inputs += f"  input_{offset} = dependency.unit_{other}.outputs.id\n"
        (unit / "terragrunt.hcl").write_text(
            'include "root" {\n  path = find_in_parent_folders("root.hcl")\n}\n\n'
            f"{blocks}inputs = {{\n  name = \"unit-{number}\"\n{inputs}}}\n"
        )
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def small_estate(folder: Path, units: int) -> None:
    """Units of the built-in provider with local states, none depending on another."""
    (folder / "module").mkdir(parents=True)
    (folder / "module/main.tf").write_text(
        'variable "name" {\n  type = string\n}\n\nresource "terraform_data" "this" {\n  input = var.name\n}\n'
    )
    (folder / "slipway.hcl").write_text('estate {\n  root = "live"\n}\n')
    for number in range(units):
        unit = folder / f"live/unit-{number}"
        unit.mkdir(parents=True)
        (unit / "terragrunt.hcl").write_text(
            'terraform {\n  source = "${get_repo_root()}/module"\n}\n\n'
            'remote_state {\n  backend  = "local"\n'
            '  generate = { path = "backend.tf", if_exists = "overwrite" }\n'
            f'  config   = {{ path = "${{get_repo_root()}}/states/{number}.tfstate" }}\n}}\n\n'
            f'inputs = {{\n  name = "unit-{number}"\n}}\n'
        )
        bare = folder / f"bare/unit-{number}"
        bare.mkdir(parents=True)
        shutil.copy(folder / "module/main.tf", bare)
        (bare / "terraform.tfvars").write_text(f'name = "unit-{number}"\n')
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)


def nothing_applied(folder: Path) -> Callable[[], None]:
    def clean() -> None:
        shutil.rmtree(folder / "states", ignore_errors=True)
        shutil.rmtree(folder / "live/.slipway", ignore_errors=True)
        shutil.rmtree(folder / ".slipway", ignore_errors=True)
        for pattern in ("live/*/.terragrunt-cache", "bare/*/.terraform"):
            for found in folder.glob(pattern):
                shutil.rmtree(found)
        for pattern in ("bare/*/terraform.tfstate*", "*/*/.terraform.lock.hcl"):
            for found in folder.glob(pattern):
                found.unlink()

    return clean


# -- what is measured --------------------------------------------------------------------------------


def edges(command: list[str], folder: Path) -> dict[str, list[str]]:
    found = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)
    return {unit["path"]: sorted(unit.get("dependencies", [])) for unit in found}


def reading(work: Path, rows: list[str]) -> None:
    for units in (1_000, 5_000):
        folder = work / f"estate-{units}"
        large_estate(folder, units)
        ours = [str(SLIPWAY), "find", "--dag", "--dependencies", "--format", "json"]
        sides = [Side(ours, folder / "live")]
        if TERRAGRUNT:
            theirs = [TERRAGRUNT, "find", "--dag", "--dependencies", "--json"]
            if edges(ours, folder / "live") != edges(theirs, folder / "live"):
                raise SystemExit(f"the two sides disagree on the estate of {units} units")
            sides.append(Side(theirs, folder / "live"))
        rows.append(row(f"`find --dag --dependencies`, {units:,} units", "Terragrunt", measure(*sides)))
    folder = work / "estate-1000"
    validate = Side([str(SLIPWAY), "validate"], folder / "live")
    rows.append(row("`validate`: each of 1,000 units evaluated", "—", measure(validate)))


def applying(work: Path, rows: list[str]) -> None:
    folder = work / "small"
    small_estate(folder, 10)
    clean = nothing_applied(folder)
    assert TOOL
    ours = [str(SLIPWAY), "apply", "--yes", "--engine", "native", "--tf-path", TOOL]
    one = f"{TOOL} init -input=false >/dev/null && {TOOL} apply -input=false -auto-approve >/dev/null"
    bare = ["sh", "-c", f"set -e; for unit in bare/*/; do (cd $unit && {one}); done"]
    cold = measure(Side(ours, folder, clean), Side(bare, folder, clean))
    rows.append(row("apply from nothing, 10 units without a provider", "bare tool, one after the other", cold))
    clean()
    run(Side(ours, folder))
    run(Side(bare, folder))
    plan = f"{TOOL} plan -input=false >/dev/null"
    warm = measure(
        Side([str(SLIPWAY), "plan", "--engine", "native", "--tf-path", TOOL], folder),
        Side(["sh", "-c", f"set -e; for unit in bare/*/; do (cd $unit && {plan}); done"], folder),
    )
    rows.append(row("a second plan of the same", "bare tool, one after the other", warm))
    if TERRAGRUNT:
        theirs = [TERRAGRUNT, "run", "--all", "--non-interactive", "--tf-path", TOOL, "apply"]
        both = measure(Side(ours, folder, clean), Side(theirs, folder / "live", clean))
        rows.append(row("apply from nothing, 10 units without a provider", "Terragrunt", both))


def row(what: str, other: str, figures: list[Figure]) -> str:
    ours, *theirs = figures
    if not theirs:
        return f"| {what} | {ours.text()} | {'not installed' if other == 'Terragrunt' else other} | — |"
    ratio = statistics.median(b / a for a, b in zip(ours.seconds, theirs[0].seconds, strict=True))
    return f"| {what} | {ours.text()} | {other}: {theirs[0].text()} | {ratio:.1f} times |"


def version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if re.search(r"\d+\.\d+\.\d+", line)]
    return lines[0].strip() if lines else "unknown"


def main() -> int:
    if not TOOL:
        print("neither tofu nor terraform is on PATH; run `make setup`", file=sys.stderr)
        return 1
    # Terragrunt cannot read the tool's version behind the warning that a missing file brings.
    if not Path(os.environ.get("TF_CLI_CONFIG_FILE", ROOT)).exists():
        del os.environ["TF_CLI_CONFIG_FILE"]
    rows: list[str] = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work:
        print("reading estates", flush=True)
        reading(Path(work), rows)
        print("applying a small one", flush=True)
        applying(Path(work), rows)
    terragrunt = version([TERRAGRUNT, "--version"]) if TERRAGRUNT else "no Terragrunt"
    text = (ROOT / "benches/benchmarks.md.in").read_text()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    facts = {
        "date": date.today().isoformat(),
        "machine": machine,
        "versions": "; ".join([version([str(SLIPWAY), "--version"]), terragrunt, version([TOOL, "version"])]),
        "runs": str(RUNS),
        "rows": "\n".join(rows),
    }
    for name, value in facts.items():
        text = text.replace("{{" + name + "}}", value)
    (ROOT / "docs/benchmarks.md").write_text(text)
    print("\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
