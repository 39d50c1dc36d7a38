"""`python -m emulator.aws SETTINGS.json`: serve AWS (and the token webhook) until told to stop.

Settings: {"port": N, "webhook_port": N, "kubernetes": {"server", "ca", "token"} or null}. They come in a file since
the administrator's token must not stand in a process list, nor its path in a hundred arguments.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from pathlib import Path

# What is loaded here stays: to look through it for garbage, again and again, takes a quarter of the time to load it.
gc.disable()

import moto.backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import run_simple

from emulator.aws import eks, webhook
from emulator.aws.eks.base import ClusterView
from emulator.aws.faults import Control, clock
from emulator.aws.nodes import Nodes
from emulator.kubernetes.client import Access


class Handler(MotoRequestHandler):
    """Answers with the time that it is for the service."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(clock() if timestamp is None else timestamp)


def main() -> None:
    settings = json.loads(Path(sys.argv[1]).read_text())
    os.environ["MOTO_PORT"] = str(settings["port"])
    # Roles of clusters and nodes carry AWS's own policies; moto leaves them out unless asked.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # At once: a goodbye would wait for connections that clients keep open, and all there is lies in memory.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if settings["kubernetes"]:
        access = Access.from_json(settings["kubernetes"])
        nodes = Nodes(access)
        nodes.start()
        view = ClusterView(access.server, str(access.ca), nodes.changed)
        webhook.serve(settings["webhook_port"], f"http://127.0.0.1:{settings['port']}/")
    else:
        view = ClusterView(None, None, lambda: None)
    eks.install(view)
    application = DomainDispatcherApplication(create_backend_app)
    # The services that every run uses are loaded now, so that no request waits for it.
    for service in ("ec2", "eks", "iam", "s3", "sts"):
        moto.backends.get_backend(service)
    gc.freeze()
    gc.enable()
    run_simple("127.0.0.1", settings["port"], Control(application), threaded=True, request_handler=Handler)


if __name__ == "__main__":
    main()
