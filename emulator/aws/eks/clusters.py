"""Clusters: what AWS says about them and moto does not, their versions and updates."""

from __future__ import annotations

import base64
import copy
import hashlib
import uuid
from pathlib import Path

from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend, ec2_backends
from moto.eks.models import Cluster

from emulator.aws.eks.base import EksOperations, Json, invalid, minor, not_found
from emulator.aws.faults import FAULTS

NEWEST, DEFAULT, OLDEST_STANDARD, OLDEST = 35, 34, 33, 29


class Clusters(EksOperations):
    """Create, describe, update and list, over moto's clusters."""

    def create_cluster(self) -> ActionResult:
        super().create_cluster()
        cluster = self.cluster()
        self._complete(cluster)
        return _answer(cluster)

    def describe_cluster(self) -> ActionResult:
        return _answer(self.cluster())

    def delete_cluster(self) -> ActionResult:
        cluster = self.cluster()
        if cluster.deletionProtection:
            invalid(f"Cluster {cluster.name} has deletion protection enabled")
        answer = super().delete_cluster()
        if group := cluster.own_security_group:
            self._ec2().delete_security_group(group_id=group)
        return answer

    def update_cluster_config(self) -> ActionResult:
        cluster, changed = self.cluster(), {}
        if vpc := self._get_param("resourcesVpcConfig"):
            # AWS changes what it is given and keeps the rest; moto replaces it all.
            cluster.resources_vpc_config = {**cluster.resources_vpc_config, **vpc}
            changed["EndpointPublicAccess"] = cluster.resources_vpc_config["endpointPublicAccess"]
        if logging := self._get_param("logging"):
            cluster.logging = logging
            changed["ClusterLogging"] = logging
        if access := self._get_param("accessConfig"):
            cluster.accessConfig = {**cluster.accessConfig, **access}
            changed["AuthenticationMode"] = cluster.accessConfig["authenticationMode"]
        if (protection := self._get_param("deletionProtection")) is not None:
            cluster.deletionProtection = protection
            changed["DeletionProtection"] = protection
        return ActionResult({"update": self.record_update(cluster, "ConfigUpdate", changed)})

    def update_cluster_version(self) -> ActionResult:
        cluster, version = self.cluster(), self._get_param("version")
        if minor(version) != minor(cluster.version) + 1:
            invalid(f"Unsupported Kubernetes minor version update from {cluster.version} to {version}")
        cluster.version = version
        params = {"Version": version, "PlatformVersion": cluster.platformVersion}
        return ActionResult({"update": self.record_update(cluster, "VersionUpdate", params)})

    def list_updates(self) -> ActionResult:
        wanted = {key: self._get_param(key) for key in ("nodegroupName", "addonName") if self._get_param(key)}
        return ActionResult({"updateIds": [
            identifier for identifier, entry in self.cluster().updates.items()
            if {key: entry[key] for key in ("nodegroupName", "addonName") if key in entry} == wanted
        ]})

    def describe_update(self) -> ActionResult:
        entry = self.cluster().updates.get(self._get_param("updateId"))
        if entry is None:
            not_found(f"No update found for ID: {self._get_param('updateId')}")
        return ActionResult({"update": entry["update"]})

    def describe_cluster_versions(self) -> ActionResult:
        wanted = self._get_param("clusterVersions")
        versions = [_version(number) for number in range(NEWEST, OLDEST - 1, -1)]
        return ActionResult({"clusterVersions": [
            version for version in versions if not wanted or version["clusterVersion"] in wanted
        ]})

    def _complete(self, cluster: Cluster) -> None:
        """Set what AWS answers and moto leaves out or invents anew in each process."""
        region = cluster.arn.split(":")[3]
        identifier = hashlib.sha256(cluster.arn.encode()).hexdigest()[:32].upper()
        cluster.identity = {"oidc": {"issuer": f"https://oidc.eks.{region}.amazonaws.com/id/{identifier}"}}
        if not self._get_param("version"):
            cluster.version = f"1.{DEFAULT}"
        cluster.platformVersion = "eks.1"
        cluster.own_security_group = self._security_group(cluster)
        cluster.resources_vpc_config = {
            "endpointPublicAccess": True,
            "endpointPrivateAccess": False,
            "publicAccessCidrs": ["0.0.0.0/0"],
            "securityGroupIds": [],
            **cluster.resources_vpc_config,
            "vpcId": self._vpc(cluster),
            "clusterSecurityGroupId": cluster.own_security_group or f"sg-{identifier[:17].lower()}",
        }
        access = self._get_param("accessConfig") or {}
        cluster.accessConfig = {
            "authenticationMode": access.get("authenticationMode", "CONFIG_MAP"),
            "bootstrapClusterCreatorAdminPermissions": access.get("bootstrapClusterCreatorAdminPermissions", True),
        }
        cluster.upgradePolicy = self._get_param("upgradePolicy") or {"supportType": "EXTENDED"}
        cluster.deletionProtection = bool(self._get_param("deletionProtection"))
        cluster.health = {"issues": []}
        if self.view.endpoint:
            cluster.endpoint = self.view.endpoint
        if self.view.certificate_authority:
            pem = Path(self.view.certificate_authority).read_bytes()
            cluster.certificate_authority = {"data": base64.b64encode(pem).decode()}
        # State of our own operations; named so that no field of an answer is called the same.
        cluster.updates, cluster.addons, cluster.access_entries, cluster.pod_identities = {}, {}, {}, {}

    def _ec2(self) -> EC2Backend:
        return ec2_backends[self.current_account][self.region]

    def _security_group(self, cluster: Cluster) -> str | None:
        """The group that AWS makes with a cluster, open to itself; none where the subnets are invented."""
        vpc = self._vpc(cluster)
        if not vpc:
            return None
        name = f"eks-cluster-sg-{cluster.name}-{uuid.uuid4().hex[:8]}"
        group = self._ec2().create_security_group(name, "EKS created security group", vpc).id
        self._ec2().authorize_security_group_ingress(group, "-1", None, None, [], source_groups=[{"GroupId": group}],
                                                     vpc_id=vpc)
        return group

    def _vpc(self, cluster: Cluster) -> str:
        """The VPC of the cluster's first subnet, which AWS looks up and answers."""
        subnets = self._ec2().subnets
        wanted = set(cluster.resources_vpc_config.get("subnetIds", ()))
        return next((zone[s].vpc_id for zone in subnets.values() for s in wanted & set(zone)), "")


def _answer(cluster: Cluster) -> ActionResult:
    fault = FAULTS.strike("status", resource="cluster", name=cluster.name)
    if fault is None:
        return ActionResult({"cluster": cluster})
    pretended = copy.copy(cluster)
    pretended.status = fault["status"]
    pretended.health = {"issues": fault.get("issues", [])}
    if pretended.status == "CREATING":
        # AWS knows neither until the control plane is there.
        pretended.endpoint = pretended.certificate_authority = None
    return ActionResult({"cluster": pretended})


def _version(number: int) -> Json:
    support = "STANDARD_SUPPORT" if number >= OLDEST_STANDARD else "EXTENDED_SUPPORT"
    return {
        "clusterVersion": f"1.{number}", "clusterType": "eks", "defaultVersion": number == DEFAULT,
        "defaultPlatformVersion": "eks.1", "kubernetesPatchVersion": f"1.{number}.1",
        "status": support.lower().replace("_", "-"), "versionStatus": support,
    }
