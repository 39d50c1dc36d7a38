"""The control plane as parts of the bed: etcd, API server, controller-manager, scheduler, and kwok."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from emulator import layout
from emulator.kubernetes import certificates, stages
from emulator.kubernetes.client import Access, Client
from emulator.kubernetes.node import node_object
from emulator.ports import Ports
from emulator.probe import answers
from emulator.processes import Processes

START_SECONDS = 240.0
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
# Everything runs on one machine and is thrown away after the run: speed before durability and fairness.
CLIENT_RATE = ("--kube-api-qps=200", "--kube-api-burst=400")


class ControlPlane:
    """One Kubernetes control plane in one folder. Keys and files are made at once, processes by `start`."""

    def __init__(self, ports: Ports, folder: Path, forwards: dict[int, int]) -> None:
        """`forwards` are the ports of pods that can be forwarded to, each with the port of this machine that is there."""
        layout.require(*(layout.BIN / program for program in PROGRAMS), layout.STAGES)
        self._folder = folder / "kubernetes"
        self._forwards = forwards
        self._ports = {name: ports.take() for name in
                       ("etcd", "etcd-peer", "api", "controller-manager", "scheduler", "kwok")}
        self.server = f"https://127.0.0.1:{self._ports['api']}"
        self.kubeconfig = folder / "kubeconfig"

    def start(self, processes: Processes, webhook: str | None) -> Access:
        """Start etcd and the API server; `webhook` says who an EKS token belongs to."""
        self._folder.mkdir(mode=0o700)
        self._certificates = certificates.create(self._folder / "certificates")
        self.access = self._write_access()
        self._start_etcd(processes)
        self._start_api_server(processes, webhook)
        return self.access

    def wait(self, processes: Processes, with_nodes: bool) -> None:
        """Wait for the API server, start what needs it, and wait until pods could run."""
        client = Client(self.access)
        processes.wait_until("kube-apiserver", client.is_ready, START_SECONDS)
        self._start_controllers(processes)
        if with_nodes:
            for number, zone in enumerate(("eu-west-1a", "eu-west-1b")):
                labels = {"topology.kubernetes.io/zone": zone}
                client.create("/api/v1/nodes", node_object(f"node-{number}", labels, [], "v1.33.1"))
        default = "/api/v1/namespaces/default/serviceaccounts/default"
        processes.wait_until("kube-controller-manager", lambda: client.find(default) is not None, START_SECONDS)
        processes.wait_until("kwok", lambda: answers(f"http://127.0.0.1:{self._ports['kwok']}/healthz"), START_SECONDS)

    def _write_access(self) -> Access:
        token = self._folder / "admin.token"
        token.touch(mode=0o600)
        token.write_text(secrets.token_hex(24))
        tokens = self._folder / "tokens.csv"
        tokens.touch(mode=0o600)
        tokens.write_text(f'{token.read_text()},admin,admin,"system:masters"\n')
        user = {"token": token.read_text()}
        self._write_kubeconfig(self.kubeconfig, self.server, self._certificates.ca, user)
        return Access(self.server, self._certificates.ca, token)

    def _write_kubeconfig(self, path: Path, server: str, ca: Path | None, user: dict[str, str]) -> Path:
        cluster = {"server": server, **({"certificate-authority": str(ca)} if ca else {})}
        path.touch(mode=0o600)
        # JSON is YAML.
        path.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "bed",
            "clusters": [{"name": "bed", "cluster": cluster}],
            "users": [{"name": "bed", "user": user}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": "bed"}}],
        }, indent=2))
        return path

    def _run(self, processes: Processes, program: str, *arguments: str) -> None:
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig)}
        processes.start(program, [str(layout.BIN / program), *arguments], environment, self._folder)

    def _start_etcd(self, processes: Processes) -> None:
        self._etcd = f"http://127.0.0.1:{self._ports['etcd']}"
        peer = f"http://127.0.0.1:{self._ports['etcd-peer']}"
        self._run(
            processes, "etcd", f"--data-dir={self._folder}/etcd", "--unsafe-no-fsync", "--log-level=error",
            f"--listen-client-urls={self._etcd}", f"--advertise-client-urls={self._etcd}",
            f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}", f"--initial-cluster=default={peer}",
        )
        processes.wait_until("etcd", lambda: answers(f"{self._etcd}/health"), START_SECONDS)

    def _start_api_server(self, processes: Processes, webhook: str | None) -> None:
        files = self._certificates
        authentication = []
        if webhook:
            configuration = self._write_kubeconfig(self._folder / "webhook.json", webhook, None, {})
            authentication = [f"--authentication-token-webhook-config-file={configuration}",
                              "--authentication-token-webhook-version=v1",
                              "--authentication-token-webhook-cache-ttl=10s"]
        self._run(
            processes, "kube-apiserver", f"--etcd-servers={self._etcd}", f"--secure-port={self._ports['api']}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1",
            f"--tls-cert-file={files.server}", f"--tls-private-key-file={files.server_key}",
            f"--token-auth-file={self._folder}/tokens.csv", *authentication,
            f"--service-account-key-file={files.service_account_key}",
            f"--service-account-signing-key-file={files.service_account_key}",
            "--service-account-issuer=https://kubernetes.default.svc", "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--profiling=false",
            # It would publish 127.0.0.1 as the address of the `kubernetes` Service, which is refused.
            "--endpoint-reconciler-type=none",
            # kwok is the kubelet of every node, and the names of nodes lead nowhere.
            "--kubelet-preferred-address-types=InternalIP",
        )

    def _start_controllers(self, processes: Processes) -> None:
        files = self._certificates
        common = (f"--kubeconfig={self.kubeconfig}", "--bind-address=127.0.0.1", "--leader-elect=false",
                  f"--cert-dir={self._folder}/certificates", *CLIENT_RATE)
        self._run(processes, "kube-controller-manager", *common, f"--secure-port={self._ports['controller-manager']}",
                  f"--root-ca-file={files.ca}", f"--service-account-private-key-file={files.service_account_key}")
        self._run(processes, "kube-scheduler", *common, f"--secure-port={self._ports['scheduler']}")
        stages.write(self._folder / "stages.yaml", self._forwards)
        self._run(processes, "kwok", f"--kubeconfig={self.kubeconfig}", f"--config={self._folder}/stages.yaml",
                  "--manage-all-nodes=true", "--node-ip=127.0.0.1", "--node-name=bed",
                  f"--node-port={self._ports['kwok']}",
                  "--node-lease-duration-seconds=40", f"--server-address=127.0.0.1:{self._ports['kwok']}")
