"""AWS as a part of the bed: started as a process, reachable at an endpoint. moto, or LocalStack."""

from __future__ import annotations

import json
import os
from pathlib import Path

from emulator import layout
from emulator.kubernetes.client import Access
from emulator.ports import Ports
from emulator.probe import answers
from emulator.processes import Processes

REGION = "eu-west-1"
START_SECONDS = 180.0


class Moto:
    """moto with our EKS. Ports are chosen at once, since Kubernetes has to know the webhook's."""

    def __init__(self, ports: Ports) -> None:
        self._port = ports.take()
        self._webhook_port = ports.take()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        self.webhook = f"http://127.0.0.1:{self._webhook_port}/authenticate"

    def start(self, processes: Processes, folder: Path, kubernetes: Access | None) -> None:
        """Start the server; `kubernetes` is what its EKS clusters lead to."""
        settings = folder / "aws.json"
        settings.write_text(json.dumps({
            "port": self._port, "webhook_port": self._webhook_port,
            "kubernetes": kubernetes.as_json() if kubernetes else None,
        }))
        processes.start("aws", [layout.python(), "-m", "emulator.aws", str(settings)],
                        {**os.environ, "PYTHONUNBUFFERED": "1"}, layout.ROOT)

    def wait(self, processes: Processes) -> None:
        processes.wait_until("aws", self._is_ready, START_SECONDS)

    def _is_ready(self) -> bool:
        return answers(f"{self.endpoint}/emulator/health")


class LocalStack:
    """LocalStack's community edition in the place of moto: EC2, IAM, STS and S3, but no EKS, no faults, no counts."""

    webhook = None

    def __init__(self, ports: Ports) -> None:
        layout.require(layout.LOCALSTACK_PYTHON)
        self._port = ports.take()
        self.endpoint = f"http://127.0.0.1:{self._port}"

    def start(self, processes: Processes, folder: Path, kubernetes: Access | None) -> None:
        """Start it. It has no EKS that could lead to `kubernetes`."""
        home = folder / "localstack"
        home.mkdir()
        environment = {
            **os.environ,
            "HOME": str(home),
            "LOCALSTACK_VOLUME_DIR": str(home / "volume"),
            "GATEWAY_LISTEN": f"127.0.0.1:{self._port}",
            # Its default server ignores the address and listens on every interface.
            "GATEWAY_SERVER": "hypercorn",
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            "DISABLE_EVENTS": "1",
        }
        processes.start("aws", [str(layout.LOCALSTACK_PYTHON), "-m", "localstack.runtime.main"], environment, home)

    def wait(self, processes: Processes) -> None:
        processes.wait_until("aws", lambda: answers(f"{self.endpoint}/_localstack/health"), START_SECONDS)


def client_environment(endpoint: str) -> dict[str, str]:
    """What a client exports to reach this AWS and no other."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        # Tests search whatever runs leave behind for what begins like this.
        "AWS_SECRET_ACCESS_KEY": "canary-aws-secret-access-key",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        # No profile of the person at the machine may leak in.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
