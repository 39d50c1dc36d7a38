"""A bump in a large manifests repository with a long history, beside a clone of it by Git."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

from measuring import SLIPWAY, Side, measure, row

APPS = 5_000
COMMITS = 50_000
# What holds images, as a bump leaves it on the remote.
HOLDS = "refs/slipway/holds/main/known"

MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app-{app}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: app-{app}}}}}
  template:
    metadata: {{labels: {{app: app-{app}}}}}
    spec:
      containers:
        - name: web
          image: registry.example/app-{app}:v{version}
"""

MESSAGE = """\
app-{app}: registry.example/app-{app}:v{before} → v{version}

Slipway-App: manifests/app-{app}
Slipway-Container: Deployment/app-{app}/web
Slipway-Image: registry.example/app-{app}:v{version}
Slipway-Previous: registry.example/app-{app}:v{before}
"""


def repository(bare: Path, apps: int = APPS, commits: int = COMMITS) -> None:
    """The first commit has all manifests, each later one sets another version in one of them."""
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", bare], check=True)
    importing = ["git", "fast-import", "--quiet"]
    with subprocess.Popen(importing, cwd=bare, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None

        def say(line: str) -> None:
            process.stdin.write(line.encode() + b"\n")

        def data(text: str) -> None:
            say(f"data {len(text.encode())}")
            say(text)

        def manifest(app: int, version: int) -> None:
            say(f"M 100644 inline manifests/app-{app}/deployment.yaml")
            data(MANIFEST.format(app=app, version=version))

        versions = [1] * apps
        for number in range(commits):
            say(f"commit refs/heads/main\ncommitter CI <ci@example.com> {1_600_000_000 + number * 60} +0000")
            if number == 0:
                data("start")
                for app in range(apps):
                    manifest(app, 1)
                continue
            app = number * 7919 % apps
            versions[app] += 1
            data(MESSAGE.format(app=app, before=versions[app] - 1, version=versions[app]))
            manifest(app, versions[app])
    subprocess.run(["git", "repack", "-adfq"], cwd=bare, check=True)


def received(folder: Path) -> int:
    """The bytes of all packs under a folder: what Git was sent, as it was sent."""
    return sum(file.stat().st_size for file in folder.rglob("*.pack"))


def bumps(work: Path, rows: list[str]) -> None:
    """Rows of the table: a bump on what is kept, one where nothing is, and a clone of all of it by Git."""
    work.mkdir()
    bare, folder, clone = work / "manifests.git", work / "pipeline", work / "clone.git"
    repository(bare)
    subprocess.run(["git", "config", "uploadpack.allowFilter", "true"], cwd=bare, check=True)
    folder.mkdir()
    versions = count(1_000)
    identity = {f"GIT_{who}_{what}": "ci@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = os.environ | identity | {"SLIPWAY_CHECK_IMAGE": "off", "SLIPWAY_MANIFESTS_URL": f"file://{bare}"}
    forget = partial(shutil.rmtree, folder / ".slipway", ignore_errors=True)

    def bump(before: Callable[[], None]) -> Side:
        side = Side([], folder, environment=environment)

        def prepare() -> None:
            before()
            side.command = [str(SLIPWAY), "image", "set", f"app-77=registry.example/app-77:v{next(versions)}"]

        side.before = prepare
        return side

    def first() -> None:
        forget()
        subprocess.run(["git", "update-ref", "-d", HOLDS], cwd=bare, check=True)

    git = ["git", "clone", "--quiet", "--bare", f"file://{bare}", str(clone)]
    by_git = Side(git, work, lambda: shutil.rmtree(clone, ignore_errors=True))
    size = f"{APPS:,} manifests, {COMMITS:,} commits"
    other = "`git clone --bare`"
    rows.append(row(f"`image set`, {size}, nothing kept", other, measure(bump(forget), by_git)))
    ours, theirs = received(folder), received(clone)
    rows.append(
        f"| what it is sent | {ours / 2**20:.1f} MiB | {other}: {theirs / 2**20:.1f} MiB | {theirs / ours:.1f} times |"
    )
    rows.append(row(f"`image set`, {size}, on what is kept", "—", measure(bump(lambda: None))))
    rows.append(row(f"`image set`, {size}, the first of all", "—", measure(bump(first))))


if __name__ == "__main__":
    table: list[str] = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as place:
        bumps(Path(place) / "bumps", table)
    print("\n".join(table))
