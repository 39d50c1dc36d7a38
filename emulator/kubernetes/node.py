"""Node objects for kwok to play."""

from __future__ import annotations

from typing import Any

RESOURCES = {"cpu": "32", "memory": "256Gi", "pods": "110"}


def node_object(
    name: str, labels: dict[str, str], taints: list[dict[str, str]], kubelet_version: str
) -> dict[str, Any]:
    """A node that kwok takes for its own and makes Ready."""
    machine = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {**labels, **machine}, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "spec": {"taints": taints},
        "status": {
            "allocatable": RESOURCES,
            "capacity": RESOURCES,
            "nodeInfo": {
                "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "kwok", "kernelVersion": "",
                "kubeProxyVersion": kubelet_version, "kubeletVersion": kubelet_version, "machineID": "",
                "operatingSystem": "linux", "osImage": "", "systemUUID": "",
            },
        },
    }
