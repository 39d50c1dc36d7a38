"""Where things are: the project's folders, and what `emulator/setup` installed."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = (ROOT / ".tools").resolve()
BIN = TOOLS / "bin"
LOCALSTACK_PYTHON = ROOT / ".venv-localstack/bin/python"
TERRAFORM_RC = TOOLS / "terraform.rc"
STAGES = TOOLS / "kwok"
ARGOCD_MANIFESTS = {
    "core": TOOLS / "argocd/core-install.yaml",
    "standard": TOOLS / "argocd/install.yaml",
    "ha": TOOLS / "argocd/ha-install.yaml",
}


class NotInstalled(Exception):
    """Something that `make setup` brings is missing."""


def require(*paths: Path) -> None:
    """Raise NotInstalled unless all of `paths` exist."""
    if missing := [path for path in paths if not path.exists()]:
        command = "emulator/setup localstack" if LOCALSTACK_PYTHON in missing else "make setup"
        raise NotInstalled(f"{missing[0]} is missing; run `{command}`")


def python() -> str:
    """The interpreter that runs the bed, which also runs its Python parts."""
    return sys.executable
