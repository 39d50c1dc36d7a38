"""Managed node groups, over moto's."""

from __future__ import annotations

import copy

from moto.core.responses import ActionResult
from moto.eks.models import Nodegroup

from emulator.aws.eks.base import EksOperations, minor
from emulator.aws.eks.base import invalid as invalid_parameter
from emulator.aws.faults import FAULTS


class Nodegroups(EksOperations):
    """Create, scale, upgrade and delete; each change is told to the part that plays the machines."""

    def create_nodegroup(self) -> ActionResult:
        super().create_nodegroup()
        group = self._nodegroup()
        cluster = self.cluster()
        # moto answers 1.19, a remote access nobody asked for (which makes Terraform replace the group at every
        # plan), and one dictionary for all groups without a scaling configuration.
        group.version = self._get_param("version") or cluster.version
        group.release_version = self._get_param("releaseVersion") or _release(group.version)
        group.remote_access = self._get_param("remoteAccess")
        group.scaling_config = dict(group.scaling_config)
        group.health = {"issues": []}
        self.view.nodes_changed()
        return _answer(group)

    def describe_nodegroup(self) -> ActionResult:
        return _answer(self._nodegroup())

    def delete_nodegroup(self) -> ActionResult:
        answer = super().delete_nodegroup()
        self.view.nodes_changed()
        return answer

    def update_nodegroup_config(self) -> ActionResult:
        super().update_nodegroup_config()
        self.view.nodes_changed()
        changed = {}
        if scaling := self._get_param("scalingConfig"):
            changed = {f"{key[0].upper()}{key[1:]}": value for key, value in scaling.items()}
        return self._updated("ConfigUpdate", changed)

    def update_nodegroup_version(self) -> ActionResult:
        group, cluster = self._nodegroup(), self.cluster()
        version = self._get_param("version") or cluster.version
        if minor(version) > minor(cluster.version):
            invalid_parameter(f"Nodegroup version {version} is newer than cluster version {cluster.version}")
        group.version = version
        group.release_version = self._get_param("releaseVersion") or _release(version)
        self.view.nodes_changed()
        return self._updated("VersionUpdate", {"Version": version, "ReleaseVersion": group.release_version})

    def _nodegroup(self) -> Nodegroup:
        return self.eks_backend.describe_nodegroup(self._get_param("name"), self._get_param("nodegroupName"))

    def _updated(self, kind: str, params: dict[str, object]) -> ActionResult:
        about = {"nodegroupName": self._get_param("nodegroupName")}
        return ActionResult({"update": self.record_update(self.cluster(), kind, params, **about)})


def _answer(group: Nodegroup) -> ActionResult:
    fault = FAULTS.strike("status", resource="nodegroup", name=group.nodegroup_name)
    if fault is None:
        return ActionResult({"nodegroup": group})
    pretended = copy.copy(group)
    pretended.status = fault["status"]
    pretended.health = {"issues": fault.get("issues", [])}
    return ActionResult({"nodegroup": pretended})


def _release(version: str) -> str:
    """A release as AWS names them: patch version and the date of the machine image."""
    return f"{version}.1-20250901"
