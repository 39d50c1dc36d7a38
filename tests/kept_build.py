"""What others have written is compiled once on a machine: the next build of the same, in a fresh clone, begins with it.

Two thirds of a build are the crates of registries, which are the same until the lock file or the compiler is another one. What Cargo
makes of them is kept in a folder that SLIPWAY_BUILD_CACHE names, under a name that says what it was made of; without the variable
nothing is kept. Of our own crates nothing is, and no file that is kept is ever written to again: those that Cargo writes in place are
copied, the others are further names of the same. Whatever goes wrong with it, the build is one from nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "SLIPWAY_BUILD_CACHE"
# What a build makes another one of the same sources.
SETTINGS = ("CARGO_", "RUSTFLAGS", "RUSTC", "CC", "CFLAGS", "TARGET_")
# What says nothing about it, or is another one each time.
BESIDE = ("CARGO_HOME", "CARGO_TARGET_DIR", "CARGO_TERM")
# The folders of `target/debug`: libraries, what build scripts have made, and what Cargo knows of both.
FOLDERS = ("deps", "build", ".fingerprint")


def folder() -> Path | None:
    """Where builds are kept, if they are."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def made() -> Path:
    """Where Cargo builds."""
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"


def name(arguments: list[str]) -> str:
    """What a build is made of, as a name."""
    compiler = subprocess.run(["rustc", "-vV"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    settings = {key: value for key, value in os.environ.items() if key.startswith(SETTINGS) and not key.startswith(BESIDE)}
    manifests = [ROOT / "Cargo.toml", ROOT / "Cargo.lock", *sorted(ROOT.glob("crates/*/Cargo.toml")), *sorted(ROOT.glob(".cargo/*"))]
    parts = [compiler, json.dumps(settings, sort_keys=True), json.dumps(arguments)]
    digest = hashlib.sha256()
    for part in [*(part.encode() for part in parts), *(manifest.read_bytes() for manifest in manifests)]:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def ours() -> tuple[str, ...]:
    """What the files of our own crates begin with."""
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    targets = [target["name"] for package in json.loads(answer)["packages"] for target in package["targets"]]
    names = {package["name"] for package in json.loads(answer)["packages"]} | set(targets)
    names |= {name.replace("-", "_") for name in names}
    return tuple(f"{prefix}{name}-" for name in sorted(names) for prefix in ("", "lib"))


def begin(arguments: list[str]) -> None:
    """Begin a build with what is kept of the same, where there is no build yet."""
    kept = folder()
    if kept is None or made().exists():
        return
    try:
        place = kept / name(arguments)
        if place.is_dir():
            print("what others have written was built before: the build begins with it", flush=True)
            made().parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=made().parent) as aside:
                lay(place, Path(aside) / "debug", lambda _: True)
                os.rename(Path(aside) / "debug", made())
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the build begins with nothing: {error}", flush=True)


def keep(arguments: list[str]) -> None:
    """Keep what a build has made of what others have written, and only that: builds of before go."""
    kept = folder()
    if kept is None:
        return
    try:
        place = kept / name(arguments)
        if place.is_dir():
            return
        kept.mkdir(parents=True, exist_ok=True)
        own = ours()
        with tempfile.TemporaryDirectory(dir=kept) as aside:
            lay(made(), Path(aside) / "debug", lambda entry: not entry.startswith(own))
            os.rename(Path(aside) / "debug", place)
        for other in kept.iterdir():
            if other != place:
                shutil.rmtree(other, ignore_errors=True)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        print(f"nothing of the build is kept: {error}", flush=True)


def lay(source: Path, target: Path, wanted: Callable[[str], bool]) -> None:
    """Lay what is wanted of a build somewhere else, with its times: Cargo goes by them."""
    for part in FOLDERS:
        (target / part).mkdir(parents=True)
        for entry in (source / part).iterdir():
            if not wanted(entry.name):
                continue
            if entry.is_dir():
                shutil.copytree(entry, target / part / entry.name, symlinks=True)
            else:
                link_or_copy(entry, target / part / entry.name)


def link_or_copy(source: Path, target: Path) -> None:
    """Libraries are written aside and renamed, never in place: another name of the same file will do."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
