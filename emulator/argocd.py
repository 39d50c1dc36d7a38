"""The kubelet's part for Argo CD: its workloads exist in the API server, their programs run here as processes.

kwok makes the pods of Argo CD's manifests Running and Ready, but nothing runs in them. So this watches for the
workloads that Slipway applies, and runs their real programs for as long as they are there (and scaled above zero).
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from emulator import layout, manifests
from emulator.kubernetes.client import Access, ApiError, Client
from emulator.ports import Ports, socket_path
from emulator.processes import Processes

POLL_SECONDS = 0.5
CRDS = ("applications.argoproj.io", "appprojects.argoproj.io", "applicationsets.argoproj.io")


@dataclass(frozen=True)
class Workload:
    """A workload of Argo CD's manifests, and the part of the bed that runs its program."""

    part: str
    kind: str
    name: str


# In the order in which they start: the controller wants the repo-server.
WORKLOADS = (
    Workload("argocd-repo-server", "deployments", "argocd-repo-server"),
    Workload("argocd-application-controller", "statefulsets", "argocd-application-controller"),
    Workload("argocd-applicationset-controller", "deployments", "argocd-applicationset-controller"),
    # These are not in the core flavor. The server makes the default AppProject.
    Workload("argocd-server", "deployments", "argocd-server"),
    Workload("argocd-notifications", "deployments", "argocd-notifications-controller"),
)
KINDS = ("deployments", "statefulsets")
# A label that each of them has: an application may bring hundreds of others.
OURS = "app.kubernetes.io%2Fpart-of%3Dargocd"


class ArgoCd:
    """Runs Argo CD's programs while their workloads exist."""

    def __init__(self, ports: Ports, folder: Path) -> None:
        layout.require(layout.BIN / "argocd", layout.BIN / "miniredis", *layout.ARGOCD_MANIFESTS.values())
        self._folder = folder / "argocd"
        self._ports = {name: ports.take() for name in (
            "redis", "repo-server", "repo-server-metrics", "controller-metrics",
            "applicationset-metrics", "applicationset-probe", "applicationset-webhook",
            "server", "server-metrics", "notifications-metrics")}
        # What a port-forward to a pod leads to: the port that its manifest says, and ours.
        self.forwards = {8081: self._ports["repo-server"]}
        self._next_look = 0.0
        self._namespace = ""

    def start(self, processes: Processes, access: Access, kubeconfig: Path) -> None:
        """Start the Redis, which nothing in the cluster can be; the programs follow their workloads."""
        for name in ("tls", "ssh", "gpg", "tmp"):
            (self._folder / name).mkdir(parents=True)
        self.manifests = manifests.write_lighter(self._folder)
        self._kubeconfig = kubeconfig
        self._client = Client(access, timeout=3)
        redis = [str(layout.BIN / "miniredis"), self._address("redis")]
        processes.start("redis", redis, os.environ, self._folder)

    def tick(self, processes: Processes) -> None:
        """Compare workloads with processes, now and then."""
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + POLL_SECONDS
        running = processes.pids
        try:
            there = {kind: self._there(kind) for kind in KINDS}
            wanted = [workload for workload in WORKLOADS if workload.name in there[workload.kind]]
            missing = [workload for workload in wanted if workload.part not in running]
            # Asked only where it matters: they are megabytes, which the API server would decode twice a second.
            if missing and not self._crds_are_established():
                missing = []
        except (ApiError, OSError) as error:
            # The API server is busy or stopping; whether it is dead is for the watch over processes to say.
            print(f"argocd: {error}", file=sys.stderr, flush=True)
            return
        for workload in reversed(WORKLOADS):
            if workload.part in running and workload not in wanted:
                processes.stop(workload.part)
        for workload in missing:
            command = [str(layout.BIN / workload.part), *self._arguments(workload)]
            processes.start(workload.part, command, self._environment(), self._folder)

    def _there(self, kind: str) -> set[str]:
        """The names of Argo CD's workloads of a kind, in any namespace, that have replicas and are not being deleted."""
        found = set()
        names = {workload.name for workload in WORKLOADS if workload.kind == kind}
        for item in self._client.get(f"/apis/apps/v1/{kind}?labelSelector={OURS}")["items"]:
            metadata = item["metadata"]
            if metadata["name"] in names and "deletionTimestamp" not in metadata and item["spec"].get("replicas", 1) > 0:
                self._namespace = metadata["namespace"]
                found.add(metadata["name"])
        return found

    def _crds_are_established(self) -> bool:
        for name in CRDS:
            crd = self._client.find(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{name}")
            conditions = (crd or {}).get("status", {}).get("conditions") or []
            if not any(item["type"] == "Established" and item["status"] == "True" for item in conditions):
                return False
        return True

    def _address(self, name: str) -> str:
        return f"127.0.0.1:{self._ports[name]}"

    def _arguments(self, workload: Workload) -> list[str]:
        redis = ["--redis", self._address("redis"), "--logformat", "text"]
        cluster = ["--kubeconfig", str(self._kubeconfig), "--namespace", self._namespace]
        repo_server = self._address("repo-server")
        match workload.part:
            case "argocd-repo-server":
                # With a certificate that it makes for itself, as everywhere. Its default of the CA exists in the image only.
                return [*redis, "--client-ca-path=", "--address", "127.0.0.1",
                        "--port", str(self._ports["repo-server"]), "--metrics-address", "127.0.0.1",
                        "--metrics-port", str(self._ports["repo-server-metrics"])]
            case "argocd-application-controller":
                return [*redis, *cluster, "--repo-server", repo_server,
                        "--metrics-port", str(self._ports["controller-metrics"])]
            case "argocd-server":
                return [*redis, *cluster, "--repo-server", repo_server, "--insecure",
                        "--address", "127.0.0.1", "--port", str(self._ports["server"]),
                        "--metrics-address", "127.0.0.1", "--metrics-port", str(self._ports["server-metrics"])]
            case "argocd-notifications":
                return [*cluster, "--logformat", "text", "--argocd-repo-server", repo_server,
                        "--metrics-port", str(self._ports["notifications-metrics"])]
            case _:
                return [*cluster, "--logformat", "text", "--argocd-repo-server", repo_server,
                        "--metrics-addr", self._address("applicationset-metrics"),
                        "--probe-addr", self._address("applicationset-probe"),
                        "--webhook-addr", self._address("applicationset-webhook")]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            # `argocd` and `git-verify-wrapper.sh` are called by name.
            "PATH": f"{layout.BIN}:{os.environ['PATH']}",
            # `kubernetes.default.svc` is then whatever KUBECONFIG leads to.
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "KUBECONFIG": str(self._kubeconfig),
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_GPG_DATA_PATH": str(self._folder / "gpg"),
            "ARGOCD_TLS_DATA_PATH": str(self._folder / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(self._folder / "ssh"),
            "ARGOCD_GRPC_MAX_SIZE_MB": "100",
            # Its default is one path a machine, where one bed's Git would ask another bed for credentials.
            "ARGOCD_ASK_PASS_SOCK": str(socket_path(self._ports["repo-server"])),
            "TMPDIR": str(self._folder / "tmp"),
            # The person's own Git configuration and credentials have no say.
            "GIT_CONFIG_GLOBAL": os.devnull,
            "HOME": str(self._folder),
        }
