"""What all groups of EKS operations share."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

from moto.eks.exceptions import InvalidParameterException, ResourceInUseException, ResourceNotFoundException
from moto.eks.models import Cluster
from moto.eks.responses import EKSResponse

Json = dict[str, Any]


@dataclass(frozen=True)
class ClusterView:
    """The API server that every emulated cluster leads to, and who wants to know when node groups change."""

    endpoint: str | None
    certificate_authority: str | None
    nodes_changed: Callable[[], None]


class EksOperations(EKSResponse):
    """Base of the operation groups: finds clusters, records updates, raises EKS's errors."""

    view: ClassVar[ClusterView]

    def cluster(self) -> Cluster:
        """The cluster that the request's path names."""
        return self.eks_backend.describe_cluster(self._get_param("name"))

    def record_update(self, cluster: Cluster, kind: str, params: Json, **about: str) -> Json:
        """Keep an update that DescribeUpdate finds; here each succeeds at once."""
        update = {
            "id": str(uuid.uuid4()), "status": "Successful", "type": kind, "createdAt": now(), "errors": [],
            "params": [{"type": name, "value": str(value)} for name, value in params.items()],
        }
        cluster.updates[update["id"]] = {**about, "update": update}
        return update


def now() -> datetime.datetime:
    """The time in UTC, as EKS's timestamps want it."""
    return datetime.datetime.now(datetime.timezone.utc)


def not_found(message: str) -> NoReturn:
    """Raise EKS's 404."""
    raise ResourceNotFoundException(message=message)


def in_use(message: str) -> NoReturn:
    """Raise EKS's 409."""
    raise ResourceInUseException(message=message)


def invalid(message: str) -> NoReturn:
    """Raise EKS's 400 for a parameter."""
    raise InvalidParameterException(message=message)


def minor(version: str) -> int:
    """The minor number of a Kubernetes version: 33 of "1.33"."""
    return int(version.split(".")[1])
