"""EKS beyond what moto 5.2 has: 17 of its operations are moto's, the rest in use here are ours.

`install()` puts a subclass of moto's response class, and of nothing else, into moto's routes. These additions
prove our calls and how we handle answers. They do not prove that AWS behaves so.
"""

from __future__ import annotations

import json

import moto.eks.urls
from moto.core.common_types import TYPE_RESPONSE
from moto.core.utils import camelcase_to_underscores

from emulator.aws.eks import access, addons, clusters, identities, insights, nodegroups
from emulator.aws.eks.base import ClusterView


class EksResponse(
    clusters.Clusters,
    nodegroups.Nodegroups,
    addons.Addons,
    access.Access,
    identities.Identities,
    insights.Insights,
):
    """All of EKS: our operations before moto's."""

    def call_action(self) -> TYPE_RESPONSE:
        name = self._get_action()
        if name is None or not hasattr(self, camelcase_to_underscores(name)):
            # As LocalStack answers what it has not; moto itself would fail with a page of HTML.
            body = json.dumps({"__type": "NotImplemented", "message": f"the emulator has no EKS operation {name}"})
            return 501, {"x-amzn-ErrorType": "NotImplemented", "Content-Type": "application/json"}, body
        return super().call_action()


def install(view: ClusterView) -> None:
    """Route EKS requests to our operations; `view` is what DescribeCluster says about the API server."""
    EksResponse.view = view
    # moto finds the operation by botocore's model; Flask only has to let every path through to it.
    moto.eks.urls.url_paths.clear()
    moto.eks.urls.url_paths["{0}/(?P<path>.+)$"] = EksResponse.dispatch
