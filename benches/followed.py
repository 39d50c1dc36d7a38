"""From push to healthy: hundreds of applications on the real Argo CD of a bed, followed by `slipway argocd wait` and by its own client."""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from measuring import ROOT, SLIPWAY

SIZES = (100, 500)
# What watching the largest of them may take, in MiB.
MOST_MEMORY = 60
# So long Argo CD's client is waited for, in seconds. It sometimes misses the last event, and then waits for one that never comes.
PATIENCE = 300
ROUNDS = int(os.environ.get("ROUNDS", "3"))
BIN = (ROOT / ".tools").resolve() / "bin"
APPLICATIONS = "applications.argoproj.io"

PROJECT = """\
cluster "bench" {{
  context    = "{context}"
  kubeconfig = "{kubeconfig}"

  argocd {{
    version         = "v3.6.1"
    manifest        = "{manifest}"
    install_timeout = "20m"
    sync_timeout    = "30m"

    repository {{
      url         = "{url}"
      username    = "{username}"
      credentials = get_env("SLIPWAY_MANIFESTS_TOKEN")
    }}

    root {{
      path     = "apps"
      revision = "main"
    }}
  }}
}}
"""


@contextmanager
def bed(folder: Path) -> Iterator[dict[str, Any]]:
    """A bed with Kubernetes, Argo CD and Git, and what it says of itself."""
    with (folder.with_suffix(".log")).open("wb") as log:
        command = [sys.executable, "-m", "emulator", "serve", "--stop-on-eof", "--only", "kubernetes", "--only", "git", "--dir", str(folder)]
        with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log) as process:
            ready = folder / "ready.json"
            while not ready.exists():
                if process.poll() is not None:
                    raise SystemExit(f"the bed did not start: {folder.with_suffix('.log').read_text()[-2000:]}")
                time.sleep(0.1)
            try:
                yield json.loads(ready.read_text())
            finally:
                assert process.stdin is not None
                process.stdin.close()
                process.wait()


@dataclass
class Figure:
    """What it took: seconds, CPU seconds, peak memory in MiB; how many applications are not there at its end, and whether that
    came by its own timeout."""

    seconds: float
    cpu: float
    peak_mib: float
    behind: int
    gave_up: bool


@dataclass
class Followed:
    """A repository with applications, the Argo CD that follows it, and a folder for Slipway."""

    folder: Path
    bed: dict[str, Any]
    count: int
    pushed: int = 0

    @property
    def bare(self) -> Path:
        return Path(self.bed["git"]["root"]) / f"followed-{self.count}.git"

    @property
    def environment(self) -> dict[str, str]:
        kubeconfig = self.folder / "kubeconfig"
        return os.environ | {"SLIPWAY_MANIFESTS_TOKEN": self.bed["git"]["password"], "KUBECONFIG": str(kubeconfig),
                             "PATH": f"{BIN}:{os.environ['PATH']}", "HOME": str(self.folder), "ARGOCD_FAKE_IN_CLUSTER": "true"}

    def run(self, *command: str, **more: Any) -> str:
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True, **more)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-2000:]}{done.stdout[-500:]}")
        return done.stdout

    def kubectl(self, *arguments: str) -> str:
        return self.run("kubectl", *arguments)

    def prepare(self) -> None:
        """The repository, and Argo CD at its first commit."""
        self.folder.mkdir()
        (self.folder / "kubeconfig").write_bytes(Path(self.bed["kubernetes"]["kubeconfig"]).read_bytes())
        # By the namespace of the context Argo CD's client knows where it is.
        self.kubectl("config", "set-context", "--current", "--namespace=argocd")
        self.run("git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.bare))
        self.run("git", "-C", str(self.bare), "config", "http.receivepack", "true")
        url = f"{self.bed['git']['url']}/{self.bare.name}"
        self.push({f"apps/app-{number:03}.json": application(number, url) for number in range(self.count)})
        context = self.kubectl("config", "current-context").strip()
        (self.folder / "slipway.hcl").write_text(PROJECT.format(
            context=context, kubeconfig=self.folder / "kubeconfig", manifest=self.bed["argocd"]["manifests"]["core"],
            url=url, username=self.bed["git"]["username"]))
        self.run(str(SLIPWAY), "argocd", "bootstrap")
        self.run(str(SLIPWAY), "argocd", "wait")

    def push(self, more: dict[str, str] | None = None) -> str:
        """A commit that changes every application; the commit."""
        self.pushed += 1
        maps = {f"app-{number:03}/map.json": config_map(number, self.pushed) for number in range(self.count)}
        with tempfile.TemporaryDirectory() as work:
            git = ["git", "-C", work, "-c", "user.name=bench", "-c", "user.email=bench@example.com"]
            self.run("git", "clone", "--quiet", str(self.bare), work)
            for name, text in {**maps, **(more or {})}.items():
                file = Path(work) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            self.run(*git, "add", "--all")
            self.run(*git, "commit", "--quiet", "--message", f"Change {self.pushed}")
            self.run(*git, "push", "--quiet", "origin", "HEAD:main")
            return self.run(*git, "rev-parse", "HEAD").strip()

    def behind(self, commit: str) -> int:
        """How many applications are not Synced at the commit and Healthy."""
        items = json.loads(self.kubectl("get", APPLICATIONS, "-o", "json"))["items"]
        def is_green(item: dict[str, Any]) -> bool:
            status = item.get("status", {})
            return (status.get("sync", {}).get("status"), status.get("sync", {}).get("revision"),
                    status.get("health", {}).get("status")) == ("Synced", commit, "Healthy")
        return sum(not is_green(item) for item in items)

    def follow(self, commands: list[list[str]], may_give_up: bool = False) -> Figure:
        """Pushes, and runs commands until they end."""
        commit, gave_up = self.push(), False
        begun, before, peak = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN), 0
        for command in commands:
            with tempfile.TemporaryFile() as errors:
                process = subprocess.Popen(command, cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=errors)
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
                peak = max(peak, usage.ru_maxrss)
                if process.returncode and may_give_up:
                    gave_up = True
                elif process.returncode:
                    errors.seek(0)
                    raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{errors.read().decode()[-2000:]}")
        seconds, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        behind = self.behind(commit)
        # The next push begins where all is well.
        self.run(str(SLIPWAY), "argocd", "wait")
        return Figure(seconds, cpu, peak / 1024, behind, gave_up)


