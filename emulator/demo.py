"""`make demo`: the whole way of Slipway once, on a bed of its own, each step with its time.

Nothing here does Slipway's work: the script starts the bed, puts a copy of the estate into place, runs `slipway` as a
person would, the manifests repository and the application's pipeline being those that `slipway init` writes, and
looks at the result through the emulators' own APIs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from emulator.layout import BIN, ROOT

DEMO = ROOT / ".demo"
START_SECONDS = 90
HEAL_SECONDS = 60
STOP_SECONDS = 60
# Where the root Application of the estate reads Applications, and where the scaffold of each environment has them.
ROOT_PATH = 'path     = "manifests/apps"'
IN_DEV = ("--manifests", "manifests/dev")


class DemoFailed(Exception):
    """A step did not do what the story says."""


@dataclass
class Steps:
    """The steps with their times, for the summary at the end."""

    taken: list[tuple[str, float]] = field(default_factory=list)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        print(f"\n\033[1m== {title}\033[0m" if sys.stdout.isatty() else f"\n== {title}", flush=True)
        begun = time.monotonic()
        yield
        self.taken.append((title, time.monotonic() - begun))

    def summary(self) -> str:
        width = max(len(title) for title, _ in self.taken)
        lines = [f"  {title:<{width}}  {seconds:6.1f} s" for title, seconds in self.taken]
        total = sum(seconds for _, seconds in self.taken)
        return "\n".join([*lines, f"  {'all of it':<{width}}  {total:6.1f} s"])


class Demo:
    """One telling of the story in one folder."""

    def __init__(self, folder: Path, engine: str | None) -> None:
        self.folder = folder
        self.estate = folder / "estate"
        self.steps = Steps()
        self._engine = ["--engine", engine] if engine else []
        self._slipway = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug/slipway"
        self._environment = dict(os.environ)
        self._bed: subprocess.Popen[bytes] | None = None
        self._ready: dict[str, Any] = {}
        self._kubeconfig = ""

    def tell(self) -> None:
        step = self.steps.step
        try:
            with step("Start AWS, Kubernetes and Git on this machine"):
                self._start_bed()
                self._copy_estate()
            with step("slipway init manifests: two applications in two environments"):
                self._begin_manifests()
            with step("slipway graph: what depends on what"):
                self._run("graph", "dev")
            with step("slipway up: infrastructure, cluster, Argo CD, applications"):
                self._run("up", "dev", "--yes", "--backend-bootstrap", *self._engine)
                self._expect_cluster()
            with step("slipway up again: nothing to change"):
                self._run("up", "dev", "--yes", *self._engine)
            with step("slipway image set: the cluster follows Git"):
                self._run("image", "set", "app-a=registry.example/app-a:v2", *IN_DEV, "--wait", "--cluster", "dev")
                self._expect_image("registry.example/app-a:v2")
            with step("slipway init source, and a push to it: its pipeline sets the image"):
                built = self._push_source()
                self._expect_image(built)
            with step("slipway image promote: what dev runs, to prod, in Git alone"):
                self._run("image", "promote", "app-a", "--from", "manifests/dev", "--to", "manifests/prod")
                self._run("image", "diff", "manifests/dev", "manifests/prod")
            with step("A change made by hand is healed"):
                self._kubectl("-n", "app-a", "set", "image", "deployment/app-a", "app-a=registry.example/app-a:by-hand")
                self._wait_for_image(built)
                self._run("argocd", "wait", "dev")
                self._run("argocd", "status", "dev")
            with step("slipway image rollback: back to what was before"):
                self._run("image", "rollback", "app-a", *IN_DEV, "--wait", "--cluster", "dev")
                self._expect_image("registry.example/app-a:v2")
                self._run("image", "history", "app-a", *IN_DEV)
            with step("slipway down: everything goes, in reverse"):
                self._run("down", "dev", "--yes", *self._engine)
                self._expect_nothing_left()
        finally:
            self._stop_bed()

    # -- the bed -------------------------------------------------------------------------------

    def _start_bed(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        bed = self.folder / "bed"
        command = [sys.executable, "-m", "emulator", "serve", "--dir", str(bed), "--stop-on-eof"]
        # A session of its own: Ctrl-C goes to the demo, which stops the bed when Slipway is done with it.
        self._bed = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True)
        ready, deadline = bed / "ready.json", time.monotonic() + START_SECONDS
        while not ready.exists():
            if self._bed.poll() is not None or time.monotonic() > deadline:
                raise DemoFailed(f"the test bed did not start; its logs are in {bed / 'log'}")
            time.sleep(0.1)
        self._ready = json.loads(ready.read_text())
        environment = dict(self._ready["env"])
        path = environment.pop("path")
        # A person has no kubeconfig of a cluster that was just made, and Slipway needs none.
        self._kubeconfig = environment.pop("KUBECONFIG")
        self._environment.pop("KUBECONFIG", None)
        # The machine's own tools come first: a Terragrunt or a Terraform that is installed is used.
        environment["PATH"] = f"{self._environment['PATH']}{os.pathsep}{path}"
        git = self._ready["git"]
        self._environment |= environment | {
            "SLIPWAY_MANIFESTS_URL": f"{git['url']}/gitops-manifests-repo.git",
            "SLIPWAY_MANIFESTS_USERNAME": git["username"],
            "SLIPWAY_MANIFESTS_TOKEN": git["password"],
            "SLIPWAY_ARGOCD_MANIFEST": self._ready["argocd"]["manifests"]["core"],
        }

    def _stop_bed(self) -> None:
        if self._bed and self._bed.stdin:
            self._bed.stdin.close()
            self._bed.wait()

    # -- the two repositories ------------------------------------------------------------------

    def _copy_estate(self) -> None:
        for name in ("infra", "live"):
            shutil.copytree(ROOT / name, self.estate / name, ignore=shutil.ignore_patterns(".terra*"))
        settings = (ROOT / "slipway.hcl").read_text()
        for environment in ("dev", "prod"):
            settings = settings.replace(ROOT_PATH, f'path     = "apps/{environment}"', 1)
        (self.estate / "slipway.hcl").write_text(settings)
        _git(self.estate, "init", "--quiet", "--initial-branch=main")
        _commit(self.estate, "The estate")

    def _begin_manifests(self) -> None:
        bare = Path(self._ready["git"]["root"]) / "gitops-manifests-repo.git"
        _git(self.folder, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
        work = self.folder / "manifests"
        apps = [f"--app={app}=registry.example/{app}:v1" for app in ("app-a", "app-b")]
        url = self._environment["SLIPWAY_MANIFESTS_URL"]
        self._run("init", "manifests", str(work), *apps, "--env", "dev,prod", "--repo", url, "--yes")
        _git(work, "init", "--quiet", "--initial-branch=main")
        _commit(work, "The applications")
        _git(work, "push", "--quiet", str(bare), "main")

    def _push_source(self) -> str:
        """Begins an application's repository, and does what its pipeline does with the commit, from where the image is built.

        Returns the image.
        """
        work = self.folder / "app-a"
        image, url = "registry.example/app-a", self._environment["SLIPWAY_MANIFESTS_URL"]
        cluster = f"dev={self._eks_clusters()[0]}@{self._ready['aws']['region']}"
        options = ("--image", image, "--manifests-repo", url, "--env", "dev", "--wait", cluster, "--ci", "gitlab")
        self._run("init", "source", str(work), *options, "--dockerfile", "--yes")
        _git(work, "init", "--quiet", "--initial-branch=main")
        _commit(work, "The application")
        head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=work, check=True, capture_output=True, text=True)
        pipeline = yaml.load((work / ".gitlab-ci.yml").read_text(), _PipelineLoader)
        job = pipeline["deploy-dev"]
        built = f"{image}:{head.stdout.strip()}"
        variables = {name: str(value) for name, value in job["variables"].items()} | {
            "IMAGE": built,
            # What a runner puts into the place of the masked variable, and who it is on this Git server.
            "SLIPWAY_MANIFESTS_TOKEN": self._environment["SLIPWAY_MANIFESTS_TOKEN"],
            "SLIPWAY_MANIFESTS_USERNAME": self._environment["SLIPWAY_MANIFESTS_USERNAME"],
        }
        # The bed lets in by keys, and knows no tokens of a forge.
        variables.pop("AWS_ROLE_ARN", None)
        variables.pop("AWS_WEB_IDENTITY_TOKEN_FILE", None)
        slipway = f"{self._slipway.parent}{os.pathsep}{self._environment['PATH']}"
        for line in job["script"]:
            print(f"$ {line}", flush=True)
            done = subprocess.run(["bash", "-ec", line], cwd=work, env=self._environment | variables | {"PATH": slipway})
            if done.returncode != 0:
                raise DemoFailed(f"the pipeline's {line} ended with {done.returncode}")
        return built

    # -- running and looking -------------------------------------------------------------------

    def _run(self, *arguments: str) -> None:
        print(f"$ slipway {' '.join(arguments)}", flush=True)
        process = subprocess.Popen([self._slipway, *arguments], cwd=self.estate, env=self._environment)
        try:
            code = process.wait()
        except KeyboardInterrupt:
            # The terminal has told Slipway too, which finishes what runs. The bed goes next, so there is nothing to
            # finish for: SIGTERM makes it interrupt its tools once and end.
            process.terminate()
            process.wait(STOP_SECONDS)
            raise
        if code != 0:
            raise DemoFailed(f"slipway {' '.join(arguments)} ended with {code}")

    def _kubectl(self, *arguments: str) -> str:
        command = [BIN / "kubectl", "--kubeconfig", self._kubeconfig, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _image(self) -> str:
        path = "jsonpath={.spec.template.spec.containers[?(@.name=='app-a')].image}"
        return self._kubectl("-n", "app-a", "get", "deployment", "app-a", "-o", path)

    def _expect_image(self, image: str) -> None:
        if (live := self._image()) != image:
            raise DemoFailed(f"the cluster runs {live}, and {image} was promised")
        print(f"The Deployment in the cluster has {image}.")

    def _wait_for_image(self, image: str) -> None:
        begun = time.monotonic()
        while self._image() != image:
            if time.monotonic() - begun > HEAL_SECONDS:
                raise DemoFailed("the change by hand was not healed")
            time.sleep(0.1)
        print(f"Healed after {time.monotonic() - begun:.1f} s.")

    def _expect_cluster(self) -> None:
        clusters = self._eks_clusters()
        if len(clusters) != 1:
            raise DemoFailed(f"one EKS cluster was expected, there are {clusters}")
        nodes = self._kubectl("get", "nodes", "-o", "name").split()
        print(f"EKS has {clusters[0]}, Kubernetes has {len(nodes)} nodes.")

    def _expect_nothing_left(self) -> None:
        # Argo CD leaves the namespaces that it made for applications; what ran in them must be gone.
        left = {
            "EKS clusters": self._eks_clusters(),
            "VPCs": self._vpcs(),
            "Argo CD": self._kubectl("get", "namespace", "argocd", "--ignore-not-found", "-o", "name").split(),
            "Deployments": self._kubectl("get", "deployments", "-A", "-o", "name").split(),
        }
        print("\n".join(f"{what}: {len(things)} left" for what, things in left.items()))
        if any(left.values()):
            raise DemoFailed(f"something is left: {left}")

    def _eks_clusters(self) -> list[str]:
        clusters: list[str] = json.loads(self._aws("eks", "/clusters"))["clusters"]
        return clusters

    def _vpcs(self) -> list[str]:
        query = "Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=is-default&Filter.1.Value.1=false"
        return [part.split("<")[0] for part in self._aws("ec2", f"/?{query}").split("<vpcId>")[1:]]

    def _aws(self, service: str, path: str) -> str:
        """A request to the emulator, which reads service and region from the signature's scope only."""
        credential = f"{self._environment['AWS_ACCESS_KEY_ID']}/20260101/{self._ready['aws']['region']}/{service}"
        header = f"AWS4-HMAC-SHA256 Credential={credential}/aws4_request, SignedHeaders=host, Signature=0"
        request = urllib.request.Request(self._ready["aws"]["endpoint"] + path, headers={"Authorization": header})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return str(answer.read().decode())


class _PipelineLoader(yaml.SafeLoader):
    """Reads GitLab's own `!reference` as the list that it is."""


_PipelineLoader.add_constructor("!reference", lambda loader, node: loader.construct_sequence(node))


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True)


def _commit(work: Path, message: str) -> None:
    _git(work, "add", "--all")
    author = ("-c", "user.name=demo", "-c", "user.email=demo@example.com")
    _git(work, *author, "commit", "--quiet", "-m", message)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m emulator demo", description="the whole story of Slipway")
    parser.add_argument("--engine", choices=("auto", "native", "terragrunt"), help="the engine; auto by default")
    options = parser.parse_args(arguments)
    # A pipeline that is cancelled sends SIGTERM, and a background job ignores SIGINT unless told otherwise.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    demo = Demo(DEMO, options.engine)
    try:
        demo.tell()
    except DemoFailed as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: stopped", file=sys.stderr)
        return 130
    print(f"\n{demo.steps.summary()}")
    return 0
