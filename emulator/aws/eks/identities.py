"""Pod identities, identity providers and capabilities: enough to be listed and counted."""

from __future__ import annotations

import uuid

from moto.core.responses import ActionResult

from emulator.aws.eks.base import EksOperations, Json, in_use, not_found, now



class Identities(EksOperations):
    """Pod identity associations are kept; there are never identity providers or capabilities."""

    def create_pod_identity_association(self) -> ActionResult:
        cluster = self.cluster()
        names = {key: self._get_param(key) for key in ("namespace", "serviceAccount")}
        if any(names.items() <= other.items() for other in cluster.pod_identities.values()):
            in_use("Association already exists: {namespace}/{serviceAccount}".format(**names))
        identifier = f"a-{uuid.uuid4().hex[:17]}"
        association = {
            **names, "clusterName": cluster.name, "roleArn": self._get_param("roleArn"),
            "associationArn": f"{cluster.arn.replace(':cluster/', ':podidentityassociation/')}/{identifier}",
            "associationId": identifier, "createdAt": now(), "modifiedAt": now(),
            "tags": self._get_param("tags") or {},
        }
        cluster.pod_identities[identifier] = association
        return ActionResult({"association": association})

    def describe_pod_identity_association(self) -> ActionResult:
        return ActionResult({"association": self._association()})

    def delete_pod_identity_association(self) -> ActionResult:
        association = self._association()
        del self.cluster().pod_identities[association["associationId"]]
        return ActionResult({"association": association})

    def list_pod_identity_associations(self) -> ActionResult:
        return ActionResult({"associations": list(self.cluster().pod_identities.values())})

    def list_identity_provider_configs(self) -> ActionResult:
        self.cluster()
        return ActionResult({"identityProviderConfigs": []})

    def list_capabilities(self) -> ActionResult:
        self.cluster()
        return ActionResult({"capabilities": []})

    def describe_capability(self) -> ActionResult:
        self.cluster()
        not_found(f"No capability found for name: {self._get_param('capabilityName')}")

    def _association(self) -> Json:
        association = self.cluster().pod_identities.get(self._get_param("associationId"))
        if association is None:
            not_found(f"No association found with ID: {self._get_param('associationId')}")
        return association
