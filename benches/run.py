#!/usr/bin/env python3
"""`make bench`: Slipway beside Terragrunt and the bare tool, in the same run, into docs/benchmarks.md.

`run.py --check` (`make bench-check`) only counts instructions and compares them with benches/instructions.json;
`run.py --record` writes that file. Both need valgrind. Whole processes are timed from outside, alternating between the
two sides; a figure is the median of RUNS (a variable, by default five) runs after one that is not counted. Before anything is timed both sides have to give the same answer. What is not installed
(Terragrunt) is left out, and the table says so.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from at_once import at_once
from bumps import bumps
from estates import broken_estate, large_estate
from followed import followed
from measuring import ROOT, RUNS, SLIPWAY, TERRAGRUNT, TOOL, Side, measure, row
from running import AWS_TOOL, running
from tasks import task_rows


# -- what is measured --------------------------------------------------------------------------------


def edges(command: list[str], folder: Path) -> dict[str, list[str]]:
    found = json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout)
    return {unit["path"]: sorted(unit.get("dependencies", [])) for unit in found}


FIND = [str(SLIPWAY), "find", "--dag", "--dependencies", "--no-cache", "--json"]
AGAIN = [word for word in FIND if word != "--no-cache"]
RENDER = [str(SLIPWAY), "render", "--all", "--format", "json"]
TOLD = [str(SLIPWAY), "find", "--no-cache"]
BROKEN = 11_000
# Terragrunt takes more than three minutes for one run of the largest estates.
SIZES = {1_000: True, 5_000: True, 11_028: False, 20_000: False}
RENDERED_ALONE = 12


def same_edges(folder: Path, units: int) -> None:
    theirs = [str(TERRAGRUNT), "find", "--dag", "--dependencies", "--json"]
    if edges(FIND, folder) != edges(theirs, folder):
        raise SystemExit(f"the two sides disagree on the estate of {units} units")


def same_rendered(folder: Path) -> None:
    """A sample of the units, rendered by both, key by key."""
    lines = subprocess.run(RENDER, cwd=folder, check=True, capture_output=True, text=True).stdout.splitlines()
    step = max(1, len(lines) // RENDERED_ALONE)
    for unit in (json.loads(line) for line in lines[::step]):
        theirs = [str(TERRAGRUNT), "render", "--json", "--non-interactive"]
        done = subprocess.run(theirs, cwd=folder / unit["path"], check=True, capture_output=True)
        if json.loads(done.stdout) != unit["config"]:
            raise SystemExit(f"the two sides render {unit['path']} differently")


def reading(work: Path, rows: list[str], work_rows: list[str]) -> None:
    for units, beside in SIZES.items():
        folder = work / f"estate-{units}"
        large_estate(folder, units)
        live = folder / "live"
        sides = [Side(FIND, live)]
        other = "left out: more than three minutes a run"
        if TERRAGRUNT and beside:
            same_edges(live, units)
            sides.append(Side([TERRAGRUNT, *FIND[1:4], "--json"], live))
            other = "Terragrunt"
        rows.append(row(f"`find --dag --dependencies`, {units:,} units", other, measure(*sides)))
        work_rows.append(work_row(f"`find`, {units:,} units", FIND, live))
    for units in (5_000, 11_028):
        rows.append(again(work / f"estate-{units}", units))
    live = work / "estate-5000/live"
    if TERRAGRUNT:
        same_rendered(work / "estate-1000/live")
    rows.append(row("`render --all`, 5,000 units", "`find` of the same", measure(Side(RENDER, live), Side(FIND, live))))
    work_rows.append(work_row("`render --all`, 5,000 units", RENDER, live))
    broken_estate(work / "broken", BROKEN)
    broken = Side(TOLD, work / "broken/live", exits=3)
    what = f"`find`, {BROKEN:,} units with 43,000 mistakes, each told once"
    rows.append(row(what, "`find --dag --dependencies` of 11,028 sound ones", measure(broken, Side(FIND, work / "estate-11028/live"))))
    validate = Side([str(SLIPWAY), "validate"], work / "estate-1000/live")
    rows.append(row("`validate`: each of 1,000 units evaluated", "—", measure(validate)))


def again(folder: Path, units: int) -> str:
    """A list of what has not changed since the last one, beside the one that keeps what it finds."""
    live = folder / "live"
    first = Side(AGAIN, live, before=lambda: shutil.rmtree(folder / ".slipway", ignore_errors=True))
    if edges(AGAIN, live) != edges(FIND, live) or edges(AGAIN, live) != edges(FIND, live):
        raise SystemExit(f"what was kept of {units} units is something else")
    figures = measure(Side(AGAIN, live), first)
    return row(f"a second `find --dag --dependencies`, {units:,} units", "the first, which keeps what it finds", figures)


def work_row(what: str, command: list[str], folder: Path) -> str:
    """What was read and evaluated, as the command itself counts it."""
    done = subprocess.run([*command, "--stats"], cwd=folder, check=True, capture_output=True, text=True)
    counts = re.search(
        r"(\d+) files read, (\d+) parsed .*?, (\d+) locals and (\d+) attributes evaluated", done.stderr
    )
    assert counts, done.stderr
    return f"| {what} | " + " | ".join(f"{int(number):,}" for number in counts.groups()) + " |"


# -- instructions ------------------------------------------------------------------------------------

EXPECTED = ROOT / "benches/instructions.json"
SMALLER, LARGER = 500, 1_000
COUNTED = (("find", FIND, "count"), ("find, broken", TOLD, "broken"), ("render", RENDER, "count"))


def valgrind(tool: list[str], command: list[str], folder: Path) -> str:
    done = subprocess.run(["valgrind", *tool, *command], cwd=folder, capture_output=True, text=True)
    # A broken estate is told as one.
    assert done.returncode in (0, 3), done.stderr
    return done.stderr


def per_unit(work: Path) -> dict[str, dict[str, float]]:
    """Instructions and allocations of one more unit: the difference of two estates, so that starting is left out."""
    for units in (SMALLER, LARGER):
        large_estate(work / f"count-{units}", units)
        broken_estate(work / f"broken-{units}", units)
    found = {}
    for name, command, estate in COUNTED:
        instructions, allocations = [], []
        for units in (SMALLER, LARGER):
            live = work / f"{estate}-{units}/live"
            text = valgrind(["--tool=callgrind", "--callgrind-out-file=/dev/null"], command, live)
            collected = re.search(r"Collected : (\d+)", text)
            text = valgrind(["--leak-check=no"], command, live)
            total = re.search(r"total heap usage: ([\d,]+) allocs", text)
            assert collected and total, text
            instructions.append(int(collected.group(1)))
            allocations.append(int(total.group(1).replace(",", "")))
        more = LARGER - SMALLER
        found[name] = {
            "instructions": round((instructions[1] - instructions[0]) / more),
            "allocations": round((allocations[1] - allocations[0]) / more),
        }
    return found


def check(found: dict[str, dict[str, float]]) -> list[str]:
    """What takes more instructions than was recorded, beyond the tolerance."""
    if not EXPECTED.exists():
        return []
    expected = json.loads(EXPECTED.read_text())
    worse = []
    for name, counts in found.items():
        most = expected[name]["instructions"] * (1 + expected["tolerance"])
        if counts["instructions"] > most:
            worse.append(
                f"{name} takes {counts['instructions']:,} instructions a unit, more than the {most:,.0f} allowed: "
                "find what became slower, or record the new figure by `benches/run.py --record` and say why"
            )
    return worse


def counted() -> dict[str, dict[str, float]]:
    if not shutil.which("valgrind"):
        print("valgrind is not installed: instructions and allocations are not counted")
        return {}
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work:
        return per_unit(Path(work))


def only_instructions(record: bool) -> int:
    found = counted()
    if not found:
        return 0
    print(json.dumps(found, indent=2))
    if record:
        EXPECTED.write_text(json.dumps({"tolerance": 0.1, **found}, indent=2) + "\n")
        return 0
    worse = check(found)
    print("\n".join(worse), file=sys.stderr)
    return 1 if worse else 0


def version(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stdout.splitlines() if re.search(r"\d+\.\d+\.\d+", line)]
    return lines[0].strip() if lines else "unknown"


def main() -> int:
    if {"--check", "--record"} & set(sys.argv[1:]):
        return only_instructions("--record" in sys.argv)
    if not TOOL:
        print("neither tofu nor terraform is on PATH; run `make setup`", file=sys.stderr)
        return 1
    # Terragrunt cannot read the tool's version behind the warning that a missing file brings.
    if not Path(os.environ.get("TF_CLI_CONFIG_FILE", ROOT)).exists():
        del os.environ["TF_CLI_CONFIG_FILE"]
    rows: list[str] = []
    work_rows: list[str] = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as work:
        print("reading estates", flush=True)
        reading(Path(work), rows, work_rows)
        print("planning and applying", flush=True)
        running(Path(work), rows)
        print("bumping images", flush=True)
        bumps(Path(work) / "bumps", rows)
        at_once(Path(work) / "at-once", rows)
        print("following applications", flush=True)
        followed(Path(work) / "followed", rows)
        print("three tasks of every day", flush=True)
        tasks = task_rows(Path(work) / "tasks")
    print("counting instructions", flush=True)
    found = counted()
    instructions = "\n".join(
        f"| `{name}` | {counts['instructions']:,} | {counts['allocations']:,} |" for name, counts in found.items()
    )
    terragrunt = version([TERRAGRUNT, "--version"]) if TERRAGRUNT else "no Terragrunt"
    tools = [version([tool, "version"]) for tool in dict.fromkeys([TOOL, AWS_TOOL]) if tool]
    text = (ROOT / "benches/benchmarks.md.in").read_text()
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    facts = {
        "date": date.today().isoformat(),
        "machine": machine,
        "versions": "; ".join([version([str(SLIPWAY), "--version"]), terragrunt, *tools]),
        "runs": str(RUNS),
        "rows": "\n".join(rows),
        "tasks": "\n".join(tasks),
        "work": "\n".join(work_rows),
        "instructions": instructions,
    }
    for name, value in facts.items():
        text = text.replace("{{" + name + "}}", value)
    (ROOT / "docs/benchmarks.md").write_text(text)
    print("\n".join(rows))
    worse = check(found)
    print("\n".join(worse), file=sys.stderr)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
