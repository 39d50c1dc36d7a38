"""What kwok makes of nodes, pods, Ingresses and Services: its own stages, and ours beside this file.

Two things bend kwok's stage that makes a pod Ready: the annotation `emulator/ready-after` (a duration such as "5s")
delays it, and an image whose tag contains "broken" keeps it from happening at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from emulator import layout

OURS = Path(__file__).resolve().parent / "stages"
READY_AFTER = '.metadata.annotations["emulator/ready-after"]'
IMAGE_IS_BROKEN = '[.spec.containers[].image | test(":[^/]*broken")] | any'


def write(path: Path, forwards: dict[int, int]) -> None:
    """Write all stages, and where a port-forward to a pod leads, to one file for `kwok --config`."""
    stages = [stage for folder in (layout.STAGES, OURS) for file in sorted(folder.glob("*.yaml"))
              for stage in yaml.safe_load_all(file.read_text()) if stage]
    for stage in stages:
        if stage["metadata"]["name"] == "pod-ready":
            _bend(stage["spec"])
    leads = [{"ports": [port], "target": {"address": "127.0.0.1", "port": ours}} for port, ours in forwards.items()]
    stages.append({"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterPortForward",
                   "metadata": {"name": "programs"}, "spec": {"forwards": leads}})
    path.write_text(yaml.safe_dump_all(stages))


def _bend(spec: dict[str, Any]) -> None:
    spec["delay"] = {"durationMilliseconds": 0, "durationFrom": {"expressionFrom": READY_AFTER}}
    spec["selector"]["matchExpressions"].append({"key": IMAGE_IS_BROKEN, "operator": "NotIn", "values": ["true"]})
