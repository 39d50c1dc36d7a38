"""Insights: one that passes, so that a client has something to read."""

from __future__ import annotations

import uuid

from moto.core.responses import ActionResult
from moto.eks.models import Cluster

from emulator.aws.eks.base import EksOperations, Json, minor, not_found, now



class Insights(EksOperations):
    """ListInsights (a POST in EKS) and DescribeInsight."""

    def list_insights(self) -> ActionResult:
        return ActionResult({"insights": [_insight(self.cluster())]})

    def describe_insight(self) -> ActionResult:
        insight = _insight(self.cluster())
        if self._get_param("id") != insight["id"]:
            not_found(f"No insight found with ID: {self._get_param('id')}")
        details = {"recommendation": "Nothing to do.", "additionalInfo": {}, "resources": [],
                   "categorySpecificSummary": {"deprecationDetails": []}}
        return ActionResult({"insight": {**insight, **details}})


def _insight(cluster: Cluster) -> Json:
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, cluster.arn)), "category": "UPGRADE_READINESS",
        "name": f"Deprecated APIs removed in Kubernetes v1.{minor(cluster.version) + 1}",
        "description": "Checks for usage of deprecated APIs that the next minor version removes.",
        "kubernetesVersion": f"1.{minor(cluster.version) + 1}",
        "lastRefreshTime": now(), "lastTransitionTime": now(),
        "insightStatus": {"status": "PASSING", "reason": "No deprecated API usage detected within the last 30 days."},
    }