def application(number: int, url: str) -> str:
    name = f"app-{number:03}"
    return json.dumps({
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
        "metadata": {"name": name, "namespace": "argocd", "labels": {"bench": "followed"}},
        "spec": {
            "project": "default", "source": {"repoURL": url, "path": name, "targetRevision": "main"},
            "destination": {"server": "https://kubernetes.default.svc", "namespace": "default"},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    })


def config_map(number: int, version: int) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"app-{number:03}"},
                       "data": {"version": str(version)}})


OURS = [[str(SLIPWAY), "argocd", "wait"]]
# It asks for no comparison and knows of no commit: that Git is looked at is said to it before, as its users do.
THEIRS = [
    ["kubectl", "annotate", APPLICATIONS, "--all", "--overwrite", "argocd.argoproj.io/refresh=normal"],
    ["argocd", "app", "wait", "--core", "--selector", "bench=followed", "--sync", "--health", "--operation", "--timeout", str(PATIENCE)],
]


def text(figures: list[Figure]) -> str:
    seconds = sorted(figure.seconds for figure in figures)
    cpu = statistics.median(figure.cpu for figure in figures)
    behind, gave_up = max(figure.behind for figure in figures), sum(figure.gave_up for figure in figures)
    there = "all are there" if behind == 0 else f"by then up to {behind} are not there"
    never = f"; {gave_up} of {len(figures)} waits gave up after {PATIENCE} s" if gave_up else ""
    return (f"{statistics.median(seconds):.1f} s ({seconds[0]:.1f}–{seconds[-1]:.1f}), CPU {cpu:.1f} s, "
            f"{max(figure.peak_mib for figure in figures):.0f} MiB; {there}{never}")


def followed(work: Path, rows: list[str], sizes: tuple[int, ...] = SIZES) -> None:
    """Rows of the table. The two sides follow pushes of their own, in turn."""
    work.mkdir()
    for count in sizes:
        with bed(work / f"bed-{count}") as ready:
            applications = Followed(work / f"followed-{count}", ready, count)
            applications.prepare()
            ours, theirs = [], []
            for _ in range(ROUNDS):
                ours.append(applications.follow(OURS))
                theirs.append(applications.follow(THEIRS, may_give_up=True))
        if behind := max(figure.behind for figure in ours):
            raise SystemExit(f"`argocd wait` ended with {behind} of {count} applications behind")
        memory = max(figure.peak_mib for figure in ours)
        if memory > MOST_MEMORY:
            raise SystemExit(f"`argocd wait` took {memory:.0f} MiB for {count} applications, more than {MOST_MEMORY}")
        ratio = statistics.median(their.seconds / our.seconds for our, their in zip(ours, theirs, strict=True))
        rows.append(f"| `argocd wait` after a push that changes all of {count} applications | {text(ours)} "
                    f"| `argocd app wait` after a refresh: {text(theirs)} | {ratio:.1f} times |")


if __name__ == "__main__":
    table: list[str] = []
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as place:
        followed(Path(place) / "followed", table, tuple(map(int, sys.argv[1:])) or SIZES)
    print("\n".join(table))
