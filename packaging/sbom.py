"""What a program is made of, as a CycloneDX bill of materials: the crates that are linked into it, and nothing else."""

from __future__ import annotations

import json
import subprocess
import tomllib
import uuid
from datetime import datetime, timezone
from pathlib import Path

# Any fixed namespace: the same release gets the same serial number.
NAMESPACE = uuid.UUID("6f1c4d0e-6a0c-5b4f-9a2e-5d1f6f0f7c11")


def bill(root: Path, target: str, built: int) -> dict:
    """Of the package in `root` for a target, as of `built` (seconds since 1970)."""
    command = ["cargo", "metadata", "--format-version=1", "--locked", "--filter-platform", target]
    metadata = json.loads(subprocess.run(command, cwd=root, stdout=subprocess.PIPE, check=True).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    checksums = {
        (package["name"], package["version"]): package["checksum"]
        for package in tomllib.loads((root / "Cargo.lock").read_text())["package"]
        if "checksum" in package
    }
    program = metadata["resolve"]["root"]
    linked = {program: []}
    waiting = [program]
    while waiting:
        node = waiting.pop()
        # A kind of "dev" or "build" is no part of the program.
        linked[node] = sorted(
            dependency["pkg"]
            for dependency in nodes[node]["deps"]
            if any(kind["kind"] is None for kind in dependency["dep_kinds"])
        )
        new = [dependency for dependency in linked[node] if dependency not in linked]
        linked |= {dependency: [] for dependency in new}
        waiting += new

    def component(package: dict, kind: str) -> dict:
        described = {
            "type": kind,
            "bom-ref": reference(package),
            "name": package["name"],
            "version": package["version"],
            "purl": reference(package),
        }
        if package["license"]:
            # Older crates write `MIT/Apache-2.0`, which is no expression.
            described["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
        if checksum := checksums.get((package["name"], package["version"])):
            described["hashes"] = [{"alg": "SHA-256", "content": checksum}]
        return described

    ids = sorted(linked, key=lambda identity: reference(packages[identity]))
    own = packages[program]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, own['version'] + ' ' + target)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(built, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": component(own, "application"),
            "properties": [{"name": "target", "value": target}],
        },
        "components": [component(packages[one], "library") for one in ids if one != program],
        "dependencies": [
            {"ref": reference(packages[one]), "dependsOn": [reference(packages[other]) for other in linked[one]]}
            for one in ids
        ],
    }


def reference(package: dict) -> str:
    """Its package URL."""
    return f"pkg:cargo/{package['name']}@{package['version']}"
