"""A hundred pipelines that bump images of one repository at the same moment, beside those that push until it goes through."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bumps import repository
from measuring import ROOT, SLIPWAY

APPS = 20
PIPELINES = 100
# Commits that are there before.
BEFORE = 200
# Nobody waits longer than that for a bump, in seconds.
PATIENCE = 180
# How long the server thinks before it takes a push.
THINKS = "sleep 0.03"
# Most of ours land within a few tries, or that is an error.
FEW, MOST = 3, 0.95
USER, TOKEN = "ci", "canary-of-a-benchmark"

# What is written where nothing better is there: the tip, an edit, a push, and all of that again where another one was there first.
BY_GIT = """
set -e
git clone --quiet --depth 1 "$URL" work && cd work
for try in $(seq 1 1000); do
  sed -i "s|image: .*|image: $IMAGE|" "manifests/$APP/deployment.yaml"
  git commit --quiet --all --message "$APP"
  if git push --quiet origin HEAD:main 2>/dev/null; then echo "$try"; exit; fi
  sleep "$((RANDOM % 2)).$((RANDOM % 10))"
  git fetch --quiet --depth 1 origin main && git reset --quiet --hard FETCH_HEAD
done
exit 1
"""


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of Git over HTTP for the bare repositories of a folder."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = root / "settings.json"
    settings.write_text(json.dumps({"port": port, "root": str(root), "username": USER, "password": TOKEN}))
    server = subprocess.Popen([sys.executable, "-m", "emulator.git_http", str(settings)], cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health").close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"127.0.0.1:{port}/manifests.git"
    finally:
        server.terminate()
        server.wait()


def side(folder: Path, is_ours: bool) -> tuple[float, float, list[int]]:
    """Wall and CPU seconds until all have landed, and how often each has pushed."""
    folder.mkdir()
    bare = folder / "manifests.git"
    repository(bare, APPS, BEFORE)
    subprocess.run(["git", "config", "http.receivepack", "true"], cwd=bare, check=True)
    hook = bare / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\n{THINKS}\n")
    hook.chmod(0o755)
    identity = {f"GIT_{who}_{what}": "ci@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    pipelines = []
    with served(folder) as address:
        begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        for number in range(PIPELINES):
            home = folder / f"pipeline-{number}"
            home.mkdir()
            app = f"app-{number % APPS}"
            image = f"registry.example/{app}:v{1_000 + number}"
            environment = os.environ | identity | {"HOME": str(home)}
            if is_ours:
                environment |= {
                    "SLIPWAY_CHECK_IMAGE": "off",
                    "SLIPWAY_MANIFESTS_URL": f"http://{address}",
                    "SLIPWAY_MANIFESTS_USERNAME": USER,
                    "SLIPWAY_MANIFESTS_TOKEN": TOKEN,
                }
                # The order in which they come is nobody's: each is to land.
                command = [str(SLIPWAY), "image", "set", f"{app}={image}", "--allow-older", "--format", "json"]
            else:
                environment |= {"URL": f"http://{USER}:{TOKEN}@{address}", "APP": app, "IMAGE": image}
                command = ["timeout", str(PATIENCE), "bash", "-c", BY_GIT]
            pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            pipelines.append(subprocess.Popen(command, cwd=home, env=environment, **pipes))
        tries = []
        for pipeline in pipelines:
            out, errors = pipeline.communicate()
            if pipeline.returncode == 0:
                tries.append(json.loads(out)[0]["attempts"] if is_ours else int(out))
            elif is_ours:
                raise SystemExit(f"a bump ended with {pipeline.returncode}: {errors.decode(errors='replace')}")
        seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    counted = subprocess.run(["git", "rev-list", "--count", "main"], cwd=bare, check=True, stdout=subprocess.PIPE)
    landed = int(counted.stdout) - BEFORE
    if is_ours and landed != PIPELINES:
        raise SystemExit(f"{landed} commits have landed, and not {PIPELINES}")
    within = sum(one <= FEW for one in tries)
    if is_ours and within < MOST * PIPELINES:
        raise SystemExit(f"{within} of {PIPELINES} have landed within {FEW} tries: {tries}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, tries


def at_once(work: Path, rows: list[str]) -> None:
    """A row of the table."""
    work.mkdir()
    ours, theirs = side(work / "ours", True), side(work / "theirs", False)

    def text(figure: tuple[float, float, list[int]]) -> str:
        seconds, cpu, tries = figure
        within = sum(one <= FEW for one in tries)
        there = "all are there" if len(tries) == PIPELINES else f"{len(tries)} of them are there by then"
        return f"{seconds:.1f} s, CPU {cpu:.1f} s; {there}, {within} within {FEW} tries, at most {max(tries, default=0)}"

    other = f"clone, commit, push until it goes through: {text(theirs)}"
    what = f"{PIPELINES} bumps of {APPS} apps at once over HTTP, each a commit"
    rows.append(f"| {what} | {text(ours)} | {other} | {theirs[0] / ours[0]:.1f} times |")


if __name__ == "__main__":
    table: list[str] = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as place:
        at_once(Path(place) / "at-once", table)
    print("\n".join(table))
