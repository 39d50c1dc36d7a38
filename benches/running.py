"""What planning and applying costs beside the tool itself, with Terragrunt and a loop in a shell in the same run."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from estates import aws_estate, idle_estate, small_estate
from measuring import ROOT, RUNS, SLIPWAY, TERRAGRUNT, TOOL, Side, measure, peak_of_all, row, run

CORES = len(os.sched_getaffinity(0))
# Terragrunt gives OpenTofu a provider cache by itself and Terraform none, so Terraform is what shows the difference.
AWS_TOOL = shutil.which("terraform") or TOOL
# Runs with a real provider take many seconds each.
FEWER = min(RUNS, 3)
# So many units at once where memory is what counts.
WIDE = 8


def running(work: Path, rows: list[str]) -> None:
    without_a_provider(work, rows)
    with_the_aws_provider(work, rows)
    with_nothing_to_do(work, rows)


def by_slipway(command: list[str], tool: str | None) -> list[str]:
    return [str(SLIPWAY), *command, "--engine", "native", "--tf-path", str(tool)]


def by_terragrunt(command: str, tool: str | None) -> list[str]:
    return [str(TERRAGRUNT), "run", "--all", "--non-interactive", "--tf-path", str(tool), command]


def each(folder: str, script: str) -> list[str]:
    """A loop over the folders of `bare/`, as many at once as there are cores."""
    return ["sh", "-ec", f"ls -d {folder} | xargs -P {CORES} -I UNIT sh -ec 'cd UNIT; {script}'"]


def put_away(estate: Path, *patterns: str) -> None:
    """Moves files out of an estate, to be deleted at the end: where many were just deleted, ext4 is slow to create new ones."""
    away = estate.with_name("away")
    away.mkdir(exist_ok=True)
    for path in [path for pattern in patterns for path in estate.glob(pattern)]:
        path.rename(Path(tempfile.mkdtemp(dir=away)) / path.name)


def nothing_applied(folder: Path) -> Callable[[], None]:
    """Puts away all that either side, and the loop, keep between runs."""
    ours = ["states", ".slipway", "live/.slipway", "cache", "live/*/.terragrunt-cache"]
    bare = ["bare/*/.terraform", "bare/*/terraform.tfstate*"]
    return lambda: put_away(folder, *ours, *bare, "*/*/.terraform.lock.hcl")


def kept(state: Path) -> Any:
    """What a state keeps, without what differs by its nature: identities, lineage, who wrote it."""
    whole = json.loads(state.read_text())
    resources = [
        (resource["type"], resource["name"], [instance["attributes"].get("tags") for instance in resource["instances"]],
         [instance["attributes"].get("input") for instance in resource["instances"]])
        for resource in whole["resources"]
    ]
    outputs = {name: output["value"] for name, output in whole["outputs"].items() if not name.endswith("_id")}
    return sorted(resources), outputs


def same_states(folder: Path, clean: Callable[[], None], *sides: Side) -> None:
    """Before an apply is timed, all sides have to leave the same states."""
    left = []
    for side in sides:
        clean()
        run(side)
        states = {path.stem: kept(path) for path in sorted((folder / "states").rglob("*.tfstate"))}
        bare = {path.parent.name: kept(path) for path in sorted(folder.glob("bare/*/terraform.tfstate"))}
        left.append(sorted((states or bare).values(), key=json.dumps))
    if any(other != left[0] for other in left) or not left[0]:
        raise SystemExit(f"the sides leave different states in {folder}: {left}")


# -- without a provider ------------------------------------------------------------------------------


def without_a_provider(work: Path, rows: list[str], units: int = 40) -> None:
    folder = work / "small"
    small_estate(folder, units)
    clean = nothing_applied(folder)
    ours = Side(by_slipway(["apply", "--yes"], TOOL), folder, clean)
    apply = f"{TOOL} init -input=false >/dev/null; {TOOL} apply -input=false -auto-approve >/dev/null"
    loop = Side(each("bare/*", apply), folder, clean)
    sides = [ours, loop]
    if TERRAGRUNT:
        sides.append(Side(by_terragrunt("apply", TOOL), folder / "live", clean))
    same_states(folder, clean, *sides)
    first, second, *third = measure(*sides)
    what = f"`apply --yes` from nothing, {units} units of the built-in provider"
    rows.append(row(what, f"bare `init` and `apply`, {CORES} at once", [first, second]))
    rows.append(row(what, "Terragrunt", [first, *third]))
    clean()
    run(Side(ours.command, folder))
    run(Side(loop.command, folder))
    plan = [Side(by_slipway(["plan"], TOOL), folder), Side(each("bare/*", f"{TOOL} plan -input=false >/dev/null"), folder)]
    rows.append(row(f"a second plan of the same {units}", f"bare `plan`, {CORES} at once", measure(*plan)))


# -- with the AWS provider ---------------------------------------------------------------------------


def packed_providers(work: Path) -> Path | None:
    """The installed AWS provider as a registry gives it out: packed. Returns a CLI configuration that names it."""
    installed = sorted((ROOT / ".tools/providers").glob("*/hashicorp/aws/*/linux_amd64/*"))
    if not installed:
        return None
    for program in installed:
        version = program.parent.parent.name
        packed = work / "mirror" / program.relative_to(ROOT / ".tools/providers").parents[2]
        packed.mkdir(parents=True)
        file = packed / f"terraform-provider-aws_{version}_linux_amd64.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.write(program, program.name)
    config = work / "mirror.tfrc"
    config.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{work / "mirror"}"\n  }}\n}}\n')
    return config


@contextmanager
def emulated_aws(work: Path) -> Iterator[dict[str, str] | None]:
    """AWS on this machine, by its variables; none where it is not installed."""
    python = ROOT / ".venv/bin/python"
    if not python.exists():
        yield None
        return
    folder = work / "bed"
    command = [str(python), "-m", "emulator", "serve", "--stop-on-eof", "--only", "aws", "--dir", str(folder)]
    bed = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        ready = folder / "ready.json"
        while not ready.exists():
            if bed.poll() is not None:
                raise SystemExit("the emulated AWS did not start")
            try:
                bed.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
        yield {name: value for name, value in json.loads(ready.read_text())["env"].items() if name.startswith("AWS_")}
    finally:
        assert bed.stdin
        bed.stdin.close()
        bed.wait()


def disk(folder: Path) -> float:
    """MiB on disk, each file once however many names it has."""
    seen: dict[int, int] = {}
    for path in folder.rglob("*"):
        if not path.is_symlink():
            status = path.stat()
            seen[status.st_ino] = status.st_blocks * 512
    return sum(seen.values()) / 2**20


def with_the_aws_provider(work: Path, rows: list[str], services: int = 12) -> None:
    config = packed_providers(work)
    with emulated_aws(work) as variables:
        if not config or not variables:
            rows.append("| units of the AWS provider | left out: `make setup` has not installed it | — | — |")
            return
        # What a program caches for its user counts as well: a cold run finds none of it.
        settings = {"TF_CLI_CONFIG_FILE": str(config), "XDG_CACHE_HOME": str(work / "aws/cache")}
        aws_rows(work / "aws", rows, services, variables, {**os.environ, **variables, **settings})


def aws_rows(folder: Path, rows: list[str], services: int, variables: dict[str, str], environment: dict[str, str]) -> None:
    aws_estate(folder, services, variables["AWS_ENDPOINT_URL"])
    clean_files = nothing_applied(folder)

    def clean() -> None:
        clean_files()
        # A provider in it takes hundreds of MiB.
        shutil.rmtree(folder.with_name("away"))
        (folder / "cache").mkdir()

    def empty_account() -> None:
        clean()
        reset = urllib.request.Request(f"{variables['AWS_ENDPOINT_URL']}/moto-api/reset", method="POST")
        urllib.request.urlopen(reset).close()

    def sides(command: str, ours: list[str], loop: str, before: Callable[[], None]) -> list[Side]:
        shell = ["env", f"TF_PLUGIN_CACHE_DIR={folder / 'cache'}", "sh", "-ec", loop]
        sides = [
            Side(by_slipway(ours, AWS_TOOL), folder, before, environment),
            Side(shell, folder, before, environment),
        ]
        if TERRAGRUNT:
            sides.append(Side(by_terragrunt(command, AWS_TOOL), folder / "live", before, environment))
        return sides

    units = f"{services + 1} units of the AWS provider"
    # What a careful person's loop does: one init fills the cache and selects, the others read it at the same time.
    init = f"{AWS_TOOL} init -input=false >/dev/null"
    first = f"(cd bare/network; {init}); for unit in bare/service-*; do cp bare/network/.terraform.lock.hcl $unit; done; "
    plan = f"{AWS_TOOL} plan -input=false >/dev/null"
    apply = f"{AWS_TOOL} apply -input=false -auto-approve >/dev/null"
    init_and_plan = f"test -e .terraform || {init}; {plan}"
    planned = first + each("bare/*", init_and_plan)[-1]
    apply_on_it = each("bare/service-*", f"{init}; {apply} -var=vpc_id=$vpc")[-1]
    applied = f"{first} (cd bare/network; {apply}); export vpc=$(cd bare/network; {AWS_TOOL} output -raw vpc_id); {apply_on_it}"
    by_loop = f"bare `init` and `plan`, {CORES} at once, one cache"

    cold = sides("plan", ["plan"], planned, clean)
    sizes = []
    for side in cold:
        run(side)
        sizes.append(disk(folder))
    figures = measure(*cold, runs=FEWER)
    rows.append(row(f"`plan` cold, {units}", by_loop, figures[:2]))
    rows.append(row(f"`plan` cold, {units}", "Terragrunt", [figures[0], *figures[2:]]))
    names = [by_loop, "Terragrunt"]
    for name, size in zip(names, sizes[1:]):
        rows.append(f"| disk after it | {sizes[0]:,.0f} MiB | {name}: {size:,.0f} MiB | {size / sizes[0]:.1f} times |")

    warm = sides("plan", ["plan"], each("bare/*", plan)[-1], lambda: None)
    clean()
    for side in cold:
        run(Side(side.command, side.folder, lambda: None, environment))
    figures = measure(*warm, runs=FEWER)
    rows.append(row(f"`plan` warm, {units}", f"bare `plan`, {CORES} at once", figures[:2]))
    rows.append(row(f"`plan` warm, {units}", "Terragrunt", [figures[0], *figures[2:]]))

    what = f"`plan --share-providers` warm, {units}"
    shared = sides("plan", ["plan", "--share-providers"], each("bare/*", plan)[-1], lambda: None)[:2]
    rows.append(row(what, f"bare `plan`, {CORES} at once", measure(*shared, runs=FEWER)))
    wide = each("bare/*", plan)[-1].replace(f"-P {CORES}", f"-P {WIDE}")
    shared = sides("plan", ["plan", "--share-providers", "--parallelism", str(WIDE)], wide, lambda: None)[:2]
    ours, loop = [peak_of_all(side, runs=FEWER) for side in shared]
    rows.append(
        f"| memory of all processes at once of `plan --share-providers`, {units}, {WIDE} at once | {ours:,.0f} MiB | "
        f"bare `plan`, {WIDE} at once: {loop:,.0f} MiB | {loop / ours:.1f} times |"
    )

    shared = sides("apply", ["apply", "--yes", "--share-providers"], applied, empty_account)[:2]
    same_states(folder, empty_account, *shared)
    figures = measure(*shared, runs=FEWER)
    rows.append(row(f"`apply --yes --share-providers` cold, {units}", f"bare `init` and `apply`, {CORES} at once, one cache", figures))

    cold = sides("apply", ["apply", "--yes"], applied, empty_account)
    same_states(folder, empty_account, *cold)
    figures = measure(*cold, runs=FEWER)
    rows.append(row(f"`apply --yes` cold, {units}", f"bare `init` and `apply`, {CORES} at once, one cache", figures[:2]))
    rows.append(row(f"`apply --yes` cold, {units}", "Terragrunt", [figures[0], *figures[2:]]))


# -- with nothing to do ------------------------------------------------------------------------------

# Its version, and for everything else nothing.
IDLE_TOOL = "#!/bin/sh\ncase $1 in version) echo 'Terraform v1.11.4' ;; esac\n"


def with_nothing_to_do(work: Path, rows: list[str], units: int = 1_000) -> None:
    folder = work / "idle"
    idle_estate(folder, units)
    tool = folder / "idle"
    tool.write_text(IDLE_TOOL)
    tool.chmod(0o755)

    ours = [str(SLIPWAY), "apply", "--yes", "--engine", "native", "--tf-path", str(tool), "--parallelism", str(CORES)]
    # One `init` serves all of them.
    loop = ["sh", "-ec", f"{tool} init; ls -d live/*/ | xargs -P {CORES} -I UNIT sh -ec 'cd UNIT; {tool} apply'"]
    figures = measure(Side(ours, folder, lambda: put_away(folder, ".slipway")), Side(loop, folder))
    what = f"`apply --yes`, {units:,} units, a tool that does nothing"
    rows.append(row(what, f"the same commands in a shell, {CORES} at once", figures))
    added = [(ours - loop) / units * 1_000 for ours, loop in zip(figures[0].seconds, figures[1].seconds, strict=True)]
    rows.append(
        f"| what a run adds to them a unit: reading, journal, log, order | {statistics.median(added):.2f} ms, "
        f"{figures[0].peak_mib:.0f} MiB in all | — | — |"
    )


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as temporary:
        found: list[str] = []
        running(Path(temporary), found)
        print("\n".join(found))
