"""Node groups become nodes: kwok plays the machines, this puts their Node objects into the API server.

Every cluster of the emulated AWS leads to the one API server of the bed, so the nodes of all clusters stand side by
side; the label `emulator/cluster` tells whose each is.
"""

from __future__ import annotations

import itertools
import re
import sys
import threading
import urllib.parse
from typing import Any

from moto.ec2.models import ec2_backends
from moto.eks.models import Nodegroup, eks_backends

from emulator.kubernetes.client import Access, ApiError, Client
from emulator.kubernetes.node import node_object

CLUSTER_LABEL = "emulator/cluster"
EFFECTS = {"NO_SCHEDULE": "NoSchedule", "NO_EXECUTE": "NoExecute", "PREFER_NO_SCHEDULE": "PreferNoSchedule"}


class Nodes:
    """Keeps the Node objects equal to what the node groups want."""

    def __init__(self, kubernetes: Access) -> None:
        self._client = Client(kubernetes)
        self._changed = threading.Event()

    def changed(self) -> None:
        """A node group was made, scaled, upgraded or deleted."""
        self._changed.set()

    def start(self) -> None:
        """Reconcile on a thread: at once after a change, and now and then for what nobody announces (a reset)."""
        threading.Thread(target=self._loop, daemon=True, name="nodes").start()

    def _loop(self) -> None:
        while True:
            self._changed.wait(timeout=1)
            self._changed.clear()
            try:
                self._reconcile()
            except Exception as error:  # Whatever it was: without this thread no node would come any more.
                print(f"nodes: {type(error).__name__}: {error}", file=sys.stderr, flush=True)

    def _reconcile(self) -> None:
        wanted = wanted_nodes()
        query = urllib.parse.urlencode({"labelSelector": CLUSTER_LABEL})
        present = {item["metadata"]["name"]: item for item in self._client.get(f"/api/v1/nodes?{query}")["items"]}
        for name in present.keys() - wanted.keys():
            print(f"nodes: {name} goes", file=sys.stderr, flush=True)
            self._client.delete(f"/api/v1/nodes/{name}")
        for name in wanted.keys() - present.keys():
            print(f"nodes: {name} comes", file=sys.stderr, flush=True)
            try:
                self._client.create("/api/v1/nodes", wanted[name])
            except ApiError as error:  # One that is refused keeps the others from nothing.
                print(f"nodes: {name}: {error}", file=sys.stderr, flush=True)
        for name in wanted.keys() & present.keys():
            version = wanted[name]["status"]["nodeInfo"]["kubeletVersion"]
            if present[name]["status"]["nodeInfo"]["kubeletVersion"] != version:
                patch = {"status": {"nodeInfo": {"kubeletVersion": version}}}
                self._client.merge(f"/api/v1/nodes/{name}/status", patch)


def wanted_nodes() -> dict[str, dict[str, Any]]:
    """The Node objects of all node groups, by name."""
    nodes = {}
    for account, regions in list(eks_backends.items()):
        for region, backend in list(regions.items()):
            for cluster in list(backend.clusters.values()):
                for group in list(cluster.nodegroups.values()):
                    try:
                        found = _group_nodes(account, region, group)
                    except Exception as error:  # One that nodes cannot be made of keeps the others from nothing.
                        print(f"nodes: {group.nodegroup_name}: {error!r}", file=sys.stderr, flush=True)
                        continue
                    nodes.update((node["metadata"]["name"], node) for node in found)
    return nodes


def _group_nodes(account: str, region: str, group: Nodegroup) -> list[dict[str, Any]]:
    zones = itertools.cycle(_zones(account, region, group))
    prefix = re.sub(r"[^a-z0-9-]+", "-", f"{group.cluster_name}-{group.nodegroup_name}".lower()).strip("-")
    taints = [{"key": taint["key"], "value": taint.get("value", ""), "effect": EFFECTS[taint["effect"]]}
              for taint in group.taints]
    nodes = []
    for number, zone in zip(range(group.scaling_config["desiredSize"]), zones):
        labels = {
            **group.labels,
            CLUSTER_LABEL: group.cluster_name,
            "eks.amazonaws.com/nodegroup": group.nodegroup_name,
            "eks.amazonaws.com/capacityType": group.capacity_type,
            "node.kubernetes.io/instance-type": (group.instance_types or ["t3.medium"])[0],
            "topology.kubernetes.io/region": region,
            "topology.kubernetes.io/zone": zone,
        }
        name = f"{prefix}-{number}.{region}.compute.internal"
        nodes.append(node_object(name, labels, taints, f"v{group.version}.1"))
    return nodes


def _zones(account: str, region: str, group: Nodegroup) -> list[str]:
    """The availability zones of the group's subnets."""
    subnets = ec2_backends[account][region].subnets
    found = {zone for zone, in_zone in subnets.items() if set(in_zone) & set(group.subnets)}
    return sorted(found) or [f"{region}a", f"{region}b"]
