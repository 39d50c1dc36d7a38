"""Access entries: who may enter a cluster. The token webhook reads them."""

from __future__ import annotations

import urllib.parse
import uuid

from moto.core.responses import ActionResult

from emulator.aws.eks.base import EksOperations, Json, in_use, not_found, now

POLICIES = (
    "AmazonEKSClusterAdminPolicy", "AmazonEKSAdminPolicy", "AmazonEKSAdminViewPolicy", "AmazonEKSEditPolicy",
    "AmazonEKSViewPolicy",
)


class Access(EksOperations):
    """Access entries and the policies associated with them."""

    def create_access_entry(self) -> ActionResult:
        cluster, principal = self.cluster(), self._get_param("principalArn")
        if principal in cluster.access_entries:
            in_use("The specified access entry resource is already in use on this cluster.")
        entry = {
            "clusterName": cluster.name, "principalArn": principal, "type": self._get_param("type") or "STANDARD",
            "kubernetesGroups": self._get_param("kubernetesGroups") or [],
            "username": self._get_param("username") or principal,
            "accessEntryArn": f"{cluster.arn.replace(':cluster/', ':access-entry/')}/{uuid.uuid4()}",
            "createdAt": now(), "modifiedAt": now(), "tags": self._get_param("tags") or {},
        }
        cluster.access_entries[principal] = {"entry": entry, "policies": {}}
        return ActionResult({"accessEntry": entry})

    def describe_access_entry(self) -> ActionResult:
        return ActionResult({"accessEntry": self._entry()["entry"]})

    def update_access_entry(self) -> ActionResult:
        entry = self._entry()["entry"]
        for key in ("kubernetesGroups", "username"):
            if (value := self._get_param(key)) is not None:
                entry[key] = value
        entry["modifiedAt"] = now()
        return ActionResult({"accessEntry": entry})

    def delete_access_entry(self) -> ActionResult:
        self._entry()
        del self.cluster().access_entries[self._principal()]
        return ActionResult({})

    def list_access_entries(self) -> ActionResult:
        return ActionResult({"accessEntries": list(self.cluster().access_entries)})

    def list_access_policies(self) -> ActionResult:
        return ActionResult({"accessPolicies": [
            {"name": name, "arn": f"arn:aws:eks::aws:cluster-access-policy/{name}"} for name in POLICIES
        ]})

    def associate_access_policy(self) -> ActionResult:
        entry, policy = self._entry(), self._get_param("policyArn")
        association = {
            "policyArn": policy, "accessScope": self._get_param("accessScope"),
            "associatedAt": now(), "modifiedAt": now(),
        }
        entry["policies"][policy] = association
        return ActionResult({**self._about(), "associatedAccessPolicy": association})

    def disassociate_access_policy(self) -> ActionResult:
        self._entry()["policies"].pop(urllib.parse.unquote(self._get_param("policyArn")), None)
        return ActionResult({})

    def list_associated_access_policies(self) -> ActionResult:
        policies = list(self._entry()["policies"].values())
        return ActionResult({**self._about(), "associatedAccessPolicies": policies})

    def _about(self) -> Json:
        return {"clusterName": self.cluster().name, "principalArn": self._principal()}

    def _principal(self) -> str:
        return urllib.parse.unquote(self._get_param("principalArn"))

    def _entry(self) -> Json:
        entry = self.cluster().access_entries.get(self._principal())
        if entry is None:
            not_found("The specified principalArn could not be found. You can view your available access "
                      "entries with 'list-access-entries'.")
        return entry
