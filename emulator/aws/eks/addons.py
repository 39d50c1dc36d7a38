"""Add-ons: records with a version and a status; nothing is installed for them."""

from __future__ import annotations

import uuid

from moto.core.responses import ActionResult

from emulator.aws.eks.base import EksOperations, Json, in_use, invalid, now, not_found
from emulator.aws.faults import FAULTS

TYPES = {
    "vpc-cni": "networking", "coredns": "networking", "kube-proxy": "networking",
    "eks-pod-identity-agent": "security", "aws-ebs-csi-driver": "storage",
}
# Newest first. Invented: the real ones differ by add-on and by cluster version.
VERSIONS = ("v1.0.1-eksbuild.1", "v1.0.0-eksbuild.1")
DEFAULT_VERSION = VERSIONS[-1]
SETTINGS = ("addonVersion", "serviceAccountRoleArn", "configurationValues")


class Addons(EksOperations):
    """Create, describe, update, delete, and what there is to choose from."""

    def create_addon(self) -> ActionResult:
        cluster, name = self.cluster(), self._get_param("addonName")
        if name in cluster.addons:
            in_use("Addon already exists.")
        if name not in TYPES:
            invalid(f"Addon {name} specified is not supported")
        addon = {
            "addonName": name, "clusterName": cluster.name, "status": "ACTIVE", "health": {"issues": []},
            "addonArn": f"{cluster.arn.replace(':cluster/', ':addon/')}/{name}/{uuid.uuid4()}",
            "createdAt": now(), "modifiedAt": now(), "tags": self._get_param("tags") or {},
            "addonVersion": DEFAULT_VERSION, **self._settings(),
        }
        cluster.addons[name] = addon
        return ActionResult({"addon": addon})

    def describe_addon(self) -> ActionResult:
        addon = self._addon()
        if fault := FAULTS.strike("status", resource="addon", name=addon["addonName"]):
            addon = {**addon, "status": fault["status"], "health": {"issues": fault.get("issues", [])}}
        return ActionResult({"addon": addon})

    def list_addons(self) -> ActionResult:
        return ActionResult({"addons": list(self.cluster().addons)})

    def update_addon(self) -> ActionResult:
        addon, changed = self._addon(), self._settings()
        addon.update(changed, modifiedAt=now())
        params = {f"{key[0].upper()}{key[1:]}": value for key, value in changed.items()}
        update = self.record_update(self.cluster(), "AddonUpdate", params, addonName=addon["addonName"])
        return ActionResult({"update": update})

    def delete_addon(self) -> ActionResult:
        addon = self._addon()
        del self.cluster().addons[addon["addonName"]]
        return ActionResult({"addon": {**addon, "status": "DELETING"}})

    def describe_addon_versions(self) -> ActionResult:
        wanted = self._get_param("addonName")
        kubernetes = self._get_param("kubernetesVersion") or "1.34"
        versions = [{
            "addonVersion": version,
            "compatibilities": [{"clusterVersion": kubernetes, "defaultVersion": version == DEFAULT_VERSION}],
        } for version in VERSIONS]
        return ActionResult({"addons": [
            {"addonName": name, "type": kind, "addonVersions": versions}
            for name, kind in TYPES.items() if wanted in (None, name)
        ]})

    def _addon(self) -> Json:
        cluster, name = self.cluster(), self._get_param("addonName")
        if name not in cluster.addons:
            not_found(f"No addon: {name} found in cluster: {cluster.name}")
        return cluster.addons[name]

    def _settings(self) -> Json:
        return {key: self._get_param(key) for key in SETTINGS if self._get_param(key)}
